"""A department has the signed-in person's face checked for one matter: what was found answers this alone."""

from pathlib import Path
from shutil import copyfile

import pytest

from idp.app import create_app
from idp.checks.ports import Judged, Opened
from idp.checks.rules import Refusal, Variant
from tests.capabilities.asking import AGREED, FACES, answer_of, asked, fetch, grant, problem, withdraw
from tests.checks.vendor import ScriptedVendor, work
from tests.provider import Browser, Site, add_document, settings_at
from tests.registers import ScriptedRegisters

YES = Judged(passed=True, reason=None, score=970, digest="0" * 64, judged_at=1)
NO = Judged(passed=False, reason=Refusal.NOT_PASSED, score=200, digest="1" * 64, judged_at=1)


@pytest.fixture
def pensioner(site: Site, known: Browser) -> Browser:
    grant(site, "app", "face_check")
    return known


def agree(browser: Browser, key: str) -> str:
    """The id of the check the person is sent to."""
    answer = browser.submit(f"/matters/{key}", {"decision": "agree"})
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith("/check/chk_")
    return answer.headers["Location"].removeprefix("/check/")


def judge(site: Site, outside: str, judged: Judged) -> None:
    """As the worker does with what it fetched."""
    checks = site.provider.checks
    with site.provider.database.transaction() as tx:
        found = checks.load(tx, outside)
        assert found is not None
        assert checks.decide(tx, found, judged, now=site.now())


def give_up(site: Site, outside: str, reason: Refusal) -> None:
    checks = site.provider.checks
    with site.provider.database.transaction() as tx:
        found = checks.load(tx, outside)
        assert found is not None
        assert checks.give_up(tx, found, reason, now=site.now())


def state(site: Site, key: str) -> str:
    return str(fetch(site, key, path=FACES).get_json()["state"])


def test_the_person_is_told_who_asks_and_the_department_what_came_of_it(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES, return_uri="http://app.localhost:9/pension")
    outside = agree(pensioner, key)
    checks = site.provider.checks
    with site.provider.database.autocommit() as tx:
        found = checks.load(tx, outside)
    assert found is not None
    assert (found.order.asked_by, found.order.matter, found.order.back) == ("应用", "低保资格复核", f"/matters/{key}")
    assert state(site, key) == "waiting"
    judge(site, outside, YES)
    back = pensioner.get(f"/matters/{key}?check={outside}")
    assert back.headers["Location"] == f"http://app.localhost:9/pension?check={key}"
    answer = answer_of(site, key, path=FACES)
    assert (answer["check"], answer["result"]) == ("face_check", "passed")
    assert not {"score", "digest", "name", "image"} & answer.keys()


