"""Requests over both databases: approved once, completed once, stopped once, whoever else does so at the moment."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.accounts.actions import Active, Directory
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.tokens import digest
from idp.db import Database, Statement
from idp.disputes.actions import Disputes
from idp.disputes.rules import Calendar
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.messages.outbox import init_outbox
from idp.proofing.rules import PhonePolicy
from idp.recovery.requests import Requests
from idp.recovery.rules import Claim, Decider, Request, State, Way
from tests.accounts.test_directory import directory
from tests.grants.making import CIPHER

NOW = 1_800_000_000
NAME, NUMBER = PersonName("欧阳清岚"), IdNumber("11010519491231002X")
OLD, NEW = Mobile("13812340001"), Mobile("13700002222")
BY = Decider("pty_operator", "prp_1")


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.fixture
def people() -> Directory:
    return directory()


@pytest.fixture
def requests(people: Directory) -> Requests:
    plain = Calendar(frozenset(), frozenset(), frozenset())
    return Requests(CIPHER, people, Disputes(CIPHER, people, plain, working_days=10), PhonePolicy())


@pytest.fixture
def party(any_database: Database, people: Directory) -> str:
    with any_database.transaction() as tx:
        opened = people.open_person(tx, mobile=OLD, user_name=None, now=NOW)
        assert isinstance(opened, Active)
        people.record_document(tx, opened.party_id, document=NUMBER, name=NAME, valid_to=None, source="test", now=NOW)
    return opened.party_id


@pytest.fixture
def filed(any_database: Database, requests: Requests) -> Request:
    with any_database.transaction() as tx:
        return requests.file(tx, Claim(NAME, NUMBER, NEW), Way.COUNTER, locale="zh", now=NOW)


def test_of_approvals_at_once_one_wins(
    any_database: Database, requests: Requests, party: str, filed: Request
) -> None:
    def approve(_: int) -> bool:
        with any_database.transaction() as tx:
            return requests.approve(tx, filed, party, BY, now=NOW + 1)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, range(4))) == [False] * 3 + [True]
    with any_database.transaction() as tx:
        found = requests.approved(tx, filed.id, now=NOW + 2)
        assert found is not None
        assert (found.state, found.party_id, found.claim) == (State.APPROVED, party, filed.claim)
        sent = tx.all(Statement("SELECT id FROM outbox", str))
    assert len(sent) == 2


def test_of_an_approval_and_a_rejection_at_once_one_wins(
    any_database: Database, requests: Requests, party: str, filed: Request
) -> None:
    def decide(approving: bool) -> bool:
        with any_database.transaction() as tx:
            if approving:
                return requests.approve(tx, filed, party, BY, now=NOW + 1)
            return requests.reject(tx, filed, BY, now=NOW + 1)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(decide, (True, False))) == [False, True]


def test_of_new_passwords_at_once_from_several_browsers_one_is_set(
    any_database: Database, requests: Requests, people: Directory, party: str, filed: Request
) -> None:
    journeys = Journeys(CIPHER, lifetime=1800)
    facts = {"request": filed.id, "party_id": party, "mobile": NEW.value, "challenge": "", "proved": True}
    with any_database.transaction() as tx:
        assert requests.approve(tx, filed, party, BY, now=NOW + 1)
        begun = [
            journeys.begin(tx, FlowKind.RECOVERY_APPROVED, facts, browser=digest(str(one)), now=NOW + 2)
            for one in range(4)
        ]

    class Late(Exception):
        """Rolls back, as the page does."""

    def complete(place: int) -> str | None:
        try:
            with any_database.transaction() as tx:
                done = requests.complete(tx, journeys, begun[place], hashed=f"hash-{place}", now=NOW + 3)
                if not done:
                    raise Late
        except Late:
            return None
        return f"hash-{place}"

    with ThreadPoolExecutor(4) as pool:
        hashes = [found for found in pool.map(complete, range(4)) if found]
    with any_database.transaction() as tx:
        assert tx.all(Statement("SELECT hash FROM password", str)) == hashes
        assert people.lookup(tx, NEW) == Active(party)
        assert len(hashes) == 1
