"""Contact sheets of the page states: ``python -m tests.web.screenshots DIRECTORY`` writes a JPEG per look.

Always true: what they show is sample data; no provider and no person stands behind it.
"""

import base64
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from adapters.sandbox.services import chromium_path
from tests.web.preview import preview_app
from tests.web.states import STATES
from tests.web.test_in_browser import Quiet


@dataclass(frozen=True)
class Look:
    """One sheet: its name, the preferences cookie, the width of a page, how many stand in a row, the scheme."""

    name: str
    preferences: str
    width: int
    columns: int
    scheme: str = "light"


LOOKS = (
    Look("phone-zh", "zh.normal.normal", 390, 8),
    Look("phone-en", "en.normal.normal", 390, 8),
    Look("phone-zh-largest", "zh.xlarge.normal", 390, 8),
    Look("phone-zh-contrast", "zh.large.high", 390, 8),
    Look("desk-zh", "zh.normal.normal", 1280, 5),
    Look("desk-zh-dark", "zh.normal.normal", 1280, 5, "dark"),
)
SHEET = """<style>body{{margin:12px;background:#8a9491;display:grid;gap:12px;align-items:start;
grid-template-columns:repeat({columns},1fr);font:600 13px sans-serif;color:#fff}}
img{{width:100%;display:block}}</style>{pages}"""


def shoot(browser: Browser, site: str, look: Look) -> bytes:
    """The sheet of all states as a JPEG."""
    context = browser.new_context(viewport={"width": look.width, "height": 780}, color_scheme=look.scheme)  # type: ignore[arg-type]
    context.add_cookies([{"name": "tb_prefs", "value": look.preferences, "url": site}])
    page, pictures = context.new_page(), []
    page.route("**/form-post.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    for state in STATES:
        page.goto(f"{site}/preview/{state}")
        picture = base64.b64encode(page.screenshot(full_page=True)).decode()
        pictures.append(f'<figure style="margin:0">{state}<img src="data:image/png;base64,{picture}"></figure>')
    page.goto("about:blank")
    page.set_viewport_size({"width": 1800, "height": 800})
    page.set_content(SHEET.format(columns=look.columns, pages="".join(pictures)))
    sheet = page.screenshot(full_page=True, type="jpeg", quality=75)
    context.close()
    return sheet


def main(directory: Path) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    server = make_server("localhost", 0, preview_app(), threaded=True, request_handler=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = chromium_path()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(path), args=["--no-sandbox", "--disable-gpu"])
        for look in LOOKS:
            sheet = shoot(browser, f"http://localhost:{server.server_port}", look)
            (directory / f"{look.name}.jpg").write_bytes(sheet)
            sys.stdout.write(f"{look.name}: {len(sheet) // 1024} kB\n")
        browser.close()
    server.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshots"))
