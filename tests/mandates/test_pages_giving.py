"""Giving a mandate through the pages, up to its acceptance."""

import pytest

from idp.mandates.rules import WAIT, Kind, State
from tests.entities.conftest import CODE, ONE, PEOPLE, THREE, TWO
from tests.mandates.conftest import Mandates, to_person
from tests.mandates.walking import (
    ENTITY_FORM,
    FILING,
    NEW,
    given,
    hidden,
    person_form,
    prove,
    sign,
    signed_in,
    text_of,
    to,
    walk,
)


def test_a_representative_gives_an_employee_what_they_chose_and_the_employee_accepts(mandates: Mandates) -> None:
    site, boss = mandates.site, signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE), dates={"term": "year"}, options={"waived": "yes"})
    page = boss.get(address).text
    assert "VAT return" in page
    assert "龚䶮" in page
    key = given(boss, person_form(THREE), options={"waived": "yes", "tell-phone": "yes"})
    with site.provider.database.autocommit() as tx:
        from idp.mandates import reading

        one, kept = reading.find(tx, key), reading.particulars(tx, key)
    assert one is not None
    assert kept is not None
    assert (one.kind, one.state) == (Kind.DELEGATED, State.PENDING_ACCEPTANCE)
    assert (sorted(one.scope.actions), sorted(one.scope.services)) == (["submit", "view"], ["hn-tax-01"])
    assert (kept.waived, kept.struck) == (1, "")
    clerk = signed_in(mandates, THREE)
    assert f"/account/mandates/{key}" in clerk.get("/account/mandates").text
    done = to(sign(clerk, f"/account/mandates/{key}/accept"))
    assert clerk.get(done).status_code == 200
    assert mandates.may(THREE, mandates.entity) is not None
    sides = site.one(
        "SELECT group_concat(side) FROM (SELECT side FROM mandate_signature ORDER BY signed_at, side DESC)"
    )
    assert sides == "principal,agent"


def test_optional_data_that_is_not_ticked_is_struck(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    key = given(boss, person_form(THREE))
    assert mandates.site.one("SELECT struck FROM mandate WHERE id = :id", id=key) == "phone"


def test_nothing_is_signed_without_two_factors_shown_just_now(mandates: Mandates) -> None:
    boss = mandates.site.browser().sign_in(ONE)
    boss.submit("/account/acting", {"act": mandates.entity})
    address = text_of(boss, person_form(THREE))
    page = boss.get(address).text
    first = to(boss.submit(address, hidden(page)))
    assert first.startswith("/signin/confirm?again=yes&why=mandate_prove&next=")
    assert "legally binding" in boss.get(first).text
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0
    prove(boss)
    assert sign(boss, address).status_code == 303
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 1


def test_a_signed_form_sent_again_gives_nothing_more(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE))
    form = hidden(boss.get(address).text)
    assert boss.submit(address, form).status_code == 303
    assert boss.submit(address, form).status_code in (303, 400)
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 1


def test_a_journey_belongs_to_its_browser_and_its_party(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE))
    form = hidden(boss.get(address).text)
    elsewhere = signed_in(mandates, ONE, acts_for=mandates.entity)
    assert elsewhere.get(address).status_code == 303
    assert elsewhere.submit(address, form).status_code == 400
    boss.submit("/account/acting", {"act": "self"})
    assert boss.submit(address, form).status_code == 400
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0


def test_a_text_other_than_the_one_shown_is_not_signed(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE))
    answer = boss.submit(address, {"text_hash": "0" * 64, "replaces": ""})
    assert answer.status_code == 422
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0
    assert sign(boss, address).status_code == 303


def test_forms_without_their_token_do_nothing(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE))
    form = hidden(boss.get(address).text)
    for path in (address, NEW, "/account/mandates/signing-rule", "/account/mandates/request/who"):
        assert boss.client.post(path, data=form).status_code == 400
    key = given(boss, person_form(THREE))
    for path in ("step", "revoke", "renew", "sign", "accept"):
        assert boss.client.post(f"/account/mandates/{key}/{path}", data={"step": "freeze"}).status_code == 400
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=key) == State.PENDING_ACCEPTANCE


@pytest.mark.parametrize("phone", [TWO, "13812340008"])
def test_who_has_an_account_is_not_learned_by_giving(mandates: Mandates, phone: str) -> None:
    PEOPLE.setdefault("13812340008", ("不在者", "110105194912310070"))
    site, boss = mandates.site, signed_in(mandates, ONE, acts_for=mandates.entity)
    for _ in range(2):
        key = given(boss, person_form(phone))
        page = boss.get(f"/account/mandates/{key}").text
        assert "Waiting for acceptance" in page or "accept" in page
        address = text_of(boss, person_form(phone))
        assert "This replaces a mandate" not in boss.get(address).text
    assert site.one("SELECT COUNT(*) FROM mandate WHERE state = 'pending_acceptance'") == 2
    PEOPLE.pop("13812340008", None)


