"""A whole installation of the provider as its operators run it: node processes, worker, database, sandbox.

Always true: everything runs in processes of its own on loopback ports nobody else uses, and is gone at the end; what
stands in a test's process is only HTTP clients and a look into the database.
"""

import hashlib
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from sqlalchemy import Engine, create_engine, event, text

from adapters.sandbox import processes
from adapters.sandbox.services_postgres import Postgres
from adapters.sandbox.services_redis import Redis
from tests.ports import free_ports
from tests.trust.receiver import Receiver

ROOT = Path(__file__).resolve().parents[2]
Storage = Literal["sqlite", "postgresql"]
_IDP = [sys.executable, "-m", "idp"]

EASY = {
    "TONGBAN_LIMITS__SMS__PER_NUMBER_INTERVAL": "0",
    "TONGBAN_LIMITS__SMS__PER_NUMBER_DAILY": "10000",
    "TONGBAN_LIMITS__SMS__PER_ADDRESS_HOURLY": "0",
    "TONGBAN_LIMITS__PASSWORD__PER_ADDRESS_FAILURES": "0",
    "TONGBAN_LIMITS__FACTOR__WRONG_PER_HOUR": "100000",
    "TONGBAN_LIMITS__CAPTCHA__BEFORE_SMS": "false",
    "TONGBAN_LIMITS__CAPTCHA__AFTER_FAILURES": "0",
    "TONGBAN_LIMITS__PASSWORD__ARGON2_TIME": "1",
    "TONGBAN_LIMITS__PASSWORD__ARGON2_MEMORY_KIB": "4096",
    "TONGBAN_LIMITS__PASSWORD__HASH_WORKERS": "8",
    "TONGBAN_ENTITIES__REPRESENTATIVE_IAL": "2",
}
"""Limits under which one machine may play hundreds of people; what is left out stands as in production."""


@dataclass(frozen=True, slots=True)
class App:
    """A department app as it was registered."""

    client_id: str
    secret: str
    redirect_uri: str
    post_logout_redirect_uri: str
    notices: str
    """Path of its back-channel address at the receiver."""


@dataclass(slots=True)
class Person:
    """Somebody with an account: ``mobile`` has 11 digits."""

    mobile: str
    password: str


def _app(name: str) -> App:
    base = f"http://{name}.localhost:9"
    return App(name, f"{name}-secret-of-the-trust-tests-0123456789", f"{base}/cb", f"{base}/out", f"/{name}")


ALPHA, BETA, GAMMA, MACHINE = (_app(name) for name in ("alpha", "beta", "gamma", "machine"))
"""Three apps for people (`GAMMA` asks for consent) and one for itself."""
APPS = (ALPHA, BETA, GAMMA, MACHINE)
_SCOPES = {
    ALPHA: {"profile": "none", "phone": "none", "legacy_sub": "statutory"},
    BETA: {"profile": "none", "offline_access": "none"},
    GAMMA: {"profile": "consent", "phone": "consent"},
    MACHINE: {"figures.read": "none"},
}


