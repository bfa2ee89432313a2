"""Operators look at a person's photos and decide: with a reason each, two of them for a yes, and the photos go."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from idp.accounts import closing
from idp.accounts.documents import DocumentType, parse_document
from idp.accounts.names import PersonName
from idp.console.rules import Role
from idp.proofing.actions import ial
from idp.reviews.rules import Cause, Deciders
from tests.console.staff import WHY, Staff, on_duty
from tests.provider import Browser, Site, add_document, add_person
from tests.reviews.making import NAME, NUMBER, PERSON, SIDES, events, filed, photos, reviews_offered  # noqa: F401

SEEK = {"reason": "按序办理审核", "ticket": "GD-2026-0118"}
YES = {**WHY, "decision": "propose", "valid_to": "2099-05-20"}
NO = {**WHY, "decision": "reject", "cause": "unreadable"}
OTHER = "13898760002"


@pytest.fixture
def number(site: Site, signed_in: Browser) -> str:
    return filed(site, signed_in)


@pytest.fixture
def clerk(site: Site) -> Staff:
    return on_duty(site, "li.na", Role.REVIEW)


@pytest.fixture
def second(site: Site) -> Staff:
    return on_duty(site, "wang.fang", Role.REVIEW)


def sought(staff: Staff, number: str) -> str:
    """The address of the case, after a reason was given."""
    answer = staff.submit("/console/reviews", {"number": number, **SEEK})
    assert answer.headers["Location"] == f"/console/reviews/{number}", answer.text
    return answer.headers["Location"]


def opened(staff: Staff, number: str) -> str:
    """The same, once every photo was shown there."""
    address = sought(staff, number)
    for side in SIDES:
        assert staff.get(f"{address}/{side}").status_code == 200
    return address


def shown(staff: Staff, address: str) -> str:
    """The digest of the photos as the page says it."""
    found = re.search(r'name="photos" value="([0-9a-f]{64})"', staff.get(address).text)
    assert found
    return found[1]


def proposed(staff: Staff, number: str, **changes: str) -> str:
    """The address of a proposal to approve."""
    address = opened(staff, number)
    answer = staff.submit(address, YES | {"photos": shown(staff, address)} | changes)
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].partition("?")[0]


def level(site: Site) -> int:
    with site.provider.database.autocommit() as tx:
        return ial(tx, site.party(), now=site.now())


def test_nothing_is_shown_without_a_reason(site: Site, clerk: Staff, number: str) -> None:
    queue = clerk.get("/console/reviews").text
    assert f"{number[:4]} {number[4:8]} {number[8:]}" in queue
    assert NAME not in queue
    for address in ("", *(f"/{side}" for side in SIDES)):
        refused = clerk.get(f"/console/reviews/{number}{address}")
        assert refused.status_code == 303
        assert "review_look_needs_reason" in refused.headers["Location"]
    for wrong in ({"reason": ""}, {"ticket": ""}, {"number": "12"}, {"number": "000000000000"}):
        assert clerk.submit("/console/reviews", {"number": number, **SEEK} | wrong).status_code == 422
    assert events(site, "operator:review%") == ["operator:review:sought"], "of the number that nobody has"


def test_every_look_at_the_case_and_at_each_photo_is_recorded(site: Site, clerk: Staff, number: str) -> None:
    address = sought(clerk, number)
    page = clerk.get(address).text
    assert NAME in page
    assert NUMBER in page
    for side in SIDES:
        photo = clerk.get(f"{address}/{side}")
        assert photo.data.startswith(b"\xff\xd8\xff")
        assert photo.headers["Content-Type"] == "image/jpeg"
        assert photo.headers["Cache-Control"] == "no-store"
        assert photo.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    looks = ["operator:review:sought", "operator:review:viewed", *["operator:review_photo:viewed"] * 3]
    assert events(site, "operator:review%") == looks
    assert clerk.get(f"{address}/side").status_code == 404
    site.later += 1801
    assert clerk.sign_in().get(f"{address}/front").status_code == 303, "the reason was good for half an hour"


def test_who_has_another_role_sees_no_review(site: Site, number: str) -> None:
    staff = [
        on_duty(site, "zhao.lei", Role.AUDIT),
        on_duty(site, "chen.jun", Role.COUNTER),
        on_duty(site, "hu.min", Role.PLATFORM),
        on_duty(site, "sun.yu", Role.DEPARTMENT, sectors=("one",)),
    ]
    for one in staff:
        for address in ("", f"/{number}", f"/{number}/front"):
            assert one.get(f"/console/reviews{address}").status_code == 403
        assert one.submit(f"/console/reviews/{number}", NO).status_code == 403
    assert photos(site) == 3


@pytest.mark.parametrize("cause", list(Cause))
def test_a_rejection_says_why_deletes_the_photos_and_leaves_other_ways(
    site: Site, signed_in: Browser, clerk: Staff, number: str, cause: Cause
) -> None:
    address = opened(clerk, number)
    done = clerk.submit(address, NO | {"cause": cause.value, "photos": shown(clerk, address)})
    assert done.headers["Location"] == "/console/reviews?done=review_decided"
    assert photos(site) == 0
    assert site.one("SELECT cause FROM review WHERE state = 'rejected' AND sealed IS NULL") == cause
    assert [m["template"] for m in site.outbox("sms")] == ["review_rejected"]
    assert level(site) == 1
    page = signed_in.sign_in().get("/identity/review").text
    assert "Reason: " in page
    assert 'href="/identity/raise"' in page
    assert clerk.get(f"{address}/front").status_code == 404
    after = clerk.get(address).text
    assert NAME not in after
    assert NUMBER not in after
    again = signed_in.submit("/identity/review/person", PERSON)
    assert again.status_code == (422 if cause is Cause.FORGERY else 303)


def test_after_a_forgery_a_day_has_to_pass(site: Site, signed_in: Browser, clerk: Staff, number: str) -> None:
    address = opened(clerk, number)
    clerk.submit(address, NO | {"cause": "forgery", "photos": shown(clerk, address)})
    site.later += 86000
    assert signed_in.sign_in().submit("/identity/review/person", PERSON).status_code == 422
    site.later += 500
    assert signed_in.submit("/identity/review/person", PERSON).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        {"decision": ""},
        {"decision": "maybe"},
        {"decision": "reject", "cause": ""},
        {"decision": "reject", "cause": "mood"},
        {"valid_to": ""},
        {"valid_to": "tomorrow"},
        {"valid_to": "2020-01-01"},
        {"photos": ""},
        {"photos": "0" * 64},
        {"reason": ""},
        {"ticket": ""},
    ],
)
def test_a_decision_is_whole_or_none(site: Site, clerk: Staff, number: str, wrong: dict[str, str]) -> None:
    address = opened(clerk, number)
    form = YES | {"photos": shown(clerk, address)}
    assert clerk.submit(address, form | wrong).status_code == 422
    assert site.one("SELECT COUNT(*) FROM proposal") == 0
    assert site.one("SELECT state FROM review") == "filed"
    assert photos(site) == 3


def test_two_operators_approve_and_the_person_is_known(
    site: Site, signed_in: Browser, clerk: Staff, second: Staff, number: str
) -> None:
    proposal = proposed(clerk, number)
    assert photos(site) == 3, "one operator alone decides nothing"
    assert level(site) == 1
    assert clerk.approve(proposal).status_code == 422, "nor on their own proposal"
    opened(second, number)
    assert f"/console/reviews/{number}" in second.get(proposal).text
    assert second.approve(proposal).status_code == 303
    assert photos(site) == 0
    assert level(site) == 3
    row = "SELECT {} FROM review WHERE state = 'approved' AND sealed IS NULL"
    assert site.one(row.format("proposer")) == clerk.party
    assert site.one(row.format("decider")) == second.party
    evidence = site.one("SELECT kind || ' ' || source FROM evidence WHERE ended_at IS NULL")
    assert evidence == "review review"
    days = site.provider.settings.reviews.valid_days
    assert site.one("SELECT expires_at - proved_at FROM evidence") == days * 86400
    assert [m["template"] for m in site.outbox("sms")] == ["review_approved"]
    assert "Review of photos" in signed_in.sign_in().get("/account/identity").text
    site.browser().sign_in(NUMBER)


def test_evidence_ends_with_its_document(site: Site, clerk: Staff, second: Staff, number: str) -> None:
    today = (datetime.fromtimestamp(site.now(), UTC) + timedelta(hours=8)).date()  # the day ends with China's
    proposal = proposed(clerk, number, valid_to=(today + timedelta(days=20)).isoformat())
    opened(second, number)
    second.approve(proposal)
    left = site.one("SELECT expires_at FROM evidence") - site.now()
    assert 20 * 86400 - 60 < left <= 21 * 86400
    assert site.one("SELECT valid_to FROM identity_document") == site.one("SELECT expires_at FROM evidence")


@pytest.mark.parametrize("end", [{"valid_to": "", "long_term": "yes"}, {"valid_to": "9999-12-31"}])
def test_a_document_without_end_is_ticked_or_ends_when_time_does(
    site: Site, clerk: Staff, second: Staff, number: str, end: dict[str, str]
) -> None:
    proposal = proposed(clerk, number, **end)
    opened(second, number)
    second.approve(proposal)
    assert site.one("SELECT COUNT(*) FROM identity_document WHERE valid_to IS NULL") == 1


def test_who_has_not_opened_the_photos_does_not_agree_to_them(
    site: Site, clerk: Staff, second: Staff, number: str
) -> None:
    address = sought(clerk, number)
    form = YES | {"photos": shown(clerk, address)}
    for side in SIDES:
        assert clerk.submit(address, form).status_code == 422, "nor lays them before another one"
        clerk.get(f"{address}/{side}")
    proposal = clerk.submit(address, form).headers["Location"].partition("?")[0]
    sought(second, number)
    second.get(f"{address}/front")
    assert second.approve(proposal).status_code == 422, "a reason and one photo are not three photos"
    assert level(site) == 1
    assert site.one("SELECT state FROM proposal") == "open", "it is not lost by that"
    opened(second, number)
    assert second.approve(proposal).status_code == 303
    assert level(site) == 3


def test_who_was_shown_a_photo_is_forgotten_with_it(site: Site, clerk: Staff, number: str) -> None:
    opened(clerk, number)
    assert site.one("SELECT COUNT(*) FROM photo_view") == 3
    site.execute("DELETE FROM photo")
    site.provider.reviews.run_due(site.provider.database, now=site.now())
    assert site.one("SELECT COUNT(*) FROM photo_view") == 0


def test_a_review_edits_nobody_who_is_known_already(site: Site, clerk: Staff, second: Staff, number: str) -> None:
    proposal = proposed(clerk, number)
    with site.provider.database.transaction() as tx:
        passport = parse_document(DocumentType.PASSPORT, "E12345678", today=date(2026, 1, 1))
        assert passport is not None
        site.provider.directory.record_document(
            tx, site.party(), document=passport, name=PersonName(NAME), valid_to=None, source="test", now=site.now()
        )
    with site.provider.database.transaction() as tx:
        by = Deciders(second.party, "prp_1", clerk.party)
        assert not site.provider.reviews.approve(tx, number, valid_to=None, by=by, now=site.now())
    address = opened(second, number)
    assert "another name or document" in second.get(address).text
    assert second.submit(address, YES | {"photos": shown(second, address)}).status_code == 422
    assert second.approve(proposal).status_code == 422
    assert site.one("SELECT kind FROM identity_document") == "passport"
    assert site.one("SELECT COUNT(*) FROM evidence WHERE kind = 'review'") == 0
    assert second.submit(address, NO | {"photos": shown(second, address)}).status_code == 303


@pytest.mark.parametrize("what", ["withdrawn", "replaced", "rejected", "lapsed", "photo altered"])
def test_an_approval_is_for_what_was_shown_or_for_nothing(
    site: Site, signed_in: Browser, clerk: Staff, second: Staff, number: str, what: str
) -> None:
    proposal = proposed(clerk, number)
    opened(second, number)
    signed_in.sign_in()
    if what in ("withdrawn", "replaced"):
        signed_in.submit("/identity/review", {"withdraw": "yes"})
    if what == "replaced":
        filed(site, signed_in)
    if what == "rejected":
        address = opened(second, number)
        second.submit(address, NO | {"photos": shown(second, address)})
    if what == "lapsed":
        site.provider.reviews.run_due(site.provider.database, now=site.one("SELECT lapses_at FROM review"))
    if what == "photo altered":
        site.execute("UPDATE photo SET digest = :other WHERE side = 'front'", other="0" * 64)
    assert second.approve(proposal).status_code == 422
    assert level(site) == 1
    assert site.one("SELECT COUNT(*) FROM identity_document") == 0
    assert site.one("SELECT state FROM proposal") == "void"


def test_a_document_of_another_account_can_only_be_rejected(
    site: Site, clerk: Staff, second: Staff, number: str
) -> None:
    address = opened(clerk, number)
    digest = shown(clerk, address)
    proposal = proposed(clerk, number)
    add_document(site.provider, add_person(site.provider, OTHER, None), now=site.now())
    assert "belongs to another account" in clerk.get(address).text
    assert clerk.submit(address, YES | {"photos": digest}).status_code == 422
    opened(second, number)
    assert second.approve(proposal).status_code == 422
    assert level(site) == 1
    assert photos(site) == 3
    assert clerk.submit(address, NO | {"photos": digest}).status_code == 303


def test_of_two_decisions_one_counts(site: Site, clerk: Staff, second: Staff, number: str) -> None:
    address = opened(clerk, number)
    digest = shown(clerk, address)
    assert clerk.submit(address, NO | {"photos": digest}).status_code == 303
    assert clerk.submit(address, NO | {"photos": digest}).status_code == 422
    assert clerk.submit(address, YES | {"photos": digest}).status_code == 422
    assert len(site.outbox("sms")) == 1


def test_an_account_that_has_closed_is_not_approved(site: Site, clerk: Staff, second: Staff, number: str) -> None:
    proposal, party = proposed(clerk, number), site.party()
    opened(second, number)
    with site.provider.database.transaction() as tx:
        closing.ask(tx, party, closes_at=site.now(), locale="zh", now=site.now())
        assert site.provider.closings.close(tx, party, now=site.now())
    assert second.approve(proposal).status_code == 422
    assert site.one("SELECT COUNT(*) FROM evidence") == 0


def test_the_trail_holds_no_word_of_the_person(site: Site, clerk: Staff, second: Staff, number: str) -> None:
    proposal = proposed(clerk, number)
    opened(second, number)
    second.approve(proposal)
    told = str(site.one("SELECT GROUP_CONCAT(COALESCE(detail, '') || COALESCE(reason, '')) FROM audit_event"))
    assert NAME not in told
    assert NUMBER not in told
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'operator:review:approved'") == 1
