"""Channels of registration: what is remembered and counted of them, and that nobody is kept out or known by it."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from idp.audit import init_audit
from idp.channels import actions
from idp.channels.rules import LIFE, Channel, Step
from idp.db import Database, Statement
from tests.channels.conftest import COUNTY, Run
from tests.console.staff import on_duty
from tests.console.test_pages import Role
from tests.provider import PHONE, Browser, Site
from tests.registration.test_journey import begin, details, location, prove


def counts(site: Site) -> dict[str, dict[str, int]]:
    with site.provider.database.autocommit() as tx:
        return {code: dict(found) for code, found in actions.sums(tx).items()}


def registered(browser: Browser, phone: str = "13900005555") -> None:
    journey = started(browser, phone)
    assert location(details(browser, journey)) == "/register/done"


def started(browser: Browser, phone: str = "13900005555") -> str:
    journey = begin(browser, phone)
    prove(browser, journey)
    return journey


def detail_of_registration(site: Site) -> Any:
    found = site.one(
        "SELECT detail FROM audit_event WHERE event = 'person:account:registered' ORDER BY at DESC, seq DESC LIMIT 1"
    )
    return json.loads(found) if found else None


def cookie(browser: Browser) -> str | None:
    found = browser.client.get_cookie("tb_channel")
    return found.value if found else None


def test_a_registration_by_a_poster_counts_for_its_channel(site: Site, browser: Browser, county: str) -> None:
    assert location(browser.get(f"/c/{county}")) == "/register"
    assert counts(site) == {}, "looking is not beginning"
    journey = begin(browser)
    assert counts(site) == {}, "nor is sending a form"
    prove(browser, journey)
    assert counts(site) == {county: {"started": 1}}
    details(browser, journey)
    assert counts(site) == {county: {"started": 1, "registered": 1}}
    assert detail_of_registration(site) == {"channel": county}


def test_only_a_code_a_day_and_numbers_stand_with_a_channel(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county}")
    registered(browser)
    statement = Statement[tuple[Any, ...]]("SELECT * FROM channel_count ORDER BY step", lambda *row: row)
    with site.provider.database.autocommit() as tx:
        day = tx.all(statement)[0][1]
        assert tx.all(statement) == [(county, day, "registered", 1), (county, day, "started", 1)]
    assert len(day) == len("2026-11-26")


@pytest.mark.parametrize("code", ["nobody", "x", "CS_430121", "a" * 200, "..%2f..", "长沙", "cs-430121'--"])
def test_an_unknown_code_leads_to_plain_registration(site: Site, browser: Browser, county: str, code: str) -> None:
    assert location(browser.get(f"/c/{code}")) == "/register"
    assert cookie(browser) is None
    registered(browser)
    assert counts(site) == {}
    assert detail_of_registration(site) is None


def test_a_code_is_the_same_in_capitals_and_before_a_slash(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county.upper()}")
    started(browser)
    other = site.browser()
    other.get(f"/c/{county}/")
    started(other, "13900006666")
    assert counts(site) == {county: {"started": 2}}


def test_a_channel_out_of_use_leads_to_registration_and_counts_nothing(
    site: Site, browser: Browser, county: str, run: Run
) -> None:
    browser.get(f"/c/{county}")
    assert "disabled" in run("disable", county).output
    registered(browser)
    fresh = site.browser()
    assert location(fresh.get(f"/c/{county}")) == "/register"
    assert cookie(fresh) is None
    started(fresh, "13900006666")
    assert counts(site) == {}
    assert "in use" in run("enable", county).output
    started(browser, "13900007777")
    assert counts(site) == {county: {"started": 1}}


def test_a_channel_is_remembered_for_a_day(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county}")
    site.later = LIFE - 5
    started(browser)
    site.later = LIFE + 5
    started(browser, "13900006666")
    assert counts(site) == {county: {"started": 1}}


def test_what_was_not_signed_here_counts_nothing(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county}")
    good = cookie(browser)
    assert good
    code, until, signature = good.split(".")
    forged = [
        f"{code}.{int(until) + 1}.{signature}",
        f"{code}.{until}.",
        code,
        "",
        "..",
        f"other.{until}.{signature}",
    ]
    for n, value in enumerate(forged):
        browser.client.set_cookie("tb_channel", value)
        started(browser, f"1390000666{n}")
    assert counts(site) == {}
    browser.client.set_cookie("tb_channel", good)
    started(browser)
    assert counts(site) == {county: {"started": 1}}


def test_a_registration_that_fails_is_counted_as_begun_only(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county}")
    journey = begin(browser, PHONE)
    prove(browser, journey)
    details(browser, journey)
    assert counts(site) == {county: {"started": 1}}


def test_who_begins_with_another_phone_is_counted_once(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county}")
    journey = started(browser)
    assert location(browser.submit(f"/register?f={journey}", {"phone": "13900006666"})) == "/register/code"
    prove(browser, journey)
    assert counts(site) == {county: {"started": 1}}


def test_none_of_many_at_once_is_lost(any_database: Database) -> None:
    init_audit(b"k" * 32, node="test")
    with any_database.transaction() as tx:
        actions.add(tx, Channel("cs-430121", "county", "长沙县", "", "430121", active=True), now=1)

    def one(_: int) -> None:
        with any_database.transaction() as tx:
            actions.count(tx, "cs-430121", Step.STARTED, now=1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(40)))
    with any_database.autocommit() as tx:
        assert actions.sums(tx) == {"cs-430121": {Step.STARTED: 40}}


def test_the_commands_add_list_report_and_refuse(site: Site, browser: Browser, county: str, run: Run) -> None:
    assert "there is a channel" in run("add", county, *COUNTY).output
    for words in (
        ("CS", *COUNTY),
        ("x-", *COUNTY),
        ("ok", *COUNTY[:-1], "4301"),
        ("ok", *COUNTY[:3], "a\nb", *COUNTY[4:]),
    ):
        assert run("add", *words).exit_code == 1, words
    assert run("add", "icbc-01", "--kind", "bank", "--name", "工商银行星沙支行", "--region", "430121").output == (
        "http://localhost:8000/c/icbc-01\n"
    )
    assert [one["code"] for one in json.loads(run("list", "--json").output)] == [county, "icbc-01"]
    assert "长沙县" in run("list").output
    browser.get(f"/c/{county}")
    started(browser)
    none = {"started": 0, "registered": 0, "activated": 0}
    assert json.loads(run("report", "--json").output) == {county: none | {"started": 1}, "icbc-01": none}
    assert "started 1" in run("report").output
    assert "started 0" in run("report", "--since", "2999-01-01").output.splitlines()[0]
    assert run("disable", "nobody").exit_code == run("poster", "nobody", "x.svg").exit_code == 1
    events = "SELECT COUNT(*) FROM audit_event WHERE event = 'operator:channel:added'"
    assert site.one(events) == 2


def test_the_console_shows_the_channels_and_gives_their_posters(site: Site, browser: Browser, county: str) -> None:
    browser.get(f"/c/{county}")
    registered(browser)
    clerk = on_duty(site, "li.na", Role.PLATFORM)
    page = clerk.get("/console/channels").text
    assert "Changsha County" in page
    assert page.count("<span>1</span>") == 2
    for form, mimetype, begins in (("svg", "image/svg+xml", b"<svg"), ("pdf", "application/pdf", b"%PDF-1.4")):
        answer = clerk.get(f"/console/channels/{county}/poster.{form}")
        assert (answer.status_code, answer.mimetype) == (200, mimetype)
        assert answer.data.startswith(begins)
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{county}.{form}"'
    for other in ("nobody/poster.svg", f"{county}/poster.exe"):
        assert clerk.get(f"/console/channels/{other}").status_code == 404
    review = on_duty(site, "wang.fang", Role.REVIEW)
    assert review.get("/console/channels").status_code == 403
    assert review.get(f"/console/channels/{county}/poster.svg").status_code == 403
