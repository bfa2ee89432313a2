"""In Chromium, from a department app to its code under each province's profile: words, and axe on each page.

Always true: every page is looked at, in both languages; without script the same journeys go through.
"""

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from idp.app import create_app
from idp.clients.actions import put
from idp.proofing.ports import Match
from tests.provider import CHALLENGE, CLIENTS, PASSWORD, SECRET, Site, settings_at
from tests.registers import ScriptedRegisters
from tests.web.axe import serious, violations
from tests.web.test_in_browser import SMALL_TARGETS, Quiet, browser

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

pytestmark = pytest.mark.browser

__all__ = ["browser"]
NEW, NAME, NUMBER = "13900005555", "阿卜杜·𪚥", "11010519491231002X"
WORDS = {
    "zh": {
        "skip": "跳过此步骤",
        "prove": "核验姓名和证件号码",
        "Hunan": "三级",
        "Yunnan": "实名用户",
        "Hubei": "中级认证",
    },
    "en": {
        "skip": "Skip this step",
        "prove": "Verify name and document number",
        "Hunan": "Level 3",
        "Yunnan": "Real-name user",
        "Hubei": "Medium",
    },
}


BROKEN_WORDS = """() => {
  const text = document.querySelector(".brand b").firstChild, found = [];
  for (const word of text.data.matchAll(/[A-Za-z]+/g)) {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    if (range.getClientRects().length > 1) found.push(word[0]);
  }
  return found;
}"""
"""Latin words of the service's name that stand on two lines."""


@dataclass
class Walk:
    """One person's way; ``looked``: the pages they saw."""

    site: Site
    address: str
    callback: str
    page: Page
    lang: str
    script: bool
    looked: list[str]
    faults: list[str]

    def look(self, name: str) -> None:
        self.looked.append(name)
        scroll = self.page.evaluate("document.documentElement.scrollWidth")
        self.faults += [f"{name} scrolls sideways to {scroll}"] * (scroll > 320)
        self.faults += [f"{name} has a small target {one}" for one in self.page.evaluate(SMALL_TARGETS)]
        self.faults += [f"{name} breaks {word} in two" for word in self.page.evaluate(BROKEN_WORDS)]
        if self.script:
            self.faults += [f"{name}: {found}" for found in violations(self.page)]

    def ask(self, **more: str) -> None:
        asked = {
            "response_type": "code",
            "client_id": "walk",
            "redirect_uri": self.callback,
            "scope": "openid",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        self.page.goto(f"{self.address}/authorize?{urlencode(asked | more)}")

    def send(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"input[name={name}]").first.fill(value)
        with self.page.expect_navigation():
            self.page.locator("main form button:not([name])").first.click()

    def follow(self, text: str) -> None:
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=text).first.click()

    def choose(self, path: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(f"main a[href*='{path}']").click()

    def said_who(self) -> None:
        self.send(name=NAME, number=NUMBER)

    def phone(self) -> None:
        self.look("phone")
        self.send(phone=NEW)
        self.look("code")
        self.send(code=self.site.text_code())

    def details(self, password: str = PASSWORD) -> None:
        self.look("details")
        self.page.locator("input[name=agreements]").check()
        self.send(password=password)

    def at_the_app(self) -> None:
        self.page.wait_for_url(re.compile(re.escape(self.callback) + r"\?.*code="))

    def done(self) -> None:
        self.look("done")
        self.page.locator("main a.button").first.click()
        self.at_the_app()


def hunan(walk: Walk) -> None:
    walk.look("identity")
    walk.send(name="1", number="2")
    walk.look("identity refused")
    walk.said_who()
    walk.phone()
    walk.look("check")
    walk.send()
    walk.details()
    walk.done()


def hunan_refused(walk: Walk) -> None:
    walk.send(name="王一", number=NUMBER)
    walk.phone()
    walk.send()
    walk.look("elsewhere")
    assert walk.page.locator("main a[href*='/register/identity']").is_visible()


def hubei(walk: Walk) -> None:
    walk.phone()
    walk.details("vkq~zpwmtb")
    walk.look("offer")
    walk.follow(WORDS[walk.lang]["prove"])
    walk.look("name")
    walk.said_who()
    walk.at_the_app()


def hubei_skipping(walk: Walk) -> None:
    walk.phone()
    walk.details("vkq~zpwmtb")
    walk.follow(WORDS[walk.lang]["skip"])
    walk.at_the_app()


def yunnan(walk: Walk) -> None:
    walk.phone()
    walk.details("vkq7zp")
    walk.done()
    walk.ask(acr_values="urn:tongban:ial:2")
    walk.look("ways")
    walk.choose("/identity/name")
    walk.look("name")
    walk.said_who()
    walk.at_the_app()


JOURNEYS: dict[str, tuple[Callable[[Walk], None], str | None]] = {
    "hunan": (hunan, "Hunan"),
    "hunan-refused": (hunan_refused, None),
    "hubei": (hubei, "Hubei"),
    "hubei-skipping": (hubei_skipping, None),
    "yunnan": (yunnan, "Yunnan"),
}


@contextmanager
def served(app: "WSGIApplication") -> Iterator[int]:
    """The port it listens on."""
    server = make_server("localhost", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def opened(province: str, template: Path, directory: Path) -> Iterator[tuple[Site, str, str]]:
    """A provider under that profile, its address, and where the department app waits for its codes."""
    shutil.copyfile(template, directory / "idp.db")
    registers = ScriptedRegisters(people={(NAME, NUMBER): Match(valid_to=None)})
    site = Site(create_app(settings_at(directory, province=province), registers.ports))
    with served(Response("arrived", mimetype="text/html")) as app, served(site.app) as provider:
        callback = f"http://app.localhost:{app}/cb"
        known = {"client_id": "walk", "redirect_uris": [callback], "post_logout_redirect_uris": []}
        with site.provider.database.transaction() as tx:
            put(tx, CLIENTS[0] | known, secret=SECRET, now=site.now())
        yield site, f"http://localhost:{provider}", callback
    site.close()


@pytest.mark.parametrize(("lang", "script"), [("zh", True), ("en", True), ("zh", False)])
@pytest.mark.parametrize("journey", JOURNEYS)
def test_a_province_s_registration_ends_at_the_department_app(
    browser: Browser, site_template: Path, tmp_path: Path, journey: str, lang: str, script: bool
) -> None:
    act, label = JOURNEYS[journey]
    context = browser.new_context(
        java_script_enabled=script, viewport={"width": 320, "height": 800}, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    with opened(journey.partition("-")[0], site_template, tmp_path) as (site, address, callback):
        context.add_cookies([{"name": "tb_prefs", "value": f"{lang}.normal.normal", "url": address}])
        walk = Walk(site, address, callback, context.new_page(), lang, script, [], [])
        walk.page.on("console", lambda said: walk.faults.append(said.text) if serious(said) else None)
        walk.ask()
        with walk.page.expect_navigation():
            walk.page.locator("main a[href*='/register']").click()
        act(walk)
        if label:
            walk.page.goto(f"{address}/account/profile")
            walk.look("profile")
            assert walk.page.get_by_text(WORDS[lang][label], exact=True).is_visible()
        context.close()
    assert walk.faults == []
    assert len(walk.looked) > 2
