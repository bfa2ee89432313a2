"""A department has the signed-in person's face checked for one matter: what was found answers this alone."""

from pathlib import Path
from shutil import copyfile

import pytest

from idp.accounts.documents import IdNumber
from idp.app import create_app
from idp.audit import Event
from idp.capabilities.rules import LIFETIME
from idp.checks.ports import Judged, Opened
from idp.checks.rules import Refusal, Variant
from idp.cli.work import make_worker
from idp.clients import permits
from idp.selfservice.actions import close_due
from tests.capabilities.asking import AGREED, FACES, answer_of, ask, asked, fetch, grant, problem, withdraw
from tests.checks.vendor import ScriptedVendor, work
from tests.provider import Browser, Site, add_document, add_person, settings_at
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


def uses(site: Site) -> dict[str, int]:
    with site.provider.database.autocommit() as tx:
        found = permits.uses(tx, "app", days=9, now=site.now())
    return {use.result: use.count for use in found if use.capability == "face_check"}


def test_a_no_reaches_the_department_though_its_person_stays_away(site: Site, pensioner: Browser) -> None:
    key = asked(site, pensioner, path=FACES, return_uri="http://app.localhost:9/pension")
    judge(site, agree(pensioner, key), NO)
    told = [answer_of(site, key, path=FACES) for _ in range(2)]
    assert [one["result"] for one in told] == ["not_passed"] * 2
    assert told[0] == told[1]
    assert uses(site) == {"started": 1, "not_passed": 1}
    page = pensioner.get(f"/matters/{key}").text
    assert 'value="agree"' not in page
    assert f"http://app.localhost:9/pension?check={key}" in page


def test_what_nobody_fetched_is_metered_once_as_what_it_came_to(site: Site, pensioner: Browser) -> None:
    refused, left, open_still = (asked(site, pensioner, path=FACES, matter=f"YL-{n}") for n in range(3))
    judge(site, agree(pensioner, refused), NO)
    give_up(site, agree(pensioner, left), Refusal.ABANDONED)
    jobs = make_worker(site.app)._jobs._known
    jobs["stale-department-checks"].run(site.now())
    assert uses(site) == {"started": 3}, "while there is time"
    at = site.one("SELECT expires_at FROM department_check WHERE id = :id", id=left)
    for late in (60, 120):
        jobs["stale-department-checks"].run(site.now() + LIFETIME + late)
    site.later = LIFETIME
    assert uses(site) == {"started": 3, "not_passed": 1, "expired": 2}
    assert [(answer_of(site, key, path=FACES)["result"]) for key in (left, open_still)] == ["expired"] * 2
    assert answer_of(site, left, path=FACES)["time"] == at
    assert site.one("SELECT result FROM department_check WHERE id = :id", id=refused) == "not_passed"
    assert uses(site) == {"started": 3, "not_passed": 1, "expired": 2}


def test_what_is_under_way_for_an_account_that_closes_ends_and_goes(site: Site, pensioner: Browser) -> None:
    party = site.party()
    answered = asked(site, pensioner, path=FACES, matter="YL-0")
    pensioner.submit(f"/matters/{answered}", {"decision": "decline"})
    outside = agree(pensioner, asked(site, pensioner, path=FACES))
    pensioner.submit("/account/counter")
    pensioner.submit("/account/phone", {"phone": "13898760009"})
    under_way = ("flow", "outside_check", "department_check", "counter_number")
    left = "SELECT COUNT(*) FROM {} WHERE party_id = :party"
    assert all(site.one(left.format(table), party=party) for table in under_way)
    pensioner.submit("/account/close/ask", {"why": "privacy", "understood": "yes"})
    site.later = 15 * 86400 + 60
    assert close_due(site.provider.database, site.provider.closings, now=site.now()) == 1
    assert [site.one(left.format(table), party=party) for table in under_way] == [0] * 4
    told = "SELECT COUNT(*) FROM audit_event WHERE subject = :party AND event = :event AND detail LIKE :what"
    given_up = f"%account_closed%{outside}%"
    assert site.one(told, party=party, event="person:check:refused", what=given_up) == 1
    assert site.one(told, party=party, event=Event.DEPARTMENT_CHECK_ANSWERED, what='%"declined"%') == 2
    assert site.one("SELECT SUM(count) FROM capability_use WHERE result = 'declined'") == 2


def test_one_app_has_one_person_checked_so_often_a_day(site: Site, pensioner: Browser) -> None:
    add_person(site.provider, "13812340009", None)
    other = site.browser().sign_in("13812340009")
    add_document(site.provider, site.party("13812340009"), now=site.now(), number=IdNumber("110105199003070076"))
    most = site.provider.settings.limits.identity.matters_daily
    for n in range(most):
        asked(site, pensioner, path=FACES, matter=f"YL-{n}")
    refused = ask(site, pensioner, path=FACES)
    assert problem(refused) == (429, "person-asked-too-often")
    assert 0 < int(refused.headers["Retry-After"]) <= 86400
    assert uses(site) == {"started": most, "asked_too_often": 1}, "and the quota is not spent"
    asked(site, other, path=FACES)
    asked(site, pensioner)  # by another capability
    site.later = 86400 + 1
    asked(site, site.browser().sign_in(), path=FACES)


def test_a_day_without_quota_uses_up_nothing_of_a_person(site: Site, known: Browser) -> None:
    grant(site, "app", "face_check", daily=1)
    asked(site, known, path=FACES)
    for _ in range(site.provider.settings.limits.identity.matters_daily):
        assert problem(ask(site, known, path=FACES)) == (429, "quota-used-up")
    withdraw(site, "app", "face_check")
    grant(site, "app", "face_check")
    asked(site, known, path=FACES)


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
