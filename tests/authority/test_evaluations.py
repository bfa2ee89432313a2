"""Whether somebody may act, asked over HTTP as OpenID AuthZEN 1.0 has it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest

from idp.accounts.holds import place_hold
from idp.accounts.rules import Act
from idp.app import create_app
from idp.clients.actions import set_state
from idp.clients.resources import add_resource
from idp.clients.rules import ClientState
from idp.db.sqlite import SqliteWire
from idp.mandates.rules import Step
from idp.mandates.scopes import Action, Limit, Scope
from tests.authority.conftest import Asking, add_client, problem, send
from tests.entities.conftest import ONE, THREE, TWO
from tests.mandates.conftest import to_entity, to_person
from tests.provider import Browser, Site, basic, settings_at
from tests.registers import ScriptedRegisters

ONE_PATH, MANY = "/access/v1/evaluation", "/access/v1/evaluations"


def test_6_who_holds_the_mandate_may_and_for_how_long_that_is_good(asking: Asking) -> None:
    answer = send(asking.site, ONE_PATH, asking.question())
    assert answer.status_code == 200
    told = answer.get_json()
    assert told["decision"] is True
    assert told["context"]["ttl"] == 30
    assert told["context"]["id"] == f"{answer.headers['X-Request-Id']}.1"
    assert answer.headers["Cache-Control"] == "no-store"
    assert asking.ask(kind="theme", id="tax.filing")


UNHELD: tuple[dict[str, str], ...] = (
    {"action": "pay"},
    {"action": "manage"},
    {"action": "approve"},
    {"id": "hn-tax-02"},
    {"id": "no-such"},
    {"kind": "theme", "id": "no.such"},
    {"kind": "theme", "id": "tax.refund"},
    {"kind": "record"},
    {"sub": "pw_nobody"},
    {"handle": "rep_00000000000000000000000000"},
    {"handle": "' OR 1=1 --"},
)


def test_6_whatever_is_not_held_or_not_known_is_denied_without_a_reason(asking: Asking) -> None:
    for changes in UNHELD:
        answer = send(asking.site, ONE_PATH, asking.question(**changes))
        assert answer.status_code == 200
        told = answer.get_json()
        assert told == {"decision": False, "context": {"id": told["context"]["id"], "ttl": 0}}, changes


def test_5_1_another_type_of_subject_is_denied(asking: Asking) -> None:
    question = asking.question()
    question["subject"]["type"] = "group"
    assert send(asking.site, ONE_PATH, question).get_json()["decision"] is False


def test_a_permission_is_good_no_longer_than_the_mandate(asking: Asking) -> None:
    until = asking.site.one("SELECT valid_to FROM mandate WHERE id = :id", id=asking.mandate)
    asking.site.later += until - asking.site.now() - 12
    told = send(asking.site, ONE_PATH, asking.question()).get_json()
    assert told["decision"]
    assert 8 <= told["context"]["ttl"] <= 12
    asking.site.later += 13
    assert not asking.ask()


def test_an_amount_is_held_against_the_limit(asking: Asking) -> None:
    mandates = asking.mandates
    scope = Scope(frozenset({Action.VIEW, Action.SUBMIT}), frozenset({"hn-tax-01"}), Limit(5_000_000))
    mandate = mandates.given(mandates.entity, to_person(THREE), ONE, THREE, scope=scope, replaces=asking.mandate)
    asking.sub, asking.handle = asking.told("tax", THREE, mandates.entity, mandate)
    assert asking.ask(amount="50000.00")
    assert not asking.ask(amount="50000.01")
    assert not asking.ask()  # what is to stay below a limit has to say how much it is
    assert not asking.ask(amount="1.00", currency="USD")
    assert asking.ask(action="view")


def test_a_representative_may_by_their_office(asking: Asking) -> None:
    sub, handle = asking.told("tax", ONE, asking.mandates.entity, None)
    assert asking.ask(sub=sub, handle=handle)
    asking.site.execute(
        "UPDATE legal_entity SET status = 'cancelled' WHERE party_id = :id", id=asking.mandates.entity
    )
    assert not asking.ask(sub=sub, handle=handle)


def test_an_account_that_was_just_recovered_speaks_for_nobody_yet(asking: Asking) -> None:
    site = asking.site
    with site.provider.database.transaction() as tx:
        place_hold(tx, site.party(THREE), Act.REPRESENT, until=site.now() + 60, now=site.now())
    assert not asking.ask()
    site.later += 61
    assert asking.ask()


def test_an_agencys_employee_may_by_two_links_until_one_ends(asking: Asking) -> None:
    mandates = asking.mandates
    first = mandates.given(mandates.entity, to_entity(), ONE, TWO, mandates.agency, may_delegate=True)
    mandates.step(asking.mandate, Step.REVOKE, ONE, mandates.entity)
    until = asking.site.now() + 86400
    second = mandates.given(mandates.agency, to_person(THREE), TWO, THREE, parent=first, valid_to=until)
    sub, handle = asking.told("tax", THREE, mandates.entity, second)
    assert asking.ask(sub=sub, handle=handle)
    mandates.step(first, Step.FREEZE, ONE, mandates.entity)
    assert not asking.ask(sub=sub, handle=handle)


def test_a_handle_answers_for_the_theme_it_was_told_for(asking: Asking) -> None:
    """Who was told of a person's acting in one theme does not learn of the others by asking."""
    site = asking.site
    site.execute("UPDATE mandate SET theme = 'tax.payment' WHERE id = :id", id=asking.mandate)
    asking.mandates.given(asking.mandates.entity, to_person(THREE), ONE, THREE)
    assert not asking.ask()


