"""Sessions: begun, strengthened, idle, over; the sid apps know them by; what their end takes along."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.actions import Active
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.tokens import digest
from idp.db import Database, Statement
from idp.grants.actions import issue
from idp.messages.outbox import init_outbox
from idp.signin import sessions
from idp.signin.rules import (
    FACTOR,
    FORCED,
    FRESH,
    Factor,
    Method,
    Session,
    SessionEnd,
    amr,
    expiry,
    may_change_methods,
    scanned,
    strength,
    ways_to_reach,
    ways_to_renew,
)
from tests.accounts.test_directory import directory
from tests.grants.making import CIPHER, bound, grant

NOW = 1_800_000_000
ABSOLUTE, IDLE = 12 * 3600, 3600


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    yield
    chains_module._writer = None


@pytest.fixture
def party(any_database: Database) -> str:
    with any_database.transaction() as tx:
        opened = directory().open_person(tx, mobile=Mobile("13812340001"), user_name=None, now=NOW)
    assert isinstance(opened, Active)
    return opened.party_id


def begin(database: Database, party: str, method: Method = Method.PASSWORD, *, now: int = NOW) -> tuple[Session, str]:
    with database.transaction() as tx:
        return sessions.start(tx, party_id=party, method=method, agent="Firefox", absolute=ABSOLUTE, now=now)


def found(database: Database, secret: str) -> Session | None:
    with database.transaction() as tx:
        return sessions.find(tx, secret)


def test_a_session_is_found_by_its_secret_which_is_stored_as_a_digest(any_database: Database, party: str) -> None:
    begun, secret = begin(any_database, party)
    assert found(any_database, secret) == begun
    assert found(any_database, secret + "x") is None
    with any_database.transaction() as tx:
        assert sessions.by_id(tx, begun.id) == begun
        assert bytes(tx.all(Statement("SELECT secret_hash FROM session", bytes))[0]) == digest(secret)


def test_strengthening_changes_the_secret_the_methods_and_the_time(any_database: Database, party: str) -> None:
    begun, old = begin(any_database, party)
    with any_database.transaction() as tx:
        stronger, secret = sessions.strengthen(tx, begun, Method.SMS, now=NOW + 60)
    assert found(any_database, old) is None
    assert found(any_database, secret) == stronger
    assert (stronger.id, stronger.sid_salt, stronger.created_at) == (begun.id, begun.sid_salt, NOW)
    assert (stronger.aal, stronger.amr, stronger.auth_time, stronger.proofs) == (
        2,
        ["pwd", "sms", "mfa"],
        NOW + 60,
        2,
    )
    with any_database.transaction() as tx:
        again, _ = sessions.strengthen(tx, stronger, Method.SMS, now=NOW + 90)
    assert (again.methods, again.aal, again.proofs) == ("pwd sms", 2, 3)


PROVED = [method for method in Method if method is not Method.SCAN]
"""What proves something by itself."""


@given(st.lists(st.sampled_from(PROVED), min_size=1))
def test_strength_counts_kinds_of_factors_not_repetitions(methods: list[Method]) -> None:
    kinds = {FACTOR[method] for method in methods} - {Factor.DOOR}
    whole = kinds & {Factor.GUARDED_KEY, Factor.REMOTE_KEY}  # two factors in one
    assert strength(methods) == (3 if Method.PASSKEY in methods else 2 if whole else min(2, max(1, len(kinds))))
    assert ("mfa" in amr(methods)) == (strength(methods) > 1)
    assert ("user" in amr(methods)) == (Method.PASSKEY in methods)
    assert len(amr(methods)) == len(set(amr(methods)))


@given(st.lists(st.sampled_from(PROVED), min_size=1))
def test_a_screen_that_a_phone_confirms_is_worth_the_phone_and_never_resists_phishing(used: list[Method]) -> None:
    here = scanned(used)
    assert here[0] is Method.SCAN
    assert strength(here) == min(2, strength(used))
    assert "user" not in amr(here)
    assert scanned(here) == here
    for method in PROVED:
        assert strength([*here, method]) <= strength([*used, method]), "a scan is no factor of its own"


def test_a_passkey_alone_is_level_three_and_two_things_in_ones_possession_are_one_factor() -> None:
    assert strength([Method.PASSKEY]) == 3
    assert amr([Method.PASSKEY]) == ["pop", "user", "mfa"]
    assert strength([Method.SMS, Method.TOTP, Method.RECOVERY_CODE]) == 1
    assert amr([Method.PASSWORD, Method.TOTP]) == ["pwd", "otp", "mfa"]
    assert amr([Method.FACE]) == ["face"]
    assert amr([Method.FACE, Method.SMS, Method.PASSWORD]) == ["face", "sms", "pwd", "mfa"]
    assert amr([Method.PASSWORD, Method.RECOVERY_CODE]) == ["pwd", "recovery_code", "mfa"]


NOT_HELD = {
    Method.FACE,
    Method.SCAN,
    Method.SCANNED_PASSKEY,
    Method.CERTIFICATE_PIN,
    Method.CERTIFICATE_TOKEN,
    Method.ENTITY_CERTIFICATE,
}
"""A face is checked to sign in, never offered to confirm by; what a certificate's key is worth shows at its use."""
METHODS = st.frozensets(st.sampled_from([method for method in Method if method not in NOT_HELD]))
"""What people hold."""


