"""People and an entity with certificates, before a verifier that says what the test told it."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.certificates.asking import CertificateParts
from idp.issuers.profiles import KeyProtection
from idp.issuers.verifying import Verified
from idp.signin.pages import CERTIFICATES, TRUSTED
from tests.certificates.scripted import Scripted, sign, verified
from tests.entities.conftest import CODE, ONE, PEOPLE, TWO, representative
from tests.provider import Browser, Site, browser, registers, shared_app, signed_in, site, site_template

__all__ = [
    "CODE",
    "ONE",
    "PEOPLE",
    "TWO",
    "browser",
    "registers",
    "representative",
    "shared_app",
    "signed_in",
    "site",
    "site_template",
]

NUMBER = PEOPLE[ONE][1]
BIND = "/account/certificates/new"
SIGN_IN = "/signin/certificate"
_CHALLENGE = re.compile(r'name="challenge" value="([^"]+)"')
_TEXT = re.compile(r"data-challenge-text[^>]*>([^<]+)</pre>")


@pytest.fixture
def verifier(site: Site) -> Iterator[Scripted]:
    """Knows one person's certificate, one of another person, and one of the entity."""
    now = site.now()
    made = Scripted(
        {
            "mine": verified("a1", person=NUMBER, now=now),
            "another": verified("a2", person=PEOPLE[TWO][1], name=PEOPLE[TWO][0], now=now),
            "entity": verified("e1", entity=CODE, name="长沙岳麓示例科技有限公司", now=now),
        }
    )
    before: CertificateParts = site.app.extensions[CERTIFICATES]
    answering = replace(before.answering, verifier=made)
    scripted = replace(before, answering=answering)
    site.app.extensions |= {CERTIFICATES: scripted, TRUSTED: lambda: True}
    yield made
    site.app.extensions |= {CERTIFICATES: before, TRUSTED: before.trusted}


def protect(verifier: Scripted, protection: KeyProtection) -> None:
    """What every issuer says of its keys, for the rest of the test."""
    for name, found in verifier.keys.items():
        assert isinstance(found, Verified)
        verifier.keys[name] = replace(found, key_protection=protection)


def challenge(browser: Browser, page: str) -> tuple[str, str]:
    """(id, text) of the challenge that the page gives out."""
    shown = browser.get(page)
    assert shown.status_code == 200, (shown.status_code, shown.headers.get("Location"))
    found, text = _CHALLENGE.search(shown.text), _TEXT.search(shown.text)
    assert found, shown.text
    assert text
    return found[1], text[1]


def send(browser: Browser, page: str, key: str, signed: str, **fields: str) -> TestResponse:
    return browser.submit(page, {"challenge": key, "signed_data": signed, **fields})


def answer(browser: Browser, page: str, name: str = "mine", **fields: str) -> TestResponse:
    """Open the page, sign what it gives out by the key of this name, and send it."""
    key, text = challenge(browser, page)
    return send(browser, page, key, sign(name, text), **fields)


def bound(site: Site, **where: Any) -> int:
    found = site.one("SELECT COUNT(*) FROM certificate_binding WHERE ended_at IS NULL")
    return int(found)