def test_frozen_is_denied_and_unfrozen_permitted_at_the_next_question(asking: Asking) -> None:
    entity = asking.mandates.entity
    assert asking.ask()
    asking.mandates.step(asking.mandate, Step.FREEZE, ONE, entity)
    assert not asking.ask()
    asking.mandates.step(asking.mandate, Step.UNFREEZE, ONE, entity)
    assert asking.ask()
    asking.mandates.step(asking.mandate, Step.RENOUNCE, THREE, asking.site.party(THREE))
    assert not asking.ask()


def test_revoked_on_one_node_is_denied_on_the_other_at_the_next_request(asking: Asking) -> None:
    other = Site(create_app(settings_at(asking.site.directory), ScriptedRegisters().ports), later=asking.site.later)
    try:
        assert send(other, ONE_PATH, asking.question()).get_json()["decision"]
        asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
        assert not send(other, ONE_PATH, asking.question()).get_json()["decision"]
    finally:
        other.close()


def test_nobody_learns_who_acts_for_whom(asking: Asking) -> None:
    """Another client's names are no names, whoever holds them, and cost what unknown ones cost."""
    site = asking.site
    sub, handle = asking.told("social", TWO, asking.mandates.agency, None)
    stranger = site.provider.directory.subjects.of
    with site.provider.database.transaction() as tx:
        known = stranger(tx, sector="social-office", party_id=site.party(THREE))
    probes: list[dict[str, Any]] = [
        {"sub": known, "handle": asking.handle},  # the person is known here, their acting was told to another
        {"sub": asking.sub, "handle": asking.handle},  # both are another's
        {"sub": known, "handle": handle},  # the acting of somebody else
        {"sub": "pw_nobody", "handle": asking.handle},
        {"sub": "pw_nobody", "handle": "rep_00000000000000000000000000"},
    ]
    seen = []
    for probe in probes:
        with statements() as counted:
            answer = send(site, ONE_PATH, asking.question(**probe), "social")
        told = answer.get_json()
        seen.append((answer.status_code, told["decision"], told["context"]["ttl"], len(answer.data), tuple(counted)))
    assert len(set(seen)) == 1
    assert seen[0][1] is False
    assert asking.ask("social", sub=sub, handle=handle, action="view")  # and what it was told of is answered


@contextmanager
def statements() -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    seen: list[str] = []
    execute, send_ = SqliteWire.execute, SqliteWire.send

    def note(call: Any) -> Any:
        def noted(wire: Any, statement: Any, parameters: Any) -> Any:
            seen.append(statement.sql)
            return call(wire, statement, parameters)

        return noted

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqliteWire, "execute", note(execute))
        patch.setattr(SqliteWire, "send", note(send_))
        yield seen


def test_what_an_ended_mandate_and_an_unknown_handle_cost_is_the_same(asking: Asking) -> None:
    asking.ask()
    asking.mandates.step(asking.mandate, Step.REVOKE, ONE, asking.mandates.entity)
    with statements() as ended:
        assert not asking.ask()
    with statements() as unknown:
        assert not asking.ask(handle="rep_00000000000000000000000000")
    assert ended == unknown


