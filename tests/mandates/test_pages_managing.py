"""What both sides see of a mandate and do with it, over HTTP: lists, steps, requests, joint signing, acting."""

import pytest

from idp.entities.rules import Acting, Via
from idp.mandates.power import Capacity
from idp.mandates.rules import Kind, State
from idp.mandates.scopes import Action, Scope
from tests.entities.conftest import CODE, NAME, ONE, THREE, TWO
from tests.mandates.conftest import FILING, Mandates, to_entity, to_person
from tests.mandates.walking import FILING as BOXES
from tests.mandates.walking import NEW, given, hidden, person_form, sign, signed_in, text_of, to, walk
from tests.provider import Browser

ASK = "/account/mandates/request"


def state(mandates: Mandates, key: str) -> str:
    return str(mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=key))


def step(browser: Browser, key: str, name: str) -> int:
    return int(browser.submit(f"/account/mandates/{key}/step", {"step": name}).status_code)


def test_freezing_is_one_act_and_releasing_wants_proof(mandates: Mandates) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    clerk = signed_in(mandates, THREE)
    boss = mandates.site.browser().sign_in(ONE)
    boss.submit("/account/acting", {"act": mandates.entity})
    assert "Freeze now" not in clerk.get(f"/account/mandates/{key}").text
    assert step(clerk, key, "freeze") == 422
    assert step(boss, key, "freeze") == 303
    assert state(mandates, key) == State.SUSPENDED
    assert mandates.may(THREE, mandates.entity) is None
    released = boss.submit(f"/account/mandates/{key}/step", {"step": "unfreeze"})
    assert to(released).startswith("/signin/confirm")
    assert state(mandates, key) == State.SUSPENDED
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    assert step(boss, key, "unfreeze") == 303
    assert step(boss, key, "revoke") == 400
    assert state(mandates, key) == State.ACTIVE


def test_taking_back_and_laying_down_are_asked_once_more(mandates: Mandates) -> None:
    first = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    boss, clerk = signed_in(mandates, ONE, acts_for=mandates.entity), signed_in(mandates, THREE)
    assert boss.get(f"/account/mandates/{first}/revoke").status_code == 200
    assert state(mandates, first) == State.ACTIVE
    assert clerk.get(f"/account/mandates/{first}/revoke").status_code == 404
    assert clerk.submit(f"/account/mandates/{first}/revoke").status_code == 422
    assert to(boss.submit(f"/account/mandates/{first}/revoke"))
    assert state(mandates, first) == State.REVOKED
    second = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    assert to(clerk.submit(f"/account/mandates/{second}/renounce"))
    assert state(mandates, second) == State.RENOUNCED
    assert boss.submit(f"/account/mandates/{second}/revoke").status_code == 422


