"""What people do with their factors, page by page: prove two, add an app, codes or a passkey, sign in by it."""

import html
import re
from urllib.parse import urlsplit

import pyotp
from werkzeug.test import TestResponse

from tests.credentials.authenticator import Authenticator
from tests.provider import Browser

_SECRET = re.compile(r'id="secret"[^>]*>([A-Z2-7 ]+)<')
_CODES = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}")
_KEY = re.compile(r'name="key" value="([^"]+)"')
_OPTIONS = re.compile(r'data-options="([^"]+)"')


def sent_to(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def prove_two(browser: Browser) -> Browser:
    """Signed in by password, confirm by a text message."""
    page = sent_to(browser.submit("/signin/confirm?by=sms", {"send": "yes"}))
    sent_to(browser.submit(page, {"code": browser.site.text_code()}))
    return browser


def later(browser: Browser, seconds: int) -> None:
    browser.site.later += seconds


def code_now(browser: Browser, secret: str) -> str:
    return pyotp.TOTP(secret).at(browser.site.now())


def wrong_code(browser: Browser, secret: str) -> str:
    near = {pyotp.TOTP(secret).at(browser.site.now() + drift) for drift in (-60, -30, 0, 30, 60)}
    return next(code for code in ("000000", "111111", "222222", "333333", "444444", "555555") if code not in near)


def add_totp(browser: Browser) -> str:
    """The secret; the clock is then two steps on, so that the next code is a new one."""
    page = sent_to(browser.submit("/account/methods/totp", {"begin": "yes"}))
    found = _SECRET.search(browser.get(page).text)
    assert found
    secret = found[1].replace(" ", "")
    assert sent_to(browser.submit(page, {"code": code_now(browser, secret)})).endswith("done=totp_added")
    later(browser, 60)
    return secret


def make_codes(browser: Browser) -> list[str]:
    made = browser.submit("/account/methods/codes", {"make": "yes"})
    assert made.status_code == 200, made.text
    return _CODES.findall(made.text)


def asked_by(page: TestResponse) -> tuple[str, str]:
    """The key and the options a page asks for a passkey with."""
    key, options = _KEY.search(page.text), _OPTIONS.search(page.text)
    assert key, page.text
    assert options
    return key[1], html.unescape(options[1])


def add_passkey(browser: Browser, device: Authenticator, name: str = "我的手机") -> TestResponse:
    key, options = asked_by(browser.get("/account/methods/passkey"))
    form = {"name": name, "key": key, "credential": device.create(options)}
    return browser.submit("/account/methods/passkey", form)


def by_passkey(browser: Browser, device: Authenticator, path: str = "/signin/passkey") -> TestResponse:
    """Sign in, or confirm at another path."""
    key, options = asked_by(browser.get(path))
    return browser.submit(path, {"key": key, "credential": device.get(options)})


def path_of(answer: TestResponse) -> str:
    return urlsplit(sent_to(answer)).path