@dataclass
class Process:
    """One process of the installation, which can be killed and started again at the same address."""

    name: str
    argv: list[str]
    env: Mapping[str, str]
    log: Path
    port: int | None = None
    child: processes.Child | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start without waiting; by the thread that lives longest, for the process ends with it."""
        self.child = processes.start(self.name, self.argv, log=self.log, env=self.env, cwd=ROOT)

    def answers(self, path: str = "/readyz") -> bool:
        try:
            return _get(self.url + path)[0] == 200
        except OSError:
            return False

    def await_ready(self, seconds: float = 60) -> None:
        assert self.child is not None
        processes.wait_until(self.answers, self.child, seconds=seconds)

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.process.poll() is None

    def kill(self) -> None:
        """SIGKILL to the process and all of its children, at whatever they are doing."""
        if self.child:
            processes.kill(self.child)

    def stop(self) -> None:
        if self.child:
            processes.stop(self.child)

    def restart(self) -> None:
        self.stop()
        self.start()
        if self.port:
            self.await_ready()


@dataclass
class Installation:
    """Two nodes over one storage, the outbox worker (in the nodes on SQLite), the sandbox, and a few people."""

    storage: Storage
    directory: Path
    env: dict[str, str]
    receiver: Receiver
    nodes: list[Process]
    worker: Process | None
    sandbox: Process
    people: list[Person]
    postgres: Postgres | None = None
    redis: Redis | None = None
    _next: Iterator[int] = field(default_factory=itertools.count)
    _strangers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def url(self) -> str:
        return self.nodes[0].url

    @property
    def issuer(self) -> str:
        return self.env["TONGBAN_ISSUER"]

    def person(self) -> Person:
        """Somebody with an account whom no test has used before."""
        return self.people[next(self._next)]

    def new_mobile(self) -> str:
        """A number nobody has."""
        return f"139{next(self._strangers):08d}"

    def run(self, *arguments: str) -> str:
        """`idp …` on a process of its own; ProcessFailed with what it printed when it does not end well."""
        return processes.run([*_IDP, *arguments], env=self.env, cwd=ROOT)

    def begin(self, *arguments: str) -> "subprocess.Popen[str]":
        """The same without waiting for the end; its output can be read line by line."""
        env = os.environ | self.env | {"PYTHONUNBUFFERED": "1"}
        return subprocess.Popen(
            [*_IDP, *arguments], env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    @cached_property
    def engine(self) -> Engine:
        """A look into the database from outside."""
        engine = create_engine(self.env["TONGBAN_DATABASE__URL"], pool_pre_ping=True)
        if self.storage == "sqlite":
            event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA busy_timeout=10000"))
        return engine

    def rows(self, sql: str, /, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(sql), values))

    def number(self, sql: str, /, **values: Any) -> int:
        return int(self.rows(sql, **values)[0][0])

    def change(self, sql: str, /, **values: Any) -> int:
        """What only somebody at the database can do; the number of rows."""
        with self.engine.begin() as connection:
            return int(connection.execute(text(sql), values).rowcount)

    def party(self, secret: str | None) -> str:
        """Whose session a cookie secret opens, or opened."""
        hashed = hashlib.sha256((secret or "").encode()).digest()
        return str(self.rows("SELECT party_id FROM session WHERE secret_hash = :hash", hash=hashed)[0][0])

    def session_id(self, secret: str | None) -> str:
        hashed = hashlib.sha256((secret or "").encode()).digest()
        return str(self.rows("SELECT id FROM session WHERE secret_hash = :hash", hash=hashed)[0][0])

    def audited(self, party: str, event: str, **columns: Any) -> int:
        """How many records of an event about a person, or anything else with an id, have these columns."""
        where = "".join(f" AND {name} = :{name}" for name in columns)
        sql = f"SELECT COUNT(*) FROM audit_event WHERE subject = :subject AND event = :event{where}"
        return self.number(sql, subject=party, event=event, **columns)

    def messages(self, mobile: str) -> list[dict[str, Any]]:
        """What has arrived on a phone, newest first."""
        _, body = _get(f"{self.sandbox.url}/sms.json?to={mobile}&limit=500")
        found: list[dict[str, Any]] = json.loads(body)["messages"]
        return found

    def await_message(self, mobile: str, template: str, *, after: int = 0, seconds: float = 10) -> dict[str, Any]:
        """The newest message of a template, once there are more than ``after`` of them."""

        def of_template() -> list[dict[str, Any]]:
            return [message for message in self.messages(mobile) if message["template"] == template]

        assert wait_until(lambda: len(of_template()) > after, seconds=seconds), f"no {template} message came"
        return of_template()[0]

    def count_messages(self, mobile: str, template: str) -> int:
        return sum(message["template"] == template for message in self.messages(mobile))

    def forget_state(self) -> None:
        """FLUSHALL: everything that may vanish vanishes (on SQLite the state file's rows)."""
        if self.redis:
            self.redis_command("FLUSHALL")
            return
        path = self.env["TONGBAN_STATE__URL"].removeprefix("sqlite:///")
        state = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})
        with state.begin() as connection:
            for table in ("state_entry", "state_window"):
                connection.execute(text(f"DELETE FROM {table}"))
        state.dispose()

    def redis_command(self, command: str) -> None:
        assert self.redis is not None
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(self.redis.path))
            connection.sendall(command.encode() + b"\r\n")
            assert connection.recv(64).startswith(b"+OK")

    def restart_nodes(self) -> None:
        for node in self.nodes:
            node.stop()
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.await_ready()

    @property
    def logs(self) -> list[Path]:
        parts = [*self.nodes, *([self.worker] if self.worker else [])]
        return [part.log for part in parts]

    def faults(self) -> list[str]:
        """What the processes logged as bugs: answers 500, failed handlers and jobs, tracebacks."""
        wrong = re.compile(r'"level": ?"(error|critical)"|Traceback|500 Internal')
        lines = (line for log in self.logs if log.exists() for line in log.read_text("utf-8", "replace").splitlines())
        return [line[:2000] for line in lines if wrong.search(line)]

    def end_notice_sent(self, session_id: str) -> list[tuple[str, str | None]]:
        """(client, result) of every logout notice in the outbox about a session."""
        return [
            (row[0], row[1])
            for row in self.rows("SELECT client_id, result FROM outbox WHERE session_id = :id AND kind = 'logout'",
                                 id=session_id)
        ]  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.engine.dispose()

    def stop(self) -> None:
        """End every process over the storage; the storage itself stays."""
        for part in [*self.nodes, *([self.worker] if self.worker else []), self.sandbox]:
            part.stop()


