"""The console's statements over both databases, and its races over connections of their own."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.accounts.actions import Active, Directory
from idp.accounts.parties import status
from idp.accounts.rules import Mobile, PartyStatus
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, init_audit, record
from idp.audit import chains as chains_module
from idp.audit.reading import LATEST, Filter, Place, search
from idp.clients.actions import put
from idp.clients.rules import Client
from idp.console import invitations, sessions
from idp.console.acts import SUSPEND, acts, disable
from idp.console.four_eyes import Done, FourEyes
from idp.console.justifications import Justification, Justifications, reseal_justifications, standing
from idp.console.operators import Operators, rotate_operators
from idp.console.purge import purge
from idp.console.rules import Assignment, Denied, Factor, Operator, Proposal, Reason, Role, over
from idp.credentials.attempts import account_key, locks, reserve, settle
from idp.credentials.rules import AttemptKind, AttemptPolicy
from idp.crypto.fields import BlindIndex
from idp.crypto.rings import parse_ring
from idp.db import Database, Transaction
from idp.disputes.actions import Disputes
from idp.disputes.rules import Calendar
from idp.grants.actions import find, issue
from idp.messages.outbox import init_outbox
from idp.proofing.actions import add_evidence, proofs_of, require_proofing
from idp.proofing.joining import Joining
from idp.proofing.rules import PhonePolicy
from idp.recovery.requests import Requests
from idp.reviews.actions import Reviews
from idp.reviews.rules import Policy
from idp.signin import sessions as citizens
from idp.signin.interventions import Intervention, suspend
from idp.signin.rules import Method
from tests.accounts.test_directory import directory
from tests.grants.making import CIPHER, bound, grant
from tests.provider import keys_of

NOW = 1_800_000_000
DAY = 86400
INDEX = BlindIndex(parse_ring([f"i:{keys_of('i')}"], name="test"))
OPERATORS = Operators(CIPHER, INDEX)
INVITATIONS = invitations.Invitations(INDEX)
TAX = {
    "client_id": "tax",
    "name": "税",
    "sector": "tax",
    "state": "live",
    "auth_method": "none",
    "redirect_uris": ["https://tax.example/cb"],
}


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
def party(any_database: Database, people: Directory) -> str:
    with any_database.transaction() as tx:
        opened = people.open_person(tx, mobile=Mobile("13812340001"), user_name=None, now=NOW)
        made = put(tx, TAX, now=NOW)
    assert isinstance(made, Client)
    assert isinstance(opened, Active)
    return opened.party_id


def hired(tx: Transaction, name: str, *roles: Role) -> Operator:
    added = OPERATORS.add(tx, name=name, roles=frozenset(map(Assignment, roles)), actor=None, now=NOW)
    assert isinstance(added, Operator)
    return added


@pytest.fixture
def staff(any_database: Database) -> list[Operator]:
    with any_database.transaction() as tx:
        return [hired(tx, name, Role.REVIEW) for name in ("li.na", "zhao.min", "sun.li")]


def disputes(people: Directory) -> Disputes:
    return Disputes(CIPHER, people, Calendar(frozenset(), frozenset(), frozenset()), working_days=10)


def requests(people: Directory) -> Requests:
    return Requests(CIPHER, people, disputes(people), PhonePolicy())


def joining(people: Directory) -> Joining:
    return Joining(people, WaitingAccounts(CIPHER, INDEX))


def eyes(people: Directory) -> FourEyes:
    reviews = Reviews(CIPHER, joining(people), disputes(people), Policy(daily=3, photos=20, keep=DAY, valid=DAY))
    return FourEyes(CIPHER, acts(people, OPERATORS, INVITATIONS, requests(people), reviews))


def test_operators_are_found_by_name_and_id_until_disabled(any_database: Database, staff: list[Operator]) -> None:
    with any_database.transaction() as tx:
        assert OPERATORS.named(tx, " Li.Na ") == staff[0]
        assert OPERATORS.get(tx, staff[1].party_id) == staff[1]
        assert OPERATORS.named(tx, "nobody") is None
        taken = OPERATORS.add(tx, name="LI.NA", roles=staff[0].assignments, actor=None, now=NOW)
        assert taken == Denied(Reason.NAME_TAKEN)
        assert {one.name for one in OPERATORS.all(tx)} == {"li.na", "zhao.min", "sun.li"}
        assert disable(tx, staff[0].party_id, actor=None, now=NOW) is None
        assert disable(tx, staff[0].party_id, actor=None, now=NOW) == Denied(Reason.NOT_FOUND)
    assert rotate_operators(any_database, CIPHER, INDEX) == 0


def test_of_uses_of_a_link_at_once_one_wins(any_database: Database, staff: list[Operator]) -> None:
    with any_database.transaction() as tx:
        made = INVITATIONS.invite(tx, staff[0].party_id, actor=None, now=NOW)
        assert invitations.invited(tx, made.token, now=NOW) == (staff[0].party_id, True)
        assert invitations.use(tx, made.token, now=NOW) is None
        token = INVITATIONS.try_code(tx, made.token, made.code, now=NOW)
        assert isinstance(token, str)
        assert invitations.invited(tx, token, now=NOW) == (staff[0].party_id, False)

    def use(_: int) -> str | None:
        with any_database.transaction() as tx:
            return invitations.use(tx, token, now=NOW)

    with ThreadPoolExecutor(6) as pool:
        used = list(pool.map(use, range(6)))
    assert sorted(used, key=str) == [None] * 5 + [staff[0].party_id]


def test_a_session_is_completed_once_and_ends(any_database: Database, staff: list[Operator]) -> None:
    party = staff[0].party_id
    with any_database.transaction() as tx:
        _, first = sessions.start(tx, party, now=NOW)
        half = sessions.find(tx, first)
    assert half is not None
    assert not half.complete

    def complete(_: int) -> str | None:
        with any_database.transaction() as tx:
            return sessions.complete(tx, half, Factor.TOTP, absolute=100, now=NOW + 1)

    with ThreadPoolExecutor(4) as pool:
        secrets = [secret for secret in pool.map(complete, range(4)) if secret]
    assert len(secrets) == 1
    with any_database.transaction() as tx:
        assert sessions.find(tx, first) is None
        whole = sessions.find(tx, secrets[0])
        assert whole is not None
        assert whole.complete
        assert not over(whole, idle=50, now=NOW + 50)
        assert over(whole, idle=50, now=NOW + 51)
        sessions.touch(tx, whole.id, now=NOW + 40)
        sessions.end_all(tx, party, "operator-disabled", now=NOW + 41)
        assert sessions.find(tx, secrets[0]) is None


def test_reasons_are_read_stand_and_are_forgotten(any_database: Database, staff: list[Operator], party: str) -> None:
    kept, mine = Justifications(CIPHER), staff[0].party_id
    with any_database.transaction() as tx:
        key = kept.add(tx, Justification("来电", "GD-1"), operator=mine, subject=party, act="look", now=NOW)
        assert kept.read(tx, key) == Justification("来电", "GD-1")
        assert standing(tx, operator=mine, subject=party, now=NOW + 1799) == key
        assert standing(tx, operator=mine, subject=party, now=NOW + 1800) is None
        assert standing(tx, operator=staff[1].party_id, subject=party, now=NOW) is None
    assert reseal_justifications(any_database, CIPHER) == 0
    with any_database.transaction() as tx:
        purge(tx, now=NOW + 10 * DAY, retention=5 * DAY)
        assert kept.read(tx, key) is None


def propose(database: Database, people: Directory, proposer: Operator, party: str) -> Proposal:
    with database.transaction() as tx:
        made = eyes(people).propose(tx, SUSPEND, subject=party, payload={}, reason="来电", proposer=proposer, now=NOW)
    assert isinstance(made, Proposal)
    return made


def test_of_decisions_at_once_one_wins_and_the_act_is_done_once(
    any_database: Database, people: Directory, staff: list[Operator], party: str
) -> None:
    made = propose(any_database, people, staff[0], party)
    barrier = threading.Barrier(6)

    def decide(number: int) -> Done | Denied:
        barrier.wait()
        with any_database.transaction() as tx:
            return eyes(people).approve(tx, made, decider=staff[number % 3], now=NOW)

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(decide, range(6)))
    assert outcomes.count(Done()) == 1
    assert outcomes.count(Denied(Reason.OWN_PROPOSAL)) == 2
    assert outcomes.count(Denied(Reason.CLOSED)) == 3
    with any_database.transaction() as tx:
        assert status(tx, party) is PartyStatus.SUSPENDED
        done = search(tx, Filter(NOW - 1, NOW + 1, subject=party, event="operator:person:suspended"), limit=9)
    assert len(done) == 1


def test_the_statement_that_decides_leaves_out_the_proposer_and_the_disabled(
    any_database: Database, people: Directory, staff: list[Operator], party: str
) -> None:
    """Whatever the rules before it said."""
    made = propose(any_database, people, staff[0], party)
    posing = made._replace(proposer="pty_somebody")
    with any_database.transaction() as tx:
        assert eyes(people).approve(tx, posing, decider=staff[0], now=NOW) == Denied(Reason.CLOSED)
        assert eyes(people).waiting_for(tx, staff[1], now=NOW) == [made]
        assert eyes(people).waiting_for(tx, staff[0], now=NOW) == []
        assert eyes(people).find(tx, made.id) == made
        disable(tx, staff[0].party_id, actor=None, now=NOW)
        assert eyes(people).approve(tx, made, decider=staff[1], now=NOW) == Denied(Reason.CLOSED)
        assert eyes(people).waiting_for(tx, staff[1], now=NOW) == []
        assert [one.state for one in eyes(people).latest(tx, limit=5)] == ["void"]
        assert status(tx, party) is PartyStatus.ACTIVE


def test_a_grant_that_is_issued_while_the_account_is_suspended_ends(
    any_database: Database, people: Directory, staff: list[Operator], party: str
) -> None:
    with any_database.transaction() as tx:
        session, secret = citizens.start(tx, party_id=party, method=Method.PASSWORD, agent="x", absolute=DAY, now=NOW)
    made, held = grant(party, session), threading.Event()

    def enter() -> None:
        with any_database.transaction() as tx:
            assert citizens.hold(tx, session.id, "tax")
            held.set()
            issue(tx, made, bound("c" * 43))

    def intervene() -> bool:
        held.wait()
        with any_database.transaction() as tx:
            return suspend(Intervention(tx, people, party, staff[0].party_id, "jst_1", NOW))

    with ThreadPoolExecutor(2) as pool:
        entering, intervening = pool.submit(enter), pool.submit(intervene)
        entering.result()
        assert intervening.result()
    with any_database.transaction() as tx:
        found = find(tx, made.gid)
        assert found is not None
        assert not found.live
        assert citizens.find(tx, secret) is None
        assert not citizens.hold(tx, session.id, "tax")
        assert citizens.ask_held(tx, secret, "tax")() == []
        assert not suspend(Intervention(tx, people, party, staff[0].party_id, "jst_1", NOW))


def test_locks_and_evidence_are_read_and_ended(any_database: Database, party: str) -> None:
    key, policy = account_key(party), AttemptPolicy(limit=1)
    with any_database.transaction() as tx:
        reserve(tx, key=key, kind=AttemptKind.PASSWORD, now=NOW, policy=policy)
        settle(tx, key=key, kind=AttemptKind.PASSWORD, at=NOW, success=False, now=NOW, policy=policy)
        assert locks(tx, key=key, now=NOW) == {"password": NOW + 900}
        assert locks(tx, key=key, now=NOW + 900) == {}
        add_evidence(tx, party, kind="counter", level=3, source="x", expires_at=None, now=NOW)
        assert [proof.level for proof in proofs_of(tx, party)] == [3]
        assert require_proofing(tx, party, actor="pty_o", because="prp_1", now=NOW)
        assert proofs_of(tx, party) == []


@pytest.mark.parametrize(
    "asked", [{}, {"actor": "pty_a"}, {"subject": "pty_s"}, {"actor": "pty_a", "subject": "pty_s"}]
)
@pytest.mark.parametrize("event", ["", Event.PERSON_VIEWED.value])
def test_the_trail_is_searched_by_any_of_its_parts(any_database: Database, asked: dict[str, str], event: str) -> None:
    with any_database.transaction() as tx:
        for second in range(5):
            record(tx, Event.PERSON_VIEWED, actor="pty_a", subject="pty_s", now=NOW + second)
            record(tx, Event.PERSON_SOUGHT, actor="pty_b", subject="pty_t", now=NOW + second)
    wanted = Filter(NOW, NOW + 4, event=event, **asked)
    with any_database.autocommit() as tx:
        whole = search(tx, wanted, limit=99)
        pages, before = [], LATEST
        while page := search(tx, wanted, before=before, limit=3):
            pages += page
            before = Place(page[-1].at, page[-1].chain, page[-1].seq)
    assert pages == whole
    found = {(entry.event, entry.at) for entry in whole if entry.event.startswith("operator:")}
    assert {at for _, at in found} == set(range(NOW, NOW + 4))
    narrowed = bool(asked or event)
    assert {name for name, _ in found} == {"operator:person:viewed"} | (
        set() if narrowed else {"operator:person:sought"}
    )
