"""The four relying parties: where each lives, how it is registered with the provider, and how it is started.

Always true: each shows one and the same page - `#sign-in` to strangers; `#sub`, `#name`, `#access-token`, `#refresh`,
`#sign-out` to people - so that one test speaks to all of them.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from adapters.sandbox import packages, packages_node, processes, processes_directory
from tests.foreign import apache, single_page
from tests.foreign.front import answers

ROOT = packages.ROOT


@dataclass(frozen=True)
class Party:
    """``port``: where it listens on loopback; ``notices``: path that takes logout tokens, None when it takes none."""

    client_id: str
    port: int
    redirect_path: str
    signed_out_path: str
    notices: str | None
    registration: dict[str, Any] = field(default_factory=dict)
    public: bool = False

    @property
    def home(self) -> str:
        return f"http://{self.client_id}.localhost:{self.port}"

    @property
    def secret(self) -> str:
        return f"{self.client_id}-secret-of-the-foreign-parties-0123456789"

    @property
    def here(self) -> str:
        """The same for servers: not every resolver knows ``*.localhost``."""
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        """The guide's `idp client add` for a single-page app."""
        return [
            *("client", "add", self.client_id, "--name", self.client_id, "--sector", self.client_id),
            *("--state", "live", "--auth-method", "none", "--cors-origin", self.home, "--scope", "profile=none"),
            *("--redirect-uri", f"{self.home}{self.redirect_path}"),
            *("--post-logout-redirect-uri", f"{self.home}{self.signed_out_path}"),
            *("--grant-type", "authorization_code", "--grant-type", "refresh_token"),
        ]

    def toml(self) -> str:
        """The same for a clients file, with a secret."""
        values = {
            "client_id": self.client_id,
            "sector": self.client_id,
            "state": "live",
            "grant_types": ["authorization_code", "refresh_token"],
            "redirect_uris": [f"{self.home}{self.redirect_path}"],
            "post_logout_redirect_uris": [f"{self.home}{self.signed_out_path}"],
        }
        if self.notices:
            values["backchannel_logout_uri"] = f"{self.here}{self.notices}"
        values["secret"] = self.secret
        lines = [f"{name} = {json.dumps(value)}" for name, value in (values | self.registration).items()]
        name = f'name = {{ zh = "{self.client_id}" }}\nscopes = {{ profile = "none" }}'
        return "\n".join(["[[client]]", name, *lines, ""])


def parties(ports: list[int]) -> dict[str, Party]:
    node, spa, httpd, django = ports
    return {
        "openid-client": Party(
            "node", node, "/callback", "/signed-out", "/notices", {"id_token_alg": "ES256"}
        ),
        "oidc-client-ts": Party("spa", spa, "/callback", "/", None, public=True),
        "mod_auth_openidc": Party(
            "apache", httpd, "/oidc/callback", "/", "/oidc/callback?logout=backchannel"
        ),
        "mozilla-django-oidc": Party(
            "django", django, "/oidc/callback/", "/", None, {"auth_method": "client_secret_post"}
        ),
    }  # fmt: skip


@contextmanager
def openid_client(party: Party, issuer: str, directory: Path) -> Iterator[None]:
    addresses = {
        "redirect_uri": f"{party.home}{party.redirect_path}",
        "post_logout_redirect_uri": f"{party.home}{party.signed_out_path}",
    }
    packages_node.modules()
    script = packages_node.DIRECTORY / "openid-client.mjs"
    argv = [str(packages_node.node().path), str(script), _settings(party, issuer, directory, **addresses)]
    with _running(party, argv, directory):
        yield


@contextmanager
def oidc_client_ts(party: Party, issuer: str, directory: Path) -> Iterator[None]:
    settings = {
        "authority": issuer,
        "client_id": party.client_id,
        "redirect_uri": f"{party.home}{party.redirect_path}",
        "post_logout_redirect_uri": f"{party.home}{party.signed_out_path}",
    }
    with single_page.served(party.port, settings):
        yield


@contextmanager
def mod_auth_openidc(party: Party, issuer: str, directory: Path) -> Iterator[None]:
    with entered_by_others() as private:
        argv = apache.prepare(
            private, port=party.port, home=party.home, issuer=issuer, client_id=party.client_id, secret=party.secret
        )
        with _running(party, argv, directory, packages.apache().env):
            yield


@contextmanager
def entered_by_others() -> Iterator[Path]:
    """A directory for servers that, started by root, go on as somebody else."""
    with processes_directory.private() as directory:
        directory.chmod(0o711)
        yield directory


@contextmanager
def mozilla_django_oidc(party: Party, issuer: str, directory: Path) -> Iterator[None]:
    settings = _settings(party, issuer, directory, database=str(directory / "django.db"))
    with _running(party, [sys.executable, "-m", "tests.foreign.django_site", settings], directory):
        yield


def _settings(party: Party, issuer: str, directory: Path, **more: str) -> str:
    path = directory / f"{party.client_id}.json"
    given = {"issuer": issuer, "client_id": party.client_id, "secret": party.secret, "port": party.port}
    path.write_text(json.dumps(given | {"home": party.home} | more))
    return str(path)


@contextmanager
def _running(party: Party, argv: list[str], directory: Path, env: dict[str, str] | None = None) -> Iterator[None]:
    child = processes.start(party.client_id, argv, log=directory / f"{party.client_id}.log", env=env, cwd=ROOT)
    name = party.home.removeprefix("http://")
    try:
        processes.wait_until(lambda: answers(f"{party.here}/", host=name), child, seconds=60)
        yield
    finally:
        processes.stop(child)


STARTS = {
    "openid-client": openid_client,
    "oidc-client-ts": oidc_client_ts,
    "mod_auth_openidc": mod_auth_openidc,
    "mozilla-django-oidc": mozilla_django_oidc,
}
