"""A provider at its issuer's own address, and the sandbox beside it: demo CAs, agent, phone app.

Always true: the provider trusts the demo CAs and holds their fresh lists; all of it runs in this process.
"""

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from werkzeug.serving import make_server

from adapters.sandbox.agent import create_agent
from adapters.sandbox.agent_device import Device
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.ca import DemoAuthority
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_pkcs12 import container
from adapters.sandbox.settings import SandboxSettings
from idp.app import create_app
from idp.issuers import actions
from idp.issuers.importing import ImportRefused, checked
from idp.issuers.rules import Declaration, Issuer
from tests.entities.conftest import CODE, FORM, ONE, entry, person, register_client
from tests.ports import free_ports
from tests.provider import Site, settings_at
from tests.registers import ScriptedRegisters
from tests.web.test_in_browser import Quiet


@dataclass(frozen=True)
class Served:
    site: Site
    sandbox: str
    """Its address."""
    device: Device
    """The USB key of the agent."""
    authorities: Mapping[Kind, DemoAuthority]

    @property
    def issuer(self) -> str:
        return self.site.provider.settings.issuer

    def file(self, kind: Kind, key: str) -> bytes:
        """The certificate file of a scene of `adapters.sandbox.ca_cast`."""
        authority = self.authorities[kind]
        return container(authority.certificate(authority.cast[key], now=self.site.now()), label=key)


@contextmanager
def serving(app: Flask, port: int) -> Iterator[str]:
    server = make_server("localhost", port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://localhost:{port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def served(template: Path, directory: Path) -> Iterator[Served]:
    """``template``: of `tests.provider.site_template`, whose person represents the entity of the cast."""
    shutil.copyfile(template, directory / "idp.db")
    own, sandbox_port, agent_port = free_ports(3)
    issuer = f"http://localhost:{own}"
    settings = settings_at(
        directory,
        issuer=issuer,
        pages={"default_locale": "zh"},
        certificates={"agent_url": f"http://localhost:{agent_port}"},
    )
    registers = ScriptedRegisters()
    site = Site(create_app(settings, registers.ports))
    sandbox = create_sandbox(SandboxSettings(issuer=issuer, address=f"http://localhost:{sandbox_port}"))
    device: Device = sandbox.extensions["sandbox_device"]
    authorities: Mapping[Kind, DemoAuthority] = sandbox.extensions["sandbox_authorities"]
    for authority in authorities.values():
        trust(site, authority)
    registers.entities[CODE] = entry(ONE)
    assert person(site, ONE).submit("/entities/new", FORM).status_code == 303
    register_client(site)
    with ExitStack() as stack:
        stack.enter_context(serving(site.app, own))
        at = stack.enter_context(serving(sandbox, sandbox_port))
        stack.enter_context(serving(create_agent(device, origins=[issuer]), agent_port))
        yield Served(site, at, device, authorities)
    site.close()


def trust(site: Site, authority: DemoAuthority) -> None:
    """The provider knows the CA from here on, with its lists."""
    provider, now = site.provider, site.now()
    found = checked([authority.root(now=now).certificate], [authority.issuing(now=now).certificate], sm2=provider.sm2)
    assert not isinstance(found, ImportRefused), found
    declared = Declaration(title_zh="演示 CA", title_en="Demo CA", profile="gmt0015")
    with provider.database.transaction() as tx:
        issuer = actions.add(tx, declared, [one.stored for one in found], actor=None, now=now)
    assert isinstance(issuer, Issuer), issuer
    for crl in (authority.revocation_list(now=now), authority.root_list(now=now)):
        provider.lists.bring(issuer.id, crl, actor=None, now=now)
