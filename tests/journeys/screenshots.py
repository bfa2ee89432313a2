"""Takes the pictures of docs/screenshots from demonstrations of its own.

    python -m tests.journeys.screenshots [--keep DIRECTORY]

Always true: every picture is of the running provider, none is drawn; Chromium itself lays out the sheets.
"""

import argparse
import html
import io
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import ROOT, Site, demo_in, started_chromium, walker
from tests.journeys.province_walks import COOPERATIVE, DANIEL, FOUNDATION, HE, SHEN, SOCIETY, WANG, Hubei, Hunan
from tests.journeys.steps import See
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
SHEETS = {
    "signing-in-and-out": (
        "home",
        "signin",
        "confirm",
        "recover",
        "signout",
        "signed-out",
        "error",
        "expired",
        "oauth-error",
    ),
    "registering": ("register", "identity", "review", "agreement", "consent"),
    "activating": ("activate", "check", "matter", "account-counter", "sandbox-face"),
    "provinces": ("hunan", "hubei"),
    "acting-for-entities": ("entity", "account-acting"),
    "my-account": ("account",),
    "console": ("console",),
    "outside": ("tax", "social", "sandbox"),
}
"""Sheet of docs/screenshots -> how the names of its states begin; of two beginnings the longer one counts."""
LARGEST, QUALITY = 4_000_000, 30
At = tuple[Site, Page, See, str, int]
Walk = Callable[[*At], None]
STYLE = """
body { margin: 0; padding: 24px; width: 2120px; font: 17px/1.4 "Noto Sans CJK SC", sans-serif; background: #e4eae8; }
h1 { font-size: 24px; margin: 0 0 4px; } p { margin: 0 0 20px; color: #47544f; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 20px 24px; }
figure { margin: 0; } figcaption { font-weight: 600; margin-bottom: 6px; }
figure div { display: flex; gap: 6px; align-items: flex-start; }
img { height: 380px; object-fit: cover; object-position: top left; background: #fff; outline: 1px solid #c3cecb; }
img.phone { width: 234px; } img.desktop { width: 568px; }
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


def tour(_lang: str) -> list[Walk]:
    return [lambda *at: Tour(*at).all()]


def hunan(lang: str) -> list[Walk]:
    person, claim = {"zh": (SHEN, (HE, COOPERATIVE, SHEN)), "en": (WANG, (DANIEL, FOUNDATION, HE))}[lang]
    return [lambda *at: Hunan(*at).person(person), lambda *at: Hunan(*at).entity_from_outside(*claim)]


def hubei(lang: str) -> list[Walk]:
    person, entity = {"zh": (HE, (SHEN, COOPERATIVE)), "en": (DANIEL, (WANG, SOCIETY))}[lang]

    def skipping(*at: *At) -> None:
        walk = Hubei(*at)
        walk.skipping()
        walk.entity(*entity)

    return [lambda *at: Hubei(*at).person(person), skipping]


WALKS: dict[str, Callable[[str], list[Walk]]] = {"": tour, "hunan": hunan, "hubei": hubei}
"""Profile -> what is walked under it in a language, each time by another person."""


def take(browser: Browser, site: Site, directory: Path, province: str) -> list[str]:
    """Every picture of both languages into ``directory``; the names of the states, in the order of the walks."""
    states: dict[str, list[str]] = {lang: [] for lang in LOCALES}
    for number, (lang, locale) in enumerate(LOCALES.items(), 1):

        def see(name: str, page: Page, lang: str = lang) -> None:
            state = f"{province}-{name}" if province else name
            assert sheet_of(state) in SHEETS
            states[lang].append(state)
            shots(directory, lang, state, page)

        for walk in WALKS[province](lang):
            with walker(browser, locale=locale) as context:
                context.set_default_timeout(30_000)
                walk(site, context.new_page(), see, lang, number)
    return states["zh"]


def sheet_of(state: str) -> str:
    begins = {beginning: sheet for sheet, beginnings in SHEETS.items() for beginning in beginnings}
    return begins[max((one for one in begins if state.startswith(one)), key=len)]


def write_sheets(browser: Browser, directory: Path, states: list[str]) -> None:
    """The states of each journey on one page, laid out and photographed by Chromium."""
    for sheet in SHEETS:
        page = directory / f"{sheet}.html"
        page.write_text(_sheet([state for state in states if sheet_of(state) == sheet]), "utf-8")
        with browser.new_context(viewport={"width": 2168, "height": 1000}) as context:
            shown = context.new_page()
            shown.goto(page.as_uri())
            picture = Image.open(io.BytesIO(shown.screenshot(full_page=True)))
            picture.save(TARGET / f"{sheet}.webp", quality=QUALITY, method=6)


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
    kinds = [("zh", "phone"), ("en", "phone"), ("zh", "desktop")]
    figures = []
    for state in states:
        images = [f'<img class="{kind}" src="{lang}-{state}-{kind}.png" alt="">' for lang, kind in kinds]
        figures.append(f"<figure><figcaption>{html.escape(state)}</figcaption><div>{''.join(images)}</div></figure>")
    told = f"Every page at {PHONE} px (Chinese, English) and at {DESKTOP} px (Chinese); what is longer is cut off"
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
        browser = stack.enter_context(started_chromium())
        states = []
        for province in WALKS:
            with TemporaryDirectory(prefix="pictures-") as home, demo_in(Path(home), province) as site:
                states += take(browser, site, directory, province)
        write_sheets(browser, directory, states)
        overview(browser, directory)
        for name, source in SINGLE.items():
            shutil.copyfile(directory / f"{source}.png", TARGET / f"{name}.png")
    size = sum(path.stat().st_size for path in TARGET.iterdir())
    print(f"{len(states)} states; docs/screenshots has {size / 1e6:.1f} MB")
    return 0 if size <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
