"""Every page state in Chromium: axe (WCAG 2.2 AA), reflow, target size; each language, size, contrast, scheme."""

import json
import threading
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from adapters.sandbox.services import chromium_path
from tests.web.axe import COLOURS, SCRIPT, serious, violations
from tests.web.preview import preview_app
from tests.web.states import STATES

pytestmark = pytest.mark.browser

SIZES, WIDTHS = ("normal", "large", "xlarge"), (320, 1280)
NARROWEST, WIDEST = (320, "xlarge"), (1280, "normal")

# Links inside sentences are exempt (WCAG 2.2, 2.5.8 "inline"); a checkbox or radio is pressed by its label too.
SMALL_TARGETS = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
  .filter(e => !e.closest('[hidden], p:not(.links), li.text, .prose, .tick label') && !e.matches('.skip'))
  .map(e => {
    const boxes = [e, ...(e.labels && e.closest('.tick') ? e.labels : [])].map(x => x.getBoundingClientRect());
    return [e.outerHTML.slice(0, 90), Math.max(...boxes.map(b => b.width)), Math.max(...boxes.map(b => b.height))];
  }).filter(([, w, h]) => w < 24 || h < 43.5)"""

TOO_WIDE = """() => [...document.querySelectorAll('html, .table')]
  .filter(e => e.scrollWidth > e.clientWidth).map(e => e.className || e.localName)"""


class Quiet(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = make_server("localhost", 0, preview_app(), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://localhost:{server.server_port}"
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


@pytest.fixture(scope="module")
def tabs(browser: Browser, site: str) -> Iterator[dict[str, Page]]:
    """A tab for each language: what makes one costs more than what is looked at in it."""
    opened: dict[str, Page] = {}
    for lang in ("zh", "en"):
        tab = opened[lang] = browser.new_page(reduced_motion="reduce")  # no colour half-way through a transition
        for script in ("form-post", "certificate-qr"):  # they would go on
            tab.route(f"**/{script}.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
        tab.context.add_cookies([{"name": "tb_prefs", "value": f"{lang}.normal.normal", "url": site}])
        tab.add_init_script(path=SCRIPT)
    yield opened
    for tab in opened.values():
        tab.close()


def choose(page: Page, **data: str) -> None:
    """What the server writes into <html> for a preference."""
    page.evaluate("data => Object.assign(document.documentElement.dataset, data)", data)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("state", STATES)
def test_page_state_is_accessible(tabs: dict[str, Page], site: str, state: str, lang: str) -> None:
    page, faults = tabs[lang], list[str]()

    def complain(said: ConsoleMessage) -> None:  # of the content security policy, of missing files
        faults.extend([said.text] * serious(said))

    page.on("console", complain)
    page.emulate_media(color_scheme="light")
    page.goto(f"{site}/preview/{state}")
    for width, size in product(WIDTHS, SIZES):
        page.set_viewport_size({"width": width, "height": 800})
        choose(page, size=size, contrast="normal")
        if (width, size) in (NARROWEST, WIDEST):
            faults += [f"{width} {size}: {found}" for found in violations(page)]
        small = page.evaluate(SMALL_TARGETS)
        faults += [f"{width} {size} has a {wide} that scrolls sideways" for wide in page.evaluate(TOO_WIDE)]
        faults += [f"{width} {size} has a small target {json.dumps(target)}" for target in small]
    if lang == "zh":  # colours are the same in both languages, and at every size
        choose(page, size="normal")
        for scheme, contrast in (("light", "high"), ("dark", "normal"), ("dark", "high")):
            page.emulate_media(color_scheme=scheme)
            choose(page, contrast=contrast)
            faults += [f"{scheme} {contrast}: {found}" for found in violations(page, COLOURS)]
    page.remove_listener("console", complain)
    assert faults == []


def test_refused_form_takes_the_focus_to_its_summary_and_on_to_the_field(browser: Browser, site: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{site}/preview/register-details-refused")
    assert page.locator("#error-summary:focus").count() == 1
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("#password:focus, #user_name:focus").count() == 1
    page.close()


def test_first_key_press_offers_to_skip_to_the_content(browser: Browser, site: str) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{site}/preview/signin")
    page.keyboard.press("Tab")
    assert page.locator(".skip:focus").is_visible()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.locator("#identifier:focus").count() == 1
    page.close()


def test_display_links_work_without_script_and_are_remembered(browser: Browser, site: str) -> None:
    page = browser.new_page(java_script_enabled=False, locale="zh-CN")
    page.goto(f"{site}/preview/signin?r=1")
    for link in ("English", "Largest", "High contrast"):
        page.get_by_role("link", name=link).click()
    assert page.url == f"{site}/preview/signin?r=1"
    page.goto(f"{site}/preview/home")
    html = page.locator("html")
    assert [html.get_attribute(name) for name in ("lang", "data-size", "data-contrast")] == ["en", "xlarge", "high"]
    page.close()


def test_form_post_answer_sends_itself_where_script_runs(browser: Browser, site: str) -> None:
    page = browser.new_page()
    page.goto(f"{site}/preview/form-post")
    page.wait_for_url(f"{site}/preview/home")
    page.close()