def _get(url: str) -> tuple[int, bytes]:
    """Status and body; OSError when nobody answers."""
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=5)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}")
        answer = connection.getresponse()
        return answer.status, answer.read()
    except HTTPException as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def wait_until(true: Callable[[], bool], *, seconds: float, pause: float = 0.02) -> bool:
    """Whether ``true`` becomes so in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


@contextmanager
def installation(
    storage: Storage,
    directory: Path,
    *,
    settings: Mapping[str, str] | None = None,
    people: int = 60,
    durable: bool = False,
) -> Iterator[Installation]:
    """Two nodes and all they need, ready to answer. ``settings``: environment variables over `EASY` limits.

    ``durable``: PostgreSQL keeps its word through a power cut, as in production.
    """
    with ExitStack() as closing:
        receiver = closing.enter_context(Receiver())
        postgres = redis = None
        if storage == "postgresql":
            postgres = closing.enter_context(Postgres(log=directory / "postgres.log", durable=durable))
            redis = closing.enter_context(Redis(log=directory / "redis.log"))
        env = _environment(directory, storage, postgres, redis) | EASY | dict(settings or {})
        made = _assemble(storage, directory, env, receiver, postgres, redis, people)
        _prepare(made)
        closing.enter_context(made)
        for part in [made.sandbox, *made.nodes, *([made.worker] if made.worker else [])]:
            part.start()
        for part in [made.sandbox, *made.nodes]:
            assert part.child is not None
            path = "/healthz" if part is made.sandbox else "/readyz"
            processes.wait_until(lambda part=part, path=path: part.answers(path), part.child, seconds=60)
        yield made


def _environment(directory: Path, storage: Storage, postgres: Postgres | None, redis: Redis | None) -> dict[str, str]:
    database = postgres.url if postgres else f"sqlite:///{directory / 'idp.db'}"
    state = redis.url if redis else f"sqlite:///{directory / 'state.db'}"
    return {
        "TONGBAN_CONFIG": str(_written(directory / "empty.toml", "")),
        "TONGBAN_DATABASE__URL": database,
        "TONGBAN_STATE__URL": state,
        "TONGBAN_SECRETS__FILE": str(directory / "secrets.toml"),
        "TONGBAN_OUTBOUND__ALLOW": json.dumps(["127.0.0.0/8"]),
        "TONGBAN_SERVER__EMBEDDED_WORKER": "true" if storage == "sqlite" else "false",
        "TONGBAN_SERVER__TRUSTED_PROXIES": json.dumps(["127.0.0.1/32"]),
        "TONGBAN_PAGES__DEFAULT_LOCALE": "en",
    }


def _written(path: Path, content: str) -> Path:
    path.write_text(content, "utf-8")
    return path


def _assemble(
    storage: Storage,
    directory: Path,
    env: dict[str, str],
    receiver: Receiver,
    postgres: Postgres | None,
    redis: Redis | None,
    people: int,
) -> Installation:
    ports = free_ports(3)
    env.setdefault("TONGBAN_ISSUER", f"http://localhost:{ports[0]}")
    env["TONGBAN_SMS__URL"] = f"http://127.0.0.1:{ports[2]}/sms/v1/messages"
    env["TONGBAN_REGISTERS__POPULATION__URL"] = f"http://127.0.0.1:{ports[2]}/population/v1/checks"
    env["TONGBAN_REGISTERS__ENTERPRISE__URL"] = f"http://127.0.0.1:{ports[2]}/enterprise/v1/lookups"
    env["TONGBAN_FACE__URL"] = f"http://127.0.0.1:{ports[2]}/face/v1"
    env["TONGBAN_FACE__PAGES"] = json.dumps([f"http://127.0.0.1:{ports[2]}"])
    nodes = [
        Process(
            f"node {n}",
            [*_IDP, "serve", "--port", str(port)],
            env | {"TONGBAN_SERVER__PORT": str(port)},
            directory / f"node{n}.log",
            port,
        )
        for n, port in enumerate(ports[:2], 1)
    ]
    worker = Process("worker", [*_IDP, "worker"], env, directory / "worker.log") if storage == "postgresql" else None
    argv = [*_IDP, "sandbox", "--port", str(ports[2])]
    sandbox = Process("sandbox", argv, env, directory / "sandbox.log", ports[2])
    persons = [Person(f"138{n:08d}", f"Lantern7Bridge{n:04d}") for n in range(people)]
    return Installation(
        storage, directory, env, receiver, nodes, worker, sandbox, persons, postgres=postgres, redis=redis
    )


def _prepare(made: Installation) -> None:
    """Schema, clients and people, by the operators' commands, one process for all three."""
    clients = _written(made.directory / "clients.toml", "\n".join(_client_table(app, made.receiver) for app in APPS))
    persons = _written(
        made.directory / "people.toml",
        "\n".join(f'[[person]]\nmobile = "{p.mobile}"\npassword = "{p.password}"\n' for p in made.people),
    )
    commands = [["db", "upgrade"], ["client", "apply", str(clients)], ["people", "add", str(persons)]]
    program = f"from idp.cli import cli\nfor words in {commands!r}:\n    cli(words, standalone_mode=False)"
    processes.run([sys.executable, "-c", program], env=made.env, cwd=ROOT)


def _client_table(app: App, receiver: Receiver) -> str:
    own = app is MACHINE
    scopes = ", ".join(f'"{scope}" = "{basis}"' for scope, basis in _SCOPES[app].items())
    addresses = (
        f'redirect_uris = ["{app.redirect_uri}"]\npost_logout_redirect_uris = ["{app.post_logout_redirect_uri}"]\n'
        f'backchannel_logout_uri = "{receiver.url}{app.notices}"\n'
    )
    return (
        f'[[client]]\nclient_id = "{app.client_id}"\nname = {{ zh = "{app.client_id}" }}\n'
        f'sector = "{app.client_id}"\nstate = "live"\nsecret = "{app.secret}"\n'
        f"grant_types = {json.dumps(['client_credentials'] if own else ['authorization_code', 'refresh_token'])}\n"
        f'scopes = {{ {scopes} }}\nid_token_alg = "ES256"\n' + ("" if own else addresses)
    )
