"""The last way over HTTP: two operators let a new phone set the password; nobody learns who exists, and nothing
is done twice."""

import re
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from idp.accounts.rules import PartyStatus
from idp.console import recovery_pages
from idp.console.rules import Role
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.recovery.requests import purge, reseal_requests
from idp.recovery.rules import APPROVAL_LIFETIME, MISMATCHES, UNANSWERED_KEPT, Request
from tests.console.staff import WHY, on_duty
from tests.console.test_people import trail
from tests.provider import PASSWORD, PHONE, Browser, Site, add_person, claims_of, keys_of
from tests.recovery.last_way import (
    NEW_PASSWORD,
    NEW_PHONE,
    NUMBER,
    OTHER,
    WHO,
    Office,
    ask_code,
    complete,
    file,
    gets_in,
    set_status,
    templates,
    to_way,
)
from tests.recovery.test_journey import counted, limited, orders

HOLD = int(timedelta(hours=72).total_seconds())


def state(site: Site) -> str:
    return str(site.one("SELECT state FROM recovery_request ORDER BY filed_at DESC"))


def test_who_lost_everything_gets_the_same_account_back(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    assert 'href="/recover/last"' in browser.get("/recover").text
    sub = claims_of(site.browser().sign_in().tokens(scope="openid")["id_token"])["sub"]
    reference = file(browser)
    office.approve(reference)
    done = complete(browser, reference)
    assert done.headers["Location"] == "/signin?done=password_reset"
    assert not browser.signed_in
    back = site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)
    assert back.get("/account").status_code == 200
    assert site.party(NEW_PHONE) == party
    assert claims_of(back.tokens(scope="openid")["id_token"])["sub"] == sub
    assert state(site) == "done"
    assert not gets_in(site, PHONE, NEW_PASSWORD)
    assert templates(site, NEW_PHONE) == ["bind_code", "recovery_approved", "recover_code", "phone_bound"]
    assert templates(site, PHONE)[-1] == "recovery_notice"
    assert [row[2] for row in trail(site, "operator:recovery:approved")] == [party]


def test_from_the_approval_on_nothing_old_opens_the_account(
    site: Site, signed_in: Browser, party: str, office: Office
) -> None:
    held = signed_in.tokens()
    office.approve(file(site.browser()))
    assert not signed_in.signed_in
    assert site.userinfo(held["access_token"]).status_code == 401
    assert site.refresh(held["refresh_token"]).status_code == 400
    assert not gets_in(site, NUMBER, PASSWORD)
    for phone in (PHONE, NEW_PHONE):
        before = len(site.outbox("sms"))
        site.browser().submit("/signin/code", {"identifier": phone})
        assert len(site.outbox("sms")) == before
    for table in ("passkey", "totp", "recovery_code"):
        assert site.one(f"SELECT COUNT(*) FROM {table} WHERE party_id = :p", p=party) == 0
    events = "SELECT COUNT(*) FROM party_event WHERE party_id = :p AND kind = 'identifier-recycled'"
    assert site.one(events, p=party) == 1
    assert site.one("SELECT COUNT(*) FROM evidence WHERE party_id = :p AND ended_at IS NULL", p=party) == 0


def test_the_hold_keeps_phone_and_methods_and_entities_for_72_hours(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    office.approve(reference)
    complete(browser, reference)

    def refused() -> list[bool]:
        back = site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)
        return [
            back.submit("/account/phone", {"phone": "13700003333"}).status_code == 422,
            back.get("/account/methods/totp").headers.get("Location") == "/account/methods?done=methods_held",
            back.get("/entities/new").headers["Location"] == "/account/acting?done=entity_held",
            back.submit("/account/acting", {"act": "pty_any"}).text.count("cannot act for an entity yet") > 0,
        ]

    assert refused() == [True] * 4
    site.later += HOLD - 60
    assert refused() == [True] * 4
    site.later += 120
    assert refused() == [False] * 4


# -- four eyes


