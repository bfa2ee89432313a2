import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, Issued, Proved, SmsCodes
from idp.db import Database, Statement
from idp.settings import SmsLimits
from idp.state.opening import open_store
from idp.state.store import StateUnavailable, Store
from tests.credentials.racing import CIPHER, NOW, open_database, race, sms_codes

PHONE, OTHER = "+8613800138000", "+8613900139000"
EASY = SmsLimits(per_number_interval=0, per_number_daily=100_000, per_address_hourly=0)
EXPIRED = Denied(Refusal.CODE_EXPIRED)


@pytest.fixture
def store(database: Database, tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'state.db'}", database, 1.0)
    yield store
    store.close()


@pytest.fixture
def codes(database: Database, store: Store) -> SmsCodes:
    return sms_codes(database, store, EASY)


def issue(codes: SmsCodes, **changes: Any) -> Issued | Denied:
    order = {
        "purpose": Purpose.SIGN_IN, "phone": PHONE, "browser": "b", "locale": "zh", "deliver": True, "now": NOW,
        **changes,
    }  # fmt: skip
    return codes.issue(**order)


def challenge(codes: SmsCodes, **changes: Any) -> str:
    issued = issue(codes, **changes)
    assert isinstance(issued, Issued)
    return issued.challenge_id


def answer(codes: SmsCodes, challenge_id: str, code: str, **changes: Any) -> Proved | Denied:
    order = {"purpose": Purpose.SIGN_IN, "browser": "b", "now": NOW, **changes}
    return codes.answer(challenge_id=challenge_id, code=code, **order)


def messages(database: Database) -> list[tuple[str, dict[str, Any]]]:
    """Kind and content of every row of the outbox, oldest first."""
    with database.autocommit() as tx:
        order = "rowid" if tx.dialect == "sqlite" else "id"
        rows = tx.all(Statement(f"SELECT id, kind, payload FROM outbox ORDER BY {order}", lambda *row: row))
    return [(kind, json.loads(CIPHER.open(sealed, context=f"outbox.payload:{row}"))) for row, kind, sealed in rows]


def last_code(database: Database) -> str:
    code: str = messages(database)[-1][1]["params"]["code"]
    return code


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def test_the_code_leaves_through_the_outbox_and_proves_the_phone_once(database: Database, codes: SmsCodes) -> None:
    issued = issue(codes, party_id="pty_1")
    assert isinstance(issued, Issued)
    assert (issued.expires_at, issued.resend_at) == (NOW + 300, NOW)
    ((kind, message),) = messages(database)
    code = message["params"]["code"]
    assert kind == "sms"
    assert (len(code), code.isdigit()) == (6, True)
    expected = {"to": PHONE, "template": "signin_code", "params": {"code": code, "minutes": "5"}, "locale": "zh"}
    assert message == expected
    assert answer(codes, issued.challenge_id, code) == Proved(PHONE, Purpose.SIGN_IN)
    assert answer(codes, issued.challenge_id, code) == EXPIRED


@pytest.mark.parametrize("purpose", Purpose)
def test_every_purpose_has_its_wording(database: Database, codes: SmsCodes, purpose: Purpose) -> None:
    from idp.messages.templates import render

    challenge(codes, purpose=purpose)
    message = messages(database)[-1][1]
    assert last_code(database) in render(message["template"], locale="en", params=message["params"])


