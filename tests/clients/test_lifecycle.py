"""The life of a client: applied, changed, suspended, retired; secrets that overlap; a registry never a second old."""

import itertools
import time

import pytest

from idp.clients import actions
from idp.clients.actions import OVERLAP, Registry, put, rotate_secret, set_state
from idp.clients.rules import TRANSITIONS, Client, ClientState, Faulty
from idp.crypto.tokens import digest
from idp.db import Database, Statement, Transaction
from idp.grants.rules import EndReason

NOW = 1_800_000_000
SECRET = "a-secret-of-forty-characters-for-the-tests"
DATA = {
    "client_id": "tax",
    "name": {"zh": "个人所得税"},
    "sector": "tax",
    "state": "live",
    "redirect_uris": ["https://tax.example/cb"],
}
EVENTS = Statement("SELECT event FROM audit_event WHERE client = 'tax' ORDER BY seq", str)


def apply(database: Database, *, secret: str | None = SECRET, now: int = NOW, **changes: object) -> Client | Faulty:
    with database.transaction() as tx:
        return put(tx, DATA | changes, secret=secret, now=now)


def move(database: Database, state: ClientState) -> ClientState | Faulty:
    with database.transaction() as tx:
        return set_state(tx, "tax", state, now=NOW)


def found(database: Database) -> Client:
    client = Registry(database).get("tax")
    assert client is not None
    return client


def events(database: Database) -> list[str]:
    with database.autocommit() as tx:
        return tx.all(EVENTS)


def version(database: Database) -> int:
    with database.autocommit() as tx:
        return tx.one(Statement("SELECT version FROM registry_version WHERE name = 'clients'", int)) or 0


def test_applying_twice_changes_nothing(any_database: Database) -> None:
    apply(any_database)
    before = version(any_database), events(any_database), found(any_database)
    apply(any_database, now=NOW + 5)
    assert (version(any_database), events(any_database), found(any_database)) == before
    assert before[1] == ["operator:client:registered"]


def test_applying_a_change_changes_the_registration_and_leaves_the_state(any_database: Database) -> None:
    apply(any_database)
    apply(any_database, sector="revenue", state="draft")
    assert (found(any_database).sector, found(any_database).state) == ("revenue", "live")
    assert events(any_database)[-1] == "operator:client:changed"


def test_a_faulty_registration_leaves_the_good_one(any_database: Database) -> None:
    apply(any_database)
    assert isinstance(apply(any_database, pkce="?"), Faulty)
    assert isinstance(apply(any_database, secret="short"), Faulty)
    assert found(any_database).pkce == "required"
    assert len(found(any_database).secrets) == 1


def test_suspended_stays_suspended_when_the_file_is_applied_again(any_database: Database) -> None:
    apply(any_database)
    assert move(any_database, ClientState.SUSPENDED) == ClientState.SUSPENDED
    apply(any_database)
    apply(any_database, sector="revenue")
    assert found(any_database).state is ClientState.SUSPENDED
    assert not found(any_database).served


@pytest.mark.parametrize(("begin", "wanted"), list(itertools.product(ClientState, ClientState)))
def test_a_client_moves_along_its_life_cycle_only(
    database: Database, begin: ClientState, wanted: ClientState
) -> None:
    apply(database, state=begin.value)
    allowed = wanted in TRANSITIONS[begin]
    assert isinstance(move(database, wanted), Faulty) is not allowed
    assert found(database).state is (wanted if allowed else begin)


def test_an_unknown_client_moves_nowhere(database: Database) -> None:
    assert isinstance(move(database, ClientState.LIVE), Faulty)


@pytest.mark.parametrize("state", [ClientState.SUSPENDED, ClientState.RETIRED])
def test_suspending_and_retiring_end_the_grants(
    database: Database, state: ClientState, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[str, EndReason]] = []

    def end(tx: Transaction, client_id: str, reason: EndReason, *, now: int) -> None:
        ended.append((client_id, reason))

    monkeypatch.setattr(actions, "end_client_grants", end)
    apply(database)
    move(database, state)
    assert ended == [("tax", EndReason.CLIENT_SUSPENDED)]


def test_a_change_reaches_a_second_registry_within_a_second(any_database: Database) -> None:
    apply(any_database)
    elsewhere = Registry(any_database)
    held = elsewhere.get("tax")
    assert held is not None
    assert held.served
    move(any_database, ClientState.SUSPENDED)
    end = time.monotonic() + 1
    while (client := elsewhere.get("tax")) and client.served:
        assert time.monotonic() < end, "still served after a second"
        time.sleep(0.02)
    assert [known.client_id for known in elsewhere.all()] == ["tax"]


def test_old_secrets_end_after_the_overlap_and_stay_ended_when_applied_again(any_database: Database) -> None:
    apply(any_database)
    with any_database.transaction() as tx:
        fresh = rotate_secret(tx, found(any_database), overlap=60, now=NOW)
    assert isinstance(fresh, str)
    apply(any_database)
    assert {secret.hash: secret.expires_at for secret in found(any_database).secrets} == {
        digest(SECRET): NOW + 60,
        digest(fresh): None,
    }
    with any_database.transaction() as tx:
        rotate_secret(tx, found(any_database), overlap=600, now=NOW + 1)
    assert {secret.hash: secret.expires_at for secret in found(any_database).secrets}[digest(SECRET)] == NOW + 60


def test_a_new_secret_in_the_file_ends_the_one_before_it_a_day_later(any_database: Database) -> None:
    new = "another-secret-of-forty-characters-or-so"
    apply(any_database)
    apply(any_database, secret=new, now=NOW + 1)
    ends = {digest(SECRET): NOW + 1 + OVERLAP, digest(new): None}
    assert {secret.hash: secret.expires_at for secret in found(any_database).secrets} == ends
    apply(any_database, now=NOW + 2)  # a node that still has the file of yesterday
    assert {secret.hash: secret.expires_at for secret in found(any_database).secrets} == ends


def test_a_client_without_secrets_has_none_to_rotate(database: Database) -> None:
    apply(database, secret=None, auth_method="none")
    with database.transaction() as tx:
        assert isinstance(rotate_secret(tx, found(database), overlap=0, now=NOW), Faulty)


def test_a_secret_is_stored_as_its_digest_only(any_database: Database) -> None:
    apply(any_database)
    with any_database.autocommit() as tx:
        assert tx.all(Statement("SELECT hash FROM client_secret", bytes)) == [digest(SECRET)]
        (row,) = tx.all(Statement("SELECT declaration FROM client", str))
    assert SECRET not in row


def test_a_row_that_an_upgrade_made_invalid_is_not_served(database: Database) -> None:
    apply(database)
    with database.transaction() as tx:
        tx.run(Statement('UPDATE client SET declaration = \'{"client_id": "tax"}\'', int))
    assert Registry(database).get("tax") is None
