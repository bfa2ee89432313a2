"""Recovery codes: ten, each once, counted apart."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.recovery_code import COUNT, FEW, Left, Verified, left, remove
from idp.credentials.rules import Denied, Refusal
from idp.db import Database, Statement
from tests.credentials.conftest import PASSWORD, add_person
from tests.credentials.racing import NOW, passwords, recovery_codes

WRONG = Denied(Refusal.RECOVERY_CODE_WRONG)


def make(database: Database, party_id: str) -> list[str]:
    with database.transaction() as tx:
        return recovery_codes(database).make(tx, party_id=party_id, now=NOW)


def use(database: Database, party_id: str, code: str, *, now: int = NOW) -> Verified | Denied:
    return recovery_codes(database).verify(party_id=party_id, key=account_key(party_id), code=code, now=now)


def unused(database: Database, party_id: str) -> Left | None:
    with database.transaction() as tx:
        return left(tx, party_id)


def test_ten_codes_of_eighty_bits_each_good_once(any_database: Database, person: str) -> None:
    assert unused(any_database, person) is None
    codes = make(any_database, person)
    assert len(set(codes)) == COUNT == 10
    assert all(re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", code) for code in codes)
    for number, code in enumerate(codes, 1):
        assert use(any_database, person, code) == Verified(10 - number)
        assert use(any_database, person, code, now=NOW + number * 3700) == WRONG
        assert unused(any_database, person) == Left(10 - number, NOW)


def test_few_are_said_to_be_few() -> None:
    assert [number for number in range(11) if Left(number, NOW).few] == list(range(FEW + 1))


def test_codes_are_taken_as_people_copy_them(database: Database, person_here: str) -> None:
    first, second, third, *_ = make(database, person_here)
    assert use(database, person_here, f"  {first.lower().replace('-', ' ')} ") == Verified(9)
    assert use(database, person_here, second.replace("-", "").replace("0", "o").replace("1", "l")) == Verified(8)
    wide = third.translate({ord(char): ord(char) + 0xFEE0 for char in third if char.isalnum()})
    assert use(database, person_here, wide) == Verified(7)


@pytest.mark.parametrize("code", ["", "-", "\0", "\udc80", "0000-0000-0000-0000", "７" * 300])
def test_garbage_is_wrong(database: Database, person_here: str, code: str) -> None:
    make(database, person_here)
    assert use(database, person_here, code) == WRONG


def test_a_code_is_of_no_use_for_somebody_else(database: Database, person_here: str) -> None:
    other = add_person(database, "pty_2")
    code = make(database, person_here)[0]
    make(database, other)
    assert use(database, other, code) == WRONG
    assert use(database, person_here, code) == Verified(9)


def test_new_codes_replace_the_ones_before_and_removed_ones_are_none(database: Database, person_here: str) -> None:
    old, new = make(database, person_here), make(database, person_here)
    assert use(database, person_here, old[0]) == WRONG
    assert use(database, person_here, new[0]) == Verified(9)
    with database.transaction() as tx:
        assert remove(tx, party_id=person_here)
        assert not remove(tx, party_id=person_here)
    assert use(database, person_here, new[1]) == WRONG
    assert unused(database, person_here) is None


def test_ten_wrong_codes_lock_them_and_leave_the_password_open(any_database: Database, person: str) -> None:
    code = make(any_database, person)[0]
    answers = [use(any_database, person, "0000") for _ in range(10)]
    assert answers[:9] == [WRONG] * 9
    assert answers[9] == Denied(Refusal.RECOVERY_CODE_WRONG, until=NOW + 900, newly_locked=True)
    assert use(any_database, person, code) == Denied(Refusal.RECOVERY_CODE_LOCKED, until=NOW + 900)
    answer = passwords(any_database).verify(party_id=person, key=account_key(person), password=PASSWORD, now=NOW)
    assert not isinstance(answer, Denied)
    assert use(any_database, person, code, now=NOW + 900) == Verified(9)


def test_of_parallel_tries_with_one_code_one_wins(any_database: Database, person: str) -> None:
    codes = make(any_database, person)
    with ThreadPoolExecutor(6) as pool:
        for number, code in enumerate(codes, 1):
            now = NOW + number * 3600  # a new hour: the losers' failures lock nobody
            got = list(pool.map(lambda _, c=code, n=now: use(any_database, person, c, now=n), range(6)))
            won = [answer for answer in got if isinstance(answer, Verified)]
            assert len(won) == 1, got


def test_who_has_no_codes_and_who_is_nobody_run_the_same_statements(
    database: Database, person_here: str, statements: list[str]
) -> None:
    make(database, person_here)
    seen = []
    for party, key in (("pty_1", account_key("pty_1")), ("pty_2", account_key("pty_2")), (None, unknown_key(b"x"))):
        statements.clear()
        assert recovery_codes(database).verify(party_id=party, key=key, code="0000", now=NOW) == WRONG
        seen.append(list(statements))
    assert seen[0] == seen[1] == seen[2]


def test_no_code_stands_in_clear(database: Database, person_here: str) -> None:
    codes = make(database, person_here)
    with database.transaction() as tx:
        kept = b"".join(tx.all(Statement("SELECT sealed FROM recovery_code", bytes)))
    assert not any(form.encode() in kept for code in codes for form in (code, code.replace("-", "")))
