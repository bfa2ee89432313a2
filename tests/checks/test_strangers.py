"""People without an account and checks that cost money: digits first, and so many an hour."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest

from idp.app import create_app
from idp.captcha.challenges import Challenges
from idp.checks.counting import ALL
from idp.proofing.ports import Match
from tests.capabilities.asking import FACES, answer_of, asked, grant
from tests.checks.going import face
from tests.checks.vendor import ScriptedVendor, no, work, yes
from tests.provider import PHONE, Browser, Site, add_document, add_person, settings_at
from tests.registers import ScriptedRegisters

CLAIM = {"name": "欧阳清岚", "kind": "id_number", "number": "11010519491231002X"}
AGREED = {"consent": "2026-11-01"}
Makes = Callable[..., Site]
USED_UP = "limit of unsuccessful checks"


@pytest.fixture
def make(
    site_template: Path, tmp_path: Path, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> Iterator[Makes]:
    made: list[Site] = []

    def site(**limits: Any) -> Site:
        copyfile(site_template, tmp_path / "idp.db")
        base = {
            "sms": {"per_number_interval": 0, "per_address_hourly": 0},
            "password": {"argon2_time": 1, "argon2_memory_kib": 64, "per_address_failures": 0},
            "captcha": {"before_sms": False, "after_failures": 0},
        }
        settings = settings_at(tmp_path, signin={"faces": True}, limits=base | limits)
        made.append(Site(create_app(settings, registers.ports, vendors=vendor.ports)))
        return made[-1]

    yield site
    for one in made:
        one.close()


def ordered(browser: Browser, at: str = "/signin/face") -> str:
    return str(browser.submit(at, CLAIM).headers["Location"])


@pytest.mark.parametrize("at", ["/signin/face", "/recover/face"])
def test_no_vendor_hears_of_a_stranger_before_the_digits(
    make: Makes, vendor: ScriptedVendor, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = make(captcha={"before_sms": True, "after_failures": 0})
    browser = site.browser()
    here = ordered(browser, at)
    monkeypatch.setattr(Challenges, "answer", lambda _self, _key, typed, **_: typed == "22222")
    page = browser.get(here).text
    key = re.search(r'name="captcha_key" value="([^"]+)"', page)
    assert key
    for wrong in ({}, {"captcha": "33333"}, {"captcha": "22222", "another": "yes"}):
        answer = browser.submit(here, AGREED | {"captcha_key": key[1]} | wrong)
        assert (answer.status_code, 'name="captcha_key"' in answer.text) == (200 if "another" in wrong else 422, True)
    work(site)
    assert vendor.opened == []
    assert site.one("SELECT COUNT(*) FROM attempt") == 0
    assert browser.submit(here, AGREED | {"captcha_key": key[1], "captcha": "22222"}).status_code == 303
    work(site)
    assert len(vendor.opened) == 1


def test_who_is_known_is_asked_for_no_digits_and_uses_up_no_budget(make: Makes, registers: ScriptedRegisters) -> None:
    registers.people[CLAIM["name"], CLAIM["number"]] = Match(valid_to=None)
    site = make(captcha={"before_sms": True, "after_failures": 0}, identity={"outside_per_address_hourly": 1})
    add_document(site.provider, site.party(), now=site.now())
    for _ in range(2):
        browser = site.browser().sign_in(PHONE)
        here = str(browser.submit("/identity/face", {}).headers["Location"])
        assert 'name="captcha_key"' not in browser.get(here).text
        assert browser.submit(here, AGREED).headers["Location"].startswith(f"{here}/wait")


def checked(browser: Browser, at: str, claim: dict[str, str], vendor: ScriptedVendor, found: object) -> str:
    answer = browser.submit(at, claim)
    assert answer.status_code == 303, answer.text
    return face(browser, str(answer.headers["Location"]), vendor, found)


def strangers_miss(site: Site, vendor: ScriptedVendor) -> None:
    """As many as may look at one document without an account; then there is none for anybody else."""
    for _ in range(ALL):
        checked(site.browser(), "/signin/face", CLAIM, vendor, no())
    another = site.browser()
    assert USED_UP in another.submit(ordered(another), AGREED).text


def accounts_miss(site: Site, vendor: ScriptedVendor) -> None:
    """The same, by accounts of others that say to be the person; the last of them is refused."""
    for n in range(ALL + 1):
        add_person(site.provider, f"1381234010{n}", None)
        browser = site.browser().sign_in(f"1381234010{n}")
        if n < ALL:
            checked(browser, "/identity/face", CLAIM, vendor, no())
        else:
            here = str(browser.submit("/identity/face", CLAIM).headers["Location"])
            assert USED_UP in browser.submit(here, AGREED).text


@pytest.mark.parametrize("miss", [strangers_miss, accounts_miss])
def test_others_misses_do_not_keep_who_is_signed_in_from_a_check_of_themselves(
    make: Makes, vendor: ScriptedVendor, registers: ScriptedRegisters, miss: Callable[[Site, ScriptedVendor], None]
) -> None:
    registers.people[CLAIM["name"], CLAIM["number"]] = Match(valid_to=None)
    site = make(identity={"outside_daily": 1, "outside_per_address_hourly": 0, "daily": 100})
    add_document(site.provider, site.party(), now=site.now())
    miss(site, vendor)
    owner = site.browser().sign_in(PHONE)
    back = owner.get(checked(owner, "/identity/face", {}, vendor, yes()))
    assert "identity_checked_by_face" in back.headers["Location"]


def test_strangers_misses_do_not_keep_a_new_account_from_proving_whose_it_is(
    make: Makes, vendor: ScriptedVendor, registers: ScriptedRegisters
) -> None:
    registers.people[CLAIM["name"], CLAIM["number"]] = Match(valid_to=None)
    site = make(identity={"outside_daily": 1, "outside_per_address_hourly": 0})
    strangers_miss(site, vendor)
    owner = site.browser().sign_in(PHONE)
    back = owner.get(checked(owner, "/identity/face", CLAIM, vendor, yes()))
    assert "identity_checked_by_face" in back.headers["Location"]


def test_who_is_known_has_tries_of_their_own_and_no_more(make: Makes, vendor: ScriptedVendor) -> None:
    site = make(identity={"outside_daily": 1, "outside_per_address_hourly": 0})
    add_document(site.provider, site.party(), now=site.now())
    grant(site, "app", "face_check")
    owner = site.browser().sign_in(PHONE)
    for n, missed in enumerate(("not_passed", None)):
        key = asked(site, owner, path=FACES, matter=f"YL-{n}")
        here = str(owner.submit(f"/matters/{key}", {"decision": "agree"}).headers["Location"])
        if missed:
            face(owner, here, vendor, no())
            assert answer_of(site, key, path=FACES)["result"] == missed
        else:
            assert USED_UP in owner.submit(here, AGREED).text


@pytest.mark.parametrize("limits", [{"outside_per_address_hourly": 2}, {"outside_global_hourly": 2}])
def test_so_many_an_hour_whatever_browser_and_document(
    make: Makes, vendor: ScriptedVendor, limits: dict[str, int]
) -> None:
    site = make(identity=limits)
    for _ in range(2):
        browser = site.browser()
        assert browser.submit(ordered(browser), AGREED).status_code == 303
    for at in ("/signin/face", "/recover/face"):
        browser = site.browser()
        answer = browser.submit(ordered(browser, at), AGREED)
        assert (answer.status_code, "Too many checks" in answer.text) == (422, True)
    work(site)
    assert len(vendor.opened) == 2
    refused = "SELECT COUNT(*) FROM audit_event WHERE event = 'person:check:refused' AND reason = 'check_too_many'"
    assert site.one(refused) == 2
