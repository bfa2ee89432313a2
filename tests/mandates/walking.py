"""Walking through the pages of mandates as somebody does: signed in, proved by two factors, answer after answer."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.entities.conftest import PEOPLE
from tests.mandates.conftest import AGENCY, AGENCY_NAME, Mandates
from tests.provider import Browser

NEW = "/account/mandates/new"
HIDDEN = re.compile(r'<input type="hidden" name="(text_hash|replaces|sent)" value="([^"]*)"')


def signed_in(mandates: Mandates, phone: str, *, acts_for: str | None = None) -> Browser:
    """A browser of the person, who has just shown two factors. ``acts_for``: the entity they represent."""
    browser = mandates.site.browser().sign_in(phone)
    prove(browser)
    if acts_for:
        assert browser.submit("/account/acting", {"act": acts_for}).status_code == 303
    return browser


def prove(browser: Browser, by: str = "sms") -> None:
    page = browser.submit(f"/signin/confirm?again=yes&by={by}", {"send": "yes"}).headers["Location"]
    assert browser.submit(page, {"code": browser.site.text_code()}).status_code == 303


def person_form(phone: str) -> dict[str, str]:
    name, number = PEOPLE[phone]
    return {"name": name, "kind": "id_number", "number": number}


ENTITY_FORM = {"name": AGENCY_NAME, "uscc": AGENCY}
FILING = {"service-hn-tax-01": "yes", "action-view": "yes", "action-submit": "yes"}


def to(answer: Any) -> str:
    """Where a page sends."""
    assert answer.status_code == 303, answer.text
    parts = urlsplit(answer.headers["Location"])
    return parts.path + (f"?{parts.query}" if parts.query else "")


def walk(browser: Browser, *answers: Mapping[str, str], begin: str = NEW) -> str:
    """Send the answers one after the other; the address of the page that is open then."""
    here = begin
    for answer in answers:
        here = to(browser.submit(here, answer))
    return here


def text_of(
    browser: Browser,
    whom: Mapping[str, str],
    *,
    choice: str = "employee",
    theme: str = "tax.filing",
    scope: Mapping[str, str] = FILING,
    dates: Mapping[str, str] | None = None,
    options: Mapping[str, str] | None = None,
    begin: str = NEW,
) -> str:
    """The address of the text, with every question answered."""
    term = dates or {"term": "month"}
    return walk(browser, {"choice": choice}, whom, {"theme": theme}, scope, term, options or {}, begin=begin)


def hidden(page: str) -> dict[str, str]:
    """What the form of a text sends."""
    return dict(HIDDEN.findall(page))


def sign(browser: Browser, address: str) -> Any:
    """Read the text at ``address`` and sign it."""
    return browser.submit(address, hidden(browser.get(address).text))


def given(browser: Browser, whom: Mapping[str, str], **answers: Any) -> str:
    """The id of a mandate given through the pages."""
    done = to(sign(browser, text_of(browser, whom, **answers)))
    return done.split("/")[3]
