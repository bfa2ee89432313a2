"""Every sealed column: a field opens in its own row alone, and a rotation that was killed is finished by the next."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Integer, LargeBinary, create_engine, insert, text

from idp.accounts.actions import Directory
from idp.accounts.anchors import Anchors
from idp.cli.keys import reseal_all
from idp.crypto.fields import BlindIndex, FieldCipher, FieldUnreadable
from idp.crypto.rings import parse_ring
from idp.db import Base, Database
from idp.mapping.actions import Links
from tests.conftest import opened
from tests.provider import keys_of
from tests.trust.sealed import PLAIN, SEALED, Sealed, movable, unreadable

ROWS = 3
WRITES = 14
"""After so many a rotation is killed; more than any transaction of it holds, so that each run comes further."""
OLD, NEW, INDEX = (f"{name}1:{keys_of(name)}" for name in ("f", "g", "i"))
_KILLED = """
import os, signal
import idp.accounts.rotation, idp.accounts.waiting, idp.crypto.resealing
from idp.cli import cli
from idp.db import Transaction
idp.accounts.rotation._BATCH = idp.accounts.waiting._BATCH = idp.crypto.resealing._BATCH = 2
left, run = int(os.environ["WRITES"]), Transaction.run
def counted(self, statement, **values):
    global left
    done = run(self, statement, **values)
    left -= statement.sql.startswith("UPDATE")
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
Transaction.run = counted
cli(["fields", "rotate"], standalone_mode=False)
"""


def cipher(*keys: str) -> FieldCipher:
    return FieldCipher(parse_ring(list(keys), name="test"))


def value(column: Any, row: int) -> Any:
    if isinstance(column.type, LargeBinary):
        return f"{column.name} {row}".encode()
    return row if isinstance(column.type, Integer) else f"{column.name}-{row}"


def fill(url: str) -> None:
    """A few rows of every table that has a sealed column, with nothing in them but what has to be, and to nobody."""
    engine = create_engine(url)  # not the house's, under which SQLite looks whom rows refer to
    with engine.begin() as connection:
        for name in sorted({one.table for one in SEALED}):
            table, sealed = Base.metadata.tables[name], [one for one in SEALED if one.table == name]
            for key in table.foreign_key_constraints if engine.dialect.name == "postgresql" else ():
                connection.execute(text(f"ALTER TABLE {name} DROP CONSTRAINT {key.name}"))
            for row in range(ROWS):
                values = {column.name: value(column, row) for column in table.columns if not column.nullable}
                for one in sealed:
                    place = one.place(values[one.key])
                    values[one.column] = cipher(OLD).seal(one.text or f"{one.name} of {row}", context=place)
                connection.execute(insert(table).values(values))
    engine.dispose()


def test_every_column_of_bytes_is_sealed_or_has_a_reason() -> None:
    known = {one.name for one in SEALED} | {name for names in PLAIN.values() for name in names}
    found = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert found == known
    assert {one.name for one in SEALED}.isdisjoint(set().union(*PLAIN.values()))


def rotate(database: Database) -> None:
    """What `idp fields rotate` does."""
    ring, index = cipher(NEW, OLD), BlindIndex(parse_ring([INDEX], name="test"))
    links = Links(ring, index, Directory(ring, index, Anchors(b"n" * 32)))
    reseal_all(database, ring, index, links, progress=lambda _: None)


@pytest.fixture(scope="module")
def filled(_sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with a few rows of every table that has a sealed column."""
    path = tmp_path_factory.mktemp("filled") / "idp.db"
    shutil.copyfile(_sqlite_template, path)
    fill(f"sqlite:///{path}")
    return path


@pytest.mark.parametrize("one", SEALED, ids=lambda one: one.name)
def test_a_field_in_another_row_is_noticed(filled: Path, tmp_path: Path, one: Sealed) -> None:
    shutil.copyfile(filled, tmp_path / "idp.db")
    with contextmanager(opened)(f"sqlite:///{tmp_path / 'idp.db'}") as database:
        in_another_row(database, one)


def in_another_row(database: Database, one: Sealed) -> None:
    with database.engine.begin() as connection:
        assert list(movable(connection, cipher(OLD))) == []
        (first, blob), (second, other) = one.rows(connection)[:2]
        for row, moved in ((first, other), (second, blob)):
            sql = f"UPDATE {one.table} SET {one.column} = :moved WHERE {one.key} = :row"
            connection.execute(text(sql), {"moved": moved, "row": row})
        assert unreadable(connection, cipher(OLD)) == [f"{one.name} of {first}", f"{one.name} of {second}"]
    with pytest.raises(FieldUnreadable):
        rotate(database)


def rotate_until_killed(url: str, directory: Path) -> int:
    """The exit status of the command, which may have killed itself."""
    env = {
        "TONGBAN_CONFIG": str(directory / "empty.toml"),
        "TONGBAN_DATABASE__URL": url,
        "TONGBAN_STATE__URL": f"sqlite:///{directory / 'state.db'}",
        "TONGBAN_SECRETS__FILE": str(directory / "secrets.toml"),
        "WRITES": str(WRITES),
    }
    ended = subprocess.run(
        [sys.executable, "-c", _KILLED], env=os.environ | env, capture_output=True, text=True, timeout=120
    )
    assert ended.returncode in (0, -signal.SIGKILL), ended.stderr
    return ended.returncode


def under_old_key(connection: Connection) -> int:
    ring = cipher(NEW, OLD)
    return sum(ring.needs_rotation(blob) for one in SEALED for _, blob in one.rows(connection))


@pytest.mark.processes
def test_a_rotation_killed_at_any_write_leaves_everything_readable_and_is_finished_by_the_next(
    any_database: Database, any_database_url: str, tmp_path: Path
) -> None:
    engine, url, directory = any_database.engine, any_database_url, tmp_path
    fill(url)
    (directory / "empty.toml").write_text("")
    secrets = directory / "secrets.toml"
    secrets.write_text(
        f'field_keys = ["{NEW}", "{OLD}"]\nindex_keys = ["{INDEX}"]\n'
        f'audit_key = "{keys_of("a")}"\nanchor_key = "{keys_of("n")}"\ncookie_key = "{keys_of("c")}"\n'
    )
    secrets.chmod(0o600)
    with engine.connect() as connection:
        before = under_old_key(connection)
    assert before == ROWS * len(SEALED)
    kills = 0
    while rotate_until_killed(url, directory) != 0:
        kills += 1
        with engine.connect() as connection:
            assert unreadable(connection, cipher(NEW, OLD)) == []
            assert under_old_key(connection) < before, "each run comes further"
            before = under_old_key(connection)
    assert kills >= 3
    with engine.connect() as connection:
        assert unreadable(connection, cipher(NEW)) == []
