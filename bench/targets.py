"""A provider, started and made ready for the load.

Always true: it runs as one server on one core, over databases on the other, with sessions that are really signed in.
"""

import secrets
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

from adapters.sandbox import processes
from bench.browser import walk
from bench.process import on_core
from bench.site import Client, Clients, Cookies, Site

ROOT = Path(__file__).resolve().parent.parent
REDIRECT = "http://localhost:9/callback"
PERSON = {"identifier": "benchperson", "password": secrets.token_urlsafe(15)}
ROLES = {
    "service": ("client_credentials",),
    "jwt_service": ("client_credentials",),
    "app": ("authorization_code",),
    "keeper": ("authorization_code", "refresh_token"),
    "resource": (),
}
"""Role of a client in the benchmark -> its grant types."""

SCOPES = {
    "service": "api",
    "jwt_service": "api",
    "app": "openid profile",
    "keeper": "openid profile offline_access",
    "resource": "",
}


def clients() -> Clients:
    """Fresh credentials for the roles."""
    return Clients(
        **{
            role: Client(id=f"bench-{role.replace('_', '-')}", secret=secrets.token_urlsafe(32), scope=scope)
            for role, scope in SCOPES.items()
        }
    )


class SignedIn:
    """Sessions of the test person, made when first asked for and used again in later rounds."""

    def __init__(self) -> None:
        self._sessions: list[Cookies] = []

    def __call__(self, site: Site, count: int) -> list[Cookies]:
        while len(self._sessions) < count:
            cookies: Cookies = {}
            for client in (site.clients.app, site.clients.keeper):
                walk(site, client, cookies, PERSON)
            self._sessions.append(cookies)
        return self._sessions[:count]


class Target(ABC):
    """One provider: ``start`` it, load its ``site``, ``stop`` it."""

    name: str
    site: Site
    child: processes.Child
    start_seconds: float

    @abstractmethod
    def start(self, *, core: int) -> None:
        """Start on ``core`` and wait until the discovery document is served."""

    @abstractmethod
    def versions(self) -> dict[str, str]:
        """What it is made of: name -> version."""

    @abstractmethod
    def settings(self) -> str:
        """How it is set up, in a sentence."""

    def audit_rows(self) -> int | None:
        """Rows of the audit so far; None where there is no audit."""
        return None

    def launch(self, command: Sequence[str], *, core: int | None, log: Path, env: Mapping[str, str]) -> None:
        """Start the server on ``core`` (None: wherever this process may run) and wait until it answers.

        How long that took is ``start_seconds``.
        """
        started = time.monotonic()
        with on_core(core) if core is not None else nullcontext():
            self.child = processes.start(self.name, command, log=log, env=env, cwd=ROOT)
        processes.wait_until(self._serves, self.child, seconds=30)
        self.start_seconds = time.monotonic() - started

    def stop(self) -> None:
        if hasattr(self, "child"):
            processes.stop(self.child)

    @property
    def pid(self) -> int:
        return self.child.process.pid

    def _serves(self) -> bool:
        try:
            return self.site.exchange(self.site.get(self.site.paths.discovery)).status == 200
        except OSError:
            return False
