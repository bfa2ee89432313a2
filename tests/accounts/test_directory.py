"""The directory: identifiers belong to one account, are found under every key of the ring, and stand sealed."""

from contextlib import suppress

import pytest

from idp.accounts.actions import Active, Directory, Taken, Unknown, accept_agreements, acceptances
from idp.accounts.rules import Kind, Mobile, UserName
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database, Statement
from tests.provider import keys_of

NOW = 1_800_000_000
MOBILE, NAME = Mobile("13812340001"), UserName("harbour_lamp")


def directory(fields: tuple[str, ...] = ("f",), index: tuple[str, ...] = ("i",)) -> Directory:
    rings = [parse_ring([f"{key}:{keys_of(key)}" for key in keys], name="test") for keys in (fields, index)]
    return Directory(FieldCipher(rings[0]), BlindIndex(rings[1]))


@pytest.fixture
def person(any_database: Database) -> str:
    with any_database.transaction() as tx:
        opened = directory().open_person(tx, mobile=MOBILE, user_name=NAME, now=NOW)
    assert isinstance(opened, Active)
    return opened.party_id


def test_an_account_is_found_by_each_of_its_identifiers(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        assert directory().lookup(tx, MOBILE) == Active(person)
        assert directory().lookup(tx, NAME) == Active(person)
        assert directory().lookup(tx, Mobile("13812340002")) == Unknown()


def test_an_identifier_belongs_to_one_account(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        assert directory().open_person(tx, mobile=MOBILE, user_name=None, now=NOW) == Taken(Kind.MOBILE)
    other = Mobile("13812340002")
    with any_database.transaction() as tx:
        assert directory().open_person(tx, mobile=other, user_name=NAME, now=NOW) == Taken(Kind.USER_NAME)


def test_a_number_and_a_name_of_the_same_text_are_different_identifiers() -> None:
    known = directory()
    assert known.blind(MOBILE) != known.blind(UserName(MOBILE.value))
    assert known.blind(MOBILE) != known.blind_text(MOBILE.value)


def test_a_closed_account_is_not_found(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        tx.run(Statement("UPDATE party SET status = 'closed' WHERE id = :id", int), id=person)
        assert directory().lookup(tx, MOBILE) == Unknown()


def test_a_person_is_read_with_everything_known(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        directory().set_profile(tx, person, {"name": "周𪚥文"}, now=NOW + 1)
        directory().set_profile(tx, person, {"name": "古丽娜·阿依丁"}, now=NOW + 2)
        read = directory().person(tx, person)
    assert (read.mobile, read.user_name, read.profile) == (MOBILE, NAME, {"name": "古丽娜·阿依丁"})
    assert (read.created_at, read.updated_at) == (NOW, NOW + 2)


def test_nobody_reads_as_a_person_without_anything(any_database: Database) -> None:
    with any_database.transaction() as tx:
        read = directory().person(tx, "pty_nobody")
    assert (read.mobile, read.user_name, read.profile, read.updated_at, read.created_at) == (None, None, {}, None, 0)


def test_identifiers_stand_sealed(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        rows = tx.all(Statement("SELECT sealed, blind FROM party_identifier", lambda s, b: bytes(s) + bytes(b)))
    assert len(rows) == 2
    assert not any(MOBILE.value.encode() in row or NAME.value.encode() in row for row in rows)


def test_with_a_new_index_key_in_front_accounts_are_found_and_stay_unique(
    any_database: Database, person: str
) -> None:
    rotating = directory(("g", "f"), ("j", "i"))
    with any_database.transaction() as tx:
        assert rotating.lookup(tx, MOBILE) == Active(person)
        assert rotating.open_person(tx, mobile=MOBILE, user_name=None, now=NOW) == Taken(Kind.MOBILE)


def test_a_subject_is_stable_in_its_sector_and_different_in_every_other(any_database: Database, person: str) -> None:
    one = directory()
    with any_database.transaction() as tx:
        subs = [one.subject(tx, sector=sector, party_id=person) for sector in ("tax", "social", "tax")]
    with any_database.transaction() as tx:
        assert [known.subject(tx, sector="tax", party_id=person) for known in (one, directory())] == [subs[0]] * 2
    assert subs[0] == subs[2] != subs[1]
    assert all(sub.startswith("pw_") and person not in sub for sub in subs)


def test_a_subject_of_a_transaction_that_failed_is_not_remembered(database: Database) -> None:
    one = directory()
    with database.transaction() as tx:
        opened = one.open_person(tx, mobile=MOBILE, user_name=None, now=NOW)
    assert isinstance(opened, Active)
    lost = ""
    with suppress(ZeroDivisionError), database.transaction() as tx:
        lost = one.subject(tx, sector="tax", party_id=opened.party_id)
        raise ZeroDivisionError
    with database.transaction() as tx:
        assert one.subject(tx, sector="tax", party_id=opened.party_id) != lost


def test_subjects_beyond_the_bound_are_read_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.accounts.actions._SUBJECTS_MOST", 1)
    one = directory()
    with database.transaction() as tx:
        opened = one.open_person(tx, mobile=MOBILE, user_name=None, now=NOW)
    assert isinstance(opened, Active)
    subs = []
    for sector in ("tax", "social", "tax"):
        with database.transaction() as tx:
            subs.append(one.subject(tx, sector=sector, party_id=opened.party_id))
    assert subs[0] == subs[2] != subs[1]


def test_every_accepted_version_is_remembered_once(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        accept_agreements(tx, person, {"user": "1", "privacy": "1"}, now=NOW)
        accept_agreements(tx, person, {"user": "1", "privacy": "2"}, now=NOW + 5)
        found = [(row.document, row.version, row.accepted_at) for row in acceptances(tx, person)]
    assert found == [("privacy", "1", NOW), ("privacy", "2", NOW + 5), ("user", "1", NOW)]
