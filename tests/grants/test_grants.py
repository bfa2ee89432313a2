"""Grants: one winner for each code and refresh token, every end audited and told once, consents remembered."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.actions import Active
from idp.accounts.rules import Mobile
from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.tokens import random_token
from idp.db import Database, Statement, Transaction
from idp.grants import actions
from idp.grants.rules import EndReason, Grant, RefreshToken
from idp.messages.outbox import init_outbox
from idp.oidc.live import Endurance, rotate
from idp.signin import sessions
from idp.signin.rules import Method, Session
from tests.accounts.test_directory import directory
from tests.grants.making import CALLBACK, CIPHER, NOW, bound, grant

ENDURANCE = Endurance(session_idle=3600, refresh_idle=3600, refresh_absolute=86400)
NOTICES = Statement("SELECT client_id FROM outbox WHERE kind = 'logout' ORDER BY client_id", str)
ENDS = Statement("SELECT subject, reason FROM audit_event WHERE event = 'client:grant:ended'", lambda *row: row)


@dataclass
class Held:
    """A person in a session, with a database to write grants into."""

    database: Database
    party: str
    session: Session

    def give(self, client: str = "tax", *, offline: bool = False) -> tuple[Grant, str]:
        made, code = grant(self.party, self.session, client, offline=offline), random_token()
        with self.database.transaction() as tx:
            actions.issue(tx, made, bound(code))
        return made, code

    def redeem(self, made: Grant, code: str, **other: Any) -> actions.Redeemed | None:
        presented = {
            "client_id": made.client_id,
            "redirect_uri": CALLBACK,
            "challenge": "",
            "refreshes": True,
            "now": NOW + 1,
        }
        presented |= other
        with self.database.transaction() as tx:
            return actions.redeem_code(tx, code=code, **presented)

    def won(self, made: Grant, code: str) -> tuple[Grant, RefreshToken]:
        redeemed = self.redeem(made, code)
        assert redeemed is not None
        assert redeemed.refresh is not None
        return redeemed.grant, redeemed.refresh

    def bound(self, code: str) -> actions.Bound | None:
        with self.database.autocommit() as tx:
            return actions.find_code(tx, code)

    def all(self, statement):
        with self.database.autocommit() as tx:
            return tx.all(statement)

    def find(self, made: Grant) -> Grant:
        with self.database.autocommit() as tx:
            found = actions.find(tx, made.gid)
        assert found is not None
        return found


@pytest.fixture
def held(any_database: Database) -> Iterator[Held]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(CIPHER)
    with any_database.transaction() as tx:
        opened = directory().open_person(tx, mobile=Mobile("13812340001"), user_name=None, now=NOW)
        assert isinstance(opened, Active)
        session, _ = sessions.start(
            tx, party_id=opened.party_id, method=Method.PASSWORD, agent="?", absolute=9999, now=NOW
        )
    yield Held(any_database, opened.party_id, session)
    chains_module._writer = None


token_text = st.from_regex(r"[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}", fullmatch=True)


@given(token_text)
def test_a_refresh_token_is_read_back_as_it_is_written(text: str) -> None:
    token = RefreshToken.parse(text)
    assert token is not None
    assert str(token) == text
    assert token.secret not in repr(token)
    assert token.handle not in repr(token)


@given(st.text(max_size=90))
def test_anything_else_is_no_refresh_token(text: str) -> None:
    assert RefreshToken.parse(text) is None or len(text) == 87


@pytest.mark.parametrize("text", ["", ".", "a" * 43, "a" * 43 + "." + "b" * 42, "é" * 43 + "." + "b" * 43])
def test_near_misses_are_not_looked_up(text: str) -> None:
    assert RefreshToken.parse(text) is None


def test_a_grant_is_read_back_as_it_was_written(held: Held) -> None:
    made, _ = held.give(offline=True)
    found = held.find(made)
    assert found._replace(offline=bool(found.offline)) == made
    assert found.live
    assert found.has_scope("phone")
    assert not found.has_scope("pho")


def test_a_code_is_redeemed_once_by_its_own_text(held: Held) -> None:
    made, code = held.give()
    assert held.redeem(made, code + "x") is None
    won = held.redeem(made, code)
    assert won is not None
    assert held.redeem(made, code) is None


def test_a_replay_is_recognised_by_the_code_alone(held: Held) -> None:
    made, code = held.give()
    unused = held.bound(code)
    assert unused is not None
    assert (unused.redirect_uri, unused.challenge, unused.redeemed_at) == (CALLBACK, None, None)
    held.redeem(made, code)
    used = held.bound(code)
    assert used is not None
    assert (used.grant.gid, used.redeemed_at) == (made.gid, NOW + 1)
    assert held.bound("another") is None


@pytest.mark.parametrize(
    "other",
    [
        {"client_id": "social"},
        {"redirect_uri": CALLBACK + "/"},
        {"redirect_uri": None},
        {"challenge": "c" * 43},
        {"challenge": None},
        {"now": NOW + 60},
    ],
)
def test_a_code_is_good_for_what_it_is_bound_to_and_nothing_else(held: Held, other: dict[str, Any]) -> None:
    made, code = held.give()
    assert held.redeem(made, code, **other) is None
    assert held.redeem(made, code) is not None


def test_a_code_of_a_grant_that_ended_is_not_redeemed(held: Held) -> None:
    made, code = held.give()
    with held.database.transaction() as tx:
        actions.end_grant(tx, made.gid, EndReason.WITHDRAWN, now=NOW)
    assert held.redeem(made, code) is None


def test_of_a_family_only_the_latest_member_is_current(held: Held) -> None:
    made, code = held.give()
    won, first = held.won(made, code)
    assert actions.is_current(won, first)
    with held.database.transaction() as tx:
        rotated = rotate(tx, first, client_id="tax", cnf=None, endurance=ENDURANCE, now=NOW + 2)
        assert rotated is not None
        after, second = rotated
        assert rotate(tx, first, client_id="tax", cnf=None, endurance=ENDURANCE, now=NOW + 3) is None
        found = actions.find_by_refresh(tx, first)
    assert found is not None
    assert (second.handle, after.refresh_used_at) == (first.handle, NOW + 2)
    assert [actions.is_current(found, token) for token in (first, second)] == [False, True]


def test_a_grant_for_one_api_gives_no_token_for_another_and_is_not_used_up_by_asking(held: Held) -> None:
    made, code = held.give()
    with held.database.transaction() as tx:
        tx.run(Statement[Any]("UPDATE authorization_grant SET resource = 'https://one'"))
    assert held.redeem(made, code, resource="https://two") is None
    redeemed = held.redeem(made, code, resource="https://one")
    assert redeemed is not None
    assert redeemed.refresh is not None
    with held.database.transaction() as tx:
        for resource, given in (("https://two", False), ("", True)):
            asked = {"client_id": "tax", "resource": resource, "cnf": None, "endurance": ENDURANCE, "now": NOW + 2}
            assert (rotate(tx, redeemed.refresh, **asked) is not None) is given


def test_a_grant_without_refresh_token_has_no_current_one(held: Held) -> None:
    made, code = held.give()
    held.redeem(made, code, refreshes=False)
    assert not actions.is_current(held.find(made), RefreshToken(random_token(), random_token()))


def test_a_family_that_ended_is_not_rotated(held: Held) -> None:
    made, code = held.give()
    _, first = held.won(made, code)
    with held.database.transaction() as tx:
        actions.end_grant(tx, made.gid, EndReason.REFRESH_REPLAYED, now=NOW)
        assert rotate(tx, first, client_id="tax", cnf=None, endurance=ENDURANCE, now=NOW) is None


def test_an_end_is_recorded_and_told_once_and_never_undone(held: Held) -> None:
    made, _ = held.give()
    for reason in (EndReason.REVOKED_BY_CLIENT, EndReason.WITHDRAWN):
        with held.database.transaction() as tx:
            actions.end_grant(tx, made.gid, reason, now=NOW + 1)
    assert held.all(ENDS) == [(made.gid, "revoked-by-client")]
    assert held.all(NOTICES) == ["tax"]
    assert not held.find(made).live


@pytest.mark.parametrize("whose", ["party", "client"])
def test_several_grants_of_an_app_and_session_end_with_one_notice(held: Held, whose: str) -> None:
    held.give()
    held.give()
    other, _ = held.give("social")

    def end(tx: Transaction) -> None:
        if whose == "party":
            actions.end_party_grants(tx, held.party, EndReason.ACCOUNT_CLOSED, now=NOW)
        else:
            actions.end_client_grants(tx, "tax", EndReason.CLIENT_SUSPENDED, now=NOW)

    with held.database.transaction() as tx:
        end(tx)
    assert held.all(NOTICES) == (["social", "tax"] if whose == "party" else ["tax"])
    assert held.find(other).live is (whose == "client")


def test_consent_grows_and_is_withdrawn_with_everything_held(held: Held) -> None:
    made, _ = held.give()
    with held.database.transaction() as tx:
        assert actions.consented(tx, party_id=held.party, client_id="tax") == frozenset()
        for scopes in ({"phone"}, {"profile"}):
            actions.give_consent(tx, party_id=held.party, client_id="tax", scopes=scopes, now=NOW)
        actions.give_consent(tx, party_id=held.party, client_id="new", scopes={"phone"}, told_only=True, now=NOW + 9)
        assert actions.consented(tx, party_id=held.party, client_id="tax") == {"phone", "profile"}
        assert {row.client_id for row in actions.consents(tx, held.party)} == {"tax", "new"}
        assert actions.connected_clients(tx, held.party) == [("new", NOW + 9), ("tax", NOW)]
        actions.withdraw(tx, party_id=held.party, client_id="tax", now=NOW + 10)
        assert actions.consented(tx, party_id=held.party, client_id="tax") == frozenset()
        assert actions.connected_clients(tx, held.party) == [("new", NOW + 9)]
    assert held.all(ENDS) == [(made.gid, "consent-withdrawn")]