def test_a_no_of_the_vendor_is_a_no(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    judge(site, agree(pensioner, key), NO)
    pensioner.get(f"/matters/{key}")
    assert answer_of(site, key, path=FACES)["result"] == "not_passed"


@pytest.mark.parametrize("reason", [Refusal.VENDOR_AWAY, Refusal.ABANDONED])
def test_what_nobody_judged_is_open_to_another_try(site: Site, pensioner: Browser, reason: Refusal) -> None:
    key = asked(site, pensioner, path=FACES)
    give_up(site, agree(pensioner, key), reason)
    assert 'value="agree"' in pensioner.get(f"/matters/{key}").text
    judge(site, agree(pensioner, key), YES)
    pensioner.get(f"/matters/{key}")
    assert answer_of(site, key, path=FACES)["result"] == "passed"


def test_who_comes_back_without_a_result_may_decline(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    outside = agree(pensioner, key)
    pensioner.submit(f"/matters/{key}", {"decision": "decline"})
    judge(site, outside, YES)
    pensioner.get(f"/matters/{key}")
    assert answer_of(site, key, path=FACES)["result"] == "declined"


def fetches(site: Site) -> int:
    return int(site.one("SELECT COUNT(*) FROM outbox WHERE kind = 'check_fetch'"))


@pytest.mark.parametrize("decision", ["agree", "decline"])
def test_what_the_vendor_is_finding_out_is_waited_for_and_not_rolled_again(
    site: Site, pensioner: Browser, decision: str
) -> None:
    key = asked(site, pensioner, path=FACES)
    outside = agree(pensioner, key)
    site.execute("UPDATE outside_check SET state = 'open'")
    for other in (pensioner, site.browser().sign_in()):
        page = other.get(f"/matters/{key}")
        assert (f"/check/{outside}/wait" in page.text) == (other is pensioner), "the way on"
        assert "counter" in page.text
        assert 'value="agree"' not in page.text
        assert "again=1" in page.headers["Refresh"]
        assert other.submit(f"/matters/{key}", {"decision": decision}).status_code == 200
    asked_for = fetches(site)
    assert asked_for > 0
    pensioner.get(f"/matters/{key}?again=1")
    assert fetches(site) == asked_for, "looking again asks nobody"
    judge(site, outside, NO)
    pensioner.submit(f"/matters/{key}", {"decision": "agree"})
    assert answer_of(site, key, path=FACES)["result"] == "not_passed"
    assert site.one("SELECT COUNT(*) FROM outside_check") == 1


def test_the_vendor_is_asked_no_oftener_than_from_the_page_of_the_check(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    agree(pensioner, key)
    site.execute("UPDATE outside_check SET state = 'open', left_at = :at", at=site.now() - 300)
    pensioner.get(f"/matters/{key}")
    assert site.one("SELECT not_before - created_at FROM outbox WHERE kind = 'check_fetch'") >= 5


def test_a_no_that_nobody_came_back_with_is_heard_from_another_browser(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    judge(site, agree(pensioner, key), NO)
    site.browser().sign_in().submit(f"/matters/{key}", {"decision": "agree"})
    assert answer_of(site, key, path=FACES)["result"] == "not_passed"


def test_what_was_only_ordered_is_gone_on_with_and_ends_where_another_takes_its_place(
    site: Site, pensioner: Browser
) -> None:
    key = asked(site, pensioner, path=FACES)
    outside = agree(pensioner, key)
    assert agree(pensioner, key) == outside
    other = agree(site.browser().sign_in(), key)
    assert other != outside
    assert site.one("SELECT state FROM outside_check WHERE id = :id", id=outside) == "failed"
    assert site.one("SELECT outside FROM department_check") == other


def test_a_result_answers_no_other_matter(site: Site, pensioner: Browser) -> None:
    first, second = (asked(site, pensioner, path=FACES, matter=f"YL-{n}") for n in (1, 2))
    outside = agree(pensioner, first)
    agree(pensioner, second)
    judge(site, outside, YES)
    pensioner.get(f"/matters/{second}?check={outside}")
    assert state(site, second) == "waiting"
    pensioner.get(f"/matters/{first}")
    assert answer_of(site, first, path=FACES)["matter"] == "YL-1"


def test_a_result_is_used_by_the_browser_it_was_made_in_and_once(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    outside = agree(pensioner, key)
    judge(site, outside, YES)
    site.browser().sign_in().get(f"/matters/{key}?check={outside}")
    assert state(site, key) == "waiting"
    site.execute("UPDATE outside_check SET taken_at = 1")
    pensioner.get(f"/matters/{key}")
    assert state(site, key) == "waiting"


def test_a_result_about_somebody_else_answers_nothing(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    judge(site, agree(pensioner, key), YES)
    site.execute("UPDATE outside_check SET subject = :other", other=b"somebody else")
    pensioner.get(f"/matters/{key}")
    assert state(site, key) == "waiting"
    site.execute("UPDATE outside_check SET purpose = 'sign_in'")
    pensioner.get(f"/matters/{key}")
    assert state(site, key) == "waiting"


def test_a_result_after_the_withdrawal_answers_nothing(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES)
    judge(site, agree(pensioner, key), YES)
    withdraw(site, "app", "face_check")
    pensioner.get(f"/matters/{key}")
    assert problem(fetch(site, key, path=FACES)) == (403, "capability-not-granted")
    assert site.one("SELECT result FROM department_check WHERE id = :id", id=key) is None


def test_inside_an_app_the_vendors_software_takes_over(site_template: Path, tmp_path: Path) -> None:
    copyfile(site_template, tmp_path / "idp.db")
    vendor = ScriptedVendor(opens=Opened("t-1", None, sdk_token="for-the-app"))
    settings = settings_at(tmp_path, face={"variant": "sdk"})
    made = Site(create_app(settings, ScriptedRegisters().ports, vendors=vendor.ports))
    add_document(made.provider, made.party(), now=made.now())
    grant(made, "app", "face_check")
    person = made.browser().sign_in()
    outside = agree(person, asked(made, person, path=FACES))
    person.submit(f"/check/{outside}", AGREED)
    work(made)
    assert vendor.opened[0].variant is Variant.SDK
    assert person.get(f"/check/{outside}/wait").headers["Location"] == f"/check/{outside}/app"
    assert "for-the-app" in person.get(f"/check/{outside}/app").text
    made.close()
