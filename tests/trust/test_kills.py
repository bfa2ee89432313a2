"""kill -9 of any process at any moment loses nothing that was acknowledged (trust 16).

Nodes, and on PostgreSQL the worker too, are killed again and again at random moments under mixed load. What the
clients were told is then compared with the database, the audit trail, the outbox, and the apps that had to hear.
"""

import hashlib
import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.trust.browser import Browser, Server, Tokens, Wire
from tests.trust.conftest import ROUNDS
from tests.trust.installation import ALPHA, BETA, GAMMA, Installation, Storage, installation, wait_until
from tests.trust.load import Ledger, sid, under_load

pytestmark = pytest.mark.services
KILLS = int(os.environ.get("TRUST_KILLS") or min(50, ROUNDS))
"""Of each database. A hundred take half an hour of two cores: for a release, ``TRUST_KILLS=100``."""
DISTURBED = 10
"""Every so-manieth kill is the worker's."""
LEASE = 30
"""Seconds a killed worker's messages stay its own."""


@dataclass
class Aftermath:
    """An installation that has been through it, running again, and what its clients remember."""

    at: Installation
    ledger: Ledger
    kept: str


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def aftermath(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aftermath]:
    storage: Storage = request.param
    directory = tmp_path_factory.mktemp("kills")
    kept = str(directory / "checkpoints.jsonl")
    settings = {"TONGBAN_AUDIT__CHECKPOINT_INTERVAL": "2", "TONGBAN_AUDIT__CHECKPOINT_FILE": kept}
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    with installation(storage, directory, settings=settings, people=400) as made:
        ledger = Ledger()
        began = time.monotonic()
        under_load(made, ledger, lambda: _kill_again_and_again(made, random.Random(seed)), threads=2, seed=seed)
        print(f"{KILLS} kills in {time.monotonic() - began:.0f} s; {_told(ledger)}")
        for part in [*made.nodes, *([made.worker] if made.worker else [])]:
            if not part.alive:
                part.start()
        for node in made.nodes:
            node.await_ready()
        yield Aftermath(made, ledger, kept)


def _told(ledger: Ledger) -> str:
    names = ("registered", "signed_in", "granted", "exchanged", "refreshed", "consented", "changed", "signed_out")
    counts = {name: len(getattr(ledger, name)) for name in names}
    return f"{counts}, {ledger.unanswered} cut off, answers {dict(sorted(ledger.statuses.items()))}"


def _kill_again_and_again(at: Installation, chance: random.Random) -> None:
    """One node is killed as soon as the other is back; now and then before, so that for a while none is there."""
    for number in range(KILLS):
        victim, other = at.nodes[number % 2], at.nodes[1 - number % 2]
        if at.worker and number % DISTURBED == DISTURBED - 1:
            victim = at.worker
        if chance.random() > 0.1:
            other.await_ready()
        time.sleep(chance.uniform(0, 0.8))
        victim.kill()
        victim.start()


def _hashes(texts: list[str]) -> set[bytes]:
    return {hashlib.sha256(text.encode()).digest() for text in texts}


def _column(at: Installation, sql: str) -> set[bytes]:
    return {bytes(row[0]) for row in at.rows(sql)}


def test_nobody_was_ever_given_a_wrong_answer(aftermath: Aftermath) -> None:
    assert aftermath.ledger.faults == []
    assert aftermath.at.faults() == []
    assert aftermath.ledger.unanswered > 0, "no kill was felt"
    assert min(len(aftermath.ledger.signed_in), len(aftermath.ledger.signed_out)) > KILLS / 2


def test_every_session_grant_and_refresh_is_there(aftermath: Aftermath) -> None:
    at, ledger = aftermath.at, aftermath.ledger
    begun = [secret for secret, _ in ledger.registered] + ledger.signed_in
    sessions = _column(at, "SELECT secret_hash FROM session")
    assert _hashes([secret for secret in begun if secret not in ledger.replaced]) <= sessions
    assert _hashes(ledger.granted) <= _column(at, "SELECT code_hash FROM authorization_grant")
    redeemed = "SELECT code_hash FROM authorization_grant WHERE code_redeemed_at IS NOT NULL"
    assert _hashes([code for code, _ in ledger.exchanged]) <= _column(at, redeemed)
    current = _column(at, "SELECT refresh_secret FROM authorization_grant WHERE refresh_secret IS NOT NULL")
    assert _hashes([token.partition(".")[2] for _, token in ledger.refreshed.values()]) <= current


def test_refresh_tokens_in_use_still_work(aftermath: Aftermath, wire: Wire) -> None:
    server = Server(aftermath.at, wire)
    for _, token in list(aftermath.ledger.refreshed.values())[:40]:
        assert [server.is_active(app, token) for app in (ALPHA, BETA, GAMMA)].count(True) == 1


