"""Every page state in Chromium: axe (WCAG 2.2 AA), reflow, target size; each language, size, contrast, scheme."""

import json
import threading
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from adapters.sandbox.services import chromium_path
from tests.web.preview import preview_app
from tests.web.states import STATES

pytestmark = pytest.mark.browser

AXE = Path(__file__).parents[1] / "node" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SIZES, CONTRASTS, WIDTHS = ("normal", "large", "xlarge"), ("normal", "high"), (320, 1280)

# Links inside sentences are exempt (WCAG 2.2, 2.5.8 "inline"); a checkbox or radio is pressed by its label too.
SMALL_TARGETS = """() => [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, summary')]
  .filter(e => !e.closest('p:not(.links), li.text, .prose, .tick label') && !e.matches('.skip'))
  .map(e => {
    const boxes = [e, ...(e.labels && e.closest('.tick') ? e.labels : [])].map(x => x.getBoundingClientRect());
    return [e.outerHTML.slice(0, 90), Math.max(...boxes.map(b => b.width)), Math.max(...boxes.map(b => b.height))];
  }).filter(([, w, h]) => w < 24 || h < 43.5)"""


class Quiet(WSGIRequestHandler):
    def log(self, *_args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = make_server("localhost", 0, preview_app(), threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
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


def violations(page: Page, tags: list[str]) -> list[str]:
    found = page.evaluate(
        "async tags => (await axe.run(document, {runOnly: tags, resultTypes: ['violations']})).violations", tags
    )
    return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]


def open_page(browser: Browser, site: str, state: str, lang: str) -> Page:
    page = browser.new_page(reduced_motion="reduce")  # no colour is measured half-way through a transition
    page.context.add_cookies([{"name": "tb_prefs", "value": f"{lang}.normal.normal", "url": site}])
    page.goto(f"{site}/preview/{state}")
    page.evaluate(AXE.read_text("utf-8"))
    return page


def choose(page: Page, **data: str) -> None:
    """What the server writes into <html> for a preference."""
    page.evaluate("data => Object.assign(document.documentElement.dataset, data)", data)


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("state", STATES)
def test_page_state_is_accessible(browser: Browser, site: str, state: str, lang: str) -> None:
    page, faults = open_page(browser, site, state, lang), []
    for width, size in product(WIDTHS, SIZES):
        page.set_viewport_size({"width": width, "height": 800})
        for contrast in CONTRASTS:
            choose(page, size=size, contrast=contrast)
            faults += [f"{width} {size} {contrast}: {found}" for found in violations(page, TAGS)]
        scroll, small = page.evaluate("document.documentElement.scrollWidth"), page.evaluate(SMALL_TARGETS)
        faults += [f"{width} {size} scrolls sideways to {scroll}"] * (scroll > width)
        faults += [f"{width} {size} has a small target {json.dumps(target)}" for target in small]
    page.emulate_media(color_scheme="dark")
    for contrast in CONTRASTS:
        choose(page, contrast=contrast)
        faults += [f"dark {contrast}: {found}" for found in violations(page, TAGS)]
    page.close()
    assert faults == []