def test_full_width_digits_and_blanks_are_understood(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    code = last_code(database)
    typed = " ".join(chr(ord(digit) + 0xFEE0) for digit in code)
    assert isinstance(answer(codes, first, typed), Proved)


@pytest.mark.parametrize(
    "changes", [{"browser": "another"}, {"browser": ""}, {"purpose": Purpose.REGISTER}, {"purpose": Purpose.CONFIRM}]
)
def test_a_code_is_good_in_its_browser_and_for_its_purpose_only(
    database: Database, codes: SmsCodes, changes: dict[str, Any]
) -> None:
    first = challenge(codes)
    code = last_code(database)
    for _ in range(10):
        assert answer(codes, first, code, **changes) == EXPIRED
    assert isinstance(answer(codes, first, code), Proved)


def test_the_number_is_told_to_the_browser_of_the_open_challenge_only(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    asked: dict[str, Any] = {"challenge_id": first, "purpose": Purpose.SIGN_IN, "browser": "b"}
    assert codes.phone(**asked) == PHONE
    for change in ({"browser": "another"}, {"purpose": Purpose.CONFIRM}, {"challenge_id": "smc_other"}):
        assert codes.phone(**{**asked, **change}) is None
    answer(codes, first, last_code(database))
    assert codes.phone(**asked) is None


def test_five_wrong_answers_end_a_code(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    code = last_code(database)
    for left in (4, 3, 2, 1):
        assert answer(codes, first, wrong(code)) == Denied(Refusal.CODE_WRONG, answers_left=left)
    assert answer(codes, first, "") == Denied(Refusal.CODE_EXHAUSTED, answers_left=0)
    assert answer(codes, first, code) == Denied(Refusal.CODE_EXHAUSTED, answers_left=0)


def test_four_wrong_answers_leave_the_fifth(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    code = last_code(database)
    for _ in range(4):
        answer(codes, first, wrong(code))
    assert isinstance(answer(codes, first, code), Proved)


def test_a_code_ends_after_its_lifetime(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    assert isinstance(answer(codes, first, last_code(database), now=NOW + 300), Denied)
    assert isinstance(answer(codes, first, last_code(database), now=NOW + 299), Proved)


def test_a_new_code_replaces_the_old_one(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    old = last_code(database)
    second = challenge(codes, replaces=first)
    assert answer(codes, first, old) == EXPIRED
    assert isinstance(answer(codes, second, last_code(database)), Proved)


def test_nobody_replaces_the_code_of_another_browser(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes)
    code = last_code(database)
    challenge(codes, replaces=first, browser="another")
    challenge(codes, replaces=first, purpose=Purpose.CONFIRM)
    challenge(codes, replaces="nothing")
    assert isinstance(answer(codes, first, code), Proved)


@pytest.mark.parametrize("challenge_id", ["", "smc_unknown", "\udc80", "x" * 5000, "'; DROP TABLE sms_challenge --"])
def test_a_challenge_that_never_was_is_expired(codes: SmsCodes, challenge_id: str) -> None:
    assert answer(codes, challenge_id, "123456") == EXPIRED


@pytest.mark.parametrize("code", ["", "1", "1234567", "abcdef", "\udc80", "x" * 5000, "\0"])
def test_what_is_no_code_is_a_wrong_code(codes: SmsCodes, code: str) -> None:
    assert answer(codes, challenge(codes), code) == Denied(Refusal.CODE_WRONG, answers_left=4)


def test_a_number_that_is_to_get_none_is_treated_alike(
    database: Database, codes: SmsCodes, statements: list[str]
) -> None:
    def story(deliver: bool, phone: str) -> tuple[list[str], list[Refusal]]:
        statements.clear()
        first = challenge(codes, deliver=deliver, phone=phone)
        second = challenge(codes, deliver=deliver, phone=phone, replaces=first)
        got = [answer(codes, second, "0") for _ in range(6)]
        return list(statements), [denied.reason for denied in got if isinstance(denied, Denied)]

    assert story(True, PHONE) == story(False, OTHER)
    assert [(kind, message.keys()) for kind, message in messages(database)][2:] == [
        ("none", message.keys()) for _, message in messages(database)[:2]
    ]


def test_no_answer_is_right_for_a_number_that_got_none(database: Database, codes: SmsCodes) -> None:
    first = challenge(codes, deliver=False)
    assert answer(codes, first, last_code(database)) == Denied(Refusal.CODE_WRONG, answers_left=4)


def test_one_message_a_minute_and_ten_a_day_for_a_number_over_all_purposes(any_database: Database) -> None:
    codes = sms_codes(any_database, open_store("database", any_database, 1.0), SmsLimits())
    first = challenge(codes)
    purposes = [Purpose.REGISTER, Purpose.SIGN_IN, Purpose.CONFIRM] * 3
    assert issue(codes, purpose=Purpose.REGISTER) == Denied(Refusal.SMS_TOO_SOON, until=NOW + 60)
    assert isinstance(issue(codes, phone=OTHER), Issued)
    for number, purpose in enumerate(purposes, start=1):
        assert isinstance(issue(codes, purpose=purpose, deliver=False, now=NOW + 60 * number), Issued)
    assert issue(codes, now=NOW + 600) == Denied(Refusal.SMS_DAILY_LIMIT, until=NOW + 86400)
    assert len(messages(any_database)) == 11
    assert isinstance(issue(codes, replaces=first, now=NOW + 86400), Issued)


def test_a_refused_message_leaves_the_earlier_code_good(database: Database, store: Store) -> None:
    codes = sms_codes(database, store, SmsLimits())
    first = challenge(codes)
    assert isinstance(issue(codes, replaces=first), Denied)
    assert isinstance(answer(codes, first, last_code(database)), Proved)


def test_one_address_causes_only_so_many_messages(database: Database, store: Store) -> None:
    codes = sms_codes(database, store, EASY.model_copy(update={"per_address_hourly": 3}))
    numbers = [f"+861380013800{digit}" for digit in range(4)]
    got = [issue(codes, phone=phone, address="192.0.2.1") for phone in numbers]
    assert [isinstance(one, Issued) for one in got] == [True, True, True, False]
    assert got[3] == Denied(Refusal.SMS_ADDRESS_LIMIT)
    assert isinstance(issue(codes, phone=numbers[3], address="192.0.2.2"), Issued)


def test_many_messages_in_an_hour_raise_one_alarm(
    database: Database, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = sms_codes(database, store, EASY.model_copy(update={"global_hourly": 2}))
    for _ in range(5):
        challenge(codes)
    output = capsys.readouterr()
    assert (output.out + output.err).count("sms_budget_exceeded") == 1


def test_a_flushed_state_store_ends_codes_and_keeps_budgets(database: Database, store: Store, tmp_path: Path) -> None:
    first = challenge(sms_codes(database, store, SmsLimits()))
    flushed = open_store(f"sqlite:///{tmp_path / 'flushed.db'}", database, 1.0)
    codes = sms_codes(database, flushed, SmsLimits())
    assert answer(codes, first, last_code(database)) == EXPIRED
    assert issue(codes, now=NOW + 59) == Denied(Refusal.SMS_TOO_SOON, until=NOW + 60)


class Restored:
    """A state store that comes back with everything as it was before each use."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, ns: str, key: str) -> dict[str, Any] | None:
        return self._store.get(ns, key)

    def delete(self, ns: str, key: str) -> None:
        return None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


def test_a_restored_state_store_gives_no_second_win_and_no_further_tries(database: Database, store: Store) -> None:
    codes = sms_codes(database, Restored(store), EASY)  # type: ignore[arg-type]
    first = challenge(codes)
    code = last_code(database)
    assert isinstance(answer(codes, first, code), Proved)
    assert isinstance(answer(codes, first, code), Denied)
    second = challenge(codes)
    code = last_code(database)
    for _ in range(5):
        answer(codes, second, wrong(code))
    assert isinstance(answer(codes, second, code), Denied)
    third = challenge(codes)
    code = last_code(database)
    challenge(codes, replaces=third)
    assert isinstance(answer(codes, third, code), Denied)


def test_without_the_state_store_no_message_is_sent(
    database: Database, codes: SmsCodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unavailable(*_: Any) -> None:
        raise StateUnavailable

    monkeypatch.setattr("idp.state.sql.SqliteStore.put", unavailable)
    with pytest.raises(StateUnavailable):
        issue(codes)
    assert messages(database) == []


def test_neither_code_nor_phone_is_stored_in_clear(database: Database, codes: SmsCodes, tmp_path: Path) -> None:
    challenge(codes)
    code = last_code(database)
    stored = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert b"sms_challenge" in stored
    for secret in (code, PHONE, PHONE[3:]):
        assert secret.encode() not in stored


def test_nothing_secret_is_shown_by_a_repr() -> None:
    assert "138" not in repr(Proved(PHONE, Purpose.SIGN_IN))


STATES = [
    "sqlite",
    pytest.param("postgresql", marks=pytest.mark.services),
    pytest.param("redis", marks=pytest.mark.services),
]


@pytest.mark.processes
@pytest.mark.parametrize("state", STATES)
def test_of_six_parallel_answers_over_two_processes_one_wins(
    state: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = request.getfixturevalue("sqlite_url" if state == "sqlite" else "postgres_database_url")
    state_url = {"sqlite": f"sqlite:///{tmp_path / 'state.db'}", "postgresql": "database"}.get(state)
    state_url = state_url or request.getfixturevalue("redis_url")
    database = open_database(url)
    codes = sms_codes(database, open_store(state_url, database, 5.0), EASY)
    opened = [(challenge(codes, phone=phone), phone) for phone in (f"+86138{number:08}" for number in range(50))]
    sent = {message["to"]: message["params"]["code"] for _, message in messages(database)}
    pairs = [(one, sent[phone]) for one, phone in opened]
    order = {"task": "answer", "database": url, "state": state_url, "threads": 9}
    rounds = [pair for pair in pairs for _ in range(3)]
    results = race([{**order, "inputs": rounds}, {**order, "inputs": rounds}])
    for number in range(50):
        got = [outcome for process in results for outcome in process[3 * number : 3 * number + 3]]
        assert got.count("right") == 1
        assert set(got) <= {"right", "code_expired", "code_exhausted"}
    database.engine.dispose()


def test_of_parallel_wrong_answers_five_are_compared(any_database_url: str) -> None:
    database = open_database(any_database_url)
    codes = sms_codes(database, open_store("database", database, 5.0), EASY)
    first = challenge(codes)
    order = {"task": "answer", "database": any_database_url, "state": "database", "threads": 9}
    inputs = [(first, wrong(last_code(database)))] * 20
    outcomes = [one for process in race([{**order, "inputs": inputs}] * 2) for one in process]
    assert outcomes.count("code_wrong") == 4
    assert outcomes.count("code_exhausted") == 36
    database.engine.dispose()
