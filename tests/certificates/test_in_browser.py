"""Bound and signed in with, in Chromium: certificate files, a USB key's agent, phones; and what is refused.

Always true: every page on the way is looked at with axe and at the width of its screen, and no console tells of a
fault.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from adapters.sandbox.agent_device import PIN
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_pkcs12 import PASSWORD as FILE_PASSWORD
from adapters.sandbox.services import chromium_path
from tests.certificates.served import Served, served
from tests.entities.conftest import CODE, ONE
from tests.provider import CALLBACK, CHALLENGE, PASSWORD, claims_of
from tests.web.axe import serious, violations

pytestmark = pytest.mark.browser
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_SEEN: set[tuple[str, str]] = set()
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 720}


@pytest.fixture(scope="module")
def world(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(site_template, tmp_path_factory.mktemp("certificates")) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium_path()), args=FLAGS)
        yield started
        started.close()


@dataclass
class Visitor:
    """Somebody in a browser of their own. ``faults``: of the pages they saw."""

    world: Served
    context: BrowserContext
    page: Page
    faults: list[str] = field(default_factory=list)

    def look(self) -> None:
        name, wide = urlsplit(self.page.url).path, (self.page.viewport_size or WIDE)["width"]
        width = self.page.evaluate("document.documentElement.scrollWidth")
        self.faults += [f"{name} scrolls sideways to {width}"] * (width > wide)
        self.faults += [f"{name}: {found}" for found in violations(self.page)]

    def look_once(self) -> None:
        """At a page that looks the same to everybody."""
        page = (urlsplit(self.page.url).path[:20], self.page.evaluate("document.documentElement.lang + innerWidth"))
        if page not in _SEEN:
            _SEEN.add(page)
            self.look()

    def go(self, path: str) -> None:
        self.page.goto(f"{self.world.issuer}{path}")

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def sign_in(self, path: str) -> None:
        self.go(f"/signin?next={path}")
        self.page.locator("#identifier").fill(ONE)
        self.page.locator("#password").fill(PASSWORD)
        self.page.keyboard.press("Enter")

    def confirm(self, path: str) -> None:
        """By a text message, for a page that wants two factors."""
        self.page.wait_for_url(re.compile("/signin/confirm"))
        self.press("获取验证码")
        self.page.locator("#code").fill(self.world.site.text_code())
        self.page.keyboard.press("Enter")
        self.page.wait_for_url(f"{self.world.issuer}{path}")

    def sign_out(self) -> None:
        self.context.clear_cookies(name="tb_session")

    def choose(self, kind: Kind, key: str, password: str = FILE_PASSWORD) -> None:
        chosen: Any = {"name": f"{key}.p12", "mimeType": "", "buffer": self.world.file(kind, key)}
        self.page.locator("#certificate-file").set_input_files(chosen)
        self.page.locator("#certificate-password").fill(password)

    def sign(self, kind: Kind, key: str) -> None:
        """With a certificate file."""
        self.look_once()
        self.choose(kind, key)
        self.page.locator("form[data-sign=p12] button").click()

    def ask(self) -> None:
        """The app sends them to sign in, and on to the page of certificates."""
        self.go(
            f"/authorize?response_type=code&client_id=tax&redirect_uri={CALLBACK}&scope=openid%20represented&state=s"
            f"&code_challenge={CHALLENGE}&code_challenge_method=S256"
        )
        self.page.locator("a[href*='/signin/certificate']").first.click()

    def told_to_the_app(self) -> dict[str, Any]:
        """Back in the app: the claims of its ID token."""
        expect(self.page.locator("body")).to_have_text("back in the app", timeout=20_000)
        code = parse_qs(urlsplit(self.page.url).query)["code"][0]
        answer = self.world.site.exchange(code, "tax")
        assert answer.status_code == 200, answer.text
        return claims_of(answer.get_json()["id_token"])


@contextmanager
def visitor(
    world: Served, chromium: Browser, lang: str = "zh", *, screen: Any = WIDE, script: bool = True
) -> Iterator[Visitor]:
    """A browser of somebody's own; at the end the pages they saw had no fault."""
    context = chromium.new_context(
        locale="zh-CN" if lang == "zh" else "en-US",
        viewport=screen,
        reduced_motion="reduce",
        java_script_enabled=script,
    )
    context.add_cookies([{"name": "tb_prefs", "value": f"{lang}.normal.normal", "url": world.issuer}])
    context.route(f"{CALLBACK}*", lambda route: route.fulfill(body="back in the app"))
    page = context.new_page()
    one = Visitor(world, context, page)
    page.on("console", lambda said: one.faults.append(said.text) if serious(said) else None)
    page.on("pageerror", lambda error: one.faults.append(str(error)))
    yield one
    context.close()
    assert one.faults == []


