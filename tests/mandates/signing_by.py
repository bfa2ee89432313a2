"""Signing mandates' texts by the keys of a demo CA, as people do who paste what their tool has made."""

import base64
import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.sandbox.ca import DemoAuthority, Issued
from adapters.sandbox.ca_cast import Holder, Scene
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.ca_signed_data import signed_data
from tests.certificates.served import trust
from tests.entities.conftest import CODE, NAME, PEOPLE
from tests.provider import Browser, Site

OWN, OF_ENTITY = "/account/certificates/new", "/entities/certificates/new"
_CHALLENGE = re.compile(r'name="challenge" value="([^"]+)"')
_TEXT = re.compile(r"data-challenge-text[^>]*>([^<]+)</pre>")
_HIDDEN = re.compile(r'<input type="hidden" name="(text_hash|replaces)" value="([^"]*)"')


@dataclass
class Keys:
    """Whatever certificates a test asks for, of one demo CA that the site trusts."""

    site: Site
    authority: DemoAuthority = field(default_factory=lambda: DemoAuthority(Kind.SM2, Shelf(), {}))

    def __post_init__(self) -> None:
        trust(self.site, self.authority)

    def of(self, phone: str = "", *, entity: bool = False, revoked: bool = False) -> Issued:
        """``phone``: whom it names; ``entity``: it names the entity as well."""
        name, number = PEOPLE[phone] if phone else ("", "")
        holder = Holder(name, number, *((NAME, CODE) if entity else ()))
        key = f"k-{phone}-{entity}-{revoked}".lower()
        scene = Scene(key, holder, "", "", revoked=revoked)
        self.authority = DemoAuthority(Kind.SM2, self.authority.shelf, {**self.authority.cast, key: scene})
        return self.authority.certificate(scene, now=self.site.now())

    def signed(self, issued: Issued, text: str) -> str:
        return base64.encodebytes(signed_data(issued, text.encode())).decode()

    def fields(self, browser: Browser, page: str, issued: Issued, text: str = "") -> Mapping[str, str]:
        """The form of ``page`` once the text it asks for, or ``text``, was signed."""
        shown = browser.get(page)
        assert shown.status_code == 200, (shown.status_code, shown.headers.get("Location"))
        key, asked = _CHALLENGE.search(shown.text), _TEXT.search(shown.text)
        assert key, shown.text
        assert asked
        signed = self.signed(issued, text or html.unescape(asked[1]))
        return {"challenge": key[1], "signed_data": signed} | dict(_HIDDEN.findall(shown.text))

    def sign(self, browser: Browser, page: str, issued: Issued) -> Any:
        return browser.submit(page, self.fields(browser, page, issued))
