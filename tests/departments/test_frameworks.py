"""One contract, kept by the kit in every framework: the same app in each, driven by the same browser.

What differs between stores, tokens and refusals of the provider is tested beside the rules; here, that no framework
loses anything of them on the way. `test_flask` tells more of Flask.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from adapters.departments.events import MANDATE_REVOKED
from adapters.departments.logout import ACTING_ENDED, BACKCHANNEL_EVENT
from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import ClientSettings

from .apps import FRAMEWORKS, Browser, Given, app_of
from .apps.pages import AGREED
from .fake_provider import HANDLE, Clock, FakeProvider, acting_claims

BASE = "http://tax.localhost:8101"


@pytest.fixture(params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def given(party: RelyingParty, clock: Clock) -> Given:
    return Given(party, clock)


@pytest.fixture
def new_browser(framework: str, given: Given) -> Iterator[Callable[[], Browser]]:
    with app_of(framework, given, BASE) as made:
        yield made


@pytest.fixture
def browser(new_browser: Callable[[], Browser]) -> Browser:
    return new_browser()


def sign_in(browser: Browser, provider: FakeProvider, path: str = "/mine") -> httpx.Response:
    """Ask for a page, sign in at the provider, come back; the answer to the callback."""
    sent = browser.get(path)
    assert sent.status_code == 303
    return browser.get(provider.callback(sent.headers["Location"]))


def notify(browser: Browser, logout_token: str) -> httpx.Response:
    return browser.post("/oidc/backchannel-logout", {"logout_token": logout_token})


def cookies_set(response: httpx.Response) -> list[str]:
    return [line.strip() for line in response.headers.get_list("Set-Cookie")]


def query_of(response: httpx.Response) -> dict[str, list[str]]:
    return parse_qs(urlsplit(response.headers["Location"]).query)


def test_a_guarded_page_leads_through_the_provider_and_back(browser: Browser, provider: FakeProvider) -> None:
    assert browser.get("/").text == "nobody"
    back = sign_in(browser, provider, "/mine?a=b%26c&d=%E5%BC%A0")
    assert (back.status_code, back.headers["Location"]) == (303, "/mine?a=b%26c&d=%E5%BC%A0")
    assert back.headers["Cache-Control"] == "no-store"
    page = browser.get(back.headers["Location"])
    said = page.json()
    assert (said["sub"], said["name"], said["levels"]) == ("pw_person", "张三", [2, 1])
    assert (said["token"], said["status"]) == ("access-2", None)
    assert page.headers["Cache-Control"] == "no-store"
    assert browser.get("/").text == "pw_person"


def test_cookies_hold_random_ids_that_scripts_and_other_sites_do_not_get(
    browser: Browser, provider: FakeProvider
) -> None:
    back = sign_in(browser, provider)
    cookie = next(line for line in cookies_set(back) if line.startswith("tax_session="))
    assert len(cookie.split(";")[0]) == len("tax_session=") + 43
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {"httponly", "samesite=lax", "path=/"}


def test_under_https_cookies_are_bound_to_the_host(
    framework: str, settings: ClientSettings, provider: FakeProvider, clock: Clock
) -> None:
    base = "https://tax.localhost:8443"
    party = RelyingParty(replace(settings, redirect_uri=f"{base}/oidc/callback"), provider)
    with app_of(framework, Given(party, clock), base) as made:
        browser = made()
        sent = browser.get("/mine")
        back = browser.get(provider.callback(sent.headers["Location"]))
        for line in cookies_set(sent) + cookies_set(back):
            assert line.startswith("__Host-tax_")
            assert "secure" in line.lower()
        assert browser.get("/mine").status_code == 200


def test_a_callback_counts_once_and_in_its_own_browser(
    new_browser: Callable[[], Browser], provider: FakeProvider
) -> None:
    victim, attacker = new_browser(), new_browser()
    callback = provider.callback(attacker.get("/mine").headers["Location"])
    victim.get("/mine")
    assert victim.get(callback).status_code == 400
    assert victim.get("/").text == "nobody"
    mine = provider.callback(victim.get("/mine?x=1").headers["Location"])
    victim.get(mine)
    redeemed = len(provider.seen)
    assert victim.get(mine).headers["Location"] == "/mine?x=1"
    assert len(provider.seen) == redeemed


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "/%0d%0aX: y"])
def test_nobody_is_sent_to_another_site_after_signing_in(
    browser: Browser, provider: FakeProvider, target: str
) -> None:
    back = sign_in(browser, provider, f"/oidc/login?next={target}")
    assert back.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [("access_denied", 403, "cancelled"), ("temporarily_unavailable", 503, "unavailable"), ("<b>", 400, "refused")],
)
def test_an_error_of_the_provider_is_a_page_of_the_app(
    browser: Browser, provider: FakeProvider, error: str, status: int, kind: str
) -> None:
    sent = browser.get("/mine")
    page = browser.get(provider.callback(sent.headers["Location"], error=error, error_description="<i>raw</i>"))
    assert (page.status_code, page.headers["Cache-Control"]) == (status, "no-store")
    assert page.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    assert f'id="{kind}"' in page.text
    assert "raw" not in page.text
    assert "编号" in page.text


def test_a_provider_that_is_away_is_a_page_of_the_app(browser: Browser, provider: FakeProvider) -> None:
    provider.away = True
    page = browser.get("/mine", Accept_Language="en-GB,en;q=0.9")
    assert page.status_code == 503
    assert "Sign-in is not available right now" in page.text


def test_a_level_that_is_missing_is_asked_for_and_then_opens(browser: Browser, provider: FakeProvider) -> None:
    sign_in(browser, provider)
    sent = browser.get("/strong")
    assert query_of(sent)["acr_values"] == ["urn:tongban:aal:2"]
    provider.aal = 2
    assert browser.get(provider.callback(sent.headers["Location"])).headers["Location"] == "/strong"
    assert browser.get("/strong").json()["levels"] == [2, 2]


def test_a_declined_level_opens_nothing_and_does_not_go_round_in_circles(
    browser: Browser, provider: FakeProvider
) -> None:
    page = sign_in(browser, provider, "/strong")
    assert page.status_code == 403
    assert "需要：用两种方式登录。" in page.text
    assert browser.get("/").text == "pw_person"
    assert browser.get("/strong").status_code == 303, "the button of that page asks anew"


def test_an_unmet_essential_level_signs_nobody_in(browser: Browser, provider: FakeProvider) -> None:
    assert sign_in(browser, provider, "/essential").status_code == 403
    assert browser.get("/").text == "nobody"
    provider.aal = 2
    assert sign_in(browser, provider, "/essential").headers["Location"] == "/essential"
    assert browser.get("/essential").status_code == 200


def test_a_level_lost_on_the_way_back_is_told_once(browser: Browser, provider: FakeProvider) -> None:
    provider.life, provider.aal = 0, 2
    sign_in(browser, provider, "/strong")
    provider.aal = 1
    page = browser.get("/strong")
    assert page.status_code == 403
    assert 'id="level"' in page.text
    assert browser.get("/strong").status_code == 303


def test_an_old_sign_in_is_renewed_for_a_page_that_says_so(
    browser: Browser, provider: FakeProvider, clock: Clock
) -> None:
    provider.auth_time = clock.now
    sign_in(browser, provider)
    assert browser.get("/fresh").status_code == 200
    clock.now += 361
    assert query_of(browser.get("/fresh"))["max_age"] == ["60"]


def test_an_app_can_ask_for_a_level_by_itself(browser: Browser, provider: FakeProvider) -> None:
    sent = browser.get("/raise")
    assert (sent.status_code, query_of(sent)["acr_values"]) == (303, ["urn:tongban:aal:2"])
    provider.aal = 2
    assert browser.get(provider.callback(sent.headers["Location"])).headers["Location"] == "/strong"


def test_a_script_is_told_in_its_own_terms(browser: Browser, provider: FakeProvider) -> None:
    nobody = browser.get("/strong", Accept="application/json")
    assert (nobody.status_code, nobody.json()["title"]) == (401, "Sign-in required")
    assert nobody.headers["Content-Type"] == "application/problem+json"
    sign_in(browser, provider)
    weak = browser.get("/strong", Accept="application/json")
    assert (weak.status_code, weak.json()["acr_values"]) == (401, "urn:tongban:aal:2")


def test_a_form_without_a_sign_in_is_not_carried_out(browser: Browser, provider: FakeProvider) -> None:
    page = browser.post("/act")
    assert page.status_code == 401
    assert 'id="sign_in_again"' in page.text


def test_a_session_lasts_as_long_as_it_is_used_and_its_token_is_renewed(
    browser: Browser, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(browser, provider)
    before = browser.get("/mine").json()["token"]
    clock.now += 1799
    assert browser.get("/mine").json()["token"] != before
    clock.now += 1800
    assert browser.get("/mine").status_code == 303


def test_a_refused_refresh_ends_the_session_and_takes_its_cookie_back(
    browser: Browser, provider: FakeProvider
) -> None:
    sign_in(browser, provider)
    assert browser.post("/again").text != "access-2"
    provider.refresh_tokens.clear()
    assert browser.post("/again").text == "nobody"
    assert "tax_session" not in browser.cookies()
    assert browser.get("/").text == "nobody"


def test_signing_out_ends_the_session_and_goes_on_to_the_provider(browser: Browser, provider: FakeProvider) -> None:
    assert 'id="signed_out_here"' in browser.get("/oidc/logout").text
    sign_in(browser, provider)
    assert '<form method="post" action="/oidc/logout">' in browser.get("/oidc/logout").text
    left = browser.post("/oidc/logout", Origin=BASE)
    assert left.headers["Location"].startswith(f"{provider.issuer}/logout?")
    assert len(query_of(left)["id_token_hint"][0].split(".")) == 3
    assert browser.get("/").text == "nobody"
    assert 'id="signed_out"' in browser.get(f"/signed-out?state={query_of(left)['state'][0]}").text


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec_Fetch_Site": "same-site"}])
@pytest.mark.parametrize("path", ["/oidc/logout", "/act"])
def test_a_form_of_another_origin_does_nothing(
    browser: Browser, provider: FakeProvider, headers: dict[str, str], path: str
) -> None:
    sign_in(browser, provider)
    page = browser.post(path, **headers)
    assert page.status_code == 403
    assert 'id="foreign_form"' in page.text
    assert browser.get("/").text == "pw_person"


def test_a_logout_token_ends_the_session_at_once_and_counts_once(
    browser: Browser, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(browser, provider)
    token = provider.logout_token(sid=None)
    answer = notify(browser, token)
    assert (answer.status_code, answer.text, answer.headers["Cache-Control"]) == (200, "", "no-store")
    assert browser.get("/").text == "nobody"
    assert "tax_session" not in browser.cookies()
    clock.now += 5
    provider.sid = "session-2"
    sign_in(browser, provider)
    again = notify(browser, token)
    assert (again.status_code, again.json()["error_description"]) == (400, "replayed")
    assert browser.get("/").text == "pw_person"


@pytest.mark.parametrize("form", [{}, {"logout_token": ["", ""]}, {"logout_token": "a.b.c"}])
def test_a_malformed_notice_is_refused(browser: Browser, form: dict[str, list[str]]) -> None:
    answer = browser.post("/oidc/backchannel-logout", form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_oversized_notice_and_another_method_are_refused(browser: Browser) -> None:
    assert notify(browser, "x" * 100_000).status_code == 413
    for refused in (browser.get("/oidc/backchannel-logout"), browser.post("/oidc/login")):
        assert refused.status_code == 405
        assert refused.headers["Allow"]


def test_nonsense_in_cookies_and_parameters_is_a_plain_refusal(browser: Browser) -> None:
    for nonsense in ("tax_session=" + "x" * 3000, 'tax_session="; tax_browser=\x01', "=;;==", "tax_session"):
        assert browser.get("/", Cookie=nonsense).text == "nobody"
    for query in ("", "?state=%00", "?state=%ff&code=%ed%a0%80", "?state=a&state=b", "?error=x"):
        assert browser.get("/oidc/callback" + query).status_code == 400


# Acting for somebody else


def test_a_page_opens_to_those_who_act_for_whom_it_wants(browser: Browser, provider: FakeProvider) -> None:
    provider.acting = acting_claims()
    assert query_of(browser.get("/clients"))["represent"] == ["required"]
    sign_in(browser, provider, "/clients")
    said = browser.get("/clients").json()
    assert (said["sub"], said["handle"], said["status"]) == ("pw_person", HANDLE, "current")
    assert browser.get(f"/by/{HANDLE}").status_code == 200
    assert query_of(browser.get("/by/rep_another0000000"))["represent"] == ["rep_another0000000"]
    assert query_of(browser.get("/myself"))["represent"] == ["self"]


def test_who_acts_for_nobody_is_told_once_and_asked_again_by_their_own_will(
    browser: Browser, provider: FakeProvider
) -> None:
    sign_in(browser, provider)
    back = sign_in(browser, provider, "/clients")  # the provider does not do as it is asked
    assert back.headers["Location"] == "/clients"
    page = browser.get("/clients")
    assert (page.status_code, 'id="power"' in page.text) == (403, True)
    assert browser.get("/clients").status_code == 303
    told = browser.get("/filing", Accept="application/json").json()
    assert told["title"] == "Acting for somebody else is required"
    assert told["authorization_details"][0]["theme"] == "tax.filing"


def test_who_may_not_act_now_is_told_why_and_how_to_go_on(browser: Browser, provider: FakeProvider) -> None:
    provider.acting = {"represented_status": "not_allowed"}
    sign_in(browser, provider)
    page = browser.get("/clients")
    assert page.status_code == 403
    assert "现在不能使用" in page.text
    assert 'href="/oidc/switch?next=/clients"' in page.text
    assert '<button name="represent" value="self">以本人身份办理</button>' in page.text


def test_the_banner_says_for_whom_and_its_form_switches(browser: Browser, provider: FakeProvider) -> None:
    sign_in(browser, provider)
    assert browser.get("/banner").text == "no banner"
    provider.acting = acting_claims()
    sign_in(browser, provider, "/oidc/switch?next=/banner")
    page = browser.get("/banner?a=1").text
    assert "您正在代 某某&lt;贸易&gt;有限公司 办理" in page
    assert 'action="/oidc/switch"' in page
    assert 'name="next" value="/banner?a=1"' in page
    form = {"represent": "self", "next": "/banner?a=1"}
    assert browser.post("/oidc/switch", form, Sec_Fetch_Site="same-site").status_code == 403
    sent = browser.post("/oidc/switch", form, Sec_Fetch_Site="same-origin")
    assert query_of(sent)["represent"] == ["self"]
    provider.acting = {}
    assert browser.get(provider.callback(sent.headers["Location"])).headers["Location"] == "/banner?a=1"
    assert browser.get("/banner?a=1").text == "no banner"


def test_the_end_of_an_acting_leaves_the_person_signed_in(
    browser: Browser, given: Given, provider: FakeProvider
) -> None:
    provider.acting = acting_claims()
    sign_in(browser, provider, "/clients")
    ended = {BACKCHANNEL_EVENT: {}, ACTING_ENDED: {"handle": HANDLE}}
    assert notify(browser, provider.logout_token(events=ended)).status_code == 200
    assert [notice.handle for notice in given.heard] == [HANDLE]
    assert browser.get("/mine").json()["status"] == "expired_in_session"
    assert "已经结束" in browser.get("/clients").text


def test_a_pushed_event_is_taken_once_from_whom_was_agreed_on(
    browser: Browser, given: Given, provider: FakeProvider
) -> None:
    heard: list[str] = []
    given.events.on(MANDATE_REVOKED)(lambda event: heard.append(event.id))
    token = provider.event_token(MANDATE_REVOKED, mandate="mnd_1").encode()
    agreed = {"Authorization": AGREED, "Content_Type": "application/secevent+jwt"}
    refused = browser.post("/events", token, **agreed | {"Authorization": "Bearer another"})
    assert (refused.status_code, refused.json()["err"]) == (400, "authentication_failed")
    taken = [browser.post("/events", token, **agreed) for _ in range(2)]
    assert [(answer.status_code, answer.text) for answer in taken] == [(202, "")] * 2
    assert len(heard) == 1
    assert browser.post("/events", token + b"x", **agreed).json()["err"] == "invalid_key"
    assert browser.post("/events", b"x" * 100_000, **agreed).status_code == 413


def test_the_kit_and_its_asgi_side_need_no_framework() -> None:
    foreign = {"flask", "werkzeug", "jinja2", "django", "starlette"}
    modules = "adapters.departments.asgi_events, adapters.departments.asgi"
    code = f"import sys, {modules}; print({foreign} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "set()"
