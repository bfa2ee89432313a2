"""The providers the checks run against: this one, and npm oidc-provider as the peer that is certified.

Always true: a target runs on loopback ports of its own with data of its own, and is gone when its context ends.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx

from adapters.sandbox import packages_node
from tests.conformance.agent import Person
from tests.conformance.installation import BACKCHANNEL, Client, Installation, static_clients
from tests.conformance.receiver import Receiver
from tests.conformance.wire import HttpWire, get
from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT = 90.0


class Target(Protocol):
    """Something that can be started as an ``Installation`` in a scratch directory."""

    name: str

    def start(self, receiver: Receiver, scratch: Path) -> AbstractContextManager[Installation]: ...


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """Run ``command`` until the context ends; raises ``RuntimeError`` with its log if it does not get ready."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdin=subprocess.PIPE, stdout=sink, stderr=sink
        )
        try:
            _await(process, ready, log)
            yield
        finally:
            if process.stdin:
                process.stdin.close()
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _await(process: "subprocess.Popen[bytes]", ready: Callable[[], bool], log: Path) -> None:
    end = time.monotonic() + START_TIMEOUT
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            said = log.read_text("utf-8", "replace")[-2000:]
            raise RuntimeError(f"the target did not start (exit {process.poll()}):\n{said}")
        time.sleep(0.05)


def discovers(issuer: str) -> Callable[[], bool]:
    """Whether ``issuer`` answers with its metadata yet."""

    def ready() -> bool:
        with contextlib.suppress(httpx.TransportError), contextlib.closing(HttpWire()) as wire:
            return wire.send(get(f"{issuer}/.well-known/openid-configuration")).status_code == 200
        return False

    return ready


CONFIG_FILE = ROOT / "config/conformance.toml"
CLIENTS_FILE = ROOT / "config/clients.conformance.toml"
PERSON_FILE = ROOT / "config/people.conformance.toml"
SUITE_ADDRESS = "https://localhost.emobix.co.uk:8443/test/a/tongban"
"""Where the suite on one's own machine stands, as registered in ``CLIENTS_FILE``."""


def _person() -> Person:
    (told,) = tomllib.loads(PERSON_FILE.read_text("utf-8"))["person"]
    identifiers = {
        "preferred_username": told["user_name"],
        "phone_number": f"+86{told['mobile']}",
        "phone_number_verified": True,
    }
    return Person(told["user_name"], told["password"], told["claims"] | identifiers)


PERSON = _person()


def node_and_modules() -> tuple[str, str]:
    """The pinned Node.js and packages; $TONGBAN_NODE_MODULES names other packages, for the Node.js on PATH.

    Raises ``PackageMissing`` when they are not installed.
    """
    if elsewhere := os.environ.get("TONGBAN_NODE_MODULES"):
        return shutil.which("node") or "node", elsewhere
    return str(packages_node.node().path), str(packages_node.modules())


@dataclass
class Peer:
    """npm oidc-provider behind ``tests/node/peer-conformance.mjs``."""

    name: str = "peer"
    names: tuple[str, str, str] = ("conformance-1", "conformance-2", "conformance-post")
    secrets: tuple[str, str, str] = field(
        default=("first-secret-" + "a" * 30, "second-secret-" + "b" * 30, "post-secret-" + "c" * 30)
    )

    @contextmanager
    def start(self, receiver: Receiver, scratch: Path) -> Iterator[Installation]:
        port = free_port()
        issuer = f"http://localhost:{port}"
        clients = static_clients(self.names, self.secrets, receiver.base)
        settings = {
            "issuer": issuer,
            "port": port,
            "clients": [self._metadata(client, receiver) for client in clients],
            "person": {
                "identifier": PERSON.identifier,
                "password": PERSON.password,
                "claims": PERSON.claims,
            },
        }
        written = scratch / "peer.json"
        written.write_text(json.dumps(settings), "utf-8")
        node, modules = node_and_modules()
        command = [node, str(ROOT / "tests/node/peer-conformance.mjs"), str(written)]
        first, second, by_post = clients
        with (
            running(command, {"TONGBAN_NODE_MODULES": modules}, scratch / "peer.log", discovers(issuer)),
            ExitStack() as closing,
        ):
            wire = HttpWire()
            closing.callback(wire.close)
            yield Installation(self.name, issuer, PERSON, first, second, by_post, receiver, wire)

    @staticmethod
    def _metadata(client: Client, receiver: Receiver) -> dict[str, Any]:
        return {
            "client_id": client.client_id,
            "client_secret": client.secret,
            "token_endpoint_auth_method": client.method,
            "redirect_uris": [client.redirect_uri],
            "post_logout_redirect_uris": [client.post_logout_redirect_uri],
            "backchannel_logout_uri": receiver.base + BACKCHANNEL,
            "backchannel_logout_session_required": True,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        }


