"""A check over HTTP: to the vendor and back, out of order, in another browser, twice, after the end."""

import hashlib
import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.checks.ports import Opened
from idp.checks.rules import (
    LIFETIME,
    TRIES,
    CheckKind,
    CheckPurpose,
    CheckSubject,
    Order,
    Passed,
    Refusal,
    Variant,
)
from idp.db import Statement, Transaction
from idp.messages.worker import Failed, Retry, Settled
from idp.proofing.ports import Unavailable, UnavailableReason, Unusable, UnusableReason
from tests.checks.vendor import SIGNED, ScriptedVendor, no, work, yes
from tests.provider import Browser, Site

SUBJECT = CheckSubject(PersonName("欧阳清岚"), IdNumber("11010519491231002X"))
BACK, ELSEWHERE = "/back?f=1", "/elsewhere"
AGREED = {"consent": "2026-11-01"}
AWAY = Unavailable(UnavailableReason.TIMEOUT)


def ordered(browser: Browser, variant: Variant = Variant.REDIRECT, **changes: str) -> str:
    """The address of a check that a room of the house has just ordered for this browser."""
    browser.get("/signin/code")
    browser.submit("/signin", {})
    cookie = browser.client.get_cookie("tb_browser")
    if cookie is None:
        browser.client.set_cookie("tb_browser", "b" * 43)
        cookie = browser.client.get_cookie("tb_browser")
    assert cookie is not None
    site, digest = browser.site, hashlib.sha256(cookie.value.encode()).digest()
    order = Order(
        CheckKind.FACE, CheckPurpose.SIGN_IN, SUBJECT, None, BACK, ELSEWHERE, "zh-CN", variant=variant, **changes
    )
    with site.provider.database.transaction() as tx:
        return "/check/" + site.provider.checks.order(tx, order, browser=digest, now=site.now())


def agreed(browser: Browser) -> str:
    here = ordered(browser)
    assert at(browser.submit(here, AGREED)) == f"{here}/wait?first=1"
    return here


def sent(browser: Browser) -> str:
    """The person is at the vendor."""
    here = agreed(browser)
    work(browser.site)
    assert at(browser.get(f"{here}/wait")).startswith("https://vendor.example/go/")
    return here


def at(answer: TestResponse) -> str:
    assert answer.status_code == 303, (answer.status_code, answer.text[-900:])
    return answer.headers["Location"]


def taken(site: Site, browser: Browser, here: str) -> object:
    cookie = browser.client.get_cookie("tb_browser")
    assert cookie is not None
    with site.provider.database.transaction() as tx:
        return site.provider.checks.take(
            tx,
            here.removeprefix("/check/"),
            kind=CheckKind.FACE,
            purpose=CheckPurpose.SIGN_IN,
            subject=SUBJECT,
            party_id=None,
            back=BACK,
            browser=hashlib.sha256(cookie.value.encode()).digest(),
            now=site.now(),
        )


def events(site: Site, event: str) -> list[tuple[str, str | None, str | None]]:
    found = Statement[tuple[str, str | None, str | None]](
        "SELECT result, reason, detail FROM audit_event WHERE event = :event ORDER BY seq"
    )
    with site.provider.database.autocommit() as tx:
        return tx.all(found, event=event)