@given(st.integers(1, 3), METHODS, st.lists(st.sampled_from(PROVED), min_size=1))
def test_a_way_that_is_offered_is_held_unused_and_reaches_the_target(
    target: int, held: frozenset[Method], used: list[Method]
) -> None:
    ways = ways_to_reach(target, held=held, used=used)
    if strength(used) >= target:
        assert ways == []
        return
    first = set(used) == {Method.ENTITY_CERTIFICATE} and strength([*used, *held]) >= target
    assert set(ways) == {m for m in held - set(used) if first or strength([*used, m]) >= target}
    assert ways or strength([*used, *held]) < target, "what is attainable is reached by one step"


@given(METHODS.filter(bool), st.lists(st.sampled_from(PROVED), min_size=1))
def test_whoever_has_a_method_can_prove_themselves_anew(held: frozenset[Method], used: list[Method]) -> None:
    needed = min(2, strength([*held, *used]))
    assert ways_to_renew(needed, held=held | set(used), used=used)  # of a certificate, too: it is held as one


def test_ways_to_sign_in_are_changed_soon_after_two_factors_by_whoever_has_two() -> None:
    one = Session("s", "p", NOW, NOW, NOW + 9, NOW, 1, "pwd", "", "", None)
    two = one._replace(methods="pwd sms")
    assert may_change_methods(two, attainable=2, now=NOW + FRESH)
    assert not may_change_methods(two, attainable=2, now=NOW + FRESH + 1)
    assert not may_change_methods(one, attainable=2, now=NOW)
    assert may_change_methods(one, attainable=1, now=NOW)
    assert may_change_methods(one._replace(methods="pop"), attainable=3, now=NOW)


@pytest.mark.parametrize(
    ("seen", "after", "reason"),
    [
        (0, IDLE - 1, None),
        (0, IDLE, SessionEnd.IDLE),
        (ABSOLUTE - 10, ABSOLUTE - 1, None),
        (ABSOLUTE - 10, ABSOLUTE, SessionEnd.ABSOLUTE),
    ],
)
def test_a_session_ends_by_resting_and_by_its_age(seen: int, after: int, reason: SessionEnd | None) -> None:
    session = Session("s", "p", NOW, NOW + seen, NOW + ABSOLUTE, NOW, 1, "pwd", "salt", "?", None)
    assert expiry(session, idle=IDLE, now=NOW + after) is reason


def test_activity_is_noted_at_most_once_a_minute_and_never_backwards(any_database: Database, party: str) -> None:
    begun, secret = begin(any_database, party)
    assert not sessions.needs_touch(begun, idle=IDLE, now=NOW + 59)
    assert sessions.needs_touch(begun, idle=IDLE, now=NOW + 60)
    assert sessions.needs_touch(begun, idle=100, now=NOW + 10)
    with any_database.transaction() as tx:
        sessions.touch(tx, begun.id, now=NOW + 60)
        sessions.touch(tx, begun.id, now=NOW + 30)
    seen = found(any_database, secret)
    assert seen is not None
    assert seen.last_seen_at == NOW + 60


