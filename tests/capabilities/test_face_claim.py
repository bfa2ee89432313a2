"""``claims.id_token.face_check``: an app has the person's face checked together with the sign-in, for one matter."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from shutil import copyfile
from typing import Any

import orjson
import pytest
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.capabilities.pages import EXTENSION
from tests.capabilities.asking import AGREED, FACES, fetch, grant, problem, withdraw
from tests.checks.vendor import ScriptedVendor, no, work, yes
from tests.provider import Browser, Site, add_document, add_person, answered, claims_of, settings_at
from tests.registers import ScriptedRegisters
from tests.signin.factors import sent_to

MATTER = "YL-2026-000417"


@pytest.fixture
def vendor() -> ScriptedVendor:
    return ScriptedVendor(finds=yes())


@pytest.fixture
def site(site_template: Path, tmp_path: Path, vendor: ScriptedVendor) -> Iterator[Site]:
    copyfile(site_template, tmp_path / "idp.db")
    made = Site(create_app(settings_at(tmp_path), ScriptedRegisters().ports, vendors=vendor.ports))
    yield made
    made.close()


@pytest.fixture
def pensioner(site: Site) -> Browser:
    """Signed in and verified, at an app that may have faces checked."""
    add_document(site.provider, site.party(), now=site.now())
    grant(site, "app", "face_check", daily=3)
    return site.browser().sign_in()


def asking(matter: Any = MATTER, *, essential: bool = True, **more: Any) -> str:
    return orjson.dumps({"id_token": {"face_check": {"essential": essential, "matter": matter} | more}}).decode()


def begun(browser: Browser, *, essential: bool = True, matter: str = MATTER) -> str:
    """The page on which the person decides."""
    step = sent_to(browser.ask(claims=asking(matter, essential=essential), nonce="n"))
    assert step.startswith("/matters?r="), step
    page = sent_to(browser.get(step))
    assert page.startswith("/matters/cck_")
    return page


def checked(browser: Browser, page: str) -> str:
    """Agree on ``page``, have the face checked, and come back; where the browser is sent from there."""
    here = sent_to(browser.submit(page, {"decision": "agree"}))
    assert here.startswith("/check/chk_")
    browser.submit(here, AGREED)
    work(browser.site)
    wait = f"{here}/wait"
    sent_to(browser.get(wait))
    browser.get(wait)
    work(browser.site)
    answer = browser.get(wait)
    if answer.status_code == 200:  # what came of it is said on a page that leads back
        return page
    return sent_to(answer)


def back_in_the_app(browser: Browser, page: str) -> TestResponse:
    onward = sent_to(browser.get(page))
    assert onward.startswith("/continue?r=")
    return browser.get(onward)


def entered(browser: Browser, *, essential: bool = True, matter: str = MATTER) -> dict[str, str]:
    page = begun(browser, essential=essential, matter=matter)
    return answered(back_in_the_app(browser, checked(browser, page)))


def id_token(site: Site, code: str) -> dict[str, Any]:
    answer = site.exchange(code)
    assert answer.status_code == 200, answer.text
    return claims_of(answer.get_json()["id_token"])


def test_the_token_says_that_the_person_was_checked_for_this_matter(site: Site, pensioner: Browser) -> None:
    page = begun(pensioner)
    shown = pensioner.get(page).text
    assert MATTER in shown
    assert "低保资格复核" in shown
    told = id_token(site, answered(back_in_the_app(pensioner, checked(pensioner, page)))["code"])
    found = told["face_check"]
    assert found == {
        "matter": MATTER,
        "result": "passed",
        "time": found["time"],
        "jti": page.removeprefix("/matters/"),
    }
    assert abs(found["time"] - site.now()) < 60
    assert site.one("SELECT count FROM capability_use WHERE result = 'started'") == 1
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'client:check:released'") == 1
    assert MATTER not in str(site.one("SELECT claims FROM authorization_grant"))


def test_another_request_needs_another_check(site: Site, pensioner: Browser, vendor: ScriptedVendor) -> None:
    id_token(site, entered(pensioner)["code"])
    assert len(vendor.opened) == 1
    second = begun(pensioner)
    assert answered(back_in_the_app(pensioner, checked(pensioner, second)))["code"]
    assert len(vendor.opened) == 2
    assert "face_check" not in claims_of(pensioner.tokens()["id_token"])


def test_a_result_serves_no_request_but_its_own(site: Site, pensioner: Browser) -> None:
    first, second = begun(pensioner, matter="YL-1"), begun(pensioner, matter="YL-2")
    back = checked(pensioner, first)
    assert pensioner.get(second).status_code == 200, "the other request still waits for its own check"
    told = id_token(site, answered(back_in_the_app(pensioner, back))["code"])
    assert told["face_check"]["matter"] == "YL-1"
    assert pensioner.get(second).status_code == 200


def test_a_check_of_somebody_who_signed_in_since_counts_for_them_alone(site: Site, pensioner: Browser) -> None:
    step = sent_to(pensioner.ask(claims=asking(), nonce="n"))
    page = sent_to(pensioner.get(step))
    onward = sent_to(pensioner.get(checked(pensioner, page)))
    other = add_person(site.provider, "13812340002", "other_lamp")
    add_document(site.provider, other, now=site.now())
    site.execute("UPDATE session SET party_id = :other", other=other)
    assert sent_to(pensioner.get(onward)).startswith("/matters?r="), "they have a check of their own to pass"


@pytest.mark.parametrize("essential", [True, False])
def test_a_face_that_is_not_theirs_or_a_no_is_denied_where_it_is_essential(
    site: Site, pensioner: Browser, vendor: ScriptedVendor, essential: bool
) -> None:
    vendor.finds = no()
    failed = entered(pensioner, essential=essential)
    page = begun(pensioner, essential=essential)
    onward = sent_to(pensioner.submit(page, {"decision": "decline"}))
    declined = answered(pensioner.get(onward))
    for answer in (failed, declined):
        if essential:
            assert answer["error"] == "access_denied"
        else:
            assert "face_check" not in id_token(site, answer["code"])


def test_without_a_page_it_needs_one(pensioner: Browser) -> None:
    for essential in (True, False):
        answer = answered(pensioner.ask(claims=asking(essential=essential), prompt="none"))
        assert answer["error"] == "interaction_required"


def test_who_was_not_granted_it_gets_it_ignored_or_refused(site: Site) -> None:
    add_document(site.provider, site.party(), now=site.now())
    person = site.browser().sign_in()
    refused = answered(person.ask(claims=asking(essential=True)))
    assert refused["error"] == "unmet_authentication_requirements"
    told = id_token(site, answered(person.ask(claims=asking(essential=False)))["code"])
    assert "face_check" not in told


def test_who_is_not_verified_is_verified_first_where_it_is_essential(site: Site) -> None:
    grant(site, "app", "face_check")
    person = site.browser().sign_in()
    assert sent_to(person.ask(claims=asking())).startswith("/identity/")
    assert answered(person.ask(claims=asking(essential=False)))["code"]


@pytest.mark.parametrize("matter", [None, "", 7, "a b", "11010519491231002X", "x" * 65, ["a"]])
def test_a_matter_that_is_none_is_a_malformed_request(pensioner: Browser, matter: Any) -> None:
    assert answered(pensioner.ask(claims=asking(matter)))["error"] == "invalid_request"


def test_the_days_quota_holds_here_too(site: Site, pensioner: Browser) -> None:
    for _ in range(3):
        assert sent_to(pensioner.submit(begun(pensioner), {"decision": "agree"})).startswith("/check/chk_")
    onward = sent_to(pensioner.submit(begun(pensioner), {"decision": "agree"}))
    assert answered(pensioner.get(onward))["error"] == "temporarily_unavailable"
    assert site.one("SELECT count FROM capability_use WHERE result = 'quota_used_up'") == 1
    assert site.one("SELECT COUNT(*) FROM outside_check") == 3


def test_who_only_opens_addresses_takes_nothing_from_others(site: Site, pensioner: Browser) -> None:
    for _ in range(4):
        page = begun(pensioner)
        pensioner.get(page)
    pensioner.submit(page, {"decision": "decline"})
    assert site.one("SELECT COUNT(*) FROM capability_use WHERE result = 'started'") == 0


def test_what_is_reopened_costs_one_use(site: Site, pensioner: Browser) -> None:
    page = begun(pensioner)
    for _ in range(2):
        here = sent_to(pensioner.submit(page, {"decision": "agree"}))
        sent_to(pensioner.submit(here, {"decline": "yes"}))
        assert 'value="agree"' in pensioner.get(page).text
    assert answered(back_in_the_app(pensioner, checked(pensioner, page)))["code"]
    assert site.one("SELECT COUNT(*) FROM outside_check") == 3
    assert site.one("SELECT count FROM capability_use WHERE result = 'started'") == 1


def test_a_capability_granted_anew_brings_no_old_check_back(site: Site, pensioner: Browser) -> None:
    page = begun(pensioner)
    code = entered(pensioner)["code"]
    withdraw(site, "app", "face_check")
    grant(site, "app", "face_check")
    assert "face_check" not in id_token(site, code)
    key = page.removeprefix("/matters/")
    assert problem(fetch(site, key, path=FACES)) == (403, "capability-not-granted")
    again = sent_to(pensioner.submit(page, {"decision": "agree"}))
    anew = sent_to(pensioner.get(sent_to(pensioner.get(again))))
    assert anew.startswith("/matters/cck_")
    assert anew != page


def test_opening_the_step_twice_asks_once(site: Site, pensioner: Browser) -> None:
    step = sent_to(pensioner.ask(claims=asking()))
    assert sent_to(pensioner.get(step)) == sent_to(pensioner.get(step))
    assert site.one("SELECT COUNT(*) FROM department_check") == 1


def test_another_browser_has_no_part_in_it(site: Site, pensioner: Browser) -> None:
    step = sent_to(pensioner.ask(claims=asking()))
    assert site.browser().sign_in().get(step).status_code == 400
    assert site.one("SELECT COUNT(*) FROM department_check") == 0


def test_the_withdrawal_stops_it_at_every_point(site: Site, pensioner: Browser) -> None:
    step = sent_to(pensioner.ask(claims=asking(), nonce="n"))
    page = sent_to(pensioner.get(step))
    passed = begun(pensioner)
    onward = sent_to(pensioner.get(checked(pensioner, passed)))
    code = entered(pensioner)["code"]
    withdraw(site, "app", "face_check")
    assert "face_check" not in id_token(site, code), "after the code"
    anew = sent_to(pensioner.get(onward))
    assert answered(pensioner.get(anew))["error"] == "unmet_authentication_requirements", "after the check"
    resumed = sent_to(pensioner.get(page))
    again = sent_to(pensioner.get(resumed))
    stopped = pensioner.get(sent_to(pensioner.get(again)))
    assert answered(stopped)["error"] == "unmet_authentication_requirements", "before the check"


def test_the_answer_is_the_apps_own(site: Site, pensioner: Browser) -> None:
    page = begun(pensioner)
    answered(back_in_the_app(pensioner, checked(pensioner, page)))
    key = page.removeprefix("/matters/")
    grant(site, "asking", "face_check")
    assert problem(fetch(site, key, "asking", path=FACES)) == (404, "not-found")


@pytest.mark.parametrize("essential", [True, False])
def test_an_app_that_asks_one_person_too_often_is_told_so_and_spends_no_quota(
    site: Site, pensioner: Browser, vendor: ScriptedVendor, essential: bool
) -> None:
    site.app.extensions[EXTENSION] = replace(site.app.extensions[EXTENSION], most=1)
    assert "code" in entered(pensioner)
    page = begun(pensioner, essential=essential, matter="YL-2")
    for _ in range(2):  # who comes back to the page is not let through either
        onward = sent_to(pensioner.submit(page, {"decision": "agree"}))
        assert onward.startswith("/continue?r=")
    told = answered(pensioner.get(onward))
    assert told.get("error") == ("temporarily_unavailable" if essential else None)
    assert ("code" in told) is not essential
    assert len(vendor.opened) == 1
    spent = "SELECT count FROM capability_use WHERE result = 'started' AND capability = 'face_check'"
    assert site.one(spent) == 1