def test_one_operator_with_two_sessions_is_one_operator(site: Site, browser: Browser, party: str) -> None:
    both = on_duty(site, "li.na", Role.COUNTER, Role.REVIEW)
    proposal = Office(both, both).propose(file(browser))
    other = both.sign_in(site.browser())
    assert 'value="approve"' not in other.get(proposal).text
    assert other.submit(proposal, {**WHY, "decision": "approve"}).status_code == 422
    assert state(site) == "filed"
    site.browser().sign_in()


def test_the_second_operator_sees_what_changes_and_no_more(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    page = office.second.get(office.propose(file(browser))).text
    for shown in ("138****0001", "137****2222", "***岚", "1****************X", "In person at a counter"):
        assert shown in page
    for hidden in (NEW_PHONE, PHONE, NUMBER, "欧阳清岚"):
        assert hidden not in page


def test_of_two_approvals_at_once_one_wins_and_the_account_is_opened_once(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    third = on_duty(site, "sun.li", Role.COUNTER)
    proposal = office.propose(file(browser))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda one: one.approve(proposal).status_code, (office.second, third)))
    assert sorted(answers) == [303, 422]
    assert len(trail(site, "operator:recovery:approved")) == 1
    assert templates(site, NEW_PHONE).count("recovery_approved") == 1


