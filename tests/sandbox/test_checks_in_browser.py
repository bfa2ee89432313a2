"""The vendors' pages in Chromium: with a camera, with it denied, without script; axe, reflow, target size."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Playwright, Request, expect, sync_playwright
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.check_contract import CheckQuestion
from adapters.sandbox.check_prompts import STEPS
from adapters.sandbox.check_store import Checks, Waiting
from adapters.sandbox.services import chromium_path
from adapters.sandbox.settings import SandboxSettings
from tests.sandbox.test_in_browser import LOOKS, SMALL
from tests.web.axe import violations

pytestmark = pytest.mark.browser

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]


@dataclass
class Vendors:
    """A served sandbox, and a provider that only has the page people come back to."""

    url: str
    provider: str
    checks: Checks

    def open(self, kind: str = "face", variant: str = "redirect", reference: str = "chk_1") -> Waiting:
        opened = self.checks.open(kind, replace(self._question(variant), reference=reference), now=2e9)
        assert isinstance(opened, Waiting)
        return opened

    def _question(self, variant: str) -> CheckQuestion:
        return CheckQuestion(
            reference="chk_1",
            purpose="activation",
            name="欧阳清岚",
            document_type="resident_id",
            number="430105199003070011",
            nonce="n" * 32,
            return_url=f"{self.provider}/checks/chk_1/back",
            callback_url=f"{self.provider}/hooks/face",
            locale="zh-CN",
            variant=variant,
            digest="d",
        )

    def address(self, check: Waiting) -> str:
        return f"{self.url}/{check.kind}/check/{check.page}"


@contextmanager
def served(app: Callable[..., object]) -> Iterator[str]:
    server = make_server("localhost", 0, app, threaded=True)  # type: ignore[arg-type]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://localhost:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def vendors() -> Iterator[Vendors]:
    with served(Response("<title>Back</title>", mimetype="text/html")) as provider:
        app: Flask = create_sandbox(SandboxSettings(issuer=provider, call=lambda *_: None))
        with served(app) as url:
            yield Vendors(url, provider, app.extensions["sandbox_checks"])


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One with a camera that shows a test picture, and nobody who has to allow it."""
    started = playwright.chromium.launch(executable_path=str(chromium_path()), args=[*FLAGS, *CAMERA])
    yield started
    started.close()


def go_through(page: Page, vendors: Vendors, check: Waiting) -> None:
    page.goto(vendors.address(check))
    page.get_by_role("button", name="开始").click()
    for prompts in STEPS:
        expect(page.get_by_role("heading", level=1)).to_have_text(prompts[0].text)
        page.get_by_role("button", name="做好了").click()
    page.wait_for_url(f"{vendors.provider}/checks/chk_1/back")


def test_with_a_camera_people_see_themselves_and_nothing_is_sent(browser: Browser, vendors: Vendors) -> None:
    context = browser.new_context(permissions=["camera"])
    page, sent = context.new_page(), []

    def note(request: Request) -> None:
        sent.append((request.method, request.post_data or ""))

    page.on("request", note)
    check = vendors.open()
    page.goto(vendors.address(check))
    page.get_by_role("button", name="开始").click()
    expect(page.get_by_text("摄像头已打开")).to_be_visible()
    expect(page.locator("video")).to_be_visible()
    assert page.locator("video").evaluate("video => video.videoWidth > 0 && !video.paused")
    go_through(page, vendors, vendors.open(reference="chk_2"))
    posted = [data for method, data in sent if method == "POST"]
    assert len(posted) == 5
    assert all(len(data) < 60 for data in posted)
    context.close()


def test_with_the_camera_denied_it_goes_on(playwright: Playwright, vendors: Vendors) -> None:
    denied = playwright.chromium.launch(executable_path=str(chromium_path()), args=FLAGS)
    page = denied.new_page()
    page.goto(vendors.address(vendors.open()))
    page.get_by_role("button", name="开始").click()
    expect(page.get_by_text("没有打开摄像头，不影响继续。")).to_be_visible()
    expect(page.locator("video")).to_be_hidden()
    go_through(page, vendors, vendors.open(reference="chk_2"))
    denied.close()


def test_without_script_every_prompt_can_be_changed_and_left(browser: Browser, vendors: Vendors) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    go_through(page, vendors, vendors.open())
    check = vendors.open(reference="chk_2")
    page.goto(vendors.address(check))
    page.get_by_role("button", name="开始").click()
    for prompt in STEPS[0]:
        expect(page.get_by_role("heading", level=1)).to_have_text(prompt.text)
        page.get_by_role("button", name="换一个").click()
    page.get_by_role("button", name="返回通办").click()
    page.wait_for_url(f"{vendors.provider}/checks/chk_1/back")
    assert (check.left, check.done_at is not None) == (True, True)
    context.close()


def test_another_outcome_is_chosen_on_the_page(browser: Browser, vendors: Vendors) -> None:
    page, check = browser.new_page(), vendors.open()
    page.goto(vendors.address(check))
    page.get_by_text("试一试别的结果").click()
    page.get_by_label("模拟的服务商会这样答复").select_option("nan")
    page.get_by_role("button", name="开始").click()
    expect(page.get_by_role("button", name="做好了")).to_be_visible()
    assert check.finding.key == "nan"
    bank = vendors.open("bank")
    page.goto(vendors.address(bank))
    page.get_by_role("button", name="确认是本人").click()
    page.wait_for_url(f"{vendors.provider}/checks/chk_1/back")
    assert bank.done_at is not None
    page.close()


def test_an_apps_software_tells_the_vendor(browser: Browser, vendors: Vendors) -> None:
    page, check = browser.new_page(), vendors.open(variant="sdk")
    page.goto(f"{vendors.url}/face/sdk")
    page.get_by_label("令牌").fill("no token")
    page.get_by_role("button", name="做完了").click()
    expect(page.get_by_text("没有这个令牌在等")).to_be_visible()
    page.get_by_label("令牌").fill(check.sdk_token)
    page.get_by_role("button", name="做完了").click()
    expect(page.get_by_text("服务商已记下")).to_be_visible()
    assert check.done_at is not None
    page.close()


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("what", ["start", "prompt", "bank", "over", "sdk"])
def test_a_vendors_page_is_accessible(browser: Browser, vendors: Vendors, what: str, lang: str) -> None:
    context = browser.new_context(permissions=["camera"])
    page, faults = context.new_page(), []
    check = vendors.open("bank" if what == "bank" else "face")
    if what == "prompt":
        vendors.checks.begin(check, check.finding)
    if what == "over":
        vendors.checks.finish(check, left=True, now=1.9e9)
    page.goto(f"{vendors.url}/face/sdk?lang={lang}" if what == "sdk" else f"{vendors.address(check)}?lang={lang}")
    if what == "prompt":
        expect(page.locator("video")).to_be_visible()
    for details in page.locator("details").all():
        details.locator("summary").click()
    for width, scheme, contrast in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme, contrast=contrast)
        faults += [f"{width} {scheme} {contrast} {found}" for found in violations(page)]
        faults += [f"{width} small: {target}" for target, _ in page.evaluate(SMALL)]
        faults += [f"{width} scrolls sideways"] * page.evaluate("document.documentElement.scrollWidth > innerWidth")
    context.close()
    assert faults == []
