"""Two screens in Chromium: a kiosk and a desktop, each confirmed on a phone, without script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.oidc.devices import ask, register
from tests.provider import PASSWORD, PHONE, Site
from tests.signin.test_passkey_in_browser import chromium, served

__all__ = ["chromium", "served"]
pytestmark = pytest.mark.browser


@pytest.fixture
def screens(chromium: Browser) -> Iterator[tuple[Page, Page]]:
    """A phone, and another screen."""
    phone = chromium.new_context(locale="zh-CN", viewport={"width": 390, "height": 844}, java_script_enabled=False)
    desktop = chromium.new_context(locale="zh-CN", java_script_enabled=False)
    yield phone.new_page(), desktop.new_page()
    phone.close()
    desktop.close()


def test_a_kiosk_is_confirmed_on_a_phone_and_a_desktop_signs_in_by_it(
    served: Site, screens: tuple[Page, Page]
) -> None:
    phone, desktop = screens
    register(served)
    kiosk = ask(served)
    phone.goto(kiosk.told["verification_uri_complete"])  # as the camera opens it: sign in first, and come back
    phone.locator("input[name=identifier]").fill(PHONE)
    phone.locator("input[name=password]").fill(PASSWORD)
    phone.get_by_role("button", name="登录", exact=True).click()
    expect(phone.locator("input[name=user_code]")).to_have_value(kiosk.code)
    phone.get_by_role("button", name="继续").click()
    expect(phone.locator("main")).to_contain_text("省医疗保障局")
    expect(phone.locator("main")).to_contain_text("湖南省")
    phone.get_by_role("button", name=kiosk.number, exact=True).click()
    expect(phone.get_by_role("heading", name="已确认")).to_be_visible()
    assert kiosk.poll().status_code == 200

    issuer = served.provider.settings.issuer
    desktop.goto(f"{issuer}/signin")
    desktop.get_by_role("link", name="用手机扫码登录").click()
    desktop.get_by_role("button", name="显示二维码").click()
    code = desktop.locator("#scan-code").inner_text()
    number = desktop.locator("#scan-number").inner_text()
    phone.goto(f"{issuer}/device?user_code={code}")
    phone.get_by_role("button", name="继续").click()
    phone.get_by_role("button", name=number, exact=True).click()
    expect(phone.get_by_role("heading", name="已确认")).to_be_visible()
    desktop.wait_for_url(f"{issuer}/account", timeout=15_000)  # by itself
    phone.get_by_role("link", name="查看登录设备").click()
    expect(phone.locator("main")).to_contain_text("医保自助机")
    assert phone.locator("li h2").count() == 3
