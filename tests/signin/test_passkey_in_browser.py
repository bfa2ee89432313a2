"""In Chromium with its virtual authenticator: a passkey is added and signs in; without script the page says so."""

import re
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from adapters.sandbox.services import chromium_path
from idp.app import create_app
from tests.ports import free_port
from tests.provider import PASSWORD, PHONE, Site, settings_at
from tests.registers import ScriptedRegisters
from tests.web.test_in_browser import Quiet, serious

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def served(site_template: Path, tmp_path: Path) -> Iterator[Site]:
    """A provider at its issuer's own address, as passkeys need it."""
    shutil.copyfile(site_template, tmp_path / "idp.db")
    port = free_port()
    made = Site(
        create_app(
            settings_at(tmp_path, issuer=f"http://localhost:{port}", pages={"default_locale": "zh"}),
            ScriptedRegisters().ports,
        )
    )
    server = make_server("localhost", port, made.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
    made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(chromium_path()), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def sign_in_by_two(site: Site, page: Page) -> None:
    address = site.provider.settings.issuer
    page.goto(f"{address}/signin?next=/account/methods")
    page.locator("input[name=identifier]").fill(PHONE)
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/account/methods")
    page.get_by_role("link", name="添加通行密钥").click()
    page.get_by_role("button", name="获取验证码").click()
    page.locator("input[name=code]").fill(site.text_code())
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/account/methods/passkey")


def test_a_passkey_is_added_signs_in_confirms_and_is_removed(served: Site, chromium: Browser) -> None:
    faults: list[str] = []
    context = chromium.new_context(locale="zh-CN")
    page = context.new_page()
    page.on("console", lambda said: faults.append(said.text) if serious(said) else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable", {"enableUI": False})
    device = devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})["authenticatorId"]
    address = served.provider.settings.issuer

    sign_in_by_two(served, page)
    page.locator("input[name=name]").fill("书房电脑")
    page.get_by_role("button", name="在这台设备上添加").click()
    page.wait_for_url(re.compile("done=passkey_added"))
    expect(page.get_by_role("heading", name="书房电脑")).to_be_visible()
    (credential,) = devtools.send("WebAuthn.getCredentials", {"authenticatorId": device})["credentials"]
    assert credential["isResidentCredential"]
    assert credential["rpId"] == "localhost"

    page.goto(f"{address}/account/methods/passkey")
    page.get_by_role("button", name="在这台设备上添加").click()
    expect(page.locator("#passkey-said")).to_contain_text("已经添加过")

    context.clear_cookies(name="tb_session")
    page.goto(f"{address}/signin?next=/account/profile")
    page.get_by_role("link", name="用通行密钥登录").click()
    page.get_by_role("button", name="使用通行密钥").click()
    page.wait_for_url(f"{address}/account/profile")
    expect(page.get_by_text("防钓鱼方式")).to_be_visible()

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    page.goto(f"{address}/signin/passkey")
    page.get_by_role("button", name="使用通行密钥").click()
    expect(page.locator("#passkey-said")).to_contain_text("再试一次")

    devtools.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    served.later = 301
    page.goto(f"{address}/account/methods")
    page.get_by_role("button", name="移除 书房电脑").click()
    page.get_by_role("button", name="使用通行密钥").click()
    page.wait_for_url(f"{address}/account/methods")
    page.get_by_role("button", name="移除 书房电脑").click()
    page.wait_for_url(re.compile("done=passkey_removed"))
    context.close()
    assert faults == []


def test_without_script_the_page_offers_the_other_ways(served: Site, chromium: Browser) -> None:
    page = chromium.new_page(java_script_enabled=False, locale="zh-CN")
    page.goto(f"{served.provider.settings.issuer}/signin/passkey")
    expect(page.locator("#passkey-missing")).to_be_visible()
    expect(page.get_by_role("button", name="使用通行密钥")).to_be_hidden()
    page.get_by_role("link", name="用密码登录").click()
    expect(page.locator("input[name=password]")).to_be_visible()
    page.close()


def test_where_a_browser_cannot_the_page_offers_the_other_ways(served: Site, chromium: Browser) -> None:
    page = chromium.new_page(locale="zh-CN")
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{served.provider.settings.issuer}/signin/passkey")
    expect(page.locator("#passkey-missing")).to_be_visible()
    page.close()
