"""What the tests of credentials share: a party with a password, statements as they run."""

from typing import Any

import pytest

from idp.credentials.password import store_password
from idp.db import Database, Statement
from tests.credentials.racing import NOW, passwords
from tests.statements import noted

ADD_PARTY = Statement[Any]("INSERT INTO party (id, kind, status, created_at) VALUES (:id, 'person', 'active', 1)")
PASSWORD = "Blue-Horse-77"


def add_person(database: Database, party_id: str) -> str:
    """A party whose password is `PASSWORD`."""
    hashed = passwords(database).hash(PASSWORD)
    with database.transaction() as tx:
        tx.run(ADD_PARTY, id=party_id)
        store_password(tx, party_id=party_id, hashed=hashed, now=NOW)
    return party_id


@pytest.fixture
def person(any_database: Database) -> str:
    return add_person(any_database, "pty_1")


@pytest.fixture
def person_here(database: Database) -> str:
    """The same, on SQLite alone."""
    return add_person(database, "pty_1")


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every statement, in order; clear it where counting begins."""
    return noted(monkeypatch)