def test_every_question_stands_in_the_audit_and_is_counted(asking: Asking) -> None:
    site = asking.site
    asking.ask()
    asking.ask(action="pay")
    asking.ask(sub="pw_nobody")
    with closing(sqlite3.connect(site.directory / "idp.db")) as database:
        rows = database.execute(
            "SELECT actor, subject, client, mandate, result, reason, detail FROM audit_event"
            " WHERE event = 'client:authority:checked' ORDER BY chain, seq"
        ).fetchall()
    person, entity = site.party(THREE), asking.mandates.entity
    detail = '{"action":"%s","service":"hn-tax-01","theme":"tax.filing"}'
    assert sorted(rows, key=str) == sorted(
        [
            (person, entity, "tax", asking.mandate, "ok", None, detail % "submit"),
            (person, entity, "tax", asking.mandate, "refused", "not-held", detail % "pay"),
            (None, None, "tax", None, "refused", "not-told", detail % "submit"),
        ],
        key=str,
    )


def test_what_a_department_writes_does_not_get_into_the_audit(asking: Asking) -> None:
    asking.ask(action="张三的申报", id="某某某")
    assert asking.site.one("SELECT detail FROM audit_event WHERE event = 'client:authority:checked'") is None


# -- batches (7)


def several(asking: Asking, *items: dict[str, Any], **body: Any) -> list[bool]:
    answer = send(asking.site, MANY, {**asking.question(), "evaluations": list(items), **body})
    assert answer.status_code == 200, answer.text
    return [one["decision"] for one in answer.get_json()["evaluations"]]


VIEW, PAY = {"action": {"name": "view"}}, {"action": {"name": "pay"}}


def test_7_1_defaults_hold_for_what_an_evaluation_does_not_say(asking: Asking) -> None:
    other = {"resource": asking.question(id="hn-tax-02")["resource"]}
    assert several(asking, VIEW, PAY, {}, other) == [True, False, True, False]


def test_7_1_2_1_the_semantic_says_how_far_it_is_answered(asking: Asking) -> None:
    for semantic, answers in (
        ("execute_all", [True, False, True, False]),
        ("deny_on_first_deny", [True, False]),
        ("permit_on_first_permit", [True]),
    ):
        assert several(asking, VIEW, PAY, VIEW, PAY, options={"evaluations_semantic": semantic}) == answers


def test_7_1_without_evaluations_it_is_one_question(asking: Asking) -> None:
    assert send(asking.site, MANY, asking.question()).get_json()["decision"] is True


def test_7_fifty_at_a_time(asking: Asking) -> None:
    assert len(several(asking, *[VIEW] * 50)) == 50
    answer = send(asking.site, MANY, {**asking.question(), "evaluations": [VIEW] * 51})
    assert problem(answer) == (400, "invalid-request")


# -- refusals


def test_10_1_what_is_no_question_is_a_problem(asking: Asking) -> None:
    without = {"subject": {"type": "person", "id": "x"}, "action": {"name": "view"}}
    for path in (ONE_PATH, MANY):
        for body in ({}, {"subject": "x"}, without, b"[]", b"{"):
            assert problem(send(asking.site, path, body)) == (400, "invalid-request"), body


def test_10_1_members_of_another_type_are_a_problem(asking: Asking) -> None:
    def refused(path: str = ONE_PATH, **changes: Any) -> bool:
        body = asking.question() | changes
        return problem(send(asking.site, path, body)) == (400, "invalid-request")

    assert refused(subject={"type": "person", "id": 7})
    assert refused(subject={"type": "person", "id": "x" * 300})
    assert refused(action={"name": ""})
    assert refused(action="view")
    assert refused(context=[])
    assert refused(resource={"type": "theme", "id": "tax.filing", "properties": "none"})
    assert refused(resource=asking.question(amount=5)["resource"])
    assert refused(resource=asking.question(amount="5,00")["resource"])
    assert refused(resource=asking.question(amount="5.00", currency="cny")["resource"])
    assert refused(MANY, evaluations={})
    assert refused(MANY, evaluations=[7])
    assert refused(MANY, options={"evaluations_semantic": "some"})
    assert asking.site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'client:authority:checked'") == 0


