import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.budgets import AddressBudget
from idp.credentials.password import (
    Denied,
    Hasher,
    Passwords,
    PoolBusy,
    Verified,
    changed_at,
    store_password,
    unlock,
)
from idp.credentials.policy import PROFILES, Acceptable, Fault, Personal
from idp.credentials.policy import Denied as Unfit
from idp.credentials.purge import purge
from idp.credentials.rules import Refusal
from idp.db import Database, Statement
from idp.settings import Password, PasswordLimits
from idp.state.sql import DatabaseStore
from idp.web.reasons import known_reason
from idp.web.words.signin import PASSWORD_RULES
from tests.credentials.conftest import PASSWORD, add_person
from tests.credentials.racing import FAST, INDEX, NOW, passwords, race

WRONG = Denied(Refusal.CREDENTIALS_REFUSED)


def sign_in(check: Passwords, party_id: str, password: str, *, now: int = NOW) -> Verified | Denied:
    return check.verify(party_id=party_id, key=account_key(party_id), password=password, now=now)


def test_the_right_password_is_verified_and_others_are_not(any_database: Database, person: str) -> None:
    check = passwords(any_database)
    assert sign_in(check, person, PASSWORD) == Verified()
    for wrong in ("", PASSWORD + " ", PASSWORD.lower(), PASSWORD[:-1], "x\udc80", "\0" * 300):
        assert sign_in(check, person, wrong) == WRONG


def test_compatibility_forms_are_the_same_password(database: Database) -> None:
    add_person(database, "pty_1")
    assert sign_in(passwords(database), "pty_1", "Ｂｌｕｅ－Ｈｏｒｓｅ－７７") == Verified()


def test_every_character_of_a_long_password_counts(database: Database) -> None:
    check, long = passwords(database), "vk9-Qw7+" * 32
    add_person(database, "pty_1")
    with database.transaction() as tx:
        store_password(tx, party_id="pty_1", hashed=check.hash(long), now=NOW + 1)
        assert changed_at(tx, "pty_1") == NOW + 1
        assert changed_at(tx, "pty_2") is None
    assert sign_in(check, "pty_1", long) == Verified()
    assert sign_in(check, "pty_1", long[:-1] + "-") == WRONG
    assert sign_in(check, "pty_1", long[:72]) == WRONG


def test_ten_wrong_passwords_lock_and_the_tenth_says_so(any_database: Database, person: str) -> None:
    check = passwords(any_database)
    assert [sign_in(check, person, "wrong", now=NOW + n) for n in range(9)] == [WRONG] * 9
    last = Denied(Refusal.CREDENTIALS_REFUSED, until=NOW + 9 + 900, newly_locked=True)
    assert sign_in(check, person, "wrong", now=NOW + 9) == last
    locked = Denied(Refusal.PASSWORD_LOCKED, until=NOW + 9 + 900)
    assert sign_in(check, person, PASSWORD, now=NOW + 10) == locked
    assert sign_in(check, person, "wrong", now=NOW + 10) == locked
    assert sign_in(check, person, PASSWORD, now=NOW + 909) == Verified()


def test_a_success_by_another_factor_opens_the_password_at_once(any_database: Database, person: str) -> None:
    check = passwords(any_database)
    for _ in range(10):
        sign_in(check, person, "wrong")
    with any_database.transaction() as tx:
        assert unlock(tx, party_id=person, now=NOW)
        assert not unlock(tx, party_id=person, now=NOW)
    assert sign_in(check, person, PASSWORD) == Verified()


def test_a_right_password_gives_its_attempt_back(database: Database) -> None:
    check = passwords(database)
    add_person(database, "pty_1")
    assert {sign_in(check, "pty_1", PASSWORD) for _ in range(30)} == {Verified()}


def test_an_identifier_nobody_owns_is_treated_alike(database: Database, statements: list[str]) -> None:
    check = passwords(database)
    add_person(database, "pty_1")
    statements.clear()
    known = [sign_in(check, "pty_1", "wrong") for _ in range(11)]
    statements_of_known, key = list(statements), unknown_key(INDEX.current("mobile", "+8613900139000"))
    statements.clear()
    unknown = [check.verify(party_id=None, key=key, password="wrong", now=NOW) for _ in range(11)]
    assert known == unknown
    assert statements_of_known == statements


