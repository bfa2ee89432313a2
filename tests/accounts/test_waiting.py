"""Accounts of older platforms: found by what their person shows, moved on by one winner, forgotten in the end."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from threading import Barrier
from time import sleep

import pytest

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber, Passport
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount, Representative
from idp.accounts.rules import Mobile, OldFlag, PartyKind, WaitingState
from idp.accounts.waiting import WaitingAccounts, erase, forget, rotate_waiting
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database, Statement, Transaction
from tests.provider import keys_of

NOW = 1_900_000_000
DOCUMENT, CODE = IdNumber("11010519491231002X"), CreditCode("91350100M000100Y43")
MOBILE, PASSPORT = Mobile("13812340001"), Passport("E12345678")
PERSON = OldAccount(name=PersonName("张三"), document=DOCUMENT, mobile=MOBILE, valid_to=date(2031, 2, 28))
ENTITY = OldAccount(
    credit_code=CODE, entity_name="长沙某某公司", representative=Representative(PersonName("ANNE O'NEIL"), PASSPORT)
)
ADD_BATCH = Statement(
    "INSERT INTO legacy_batch (id, digest, format, position, line, lines, accepted, updated, duplicates, quarantined,"
    " flagged, started_at) VALUES ('leb_1', :digest, 'csv', 0, 0, 0, 0, 0, 0, 0, 0, 1)"
)
ADD = Statement(
    "INSERT INTO legacy_account (id, batch_id, line_batch_id, platform, old_id, old_blind, kind, sealed, digest,"
    " document_blind, mobile_blind, credit_code_blind, representative_blind, state, flag, imported_at, updated_at,"
    " state_at) VALUES (:id, 'leb_1', 'leb_1', 'old', :old_id, :old_blind, :kind, :sealed, :digest, :document_blind,"
    " :mobile_blind, :credit_code_blind, :representative_blind, 'imported', :flag, :at, :at, :at)"
)
LEFT = Statement(
    "SELECT COUNT(sealed) + COUNT(digest) + COUNT(document_blind) + COUNT(mobile_blind), COUNT(old_id)"
    " FROM legacy_account WHERE id = :id"
)


def accounts(fields: str = "f", index: str = "i") -> WaitingAccounts:
    """With the keys of these names, the current first."""
    return WaitingAccounts(*keys(fields, index))


def keys(fields: str, index: str) -> tuple[FieldCipher, BlindIndex]:
    rings = [parse_ring([f"{key}:{keys_of(key)}" for key in names], name="test") for names in (fields, index)]
    return FieldCipher(rings[0]), BlindIndex(rings[1])


def add(tx: Transaction, key: str, told: OldAccount, *, at: int = 1, flag: OldFlag | None = None) -> None:
    kind = PartyKind.PERSON if told.document else PartyKind.ENTITY
    text = told.as_json()
    columns = {
        **accounts().seal(key, told, text),
        "digest": accounts().digests(text)[0],
        "old_id": accounts().seal_old_id(key, "old", key),
        "old_blind": accounts().of_old_id("old", key)[0],
    }
    tx.run(ADD, id=key, kind=kind, flag=flag, at=at, **columns)


@pytest.fixture
def tx(any_database: Database) -> Iterator[Transaction]:
    with any_database.transaction() as tx:
        tx.run(ADD_BATCH, digest=b"d")
        add(tx, "leg_1", PERSON)
        add(tx, "leg_2", ENTITY)
        yield tx


def test_a_waiting_account_is_found_by_what_its_person_shows_and_opens_to_what_was_said(tx: Transaction) -> None:
    found = {
        "leg_1": [accounts().find_by_document(tx, DOCUMENT), accounts().find_by_phone(tx, MOBILE)],
        "leg_2": [accounts().find_by_code(tx, CODE), accounts().of_representative(tx, PASSPORT)],
    }
    assert {key: [[one.id for one in some] for some in both] for key, both in found.items()} == {
        "leg_1": [["leg_1"]] * 2,
        "leg_2": [["leg_2"]] * 2,
    }
    person, entity = found["leg_1"][0][0], found["leg_2"][0][0]
    assert (person.kind, person.state, person.party_id) == (PartyKind.PERSON, WaitingState.IMPORTED, None)
    assert entity.kind is PartyKind.ENTITY
    assert accounts().open(tx, "leg_1") == PERSON
    assert accounts().open(tx, "leg_2") == ENTITY
    assert accounts().find_by_document(tx, PASSPORT) == [], "a representative's document finds no person's account"
    assert accounts().find_by_phone(tx, Mobile("13812340002")) == []


def test_a_move_has_one_winner_and_goes_from_where_the_account_stands(tx: Transaction) -> None:
    waiting = accounts()
    assert waiting.move(tx, "leg_1", WaitingState.IMPORTED, WaitingState.CLAIMED, now=NOW)
    assert not waiting.move(tx, "leg_1", WaitingState.IMPORTED, WaitingState.CLAIMED, now=NOW)
    (found,) = waiting.find_by_document(tx, DOCUMENT)
    assert (found.state, found.state_at) == (WaitingState.CLAIMED, NOW)
    assert waiting.move(tx, "leg_1", WaitingState.CLAIMED, WaitingState.ACTIVE, now=NOW)
    assert waiting.find_by_document(tx, DOCUMENT) == [], "what came to its end waits no more"


def test_what_was_closed_or_whose_person_is_dead_is_neither_found_nor_moved(tx: Transaction) -> None:
    for key, flag in (("leg_3", OldFlag.CLOSED), ("leg_4", OldFlag.DECEASED)):
        add(tx, key, OldAccount(name=PersonName("李四"), document=PASSPORT), flag=flag)
        assert not accounts().move(tx, key, WaitingState.IMPORTED, WaitingState.CLAIMED, now=NOW)
    assert accounts().find_by_document(tx, PASSPORT) == []


def test_what_was_said_is_forgotten_after_the_end_and_the_old_id_stays(tx: Transaction) -> None:
    add(tx, "leg_3", PERSON, flag=OldFlag.CLOSED)
    assert accounts().move(tx, "leg_2", WaitingState.IMPORTED, WaitingState.MERGED, now=NOW)
    forget(tx, before=NOW)
    assert [tx.one(LEFT, id=key) for key in ("leg_1", "leg_2", "leg_3")] == [(4, 1), (2, 1), (0, 1)]
    forget(tx, before=NOW + 1)
    assert [tx.one(LEFT, id=key) for key in ("leg_1", "leg_2", "leg_3")] == [(4, 1), (0, 1), (0, 1)]
    assert accounts().open(tx, "leg_2") is None


def test_an_account_that_closes_takes_along_what_older_platforms_said(tx: Transaction) -> None:
    tx.run(Statement("INSERT INTO party (id, kind, status, created_at) VALUES ('pty_1', 'person', 'active', 1)"))
    assert accounts().move(tx, "leg_1", WaitingState.IMPORTED, WaitingState.ACTIVE, party_id="pty_1", now=NOW)
    erase(tx, "pty_1", now=NOW)
    assert [tx.one(LEFT, id=key) for key in ("leg_1", "leg_2")] == [(0, 1), (2, 1)]


def test_before_and_after_a_rotation_waiting_accounts_are_found(any_database: Database) -> None:
    with any_database.transaction() as tx:
        tx.run(ADD_BATCH, digest=b"d")
        add(tx, "leg_1", PERSON)
        add(tx, "leg_2", ENTITY)
        assert [one.id for one in accounts("gf", "ji").find_by_document(tx, DOCUMENT)] == ["leg_1"]
    assert rotate_waiting(any_database, *keys("gf", "ji")) == 4
    assert rotate_waiting(any_database, *keys("gf", "ji")) == 0
    with any_database.transaction() as tx:
        after = accounts("g", "j")
        assert [one.id for one in after.find_by_document(tx, DOCUMENT)] == ["leg_1"]
        assert [one.id for one in after.of_representative(tx, PASSPORT)] == ["leg_2"]
        assert after.open(tx, "leg_2") == ENTITY
        stored = tx.one(Statement("SELECT old_blind FROM legacy_account WHERE id = 'leg_1'", bytes))
        assert stored == after.of_old_id("old", "leg_1")[0]


def test_two_who_move_the_same_accounts_in_different_orders_do_not_block_each_other(any_database: Database) -> None:
    keys_of_both = ["leg_1", "leg_2"]
    with any_database.transaction() as tx:
        tx.run(ADD_BATCH, digest=b"d")
        for key in keys_of_both:
            add(tx, key, PERSON)
    both = Barrier(2)

    def move(order: list[str]) -> int:
        moved = 0
        both.wait()
        with any_database.transaction() as tx:
            accounts().lock(tx, DOCUMENT)
            for key in order:
                moved += accounts().move(tx, key, WaitingState.IMPORTED, WaitingState.FACE_PASSED, now=NOW)
                sleep(0.2)  # the other is at its first, if it may be
        return moved

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(move, [keys_of_both, keys_of_both[::-1]])) == [0, 2]