def test_nobody_gives_to_themselves(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(ONE))
    assert "yourself" in boss.get(address).text, "before anybody proves who they are for it"
    answer = sign(boss, address)
    assert answer.status_code == 422
    assert "yourself" in answer.text
    mandates.site.later += 1
    agency = walk(boss, {"choice": "agency"})
    own = boss.submit(agency, {"name": "长沙岳麓示例科技有限公司", "uscc": CODE})
    assert own.status_code == 422
    me = signed_in(mandates, ONE)
    answer = me.submit(walk(me, {"choice": "family"}), person_form(ONE))
    assert answer.status_code == 422
    assert mandates.site.one("SELECT COUNT(*) FROM mandate") == 0


def test_each_page_says_what_is_wrong_and_goes_no_further(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    assert boss.submit(NEW, {"choice": "family"}).status_code == 422
    assert boss.submit(NEW, {"choice": "mnd_none"}).status_code == 422
    who = walk(boss, {"choice": "employee"})
    assert boss.submit(who, person_form(THREE) | {"number": "11010519491231002Y"}).status_code == 422
    theme = walk(boss, person_form(THREE), begin=who)
    assert boss.submit(theme, {"theme": "social.pension"}).status_code == 422, "not an entity's to give"
    scope = walk(boss, {"theme": "tax.filing"}, begin=theme)
    assert boss.submit(scope, {"service-hn-tax-01": "yes"}).status_code == 422
    assert boss.submit(scope, {"action-view": "yes"}).status_code == 422
    assert boss.submit(scope, FILING | {"amount": "-5"}).status_code == 422
    assert boss.submit(scope, FILING | {"amount": "0"}).status_code == 422
    dates = walk(boss, FILING | {"amount": "50,000.5"}, begin=scope)
    for first, last in (("2020-01-01", "2020-02-01"), ("2099-01-01", "2098-01-01"), ("x", "2027-01-01"), ("", "")):
        assert boss.submit(dates, {"term": "own", "first": first, "last": last}).status_code == 422
    assert boss.submit(dates, {"term": "own", "first": "2098-01-01", "last": "2099-12-31"}).status_code == 303
    options = dates.replace("/dates", "/options")
    address = walk(boss, {}, begin=options)
    assert "50,000.50 CNY" in boss.get(address).text


def test_going_back_undoes_what_came_after(mandates: Mandates) -> None:
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE))
    theme = address.replace("/text", "/theme")
    assert boss.get(theme).status_code == 200
    assert "/scope" in to(boss.submit(theme, {"theme": "tax.refund"}))
    assert "/scope" in to(boss.get(address)), "a step is never skipped"


def test_a_daughter_acts_for_her_mother(mandates: Mandates) -> None:
    mother, daughter = signed_in(mandates, ONE), signed_in(mandates, THREE)
    scope = {"service-hn-pension-01": "yes", "action-submit": "yes"}
    key = given(mother, person_form(THREE), choice="family", theme="social.pension", scope=scope)
    listed = mother.get("/account/mandates").text
    assert "龚䶮" in listed
    assert to(sign(daughter, f"/account/mandates/{key}/accept"))
    assert "欧阳清岚" in daughter.get(f"/account/mandates/{key}").text
    mandates.site.later += WAIT + 1
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=key) == State.ACTIVE


def test_an_agency_appoints_its_employee_for_a_client(mandates: Mandates) -> None:
    boss, agent = (
        signed_in(mandates, ONE, acts_for=mandates.entity),
        signed_in(mandates, TWO, acts_for=mandates.agency),
    )
    first = given(boss, ENTITY_FORM, choice="agency", options={"may_delegate": "yes", "waived": "yes"})
    assert to(sign(agent, f"/account/mandates/{first}/accept"))
    assert first in agent.get(NEW).text
    second = given(
        agent,
        person_form(THREE),
        choice=first,
        dates={"term": "month"},
        options={"waived": "yes"},
    )
    clerk = signed_in(mandates, THREE)
    assert to(sign(clerk, f"/account/mandates/{second}/accept"))
    chain = mandates.may(THREE, mandates.entity)
    assert chain is not None
    assert [one.id for one in chain.mandates] == [first, second]
    assert "*䶮" in boss.get(f"/account/mandates/{first}").text, "the client sees whom its agency has appointed"
    assert boss.get(f"/account/mandates/{second}").status_code == 404


def test_what_is_replaced_is_shown_before_it_is_signed(mandates: Mandates) -> None:
    first = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    boss = signed_in(mandates, ONE, acts_for=mandates.entity)
    address = text_of(boss, person_form(THREE), options={"waived": "yes"})
    page = boss.get(address).text
    assert "This replaces a mandate" in page
    unseen = boss.submit(address, hidden(page) | {"replaces": ""})
    assert unseen.status_code == 422
    key = to(sign(boss, address)).split("/")[3]
    mandates.accept(key, THREE)
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=first) == State.SUPERSEDED


def test_who_is_not_proved_to_be_anybody_is_sent_to_prove_it(mandates: Mandates) -> None:
    from tests.provider import add_person

    add_person(mandates.site.provider, "13812340007", None)
    answer = mandates.site.browser().sign_in("13812340007").get(NEW)
    assert to(answer).startswith("/account/identity")
