"""Sign-out: session and grants end at once everywhere, the apps hear of it, and no slow app holds anybody up."""

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.trust.browser import Browser, Server, Tokens, Wire, code_in, tokens_of
from tests.trust.installation import ALPHA, BETA, App, Installation, wait_until
from tests.trust.receiver import claims_of

pytestmark = pytest.mark.services


def enter(server: Server, browser: Browser, app: App, *, scope: str = "openid") -> Tokens:
    """Walk into an app: what it then holds."""
    return tokens_of(server.exchange(app, browser.authorize(app, scope=scope)))


def sid(tokens: Tokens) -> str:
    return str(claims_of(tokens.id)["sid"])


@pytest.fixture
def inside(anywhere: Installation, server: Server, browser: Browser) -> tuple[Browser, Tokens, Tokens]:
    """Somebody signed in, and in two apps."""
    browser.sign_in(anywhere.person())
    return browser, enter(server, browser, ALPHA), enter(server, browser, BETA)


def test_everything_is_over_on_both_nodes_when_the_answer_comes(
    anywhere: Installation, server: Server, inside: tuple[Browser, Tokens, Tokens]
) -> None:
    browser, alpha, beta = inside
    old = browser.copy()
    session = anywhere.session_id(browser.secret)
    answer = browser.sign_out(node=1)
    assert answer.status_code == 303
    assert browser.secret is None
    assert server.living(ALPHA, alpha) == []
    assert server.living(BETA, beta) == []
    assert not any(old.copy().is_signed_in(node=node) for node in (0, 1))
    assert anywhere.receiver.wait_for(sid(alpha), sid(beta), seconds=2)
    assert [len(anywhere.receiver.of(sid(tokens))) for tokens in (alpha, beta)] == [1, 1]
    assert anywhere.rows("SELECT end_reason FROM session WHERE id = :id", id=session)[0][0] == "signed-out"
    page = browser.get(answer.headers["location"]).text
    assert _states(page) == {"alpha": "Signed out", "beta": "Signed out"}


def _states(page: str) -> dict[str, str]:
    """What the page says of each app."""
    rows = re.findall(r'<li><div translate="no">([^<]+)</div>\s*<span class="[^"]+">([^<]+)</span>', page)
    return dict(rows)


def test_an_offline_grant_ends_with_a_sign_out_too(server: Server, browser: Browser, anywhere: Installation) -> None:
    browser.sign_in(anywhere.person())
    tokens = enter(server, browser, BETA, scope="openid offline_access")
    assert server.is_active(BETA, tokens.refresh)
    browser.sign_out()
    assert server.living(BETA, tokens) == []


def test_notices_go_out_together_and_a_slow_app_is_waited_for_only_so_long(
    anywhere: Installation, inside: tuple[Browser, Tokens, Tokens]
) -> None:
    browser, alpha, beta = inside
    anywhere.receiver.delay[ALPHA.notices] = 2.5
    try:
        began = time.monotonic()
        answer = browser.sign_out()
        took = time.monotonic() - began
        assert took < 2.3, "the slow app held the person up"
        page = browser.get(answer.headers["location"])
        assert _states(page.text)["beta"] == "Signed out"
        assert anywhere.receiver.wait_for(sid(alpha), sid(beta), seconds=1)
        first, second = (anywhere.receiver.of(sid(tokens))[0].at for tokens in (alpha, beta))
        assert abs(first - second) < 1
        if _states(page.text)["alpha"] != "Signed out":
            assert "refresh" in page.headers
        done = lambda: set(_states(browser.get(answer.headers["location"]).text).values()) == {"Signed out"}  # noqa: E731
        assert wait_until(done, seconds=20, pause=0.2)
        assert "refresh" not in browser.get(answer.headers["location"]).headers
    finally:
        anywhere.receiver.delay.clear()


def test_an_app_that_is_down_hears_later_and_nobody_waits_for_it(
    anywhere: Installation, server: Server, inside: tuple[Browser, Tokens, Tokens]
) -> None:
    browser, alpha, beta = inside
    anywhere.receiver.status[ALPHA.notices] = 503
    try:
        began = time.monotonic()
        answer = browser.sign_out()
        assert time.monotonic() - began < 2.3
        assert server.living(ALPHA, alpha) == []
        assert _states(browser.get(answer.headers["location"]).text) == {"alpha": "Signing out", "beta": "Signed out"}
    finally:
        anywhere.receiver.status.clear()
    done = lambda: _states(browser.get(answer.headers["location"]).text).get("alpha") == "Signed out"  # noqa: E731
    assert wait_until(done, seconds=30, pause=0.3)
    jtis = [notice.claims["jti"] for notice in anywhere.receiver.of(sid(alpha))]
    assert len({jti.partition(".")[0] for jti in jtis}) == 1, "every try of one notice is one notice"
    assert len(set(jtis)) == len(jtis) > 1, "an app that refuses a jti seen before still hears the next try"
    assert len(anywhere.receiver.of(sid(beta))) == 1


def test_from_an_app_the_browser_returns_there_and_the_other_app_hears(
    anywhere: Installation, server: Server, inside: tuple[Browser, Tokens, Tokens]
) -> None:
    browser, alpha, beta = inside
    answer = browser.sign_out_from(ALPHA, alpha.id, node=1)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{ALPHA.post_logout_redirect_uri}?state=x")
    assert anywhere.receiver.wait_for(sid(beta), seconds=2)
    assert server.living(BETA, beta) == []


def test_two_sign_outs_at_once_tell_every_app_once(
    anywhere: Installation, inside: tuple[Browser, Tokens, Tokens]
) -> None:
    browser, alpha, beta = inside
    browser.token("/signout")
    with ThreadPoolExecutor(6) as pool:
        states = list(pool.map(lambda n: browser.copy().sign_out(node=n % 2).status_code, range(6)))
    assert set(states) == {303}
    assert anywhere.receiver.wait_for(sid(alpha), sid(beta))
    time.sleep(0.5)
    assert [len(anywhere.receiver.of(sid(tokens))) for tokens in (alpha, beta)] == [1, 1]


def test_a_grant_given_while_its_session_ends_does_not_outlive_it(
    anywhere: Installation, server: Server, wire: Wire
) -> None:
    """An app that got in at the very last moment is out as well, and has heard so if it was let in."""
    for _ in range(15):
        browser = Browser(anywhere, wire).sign_in(anywhere.person())
        browser.token("/signout")
        codes: list[str] = []
        entering = [threading.Thread(target=_collect, args=(browser.copy(), node, codes)) for node in (0, 1, 0, 1)]
        for thread in entering:
            thread.start()
        time.sleep(0.03)
        assert browser.sign_out(node=1).status_code == 303
        for thread in entering:
            thread.join()
        for code in codes:
            answer = server.exchange(BETA, code)
            assert answer.status_code == 400, server.living(BETA, tokens_of(answer))


def _collect(browser: Browser, node: int, codes: list[str]) -> None:
    """Enter an app until the session is over."""
    for _ in range(60):
        answer: httpx.Response = browser.ask(BETA, node=node, scope="openid offline_access")
        if "code=" not in answer.headers.get("location", ""):
            return
        codes.append(code_in(answer))