@pytest.fixture(scope="module")
def bound(world: Served, chromium: Browser) -> Served:
    """The person has bound their RSA certificate, for the tests of other ways to sign."""
    with visitor(world, chromium) as one:
        one.sign_in("/account/certificates/new")
        one.confirm("/account/certificates/new")
        one.sign(Kind.RSA, "person-renewed")
        expect(one.page).to_have_url(re.compile("done=certificate_bound"))
    return world


@pytest.mark.parametrize("kind", [Kind.RSA, Kind.P256])
def test_a_person_binds_a_certificate_and_an_app_gets_them_by_it(
    world: Served, chromium: Browser, kind: Kind
) -> None:
    with visitor(world, chromium) as one:
        one.sign_in("/account/certificates/new")
        one.confirm("/account/certificates/new")
        one.sign(kind, "person")
        expect(one.page).to_have_url(re.compile("done=certificate_bound"))
        one.look()
        one.sign_out()
        one.ask()
        one.sign(kind, "person")
        assert "pop" in one.told_to_the_app()["amr"]


def test_an_enterprise_binds_its_sm2_certificate_and_an_app_gets_it_by_that(world: Served, chromium: Browser) -> None:
    with visitor(world, chromium) as one:
        one.sign_in("/account/acting")
        one.page.locator("main input[type=radio]").last.check()
        one.page.locator("main form button").first.click()
        one.page.wait_for_load_state()
        one.go("/entities/certificates/new")
        one.confirm("/entities/certificates/new")
        one.page.locator("input[name=holder]").first.check()
        one.sign(Kind.SM2, "enterprise-holder")
        expect(one.page).to_have_url(re.compile("done=certificate_bound"))
        one.look()
        one.sign_out()
        one.ask()
        one.sign(Kind.SM2, "enterprise-holder")
        told = one.told_to_the_app()
        assert told["represented"]["identifiers"] == [{"type": "uscc", "value": CODE}]


def test_a_usb_keys_agent_binds_and_signs_in(world: Served, chromium: Browser) -> None:
    with visitor(world, chromium) as one:
        one.sign_in("/account/certificates/new")
        one.confirm("/account/certificates/new")
        sign_by_agent(one)
        expect(one.page).to_have_url(re.compile("done=certificate_bound"))
        one.sign_out()
        one.ask()
        world.device.plug(there=False)
        one.press("查找证书")
        expect(one.page.locator("#certificate-said")).to_contain_text("请插好 USB Key")
        world.device.plug(there=True)
        sign_by_agent(one, pin="111112")
        expect(one.page.locator("#certificate-said")).to_contain_text("PIN 不对")
        one.look()
        one.page.locator("#certificate-pin").fill(PIN)
        one.press("用 USB Key 签名")
        assert "pop" in one.told_to_the_app()["amr"]


def sign_by_agent(one: Visitor, pin: str = PIN) -> None:
    one.press("查找证书")
    one.page.get_by_label("SM2 个人证书").first.check()
    one.look()
    one.page.locator("#certificate-pin").fill(pin)
    one.press("用 USB Key 签名")


def test_where_no_agent_runs_the_page_says_what_to_do(world: Served, chromium: Browser) -> None:
    with visitor(world, chromium, screen=NARROW) as one:
        one.go("/signin/certificate")
        one.context.route("**/sof", lambda route: route.abort("connectionrefused"))
        one.press("查找证书")
        expect(one.page.locator("#certificate-said")).to_contain_text("安装并启动证书助手")
        one.look()
        one.faults = [fault for fault in one.faults if "ERR_CONNECTION_REFUSED" not in fault]


