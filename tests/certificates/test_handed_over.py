"""From a page that asks for a certificate to a phone and back: the same act as an answer that was posted."""

import re
from typing import Any
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from tests.certificates.conftest import BIND, SIGN_IN, challenge, send
from tests.certificates.scripted import Scripted, sign
from tests.certificates.test_binding import owner
from tests.certificates.test_challenges import opened
from tests.provider import Browser, Site

__all__ = ["opened", "owner"]
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


def handed(browser: Browser, page: str, **beside: str) -> str:
    """The address of the code, for who presses the button of the page."""
    key, _ = challenge(browser, page)
    answer = browser.submit("/certificate/qr", {"challenge": key, "back": page, **beside})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def signed_on_phone(site: Site, desk: Browser, address: str, name: str = "mine") -> None:
    """By an app that takes the number from the desktop's screen."""
    number = re.search(r'class="number" translate="no">(\d\d)<', desk.get(address).text)
    assert number
    asked: dict[str, Any] = site.http.get(address.partition("/desk")[0], headers={"Accept": "application/json"}).json
    sent = {"number": number[1], "signed_data": sign(name, asked["text"])}
    assert site.http.post(urlsplit(asked["answer_url"]).path, json=sent).status_code == 204


def fields_of(desk: Browser, address: str) -> dict[str, str]:
    """The form that the desktop's page sends to go on."""
    fields = dict(_HIDDEN.findall(desk.get(address).text))
    fields.pop("csrf_token")
    return fields


def go_on(desk: Browser, address: str, page: str) -> TestResponse:
    return desk.submit(page, fields_of(desk, address))


def test_what_a_phone_has_signed_signs_the_desktop_in_once(site: Site, opened: Browser, verifier: Scripted) -> None:
    address = handed(opened, SIGN_IN)
    signed_on_phone(site, opened, address)
    fields = fields_of(opened, address)
    assert opened.submit(SIGN_IN, fields).headers["Location"] == "/account"
    assert opened.signed_in
    assert opened.submit(SIGN_IN, fields).status_code == 422


def test_another_browser_does_nothing_with_it(site: Site, opened: Browser, verifier: Scripted) -> None:
    address, other = handed(opened, SIGN_IN), site.browser()
    signed_on_phone(site, opened, address)
    fields = fields_of(opened, address)
    asked = verifier.asked
    refused = other.submit(SIGN_IN, fields)
    assert refused.status_code == 422
    assert other.get(address).status_code == 410
    assert verifier.asked == asked
    assert not other.signed_in
    assert opened.submit(SIGN_IN, fields).headers["Location"] == "/account"


def test_an_answer_for_one_purpose_is_none_for_another(site: Site, owner: Browser, verifier: Scripted) -> None:
    address = handed(owner, BIND)
    signed_on_phone(site, owner, address)
    fields = fields_of(owner, address)
    assert owner.submit("/signin/confirm/certificate", fields).status_code == 422
    address = handed(owner, BIND)
    signed_on_phone(site, owner, address)
    assert go_on(owner, address, BIND).headers["Location"].endswith("done=certificate_bound")


def test_before_the_phone_has_signed_there_is_nothing_to_go_on_with(opened: Browser, verifier: Scripted) -> None:
    address = handed(opened, SIGN_IN)
    token = address.split("/")[3]
    key, _ = challenge(opened, SIGN_IN)
    asked = verifier.asked
    assert send(opened, SIGN_IN, key, "", phone=token).status_code == 422
    assert verifier.asked == asked


def test_what_else_was_chosen_on_the_page_comes_along(site: Site, opened: Browser, verifier: Scripted) -> None:
    address = handed(opened, SIGN_IN, holder="role_1", signature="x", csrf="no", **{"not a name": "x"})
    signed_on_phone(site, opened, address)
    fields = fields_of(opened, address)
    assert fields["holder"] == "role_1"
    assert set(fields) == {"holder", "csrf", "challenge", "phone"}


def test_only_pages_that_ask_for_a_certificate_speak_with_the_agent(browser: Browser) -> None:
    policy = browser.get(SIGN_IN).headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:8019;" in policy
    for page in ("/signin", "/signin/code", "/register"):
        assert "connect-src" not in browser.get(page).headers["Content-Security-Policy"]
