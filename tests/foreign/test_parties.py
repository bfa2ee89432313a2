"""Four foreign relying parties sign in, refresh and sign out; one sign-out is heard by all of them."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.foreign.conftest import NAME, Foreign
from tests.foreign.front import served_by
from tests.foreign.parties import STARTS, Party
from tests.journeys.conftest import walker
from tests.journeys.walks import sign_in
from tests.trust.installation import Person, wait_until

pytestmark = [pytest.mark.services, pytest.mark.peer, pytest.mark.browser]

EVERY = sorted(STARTS)
BY_NOTICE = ("openid-client", "mod_auth_openidc")


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with walker(chromium) as context:
        yield context.new_page()


@pytest.fixture(params=EVERY)
def party(request: pytest.FixtureRequest, foreign: Foreign) -> Party:
    return foreign.parties[request.param]


def begin(page: Page, party: Party) -> None:
    page.goto(f"{party.home}/")
    page.locator("#sign-in").click()


def entered(page: Page, party: Party) -> str:
    """The ``sub`` by which the party knows the person now."""
    expect(page.locator("#sub")).to_be_visible()
    assert page.url.startswith(f"{party.home}/")
    return page.locator("#sub").inner_text()


def sign_in_at(page: Page, party: Party, person: Person) -> str:
    begin(page, party)
    sign_in(page, person.mobile, person.password)
    return entered(page, party)


def access_token(page: Page) -> str:
    return page.locator("#access-token").inner_text()


def knows(page: Page, party: Party) -> bool:
    """Whether the person is somebody to the party, after it has looked (a script may still be running)."""
    page.goto(f"{party.home}/")
    page.locator("#sub, #sign-in").wait_for()
    return page.locator("#sub").is_visible()


def is_signed_in(page: Page, foreign: Foreign) -> bool:
    page.goto(f"{foreign.issuer}/account")
    return not page.locator("input[name=password]").is_visible()


def test_signs_in_and_reads_the_claims(page: Page, foreign: Foreign, party: Party, person: Person) -> None:
    first = sign_in_at(page, party, person)
    assert page.locator("#name").inner_text() == NAME
    page.context.clear_cookies()
    page.goto(f"{party.home}/")
    page.evaluate("sessionStorage.clear()")
    assert sign_in_at(page, party, person) == first, "the same person is the same sub at every sign-in"


def test_refreshes(page: Page, foreign: Foreign, party: Party, person: Person) -> None:
    sub = sign_in_at(page, party, person)
    tokens = [access_token(page)]
    for _ in range(2):
        page.wait_for_timeout(1100)
        page.locator("#refresh").click()
        expect(page.locator("#access-token")).not_to_have_text(tokens[-1])
        assert entered(page, party) == sub
        tokens.append(access_token(page))
    assert len(set(tokens)) == 3
    assert knows(page, party)


def test_signs_out_here_and_at_the_provider(page: Page, foreign: Foreign, party: Party, person: Person) -> None:
    sign_in_at(page, party, person)
    token = access_token(page)
    page.locator("#sign-out").click()
    page.wait_for_url(re.compile(f"^{re.escape(party.home)}/"))
    expect(page.locator("#sign-in")).to_be_visible()
    assert not knows(page, party)
    assert not is_signed_in(page, foreign)
    answer = page.request.get(f"{foreign.issuer}/userinfo", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401, "tokens of a session end with it"


def test_one_sign_in_opens_all_of_them_and_one_sign_out_closes_all_of_them(
    page: Page, foreign: Foreign, person: Person
) -> None:
    first, *others = (foreign.parties[name] for name in EVERY)
    subs = {sign_in_at(page, first, person)}
    for party in others:
        begin(page, party)
        subs.add(entered(page, party))
    assert len(subs) == len(EVERY), "departments of different sectors know the person by different names"

    page.locator("#sign-out").click()
    page.wait_for_url(re.compile(f"^{re.escape(others[-1].home)}/"))
    began = time.monotonic()
    for name in BY_NOTICE:
        party = foreign.parties[name]
        assert wait_until(lambda party=party: not knows(page, party), seconds=2), f"{name} has not heard"
    assert time.monotonic() - began < 2
    assert not knows(page, foreign.parties["mozilla-django-oidc"]), "it asks again and is told login_required"
    spa = foreign.parties["oidc-client-ts"]
    assert knows(page, spa), "nothing tells a page in a browser"
    page.locator("#refresh").click()
    expect(page.locator("#error")).to_have_text("invalid_grant")
    assert not knows(page, spa)


def test_a_page_of_an_origin_that_is_not_registered_reads_no_tokens(page: Page, foreign: Foreign) -> None:
    page.goto(foreign.parties["openid-client"].home)
    asking = """async ([address, method]) => {
        try { return (await fetch(address, {method})).status } catch (problem) { return problem.name }
    }"""
    assert page.evaluate(asking, [f"{foreign.issuer}/jwks", "GET"]) == 200
    assert page.evaluate(asking, [f"{foreign.issuer}/token", "POST"]) == "TypeError"
    page.goto(foreign.parties["oidc-client-ts"].home)
    assert page.evaluate(asking, [f"{foreign.issuer}/token", "POST"]) == 400


def test_both_nodes_have_served_every_step(page: Page, foreign: Foreign, person: Person) -> None:
    party = foreign.parties["openid-client"]
    nodes = {f"127.0.0.1:{node.port}" for node in foreign.provider.nodes}
    for _ in range(3):
        page.request.get(f"{foreign.issuer}/healthz")  # so that it is not the same node's turn each time
        sign_in_at(page, party, person)
        page.locator("#refresh").click()
        expect(page.locator("#sub")).to_be_visible()
        page.locator("#sign-out").click()
        expect(page.locator("#sign-in")).to_be_visible()
    for path in ("/authorize", "/token", "/userinfo"):
        assert served_by(foreign.log, path) == nodes, path
