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
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import ROOT, Site, demo_in, started_chromium, walker
from tests.journeys.mandate_walks import CHEN, WU, Acting
from tests.journeys.province_walks import COOPERATIVE, HE, SHEN, Hubei, Hunan
from tests.journeys.steps import See
from tests.journeys.test_acting_live import PENSION
from tests.journeys.test_counter_live import help_the_farmer
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
    "mandates": ("mandate", "acting"),
    "counter": ("counter",),
    "my-account": ("account",),
    "console": ("console",),
    "outside": ("tax", "social", "sandbox"),
}
"""Sheet of docs/screenshots -> how the names of its states begin; of two beginnings the longer one counts."""
LARGEST, QUALITY = 5_000_000, 30
At = tuple[Site, Page, See, str]
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


def family(site: Site, page: Page, see: See, lang: str) -> None:
    """A mother lets her daughter act, looks at what was given, and takes it back."""
    mother = Acting(site, page, see, lang, who=CHEN).enter()
    mandate = mother.give("family", WU.person, theme="social.pension", scope=PENSION)
    with walker(_browser(page), locale=LOCALES[lang]) as context:
        daughter = Acting(site, context.new_page(), see, lang, who=WU).enter()
        daughter.accept(mandate)
        daughter.choose_for(CHEN.person.name, "acting-chosen")
    mother.open(f"/account/mandates/{mandate}/print", "mandate-print")
    mother.take_back(mandate)


def counter(site: Site, page: Page, see: See, lang: str) -> None:
    help_the_farmer(site, _browser(page), see, locale=LOCALES[lang])


def skipping(*at: *At) -> None:
    walk = Hubei(*at)
    walk.skipping()
    walk.entity(SHEN, COOPERATIVE)


def _browser(page: Page) -> Browser:
    browser = page.context.browser
    assert browser is not None
    return browser


WALKS: dict[str, tuple[Walk, ...]] = {
    "": (
        family,
        counter,
        lambda *at: Tour(*at).all(),  # in its course the agreements change, for everybody
    ),
    "hunan": (
        lambda *at: Hunan(*at).person(SHEN),
        lambda *at: Hunan(*at).entity_from_outside(HE, COOPERATIVE, SHEN),
    ),
    "hubei": (
        lambda *at: Hubei(*at).person(HE),
        skipping,
    ),
}
"""Profile -> what is walked under it, in each language on an installation of its own."""


def take(browser: Browser, site: Site, directory: Path, province: str, lang: str) -> list[str]:
    """Every picture into ``directory``; the names of the states, in the order of the walks."""
    states: list[str] = []

    def see(name: str, page: Page) -> None:
        state = f"{province}-{name}" if province else name
        assert sheet_of(state) in SHEETS
        if state not in states:
            states.append(state)
        shots(directory, lang, state, page)

    for walk in WALKS[province]:
        with walker(browser, locale=LOCALES[lang]) as context:
            context.set_default_timeout(30_000)
            walk(site, context.new_page(), see, lang)
    return states


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
        for province, lang in product(WALKS, LOCALES):
            with TemporaryDirectory(prefix="pictures-") as home, demo_in(Path(home), province) as site:
                taken = take(browser, site, directory, province, lang)
            states += taken if lang == "zh" else []
        write_sheets(browser, directory, states)
        overview(browser, directory)
        for name, source in SINGLE.items():
            shutil.copyfile(directory / f"{source}.png", TARGET / f"{name}.png")
    size = sum(path.stat().st_size for path in TARGET.iterdir())
    print(f"{len(states)} states; docs/screenshots has {size / 1e6:.1f} MB")
    return 0 if size <= LARGEST else 1


if __name__ == "__main__":
    sys.exit(main())
