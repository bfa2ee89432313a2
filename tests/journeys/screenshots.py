"""Takes the pictures of docs/screenshots from a demonstration of its own.

    python -m tests.journeys.screenshots [--keep DIRECTORY]

Always true: every picture is of the running provider, none is drawn; Chromium itself lays out the contact sheet.
"""

import argparse
import html
import shutil
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Browser, Page

from tests.journeys.conftest import ROOT, Site, demo_in, started_chromium, walker
from tests.journeys.tour import Tour

TARGET = ROOT / "docs" / "screenshots"
LOCALES = {"zh": "zh-CN", "en": "en-US"}
PHONE, DESKTOP = 390, 1280
SINGLE = {
    "sign-in-phone": "zh-signin-phone",
    "my-account-desktop": "en-account-desktop",
    "signed-out-phone": "zh-signed-out-phone",
    "tax-app-desktop": "zh-tax-overview-desktop",
}
"""Picture in docs/screenshots -> the one it is a copy of."""
LARGEST = 3_000_000
STYLE = """
body { margin: 0; padding: 24px; width: 1720px; font: 15px/1.4 "Noto Sans CJK SC", sans-serif; background: #e4eae8; }
h1 { font-size: 22px; margin: 0 0 4px; } p { margin: 0 0 20px; color: #47544f; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 20px 24px; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: 6px; }
figure div { display: flex; gap: 6px; align-items: flex-start; }
img { height: 190px; object-fit: cover; object-position: top left; background: #fff; outline: 1px solid #c3cecb; }
img.phone, img.xlarge { width: 92px; } img.desktop { width: 268px; }
"""
FIRST_LOOK = """
body { margin: 0; padding: 32px; width: 1336px; height: 620px; display: flex; gap: 28px; background: #e4eae8; }
img { height: 620px; object-fit: cover; object-position: top; border-radius: 10px; box-shadow: 0 2px 18px #0002; }
img.phone { width: 286px; } img.desktop { width: 708px; object-position: top center; }
"""


def shots(directory: Path, lang: str, name: str, page: Page) -> None:
    """A state as a phone and a desktop show it, and on a phone in the largest type."""
    stem = f"{lang}-{name}"
    for kind, width, size in (
        ("xlarge", PHONE, "xlarge"),
        ("desktop", DESKTOP, "normal"),
        ("phone", PHONE, "normal"),
    ):
        page.set_viewport_size({"width": width, "height": 844})
        page.evaluate("size => { document.documentElement.dataset.size = size }", size)
        page.screenshot(path=directory / f"{stem}-{kind}.png", full_page=True, animations="disabled")


def take(browser: Browser, site: Site, directory: Path) -> list[str]:
    """Every picture of both languages into ``directory``; the names of the states, in the order of the tour."""
    states: list[str] = []
    for number, (lang, locale) in enumerate(LOCALES.items(), 1):
        states.clear()

        def see(lang: str, name: str, page: Page) -> None:
            states.append(name)
            shots(directory, lang, name, page)

        with walker(browser, locale=locale) as context:
            context.set_default_timeout(30_000)
            Tour(site, context.new_page(), partial(see, lang), lang, number).all()
    return states


def contact_sheet(browser: Browser, directory: Path, states: list[str]) -> None:
    """All pictures on one page, laid out and photographed by Chromium."""
    page = directory / "contact-sheet.html"
    page.write_text(_sheet(states), "utf-8")
    with browser.new_context(viewport={"width": 1768, "height": 1000}) as context:
        shown = context.new_page()
        shown.goto(page.as_uri())
        shown.screenshot(path=TARGET / "contact-sheet.png", full_page=True)


def overview(browser: Browser, directory: Path) -> None:
    """The picture of the README: sign-in, my account, sign-out."""
    chosen = [("phone", "zh-signin-phone"), ("desktop", "zh-account-desktop"), ("phone", "zh-signed-out-phone")]
    images = "".join(f'<img class="{kind}" src="{name}.png" alt="">' for kind, name in chosen)
    page = directory / "overview.html"
    page.write_text(f'<!doctype html><meta charset="utf-8"><style>{FIRST_LOOK}</style>{images}', "utf-8")
    with browser.new_context(viewport={"width": 1400, "height": 684}) as context:
        shown = context.new_page()
        shown.goto(page.as_uri())
        shown.screenshot(path=TARGET / "overview.png")


def _sheet(states: list[str]) -> str:
    kinds = [("zh", "phone"), ("en", "phone"), ("zh", "xlarge"), ("zh", "desktop"), ("en", "desktop")]
    figures = []
    for state in states:
        images = [f'<img class="{kind}" src="{lang}-{state}-{kind}.png" alt="">' for lang, kind in kinds]
        figures.append(f"<figure><figcaption>{html.escape(state)}</figcaption><div>{''.join(images)}</div></figure>")
    told = f"Every page at {PHONE} px (Chinese, English, largest type) and at {DESKTOP} px (Chinese, English)"
    return (
        f'<!doctype html><meta charset="utf-8"><style>{STYLE}</style><h1>Tongban</h1><p>{told}</p>'
        f"<main>{''.join(figures)}</main>"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.journeys.screenshots", description=__doc__)
    parser.add_argument("--keep", type=Path, help="keep every single picture in this directory")
    keep = parser.parse_args().keep
    TARGET.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        directory = keep or Path(stack.enter_context(TemporaryDirectory(prefix="pictures-")))
        directory.mkdir(parents=True, exist_ok=True)
        site = stack.enter_context(demo_in(Path(stack.enter_context(TemporaryDirectory(prefix="pictures-")))))
        browser = stack.enter_context(started_chromium())
        states = take(browser, site, directory)
        contact_sheet(browser, directory, states)
        overview(browser, directory)
        for name, source in SINGLE.items():
            shutil.copyfile(directory / f"{source}.png", TARGET / f"{name}.png")
    size = sum(path.stat().st_size for path in TARGET.iterdir())
    print(f"{len(states)} states; docs/screenshots has {size / 1e6:.1f} MB")
    return 0 if size <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