def test_every_registration_and_password_change_holds(aftermath: Aftermath, wire: Wire) -> None:
    at, ledger = aftermath.at, aftermath.ledger
    for secret, person in ledger.registered:
        if not _known(at, secret):  # the session has a newer secret
            continue
        party = at.party(secret)
        assert at.audited(party, "person:account:registered") == 1
        assert at.number("SELECT COUNT(*) FROM agreement_acceptance WHERE party_id = :p", p=party) == 2
        if person.password:
            assert Browser(at, wire).sign_in(person).secret
    counts = Counter(at.party(secret) for secret, _ in ledger.changed)
    for secret, person in ledger.changed:
        party = at.party(secret)
        assert at.audited(party, "person:password:changed") >= counts[party]
        assert at.await_message(person.mobile, "password_changed", after=counts[party] - 1, seconds=LEASE + 15)
        if person.password:
            assert Browser(at, wire).sign_in(person).secret


def _known(at: Installation, secret: str) -> bool:
    hashed = hashlib.sha256(secret.encode()).digest()
    return at.number("SELECT COUNT(*) FROM session WHERE secret_hash = :hash", hash=hashed) == 1


def test_every_consent_is_there_with_its_record(aftermath: Aftermath) -> None:
    at = aftermath.at
    for secret, app in aftermath.ledger.consented:
        if secret in aftermath.ledger.replaced:
            continue
        party = at.party(secret)
        held = "SELECT COUNT(*) FROM consent WHERE party_id = :p AND client_id = :c"
        assert at.number(held, p=party, c=app.client_id) == 1
        assert at.audited(party, "person:consent:given", client=app.client_id) == 1


def test_every_sign_out_holds_and_every_app_has_heard_of_it(aftermath: Aftermath, wire: Wire) -> None:
    at, ledger = aftermath.at, aftermath.ledger
    server = Server(at, wire)
    sids = {sid(tokens) for gone in ledger.signed_out for _, tokens in gone.apps}
    open_rows = "SELECT COUNT(*) FROM outbox WHERE kind = 'logout' AND settled_at IS NULL"
    assert wait_until(lambda: at.number(open_rows) == 0, seconds=LEASE + 30, pause=0.5)
    assert sids <= {notice.sid for notice in at.receiver.notices}
    ended = _column(at, "SELECT secret_hash FROM session WHERE end_reason = 'signed-out'")
    assert _hashes([gone.secret for gone in ledger.signed_out]) <= ended
    undelivered = "SELECT COUNT(*) FROM outbox WHERE kind = 'logout' AND result <> 'delivered'"
    assert at.number(undelivered) == 0
    for gone in ledger.signed_out[-20:]:
        session = at.session_id(gone.secret)
        notified = {client for client, _ in at.end_notice_sent(session)}
        assert notified == {app.client_id for app, _ in gone.apps}
        for app, tokens in gone.apps:
            assert server.living(app, Tokens(tokens.access, tokens.refresh, tokens.id)) == []


PAIRS = {
    "a session and its beginning": (
        "SELECT id FROM session",
        "SELECT session FROM audit_event WHERE event = 'person:session:begun'",
    ),
    "an ended session and its end": (
        "SELECT id FROM session WHERE ended_at IS NOT NULL",
        "SELECT session FROM audit_event WHERE event = 'person:session:ended'",
    ),
    "a grant and its issue": (
        "SELECT gid FROM authorization_grant",
        "SELECT subject FROM audit_event WHERE event = 'client:grant:issued'",
    ),
    "a redeemed code and its exchange": (
        "SELECT gid FROM authorization_grant WHERE code_redeemed_at IS NOT NULL",
        "SELECT subject FROM audit_event WHERE event = 'client:code:exchanged'",
    ),
    "a revoked grant and its end": (
        "SELECT gid FROM authorization_grant WHERE revoked_at IS NOT NULL",
        "SELECT subject FROM audit_event WHERE event = 'client:grant:ended'",
    ),
    "an account and its registration": (
        "SELECT id FROM party",
        "SELECT subject FROM audit_event WHERE event = 'person:account:registered'",
    ),
    "a notice that arrived and its record": (
        "SELECT id FROM outbox WHERE kind = 'logout' AND result = 'delivered'",
        "SELECT subject FROM audit_event WHERE event = 'client:logout_notice:delivered'",
    ),
}


@pytest.mark.parametrize("pair", PAIRS)
def test_nothing_is_without_its_record_and_no_record_without_its_thing(aftermath: Aftermath, pair: str) -> None:
    things, records = (sorted(row[0] for row in aftermath.at.rows(sql)) for sql in PAIRS[pair])
    assert things == records
    assert things


def test_the_trail_is_clean(aftermath: Aftermath) -> None:
    assert "clean" in aftermath.at.run("audit", "verify", "--checkpoint", aftermath.kept)