@dataclass
class Tongban:
    """This provider as ``config/conformance.toml`` starts it, over SQLite files in a scratch directory."""

    name: str = "tongban"

    @contextmanager
    def start(self, receiver: Receiver, scratch: Path) -> Iterator[Installation]:
        port = free_port()
        issuer = f"http://localhost:{port}"
        env = self._environment(issuer, receiver, scratch)
        self._prepare(env)
        command = [sys.executable, "-m", "idp", "serve", "--port", str(port)]
        first, second, by_post = self._clients(receiver)
        with running(command, env, scratch / "provider.log", discovers(issuer)), ExitStack() as closing:
            wire = HttpWire()
            closing.callback(wire.close)
            yield Installation(self.name, issuer, PERSON, first, second, by_post, receiver, wire)

    @staticmethod
    def _environment(issuer: str, receiver: Receiver, scratch: Path) -> dict[str, str]:
        """Overrides of the file; password hashes are made cheap, for hundreds of sign-ins are not what is tested."""
        declared = CLIENTS_FILE.read_text("utf-8").replace(SUITE_ADDRESS, receiver.base)
        (scratch / "clients.toml").write_text(declared, "utf-8")
        return {
            "TONGBAN_CONFIG": str(CONFIG_FILE),
            "TONGBAN_ISSUER": issuer,
            "TONGBAN_DATABASE__URL": f"sqlite:///{scratch / 'idp.db'}",
            "TONGBAN_STATE__URL": f"sqlite:///{scratch / 'state.db'}",
            "TONGBAN_SECRETS__FILE": str(scratch / "secrets.toml"),
            "TONGBAN_CLIENTS__FILE": str(scratch / "clients.toml"),
            "TONGBAN_LIMITS__PASSWORD__ARGON2_MEMORY_KIB": "1024",
            "TONGBAN_LIMITS__PASSWORD__ARGON2_TIME": "1",
        }

    @staticmethod
    def _prepare(env: dict[str, str]) -> None:
        """Tables and the person, by the commands docs/conformance.md names."""
        for arguments in (["db", "upgrade"], ["people", "add", str(PERSON_FILE)]):
            done = subprocess.run(
                [sys.executable, "-m", "idp", *arguments],
                cwd=ROOT,
                env=os.environ | env,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise RuntimeError(f"idp {' '.join(arguments)}: {done.stdout}{done.stderr}"[-2000:])

    @staticmethod
    def _clients(receiver: Receiver) -> tuple[Client, ...]:
        declared = {
            one["client_id"]: one["secret"] for one in tomllib.loads(CLIENTS_FILE.read_text("utf-8"))["client"]
        }
        names = ("conformance-1", "conformance-2", "conformance-post")
        first, second, by_post = (declared[name] for name in names)
        return static_clients(names, (first, second, by_post), receiver.base)


TARGETS: dict[str, Target] = {"tongban": Tongban(), "peer": Peer()}
