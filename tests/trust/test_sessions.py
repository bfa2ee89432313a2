"""Sessions: their ends in time, their secrets, their forms, and what ends with them (trust 8)."""

import re
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.trust.browser import SESSION, Browser, Server, Tokens, Wire, tokens_of
from tests.trust.installation import ALPHA, BETA, GAMMA, App, Installation, Person, installation
from tests.trust.receiver import claims_of

pytestmark = pytest.mark.services
IDLE, ABSOLUTE = 10, 30
NEW_PASSWORD = "Cobalt9Orchard47"
SHORT = {
    "TONGBAN_SESSION__IDLE": str(IDLE),
    "TONGBAN_SESSION__ABSOLUTE": str(ABSOLUTE),
    "TONGBAN_LIMITS__PASSWORD__ARGON2_MEMORY_KIB": "65536",
}
"""Hashes that take long enough for something to happen meanwhile."""


@pytest.fixture(scope="module")
def brief(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation("postgresql", tmp_path_factory.mktemp("brief"), settings=SHORT, people=40) as made:
        yield made
        assert made.faults() == []


def enter(server: Server, browser: Browser, app: App, *, scope: str = "openid") -> Tokens:
    return tokens_of(server.exchange(app, browser.authorize(app, scope=scope)))


def sid(tokens: Tokens) -> str:
    return str(claims_of(tokens.id)["sid"])


def _hasten(at: Installation, job: str) -> None:
    """As if a periodic job had fallen due."""
    at.change("UPDATE job SET due_at = 0 WHERE name = :job", job=job)


def test_an_idle_session_is_over_everywhere_and_its_apps_hear(brief: Installation, wire: Wire) -> None:
    server = Server(brief, wire)
    browser = Browser(brief, wire).sign_in(brief.person())
    alpha, beta = enter(server, browser, ALPHA), enter(server, browser, BETA, scope="openid offline_access")
    session = brief.session_id(browser.secret)
    time.sleep(IDLE + 1)
    assert server.living(ALPHA, alpha) == []
    refreshed = tokens_of(server.refresh(BETA, beta.refresh))  # what was given for offline use goes on
    assert server.userinfo(refreshed.access, node=1).status_code == 200
    assert not browser.copy().is_signed_in(node=1)
    _hasten(brief, "stale-sessions")
    assert brief.receiver.wait_for(sid(alpha), sid(beta), seconds=10)
    ended = "SELECT end_reason FROM session WHERE id = :id AND ended_at IS NOT NULL"
    assert [row[0] for row in brief.rows(ended, id=session)] == ["idle"]
    assert server.is_active(BETA, refreshed.refresh)


def test_an_offline_refresh_does_not_bring_an_idle_session_back(brief: Installation, wire: Wire) -> None:
    server = Server(brief, wire)
    browser = Browser(brief, wire).sign_in(brief.person())
    alpha, beta = enter(server, browser, ALPHA), enter(server, browser, BETA, scope="openid offline_access")
    time.sleep(IDLE + 1)
    second = tokens_of(server.refresh(BETA, beta.refresh))
    server.userinfo(second.access)
    assert server.living(ALPHA, alpha) == []
    assert not any(browser.copy().is_signed_in(node=node) for node in (0, 1))


@pytest.mark.parametrize("activity", ["a page", "a refresh", "userinfo"])
def test_activity_keeps_a_session_until_its_absolute_end(brief: Installation, wire: Wire, activity: str) -> None:
    server = Server(brief, wire)
    began = time.monotonic()
    browser = Browser(brief, wire).sign_in(brief.person())
    alpha, family = enter(server, browser, ALPHA), enter(server, browser, ALPHA)
    while time.monotonic() - began < IDLE + 6:
        time.sleep(IDLE / 4)
        if activity == "a page":
            browser.get("/account", node=1)
        elif activity == "a refresh":
            family = tokens_of(server.refresh(ALPHA, family.refresh))
        else:
            assert server.userinfo(alpha.access).status_code == 200
    assert browser.is_signed_in()
    if activity == "a page":
        while time.monotonic() - began < ABSOLUTE + 1:
            time.sleep(IDLE / 4)
            browser.get("/account", node=1)
        assert not browser.is_signed_in()
        assert server.living(ALPHA, alpha) == []
        assert brief.receiver.wait_for(sid(alpha), seconds=5)


def test_signing_in_gives_a_new_secret_and_none_that_was_planted(
    anywhere: Installation, browser: Browser, wire: Wire
) -> None:
    person = anywhere.person()
    planted = Browser(anywhere, wire).sign_in(anywhere.person()).secret or ""
    browser.cookies[SESSION] = planted
    browser.sign_in(person)
    assert browser.secret not in (None, planted)
    first = browser.copy()
    browser.sign_in(person)
    assert browser.secret != first.secret
    assert not any(first.copy().is_signed_in(node=node) for node in (0, 1))
    assert browser.is_signed_in(node=1)


def test_somebody_else_signing_in_here_ends_the_session_before(
    anywhere: Installation, server: Server, browser: Browser
) -> None:
    browser.sign_in(anywhere.person())
    alpha = enter(server, browser, ALPHA)
    before = browser.copy()
    browser.sign_in(anywhere.person())
    assert not before.is_signed_in(node=1)
    assert server.living(ALPHA, alpha) == []
    assert anywhere.receiver.wait_for(sid(alpha))


def test_a_step_up_changes_the_secret_and_kills_the_old_one(
    anywhere: Installation, server: Server, browser: Browser
) -> None:
    person = anywhere.person()
    browser.sign_in(person)
    tokens = enter(server, browser, ALPHA)
    old, old_form = browser.copy(), browser.token("/account/password")
    asked = browser.ask(ALPHA, acr_values="urn:tongban:aal:2").headers["location"]
    assert asked.startswith("/signin/confirm")
    before = anywhere.count_messages(person.mobile, "confirm_code")
    sent = browser.submit(asked, {"send": "yes"}, node=1)
    code = browser.await_code(person.mobile, "confirm_code", after=before)
    proved = browser.submit(sent.headers["location"], {"code": code})
    assert proved.status_code == 303
    assert browser.secret != old.secret
    assert not any(old.copy().is_signed_in(node=node) for node in (0, 1))
    assert browser.post("/signout", {"csrf_token": old_form, "confirm": "yes"}).status_code == 400
    stronger = tokens_of(server.exchange(ALPHA, browser.authorize(ALPHA, acr_values="urn:tongban:aal:2")))
    assert claims_of(stronger.id)["acr"] == "urn:tongban:aal:2"
    assert server.is_active(ALPHA, tokens.refresh), "the same session goes on"


FORMS = (
    "/signin",
    "/signin/code",
    "/signin/code/enter?c=smc_1",
    "/signin/confirm",
    "/signin/passkey",
    "/register",
    "/register/code?f=flw_1",
    "/register/details?f=flw_1",
    "/agreements",
    "/consent?r=x",
    "/continue/decline?r=x",
    "/account/password",
    "/account/sessions",
    "/account/apps",
    "/account/activity/not-me?at=1.x.1",
    "/account/disputes",
    "/account/disputes/new",
    "/account/export",
    "/account/close",
    "/account/close/ask",
    "/account/confirm",
    "/account/methods",
    "/account/methods/totp",
    "/account/methods/codes",
    "/account/methods/passkey",
    "/signout",
)


@pytest.mark.parametrize("path", FORMS)
def test_no_form_is_taken_without_its_token_or_from_another_site(
    production: Installation, wire: Wire, path: str
) -> None:
    person = production.person()
    browser = Browser(production, wire).sign_in(person)
    other = Browser(production, wire).sign_in(production.person())
    data = {
        "identifier": person.mobile, "password": person.password, "phone": production.new_mobile(), "send": "yes",
        "current_password": person.password, "new_password": NEW_PASSWORD, "confirm": "yes", "end_others": "yes",
        "withdraw": "alpha", "decision": "allow", "agreements": "yes", "code": "123456",
        "keep": "yes", "understood": "yes", "why": "other", "item": "other", "text": "x", "export": "yes",
    }  # fmt: skip
    for token in ({}, {"csrf_token": ""}, {"csrf_token": other.token()}, {"csrf_token": "x" * 60}):
        refused = browser.post(path, data | token)
        assert (refused.status_code, "location" in refused.headers) == (400, False)
    genuine = {"csrf_token": browser.token("/account/password")}
    for origin in ("https://evil.example", "null", "http://localhost.evil.example"):
        headers = browser._headers() | {"Origin": origin}
        refused = wire.post(production.url + path, data | genuine, headers)
        assert (refused.status_code, "location" in refused.headers) == (400, False)
    assert browser.is_signed_in()
    assert Browser(production, wire).sign_in(person)


def test_a_person_ends_other_sessions_and_nobody_elses(anywhere: Installation, server: Server, wire: Wire) -> None:
    person = anywhere.person()
    here, there, elsewhere = (Browser(anywhere, wire).sign_in(person) for _ in range(3))
    stranger = Browser(anywhere, wire).sign_in(anywhere.person())
    tokens = enter(server, there, ALPHA)
    here.submit("/account/sessions", {"end": anywhere.session_id(stranger.secret)})
    assert stranger.is_signed_in(node=1)
    ended = here.submit("/account/sessions", {"end": anywhere.session_id(there.secret)})
    assert ended.status_code == 303
    assert not there.copy().is_signed_in(node=1)
    assert server.living(ALPHA, tokens) == []
    assert anywhere.receiver.wait_for(sid(tokens))
    assert elsewhere.is_signed_in()
    here.submit("/account/sessions", {"end_others": "yes"}, node=1)
    assert not elsewhere.is_signed_in()
    assert here.is_signed_in()


def test_withdrawing_from_an_app_ends_what_it_holds_and_forgets_the_consent(
    anywhere: Installation, server: Server, browser: Browser
) -> None:
    browser.sign_in(anywhere.person())
    asked = browser.ask(GAMMA, scope="openid profile")
    assert asked.headers["location"].startswith("/consent")
    gamma = enter(server, browser, GAMMA, scope="openid profile")
    assert "code=" in browser.ask(GAMMA, scope="openid profile").headers["location"], "remembered"
    alpha = enter(server, browser, ALPHA)
    assert browser.submit("/account/apps", {"withdraw": GAMMA.client_id}, node=1).status_code == 303
    assert server.living(GAMMA, gamma) == []
    assert anywhere.receiver.wait_for(sid(gamma))
    assert server.is_active(ALPHA, alpha.refresh)
    assert browser.ask(GAMMA, scope="openid profile").headers["location"].startswith("/consent")


def test_a_password_change_ends_other_sessions_and_tells_the_phone(
    anywhere: Installation, server: Server, wire: Wire
) -> None:
    person = anywhere.person()
    here, there = (Browser(anywhere, wire).sign_in(person) for _ in range(2))
    mine, theirs = enter(server, here, ALPHA), enter(server, there, ALPHA)
    old = here.copy()
    assert here.change_password(person, NEW_PASSWORD, node=1).status_code == 303
    assert here.is_signed_in()
    assert not old.is_signed_in(), "the secret is new"
    assert not there.copy().is_signed_in()
    assert server.living(ALPHA, theirs) == []
    assert anywhere.receiver.wait_for(sid(theirs))
    assert server.is_active(ALPHA, mine.refresh)
    assert anywhere.await_message(person.mobile, "password_changed")
    assert Browser(anywhere, wire).try_password(person.mobile, person.password).status_code == 422
    assert Browser(anywhere, wire).try_password(person.mobile, NEW_PASSWORD, node=1).status_code == 303


def test_a_sign_in_with_the_old_password_during_its_change_does_not_outlive_it(
    brief: Installation, wire: Wire
) -> None:
    for _ in range(4):
        person = brief.person()
        here = Browser(brief, wire).sign_in(person)
        here.token("/account/password")
        arrived: list[Browser] = []
        stopping = threading.Event()
        threads = [threading.Thread(target=_keep_coming, args=(brief, wire, person, n % 2, arrived, stopping))
                   for n in range(6)]  # fmt: skip
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        changed: httpx.Response = here.change_password(person, NEW_PASSWORD)
        stopping.set()
        for thread in threads:
            thread.join()
        if changed.status_code == 503:  # the pool of hashes was full
            continue
        assert changed.status_code == 303
        assert arrived
        assert [browser.secret for browser in arrived if browser.is_signed_in()] == []


def _keep_coming(
    at: Installation, wire: Wire, person: Person, node: int, arrived: list[Browser], stopping: threading.Event
) -> None:
    while not stopping.is_set():
        browser = Browser(at, wire)
        if browser.try_password(person.mobile, person.password, node=node).status_code == 303:
            arrived.append(browser)


def test_a_registration_cannot_skip_a_step_or_change_browsers(
    anywhere: Installation, browser: Browser, wire: Wire
) -> None:
    mobile = anywhere.new_mobile()
    asked = browser.submit("/register", {"phone": mobile})
    key = re.search(r"f=([^&]+)", asked.headers["location"])
    assert key
    address = f"/register/details?f={key[1]}"
    details = {"password": NEW_PASSWORD, "agreements": "yes", "agreement_versions": "x"}
    skipped = browser.submit(address, details)
    assert (skipped.status_code, skipped.headers["location"].split("?")[0]) == (303, "/register/code")
    stranger = Browser(anywhere, wire)
    stranger.token()
    code = browser.await_code(mobile, "register_code")
    stolen = stranger.submit(asked.headers["location"], {"code": code})
    assert stolen.headers["location"].split("?")[0] == "/register"
    assert browser.submit(asked.headers["location"], {"code": code}, node=1).status_code == 303
    taken = stranger.submit(address, details)
    assert taken.headers["location"].split("?")[0] == "/register"
    assert not stranger.is_signed_in()
