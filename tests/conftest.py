"""Fixtures that many tests share: databases, private services, and no way out of this machine.

Always true: a test without the marker ``services`` needs no server, and no test reaches anything but loopback.
"""

import gc
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
from pytest_socket import socket_allow_hosts
from sqlalchemy import create_engine, make_url, text

import idp
from adapters.sandbox import services
from idp.db import Base, Database, engine_options, prepare_engine
from tests import once, provider

if TYPE_CHECKING:
    from xdist.remote import Producer

    from tests.schedule import LongestFirst

hypothesis.settings.register_profile("tests", deadline=None)  # no test judges by the clock
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)  # the second part tries the hundred
hypothesis.settings.load_profile("tests")
# Tests start hundreds of processes; compiling everything anew doubles the time each takes, whatever the shell says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# A shell ignores SIGINT for what it runs in the background, and what tests start and interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
gc.disable()  # until everything is collected: nothing of it goes away
_numbers = itertools.count(1)
_resolved: dict[str, set[str]] = {}
for _module in Path(idp.__path__[0]).glob("*/models.py"):  # every table must be known to Base.metadata
    import_module(f"idp.{_module.parent.name}.models")


once.keep_files_in_memory()


@pytest.fixture(scope="session", autouse=True)
def _shared_by_applications() -> Iterator[None]:
    with once.applications_share():
        yield


def pytest_collection_finish() -> None:
    once.leave_to_itself_what_is_imported()


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
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True, resolution_cache=_resolved)


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
def _site_template(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The one behind every `tests.provider.site_template`: a fixture is one more wherever it is imported."""
    return provider.make_template(_sqlite_template, tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def _shared_app(_site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The one behind every `tests.provider.shared_app`."""
    yield from provider.make_app(_site_template, tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def _mandates_template(
    _shared_app: Flask, _site_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str, str]:
    """What every `tests.mandates.conftest.mandates` begins with."""
    from tests.mandates.conftest import make_template

    return make_template(_shared_app, _site_template, tmp_path_factory.mktemp("mandates"))


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
