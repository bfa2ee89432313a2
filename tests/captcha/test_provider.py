"""A provider of digits behind the pages: they are shown by us, judged by it, and nothing opens while it is away."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import BoundedSemaphore

import pytest
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.captcha.ports import Away, Media
from idp.db import db
from idp.settings import Limits
from tests.captcha.conftest import asked, captcha, key_in
from tests.captcha.test_pages import NEW, fail, path_of
from tests.provider import PASSWORD, PHONE, Browser, Site, settings_at
from tests.providers.conftest import RunningSandbox, running_sandbox
from tests.registers import ScriptedRegisters

DIGITS = "23456"


@dataclass
class Scripted:
    """A provider in this process; it notes what is asked, and whether a transaction is open meanwhile."""

    away: bool = False
    asked: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def _asked(self, what: str) -> bool:
        self.asked.append(what)
        if db.session().in_transaction():
            self.inside.append(what)
        return not self.away

    def begin(self) -> str | Away:
        return "theirs-1" if self._asked("begin") else Away("timeout")

    def picture(self, challenge: str) -> Media | Away:
        return Media("image/jpeg", b"picture of " + challenge.encode()) if self._asked("picture") else Away("timeout")

    def sound(self, challenge: str, *, voice: str) -> Media | Away:
        said = f"{challenge} in {voice}".encode()
        return Media("audio/mpeg", said) if self._asked("sound") else Away("timeout")

    def verify(self, challenge: str, digits: str) -> bool | Away:
        return (challenge, digits) == ("theirs-1", DIGITS) if self._asked("verify") else Away("timeout")


@pytest.fixture
def provider(site: Site, monkeypatch: pytest.MonkeyPatch) -> Scripted:
    scripted = Scripted()
    monkeypatch.setattr(captcha(site).challenges, "_provider", scripted)
    return scripted


def order(browser: Browser, digits: str, page: TestResponse | None = None) -> TestResponse:
    key = key_in(page or browser.get("/register"))
    assert key
    return browser.submit("/register", {"phone": NEW, "captcha_key": key, "captcha": digits})


def test_its_digits_are_shown_by_us_and_judged_by_it(site: Site, browser: Browser, provider: Scripted) -> None:
    page = browser.get("/register")
    key = key_in(page)
    picture = browser.get(f"/captcha/{key}/digits.png")
    assert (picture.data, picture.mimetype) == (b"picture of theirs-1", "image/jpeg")
    sound = browser.get(f"/captcha/{key}/digits.zh.wav")
    assert (sound.data, sound.mimetype) == (b"theirs-1 in zh", "audio/mpeg")
    assert "theirs-1" not in page.text
    assert "img-src 'self'" in page.headers["Content-Security-Policy"]
    assert path_of(order(browser, " ２３ 456", page)) == "/register/code"
    assert provider.asked == ["begin", "picture", "sound", "verify"]


def test_an_answer_counts_once_and_a_wrong_one_not_at_all(site: Site, browser: Browser, provider: Scripted) -> None:
    page = browser.get("/register")
    assert order(browser, "23457", page).status_code == 422
    assert order(browser, DIGITS, page).status_code == 422
    assert site.outbox() == []
    assert provider.asked.count("verify") == 1


@pytest.mark.parametrize("typed", ["2345", "234567", "2345a", "٢٣٤٥٦", "二三四五六"])
def test_what_cannot_be_right_is_not_taken_to_it(browser: Browser, provider: Scripted, typed: str) -> None:
    assert order(browser, typed).status_code == 422
    assert "verify" not in provider.asked


def test_while_it_is_away_the_digits_are_the_houses(site: Site, browser: Browser, provider: Scripted) -> None:
    provider.away = True
    found = asked(browser, "/register")
    assert len(found.digits) == 5
    assert browser.get(f"/captcha/{found.key}/digits.png").data.startswith(b"\x89PNG")
    assert browser.submit("/register", {"phone": NEW} | found.wrong).status_code == 422
    assert site.outbox() == []
    assert (
        path_of(browser.submit("/register", {"phone": NEW} | asked(browser, "/register").right)) == "/register/code"
    )


def test_who_cannot_be_judged_is_refused_and_asked_by_the_house(
    site: Site, browser: Browser, provider: Scripted
) -> None:
    page = browser.get("/register")
    provider.away = True
    refused = order(browser, DIGITS, page)
    assert (refused.status_code, site.outbox()) == (422, [])
    again = asked(browser, refused)
    assert path_of(browser.submit("/register", {"phone": NEW} | again.right)) == "/register/code"


def test_a_picture_or_sound_it_does_not_send_is_to_be_asked_for_later(browser: Browser, provider: Scripted) -> None:
    key = key_in(browser.get("/register"))
    provider.away = True
    for name in ("digits.png", "digits.en.wav"):
        answer = browser.get(f"/captcha/{key}/{name}")
        assert answer.status_code == 503
        assert answer.headers["Retry-After"]


def test_a_challenge_outlives_no_provider(site: Site, browser: Browser, provider: Scripted) -> None:
    page = browser.get("/register")
    captcha(site).challenges._provider = None
    assert order(browser, DIGITS, page).status_code == 422
    assert site.outbox() == []


def test_a_slow_provider_leaves_threads_for_everything_else(
    site: Site, browser: Browser, provider: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of them may wait for it; whoever comes beyond gets the house's digits without asking it."""
    full = BoundedSemaphore(site.provider.settings.server.threads // 2)
    while full.acquire(blocking=False):
        pass
    monkeypatch.setattr(captcha(site).challenges, "_places", full)
    key = key_in(browser.get("/register"))
    assert browser.get(f"/captcha/{key}/digits.png").mimetype == "image/png"
    assert provider.asked == []


def test_nobody_waits_for_it_inside_a_transaction(site: Site, browser: Browser, provider: Scripted) -> None:
    code = order(browser, DIGITS).headers["Location"]
    fail(site.browser(), 3, PHONE)
    for address in ("/signin", "/signin/code", "/recover", "/console/signin", code, code + "&resend=yes"):
        page = browser.get(address)
        assert page.status_code == 200
        key = key_in(page)
        assert key, address
        for name in ("digits.png", "digits.en.wav"):
            assert browser.get(f"/captcha/{key}/{name}").status_code == 200
    form = {
        "identifier": PHONE,
        "password": PASSWORD,
        "captcha": DIGITS,
        "captcha_key": key_in(browser.get("/signin")) or "",
    }
    assert path_of(browser.submit("/signin", form)) == "/account"
    assert provider.inside == []
    assert provider.asked.count("begin") >= 7


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


def test_the_sandbox_behind_the_pages(sandbox: RunningSandbox, site_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(site_template, tmp_path / "idp.db")
    limits = settings_at(tmp_path).limits.model_dump() | {"captcha": Limits().captcha}
    site = Site(create_app(settings_at(tmp_path, limits=limits), ScriptedRegisters().ports, sandbox.captcha()))
    browser = site.browser()
    page = browser.get("/register")
    assert browser.get(f"/captcha/{key_in(page)}/digits.png").data.startswith(b"\x89PNG")
    [digits] = sandbox.challenges._digits.values()
    assert path_of(order(browser, digits, page)) == "/register/code"
    assert order(browser, digits, page).status_code == 422
    site.close()
