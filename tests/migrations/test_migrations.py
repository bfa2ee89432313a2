"""The schema that migrations make is the schema the models declare, up and down, on both databases."""

import importlib
import pkgutil
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, inspect

import idp
from idp.cli.schema import alembic_config, is_current, upgrade_schema
from idp.db import Base
from idp.settings import Settings


@pytest.fixture
def empty_sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'idp.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def empty_url(request: pytest.FixtureRequest) -> str:
    """The address of a database without tables."""
    return request.getfixturevalue("empty_sqlite_url" if request.param == "sqlite" else "empty_postgres_url")


def _settings(url: str) -> Settings:
    return Settings(database={"url": url})


def test_migrations_make_what_the_models_declare(empty_url: str) -> None:
    settings = _settings(empty_url)
    assert not is_current(settings)
    upgrade_schema(settings)
    assert is_current(settings)
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    engine.dispose()


@pytest.mark.exhaustive
def test_every_step_goes_down_and_up_again(empty_url: str) -> None:
    settings = _settings(empty_url)
    config = alembic_config(settings)
    upgrade_schema(settings)
    for _ in Path("migrations/versions").glob("0*.py"):
        command.downgrade(config, "-1")
        command.upgrade(config, "+1")
        command.downgrade(config, "-1")
    engine = create_engine(empty_url)
    assert inspect(engine).get_table_names() == ["alembic_version"]
    engine.dispose()
    upgrade_schema(settings)
    assert is_current(settings)


def test_every_module_of_tables_is_known_to_the_migrations() -> None:
    found = {name for _, name, _ in pkgutil.walk_packages(idp.__path__, "idp.") if name.endswith(".models")}
    named = Path("migrations/tables.py").read_text()
    assert {name for name in found if f"import {name}\n" not in named} == set()
    for name in found:
        importlib.import_module(name)


def test_a_filled_database_goes_down_and_up_again(empty_sqlite_url: str) -> None:
    """Rows that others refer to do not keep a table from being rebuilt, and keep their references."""
    settings = _settings(empty_sqlite_url)
    config = alembic_config(settings)
    upgrade_schema(settings)
    engine = create_engine(empty_sqlite_url)
    with engine.begin() as connection:
        for statement in _FILLED:
            connection.exec_driver_sql(statement)
    command.downgrade(config, "0011")
    command.upgrade(config, "head")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT gid FROM opaque_token").scalars().all() == ["gnt_1"]
        assert connection.exec_driver_sql("SELECT COUNT(*) FROM authorization_grant").scalar() == 1
        assert connection.exec_driver_sql("SELECT party_id FROM password").scalars().all() == ["pty_on"]
    engine.dispose()


_FILLED = (
    "INSERT INTO party (id, kind, status, created_at) VALUES ('pty_on', 'person', 'active', 1)",
    "INSERT INTO party (id, kind, status, created_at) VALUES ('pty_off', 'person', 'active', 1)",
    "INSERT INTO password (party_id, hash, changed_at) VALUES ('pty_on', 'h', 1)",
    "INSERT INTO password (party_id, hash, changed_at, reset_required_at) VALUES ('pty_off', 'h', 1, 2)",
    "INSERT INTO session (id, secret_hash, party_id, created_at, last_seen_at, absolute_end, auth_time, proofs,"
    " methods, sid_salt, agent) VALUES ('ses_1', 'x', 'pty_on', 1, 1, 9, 1, 1, 'pwd', 's', '?')",
    "INSERT INTO authorization_grant (gid, client_id, party_id, session_id, sub, sid, scope, acr, amr, ial, aal,"
    " auth_time, offline, created_at) VALUES ('gnt_1', 'tax', 'pty_on', 'ses_1', 's', 's', 'openid', 'a', 'pwd', 1,"
    " 1, 1, 0, 1)",
    "INSERT INTO opaque_token (hash, gid, client_id, scope, audience, issued_at, expires_at)"
    " VALUES ('h', 'gnt_1', 'tax', 'openid', 'a', 1, 9)",
)
