"""From a department app through an activation and back into it, in Chromium, with the stand-in vendor's own pages."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from adapters.sandbox.services import chromium_path
from idp.accounts.documents import check_character
from tests.provider import claims_of
from tests.trust.browser import CHALLENGE, Server, Wire, tokens_of
from tests.trust.installation import ALPHA, Installation, installation

pytestmark = [pytest.mark.browser, pytest.mark.services]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
NAME, PASSWORD = "王小明", "Velvet3Anchor44"
_PEOPLE = 6


def number(n: int) -> str:
    seventeen = f"4401981985061{7100 + n}"
    return seventeen + check_character(seventeen)


def phone(n: int) -> str:
    return f"1366{n:07}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory: Path = tmp_path_factory.mktemp("activation")
    with installation("sqlite", directory, people=1) as made:
        lines = ["platform,old_id,kind,name,document_number,phone"]
        lines += [f"old-portal,{n},person,{NAME},{number(n)},{phone(n)}" for n in range(1, _PEOPLE)]
        file = directory / "old.csv"
        file.write_text("\n".join(lines) + "\n", "utf-8")
        made.run("legacy", "import", str(file))
        yield made
        assert made.faults() == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium_path()), args=[*FLAGS, *CAMERA])
        yield started
        started.close()


def opened(chromium: Browser, lang: str, script: bool) -> tuple[BrowserContext, Page]:
    context = chromium.new_context(
        java_script_enabled=script,
        locale="zh-CN" if lang == "zh" else "en-US",
        permissions=["camera"],
        extra_http_headers={"Accept-Language": lang},
    )
    context.route(f"{ALPHA.redirect_uri}*", lambda route: route.fulfill(body="back in the app"))
    return context, context.new_page()


def send(page: Page) -> None:
    page.locator("main form button.main").first.click()


def to_vendor(page: Page, site: Installation, n: int) -> None:
    """From the app to the vendor's first page."""
    query = (
        f"response_type=code&client_id={ALPHA.client_id}&redirect_uri={ALPHA.redirect_uri}&scope=openid&state=s"
        f"&code_challenge={CHALLENGE}&code_challenge_method=S256&acr_values=urn:tongban:ial:3"
    )
    page.goto(f"{site.issuer}/authorize?{query}")
    page.locator("a[href*='/activate']").click()
    page.locator("#name").fill(NAME)
    page.locator("#number").fill(number(n))
    send(page)
    expect(page).to_have_url(re.compile("/check/"))
    page.locator("main input[type=checkbox]").check()
    send(page)
    page.wait_for_url(re.compile("/face/check/"), timeout=20_000)


def pass_check(page: Page) -> None:
    page.locator("button[value=begin]").click()
    for _ in range(3):
        page.locator("button[value=did]").click()
    page.wait_for_url(re.compile("/activate/found"), timeout=20_000)


@pytest.mark.parametrize(("lang", "script", "n"), [("zh", False, 1), ("zh", True, 2), ("en", True, 3)])
def test_an_app_gets_its_person_back_from_an_activation(
    site: Installation, chromium: Browser, lang: str, script: bool, n: int
) -> None:
    context, page = opened(chromium, lang, script)
    to_vendor(page, site, n)
    pass_check(page)
    expect(page.locator("main")).to_contain_text("old-portal")
    send(page)
    send(page)  # the phone on file is chosen already
    page.locator("#code").fill(str(site.await_message(phone(n), "activate_code")["params"]["code"]))
    send(page)
    page.locator("#password").fill(PASSWORD)
    page.locator("input[name=agreements]").check()
    send(page)
    expect(page).to_have_url(re.compile("/activate/done"))
    page.locator("main a.button").click()
    expect(page.locator("body")).to_have_text("back in the app")
    code = re.search(r"code=([^&]+)", page.url)
    assert code
    wire = Wire()
    tokens = tokens_of(Server(site, wire).exchange(ALPHA, code[1]))
    wire.close()
    assert claims_of(tokens.id)["acr"] == "urn:tongban:ial:3"
    context.close()


def test_a_face_that_was_not_passed_leads_to_other_ways(site: Installation, chromium: Browser) -> None:
    context, page = opened(chromium, "zh", script=False)
    to_vendor(page, site, 4)
    page.locator("button[value=leave]").click()
    page.wait_for_url(re.compile("/check/.*/wait"), timeout=20_000)
    expect(page.locator("a[href*='/activate/elsewhere']").first).to_be_visible(timeout=20_000)
    page.locator("a[href*='/activate/elsewhere']").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("用其他方式激活")
    context.close()
