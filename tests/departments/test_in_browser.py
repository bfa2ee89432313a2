"""The demo apps in Chromium: axe (WCAG 2.2 AA), reflow, target size, and the whole way without JavaScript."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from adapters.departments.demo.__main__ import settings_from
from adapters.departments.demo.app import create_app
from adapters.departments.memory_store import MemoryStore
from adapters.departments.relying_party import RelyingParty
from adapters.sandbox.services import chromium_path
from tests.ports import free_ports
from tests.web.axe import violations

from .fake_provider import SECRET, Clock, FakeProvider
from .test_acting import Department

pytestmark = pytest.mark.browser

SMALL = """() => [...document.querySelectorAll('a[href]:not(.skip), button, summary')]
  .map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, box]) => box.width < 24 || box.height < 43.5).map(([html]) => html)"""
OUTSIDE = "/", "/oidc/callback?state=unknown", "/signed-out", "/nothing", "/oidc/logout"
INSIDE = "/", "/overview", "/overview?refreshed=yes", "/overview?refreshed=no"
MATTERS = {"tax": ("/filing", "/filing/done/0a1b2c3d", "/refund-account"), "social": ("/pension",)}


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def app(department: str, port: int, issuer: str, other: str) -> Iterator[None]:
    base = f"http://{department}.localhost:{port}"
    options = ["--issuer", issuer, "--client-secret", SECRET, "--client-id", "tax-demo"]
    settings = settings_from([department, *options, "--base-url", base, "--other-url", other])[1]
    server = make_server("127.0.0.1", port, create_app(settings), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def apps() -> Iterator[dict[str, str]]:
    """The two apps' addresses; their provider signs the same person in at once, with two factors."""
    tax, social = free_ports(2)
    addresses = {"tax": f"http://tax.localhost:{tax}", "social": f"http://social.localhost:{social}"}
    provider = FakeProvider(clock=lambda: int(time.time()), aal=2, auth_time=int(time.time()))
    with ExitStack() as closing:
        issuer = closing.enter_context(provider.serve())
        closing.enter_context(app("tax", tax, issuer, addresses["social"]))
        closing.enter_context(app("social", social, issuer, addresses["tax"]))
        yield addresses


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=str(chromium_path()), args=flags)
        yield browser
        browser.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("department", ["tax", "social"])
def test_every_page_of_the_demo_apps_is_accessible(
    browser: Browser, apps: dict[str, str], department: str, lang: str
) -> None:
    context = browser.new_context()
    page, faults = context.new_page(), []
    for path in (*OUTSIDE, "/overview", *INSIDE, *MATTERS[department], "/oidc/logout"):
        page.goto(f"{apps[department]}{path}{'&' if '?' in path else '?'}lang={lang}")
        for details in page.locator("details").all():
            details.evaluate("element => { element.open = true }")
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            faults += [f"{path} {width} {found}" for found in violations(page)]
            faults += [f"{path} {width} small: {target}" for target in page.evaluate(SMALL)]
            faults += [f"{path} {width} scrolls"] * page.evaluate("document.documentElement.scrollWidth > innerWidth")
    context.close()
    assert faults == []


def test_the_whole_way_without_javascript(browser: Browser, apps: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False, locale="zh-CN")
    page, complaints = context.new_page(), []
    page.on("console", lambda message: complaints.append(message.text))
    page.goto(apps["tax"])
    page.get_by_role("link", name="登录").click()
    expect(page.locator("#person")).to_have_text("张三")
    page.get_by_role("button", name="立即更新令牌").click()
    expect(page.locator("#generation")).to_have_text("1")
    page.get_by_role("link", name="办理年度汇算").click()
    page.get_by_role("button", name="提交申报").click()
    expect(page.locator("#done")).to_be_visible()
    page.get_by_role("link", name="返回我的页面").click()
    page.get_by_role("link", name="去社保").click()
    expect(page).to_have_url(f"{apps['social']}/overview?lang=zh")
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("#signed_out")).to_be_visible()
    page.goto(f"{apps['social']}/")
    expect(page.get_by_role("link", name="登录")).to_be_visible()
    context.close()
    assert complaints == []


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_the_kits_own_page_about_acting_without_power_is_accessible(
    browser: Browser, party: RelyingParty, clock: Clock, provider: FakeProvider, lang: str
) -> None:
    provider.acting = {"represented_status": "not_allowed"}
    department = Department(party, MemoryStore(), clock, provider)
    department.open("/mine")
    shown = department.get("/clients", **{"Accept-Language": lang}).text
    page = browser.new_page()
    page.set_content(shown)
    expect(page.get_by_role("button")).to_have_count(3)  # the banner's two, and the way back to oneself
    assert violations(page) == []
    page.close()
