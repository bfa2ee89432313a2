"""The sandbox in Chromium: axe (WCAG 2.2 AA), reflow, target size - and the inbox used without JavaScript."""

import threading
from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from werkzeug.serving import make_server

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.contract import SmsRequest
from adapters.sandbox.magic import steps_for
from adapters.sandbox.services import chromium_path
from adapters.sandbox.settings import SandboxSettings
from tests.sandbox.test_phone import ASKS
from tests.web.axe import violations

pytestmark = pytest.mark.browser

SMALL = """() => [...document.querySelectorAll('a[href]:not(.skip), button, input:not([type=hidden])')]
  .filter(e => !e.closest('p:not(.links, .route)'))
  .map(e => [e.outerHTML.slice(0, 90), (e.closest('label') ?? e).getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < (document.body.clientWidth < 600 ? 43.5 : 24))"""
PAGES = (
    "/",
    "/inbox",
    "/inbox?to=13800001001&watch",
    "/inbox?to=13800001009",
    "/inbox?to=abc",
    "/numbers",
    "/registers",
    "/ca",
    "/ca/sm2/person",
    "/phone-certificate",
    "/phone-certificate?u=http://localhost:8000/certificate/qr/abc",
    "/nothing",
)
LOOKS: tuple[tuple[int, Literal["light", "dark"], Literal["no-preference", "more"]], ...] = (
    (320, "light", "no-preference"),
    (1280, "dark", "no-preference"),
    (1280, "light", "more"),
    (320, "dark", "more"),
)


@pytest.fixture
def site() -> Iterator[str]:
    app = create_sandbox(SandboxSettings(ask=lambda *_: ASKS))
    for number in ("13800001001", "13800009010"):
        text = "【通办】登录验证码 482913，5 分钟内有效。"
        request = SmsRequest(number, f"+86{number}", "signin_code", {"code": "482913"}, text, "zh-CN", b"")
        app.extensions["sandbox_inbox"].receive(request, steps_for(request.to), now=1_790_000_000)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium_path()
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=str(path), args=flags)
        yield browser
        browser.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_a_sandbox_page_is_accessible(browser: Browser, site: str, path: str, lang: str) -> None:
    page, faults = browser.new_page(), []
    page.goto(f"{site}{path}{'&' if '?' in path else '?'}lang={lang}")
    for width, scheme, contrast in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, contrast=contrast)
        faults += [f"{width} {scheme} {contrast} {found}" for found in violations(page)]
        faults += [f"{width} small: {target}" for target, _ in page.evaluate(SMALL)]
        faults += [f"{width} scrolls sideways"] * page.evaluate("document.documentElement.scrollWidth > innerWidth")
    page.close()
    assert faults == []


def test_the_inbox_is_filtered_and_cleared_without_javascript(browser: Browser, site: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(site)
    page.get_by_role("link", name="短信收件箱 验证码在这里").click()
    expect(page.locator(".messages li")).to_have_count(3)
    page.get_by_label("只看一个手机号").fill("138 0000 1001")
    page.get_by_role("button", name="筛选").click()
    expect(page.locator(".code")).to_have_count(1)
    page.get_by_role("button", name="清空这个号码").click()
    expect(page.locator(".messages li")).to_have_count(2)
    page.get_by_role("button", name="全部清空").click()
    expect(page.get_by_text("还没有短信")).to_be_visible()
    page.close()