def test_an_unknown_account_costs_one_hash_of_the_same_parameters(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    matches = Hasher.matches

    def recording(self: Hasher, stored: str, password: str) -> bool:
        hashed.append(stored)
        return matches(self, stored, password)

    monkeypatch.setattr(Hasher, "matches", recording)
    check = passwords(database)
    add_person(database, "pty_1")
    sign_in(check, "pty_1", "wrong")
    check.verify(party_id=None, key=b"u:x", password="wrong", now=NOW)
    known, unknown = (stored.split("$")[:4] for stored in hashed)
    assert known == unknown
    assert [len(part) for part in hashed[0].split("$")] == [len(part) for part in hashed[1].split("$")]


def test_other_parameters_make_a_new_hash_at_the_next_sign_in(any_database: Database, person: str) -> None:
    def stored() -> str:
        with any_database.autocommit() as tx:
            return tx.all(Statement("SELECT hash FROM password", str))[0]

    before = stored()
    stronger = passwords(any_database, FAST.model_copy(update={"argon2_time": 2}))
    assert sign_in(stronger, person, "wrong") == WRONG
    assert stored() == before
    assert sign_in(stronger, person, PASSWORD) == Verified()
    assert "t=2," in stored()
    after = stored()
    assert sign_in(stronger, person, PASSWORD) == Verified()
    assert stored() == after


def test_no_hash_is_computed_inside_a_transaction(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_person(database, "pty_1")
    matches = Hasher.matches

    def checking(self: Hasher, stored: str, password: str) -> bool:
        with database.transaction() as tx:  # waits for nobody: no other writing unit is open
            pending = tx.all(Statement("SELECT pending FROM attempt", str))
        assert pending == [f"[{NOW}]"]
        return matches(self, stored, password)

    monkeypatch.setattr(Hasher, "matches", checking)
    assert sign_in(passwords(database), "pty_1", PASSWORD) == Verified()


def test_a_crash_while_hashing_counts_as_a_failure(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    add_person(database, "pty_1")
    check = passwords(database)

    def crash(self: Hasher, stored: str, password: str) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Hasher, "matches", crash)
        for _ in range(10):
            with pytest.raises(KeyboardInterrupt):
                sign_in(check, "pty_1", "wrong")
    assert sign_in(check, "pty_1", PASSWORD, now=NOW + 60) == Denied(Refusal.PASSWORD_LOCKED, until=NOW + 60 + 900)


def test_callers_beyond_the_pool_are_refused_at_once() -> None:
    hasher = Hasher(FAST.model_copy(update={"hash_workers": 1}), waiting=1)
    inside, leave = threading.Event(), threading.Event()

    def occupy() -> None:
        with hasher.slot():
            inside.set()
            leave.wait(5)

    with ThreadPoolExecutor(2) as pool:
        pool.submit(occupy)
        inside.wait(5)
        waiting = pool.submit(occupy)
        while hasher._places.acquire(blocking=False):
            hasher._places.release()
            time.sleep(0.001)
        began = time.monotonic()
        with pytest.raises(PoolBusy), hasher.slot():
            pass
        assert time.monotonic() - began < 1
        leave.set()
        waiting.result()
    with hasher.slot():
        pass


def test_a_full_pool_is_told_without_a_place_being_taken() -> None:
    hasher = Hasher(FAST.model_copy(update={"hash_workers": 1}), waiting=0)
    for _ in range(3):
        hasher.check_places()
    with hasher.slot(), pytest.raises(PoolBusy):
        hasher.check_places()
    hasher.check_places()


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_hashes_are_computed_behind_everything_else() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    hasher, own = Hasher(FAST), priority()
    assert hasher._threads.submit(priority).result() == min(19, own + 10)
    assert priority() == own


def test_a_caller_waits_for_the_pool_only_so_long() -> None:
    hasher = Hasher(FAST.model_copy(update={"hash_workers": 1, "hash_wait": 0.05}))
    with hasher.slot(), pytest.raises(PoolBusy), hasher.slot():
        pass
    with hasher.slot():
        pass


def test_failures_are_counted_per_address_and_successes_are_not(database: Database) -> None:
    budget = AddressBudget(DatabaseStore(database), INDEX, "signin-address", 3)
    check = Passwords(database, Hasher(FAST), FAST, Password(), budget)
    add_person(database, "pty_1")

    def try_from(address: str, password: str) -> Verified | Denied:
        return check.verify(party_id="pty_1", key=account_key("pty_1"), password=password, address=address, now=NOW)

    assert [try_from("192.0.2.1", PASSWORD) for _ in range(5)] == [Verified()] * 5
    assert [try_from("192.0.2.1", "wrong") for _ in range(3)] == [WRONG] * 3
    assert budget.allows("192.0.2.2")
    assert try_from("192.0.2.1", PASSWORD) == Denied(Refusal.TOO_MANY_REQUESTS)
    assert try_from("192.0.2.2", PASSWORD) == Verified()


def test_a_budget_of_zero_is_none(database: Database) -> None:
    budget = AddressBudget(DatabaseStore(database), INDEX, "signin-address", 0)
    for _ in range(10):
        budget.count("192.0.2.1")
    assert budget.allows("192.0.2.1")


def test_the_installation_s_profile_judges_new_passwords(database: Database) -> None:
    check = Passwords(database, Hasher(FAST), FAST, Password(profile="mlps", min_length=10))
    assert isinstance(check.judge("vkqzpwM7-x", Personal()), Acceptable)
    assert isinstance(check.judge("vkqzpwM7x", Personal()), Unfit)


@pytest.mark.parametrize("profile", PROFILES)
def test_the_advice_above_a_new_password_has_its_sentences(database: Database, profile: Any) -> None:
    advice = Passwords(database, Hasher(FAST), FAST, Password(profile=profile, min_length=6)).advice()
    assert advice[0][1]["number"] == PROFILES[profile].min_length
    assert advice[0][1].get("most") == PROFILES[profile].advised_max
    assert {name for name, _ in advice} <= PASSWORD_RULES.keys()
    assert any(PROFILES[profile].symbols in str(said.values()) for _, said in advice)


def test_every_refusal_has_its_sentence() -> None:
    assert all(known_reason(reason) for reason in (*Refusal, *Fault))


def test_what_no_longer_counts_is_purged(any_database: Database, person: str) -> None:
    check = passwords(any_database)
    for _ in range(10):
        sign_in(check, person, "wrong")
    two_days = 2 * 86400
    with any_database.transaction() as tx:
        assert purge(tx, now=NOW + two_days, policy=check.policy) == 0
        assert purge(tx, now=NOW + two_days + 901, policy=check.policy) == 1


def signing_in(url: str, party_id: str, inputs: list[str]) -> dict[str, Any]:
    return {"task": "sign_in", "database": url, "party": party_id, "threads": 12, "inputs": inputs}


@pytest.mark.processes
def test_of_200_parallel_wrong_passwords_over_two_processes_ten_are_evaluated(
    any_database_url: str, any_database: Database, person: str
) -> None:
    order = {
        "task": "sign_in",
        "database": any_database_url,
        "party": person,
        "threads": 12,
        "inputs": ["wrong"] * 100,
    }
    outcomes = [outcome for process in race([order, order]) for outcome in process]
    assert outcomes.count("credentials_refused") == 10
    assert outcomes.count("password_locked") == 190
    assert isinstance(sign_in(passwords(any_database), person, PASSWORD), Denied)


@pytest.mark.processes
def test_parallel_right_passwords_over_two_processes_are_all_accepted(
    any_database_url: str, any_database: Database, person: str
) -> None:
    order = {
        "task": "sign_in",
        "database": any_database_url,
        "party": person,
        "threads": 12,
        "inputs": [PASSWORD] * 40,
    }
    assert race([order, order]) == [["right"] * 40] * 2


def test_the_default_parameters_are_those_of_the_design() -> None:
    hasher = Hasher(PasswordLimits())
    assert hasher.hash("x").startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.matches(hasher.hash("x"), "x")
    assert not hasher.matches(hasher.dummy, "x")
    assert not hasher.matches("not a hash", "x")
    assert not hasher.is_outdated(hasher.dummy)
