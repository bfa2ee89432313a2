"""What apps are given while it is taken away: no grant outlives what ended it, and nobody waits in a circle."""

import re
from functools import partial

import httpx
import pytest

from tests.trust.browser import Browser, Server, Wire
from tests.trust.conftest import ROUNDS
from tests.trust.installation import ALPHA, GAMMA, App, Installation
from tests.trust.operating import Operators
from tests.trust.racing import Attempt, at_once

pytestmark = pytest.mark.services
_CODE = re.compile(r'(?:[?&]code=|name="code" value=")([A-Za-z0-9_-]{43})')


def _entering(browser: Browser, app: App) -> list[Attempt]:
    """The app entered from five windows: four without a page, one by the page that posts the answer."""
    windows = [browser.copy() for _ in range(5)]

    def ask(number: int, window: Browser) -> httpx.Response:
        mode = {"response_mode": "form_post"} if number == 0 else {}
        return window.ask(app, node=number % 2, **mode)

    return [partial(ask, number, window) for number, window in enumerate(windows)]


def _codes(answers: list[httpx.Response]) -> list[str]:
    found = [_CODE.search(answer.headers.get("location", "") + answer.text) for answer in answers]
    return [one[1] for one in found if one]


def test_no_grant_under_way_escapes_the_withdrawal_of_consent(
    anywhere: Installation, browser: Browser, server: Server
) -> None:
    browser.sign_in(anywhere.person())
    party, met = anywhere.party(browser.secret), 0
    for number in range(ROUNDS):
        browser.authorize(GAMMA, node=number % 2)
        browser.token("/account/apps")
        rival = browser.copy()

        def withdraw(rival: Browser = rival, node: int = number % 2) -> httpx.Response:
            return rival.submit("/account/apps", {"withdraw": GAMMA.client_id}, node=node)

        *entered, withdrawn = at_once(*_entering(browser, GAMMA), withdraw)
        assert withdrawn.status_code == 303
        codes = _codes(entered)
        met += len(codes)
        assert [server.exchange(GAMMA, code).status_code for code in codes] == [400] * len(codes)
        assert anywhere.number("SELECT COUNT(*) FROM consent WHERE party_id = :party", party=party) == 0
    assert met, "nobody was ever first"


def test_what_is_agreed_to_at_the_moment_of_a_withdrawal_brings_nothing_else_back(
    anywhere: Installation, browser: Browser
) -> None:
    browser.sign_in(anywhere.person())
    party = anywhere.party(browser.secret)
    for number in range(ROUNDS):
        browser.authorize(GAMMA, scope="openid profile phone")
        pages = [
            browser.copy().ask(GAMMA, scope="openid profile", prompt="consent").headers["location"] for _ in range(3)
        ]
        browser.token("/account/apps")

        def agree(page: str, node: int, window: Browser) -> httpx.Response:
            return window.submit(page, {"decision": "allow"}, node=node)

        def withdraw(rival: Browser, node: int = number % 2) -> httpx.Response:
            return rival.submit("/account/apps", {"withdraw": GAMMA.client_id}, node=node)

        windows = [browser.copy() for _ in pages]
        agreeing = [
            partial(agree, page, n % 2, window) for n, (page, window) in enumerate(zip(pages, windows, strict=True))
        ]
        at_once(*agreeing, partial(withdraw, browser.copy()))
        held = [row[0] for row in anywhere.rows("SELECT scope FROM consent WHERE party_id = :party", party=party)]
        assert held in ([], ["profile"])
        browser.submit("/account/apps", {"withdraw": GAMMA.client_id})


def test_a_suspension_ends_the_grants_under_way_and_waits_for_nobody_who_waits_for_it(
    anywhere: Installation, wire: Wire, server: Server
) -> None:
    operators, person = Operators(anywhere, wire, "suspending"), anywhere.person()
    for number in range(ROUNDS):
        browser = Browser(anywhere, wire).sign_in(person, node=number % 2)
        browser.authorize(ALPHA)
        proposal = operators.propose(person.mobile, "suspend")

        def approve(proposal: str = proposal, node: int = number % 2) -> httpx.Response:
            return operators.approve(proposal, node=node)

        *entered, approved = at_once(*_entering(browser, ALPHA), approve)
        assert approved.status_code == 303
        codes = _codes(entered)
        assert [server.exchange(ALPHA, code).status_code for code in codes] == [400] * len(codes)
        assert operators.approve(operators.propose(person.mobile, "restore")).status_code == 303
        assert not browser.is_signed_in()
