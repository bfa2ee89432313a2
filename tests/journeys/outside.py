"""What stands beside the provider in a journey and is no browser: a register that changes, a department's system.

Always true: the register is the sandbox's, answered from this process; a department knows addresses and its secret.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
from flask import Flask

from adapters.sandbox.app import create_sandbox, make
from adapters.sandbox.register_entries import Entries
from adapters.sandbox.settings import SandboxSettings
from tests.journeys.province_walks import Person


@dataclass(frozen=True)
class Register:
    """An enterprise register at ``url``."""

    app: Flask
    url: str

    def appoint(self, uscc: str, person: Person) -> None:
        """From now on it names ``person``, by a resident's card, as the entity's legal representative alone."""
        known: Entries = self.app.extensions["sandbox_entries"]
        named = ((*person, "legal_representative"),)
        people = tuple((name, "resident_id", number, role) for name, number, role in named)
        changed = tuple(replace(one, people=people) if one.uscc == uscc else one for one in known.enterprises)
        self.app.extensions["sandbox_entries"] = replace(known, enterprises=changed)


@contextmanager
def enterprise_register() -> Iterator[Register]:
    settings = SandboxSettings()
    app = create_sandbox(settings)
    server = make(settings, host="127.0.0.1", port=0, app=app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Register(app, f"http://127.0.0.1:{server.port}/enterprise/v1/lookups")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass(frozen=True)
class Department:
    """The system of a client at a provider, or at one of its nodes.

    ``back``: where people come back to; nobody has to answer there. ``headers``: what a proxy would add.
    """

    url: str
    client_id: str
    secret: str
    back: str = ""
    headers: Mapping[str, str] | None = None

    def post(self, path: str, data: Mapping[str, str]) -> httpx.Response:
        return self._send("POST", path, data=data)

    def tell(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        """Send JSON."""
        kind = {"Content-Type": "application/json"}
        return self._send("POST", path, content=json.dumps(body).encode(), headers=kind)

    def fetch(self, path: str) -> httpx.Response:
        return self._send("GET", path)

    def _send(self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: Any) -> httpx.Response:
        told = {**(self.headers or {}), **(headers or {})}
        with httpx.Client(auth=(self.client_id, self.secret), trust_env=False) as client:
            return client.request(method, self.url + path, headers=told, **sent)
