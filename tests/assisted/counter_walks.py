"""Walking through the counter as clerks and citizens do: a post at an office, a case, consent, papers."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from idp.mandates.rules import Kind
from idp.mandates.scopes import Action, Scope
from tests.mandates.conftest import Mandates, to_person
from tests.mandates.walking import signed_in, to
from tests.multipart import KIND, form_with
from tests.provider import Browser
from tests.reviews.making import jpeg

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
TEXT_HASH = re.compile(r'name="text_hash" value="([0-9a-f]{64})"')
POST = Scope(frozenset({Action.VIEW, Action.COLLECT}), frozenset({"hn-assist-01"}))
CITIZEN, NUMBER = "田秀英", "430199195003070021"
CARD = {"seen": "chip_read", "name": CITIZEN, "number": NUMBER, "valid_to": "", "long_term": "yes", "phone": ""}
UNIT = "社保窗口 3 号"
PENSION = {"matter-hn-pension-01": "yes"}


@dataclass
class Office:
    """The counter of ``mandates.entity``; posts are given by its representative."""

    mandates: Mandates

    def post(self, phone: str, *, by: str, unit: str, entity: str | None = None) -> str:
        """The mandate that makes somebody a clerk."""
        term = {"kind": Kind.EMPLOYMENT, "theme": "counter.assist", "scope": POST, "unit": unit, "post": "综合岗"}
        return self.mandates.given(entity or self.mandates.entity, to_person(phone), by, phone, **term)

    def clerk(self, phone: str, mandate: str) -> Browser:
        """Signed in with two factors, at the counter."""
        browser = signed_in(self.mandates, phone)
        assert to(browser.submit("/counter/office", {"act": mandate})) == "/counter"
        return browser


def opened(clerk: Browser, card: Mapping[str, str] = CARD, matters: Mapping[str, str] = PENSION) -> str:
    """The address of a new case."""
    answer = clerk.submit("/counter/new?way=id_card", {**card, **matters})
    return to(answer).partition("?")[0]


def accepted(clerk: Browser, **more: Any) -> str:
    case = opened(clerk, **more)
    assert to(clerk.submit(case, {"step": "accept"})).endswith("done=assisted_accepted")
    return case


def hash_on(browser: Browser, page: str) -> str:
    found = TEXT_HASH.search(browser.get(page).text)
    assert found, "no text is shown"
    return found[1]


def bring(clerk: Browser, case: str, scan: bytes | None = None) -> Any:
    """Upload the signed paper."""
    page = f"{case}/consent?by=paper"
    token = TOKEN.search(clerk.get(page).text)
    assert token
    fields = {"csrf_token": token[1], "text_hash": hash_on(clerk, page)}
    body = form_with(fields, ("photo", "a.jpg", jpeg() if scan is None else scan))
    return clerk.client.post(page, input_stream=BytesIO(body), content_type=KIND)


def witnessed(clerk: Browser, other: Browser, case: str) -> None:
    """The signed paper is brought, and a colleague has seen it signed."""
    assert to(bring(clerk, case)).endswith("done=assisted_paper_kept")
    page = f"{case}/consent?by=witness"
    assert to(other.submit(page, {"text_hash": hash_on(other, page)})).endswith("done=assisted_authorised")


def papers(browser: Browser, page: str) -> list[str]:
    """The addresses of the papers that a page lists."""
    return re.findall(r'href="([^"]+/papers/[^"]+)"', browser.get(page).text)


def state_of(office: Office) -> str:
    return str(office.mandates.site.one("SELECT state FROM assisted_case"))