def test_a_sid_is_stable_in_a_session_and_unlinkable_between_clients_and_sessions(database: Database) -> None:
    salts = ("salt-1", "salt-2")
    one, two = (Session("s", "p", NOW, NOW, NOW + 9, NOW, 1, "pwd", salt, "?", None) for salt in salts)
    sids = [sessions.client_sid(session, client) for session in (one, two) for client in ("tax", "social")]
    assert len(set(sids)) == 4
    assert sessions.client_sid(one._replace(methods="pwd sms", proofs=2), "tax") == sids[0]
    assert not any(salt in sid or "tax" in sid for sid in sids for salt in salts)


def test_ending_is_once_and_tells_every_app_that_was_entered(any_database: Database, party: str) -> None:
    begun, secret = begin(any_database, party)
    with any_database.transaction() as tx:
        for number, client in enumerate(("tax", "social", "tax")):
            issue(tx, grant(party, begun, client, now=NOW + number), bound(f"code-{number}"))
    with any_database.transaction() as tx:
        assert sessions.entered_clients(tx, begun.id) == ["tax", "social"]
        told = sessions.end(tx, begun.id, SessionEnd.SIGNED_OUT, now=NOW + 5)
        assert sorted(ended.client_id for ended in told) == ["social", "tax"]
        assert sessions.end(tx, begun.id, SessionEnd.SIGNED_OUT, now=NOW + 6) == []
        living = Statement("SELECT COUNT(*) FROM authorization_grant WHERE revoked_at IS NULL", int)
        assert tx.one(living) == 0
        assert tx.one(Statement("SELECT COUNT(*) FROM outbox WHERE kind = 'logout'", int)) == 2
    assert found(any_database, secret) is None


@pytest.mark.parametrize("reason", list(SessionEnd))
def test_offline_grants_outlive_what_was_not_forced(database: Database, reason: SessionEnd) -> None:
    with database.transaction() as tx:
        opened = directory().open_person(tx, mobile=Mobile("13812340001"), user_name=None, now=NOW)
    assert isinstance(opened, Active)
    begun, _ = begin(database, opened.party_id)
    with database.transaction() as tx:
        issue(tx, grant(opened.party_id, begun, "tax", offline=True), bound("c1"))
        issue(tx, grant(opened.party_id, begun, "social"), bound("c2"))
        sessions.end(tx, begun.id, reason, now=NOW + 5)
        left = tx.all(Statement("SELECT client_id FROM authorization_grant WHERE revoked_at IS NULL", str))
    assert left == ([] if reason in FORCED else ["tax"])


def test_the_stale_are_ended_and_the_living_are_not(any_database: Database, party: str) -> None:
    idle, _ = begin(any_database, party, now=NOW - IDLE)
    old, _ = begin(any_database, party, now=NOW - ABSOLUTE)
    living, secret = begin(any_database, party, now=NOW - 5)
    with any_database.transaction() as tx:
        sessions.touch(tx, old.id, now=NOW - 1)
        assert [s.id for s in sessions.of_party(tx, party, idle=IDLE, now=NOW)] == [living.id]
        assert sessions.end_stale(tx, idle=IDLE, now=NOW) == 2
        assert sessions.end_stale(tx, idle=IDLE, now=NOW) == 0
        reasons = dict(tx.all(Statement("SELECT id, end_reason FROM session WHERE ended_at > 0", lambda *row: row)))
    assert reasons == {idle.id: "idle", old.id: "absolute"}
    assert found(any_database, secret) == living


def test_all_but_one_can_be_ended(any_database: Database, party: str) -> None:
    kept, _ = begin(any_database, party)
    begin(any_database, party)
    begin(any_database, party, Method.SMS)
    with any_database.transaction() as tx:
        sessions.end_all(tx, party, SessionEnd.BY_PERSON, except_id=kept.id, now=NOW + 1)
        assert [s.id for s in sessions.of_party(tx, party, idle=IDLE, now=NOW + 1)] == [kept.id]
        sessions.end_all(tx, party, SessionEnd.ACCOUNT_CLOSED, now=NOW + 1)
        assert sessions.of_party(tx, party, idle=IDLE, now=NOW + 1) == []
