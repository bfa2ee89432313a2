"""Tongban with config/production.example.toml, over PostgreSQL with durable commits and Redis, its worker beside it.

Always true: the environment it gets holds addresses and secrets only; bench/objections.py checks what came of it.
"""

import hashlib
import os
import platform
import secrets
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import psycopg

from adapters.sandbox import packages, processes
from bench import machine
from bench.objections import settings_tree
from bench.site import Client, Site
from bench.targets import PERSON, REDIRECT, ROLES, ROOT, SignedIn, Target, clients
from idp.captcha.challenges import Challenges
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database
from idp.state.opening import open_store

EXAMPLE = "config/production.example.toml"
MOBILE = "13800138000"
SEEDING = 900.0
"""Seconds that opening everybody's account may take, thousands of them on a busy machine."""


class Tongban(Target):
    def __init__(
        self,
        directory: Path,
        *,
        postgres: str,
        redis: str,
        port: int,
        people: Sequence[Mapping[str, Any]] = (),
        apps: Sequence[str] = (),
        outside: Mapping[str, str] | None = None,
        profiled: bool = False,
    ) -> None:
        """``postgres`` and ``redis`` are addresses as the settings take them; ``profiled`` adds bench/sampler.

        ``people`` are entries as ``idp people add`` reads them, beside the one everybody signs in as; ``apps``: more
        entries of the clients file. ``outside`` is the environment that leads to the outside services; without it
        nobody is there.
        """
        self.name = "Tongban"
        self._directory = directory
        self._log = directory / "tongban.log"
        self._worker_log = directory / "worker.log"
        self._clients_file = directory / "clients.toml"
        self._people_file = directory / "people.toml"
        self._postgres = postgres
        self._environment = {
            "TONGBAN_CONFIG": EXAMPLE,
            "TONGBAN_SERVER__HOST": "127.0.0.1",
            "TONGBAN_SERVER__PORT": str(port),
            "TONGBAN_DATABASE__URL": postgres,
            "TONGBAN_STATE__URL": redis,
            "TONGBAN_SECRETS__FILE": str(directory / "secrets.toml"),
            "TONGBAN_CLIENTS__FILE": str(self._clients_file),
            "TONGBAN_SMS__SECRET": secrets.token_urlsafe(32),
            "TONGBAN_REGISTERS__POPULATION__SECRET": secrets.token_urlsafe(32),
            "TONGBAN_REGISTERS__ENTERPRISE__SECRET": secrets.token_urlsafe(32),
            "TONGBAN_AUDIT__CHECKPOINT_FILE": str(directory / "checkpoints.jsonl"),
        }
        self._environment |= outside or {}
        self._people = [
            {"mobile": MOBILE, "user_name": PERSON["identifier"], "password": PERSON["password"]},
            *people,
        ]
        self.samples = directory / "samples"
        self._sampler = {"PYTHONPATH": str(ROOT / "bench/sampler"), "BENCH_SAMPLES": str(self.samples)}
        self._profiled = profiled
        self._port = port
        self._clients = clients()
        self._apps = apps
        self._challenges: Challenges | None = None

    def prepare(self) -> None:
        """Secrets, and the tables; `start` does it, too."""
        declared = [declaration(role, one) for role, one in self._clients.items()]
        self._clients_file.write_text("\n".join([*declared, *self._apps]))
        self._idp("keys", "init", self._environment["TONGBAN_SECRETS__FILE"])
        self._idp("db", "upgrade")

    def start(self, *, core: int | None) -> None:
        self.prepare()
        self.site = Site(
            name=self.name,
            issuer=str(self.effective_settings()["issuer"]),
            address=("127.0.0.1", self._port),
            redirect_uri=REDIRECT,
            sessions=SignedIn(),
            clients=self._clients,
        )
        self._add_people()
        self.renew_worker()
        environment = {**self._environment, **(self._sampler if self._profiled else {})}
        self.launch(self._command("serve"), core=core, log=self._log, env=environment)

    def stop(self) -> None:
        super().stop()
        if hasattr(self, "_worker"):
            processes.stop(self._worker)

    def renew_worker(self) -> None:
        """A new worker in place of the one there is, if any: it has learned nothing yet of who does not answer."""
        if hasattr(self, "_worker"):
            processes.stop(self._worker)
        self._worker = self.begin("worker", log=self._worker_log)

    def begin(self, *words: str, log: Path) -> processes.Child:
        """An ``idp`` command beside the server."""
        return processes.start(words[0], self._command(*words), log=log, env=self._environment, cwd=ROOT)

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "idp", *words]

    def _idp(self, *words: str) -> None:
        processes.run(self._command(*words), env=self._environment, cwd=ROOT)

    def _add_people(self) -> None:
        """Scripted people are refused in production, so this one command runs as development over the same data."""
        self._people_file.write_text("\n".join(entry(one) for one in self._people))
        environment = {**self._environment, "TONGBAN_ENVIRONMENT": "development"}
        processes.run(
            self._command("people", "add", str(self._people_file)), env=environment, cwd=ROOT, seconds=SEEDING
        )

    def read_digits(self, key: str, browser: str) -> str:
        """What somebody with that browser cookie reads in the picture of a challenge (only its keys can tell)."""
        if self._challenges is None:
            keys = tomllib.loads((self._directory / "secrets.toml").read_text("utf-8"))["field_keys"]
            store = open_store(self._environment["TONGBAN_STATE__URL"], cast("Database", None), 5.0)
            self._challenges = Challenges(store, FieldCipher(parse_ring(keys, name="field_keys")), lifetime=300)
        found = self._challenges.find(key, browser=hashlib.sha256(browser.encode()).digest())
        assert found is not None, "these digits are not asked for"
        return found.digits

    def audit_rows(self) -> int:
        with psycopg.connect(self._postgres.replace("postgresql+psycopg:", "postgresql:")) as connection:
            row = connection.execute("SELECT count(*) FROM audit_event").fetchone()
        return int(row[0]) if row else 0

    def effective_settings(self) -> dict[str, Any]:
        return settings_tree(ROOT, sys.executable, {**os.environ, **self._environment})

    def example_settings(self) -> dict[str, Any]:
        return settings_tree(ROOT, sys.executable, {**os.environ, "TONGBAN_CONFIG": EXAMPLE})

    def versions(self) -> dict[str, str]:
        said = machine.first_line(str(packages.postgres("postgres").path), "--version")
        return {
            "Python": platform.python_version(),
            "granian": machine.package("granian"),
            "PostgreSQL": said.split()[2],
        }

    def settings(self) -> str:
        return f"{self.name} with {EXAMPLE} unchanged but for addresses and secrets (ES256 tokens, durable commits)"


