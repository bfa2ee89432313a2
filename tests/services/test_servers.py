"""The private PostgreSQL and Redis: where they listen, what they keep, how they end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from adapters.sandbox import processes_directory, services
from tests.services.test_processes import alive, gone

pytestmark = pytest.mark.services

_PARENT = """
import time
from adapters.sandbox import processes_directory, services
with services.Postgres() as database, services.Redis() as state:
    print(database._child.process.pid, state._child.process.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def postgres() -> Iterator[services.Postgres]:
    with services.Postgres(durable=True) as server:
        yield server


@pytest.fixture
def redis_server() -> Iterator[services.Redis]:
    with services.Redis() as server:
        yield server


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("postgresql+psycopg", "postgresql"), autocommit=True)


def value(url: str, statement: str) -> object:
    with connect(url) as connection:
        row = connection.execute(statement).fetchone()
    return row[0] if row else None


def test_postgresql_is_utf8_and_its_role_is_an_ordinary_one_that_may_create_databases(postgres_url: str) -> None:
    assert value(postgres_url, "SHOW server_encoding") == "UTF8"
    assert value(postgres_url, "SHOW is_superuser") == "off"
    assert value(postgres_url, "SELECT rolcreatedb FROM pg_roles WHERE rolname = current_user") is True


def test_postgresql_listens_on_no_port_and_where_nobody_else_gets_in(postgres_url: str) -> None:
    assert value(postgres_url, "SHOW listen_addresses") == ""
    directory = make_url(postgres_url).query["host"]
    assert isinstance(directory, str)
    assert os.stat(directory).st_mode & 0o077 == 0


def test_durable_keeps_what_the_unchanged_production_server_would() -> None:
    with services.Postgres(durable=True) as server:
        assert {
            value(server.url, f"SHOW {name}") for name in ("fsync", "synchronous_commit", "full_page_writes")
        } == {"on"}


def test_parameters_of_the_caller_reach_the_server() -> None:
    with services.postgres(settings={"work_mem": "5MB"}) as url:
        assert value(url, "SHOW work_mem") == "5MB"


def test_a_killed_postgresql_starts_again_at_once_with_everything_committed(postgres: services.Postgres) -> None:
    with connect(postgres.url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        postgres.kill()
        postgres.start()
    assert value(postgres.url, "SELECT answer FROM kept") == 42


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory the user PostgreSQL runs as can enter, also when the tests run as root."""
    with processes_directory.private() as directory:
        directory.chmod(0o755)
        yield directory


def test_data_in_a_directory_of_the_caller_is_found_again(open_directory: Path) -> None:
    with services.postgres(open_directory, durable=True) as url, connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    with services.postgres(open_directory) as url:
        assert value(url, "SELECT answer FROM kept") == 42


def test_redis_forgets_everything_when_it_stops(redis_server: services.Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("code", "unused")
    redis_server.kill()
    redis_server.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("code") is None


def test_redis_listens_on_no_port_and_where_nobody_else_gets_in(redis_server: services.Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.config_get("port") == {"port": "0"}
    assert redis_server.path.parent.stat().st_mode & 0o077 == 0
    assert redis_server.path.is_socket()


def test_two_servers_do_not_meet(redis_server: services.Redis) -> None:
    with (
        services.redis() as other,
        redis.Redis.from_url(other) as second,
        redis.Redis.from_url(redis_server.url) as first,
    ):
        first.set("here", "1")
        assert second.get("here") is None


def test_a_server_leaves_nothing_behind(postgres: services.Postgres) -> None:
    directory = Path(str(make_url(postgres.url).query["host"]))
    postgres.stop()
    postgres.remove()
    assert not directory.exists()
    with socket.socket(socket.AF_UNIX) as probe, pytest.raises(FileNotFoundError):
        probe.connect(str(directory / ".s.PGSQL.5432"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_servers_end_with_the_process_that_asked_for_them(number: signal.Signals) -> None:
    parent = subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    with parent:
        assert parent.stdout is not None
        servers = [int(word) for word in parent.stdout.readline().split()]
        assert len(servers) == 2
        assert all(alive(pid) for pid in servers)
        parent.send_signal(number)
        parent.wait(10)
    assert gone(servers)
