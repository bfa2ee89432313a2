"""In Chromium, over the running provider: the picture is seen, the sound is heard, and no script is needed."""

import re
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import make_server

from adapters.sandbox.services import chromium_path
from tests.captcha.conftest import captcha
from tests.provider import Site
from tests.web.test_in_browser import Quiet, serious

pytestmark = pytest.mark.browser

NEW = "13900005555"
PLAYED = """async () => {
  const sound = document.querySelector('audio');
  sound.muted = true;
  await sound.play();
  await new Promise(heard => { sound.ontimeupdate = () => sound.currentTime > 0 && heard() });
  return sound.duration;
}"""


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    server = make_server("localhost", 0, site.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def page(request: pytest.FixtureRequest) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path()), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page(java_script_enabled=request.param, locale="zh-CN")
        browser.close()


def digits(site: Site, page: Page) -> str:
    """What the page shows, read where it is kept."""
    key = page.locator("input[name=captcha_key]").get_attribute("value") or ""
    held = site.provider.store.get("captcha", key)
    assert held is not None
    found = captcha(site).challenges.find(key, browser=bytes.fromhex(held["browser"]))
    assert found is not None
    return found.digits


def test_somebody_reads_asks_for_others_and_presses_enter(site: Site, address: str, page: Page) -> None:
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if serious(said) else None)
    with page.expect_response(re.compile(r"/captcha/.*\.png")) as seen:
        page.goto(f"{address}/register")
    assert seen.value.status == 200
    page.locator("input[name=phone]").fill(NEW)
    first = digits(site, page)
    page.get_by_role("button", name="换一组数字").click()
    assert page.locator("input[name=phone]").input_value() == NEW
    page.locator("input[name=captcha]").fill("22")
    page.keyboard.press("Enter")
    assert page.locator("#error-summary a").get_attribute("href") == "#captcha"
    page.locator("input[name=captcha]").fill(digits(site, page))
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/register/code"))
    assert first
    assert faults == []


def test_the_sound_is_played_in_the_page(address: str, page: Page, request: pytest.FixtureRequest) -> None:
    faults: list[str] = []
    page.on("console", lambda said: faults.append(said.text) if serious(said) else None)
    page.goto(f"{address}/register")
    if request.node.callspec.params["page"]:
        assert 3 < page.evaluate(PLAYED) < 10
    else:
        assert page.locator("audio[controls]").bounding_box()
    assert faults == []
