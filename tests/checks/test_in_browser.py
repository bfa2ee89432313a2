"""In Chromium: to the vendor's pages and back without a click more than needed, and with the Back button no trap."""

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.services import chromium_path
from adapters.sandbox.settings import SandboxSettings
from idp.app import create_app
from idp.checks.ports import Opened, Pending
from idp.cli.outside import check_vendors
from idp.cli.work import make_worker
from idp.proofing.ports import Match
from tests.checks.conftest import OFFERED
from tests.checks.test_identity import level
from tests.checks.vendor import ScriptedVendor, yes
from tests.ports import free_port
from tests.provider import PASSWORD, PHONE, Site, add_document, settings_at
from tests.registers import ScriptedRegisters
from tests.web.test_in_browser import Quiet, serious

pytestmark = pytest.mark.browser


class Elsewhere(BaseHTTPRequestHandler):
    """The vendor's page, on another site: a link back to where the house said."""

    def do_GET(self) -> None:
        page = f'<!doctype html><title>vendor</title><a id="done" href="{self.server.back}?x=1">done</a>'  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_: Any) -> None:
        """Nothing is said aloud."""


@contextmanager
def running(server: Any) -> Iterator[Any]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def elsewhere() -> Iterator[Any]:
    with running(ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere)) as server:
        yield server


@pytest.fixture
def vendor(elsewhere: Any) -> ScriptedVendor:
    def opens(order: Any) -> Opened:
        elsewhere.back = order.return_url
        return Opened("t-1", f"http://127.0.0.1:{elsewhere.server_port}/go", sdk_token=None)

    return ScriptedVendor(opens=opens)


@pytest.fixture
def served(site_template: Path, tmp_path: Path, vendor: ScriptedVendor) -> Iterator[Site]:
    """A provider with its worker; its person has name and number checked."""
    shutil.copyfile(site_template, tmp_path / "idp.db")
    port, registers = free_port(), ScriptedRegisters()
    settings = settings_at(tmp_path, issuer=f"http://localhost:{port}", pages={"default_locale": "zh"}, **OFFERED)
    made = Site(create_app(settings, registers.ports, vendors=vendor.ports))
    add_document(made.provider, made.party(), now=made.now())
    registers.people["欧阳清岚", "11010519491231002X"] = Match(valid_to=None)
    worker = make_worker(made.app)
    worker.start()
    with running(make_server("localhost", port, made.app, threaded=True, request_handler=Quiet)):
        yield made
    worker.stop()
    made.close()


@pytest.fixture
def at_the_bank(site_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A provider with its worker, and the stand-in bank, reached as in earnest; nobody is known to it."""
    shutil.copyfile(site_template, tmp_path / "idp.db")
    port = free_port()
    issuer = f"http://localhost:{port}"
    sandbox = create_sandbox(SandboxSettings(issuer=issuer))
    with running(make_server("localhost", 0, sandbox, threaded=True, request_handler=Quiet)) as bank:
        there = f"http://localhost:{bank.server_port}"
        channel = {"url": f"{there}/bank/v1", "pages": (there,)}
        settings = settings_at(
            tmp_path, issuer=issuer, pages={"default_locale": "zh"}, bank_channel=channel, **OFFERED
        )
        made = Site(create_app(settings, ScriptedRegisters().ports, vendors=check_vendors(settings)))
        worker = make_worker(made.app)
        worker.start()
        with running(make_server("localhost", port, made.app, threaded=True, request_handler=Quiet)):
            yield made
        worker.stop()
        made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path()), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def sign_in(site: Site, page: Page, then: str) -> None:
    page.goto(f"{site.provider.settings.issuer}/signin?next={then}")
    page.locator("input[name=identifier]").fill(PHONE)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")


def agree(site: Site, page: Page) -> None:
    sign_in(site, page, "/identity/face")
    page.get_by_role("button", name="下一步").click()
    page.locator("input[name=consent]").check()
    page.get_by_role("button", name="开始核验").click()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_is_taken_to_the_vendor_and_back_without_a_click(
    served: Site, vendor: ScriptedVendor, chromium: Browser, elsewhere: Any, script: bool
) -> None:
    faults: list[str] = []
    context = chromium.new_context(locale="zh-CN", java_script_enabled=script)
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text) if serious(said) else None)
    agree(served, page)
    page.wait_for_url("http://127.0.0.1:*/go")
    page.go_back()
    link = page.get_by_role("link", name="回到核验页面继续")
    expect(link).to_be_visible()
    page.wait_for_timeout(1500)
    expect(link).to_be_visible()  # nobody is sent away again
    link.click()
    page.wait_for_url("http://127.0.0.1:*/go")
    vendor.finds = lambda _order: yes() if time.monotonic() > late else Pending()
    late = time.monotonic() + 1.5
    page.locator("#done").click()
    page.wait_for_url("**/account/profile?done=identity_checked_by_face")
    assert level(served) == 3
    assert faults == []
    context.close()


def test_in_an_app_its_software_gets_the_token(served: Site, vendor: ScriptedVendor, chromium: Browser) -> None:
    vendor.opens = Opened("t-1", None, sdk_token="for-the-app")
    vendor.finds = yes()
    context = chromium.new_context(locale="zh-CN")
    context.add_init_script("window.TongbanFace = {start: async ({token}) => { window.name = token; }}")
    page = context.new_page()
    agree(served, page)
    page.wait_for_url("**/account/profile?done=identity_checked_by_face")
    assert page.evaluate("window.name") == "for-the-app"
    context.close()


def test_outside_the_app_its_page_says_where_to_go(served: Site, vendor: ScriptedVendor, chromium: Browser) -> None:
    vendor.opens = Opened("t-1", None, sdk_token="for-the-app")
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    agree(served, page)
    page.wait_for_url("**/app")
    expect(page.locator("#app-missing")).to_be_visible()
    expect(page.locator("#app-there")).to_be_hidden()
    expect(page.get_by_role("link", name="换一种方式")).to_be_visible()
    context.close()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_person_is_confirmed_on_the_pages_of_their_bank(at_the_bank: Site, chromium: Browser, script: bool) -> None:
    faults: list[str] = []
    context = chromium.new_context(locale="zh-CN", java_script_enabled=script)
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text) if serious(said) else None)
    sign_in(at_the_bank, page, "/identity/raise")
    page.get_by_role("link", name="网上银行核验").click()
    page.locator("input[name=name]").fill("欧阳清岚")
    page.locator("input[name=number]").fill("11010519491231002X")
    page.get_by_role("button", name="下一步").click()
    expect(page.get_by_text("您的开户银行")).to_be_visible()
    page.get_by_role("button", name="开始核验").click()
    page.wait_for_url("**/bank/check/*")
    page.get_by_text("试一试别的结果").click()
    page.get_by_label("模拟的服务商会这样答复").select_option("fail")
    page.get_by_role("button", name="确认是本人").click()
    expect(page.get_by_text("银行未能确认是您本人")).to_be_visible()
    assert level(at_the_bank) == 1
    page.get_by_role("link", name="重新开始").click()
    page.locator("input[name=name]").fill("欧阳清岚")
    page.locator("input[name=number]").fill("11010519491231002X")
    page.get_by_role("button", name="下一步").click()
    page.get_by_role("button", name="开始核验").click()
    page.wait_for_url("**/bank/check/*")
    page.get_by_role("button", name="确认是本人").click()
    page.wait_for_url("**/account/profile?done=identity_checked_by_bank_channel")
    assert level(at_the_bank) == 2
    assert faults == []
    context.close()
