"""Whatever is refused at the counter leaves a record with its reason, whoever is refused and by whatever page."""

from collections.abc import Callable
from typing import Any

from idp.assisted.actions import ByFace
from idp.assisted.rules import OBJECTION, Refusal
from idp.mandates.rules import State, Step
from tests.assisted.counter_walks import CARD, UNIT, Office, accepted, bring, hash_on, state_of, witnessed
from tests.assisted.register_walks import Counter, denied
from tests.entities.conftest import ONE, PEOPLE, THREE, TWO
from tests.mandates.walking import signed_in
from tests.provider import Browser, Site

AT_HOME = CARD | {"name": PEOPLE[TWO][0], "number": PEOPLE[TWO][1]}
NONE = "0" * 64


def trail(site: Site) -> list[str]:
    """Every refusal so far: reason, whose it was, and whom it was about."""
    found = site.one(
        "SELECT group_concat(told, ' ') FROM (SELECT reason || '/' || COALESCE(actor, '') || '/' ||"
        " COALESCE(subject, '') AS told FROM audit_event WHERE event = 'person:assisted_case:refused'"
        " ORDER BY chain, seq)"
    )
    return str(found or "").split()


def refused(site: Site, attempt: Callable[[], Any], *statuses: int) -> list[str]:
    before = len(trail(site))
    answer = attempt()
    assert not statuses or answer.status_code in statuses, answer.text
    return trail(site)[before:]


def citizen(site: Site) -> str:
    return str(site.one("SELECT citizen_id FROM assisted_case"))


def told(site: Site, reason: Refusal, by: str, subject: str = "") -> list[str]:
    return [f"{reason}/{site.party(by)}/{subject}"]


def test_consent_that_a_case_does_not_wait_for_is_refused_and_recorded(
    site: Site, office: Office, clerk: Browser, colleague: Browser
) -> None:
    case = accepted(clerk)
    agreed = hash_on(clerk, f"{case}/consent?by=paper")
    witnessed(clerk, colleague, case)
    late = told(site, Refusal.STATE, THREE, citizen(site))
    for by, more in (("sms", {"code": "123456"}), ("witness", {}), ("identity_code", {"code": "x"})):
        page, sent = f"{case}/consent?by={by}", {"text_hash": agreed, **more}
        assert refused(site, lambda p=page, s=sent: clerk.submit(p, s), 422) == late
    assert refused(site, lambda: clerk.submit(f"{case}/consent/idc_none", {}), 422) == late
    assert refused(site, lambda: clerk.get(f"{case}/consent"), 303) == [], "to look is nothing to refuse"
    assert refused(site, lambda: clerk.submit(case, {"step": "accept"}), 422) == late
    assert state_of(office) == "authorised"


def test_a_witness_without_a_paper_or_who_brought_it_is_refused_and_recorded(
    site: Site, office: Office, clerk: Browser, colleague: Browser
) -> None:
    case = accepted(clerk, card=AT_HOME)
    page = f"{case}/consent?by=witness"
    sent = {"text_hash": hash_on(clerk, f"{case}/consent?by=paper")}
    for browser, by in ((colleague, TWO), (clerk, THREE)):
        reason = Refusal.SELF if by == TWO else Refusal.NO_EVIDENCE
        assert refused(site, lambda b=browser: b.submit(page, sent), 422) == told(site, reason, by, citizen(site))
    assert [one for one in site.outbox() if one.get("template") == "assisted_code"] == [], "and no message is sent"
    bring(clerk, case)
    own = told(site, Refusal.WITNESS, THREE, citizen(site))
    assert refused(site, lambda: clerk.submit(page, sent), 422) == own
    assert state_of(office) == "accepted"


def test_who_is_no_clerk_and_sends_something_is_on_record_and_who_looks_is_led_on(
    site: Site, office: Office, clerk: Browser
) -> None:
    case, stranger = accepted(clerk), signed_in(office.mandates, ONE)
    assert refused(site, lambda: stranger.get(case), 303) == []
    for page, sent in ((case, {"step": "accept"}), ("/counter/new", {}), (f"{case}/conclude", {"note": "x"})):
        attempt = refused(site, lambda p=page, s=sent: stranger.submit(p, s), 400)
        assert attempt == told(site, Refusal.NOT_CLERK, ONE)


def test_a_clerk_with_one_factor_is_led_to_the_second_and_it_is_on_record(site: Site, office: Office) -> None:
    mandate = office.post(THREE, by=ONE, unit=UNIT)
    one = site.browser().sign_in(THREE)
    assert one.submit("/account/acting", {"act": mandate}).status_code == 303
    assert told(site, Refusal.CLERK_FACTORS, THREE)[0] in refused(site, lambda: one.get("/counter"), 303)


def test_who_looks_for_the_case_of_another_or_of_another_office_is_on_record(
    site: Site, office: Office, clerk: Browser
) -> None:
    case, stranger = accepted(clerk), signed_in(office.mandates, ONE)
    mine = case.replace("/counter/", "/account/assisted/")
    theirs, nobodys = told(site, Refusal.NO_CASE, ONE, citizen(site)), told(site, Refusal.NO_CASE, ONE)
    for page in (mine, f"{mine}/papers/asp_none"):
        assert refused(site, lambda p=page: stranger.get(p), 404) == theirs
    assert theirs[0] in refused(site, lambda: stranger.submit(mine, {"object": "yes"}), 404)
    assert refused(site, lambda: stranger.get("/account/assisted/asc_none"), 404) == nobodys
    other = office.clerk(TWO, office.post(TWO, by=ONE, unit="另一个窗口"))
    assert refused(site, lambda: other.get(case), 404) == told(site, Refusal.NO_CASE, TWO, citizen(site))
    assert state_of(office) == "accepted"


def test_a_face_that_did_not_pass_is_no_consent_and_is_on_record(counter: Counter) -> None:
    case = counter.accepted()
    agreed = counter.hash(case)
    assert denied(counter.do("authorise", counter.clerk, case.id, ByFace(None), text_hash=agreed)) is (
        Refusal.NO_EVIDENCE
    )
    assert counter.refusals() == [Refusal.NO_EVIDENCE]


def test_a_case_that_cannot_follow_its_mandate_is_on_record(counter: Counter) -> None:
    """Long after its term nobody can object any more: what the citizen freezes then stops nothing of the case's."""
    case, site = counter.authorised(), counter.site
    mandate = site.one("SELECT mandate_id FROM assisted_mandate")
    site.later += 86400 + OBJECTION
    with site.provider.database.transaction() as tx:
        moved = site.provider.moving.step(
            tx, mandate, Step.FREEZE, person=case.citizen, party=case.citizen, now=site.now()
        )
    assert moved is State.SUSPENDED
    assert trail(site) == [f"{Refusal.ENDED}//{case.citizen}"]