def test_a_person_goes_to_the_vendor_and_comes_back_with_a_result(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    here = ordered(browser, asked_by="省社会保险服务中心", matter="养老金资格认证")
    page = browser.get(here).text
    for told in (
        "Face check service",
        "省社会保险服务中心",
        "养老金资格认证",
        ELSEWHERE,
        "***岚",
        "/agreements/face/2026-11-01",
    ):
        assert told in page, told
    assert vendor.opened == []
    first = at(browser.submit(here, AGREED))
    waiting = browser.get(first)
    assert waiting.headers["Refresh"] == f"1; url={here}/wait"
    assert vendor.opened == [], "no page asks the vendor"
    work(site)
    assert browser.get(first).status_code == 200, "no redirect to another site follows a form"
    (order,) = vendor.opened
    assert (order.name, order.number, order.purpose) == ("欧阳清岚", "11010519491231002X", "sign_in")
    assert order.return_url == f"http://localhost:8000{here}/wait"
    assert at(browser.get(f"{here}/wait")) == f"https://vendor.example/go/{order.reference}"
    back = browser.get(f"{here}/wait?result=pass&code=1")
    assert (back.status_code, back.headers["Refresh"]) == (200, f"1; url={here}/wait")
    vendor.finds = yes()
    work(site)
    assert at(browser.get(f"{here}/wait")) == f"{BACK}&check={order.reference}"
    result = taken(site, browser, here)
    assert isinstance(result, Passed)
    assert (result.vendor, result.transaction, result.score) == ("face-vendor", f"t-{order.reference}", 970)


def test_consent_is_a_tick_of_its_own_and_its_version_stands_in_the_trail(site: Site, browser: Browser) -> None:
    here = ordered(browser)
    assert '<input id="consent"' in browser.get(here).text
    for form in ({}, {"consent": "2020-01-01"}):
        answer = browser.submit(here, form)
        assert (answer.status_code, 'id="consent-error"' in answer.text) == (422, True)
    assert site.outbox("check_open") == []
    browser.submit(here, AGREED)
    ((result, _reason, detail),) = events(site, "person:check:agreed")
    assert result == "ok"
    assert '"consent":"2026-11-01"' in str(detail)


def test_who_declines_goes_back_with_nothing_and_nothing_is_sent(site: Site, browser: Browser) -> None:
    here = ordered(browser)
    assert at(browser.submit(here, {"decline": "yes"})) == BACK
    assert site.outbox("check_open") == []
    assert at(browser.submit(here, AGREED)) == f"{here}/wait"
    assert site.outbox("check_open") == [], "what was declined is over"
    assert site.one("SELECT sealed FROM outside_check") is None


def test_another_browser_finds_nothing_at_any_step(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    here = ordered(browser)
    stranger = site.browser()
    stranger.get("/signin")
    steps = [lambda: browser.submit(here, AGREED), lambda: work(site), lambda: browser.get(f"{here}/wait")]
    for step in [lambda: None, *steps]:
        step()
        answers = [stranger.get(here), stranger.get(f"{here}/wait"), stranger.get(f"{here}/app")]
        answers.append(stranger.submit(here, AGREED))
        assert {answer.status_code for answer in answers} == {404}
    assert len(vendor.opened) == 1
    assert vendor.fetched == []


@pytest.mark.parametrize("path", ["/wait", "/app"])
def test_before_agreeing_every_later_page_leads_back(site: Site, browser: Browser, path: str) -> None:
    here = ordered(browser)
    answer = browser.get(here + path)
    found = at(answer)
    assert found in (here, f"{here}/wait")
    assert site.outbox("check_open") == []


def test_the_way_to_the_vendor_is_taken_once_so_that_nobody_is_caught(site: Site, browser: Browser) -> None:
    here = sent(browser)
    again = browser.get(f"{here}/wait")
    assert again.status_code == 200
    assert 'href="https://vendor.example/go/' in again.text
    assert f'href="{ELSEWHERE}"' in again.text
    assert at(browser.get(here)) == f"{here}/wait", "the Back button shows where things stand"
    paused = browser.get(f"{here}/wait?pause=1")
    assert "Refresh" not in paused.headers


def test_agreeing_twice_asks_the_vendor_once(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    here = agreed(browser)
    assert at(browser.submit(here, AGREED)) == f"{here}/wait"
    work(site)
    assert at(browser.submit(here, AGREED)) == f"{here}/wait"
    work(site)
    assert len(vendor.opened) == 1


def test_however_often_the_page_is_loaded_one_question_is_under_way(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    here = sent(browser)
    for _ in range(5):
        browser.get(f"{here}/wait")
    work(site)
    assert len(vendor.fetched) == 1
    work(site)
    assert len(vendor.fetched) == 1, "and no other follows by itself"
    browser.get(f"{here}/wait")
    work(site)
    assert len(vendor.fetched) == 2


def test_the_longer_it_takes_the_less_often_is_looked_and_asked(site: Site, browser: Browser) -> None:
    here, found = sent(browser), []
    for later in (0, 58, 62, 178, 182, LIFETIME - 5):
        site.later = later
        found.append(browser.get(f"{here}/wait").headers["Refresh"].partition(";")[0])
        work(site)
    assert found == ["1", "1", "2", "2", "5", "5"]
    waits = "SELECT SUM(not_before - created_at) FROM outbox WHERE kind = 'check_fetch'"
    assert site.one(waits) == 1 + 1 + 2 + 2 + 5 + 5


def test_a_vendor_that_is_not_there_at_once_is_looked_for_less_often(site: Site, browser: Browser) -> None:
    here, found = agreed(browser), []
    for later in (0, 2, 6, 60):
        site.later = later
        found.append(browser.get(f"{here}/wait").headers["Refresh"].partition(";")[0])
    assert found == ["1", "1", "3", "3"]


def test_looking_while_a_question_is_under_way_writes_nothing(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = sent(browser)
    browser.get(f"{here}/wait")
    written: list[str] = []
    run = Transaction.run

    def note(self: Transaction, what: Statement[Any], **values: Any) -> int:
        written.append(what.sql)
        return run(self, what, **values)

    monkeypatch.setattr(Transaction, "run", note)
    assert browser.get(f"{here}/wait").status_code == 200
    assert [sql for sql in written if "outside_check" in sql] == []


def test_a_refusal_shows_why_and_where_else(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    here = sent(browser)
    browser.get(f"{here}/wait")
    vendor.finds = no()
    work(site)
    page = browser.get(f"{here}/wait")
    assert (page.status_code, "Refresh" in page.headers) == (200, False)
    assert f'href="{BACK}"' in page.text
    assert f'href="{ELSEWHERE}"' in page.text
    assert taken(site, browser, here) != yes()
    assert not isinstance(taken(site, browser, here), Passed)


@pytest.mark.parametrize(
    "answer",
    [
        AWAY,
        Unavailable(UnavailableReason.MALFORMED_ANSWER),
        Unavailable(UnavailableReason.CIRCUIT_OPEN, 30),
        Unusable(UnusableReason.BAD_SIGNATURE),
    ],
    ids=["away", "garbage", "left alone", "refuses"],
)
@pytest.mark.parametrize("step", ["open", "fetch"])
def test_a_vendor_that_is_of_no_use_leads_to_a_calm_page_and_costs_nothing(
    site: Site, browser: Browser, vendor: ScriptedVendor, step: str, answer: object
) -> None:
    if step == "open":
        vendor.opens = answer
        here = agreed(browser)
    else:
        vendor.finds = answer
        here = sent(browser)
        browser.get(f"{here}/wait")
    tries = TRIES if isinstance(answer, Unavailable) else 1
    for _ in range(tries - 1):
        (outcome,) = work(site)
        assert isinstance(outcome, Retry)
        assert browser.get(f"{here}/wait").headers["Refresh"]
    (outcome,) = work(site)
    assert isinstance(outcome, Failed)
    page = browser.get(f"{here}/wait").text
    assert f'href="{ELSEWHERE}"' in page
    assert site.one("SELECT state FROM outside_check") == "away"
    assert site.one("SELECT failures || pending FROM attempt") == "[][]", "it costs nothing"
    ((_result, reason, detail),) = events(site, "person:check:refused")
    assert reason == "check_vendor_away"
    assert f'"cause":"{answer.reason}"' in str(detail)  # type: ignore[attr-defined]


def test_after_too_many_refusals_no_vendor_is_asked(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    vendor.finds = no()
    for _ in range(5):
        here = sent(browser)
        browser.get(f"{here}/wait")
        work(site)
    here = ordered(browser)
    page = browser.submit(here, AGREED)
    assert page.status_code == 422
    assert f'href="{ELSEWHERE}"' in page.text
    assert f'href="{BACK}"' not in page.text
    assert len(vendor.opened) == 5
    assert [reason for _result, reason, _detail in events(site, "person:check:refused")][-1] == "check_tries_used_up"


def test_after_its_time_a_check_is_over_and_a_late_yes_is_none(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    here = sent(browser)
    browser.get(f"{here}/wait")
    vendor.finds = yes()
    site.execute("UPDATE outside_check SET expires_at = :now", now=site.now())
    assert work(site) == [Settled("over")]
    page = browser.get(f"{here}/wait").text
    assert f'href="{ELSEWHERE}"' in page
    assert not isinstance(taken(site, browser, here), Passed)
    site.later = LIFETIME
    assert browser.get(here).status_code == 303


def test_what_passed_is_used_once(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    here = sent(browser)
    browser.get(f"{here}/wait")
    vendor.finds = yes()
    work(site)
    assert isinstance(taken(site, browser, here), Passed)
    assert not isinstance(taken(site, browser, here), Passed)


def test_in_an_app_the_token_is_handed_over_by_our_own_script(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    vendor.opens = Opened("t-1", None, sdk_token="token-for-the-app")
    here = ordered(browser, Variant.SDK)
    browser.submit(here, AGREED)
    assert at(browser.get(f"{here}/app")) == f"{here}/wait"
    work(site)
    assert at(browser.get(f"{here}/wait")) == f"{here}/app"
    page = browser.get(f"{here}/app")
    assert 'data-token="token-for-the-app"' in page.text
    assert f'data-done="{here}/wait"' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert f'href="{ELSEWHERE}"' in page.text
    browser.get(f"{here}/wait")
    vendor.finds = yes()
    work(site)
    assert at(browser.get(f"{here}/wait")).startswith(BACK)


def call(site: Site, reference: str, transaction: str, *, key: str = "1", sign: str = SIGNED) -> int:
    body = {"id": key, "reference": reference, "transaction": transaction}
    headers = {"Tongban-Signature": sign}
    return site.http.post("/hooks/face", json=body, headers=headers).status_code


def test_a_callback_has_the_result_fetched(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    here = sent(browser)
    reference = here.removeprefix("/check/")
    vendor.finds = yes()
    assert call(site, reference, f"t-{reference}") == 202
    assert vendor.fetched == []
    work(site)
    assert at(browser.get(f"{here}/wait")).startswith(BACK)


def test_a_callback_is_heard_only_signed_for_this_check_and_once(
    site: Site, browser: Browser, vendor: ScriptedVendor
) -> None:
    here = sent(browser)
    reference = here.removeprefix("/check/")
    assert call(site, reference, f"t-{reference}", sign="by-somebody") == 401
    assert call(site, reference, "t-other") == 404
    assert call(site, "chk_other", f"t-{reference}") == 404
    assert site.outbox("check_fetch") == []
    assert call(site, reference, f"t-{reference}") == 202
    assert call(site, reference, f"t-{reference}") == 409
    assert len(site.outbox("check_fetch")) == 1
    vendor.finds = no()
    work(site)
    assert call(site, reference, f"t-{reference}", key="2") == 404
    reasons = [reason for _result, reason, _detail in events(site, "vendor:check_callback:refused")]
    assert reasons == ["not-authentic", "no-such-check", "no-such-check", "heard-already", "no-such-check"]
    trail = str(events(site, "vendor:check_callback:refused"))
    assert reference not in trail, "what a stranger sends stands nowhere"


def test_a_callback_is_read_within_limits(site: Site) -> None:
    http = site.http
    assert http.post("/hooks/face", data=b"x" * 70000, content_type="application/jwt").status_code == 413
    assert http.post("/hooks/face", data=b"", content_type="application/jwt").status_code == 400
    assert http.post("/hooks/face", data={"a": "b"}).status_code == 415
    assert http.get("/hooks/face").status_code == 405
    assert http.post("/hooks/face", data=b"..", content_type="application/jwt").status_code == 401
    answer = http.post("/hooks/face", data=b"..", content_type="application/jwt")
    assert re.match("application/problem", answer.content_type)


def test_whoever_calls_without_end_fills_no_trail(site: Site) -> None:
    for _ in range(70):
        assert call(site, "chk_1", "t-1", sign="by-somebody") == 401
    assert 60 <= len(events(site, "vendor:check_callback:refused")) <= 69


def test_a_kind_nobody_makes_any_more_ends_calmly(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    here = agreed(browser)
    object.__setattr__(site.provider, "vendors", {})
    (outcome,) = work(site)
    assert isinstance(outcome, Failed)
    assert site.one("SELECT reason FROM outside_check") == Refusal.VENDOR_AWAY
    assert browser.get(f"{here}/wait").status_code == 200


def test_old_checks_go_and_what_evidence_rests_on_stays(site: Site, browser: Browser, vendor: ScriptedVendor) -> None:
    from idp.checks.ending import purge_checks

    vendor.finds = yes()
    unused, used, borne = (sent(browser) for _ in range(3))
    for here in (unused, used, borne):
        browser.get(f"{here}/wait")
    work(site)
    for here in (used, borne):
        assert isinstance(taken(site, browser, here), Passed)
    site.execute(
        "INSERT INTO evidence (id, party_id, kind, level, source, proved_at, check_id)"
        " VALUES ('evd_1', :party, 'face', 3, 'face-vendor', 1, :check)",
        party=site.party(),
        check=borne.removeprefix("/check/"),
    )

    def left(days: int) -> int:
        with site.provider.database.transaction() as tx:
            purge_checks(tx, retention=180 * 86400, now=site.now() + days * 86400)
        return int(site.one("SELECT COUNT(*) FROM outside_check"))

    assert [left(6), left(8), left(179), left(181)] == [3, 2, 2, 1]
    assert site.one("SELECT id FROM outside_check") == borne.removeprefix("/check/")
