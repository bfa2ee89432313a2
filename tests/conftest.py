"""Fixtures that many tests share: databases, private services, and no way out of this machine.

Always true: a test without the marker ``services`` needs no server, and no test reaches anything but loopback.
"""

import itertools
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from flask import Flask
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket
from pytest_socket import socket_allow_hosts
from sqlalchemy import create_engine, make_url, text

import idp
from adapters.sandbox import services
from idp.db import Base, Database, engine_options, prepare_engine

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.schedule import LongestFirst

hypothesis.settings.register_profile("tests", deadline=None)  # no test judges by the clock
hypothesis.settings.load_profile("tests")
# Tests start hundreds of processes; compiling everything anew doubles the time each takes, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A shell ignores SIGINT for what it runs in the background, and what tests start and interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
_numbers = itertools.count(1)
for _module in Path(idp.__path__[0]).glob("*/models.py"):  # every table must be known to Base.metadata
    import_module(f"idp.{_module.parent.name}.models")


class _Compiled(BytecodeCache):
    """What templates were compiled to, for the many applications of one run; it goes by their text."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._kept[bucket.key] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def _templates_are_compiled_once() -> Iterator[None]:
    compiled, create = _Compiled(), Flask.create_jinja_environment

    def with_compiled(app: Flask) -> Environment:
        made = create(app)
        made.bytecode_cache = compiled
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "create_jinja_environment", with_compiled)
        yield


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LongestFirst":
    from tests.schedule import LongestFirst

    return LongestFirst(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        from tests.schedule import place_of

        items.sort(key=lambda item: place_of(item.nodeid))


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A private PostgreSQL of this test process; the address of its first, empty database."""
    with services.postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private Redis of this test process."""
    with services.redis() as url:
        yield url


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "idp.db"
    _create_tables(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(_sqlite_template: Path, tmp_path: Path) -> str:
    """The address of a SQLite file of this test, with all tables."""
    shutil.copyfile(_sqlite_template, tmp_path / "idp.db")
    return f"sqlite:///{tmp_path / 'idp.db'}"


@pytest.fixture(scope="session")
def _postgres_template(postgres_url: str) -> str:
    _execute(postgres_url, "CREATE DATABASE test_template")
    _create_tables(_database_of(postgres_url, "test_template"))
    return postgres_url


@pytest.fixture
def postgres_database_url(_postgres_template: str) -> str:
    """The address of a PostgreSQL database of this test, with all tables."""
    name = f"test_{next(_numbers)}"
    _execute(_postgres_template, f"CREATE DATABASE {name} TEMPLATE test_template")
    return _database_of(_postgres_template, name)


@pytest.fixture
def empty_postgres_url(postgres_url: str) -> str:
    """The address of a PostgreSQL database of this test, without tables."""
    name = f"test_{next(_numbers)}"
    _execute(postgres_url, f"CREATE DATABASE {name}")
    return _database_of(postgres_url, name)


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    """A `Database` over a fresh SQLite file with all tables."""
    yield from opened(sqlite_url)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def any_database_url(request: pytest.FixtureRequest) -> str:
    """The address of a fresh database with all tables, on SQLite and on PostgreSQL."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_database_url"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def any_database(any_database_url: str) -> Iterator[Database]:
    """A `Database` over a fresh database with all tables, on SQLite and on PostgreSQL."""
    yield from opened(any_database_url)


def opened(url: str) -> Iterator[Database]:
    """A `Database` at ``url`` as a process of ours opens it."""
    engine = create_engine(url, **engine_options(url, pool_size=16, pool_timeout=3.0))
    prepare_engine(engine)
    yield Database(engine)
    engine.dispose()


def _database_of(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


def _create_tables(url: str) -> None:
    engine = create_engine(url)
    Base.metadata.create_all(engine)
    engine.dispose()
