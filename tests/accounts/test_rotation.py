"""Sealing and indexing anew: every row comes under the first keys, also when it was interrupted."""

import pytest

from idp.accounts.actions import Active
from idp.accounts.documents import Passport
from idp.accounts.rotation import rotate_accounts
from idp.accounts.rules import Mobile
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database
from tests.accounts.test_directory import HOLDER, NOW, directory
from tests.provider import keys_of

PEOPLE = 5
ROWS = 4
"""Of one person: two identifiers, profile, document."""


class Interrupted(Exception):
    pass


@pytest.fixture
def people(database: Database) -> list[Mobile]:
    numbers = [Mobile(f"1381234000{n}") for n in range(PEOPLE)]
    with database.transaction() as tx:
        for mobile in numbers:
            opened = directory().open_person(tx, mobile=mobile, user_name=None, now=NOW)
            assert isinstance(opened, Active)
            directory().set_profile(tx, opened.party_id, {"name": mobile.value}, now=NOW)
            directory().record_document(
                tx,
                opened.party_id,
                document=Passport(f"E{mobile.value[-4:]}"),
                name=HOLDER,
                valid_to=None,
                source="test",
                now=NOW,
            )
    return numbers


def rotate(database: Database, fields: tuple[str, ...], index: tuple[str, ...], progress=lambda _: None) -> int:
    rings = [parse_ring([f"{key}:{keys_of(key)}" for key in keys], name="test") for keys in (fields, index)]
    return rotate_accounts(database, FieldCipher(rings[0]), BlindIndex(rings[1]), progress=progress)


def test_afterwards_the_old_keys_are_not_needed(database: Database, people: list[Mobile]) -> None:
    assert rotate(database, ("g", "f"), ("j", "i")) == ROWS * PEOPLE
    with database.transaction() as tx:
        for mobile in people:
            found = directory(("g",), ("j",)).lookup(tx, mobile)
            assert isinstance(found, Active)
            read = directory(("g",), ("j",)).person(tx, found.party_id)
            assert read.mobile == mobile
            assert read.profile == {"name": mobile.value}
            assert read.identity
            assert (read.identity.document, read.identity.name) == (Passport(f"E{mobile.value[-4:]}"), HOLDER)
            assert directory(("g",), ("j",)).lookup(tx, read.identity.document) == found


def test_a_second_run_changes_nothing(database: Database, people: list[Mobile]) -> None:
    rotate(database, ("g", "f"), ("j", "i"))
    assert rotate(database, ("g", "f"), ("j", "i")) == 0


def test_a_second_index_key_alone_moves_the_index(database: Database, people: list[Mobile]) -> None:
    assert rotate(database, ("f",), ("j", "i")) == 2 * PEOPLE
    with database.transaction() as tx:
        assert isinstance(directory(("f",), ("j",)).lookup(tx, people[0]), Active)


def test_an_interrupted_run_leaves_everybody_found_and_is_finished_by_the_next(
    database: Database, people: list[Mobile], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("idp.accounts.rotation._BATCH", 2)

    def stop(_: str) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        rotate(database, ("g", "f"), ("j", "i"), stop)
    with database.transaction() as tx:
        assert all(isinstance(directory(("g", "f"), ("j", "i")).lookup(tx, mobile), Active) for mobile in people)
    assert rotate(database, ("g", "f"), ("j", "i")) == ROWS * PEOPLE - 2
    with database.transaction() as tx:
        assert all(isinstance(directory(("g",), ("j",)).lookup(tx, mobile), Active) for mobile in people)
