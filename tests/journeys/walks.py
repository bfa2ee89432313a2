"""The steps people take, as functions over a page."""

import re
import time

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site, newest_code

PASSWORD = "Maple8Window53"


def submit(page: Page) -> None:
    page.locator("main form button:not([name])").first.click()


def register(page: Page, site: Site, phone: str) -> None:
    """From the first page of registration to "registered", as a citizen with this phone."""
    expect(page.get_by_role("heading", level=1)).to_contain_text("手机号")
    page.locator("input[name=phone]").fill(f"+86 {phone[:3]} {phone[3:7]} {phone[7:]}")
    submit(page)
    page.locator("input[name=code]").fill(newest_code(page, site.sandbox, phone))
    submit(page)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("label[for=agreements]").click(position={"x": 8, "y": 8})
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("注册成功")


def sign_in(page: Page, identifier: str, password: str) -> None:
    page.locator("input[name=identifier]").fill(identifier)
    page.locator("input[name=password]").fill(password)
    submit(page)


def signed_in_to(page: Page, address: str) -> None:
    page.wait_for_url(re.compile(f"^{re.escape(address)}/"))
    expect(page.locator("#person")).to_be_visible()


def check_name(page: Page, name: str, number: str) -> None:
    """On the page of all ways: by name and number."""
    page.locator("main a[href*='/identity/name']").click()
    page.locator("input[name=name]").fill(name)
    page.locator("input[name=number]").fill(number)
    submit(page)


def sessions_of(page: Page, site: Site) -> int:
    """How many sessions the person has at the provider."""
    page.goto(f"{site.provider}/account/sessions")
    return page.locator("main ul.items > li").count()


def register_and_walk(page: Page, site: Site, phone: str) -> list[float]:
    """The whole promise, by registration and then by sign-in; the seconds of `both_apps_and_out`."""
    ask_to_sign_in(page, site)
    page.get_by_role("link", name=re.compile("注册")).first.click()
    register(page, site, phone)
    page.locator("main a.button, main form button").first.click()
    signed_in_to(page, site.tax)
    took = [both_apps_and_out(page, site)]
    ask_to_sign_in(page, site)
    sign_in(page, phone, PASSWORD)
    signed_in_to(page, site.tax)
    return [*took, both_apps_and_out(page, site)]


def ask_to_sign_in(page: Page, site: Site) -> None:
    page.goto(site.tax)
    page.get_by_role("link", name="登录", exact=True).click()


def is_signed_out_of(page: Page, address: str) -> bool:
    page.goto(f"{address}/")
    return page.get_by_role("link", name="登录", exact=True).is_visible()


def both_apps_and_out(page: Page, site: Site) -> float:
    """In the tax app: walk over to social security without a form, sign out there, be out of both.

    Returns the seconds from the click on "sign out" until both apps have forgotten the person.
    """
    tax_sub = page.locator("#sub").text_content()
    page.locator("#other-app").click()
    signed_in_to(page, site.social)
    assert page.locator("#sub").text_content() != tax_sub, "two departments know the person by two names"
    began = time.monotonic()
    page.locator("#sign-out").click()
    page.wait_for_url(re.compile(f"^{re.escape(site.social)}/signed-out"))
    while not (is_signed_out_of(page, site.tax) and is_signed_out_of(page, site.social)):
        assert time.monotonic() - began < 10
    took = time.monotonic() - began
    page.goto(f"{site.provider}/account")
    expect(page.locator("input[name=password]")).to_be_visible()
    return took