def test_whom_it_is_offered_declines(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    mandates.draw(draft, ONE)
    clerk = signed_in(mandates, THREE)
    assert to(clerk.submit(f"/account/mandates/{draft.id}/decline")).endswith("done=mandate_declined")
    assert state(mandates, draft.id) == State.RENOUNCED


@pytest.mark.parametrize("path", ["", "/accept", "/sign", "/revoke", "/done", "/print"])
def test_a_mandate_of_others_is_found_as_little_as_one_that_is_not(mandates: Mandates, path: str) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    mandates.draw(draft, ONE)
    stranger, boss = signed_in(mandates, TWO), signed_in(mandates, ONE)
    for browser in (stranger, boss):  # the representative has it while acting for the entity
        theirs = browser.get(f"/account/mandates/{draft.id}{path}")
        none = browser.get(f"/account/mandates/mnd_none{path}")
        assert (theirs.status_code, none.status_code) == (404, 404)
    for action in ("step", "revoke", "accept", "sign", "renew"):
        answer = stranger.submit(f"/account/mandates/{draft.id}/{action}", {"step": "freeze", "text_hash": "0" * 64})
        assert answer.status_code == 404


def test_both_sides_read_text_signatures_uses_and_history(mandates: Mandates) -> None:
    site = mandates.site
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    site.execute(
        "INSERT INTO mandate_use (id, mandate_id, person_id, represented_id, client_id, what, service, region,"
        " used_at) VALUES ('use_1', :key, :person, :entity, 'app', 'token submit', 'hn-tax-01', '430100', :now)",
        key=key,
        person=site.party(THREE),
        entity=mandates.entity,
        now=site.now(),
    )
    for browser in (signed_in(mandates, ONE, acts_for=mandates.entity), signed_in(mandates, THREE)):
        page = browser.get(f"/account/mandates/{key}").text
        for words in ("应用", "VAT return", "430100", "*䶮", "***岚", "The history is whole"):
            assert words in page, words
    site.execute("UPDATE mandate_event SET at = at + 1 WHERE mandate_id = :key AND seq = 1", key=key)
    assert "The history is not whole" in browser.get(f"/account/mandates/{key}").text


def test_lists_narrow_by_state_and_go_on(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    for _ in range(12):
        draft = mandates.draft(mandates.entity, to_person(THREE))
        mandates.draw(draft, ONE)
    mandates.accept(draft.id, THREE)
    first = boss.get("/account/mandates").text
    assert first.count('class="tag') == 10
    more = first.split('<a href="/account/mandates/given?')[1].split('"')[0].replace("&amp;", "&")
    assert boss.get(f"/account/mandates/given?{more}").text.count('class="tag') == 2
    assert boss.get("/account/mandates?state=active").text.count('class="tag') == 1
    assert "No mandates in this state" in boss.get("/account/mandates?state=suspended").text
    assert boss.get("/account/mandates?state=nonsense").text.count('class="tag') == 10
    assert boss.get("/account/mandates/given?before=x.y").status_code == 200


def test_a_renewal_asks_only_for_the_dates_and_replaces(mandates: Mandates) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    dates = to(boss.submit(f"/account/mandates/{key}/renew"))
    assert "/new/dates" in dates
    address = walk(boss, {"term": "year"}, {"waived": "yes"}, begin=dates)
    assert "This replaces a mandate" in boss.get(address).text
    second = to(sign(boss, address)).split("/")[3]
    assert second != key
    mandates.accept(second, THREE)
    assert state(mandates, key) == State.SUPERSEDED


def test_an_agent_asks_and_the_principal_signs(mandates: Mandates) -> None:
    clerk = signed_in(mandates, THREE)
    entity = {"name": NAME, "uscc": CODE}
    address = walk(clerk, entity, {"theme": "tax.filing"}, BOXES, {"term": "month"}, begin=f"{ASK}/who?of=entity")
    assert NAME in clerk.get(address).text
    assert to(clerk.submit(address, {"sent": "yes"})).endswith("done=mandate_requested")
    assert clerk.submit(address, {"sent": "yes"}).status_code == 400
    key = str(mandates.site.one("SELECT id FROM mandate"))
    assert key not in clerk.get("/account/mandates").text
    assert clerk.get(f"/account/mandates/{key}").status_code == 404, "nothing is seen before it is signed"
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    page = boss.get(f"/account/mandates/{key}").text
    assert "*䶮" in page
    assert "Decline" in page
    assert to(sign(boss, f"/account/mandates/{key}/sign"))
    assert to(sign(clerk, f"/account/mandates/{key}/accept"))
    assert state(mandates, key) == State.ACTIVE


def test_asking_says_the_same_of_who_is_there_and_who_is_not(mandates: Mandates) -> None:
    answers = []
    for code, name in ((CODE, NAME), ("91110108MA01G0000W", NAME), (CODE, "别的公司")):
        from idp.accounts.credit_code import CreditCode

        if CreditCode.parse(code) is None:
            continue
        clerk = signed_in(mandates, THREE)
        entity = {"name": name, "uscc": code}
        steps = (entity, {"theme": "tax.filing"}, BOXES, {"term": "month"})
        address = walk(clerk, *steps, begin=f"{ASK}/who?of=entity")
        sent = clerk.submit(address, {"sent": "yes"})
        page = clerk.get("/account/mandates").text
        seen = clerk.get("/account/activity").text.count("Asked to act for somebody")
        answers.append((sent.status_code, to(sent), page.count('class="tag'), seen - len(answers)))
    assert len(answers) >= 2
    assert len({answer[:3] for answer in answers}) == 1
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 1
    assert mandates.site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:mandate:requested'") == len(
        answers
    )


def test_requests_of_a_day_are_counted_for_whoever_is_asked(mandates: Mandates) -> None:
    clerk = signed_in(mandates, THREE)
    last = None
    for _ in range(11):
        steps = (
            person_form(TWO),
            {"theme": "social.pension"},
            {"service-hn-pension-02": "yes", "action-view": "yes"},
        )
        address = walk(clerk, *steps, {"term": "month"}, begin=f"{ASK}/who?of=person")
        last = clerk.submit(address, {"sent": "yes"})
    assert last is not None
    assert last.status_code == 422
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 10


def test_two_sign_where_the_entity_has_said_so(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    rule = "/account/mandates/signing-rule"
    assert boss.submit(rule, {"rule": "any_two"}).status_code == 422, "nobody could sign any more"
    manages = Scope(frozenset({Action.SUBMIT, Action.MANAGE}), frozenset({"hn-tax-20"}))
    admin = {"kind": Kind.ADMINISTRATOR, "scope": manages, "theme": "tax.refund"}
    own = mandates.given(mandates.entity, to_person(TWO), ONE, TWO, **admin)
    assert to(boss.submit(rule, {"rule": "any_two"})).startswith("/signin/confirm")
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    assert to(boss.submit(rule, {"rule": "any_two"})).endswith("done=mandate_rule_set")
    assert to(boss.submit(rule, {"rule": "alone"})).endswith("done=mandate_rule_waits"), (
        "one alone does not loosen it"
    )
    assert mandates.site.one("SELECT rule FROM entity_signing_rule") == "any_two"
    change = mandates.site.one("SELECT id FROM signing_rule_change WHERE state = 'open'")
    assert to(boss.submit(f"{rule}/{change}", {"act": "sign"})).endswith("done=mandate_state"), "they have signed it"
    assert signed_in(mandates, THREE).submit(f"{rule}/{change}?by={own}", {"act": "sign"}).status_code == 404
    other = signed_in(mandates, TWO)
    assert "done=mandate_rule_dropped" in to(other.submit(f"{rule}/{change}?by={own}", {"act": "drop"}))
    assert mandates.site.one("SELECT rule FROM entity_signing_rule") == "any_two"
    scope = {"service-hn-tax-20": "yes", "action-submit": "yes"}
    key = given(boss, person_form(THREE), theme="tax.refund", scope=scope)
    assert state(mandates, key) == State.PENDING_APPROVALS
    assert signed_in(mandates, THREE).get(f"/account/mandates/{key}").status_code == 404
    second = signed_in(mandates, TWO)
    assert own in second.get("/account/mandates").text
    page = second.get(f"/account/mandates/{key}/sign?by={own}")
    assert "***岚" in page.text
    assert to(second.submit(f"/account/mandates/{key}/sign?by={own}", hidden(page.text)))
    assert state(mandates, key) == State.PENDING_ACCEPTANCE
    again = second.submit(f"/account/mandates/{key}/sign?by={own}", hidden(page.text))
    assert again.status_code == 404


def test_an_administrator_gives_in_their_theme_and_sees_no_other(mandates: Mandates) -> None:
    manages = Scope(FILING.actions | {Action.MANAGE}, FILING.services)
    own = mandates.given(mandates.entity, to_person(TWO), ONE, TWO, kind=Kind.ADMINISTRATOR, scope=manages)
    other = mandates.draft(
        mandates.entity,
        to_person(THREE),
        theme="counter.service",
        scope=Scope(frozenset({Action.VIEW}), frozenset({"hn-counter-01"})),
        kind=Kind.EMPLOYMENT,
    )
    mandates.draw(other, ONE)
    admin = signed_in(mandates, TWO)
    listed = admin.get(f"/account/mandates?by={own}").text
    assert NAME in listed
    assert other.id not in listed
    assert admin.get(f"/account/mandates/{other.id}?by={own}").status_code == 404
    assert admin.get("/account/mandates?by=mnd_none").status_code == 404
    assert signed_in(mandates, THREE).get(f"/account/mandates?by={own}").status_code == 404
    key = given(admin, person_form(THREE), begin=f"{NEW}?by={own}", dates={"term": "month"})
    assert mandates.site.one("SELECT principal_id FROM mandate WHERE id = :id", id=key) == mandates.entity
    assert admin.submit(f"{NEW}?by={own}", {"choice": "administrator"}).status_code == 422
    assert admin.get(f"/account/mandates/signing-rule?by={own}").status_code == 404
    assert admin.submit(f"/account/mandates/{own}/revoke?by={own}").status_code == 422, "not their own"


@pytest.mark.parametrize("path", ["", "/new", "/request", "/request/who", "/people", "/signing-rule", "/bulk"])
def test_who_acts_by_a_mandate_manages_nothing(mandates: Mandates, path: str) -> None:
    site = mandates.site
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    clerk = signed_in(mandates, THREE)
    acting = Acting(mandates.entity, Capacity.HANDLER, Via.MANDATE, key)
    site.execute(
        "UPDATE session SET acting = :acting WHERE party_id = :party", acting=acting.text, party=site.party(THREE)
    )
    page = clerk.get(f"/account/mandates{path}")
    assert page.status_code == 403
    assert "/account/acting" in page.text
    assert clerk.submit(f"/account/mandates{path}", {"choice": "employee"}).status_code in (403, 405)
    for action in ("accept", "step", "renounce", "revoke", "renew"):
        assert clerk.submit(f"/account/mandates/{key}/{action}", {"step": "freeze"}).status_code == 403
    assert state(mandates, key) == State.ACTIVE
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE reason = 'mandate_acting'") >= 6


def test_who_no_longer_represents_the_entity_manages_nothing_of_it(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE))
    form = hidden(boss.get(address).text)
    mandates.site.execute("UPDATE legal_entity SET status = 'revoked' WHERE party_id = :id", id=mandates.entity)
    refused = boss.get("/account/mandates")
    assert refused.status_code == 403
    assert '<a class="button" href="/account/acting">Choose for whom you act</a>' in refused.text
    assert boss.submit(address, form).status_code == 403
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0


def test_staff_stand_with_post_and_unit(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    scope = {"service-hn-counter-01": "yes", "action-view": "yes"}
    who = person_form(THREE) | {"post": "综合窗口 · 政务服务中心"}
    key = given(boss, who, choice="staff", theme="counter.service", scope=scope)
    page = boss.get("/account/mandates/people").text
    assert "综合窗口 · 政务服务中心" in page
    assert "综合窗口" in boss.get(f"/account/mandates/{key}").text
    assert signed_in(mandates, ONE).get("/account/mandates/people").status_code == 404


def test_an_entity_is_found_by_the_agency_it_is_offered_to(mandates: Mandates) -> None:
    draft = mandates.draft(mandates.entity, to_entity())
    mandates.draw(draft, ONE)
    agent = signed_in(mandates, TWO, acts_for=mandates.agency)
    assert draft.id in agent.get("/account/mandates").text
    assert to(sign(agent, f"/account/mandates/{draft.id}/accept"))
    assert draft.id not in signed_in(mandates, TWO).get("/account/mandates").text


def test_a_mandate_that_waits_for_a_number_is_nobodys_of_another_name(mandates: Mandates) -> None:
    from dataclasses import replace

    draft = mandates.draft(mandates.entity, replace(to_person(THREE), name="冒名者"))
    mandates.draw(draft, ONE)
    clerk = signed_in(mandates, THREE)
    assert draft.id not in clerk.get("/account/mandates").text
    assert clerk.get(f"/account/mandates/{draft.id}").status_code == 404