def test_a_request_that_was_rejected_meanwhile_is_not_approved(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    proposal = office.propose(reference)
    assert office.say(reference, decision="reject").status_code == 303
    assert office.second.approve(proposal).status_code == 422
    assert state(site) == "rejected"
    site.browser().sign_in()


def test_an_account_that_was_suspended_meanwhile_is_not_recovered(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    proposal = office.propose(file(browser))
    set_status(site, party, PartyStatus.ACTIVE, PartyStatus.SUSPENDED)
    assert office.second.approve(proposal).status_code == 422
    assert site.one("SELECT state FROM proposal") == "void"
    assert state(site) == "filed"


def test_the_number_is_read_from_the_document_and_the_way_is_ones_own(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    for form in (
        {"decision": "propose", "how": "counter", "number": "440524198001010013"},
        {"decision": "propose", "how": "counter"},
        {"decision": "propose", "how": "review"},  # a counter's clerk has no such word to give
        {"decision": "propose"},
        {"decision": "perhaps"},
    ):
        assert office.say(reference, **form).status_code == 422, form
    assert site.one("SELECT COUNT(*) FROM proposal") == 0
    reviewed = Office(office.second, office.first).say(reference, decision="propose", how="review")
    assert reviewed.status_code == 303


def test_a_number_is_not_found_out_by_trying(
    site: Site, browser: Browser, party: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    reference = file(browser)
    wrong = {"decision": "propose", "how": "counter", "number": OTHER["number"]}
    for _ in range(MISMATCHES):
        assert "not the document number in the request" in office.say(reference, **wrong).text
    assert [row[2] for row in trail(site, "operator:recovery:number_differed")] == [party] * MISMATCHES
    right = office.say(reference, **wrong | {"number": NUMBER})
    assert (right.status_code, "typed wrongly too often" in right.text) == (422, True)
    assert 'value="propose"' not in office.second.get(office.open(office.second, reference)).text
    monkeypatch.setattr(Request, "is_spent", False)  # as a try reads it that is under way beside the last one
    assert office.say(reference, **wrong | {"number": NUMBER}).status_code == 422
    assert site.one("SELECT COUNT(*) FROM proposal") == 0
    assert office.say(reference, decision="reject").status_code == 303


def test_right_numbers_are_not_counted(site: Site, browser: Browser, party: str, office: Office) -> None:
    reference = file(browser)
    for _ in range(MISMATCHES + 1):
        proposal = office.propose(reference)
        assert office.first.submit(proposal, {"withdraw": "yes"}).status_code == 303
    assert trail(site, "operator:recovery:number_differed") == []


@pytest.mark.parametrize(("name", "said"), [(WHO["name"], "The names agree"), ("欧阳静岚", "The names differ")])
def test_the_second_operator_reads_whether_names_that_look_alike_agree(
    site: Site, browser: Browser, party: str, office: Office, name: str, said: str
) -> None:
    page = office.second.get(office.propose(file(browser, WHO | {"name": name}))).text
    assert page.count("***岚") == 2
    assert said in page


def test_who_waits_for_a_review_is_not_hidden_by_who_never_came_to_the_counter(
    site: Site, browser: Browser, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery_pages, "LISTED", 2)
    for way in ("counter", "counter", "review"):
        last = file(site.browser(), phone=f"1370000{len(site.outbox('sms')):04}", way=way)
    site.execute("UPDATE recovery_request SET due_at = due_at - 86400 WHERE way = 'counter'")
    assert f"request={last}" in office.first.get("/console/recoveries").text


def test_only_who_makes_sure_of_people_sees_requests_and_only_with_a_reason(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    for role in (Role.PLATFORM, Role.AUDIT):
        staff = on_duty(site, f"x-{role}", role)
        assert staff.get("/console/recoveries").status_code == 403
        assert staff.get(f"/console/recoveries/{reference}").status_code == 403
    unasked = office.first.get(f"/console/recoveries/{reference}")
    assert unasked.headers["Location"] == "/console/recoveries?done=recovery_look_needs_reason"
    assert trail(site, "operator:recovery:viewed") == []
    listed = office.first.get("/console/recoveries").text
    assert f"{reference[:4]} {reference[4:8]}" in listed
    assert "137" not in re.sub(r"[0-9]{4} [0-9]{4} [0-9]{4}|request=[0-9]+", "", listed)
    page = office.first.get(office.open(office.first, reference)).text
    assert "137****2222" in page
    assert NEW_PHONE not in page
    assert [row[2] for row in trail(site, "operator:recovery:viewed")] == [party]
    assert office.first.submit("/console/recoveries", {"request": "000000000000", **WHY}).status_code == 422


# -- nobody learns who exists


def test_known_unknown_and_closed_run_the_same_statements_and_read_the_same(
    site: Site, party: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trace(who: dict[str, str]) -> list[tuple[int, list[str], str]]:
        browser, seen = site.browser(), []
        browser.get("/signin")

        def note(path: str, form: dict[str, str] | None = None) -> str:
            with counted(monkeypatch) as statements:
                answer = browser.get(path) if form is None else browser.submit(path, form)
            page = re.sub(
                r'flw_\w+|csrf_token" value="[^"]+|(id="reference"|<b class="number") translate="no">[^<]+',
                "",
                answer.text,
            )
            seen.append((answer.status_code, statements, re.sub("[0-9]{4} [0-9]{4} [0-9]{4}", "", page)))
            return str(answer.headers.get("Location", ""))

        at = note("/recover/last/person", who)
        at = note(at, {"phone": NEW_PHONE})
        at = note(at, {"code": site.text_code()})
        note(note(at, {"way": "review"}))
        return seen

    trace(OTHER)  # what a process does once is done then
    known, unknown = trace(WHO), trace(OTHER)
    set_status(site, party, PartyStatus.ACTIVE, PartyStatus.CLOSED)
    assert known == unknown == trace(WHO)


def test_a_number_of_no_approved_request_reads_the_same_and_gets_no_message(
    site: Site, party: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def trace(reference: str) -> list[tuple[int, int]]:
        browser, seen = site.browser(), []
        browser.get("/signin")
        with counted(monkeypatch) as statements:
            at = ask_code(browser, reference)
        seen.append((303, len(statements)))
        for form in ({"code": "000000"}, {"code": "000001"}, {"resend": "yes"}):
            with counted(monkeypatch) as statements:
                answer = browser.submit(at, form)
            seen.append((answer.status_code, len(statements)))
        return seen

    waiting, approved = file(site.browser(), OTHER), file(site.browser())
    office.approve(approved)
    before = len(site.outbox("sms"))
    assert trace("000000000000") == trace(waiting)
    assert len(site.outbox("sms")) == before
    assert trace("000000000000") == trace(approved)
    assert len(site.outbox("sms")) == before + 2


def test_ordering_again_within_a_minute_tells_nothing_of_a_request(
    site: Site, party: str, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved = file(site.browser())
    office.approve(approved)
    orders(site, "/recover/approved", {"request": "000000000001"}, monkeypatch)  # what is done once is done then
    site.later += 61
    with limited(site):
        first = orders(site, "/recover/approved", {"request": approved}, monkeypatch)
        assert first == orders(site, "/recover/approved", {"request": "000000000000"}, monkeypatch)
    assert [one[:2] for one in first[3:]] == [(422, True)] * 3


@pytest.mark.parametrize("stands", [None, PartyStatus.CLOSED, PartyStatus.SUSPENDED])
def test_without_an_open_account_a_request_can_only_be_rejected_and_the_answer_tells_nothing(
    site: Site, browser: Browser, party: str, office: Office, stands: PartyStatus | None
) -> None:
    reference = file(browser, WHO if stands else OTHER)
    if stands:
        set_status(site, party, PartyStatus.ACTIVE, stands)
    page = office.first.get(office.open(office.first, reference)).text
    assert 'value="propose"' not in page
    number = NUMBER if stands else OTHER["number"]
    assert office.say(reference, decision="propose", how="counter", number=number).status_code == 422
    assert office.say(reference, decision="reject").status_code == 303
    told = site.outbox("sms")[-1]
    assert (told["to"], told["template"], told["params"]) == (
        f"+86{NEW_PHONE}",
        "recovery_rejected",
        {"reference": reference},
    )
    assert site.one("SELECT sealed FROM recovery_request") is None


# -- steps


def test_filing_is_done_once_by_the_browser_that_began_it(site: Site, browser: Browser) -> None:
    at = to_way(browser)
    assert site.browser().submit(at, {"way": "review"}).status_code == 400
    assert browser.submit(at, {"way": "by post"}).status_code == 422
    assert browser.submit(at, {"way": "review"}).status_code == 303
    assert browser.submit(at, {"way": "counter"}).status_code == 400
    assert browser.submit(at.replace("/way", "/phone"), {"phone": PHONE}).status_code == 400
    assert site.one("SELECT COUNT(*) FROM recovery_request") == 1
    assert site.browser().get(at.replace("/way", "/filed")).status_code == 303


def test_no_request_without_control_of_the_new_phone(site: Site, browser: Browser) -> None:
    at = browser.submit("/recover/last/person", WHO).headers["Location"]
    assert browser.submit(at.replace("/phone", "/way"), {"way": "review"}).status_code == 400
    at = browser.submit(at, {"phone": NEW_PHONE}).headers["Location"]
    assert browser.submit(at.replace("/code", "/way"), {"way": "review"}).status_code == 400
    assert site.one("SELECT COUNT(*) FROM recovery_request") == 0


def test_an_approved_request_is_completed_once_by_the_browser_that_has_the_code(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    assert browser.submit(ask_code(browser, reference), {"code": site.text_code()}).status_code == 422
    office.approve(reference)
    at = ask_code(browser, reference)
    code = site.text_code()
    assert site.browser().submit(at, {"code": code}).status_code == 400
    assert browser.submit(at.replace("/code", "/password"), {"new_password": NEW_PASSWORD}).status_code == 400
    proved = browser.submit(at, {"code": code}).headers["Location"]
    assert browser.submit(at, {"code": code}).status_code == 400
    assert site.browser().submit(proved, {"new_password": NEW_PASSWORD}).status_code == 400
    twin = site.browser()
    also = twin.submit(ask_code(twin, reference), {"code": site.text_code()}).headers["Location"]
    assert browser.submit(proved, {"new_password": "short"}).status_code == 422
    assert browser.submit(proved, {"new_password": NEW_PASSWORD}).status_code == 303
    assert browser.submit(proved, {"new_password": "Another5Harbour"}).status_code == 400
    assert twin.submit(also, {"new_password": "Another5Harbour"}).status_code == 400
    site.browser().sign_in(NEW_PHONE, NEW_PASSWORD)


def test_an_approval_expires_and_what_was_said_is_forgotten(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    office.approve(reference)
    at = ask_code(browser, reference)
    proved = browser.submit(at, {"code": site.text_code()}).headers["Location"]
    site.execute("UPDATE recovery_request SET expires_at = :now", now=site.now())
    assert browser.submit(proved, {"new_password": NEW_PASSWORD}).status_code == 400
    before = len(site.outbox("sms"))
    ask_code(browser, reference)
    assert len(site.outbox("sms")) == before
    with site.provider.database.transaction() as tx:
        purge(tx, now=site.now())
    assert site.one("SELECT sealed FROM recovery_request") is None
    assert state(site) == "approved"
    with site.provider.database.transaction() as tx:
        purge(tx, now=site.now() + APPROVAL_LIFETIME + HOLD)
    assert site.one("SELECT COUNT(*) FROM recovery_request") == 0


def test_requests_nobody_came_for_are_deleted_and_those_that_wait_are_not(site: Site, browser: Browser) -> None:
    file(browser)
    due = site.one("SELECT due_at FROM recovery_request")
    for now, left in ((due + UNANSWERED_KEPT, 1), (due + UNANSWERED_KEPT + 1, 0)):
        with site.provider.database.transaction() as tx:
            purge(tx, now=now)
        assert site.one("SELECT COUNT(*) FROM recovery_request") == left


def test_a_later_request_takes_the_place_of_one_that_was_approved(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    first = file(browser)
    office.approve(first)
    second = file(browser, phone="13700003333")
    office.approve(second)
    before = len(site.outbox("sms"))
    ask_code(site.browser(), first)
    assert len(site.outbox("sms")) == before
    complete(site.browser(), second)
    site.browser().sign_in("13700003333", NEW_PASSWORD)


def test_a_new_phone_that_another_account_has_leaves_it(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    other = add_person(site.provider, NEW_PHONE, "other_lamp")
    reference = file(browser)
    office.approve(reference)
    complete(browser, reference)
    assert site.party(NEW_PHONE) == party
    assert [row[2] for row in trail(site, "person:phone:released")] == [party, other]


def test_a_new_phone_of_a_suspended_account_is_refused_before_anything_ends(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    other = add_person(site.provider, NEW_PHONE, "other_lamp")
    reference = file(browser)
    proposal = office.propose(reference)
    set_status(site, other, PartyStatus.ACTIVE, PartyStatus.SUSPENDED)
    refused = office.second.approve(proposal)
    assert (refused.status_code, "belongs to a suspended account" in refused.text) == (422, True)
    page = office.first.get(office.open(office.first, reference)).text
    assert 'value="propose"' not in page
    assert "belongs to a suspended account" in page
    again = office.say(reference, decision="propose", how="counter", number=NUMBER)
    assert (again.status_code, "belongs to a suspended account" in again.text) == (422, True)
    assert state(site) == "filed"
    site.browser().sign_in()


def test_the_new_password_does_not_hold_the_new_phone(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser)
    office.approve(reference)
    assert complete(browser, reference, f"Ox-{NEW_PHONE}-Elm").status_code == 422
    assert state(site) == "approved"


# -- sealed


def test_what_is_said_in_a_request_is_legible_nowhere(
    site: Site, browser: Browser, party: str, office: Office
) -> None:
    reference = file(browser, {**OTHER, "name": "司马焜耀"}, phone="13755556666")
    office.say(reference, decision="propose", how="counter", number=OTHER["number"])
    kept = sqlite3.connect(site.directory / "idp.db")
    dump = "\n".join(kept.iterdump())
    kept.close()
    for canary in ("13755556666", "司马焜耀", OTHER["number"]):
        assert canary not in dump
        assert canary.encode().hex() not in dump.lower()


def test_requests_are_sealed_anew_with_the_other_fields(site: Site, browser: Browser) -> None:
    file(browser)
    ring = parse_ring([f"f2:{keys_of('g')}", f"f1:{keys_of('f')}"], name="test")
    cipher = FieldCipher(ring)
    before = site.one("SELECT sealed FROM recovery_request")
    assert reseal_requests(site.provider.database, cipher) == 1
    assert reseal_requests(site.provider.database, cipher) == 0
    key, sealed = site.one("SELECT id FROM recovery_request"), site.one("SELECT sealed FROM recovery_request")
    assert sealed != before
    assert NUMBER in cipher.open(sealed, context=f"recovery_request.sealed:{key}")
