"""The statements of capabilities, on both databases."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import pytest

from idp.accounts.actions import Active
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.capabilities import checks, counter
from idp.capabilities.checks import DepartmentChecks
from idp.capabilities.counter import Counter
from idp.capabilities.proofing import Means, Seen
from idp.capabilities.rules import LIFETIME, Check, CheckResult, Refused, Wait
from idp.clients import permits
from idp.clients.actions import put
from idp.clients.capabilities import Permit, Terms, read_terms
from idp.clients.rules import Client
from idp.crypto.tokens import new_id
from idp.db import Database, Statement
from idp.messages.outbox import init_outbox
from tests.console.test_storage import CIPHER, directory, joining
from tests.provider import CLIENTS

NOW = 1_800_000_000
ASKED = {"sub": "pw_1", "matter": "YL-1", "nonce": "n" * 16}


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


def person(database: Database, phone: str) -> str:
    mobile = Mobile.parse(phone)
    assert mobile is not None
    with database.transaction() as tx:
        opened = directory().open_person(tx, mobile=mobile, user_name=None, now=NOW)
    assert isinstance(opened, Active)
    return opened.party_id


def granted(database: Database, capability: str) -> Permit:
    terms = read_terms({"capability": capability, "purpose": {"zh": "复核"}, "law": "法", "daily": 2})
    assert isinstance(terms, Terms)
    with database.transaction() as tx:
        client = put(tx, CLIENTS[0], now=NOW)
        assert isinstance(client, Client)
        key = permits.apply(tx, client, terms, actor=None, now=NOW)
        permit = permits.find(tx, key)
        assert permit is not None
        assert permits.grant(tx, permit, actor="pty_1", now=NOW)
        assert not permits.grant(tx, permit, actor="pty_1", now=NOW)
        assert set(permits.in_force(tx)["app"]) == {terms.capability}
    return permit


def seen(number: str, reference: str) -> Seen:
    name, document = PersonName("欧阳清岚"), IdNumber("11010519491231002X")
    return Seen("token", number, name, document, date(2040, 1, 1), Means.CHIP_READ, reference)


def test_a_check_is_asked_agreed_to_and_answered_once_within_the_quota(any_database: Database) -> None:
    permit, found = granted(any_database, "name_check"), DepartmentChecks(CIPHER)
    party = person(any_database, "13812340001")
    with any_database.transaction() as tx:
        check = found.start(tx, permit, party_id=party, **ASKED, most=10, now=NOW)
        late = found.start(tx, permit, party_id=party, **ASKED, most=10, now=NOW)
        wait = found.start(tx, permit, party_id=party, **ASKED, most=10, now=NOW)
        assert wait == Wait(Refused.QUOTA_USED_UP, 28800)
        assert not isinstance(check, Wait)
        assert not isinstance(late, Wait)
        assert [checks.agree(tx, check, now=NOW) for _ in range(2)] == [True, False]
        assert [checks.finish(tx, check, passed=True, now=NOW) for _ in range(2)] == [True, False]
        expired = found.answered(tx, late.id, now=NOW + LIFETIME)
        assert expired is not None
        assert (expired.result, expired.judged_at) == (CheckResult.EXPIRED, NOW + LIFETIME)
        assert {(use.result, use.count) for use in permits.uses(tx, "app", days=9, now=NOW)} == {
            ("started", 2), ("quota_used_up", 1), ("passed", 1), ("expired", 1),
        }  # fmt: skip


def test_what_is_done_elsewhere_is_replaced_by_who_saw_it_alone(any_database: Database) -> None:
    permit, found = granted(any_database, "face_check"), DepartmentChecks(CIPHER)
    party = person(any_database, "13812340001")
    with any_database.transaction() as tx:
        asked = found.start(tx, permit, party_id=party, **ASKED, most=10, now=NOW)
        assert not isinstance(asked, Wait)
        assert checks.agree(tx, asked, outside="chk_1", now=NOW)
        first = found.find(tx, asked.id)
        assert first is not None
        assert not checks.agree(tx, asked, outside="chk_2", now=NOW)
        assert checks.agree(tx, first, outside="chk_2", now=NOW)
        assert not checks.agree(tx, first, outside="chk_3", now=NOW)
        checks.reopen(tx, first)
        second = found.find(tx, asked.id)
        assert second is not None
        assert second.outside == "chk_2"
        checks.reopen(tx, second)
        reopened = found.find(tx, asked.id)
        assert reopened is not None
        assert (reopened.state, reopened.outside) == ("waiting", None)


def test_of_numbers_shown_at_once_one_is_good_and_nobody_waits_for_ever(any_database: Database) -> None:
    permit, desk = granted(any_database, "counter_proofing"), Counter(any_database, joining(directory()))
    clerk, party = person(any_database, "13812340001"), person(any_database, "13812340002")

    def show(_: int) -> str:
        with any_database.transaction() as tx:
            return desk.show_number(tx, party, now=NOW)

    with ThreadPoolExecutor(4) as pool:
        numbers = list(pool.map(show, range(12)))
    with any_database.autocommit() as tx:
        kept = tx.all(Statement("SELECT blind FROM counter_number", bytes))
    assert len(kept) == 1
    (good,) = [
        number for number in numbers if bytes(kept[0]) in directory().blinds_of_text(f"counter-number:{number}")
    ]
    assert str(desk.record(permit, clerk, seen(good, "CK-1"), now=NOW)).startswith("cpf_")


def test_a_number_is_taken_once_and_a_proof_recorded(any_database: Database) -> None:
    permit, desk = granted(any_database, "counter_proofing"), Counter(any_database, joining(directory()))
    clerk, party = person(any_database, "13812340001"), person(any_database, "13812340002")
    with any_database.transaction() as tx:
        desk.show_number(tx, party, now=NOW)
        number = desk.show_number(tx, party, now=NOW)
    once = seen(number, "CK-1")
    assert isinstance(desk.record(permit, clerk, once, now=NOW), str)
    assert desk.record(permit, clerk, once, now=NOW) is Refused.REFERENCE
    with any_database.transaction() as tx:
        counter.purge(tx, now=NOW)
        checks.purge(tx, before=NOW)
        permits.purge_uses(tx, before=NOW)


def test_of_many_who_agree_to_one_check_one_asks_and_one_use_is_paid(any_database: Database) -> None:
    permit, found = granted(any_database, "face_check"), DepartmentChecks(CIPHER)
    party = person(any_database, "13812340001")

    def agree(check: Check) -> tuple[bool, Wait | None]:
        with any_database.transaction() as tx:
            wait = checks.spend(tx, check, permit, most=10, now=NOW)
            return checks.agree(tx, check, outside=new_id("chk"), now=NOW), wait

    for paid in (1, 2):
        with any_database.transaction() as tx:
            check = found.start(tx, permit, party_id=party, **ASKED, request="prk_1", most=10, now=NOW)
            assert not isinstance(check, Wait)
        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(agree, [check] * 4))
        assert sorted(outcomes, key=str) == [(False, None)] * 3 + [(True, None)]
        with any_database.autocommit() as tx:
            assert {use.result: use.count for use in permits.uses(tx, "app", days=9, now=NOW)} == {"started": paid}
    with any_database.transaction() as tx:
        check = found.start(tx, permit, party_id=party, **ASKED, request="prk_1", most=10, now=NOW)
        assert not isinstance(check, Wait)
        used_up = Wait(Refused.QUOTA_USED_UP, 28800)
        assert [checks.spend(tx, check, permit, most=10, now=NOW) for _ in range(2)] == [used_up] * 2, "never free"


def test_of_answers_a_fetch_and_the_worker_find_at_once_one_is_metered(any_database: Database) -> None:
    permit, found = granted(any_database, "face_check"), DepartmentChecks(CIPHER)
    party = person(any_database, "13812340001")
    with any_database.transaction() as tx:
        check = found.start(tx, permit, party_id=party, **ASKED, most=10, now=NOW)
        assert not isinstance(check, Wait)

    def look(turn: int) -> CheckResult | None:
        if turn % 2:
            found.end_stale(any_database, now=NOW + LIFETIME)
        with any_database.transaction() as tx:
            answered = found.answered(tx, check.id, now=NOW + LIFETIME)
            return answered.result if answered else None

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(look, range(4))) == {CheckResult.EXPIRED}
    with any_database.autocommit() as tx:
        uses = {use.result: use.count for use in permits.uses(tx, "app", days=9, now=NOW)}
    assert uses == {"started": 1, "expired": 1}


def test_of_clerks_who_are_told_one_number_one_records_it(any_database: Database) -> None:
    permit, desk = granted(any_database, "counter_proofing"), Counter(any_database, joining(directory()))
    clerks = [person(any_database, f"1381234001{n}") for n in range(4)]
    party = person(any_database, "13812340002")
    for turn in range(2):
        with any_database.transaction() as tx:
            told = seen(desk.show_number(tx, party, now=NOW), f"CK-{turn}")

        def use(n: int, told: Seen = told) -> object:
            return desk.record(permit, clerks[n], replace(told, reference=f"{told.reference}-{n}"), now=NOW)

        with ThreadPoolExecutor(4) as pool:
            outcomes = list(pool.map(use, range(4)))
        assert sum(isinstance(one, str) and one.startswith("cpf_") for one in outcomes) == 1, outcomes
        assert outcomes.count(Refused.NUMBER) == 3
        with any_database.autocommit() as tx:
            assert tx.one(Statement("SELECT COUNT(*) FROM counter_proofing", int)) == turn + 1
