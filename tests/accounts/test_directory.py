"""The directory: identifiers belong to one account, are found under every key of the ring, and stand sealed."""

from contextlib import suppress

import pytest

from idp.accounts.acceptances import accept_agreements, acceptances
from idp.accounts.actions import Active, Directory, Identity, Taken, Unknown
from idp.accounts.anchors import Anchors
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document, IdNumber, Passport, TravelPermit
from idp.accounts.names import PersonName
from idp.accounts.rules import Kind, Mobile, UserName
from idp.crypto.fields import BlindIndex, FieldCipher, FieldUnreadable
from idp.crypto.rings import parse_ring
from idp.db import Database, Statement, Transaction
from tests.provider import keys_of

NOW = 1_800_000_000
MOBILE, NAME = Mobile("13812340001"), UserName("harbour_lamp")


def directory(fields: tuple[str, ...] = ("f",), index: tuple[str, ...] = ("i",)) -> Directory:
    rings = [parse_ring([f"{key}:{keys_of(key)}" for key in keys], name="test") for keys in (fields, index)]
    return Directory(FieldCipher(rings[0]), BlindIndex(rings[1]), Anchors(b"an anchor key of thirty-two bytes"))


ID, HOLDER = IdNumber("430105199003070011"), PersonName("周𪚥文")


def recorded(tx: Transaction, party_id: str, document: Document, *, now: int = NOW) -> Identity | Taken:
    return directory().record_document(
        tx, party_id, document=document, name=HOLDER, valid_to=NOW + 9, source="test", now=now
    )


def another(tx: Transaction, mobile: str, user_name: UserName | None = None) -> str:
    opened = directory().open_person(tx, mobile=Mobile(mobile), user_name=user_name, now=NOW)
    assert isinstance(opened, Active)
    return opened.party_id


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
        subs = [one.subjects.of(tx, sector=sector, party_id=person) for sector in ("tax", "social", "tax")]
    with any_database.transaction() as tx:
        assert [known.subjects.of(tx, sector="tax", party_id=person) for known in (one, directory())] == [subs[0]] * 2
    assert subs[0] == subs[2] != subs[1]
    assert all(sub.startswith("pw_") and person not in sub for sub in subs)


def test_a_subject_of_a_transaction_that_failed_is_not_remembered(database: Database) -> None:
    one = directory()
    with database.transaction() as tx:
        opened = one.open_person(tx, mobile=MOBILE, user_name=None, now=NOW)
    assert isinstance(opened, Active)
    lost = ""
    with suppress(ZeroDivisionError), database.transaction() as tx:
        lost = one.subjects.of(tx, sector="tax", party_id=opened.party_id)
        raise ZeroDivisionError
    with database.transaction() as tx:
        assert one.subjects.of(tx, sector="tax", party_id=opened.party_id) != lost


def test_subjects_beyond_the_bound_are_read_again(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("idp.accounts.subjects._SUBJECTS_MOST", 1)
    one = directory()
    with database.transaction() as tx:
        opened = one.open_person(tx, mobile=MOBILE, user_name=None, now=NOW)
    assert isinstance(opened, Active)
    subs = []
    for sector in ("tax", "social", "tax"):
        with database.transaction() as tx:
            subs.append(one.subjects.of(tx, sector=sector, party_id=opened.party_id))
    assert subs[0] == subs[2] != subs[1]


def test_every_accepted_version_is_remembered_once(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        accept_agreements(tx, person, {"user": "1", "privacy": "1"}, now=NOW)
        accept_agreements(tx, person, {"user": "1", "privacy": "2"}, now=NOW + 5)
        found = [(row.document, row.version, row.accepted_at) for row in acceptances(tx, person)]
    assert found == [("privacy", "1", NOW), ("privacy", "2", NOW + 5), ("user", "1", NOW)]


def test_a_documents_number_finds_its_holder_and_shows_who_that_is(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        assert recorded(tx, person, ID) == Identity(HOLDER, ID, NOW, NOW + 9)
        assert directory().lookup(tx, ID) == Active(person)
        assert directory().person(tx, person).identity == Identity(HOLDER, ID, NOW, NOW + 9)
        event = tx.one(Statement("SELECT event FROM audit_event WHERE event LIKE '%document%'", str))
    assert event == "person:document:recorded"


def test_without_a_document_nobody_knows_who_somebody_is(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        assert directory().person(tx, person).identity is None
        assert directory().lookup(tx, ID) == Unknown()


def test_a_document_belongs_to_one_account_also_under_a_new_index_key(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        other = another(tx, "13812340002")
        recorded(tx, person, ID)
        rotating = directory(("g", "f"), ("j", "i"))
        for known in (directory(), rotating):
            taken = known.record_document(tx, other, document=ID, name=HOLDER, valid_to=None, source="test", now=NOW)
            assert taken == Taken(Kind.ID_NUMBER)
        assert directory().person(tx, other).identity is None


def test_a_newer_document_of_a_kind_replaces_the_one_before(any_database: Database, person: str) -> None:
    old, new = Passport("E12345678"), Passport("E87654321")
    with any_database.transaction() as tx:
        recorded(tx, person, old)
        recorded(tx, person, ID, now=NOW + 1)
        recorded(tx, person, new, now=NOW + 2)
        recorded(tx, person, new, now=NOW + 3)
        assert directory().lookup(tx, old) == Unknown()
        assert directory().lookup(tx, new) == directory().lookup(tx, ID) == Active(person)
        assert directory().person(tx, person).identity == Identity(HOLDER, new, NOW + 3, NOW + 9)
        rows = tx.all(Statement("SELECT ended_at FROM identity_document ORDER BY created_at", lambda ended: ended))
    assert rows == [NOW + 2, None, NOW + 3, None]


def test_of_what_may_be_several_things_the_document_comes_before_the_user_name(any_database: Database) -> None:
    """Nobody keeps others from their account by calling themselves like their document."""
    passport, name = Passport("GA1234567"), UserName("ga1234567")
    with any_database.transaction() as tx:
        holder, squatter = another(tx, "13812340003"), another(tx, "13812340004", name)
        assert directory().lookup(tx, passport, name) == Active(squatter)
        recorded(tx, holder, passport)
        assert directory().lookup(tx, passport, name) == Active(holder)
        assert directory().lookup(tx, name) == Active(squatter)
        assert directory().lookup(tx, TravelPermit("H12345678"), Passport("H12345678")) == Unknown()
        assert directory().lookup(tx) == Unknown()


def test_a_party_that_is_no_person_is_found_by_its_credit_code(any_database: Database, person: str) -> None:
    code = CreditCode("91430100MA0000007Q")
    with any_database.transaction() as tx:
        assert directory().add_identifier(tx, person, code, verified=True, now=NOW)
        assert directory().lookup(tx, code) == Active(person)
        assert directory().person(tx, person).mobile == MOBILE


def test_a_document_put_into_another_row_is_noticed(any_database: Database, person: str) -> None:
    with any_database.transaction() as tx:
        other = another(tx, "13812340002")
        recorded(tx, person, ID)
        recorded(tx, other, Passport("E12345678"))
        sealed = tx.all(
            Statement("SELECT sealed FROM identity_document WHERE party_id = :party", bytes), party=person
        )
        assert not any(part.encode() in sealed[0] for part in (ID.value, HOLDER.value))
        tx.run(
            Statement("UPDATE identity_document SET sealed = :sealed WHERE party_id = :party", int),
            sealed=sealed[0],
            party=other,
        )
        with pytest.raises(FieldUnreadable):
            directory().person(tx, other)