def address_in(one: Visitor) -> str:
    """What the code on the page says, as the page that shows it knows."""
    token = re.search(r"/certificate/qr/([\w-]{43})/desk", one.page.url)
    assert token, one.page.url
    return f"/certificate/qr/{token[1]}"


def number_on(one: Visitor) -> str:
    return one.page.locator(".match .number").inner_text()


@pytest.mark.parametrize(("lang", "screen"), [("zh", NARROW), ("en", NARROW)])
def test_a_phones_browser_signs_for_a_desktop(
    bound: Served, chromium: Browser, lang: str, screen: dict[str, int]
) -> None:
    with visitor(bound, chromium) as desk, visitor(bound, chromium, lang, screen=screen) as phone:
        desk.ask()
        desk.press("显示二维码")
        desk.look()
        phone.go(address_in(desk))
        expect(desk.page.locator("svg.qr")).to_have_count(0, timeout=10_000)
        phone.page.locator(f"input[name=number][value='{number_on(desk)}']").check()
        phone.sign(Kind.RSA, "person-renewed")
        expect(phone.page).to_have_url(re.compile("/certificate/qr/done"))
        phone.look()
        assert "pop" in desk.told_to_the_app()["amr"]


def test_a_cas_app_on_a_phone_signs_for_a_desktop_without_script(bound: Served, chromium: Browser) -> None:
    context = chromium.new_context(locale="zh-CN")
    app = context.new_page()
    with visitor(bound, chromium, script=False) as desk:
        desk.look = lambda: None  # type: ignore[method-assign] - axe is a script
        desk.ask()
        desk.press("显示二维码")
        app.goto(f"{bound.sandbox}/phone-certificate?u={bound.issuer}{address_in(desk)}")
        app.locator(f"input[name=number][value='{number_on(desk)}']").check()
        app.locator("input[name=pin]").fill(PIN)
        app.locator("[name=certificate]").select_option("rsa/person-renewed")
        app.locator("main form button").last.click()
        desk.page.get_by_role("button", name="继续", exact=True).click(timeout=15_000)
        assert "pop" in desk.told_to_the_app()["amr"]
    context.close()


def test_a_wrong_number_ends_it_on_both_screens(bound: Served, chromium: Browser) -> None:
    with visitor(bound, chromium) as desk, visitor(bound, chromium, screen=NARROW) as phone:
        desk.ask()
        desk.press("显示二维码")
        phone.go(address_in(desk))
        right = number_on(desk)
        phone.page.locator(f"input[name=number]:not([value='{right}'])").first.check()
        phone.sign(Kind.RSA, "person-renewed")
        expect(phone.page.locator("main")).to_contain_text("二维码已作废")
        phone.look()
        expect(desk.page.locator("h1")).to_have_text("二维码已失效", timeout=10_000)
        desk.look()


REFUSED = [
    (Kind.SM2, "revoked", "zh", WIDE, "已被发证机构吊销"),
    (Kind.P256, "revoked", "en", NARROW, "revoked"),
    (Kind.SM2, "expired", "zh", WIDE, "过期"),
    (Kind.SM2, "encryption", "zh", WIDE, "加密"),
    (Kind.SM2, "foreign", "zh", WIDE, "机构"),
]


@pytest.mark.parametrize(("kind", "key", "lang", "screen", "text"), REFUSED)
def test_what_is_refused_has_a_page_of_its_own(
    world: Served, chromium: Browser, kind: Kind, key: str, lang: str, screen: dict[str, int], text: str
) -> None:
    with visitor(world, chromium, lang, screen=screen) as one:
        one.go("/signin/certificate")
        one.sign(kind, key)
        expect(one.page.locator("#error-summary")).to_contain_text(text)
        one.look()


def test_a_wrong_password_is_said_before_anything_is_sent(world: Served, chromium: Browser) -> None:
    with visitor(world, chromium, "en", screen=NARROW) as one:
        sent: list[str] = []
        one.page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
        one.go("/signin/certificate")
        one.choose(Kind.SM2, "person", "tongbam")
        one.press("Sign with the certificate file")
        expect(one.page.locator("#certificate-said")).to_contain_text("password of the certificate file is wrong")
        one.look()
        assert sent == []
