"""The authenticator app: RFC 6238, each step once, counted apart from the password."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pyotp
import pytest

from idp.credentials import totp
from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.rules import Denied, Refusal
from idp.credentials.totp import ENROLMENT_LIFETIME, Totp, Verified, enrolled_at, remove
from idp.db import Database, Statement
from tests.credentials.conftest import PASSWORD
from tests.credentials.racing import NOW, passwords, totps

WRONG = Denied(Refusal.TOTP_WRONG)
USED = Denied(Refusal.TOTP_USED)


def code_at(secret: str, at: int) -> str:
    return pyotp.TOTP(secret).at(at)


def wrong_at(secret: str, at: int) -> str:
    """Six digits that are no code around ``at``."""
    right = {code_at(secret, at + drift) for drift in (-60, -30, 0, 30, 60)}
    return next(
        digits for digits in ("000000", "111111", "222222", "333333", "444444", "555555") if digits not in right
    )


def enrol(database: Database, party_id: str, *, now: int = NOW) -> str:
    """The secret of an app confirmed at ``now``."""
    with database.transaction() as tx:
        secret = totps(database).begin(tx, party_id=party_id, label="138****8000", now=now).secret
        confirmed = totps(database).confirm(tx, party_id=party_id, code=code_at(secret, now), now=now)
    assert confirmed == Verified()
    return secret


def verify(check: Totp, party_id: str, code: str, *, now: int) -> Verified | Denied:
    return check.verify(party_id=party_id, key=account_key(party_id), code=code, now=now)


def test_the_code_of_the_moment_and_of_the_neighbouring_steps_is_right(any_database: Database, person: str) -> None:
    secret, check = enrol(any_database, person), totps(any_database)
    now = NOW + 300
    assert verify(check, person, code_at(secret, now - 60), now=now) == WRONG
    assert verify(check, person, code_at(secret, now + 60), now=now) == WRONG
    for at in (now - 30, now, now + 30):
        assert verify(check, person, code_at(secret, at), now=now) == Verified()


def test_a_step_and_all_before_it_are_good_once(any_database: Database, person: str) -> None:
    secret, check = enrol(any_database, person), totps(any_database)
    assert verify(check, person, code_at(secret, NOW), now=NOW) == USED, "confirming used it"
    now = NOW + 300
    assert verify(check, person, code_at(secret, now), now=now) == Verified()
    assert verify(check, person, code_at(secret, now), now=now) == USED
    assert verify(check, person, code_at(secret, now - 30), now=now) == USED
    assert verify(check, person, code_at(secret, now + 30), now=now + 30) == Verified()


def test_digits_are_taken_as_people_type_them(database: Database, person_here: str) -> None:
    secret = enrol(database, person_here)
    digits = code_at(secret, NOW + 300)
    typed = f" {digits[:3]} {digits[3:]} ".translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert verify(totps(database), person_here, typed, now=NOW + 300) == Verified()


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "\0" * 6, "\udc80", "９" * 300])
def test_garbage_is_wrong(database: Database, person_here: str, code: str) -> None:
    enrol(database, person_here)
    assert verify(totps(database), person_here, code, now=NOW + 300) == WRONG


def test_ten_wrong_codes_lock_the_app_and_leave_the_password_open(any_database: Database, person: str) -> None:
    secret, check = enrol(any_database, person), totps(any_database)
    now = NOW + 300
    wrong = wrong_at(secret, now)
    assert [verify(check, person, wrong, now=now) for _ in range(9)] == [WRONG] * 9
    until = now + 900
    assert verify(check, person, wrong, now=now) == Denied(Refusal.TOTP_WRONG, until=until, newly_locked=True)
    assert verify(check, person, code_at(secret, now), now=now) == Denied(Refusal.TOTP_LOCKED, until=until)
    signed_in = passwords(any_database).verify(party_id=person, key=account_key(person), password=PASSWORD, now=now)
    assert not isinstance(signed_in, Denied)
    assert verify(check, person, code_at(secret, until), now=until) == Verified()


def test_replays_count_as_wrong_answers(database: Database, person_here: str) -> None:
    secret, check = enrol(database, person_here), totps(database)
    for _ in range(9):
        assert verify(check, person_here, code_at(secret, NOW), now=NOW) == USED
    last = verify(check, person_here, code_at(secret, NOW), now=NOW)
    assert isinstance(last, Denied)
    assert last.newly_locked


def test_who_has_no_app_and_who_is_nobody_run_the_same_statements(
    database: Database, person_here: str, statements: list[str]
) -> None:
    secret, check = enrol(database, person_here), totps(database)
    seen = []
    for party, key in (("pty_1", account_key("pty_1")), ("pty_2", account_key("pty_2")), (None, unknown_key(b"x"))):
        statements.clear()
        code = wrong_at(secret, NOW)
        assert check.verify(party_id=party, key=key, code=code, now=NOW) == WRONG
        seen.append(list(statements))
    assert seen[0] == seen[1] == seen[2]


def test_of_parallel_tries_with_one_code_one_wins(any_database: Database, person: str) -> None:
    secret, check = enrol(any_database, person), totps(any_database)
    with ThreadPoolExecutor(6) as pool:
        for number in range(1, 11):
            now = NOW + number * 3600  # a new hour: the losers' failures lock nobody
            code = code_at(secret, now)
            got = list(pool.map(lambda _, code=code, now=now: verify(check, person, code, now=now), range(6)))
            assert got.count(Verified()) == 1, got
            assert all(isinstance(answer, Denied) for answer in got if answer != Verified())


def test_an_enrolment_is_confirmed_by_its_own_code_only_and_in_time(database: Database, person_here: str) -> None:
    check = totps(database)
    with database.transaction() as tx:
        secret = check.begin(tx, party_id=person_here, label="x", now=NOW).secret
        assert check.confirm(tx, party_id=person_here, code=wrong_at(secret, NOW), now=NOW) == WRONG
        assert enrolled_at(tx, person_here) is None
        shown = check.pending(tx, party_id=person_here, label="x", now=NOW)
        assert shown is not None
        assert shown.secret == secret
        late = NOW + ENROLMENT_LIFETIME
        expired = Denied(Refusal.ENROLMENT_EXPIRED)
        assert check.confirm(tx, party_id=person_here, code=code_at(secret, late), now=late) == expired
        assert check.confirm(tx, party_id=person_here, code=code_at(secret, NOW), now=NOW) == Verified()
        assert check.confirm(tx, party_id=person_here, code=code_at(secret, NOW), now=NOW) == expired
        assert enrolled_at(tx, person_here) == NOW
    assert verify(check, person_here, code_at(secret, NOW + 60), now=NOW + 60) == Verified()


def test_an_unconfirmed_secret_is_no_factor_and_replaces_none(database: Database, person_here: str) -> None:
    old, check = enrol(database, person_here), totps(database)
    with database.transaction() as tx:
        new = check.begin(tx, party_id=person_here, label="x", now=NOW + 60).secret
    assert verify(check, person_here, code_at(new, NOW + 300), now=NOW + 300) == WRONG
    assert verify(check, person_here, code_at(old, NOW + 300), now=NOW + 300) == Verified()
    with database.transaction() as tx:
        answer = check.confirm(tx, party_id=person_here, code=code_at(new, NOW + 400), now=NOW + 400)
        assert answer == Verified()
    assert verify(check, person_here, code_at(old, NOW + 500), now=NOW + 500) == WRONG
    assert verify(check, person_here, code_at(new, NOW + 500), now=NOW + 500) == Verified()


def test_a_removed_app_is_no_factor(database: Database, person_here: str) -> None:
    secret = enrol(database, person_here)
    with database.transaction() as tx:
        assert remove(tx, party_id=person_here)
        assert not remove(tx, party_id=person_here)
        assert enrolled_at(tx, person_here) is None
    assert verify(totps(database), person_here, code_at(secret, NOW + 300), now=NOW + 300) == WRONG


def test_enrolments_that_nobody_confirms_are_forgotten(database: Database, person_here: str) -> None:
    check = totps(database)
    with database.transaction() as tx:
        check.begin(tx, party_id=person_here, label="x", now=NOW)
        assert totp.purge(tx, now=NOW + ENROLMENT_LIFETIME) == 0
        assert totp.purge(tx, now=NOW + ENROLMENT_LIFETIME + 1) == 1
    enrol(database, person_here)
    with database.transaction() as tx:
        check.begin(tx, party_id=person_here, label="x", now=NOW)
        assert totp.purge(tx, now=NOW + ENROLMENT_LIFETIME + 1) == 1
        assert enrolled_at(tx, person_here) == NOW


def test_the_secret_has_twenty_random_bytes_and_stands_sealed(database: Database, person_here: str) -> None:
    check = totps(database)
    with database.transaction() as tx:
        first = check.begin(tx, party_id=person_here, label="138****8000", now=NOW)
        second = check.begin(tx, party_id=person_here, label="138****8000", now=NOW)
        assert first.secret != second.secret
        assert len(pyotp.TOTP(first.secret).byte_secret()) == 20
        kept = tx.all(Statement("SELECT pending FROM totp", bytes))
    assert second.secret.encode() not in kept[0]
    assert pyotp.TOTP(second.secret).byte_secret() not in kept[0]
    assert second.secret not in repr(second)


def test_the_app_is_told_the_standard_address_and_shown_it_as_a_picture(database: Database, person_here: str) -> None:
    with database.transaction() as tx:
        told = totps(database).begin(tx, party_id=person_here, label="138****8000", now=NOW)
    address = urlsplit(told.uri)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    assert parse_qs(address.query) == {"secret": [told.secret], "issuer": ["通办"]}
    picture = ElementTree.fromstring(told.qr)  # noqa: S314 - our own text
    assert picture.tag == "svg"
    assert "style" not in told.qr, "the content security policy forbids it"
