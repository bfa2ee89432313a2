"""Whatever is refused about mandates leaves a record with its reason, whoever refuses it and by whatever page."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from idp.db import Transaction
from idp.mandates import reading
from idp.mandates.days import day_of
from idp.mandates.granting import Denied
from idp.mandates.guardians import Guardianship
from idp.mandates.rules import DAY, Kind, Refusal, State, Step
from idp.mandates.scopes import Action, Scope
from tests.entities.conftest import CODE, NAME, ONE, THREE, TWO
from tests.mandates.conftest import FILING, Mandates, to_entity, to_person
from tests.mandates.test_pages_papers import line, table, upload
from tests.mandates.walking import FILING as BOXES
from tests.mandates.walking import NEW, person_form, sign, signed_in, text_of, to, walk
from tests.provider import Browser

ASK, RULE, ACTING = "/account/mandates/request", "/account/mandates/signing-rule", "/account/acting"
MANAGES = Scope(FILING.actions | {Action.MANAGE}, FILING.services)
PENSION = {"service-hn-pension-01": "yes", "action-submit": "yes"}


def trail(mandates: Mandates) -> list[str]:
    """Every refusal so far: reason, whose it was, whom and what it was about."""
    found = mandates.site.one(
        "SELECT group_concat(told, ' ') FROM (SELECT reason || '/' || COALESCE(actor, '') || '/' ||"
        " COALESCE(subject, '') || '/' || COALESCE(mandate, '') AS told FROM audit_event"
        " WHERE event = 'person:mandate:refused' ORDER BY chain, seq)"
    )
    return str(found or "").split()


def refused(mandates: Mandates, attempt: Callable[[], Any], *statuses: int) -> list[str]:
    """The records that it left; over HTTP it is answered by one of ``statuses``."""
    before = len(trail(mandates))
    answer = attempt()
    assert not statuses or answer.status_code in statuses, answer.text
    return trail(mandates)[before:]


def record(mandates: Mandates, reason: Refusal, by: str, subject: str = "", mandate: str = "") -> str:
    return f"{reason}/{mandates.party(by)}/{subject}/{mandate}"


@pytest.fixture
def boss(mandates: Mandates) -> Browser:
    return signed_in(mandates, ONE, acts_for=mandates.entity)


@pytest.fixture
def administers(mandates: Mandates) -> str:
    """The mandate by which TWO administers tax filing."""
    about: dict[str, Any] = {"kind": Kind.ADMINISTRATOR, "scope": MANAGES}
    return mandates.given(mandates.entity, to_person(TWO), ONE, TWO, **about)


def test_what_goes_beyond_is_recorded_where_it_is_answered(mandates: Mandates, boss: Browser) -> None:
    def told(reason: Refusal, subject: str = mandates.entity) -> list[str]:
        return [record(mandates, reason, ONE, subject)]

    assert refused(mandates, lambda: boss.submit(NEW, {"choice": "family"}), 422) == told(Refusal.NOT_GRANTOR)
    assert refused(mandates, lambda: boss.submit(NEW, {"choice": "mnd_none"}), 422) == told(Refusal.NOT_GRANTOR)
    assert refused(mandates, lambda: boss.submit(NEW, {"choice": ""}), 422) == [], "forgotten is not refused"
    agency = walk(boss, {"choice": "agency"})
    itself = {"name": NAME, "uscc": CODE}
    assert refused(mandates, lambda: boss.submit(agency, itself), 422) == told(Refusal.SELF)
    theme = walk(boss, {"choice": "employee"}, person_form(THREE))
    assert refused(mandates, lambda: boss.submit(theme, {"theme": "social.pension"}), 422) == told(
        Refusal.THEME_UNKNOWN
    )
    dates = walk(boss, {"theme": "tax.filing"}, BOXES, begin=theme)
    past = {"term": "own", "first": "2020-01-01", "last": "2099-01-01"}
    assert refused(mandates, lambda: boss.submit(dates, past), 422) == told(Refusal.TERM)
    own = signed_in(mandates, ONE)
    who = walk(own, {"choice": "family"})
    me = mandates.party(ONE)
    assert refused(mandates, lambda: own.submit(who, person_form(ONE)), 422) == told(Refusal.SELF, me)
    ask = f"{ASK}/who?of=person"
    assert refused(mandates, lambda: own.submit(ask, person_form(ONE)), 422) == told(Refusal.SELF, me)


def test_an_administrator_goes_no_further_than_they_hold_by_no_page(mandates: Mandates, administers: str) -> None:
    admin, entity = signed_in(mandates, TWO), mandates.entity

    def told(reason: Refusal) -> list[str]:
        return [record(mandates, reason, TWO, entity)]

    begin = f"{NEW}?by={administers}"
    assert refused(mandates, lambda: admin.submit(begin, {"choice": "administrator"}), 422) == told(
        Refusal.NOT_GRANTOR
    )
    theme = walk(admin, {"choice": "employee"}, person_form(THREE), begin=begin)
    assert refused(mandates, lambda: admin.submit(theme, {"theme": "tax.refund"}), 422) == told(Refusal.THEME_UNKNOWN)
    dates = walk(admin, {"theme": "tax.filing"}, {"service-hn-tax-01": "yes", "action-view": "yes"}, begin=theme)
    after = {"term": "own", "first": str(day_of(mandates.site.now() + DAY)), "last": "2098-12-31"}
    assert refused(mandates, lambda: admin.submit(dates, after), 422) == told(Refusal.TERM)
    content = table(line(), line(number="11010519491231002X", actions="缴费"))
    bulk = f"/account/mandates/bulk?by={administers}"
    reasons = refused(mandates, lambda: admin.upload(bulk, content, filename="m.csv"), 303)
    assert reasons == [*told(Refusal.TERM), *told(Refusal.SCOPE_BEYOND)]
    page = f"{RULE}?by={administers}"
    assert refused(mandates, lambda: admin.submit(page, {"rule": "any_two"}), 404) == told(Refusal.NOT_GRANTOR)


def test_who_looks_for_what_is_not_theirs_is_on_record(mandates: Mandates, administers: str) -> None:
    draft = mandates.draft(mandates.entity, to_person(THREE))
    mandates.draw(draft, ONE)
    stranger, theirs = signed_in(mandates, TWO), f"/account/mandates/{draft.id}"
    told = [record(mandates, Refusal.FOR_ANOTHER, TWO, mandates.entity, draft.id)]
    assert refused(mandates, lambda: stranger.get(theirs), 404) == told
    for action in ("accept", "sign", "revoke", "step", "renew", "accept/certificate"):
        sent = {"step": "freeze", "text_hash": "0" * 64}
        assert told[0] in refused(mandates, lambda sent=sent, at=action: stranger.submit(f"{theirs}/{at}", sent), 404)
    nobody = [record(mandates, Refusal.FOR_ANOTHER, TWO)]
    assert refused(mandates, lambda: stranger.get("/account/mandates/mnd_none"), 404) == nobody
    third = signed_in(mandates, THREE)
    by = [record(mandates, Refusal.NOT_GRANTOR, THREE, mandates.entity, administers)]
    assert refused(mandates, lambda: third.get(f"/account/mandates?by={administers}"), 404) == by


def test_a_step_in_the_wrong_state_is_on_record(mandates: Mandates, boss: Browser) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    agent, at = signed_in(mandates, THREE), f"/account/mandates/{key}"
    for browser, phone, page in ((agent, THREE, "accept"), (boss, ONE, "sign")):
        told = [record(mandates, Refusal.STATE, phone, mandates.entity, key)]
        sent = {"text_hash": "0" * 64}
        assert refused(mandates, lambda b=browser, p=page, s=sent: b.submit(f"{at}/{p}", s), 404) == told
    other = [record(mandates, Refusal.FOR_ANOTHER, THREE, mandates.entity, key)]
    for page in ("sign", "renew"):
        assert refused(mandates, lambda p=page: agent.submit(f"{at}/{p}", {"text_hash": "0" * 64}), 404, 400) == other
    waiting = mandates.draft(mandates.entity, to_entity())
    mandates.draw(waiting, ONE)
    told = [record(mandates, Refusal.STATE, ONE, mandates.entity, waiting.id)]
    assert refused(mandates, lambda: boss.submit(f"/account/mandates/{waiting.id}/renew"), 400) == told


@pytest.mark.parametrize("how", ["frozen", "revoked", "another's", "none"])
def test_to_act_by_what_gives_no_power_is_on_record(mandates: Mandates, how: str) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    if how in ("frozen", "revoked"):
        mandates.step(key, Step.FREEZE if how == "frozen" else Step.REVOKE, ONE, mandates.entity)
    phone = TWO if how == "another's" else THREE
    browser = signed_in(mandates, phone)
    asked, reason = key, Refusal.FOR_ANOTHER if how in ("another's", "none") else Refusal.STATE
    told = record(mandates, reason, phone, mandates.entity, key)
    if how == "none":
        asked, told = "mnd_none", record(mandates, reason, phone)
    assert refused(mandates, lambda: browser.submit(ACTING, {"act": asked}), 422) == [told]


def test_to_act_for_an_entity_one_is_nothing_to_is_on_record(mandates: Mandates) -> None:
    browser = signed_in(mandates, THREE)
    assert browser.submit(ACTING, {"act": mandates.entity}).status_code == 422
    sql = "SELECT actor || ' ' || reason FROM audit_event WHERE event = 'entity:identity:refused'"
    assert mandates.site.one(sql) == f"{mandates.party(THREE)} not_allowed"


def test_mandates_managed_while_acting_are_refused_and_recorded(mandates: Mandates) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    clerk = signed_in(mandates, THREE)
    assert to(clerk.submit(ACTING, {"act": key})).endswith("done=acting_mandate")
    told = record(mandates, Refusal.ACTING, THREE, mandates.entity, key)
    assert told in refused(mandates, lambda: clerk.submit(f"/account/mandates/{key}/step", {"step": "freeze"}), 403)


def test_every_refusal_of_a_signing_rule_is_recorded(mandates: Mandates, administers: str, boss: Browser) -> None:
    def told(reason: Refusal, by: str, entity: str = mandates.entity) -> list[str]:
        return [record(mandates, reason, by, entity)]

    other = signed_in(mandates, TWO, acts_for=mandates.agency)
    alone = refused(mandates, lambda: other.submit(RULE, {"rule": "any_two"}), 422)
    assert alone == told(Refusal.SIGNERS_MISSING, TWO, mandates.agency)
    for rule in ("any_two", "alone"):
        assert boss.submit(RULE, {"rule": rule}).status_code == 303
    change = mandates.site.one("SELECT id FROM signing_rule_change WHERE state = 'open'")
    page, by_admin = f"{RULE}/{change}", f"{RULE}/{change}?by={administers}"
    assert refused(mandates, lambda: boss.submit(page, {"act": "sign"}), 303) == told(Refusal.STATE, ONE)
    third = signed_in(mandates, THREE)
    assert refused(mandates, lambda: third.submit(page, {"act": "sign"}), 404) == told(
        Refusal.NOT_GRANTOR, THREE, mandates.party(THREE)
    )
    admin = signed_in(mandates, TWO)
    assert admin.submit(by_admin, {"act": "drop"}).status_code == 303
    for act in ("sign", "drop"):
        gone = refused(mandates, lambda act=act: admin.submit(by_admin, {"act": act}), 303)
        assert gone == told(Refusal.STATE, TWO, "")


def test_who_is_nothing_to_the_entity_signs_and_drops_no_change_of_its_rule(
    mandates: Mandates, administers: str, boss: Browser
) -> None:
    """Of another entity's, by whoever knows the change's id."""
    for rule in ("any_two", "alone"):
        assert boss.submit(RULE, {"rule": rule}).status_code == 303
    change = mandates.site.one("SELECT id FROM signing_rule_change WHERE state = 'open'")
    mandates.step(administers, Step.REVOKE, ONE, mandates.entity)
    other = signed_in(mandates, TWO, acts_for=mandates.agency)
    told = [record(mandates, Refusal.NOT_GRANTOR, TWO, mandates.entity)]
    for act in ("sign", "drop"):
        assert refused(mandates, lambda act=act: other.submit(f"{RULE}/{change}", {"act": act}), 303) == told
    assert mandates.site.one("SELECT state FROM signing_rule_change WHERE id = :id", id=change) == "open"


def test_a_bulk_signed_by_another_hash_is_on_record(mandates: Mandates, boss: Browser) -> None:
    page = to(upload(boss, table(line())))
    told = [record(mandates, Refusal.STATE, ONE, mandates.entity)]
    assert refused(mandates, lambda: boss.submit(page, {"text_hash": "0" * 64}), 422) == told


def test_a_text_signed_by_another_hash_is_on_record(mandates: Mandates, boss: Browser) -> None:
    address = text_of(boss, person_form(THREE))
    sent = {"text_hash": "0" * 64, "replaces": ""}
    (told,) = refused(mandates, lambda: boss.submit(address, sent), 422)
    assert told.startswith(record(mandates, Refusal.STATE, ONE, mandates.entity) + "mnd_")
    assert sign(boss, address).status_code == 303


def within(mandates: Mandates, act: Callable[[Transaction], Any]) -> list[str]:
    def attempt() -> None:
        with mandates.site.provider.database.transaction() as tx:
            act(tx)

    return refused(mandates, attempt)


def test_a_request_for_somebody_else_is_on_record(mandates: Mandates) -> None:
    granting, now, person = mandates.site.provider.granting, mandates.site.now(), mandates.party(THREE)
    for draft in (
        mandates.draft(mandates.entity, to_person(TWO)),
        mandates.draft(mandates.party(THREE), to_person(THREE), kind=Kind.PERSONAL, theme="social.pension"),
    ):
        told = [record(mandates, Refusal.FOR_ANOTHER, THREE, draft.principal, draft.id)]
        assert within(mandates, lambda tx, d=draft: granting.request(tx, d, by=person, now=now)) == told


def test_what_the_system_finds_ended_already_is_on_record(mandates: Mandates) -> None:
    key = mandates.given(mandates.entity, to_person(THREE), ONE, THREE)
    with mandates.site.provider.database.autocommit() as tx:
        before = reading.find(tx, key)
    assert before is not None
    moving, told = mandates.site.provider.moving, f"mandate_state//{mandates.entity}/{key}"
    mandates.step(key, Step.REVOKE, ONE, mandates.entity)
    now = mandates.site.now()

    def end(tx: Transaction) -> None:
        found = reading.find(tx, key)
        assert found is not None
        assert moving.by_system(tx, found, Step.EXPIRE, reason="term", now=now) == Denied(Refusal.STATE)
        # and by whoever read it before it ended
        assert moving.by_system(tx, before, Step.EXPIRE, reason="term", now=now) == Denied(Refusal.STATE)

    assert within(mandates, end) == [told, told]


def test_a_guardianship_that_cannot_be_recorded_or_ended_is_on_record(mandates: Mandates) -> None:
    guardianships, ward, operator = mandates.site.provider.guardianships, mandates.party(ONE), mandates.party(TWO)
    scope = Scope(frozenset({Action.VIEW}), frozenset({"hn-pension-01"}))
    told = Guardianship(
        ward=ward, guardian=ward, theme="social.pension", scope=scope, last_day=date(2099, 1, 1), paper="x"
    )
    now = mandates.site.now()
    assert within(mandates, lambda tx: guardianships.record(tx, told, operator=operator, now=now)) == [
        record(mandates, Refusal.SELF, TWO, ward)
    ]
    assert within(mandates, lambda tx: guardianships.end(tx, "mnd_none", operator=operator, now=now)) == [
        record(mandates, Refusal.STATE, TWO)
    ]


def test_an_old_link_that_is_not_theirs_to_settle_is_on_record(mandates: Mandates) -> None:
    from idp.mandates.links import LinkRequest

    links, now = mandates.site.provider.old_links, mandates.site.now()
    request = LinkRequest("wai_none", mandates.party(THREE), to_person(THREE), "old", 1)
    draft = mandates.draft(mandates.entity, to_person(TWO))
    signer = mandates.signer(ONE)
    assert within(mandates, lambda tx: links.grant(tx, request, draft, signer, text_hash="", now=now)) == [
        record(mandates, Refusal.FOR_ANOTHER, ONE, mandates.entity, draft.id)
    ]
    for by, acting, reason in (
        (THREE, False, Refusal.NOT_GRANTOR),
        (ONE, True, Refusal.ACTING),
        (ONE, False, Refusal.STATE),
    ):
        person = mandates.party(by)
        assert within(
            mandates,
            lambda tx, p=person, a=acting: links.decline(tx, request, mandates.entity, by=p, acting=a, now=now),
        ) == [record(mandates, reason, by, mandates.entity)]


def test_what_may_be_done_leaves_no_refusal(mandates: Mandates, boss: Browser) -> None:
    key = to(sign(boss, text_of(boss, person_form(THREE)))).split("/")[3]
    agent = signed_in(mandates, THREE)
    assert to(sign(agent, f"/account/mandates/{key}/accept"))
    assert boss.get(f"/account/mandates/{key}").status_code == 200
    mandates.site.later += 700
    assert to(agent.submit(ACTING, {"act": key})).endswith("done=acting_mandate")
    assert trail(mandates) == []
    assert mandates.site.one("SELECT state FROM mandate WHERE id = :id", id=key) == State.ACTIVE