def test_6_members_that_nobody_knows_are_left_alone(asking: Asking) -> None:
    for path in (ONE_PATH, MANY):
        assert send(asking.site, path, asking.question() | {"more": 1}).get_json()["decision"] is True
    assert several(asking, VIEW | {"more": 1}) == [True]


def test_6_who_is_not_named_is_denied_like_who_is_not_known(asking: Asking) -> None:
    nobody = asking.question() | {"resource": {"type": "theme", "id": "tax.filing"}}
    answer = send(asking.site, ONE_PATH, nobody)
    assert (answer.status_code, answer.get_json()["decision"]) == (200, False)


def token(site: Site, client_id: str = "tax", **form: str) -> str:
    answer = site.token(client_id, {"grant_type": "client_credentials"} | form)
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


def test_10_2_a_client_asks_by_an_access_token_of_its_own(asking: Asking) -> None:
    site, question = asking.site, asking.question()
    held = token(site, scope="authority.check")
    answer = send(site, ONE_PATH, question, Authorization=f"Bearer {held}")
    assert answer.get_json()["decision"] is True
    other = token(site, scope="events.manage")
    refused = send(site, ONE_PATH, question, Authorization=f"Bearer {other}")
    assert problem(refused) == (403, "insufficient-scope")
    assert 'scope="authority.check"' in refused.headers["WWW-Authenticate"]
    site.call("/revoke", "tax", {"token": held})
    assert problem(send(site, ONE_PATH, question, Authorization=f"Bearer {held}")) == (401, "client-authentication")


def test_10_2_who_is_no_client_of_this_kind_learns_nothing(asking: Asking, signed_in: Browser) -> None:
    site, question = asking.site, asking.question()
    persons = signed_in.tokens("app", scope="openid profile")["access_token"]
    for header in (
        "",
        "Bearer ",
        "Bearer x.y.z",
        "Basic ZZZ",
        f"Bearer {persons}",
        basic("tax", "x" * 40),
        basic("no"),
    ):
        answer = (
            send(site, ONE_PATH, question, None, Authorization=header)
            if header
            else send(site, ONE_PATH, question, None)
        )
        assert problem(answer) == (401, "client-authentication")
        assert len(answer.headers.getlist("WWW-Authenticate")) == 2
    assert problem(send(site, ONE_PATH, question, "machine")) == (403, "insufficient-scope")
    assert problem(send(site, ONE_PATH, {}, "machine")) == (403, "insufficient-scope")


def test_a_suspended_client_asks_no_more(asking: Asking) -> None:
    held = token(asking.site, scope="authority.check")
    with asking.site.provider.database.transaction() as tx:
        set_state(tx, "tax", ClientState.SUSPENDED, now=asking.site.now())
    asking.site.provider.registry.expire()
    for header in (basic("tax"), f"Bearer {held}"):
        assert send(asking.site, ONE_PATH, asking.question(), Authorization=header).status_code == 401


def test_a_token_for_another_api_asks_nothing(asking: Asking) -> None:
    """Its audience is what it is for (RFC 9068 4)."""
    site = asking.site
    with site.provider.database.transaction() as tx:
        assert add_resource(tx, "https://api.example/other", client_id="machine", title="x", now=site.now()) is None
    site.provider.resources.expire()
    add_client(site, "both", "tax-office", resources=["https://api.example/other"])
    held = token(site, "both", scope="authority.check", resource="https://api.example/other")
    assert send(site, ONE_PATH, asking.question(), Authorization=f"Bearer {held}").status_code == 401


def test_10_1_3_the_callers_request_id_comes_back(asking: Asking) -> None:
    answer = send(asking.site, ONE_PATH, asking.question(), X_Request_ID="bfe9eb29-ab87")
    assert answer.headers["X-Request-Id"] == "bfe9eb29-ab87"
    assert send(asking.site, ONE_PATH, {}, X_Request_ID="of-a-refusal").headers["X-Request-Id"] == "of-a-refusal"
    odd = send(asking.site, ONE_PATH, asking.question(), X_Request_ID="<b>")
    assert odd.headers["X-Request-Id"] != "<b>"


def test_9_the_decision_point_says_where_it_is(site: Site) -> None:
    found = site.http.get("/.well-known/authzen-configuration").get_json()
    issuer = found["policy_decision_point"]
    assert found["access_evaluation_endpoint"] == f"{issuer}{ONE_PATH}"
    assert found["access_evaluations_endpoint"] == f"{issuer}{MANY}"