def declaration(role: str, client: Client) -> str:
    """A department app's entry in the clients file; what people release to it, they agree to."""
    scopes = {scope: "consent" if scope == "profile" else "none" for scope in client.scope.split()}
    redirects = [REDIRECT] if "authorization_code" in ROLES[role] else []
    lines = {
        "client_id": client.id,
        "name": f"bench {role}",
        "sector": "bench",
        "state": "live",
        "auth_method": "client_secret_basic",
        "secret": client.secret,
        "grant_types": list(ROLES[role]),
        "redirect_uris": redirects,
        "id_token_alg": "ES256",
        "audience": "urn:bench:api",  # what lets the resource server ask about the tokens of the others
    }
    return (
        "[[client]]\n"
        + "".join(f"{name} = {toml(value)}\n" for name, value in lines.items())
        + (f"scopes = {{ {', '.join(f'{name} = {toml(basis)}' for name, basis in scopes.items())} }}\n")
    )


def entry(person: Mapping[str, Any]) -> str:
    """Somebody's entry in the file of people."""
    return "[[person]]\n" + "".join(f"{name} = {toml(value)}\n" for name, value in person.items())


def toml(value: str | Mapping[str, str] | Sequence[str]) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{name} = {toml(one)}" for name, one in value.items()) + " }"
    return "[" + ", ".join(toml(one) for one in value) + "]"
