"""The promise of the first screen: register, sign in once, walk into two apps, sign out once, be out of both."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.journeys.conftest import Site, newest_code, walker
from tests.journeys.walks import (
    PASSWORD,
    check_name,
    is_signed_out_of,
    register,
    register_and_walk,
    sessions_of,
    sign_in,
    signed_in_to,
    submit,
)

pytestmark = [pytest.mark.browser, pytest.mark.alone]


@pytest.mark.parametrize(
    ("script", "phone"), [(True, "13811110001"), (False, "13811110002")], ids=["script", "no script"]
)
def test_register_sign_in_once_two_apps_sign_out_once(
    demo: Site, chromium: Browser, script: bool, phone: str
) -> None:
    with walker(chromium, script=script) as context:
        assert max(register_and_walk(context.new_page(), demo, phone)) < 2.0


def test_a_person_of_the_demo_steps_up_only_when_the_app_asks(demo: Site, chromium: Browser) -> None:
    with walker(chromium) as context:
        page = context.new_page()
        page.goto(demo.tax)
        page.get_by_role("link", name="登录", exact=True).click()
        sign_in(page, "qinglan_oy", "Lantern7Bridge22")
        signed_in_to(page, demo.tax)
        expect(page.locator("#aal")).to_have_attribute("data-level", "1")
        page.locator("#go-filing").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("再确认一次是您本人")
        page.locator("button[name=send]").click()
        page.locator("input[name=code]").fill(newest_code(page, demo.sandbox, "13800001001"))
        submit(page)
        page.wait_for_url(re.compile(f"^{re.escape(demo.tax)}/"))
        page.goto(f"{demo.tax}/overview")
        expect(page.locator("#aal")).to_have_attribute("data-level", "2")


@pytest.mark.parametrize(
    ("script", "phone"), [(True, "13800001008"), (False, "13811110003")], ids=["script", "no script"]
)
def test_one_visit_raises_the_same_session_by_a_check_of_name_and_number_and_then_by_a_second_factor(
    demo: Site, chromium: Browser, script: bool, phone: str
) -> None:
    """Registered a moment ago: social security wants to know who it is, the tax office that it is really she."""
    with walker(chromium, script=script) as context:
        page = context.new_page()
        page.goto(f"{demo.social}/")
        page.get_by_role("link", name="登录", exact=True).click()
        page.get_by_role("link", name=re.compile("注册")).first.click()
        register(page, demo, phone)
        page.locator("main a.button, main form button").first.click()
        signed_in_to(page, demo.social)
        expect(page.locator("#ial")).to_have_attribute("data-level", "1")
        sessions = sessions_of(page, demo)
        page.goto(f"{demo.social}/overview")
        page.locator("#go-pension").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("选择核验方式")
        expect(page.locator("main")).to_contain_text("社会保障")
        check_name(page, *(("沈新禾", "420199200106140047") if script else ("阿卜杜·热合曼", "650199197910150033")))
        page.wait_for_url(f"{demo.social}/pension")
        expect(page.locator("#verified-name")).to_have_text("沈新禾" if script else "阿卜杜·热合曼")
        expect(page.locator("#ial")).to_have_attribute("data-level", "2")
        page.goto(f"{demo.tax}/refund-account")
        expect(page.get_by_role("heading", level=1)).to_have_text("再确认一次是您本人")
        page.locator("input[name=password]").fill(PASSWORD)  # she came in by a code, so the other kind is asked
        submit(page)
        page.wait_for_url(f"{demo.tax}/refund-account")
        expect(page.locator("#aal")).to_have_attribute("data-level", "2")
        page.locator("#submit-matter").click()
        expect(page.locator("#done")).to_be_visible()
        assert sessions_of(page, demo) == sessions == 1


def test_who_cannot_or_will_not_be_checked_comes_back_to_a_calm_page(demo: Site, chromium: Browser) -> None:
    """His card has run out: the register says so, he goes back, and the app neither shows the page nor asks again."""
    with walker(chromium, script=False) as context:
        page = context.new_page()
        page.goto(f"{demo.social}/pension")
        sign_in(page, "liyi_office", "Juniper4Anchor86")
        check_name(page, "李一", "43019919830920003X")
        expect(page.get_by_role("alert")).to_contain_text("证件已过有效期")
        page.locator("button[name=decline]").click()
        page.wait_for_url(re.compile(f"^{re.escape(demo.social)}/"))
        expect(page.get_by_role("heading", level=1)).to_have_text("需要更高的认证等级")
        expect(page.locator("main")).to_contain_text("核验过姓名和证件号码")


def test_an_app_withdrawn_in_my_account_is_signed_out(demo: Site, chromium: Browser) -> None:
    with walker(chromium) as context:
        page = context.new_page()
        page.goto(demo.tax)
        page.get_by_role("link", name="登录", exact=True).click()
        sign_in(page, "13800001004", "Saffron3Meadow58")
        signed_in_to(page, demo.tax)
        page.goto(f"{demo.provider}/account/apps")
        page.get_by_role("button", name=re.compile("撤回")).click()
        expect(page.get_by_role("status")).to_contain_text("已撤回")
        page.wait_for_timeout(1000)
        assert is_signed_out_of(page, demo.tax)


def test_signing_out_at_the_provider_asks_first_and_lists_the_apps(demo: Site, chromium: Browser) -> None:
    with walker(chromium, script=False) as context:
        page = context.new_page()
        page.goto(demo.social)
        page.get_by_role("link", name="登录", exact=True).click()
        page.get_by_role("link", name=re.compile("短信验证码")).first.click()
        page.locator("input[name=identifier]").fill("13800001005")
        submit(page)
        page.locator("input[name=code]").fill(newest_code(page, demo.sandbox, "13800001005"))
        submit(page)
        signed_in_to(page, demo.social)
        page.goto(f"{demo.provider}/signout")
        expect(page.locator("main")).to_contain_text("社会保障")
        page.locator("button[name=confirm]").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("已退出登录")
        expect(page.locator("main li")).to_contain_text("已退出")
        assert is_signed_out_of(page, demo.social)
