"""Judging acting contexts, naming them to apps and writing their uses, on both databases."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.cli.mandates import apply_themes
from idp.clients.actions import put
from idp.clients.resources import Resources, add_resource, set_aware
from idp.clients.rules import Client
from idp.db import Database, Statement
from idp.entities.rules import Acting, RepresentedStatus, Via
from idp.mandates.contexts import Contexts
from idp.mandates.deciding import Deciding
from idp.mandates.handles import handle_of, known_handle, read_handle
from idp.mandates.offering import acting_by
from idp.mandates.power import Asked
from idp.mandates.reading import find, usable_by
from idp.mandates.registry import Themes
from idp.mandates.scopes import Action
from idp.mandates.uses import list_uses, record_use, uses_of
from idp.oidc.evidence import ground_of
from tests.provider import CLIENTS

NOW = 1_800_000_000
SCOPE = '{"actions":["submit","view"],"services":["hn-tax-01"]}'


class NoRegister:
    """Nobody asks it here."""

    period = 86400

    def before_use(self, *_: Any, **__: Any) -> bool:
        return False


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    yield
    chains_module._writer = None


def run(database: Database, sql: str, **values: Any) -> None:
    with database.transaction() as tx:
        tx.run(Statement[Any](sql), **values)


def add_mandate(database: Database, key: str, principal: str, agent: str, represented: str, **changes: Any) -> None:
    row = {
        "id": key,
        "kind": "delegated",
        "principal_id": principal,
        "agent_id": agent,
        "represented_id": represented,
        "addressee_blind": b"x",
        "parent_id": None,
        "theme": "tax.filing",
        "theme_version": 1,
        "scope": SCOPE,
        "struck": "",
        "state": "active",
        "valid_from": NOW - 10,
        "valid_to": NOW + 1000,
        "may_delegate": 1,
        "waived": 0,
        "requested_by": principal,
        "created_at": NOW,
        "in_force_at": NOW - 10,
        "text_hash": "00",
        "sealed": b"x",
        "unit": "",
    } | changes
    columns, places = ", ".join(row), ", ".join(f":{name}" for name in row)
    run(database, f"INSERT INTO mandate ({columns}) VALUES ({places})", **row)


@pytest.fixture
def there(any_database: Database) -> Database:
    """An entity, an agency with its representative, and an employee; the agency may file, and so may both people."""
    database = any_database
    for party, kind in (("firm", "entity"), ("agency", "entity"), ("boss", "person"), ("clerk", "person")):
        run(
            database,
            "INSERT INTO party (id, kind, status, created_at) VALUES (:id, :kind, 'active', :now)",
            id=party,
            kind=kind,
            now=NOW,
        )
        run(
            database,
            "INSERT INTO evidence (id, party_id, kind, level, source, proved_at)"
            " VALUES (:id, :party, 'test', 2, 'test', :now)",
            id=f"evd_{party}",
            party=party,
            now=NOW,
        )
    apply_themes(database, Path("config/themes/demo.toml"), now=NOW)
    add_mandate(database, "mnd_1", "firm", "agency", "firm")
    add_mandate(database, "mnd_2", "agency", "clerk", "firm", parent_id="mnd_1")
    run(
        database,
        "INSERT INTO legal_entity (party_id, sealed, type, status, version, as_of, checked_at, created_at)"
        " VALUES ('agency', :sealed, 'enterprise', 'active', '1', :now, :now, :now)",
        sealed=b"x",
        now=NOW,
    )
    run(
        database,
        "INSERT INTO entity_role (id, entity_id, person_id, role, state, source, since, checked_at, claimed_until)"
        " VALUES ('rol_1', 'agency', 'boss', 'legal_representative', 'confirmed', 'test', :now, :now, 0)",
        now=NOW,
    )
    return database


def contexts_over(database: Database) -> Contexts:
    return Contexts(database, Deciding(Themes(database), recheck=86400), NoRegister())  # type: ignore[arg-type]


BY = {
    "clerk": Acting("firm", "handler", Via.MANDATE, "mnd_2"),
    "boss": Acting("firm", "handler", Via.MANDATE, "mnd_1"),
}


CHANGES = {
    "UPDATE mandate SET may_delegate = 1": "current",
    "UPDATE mandate SET state = 'suspended' WHERE id = 'mnd_1'": "not_allowed",
    "UPDATE mandate SET scope = '{\"actions\":[],\"services\":[]}' WHERE id = 'mnd_1'": "not_allowed",
    "UPDATE party SET status = 'suspended' WHERE id = 'firm'": "not_allowed",
    "UPDATE party SET status = 'closed' WHERE id = 'agency'": "not_allowed",
    "UPDATE legal_entity SET status = 'revoked'": "not_allowed",
    "UPDATE evidence SET ended_at = 1": "not_allowed",
    "UPDATE mandate SET in_force_at = NULL": "not_allowed",
    "UPDATE mandate SET state = 'revoked'": "expired_in_session",
    "UPDATE mandate SET valid_to = 1": "expired_in_session",
    "UPDATE mandate SET state = 'requested'": "approval_pending",
}


class _Undone(Exception):
    """Nothing of what was done stays."""


def test_a_context_is_judged_as_the_decision_on_its_power(there: Database) -> None:
    contexts = contexts_over(there)
    for change, status in CHANGES.items():
        with suppress(_Undone), there.transaction() as tx:
            tx.run(Statement[Any](change))
            for person, acting in BY.items():
                found = contexts.judge(tx, person, acting, now=NOW)
                asked = {"agent": person, "represented": "firm", "theme": "tax.filing", "now": NOW}
                decided = contexts.deciding.may(tx, asked=Asked(Action.SUBMIT, "hn-tax-01"), **asked)
                power = contexts.power(tx, person, acting, "tax.filing", now=NOW)
                assert found.status == status, change
                assert found.current is (decided is not None) is (power is not None)
                assert found.power is None or (found.power.chain, found.el) == (decided, 2)
            raise _Undone


def test_another_theme_another_party_and_another_link_give_nothing(there: Database) -> None:
    contexts = contexts_over(there)
    wrong = [
        ("boss", BY["clerk"]),
        ("clerk", Acting("agency", "handler", Via.MANDATE, "mnd_2")),
        ("clerk", Acting("firm", "handler", Via.MANDATE, "mnd_9")),
    ]
    with there.autocommit() as tx:
        assert contexts.power(tx, "clerk", BY["clerk"], "tax.refund", now=NOW) is None
        found = [contexts.judge(tx, person, acting, now=NOW).status for person, acting in wrong]
    assert found == [
        RepresentedStatus.NOT_ALLOWED,
        RepresentedStatus.NOT_ALLOWED,
        RepresentedStatus.EXPIRED_IN_SESSION,
    ]


def test_a_register_not_heard_lately_is_told_from_no_power(there: Database) -> None:
    run(there, "UPDATE entity_role SET checked_at = 0")
    with there.autocommit() as tx:
        found = contexts_over(there).judge(tx, "boss", BY["boss"], now=NOW)
    assert found.status is RepresentedStatus.REGISTER_UNAVAILABLE


def test_who_can_act_by_which_mandates(there: Database) -> None:
    with there.autocommit() as tx:
        usable = {person: usable_by(tx, person, most=9) for person in ("boss", "clerk", "firm")}
    assert {person: [acting_by(one) for one in found] for person, found in usable.items()} == {
        "boss": [BY["boss"]],
        "clerk": [BY["clerk"]],
        "firm": [],
    }


def test_a_handle_is_made_once_for_each_app_and_person(there: Database) -> None:
    with there.transaction() as tx:
        assert known_handle(tx, "tax", "clerk", BY["clerk"]) is None
        one = handle_of(tx, "tax", "clerk", BY["clerk"], now=NOW)
        assert handle_of(tx, "tax", "clerk", BY["clerk"], now=NOW) == one
        assert known_handle(tx, "tax", "clerk", BY["clerk"]) == one
        keys = [("other", "clerk"), ("tax", "boss")]
        others = [handle_of(tx, client, person, BY[person], now=NOW) for client, person in keys]
        assert len({one, *others}) == 3
        found = read_handle(tx, "tax", one)
        assert read_handle(tx, "other", one) is None
        assert read_handle(tx, "tax", "rep_'") is None
    assert found is not None
    assert (found.person, found.acting) == ("clerk", BY["clerk"])


def test_uses_are_read_by_both_parties_and_by_the_agency_between(there: Database) -> None:
    with there.transaction() as tx:
        mandate = find(tx, "mnd_2")
        assert mandate is not None
        use = record_use(tx, mandate, person="clerk", client_id="tax", what="token submit", now=NOW)
    with there.autocommit() as tx:
        seen = [uses_of(tx, party, most=5) for party in ("clerk", "firm", "agency")]
        by_mandate = [list_uses(tx, key, most=5) for key in ("mnd_1", "mnd_2")]
        assert uses_of(tx, "boss", most=5) == []
    assert all([one.id for one in uses] == [use] for uses in (*seen, *by_mandate))


def test_what_a_mandate_rests_on_is_the_principals_last_signature(there: Database) -> None:
    for key, footing, at in (("sig_1", "administrator", 1), ("sig_2", "representative", 2)):
        run(
            there,
            "INSERT INTO mandate_signature (id, mandate_id, person_id, side, footing, method, ial, aal, text_hash,"
            " signed_at) VALUES (:id, 'mnd_1', :person, 'principal', :footing, 'sms', 2, 1, '00', :at)",
            id=key,
            person="boss" if at == 1 else "clerk",
            footing=footing,
            at=at,
        )
    with there.autocommit() as tx:
        first, second = find(tx, "mnd_1"), find(tx, "mnd_2")
        assert first is not None
        assert second is not None
        assert ground_of(tx, first) == ("sig_2", "00", "legal_entity", "legal_representative")
        assert ground_of(tx, second).evidence == "mnd_2"  # nobody has signed it


def test_an_api_becomes_aware_on_every_node(any_database: Database) -> None:
    resources = Resources(any_database)
    with any_database.transaction() as tx:
        assert isinstance(put(tx, CLIENTS[0], now=NOW), Client)
        assert add_resource(tx, "https://api.example", client_id="app", title="接口", now=NOW) is None
    server = resources.get("https://api.example")
    assert server is not None
    assert not server.aware
    with any_database.transaction() as tx:
        set_aware(tx, server, how="self-test", now=NOW)
    resources.expire()
    assert [(one.aware, one.aware_how) for one in resources.all()] == [(True, "self-test")]
