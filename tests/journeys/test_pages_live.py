"""Every page of the running demonstration in its real states: axe (WCAG 2.2 AA), reflow, language, no complaint."""

import re
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, Page

from tests.journeys.conftest import Site, walker
from tests.journeys.tour import Tour
from tests.web.axe import serious, violations
from tests.web.reading import words_in

pytestmark = pytest.mark.browser

WIDTHS = (320, 1280)
CHINESE = re.compile(r"[\u3400-\u9fff]")
ENGLISH = re.compile(r"[A-Za-z]{3,}")
LOOKED_AT_ELSEWHERE = ("tax-", "social-", "sandbox-")
"""The apps and the sandbox have tests of their own."""
STATES = {
    "home", "signin", "signin-empty", "signin-wrong", "signin-locked", "signin-code", "signin-code-no-phone",
    "signin-code-enter", "signin-code-wrong", "signin-code-too-soon", "register-phone", "register-phone-wrong",
    "register-code", "register-code-wrong", "register-details", "register-details-wrong", "register-done", "confirm",
    "confirm-enter", "confirm-wrong", "consent", "agreements", "agreements-refused", "agreement-text", "account",
    "account-profile", "account-identity", "account-identity-none", "identity-name", "identity-name-empty",
    "identity-name-wrong", "identity-raise", "identity-face", "identity-face-empty", "identity-photos",
    "identity-photos-empty", "activate", "activate-empty", "check", "activate-found", "activate-phone",
    "activate-code", "activate-code-wrong", "activate-details", "activate-details-wrong", "activate-done",
    "account-counter", "account-counter-number", "matter", "check-matter", "signin-face", "signin-face-empty",
    "recover-face", "recover-face-empty", "identity-bank-card", "identity-bank-card-empty",
    "identity-bank", "identity-bank-empty",
    "account-password", "account-password-wrong", "account-sessions", "account-apps",
    "account-activity", "account-acting", "account-acting-entity", "entity-new", "entity-new-wrong", "entity-claim",
    "entity-claim-wrong", "entity-password", "entity-password-wrong", "entity-who", "entity-who-code",
    "entity-who-code-wrong", "signin-passkey", "account-methods-none", "account-methods", "account-totp",
    "account-totp-wrong", "account-passkey-add", "account-recovery-codes", "account-disputes-new", "account-export",
    "account-close", "account-confirm", "account-dispute-empty", "account-disputes", "account-dispute-withdrawn",
    "account-not-me", "account-close-ask", "account-close-refused", "account-closing", "account-kept", "signout",
    "signed-out-pending", "signed-out", "signed-out-already", "error-404", "expired", "oauth-error", "error-form",
    "recover", "recover-wrong", "recover-code", "recover-code-wrong", "recover-password", "recover-password-wrong",
    "recover-done", "recover-last", "recover-last-person", "recover-last-phone", "recover-last-code",
    "recover-last-way", "recover-last-filed", "recover-approved", "recover-stop",
    "account-phone", "account-phone-wrong", "account-phone-code", "account-phone-changed",
    "account-phone-held", "account-user-name", "console-enrol-code", "console-enrol",
    "console-signin", "console-signin-code",
    "console-home", "console-people", "console-person", "console-intervene", "console-proposal-own",
    "console-proposals", "console-proposal", "console-proposal-decided", "console-clients", "console-client",
    "console-capability-apply", "console-capability", "console-channels",
    "console-recoveries", "console-recovery", "console-operators", "console-operator-invite", "console-disputes",
    "console-dispute", "console-dispute-answered", "console-audit", "console-reviews", "console-review",
    "review", "review-person", "review-person-wrong", "review-front", "review-front-wrong", "review-back",
    "review-holding", "review-send", "review-filed",
}  # fmt: skip


def faults(page: Page) -> list[str]:
    """What is wrong with the page at either width."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        found += [f"{width}: {fault}" for fault in violations(page)]
        scroll = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{width}: scrolls sideways to {scroll}"] * (scroll > width)
    return found


def foreign_words(page: Page, lang: str) -> list[str]:
    """Words of the other language; names of apps, devices and people are marked as such in the pages."""
    other = CHINESE if lang == "en" else ENGLISH
    words = (words.replace("Cookie", "") for words in words_in(page.content()))
    return [f"not translated: {found}" for found in words if other.search(found)]


@dataclass
class Looking:
    """``seen``: the states that were looked at; ``wrong``: what is wrong with them, in words."""

    lang: str
    seen: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def at(self, page: Page) -> Page:
        page.emulate_media(reduced_motion="reduce")  # no colour is measured half-way through a transition
        page.on("console", lambda said: self.wrong.append(said.text) if serious(said) else None)
        return page

    def see(self, name: str, page: Page) -> None:
        if name.startswith(LOOKED_AT_ELSEWHERE):
            return
        self.seen.add(name)
        self.wrong += [f"{name}: {fault}" for fault in (*faults(page), *foreign_words(page, self.lang))]


@pytest.mark.parametrize(("lang", "locale", "number"), [("zh", "zh-CN", 11), ("en", "en-US", 12)])
def test_every_page_is_accessible_and_in_one_language(
    demo: Site, chromium: Browser, lang: str, locale: str, number: int
) -> None:
    looking = Looking(lang)
    with walker(chromium, locale=locale) as context:
        Tour(demo, looking.at(context.new_page()), looking.see, lang, number).all()
    assert looking.wrong == []
    assert looking.seen == STATES
