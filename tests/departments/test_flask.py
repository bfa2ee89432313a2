"""The Flask integration as a browser meets it, against the stand-in provider."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from adapters.departments.errors import ConfigurationError, SessionEnded
from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.flask_cookies import Cookies
from adapters.departments.flask_signin import safe_target
from adapters.departments.memory_store import MemoryStore
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import Store
from adapters.departments.settings import ClientSettings
from adapters.departments.sqlite_store import SqliteStore

from .fake_provider import START, Clock, FakeProvider

BASE = "http://tax.localhost:8101"


@pytest.fixture
def store() -> Store:
    """In memory: what differs between stores is tested in test_stores; one whole way below uses both."""
    return MemoryStore()


@pytest.fixture
def app(party: RelyingParty, store: Store, clock: Clock) -> Flask:
    return make_app(party, store, clock)


def make_app(party: RelyingParty, store: Store, clock: Clock) -> Flask:
    app = Flask("department")
    SingleSignOn(app, party, name="tax", store=store, clock=clock)

    @app.get("/")
    def home() -> str:
        return current_person.sub if current_person else "nobody"

    @app.get("/mine")
    @login_required
    def mine() -> dict[str, object]:
        return {
            "sub": current_person.sub,
            "name": current_person.profile["name"],
            "levels": [current_person.ial, current_person.aal],
            "token": current_person.session.access_token,
        }

    @app.route("/strong", methods=["GET", "POST"])
    @login_required(level="aal:2")
    def strong() -> str:
        return "strong"

    @app.get("/essential")
    @login_required(level="urn:tongban:aal:2", essential=True)
    def essential() -> str:
        return "essential"

    @app.get("/fresh")
    @login_required(max_age=60)
    def fresh() -> str:
        return "fresh"

    @app.post("/act")
    @login_required
    def act() -> str:
        return "done"

    @app.route("/<path:anything>")
    @login_required
    def anything(anything: str) -> str:
        return anything

    return app


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def get(browser: FlaskClient, path: str, **headers: str) -> TestResponse:
    return browser.get(path, base_url=BASE, headers=with_dashes(headers))


def post(browser: FlaskClient, path: str, **headers: str) -> TestResponse:
    return browser.post(path, base_url=BASE, headers=with_dashes(headers))


def with_dashes(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def sign_in(browser: FlaskClient, provider: FakeProvider, path: str = "/mine") -> TestResponse:
    """Ask for a page, sign in at the provider, come back; the answer to the callback."""
    sent = get(browser, path)
    assert sent.status_code == 303
    return get(browser, provider.callback(sent.location))


def notify(browser: FlaskClient, logout_token: str) -> TestResponse:
    return browser.post(
        "/oidc/backchannel-logout", data={"logout_token": logout_token}, base_url="http://localhost:8101"
    )


# Signing in


def test_a_protected_page_leads_through_the_provider_and_back(browser: FlaskClient, provider: FakeProvider) -> None:
    back = sign_in(browser, provider, "/mine?a=b%26c&d=%E5%BC%A0")
    assert (back.status_code, back.location) == (303, "/mine?a=b%26c&d=%E5%BC%A0")
    page = get(browser, back.location)
    assert page.json == {"sub": "pw_person", "name": "张三", "levels": [2, 1], "token": "access-2"}
    assert page.headers["Cache-Control"] == "no-store"


def test_the_cookie_holds_only_a_random_id(browser: FlaskClient, provider: FakeProvider) -> None:
    back = sign_in(browser, provider)
    cookie = next(value for name, value in back.headers if name == "Set-Cookie" and value.startswith("tax_session="))
    assert len(cookie.split(";")[0]) == len("tax_session=") + 43
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "SameSite=Lax", "Path=/"}


def test_under_https_cookies_are_secure_and_bound_to_the_host(
    settings: ClientSettings, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    base = "https://tax.localhost:8443"
    party = RelyingParty(replace(settings, redirect_uri=f"{base}/oidc/callback"), provider)
    browser = make_app(party, store, clock).test_client()
    sent = browser.get("/mine", base_url=base)
    back = browser.get(provider.callback(sent.location), base_url=base)
    for response in (sent, back):
        assert "Secure; HttpOnly; Path=/; SameSite=Lax" in response.headers["Set-Cookie"]
        assert response.headers["Set-Cookie"].startswith("__Host-tax_")
    assert browser.get("/mine", base_url=base).status_code == 200


def test_a_new_sign_in_makes_a_new_session_id(browser: FlaskClient, provider: FakeProvider, store: Store) -> None:
    sign_in(browser, provider)
    first = browser.get_cookie("tax_session", "tax.localhost")
    sent = get(browser, "/oidc/login?next=/mine")
    get(browser, provider.callback(sent.location))
    second = browser.get_cookie("tax_session", "tax.localhost")
    assert first
    assert second
    assert first.value != second.value
    browser.set_cookie("tax_session", first.value, domain="tax.localhost")
    assert get(browser, "/").text == "nobody"


def test_a_callback_loaded_again_goes_where_it_went(browser: FlaskClient, provider: FakeProvider) -> None:
    """The Back button: the code is not redeemed again."""
    sent = get(browser, "/mine")
    callback = provider.callback(sent.location)
    get(browser, callback)
    redeemed = len(provider.seen)
    again = get(browser, callback)
    assert (again.status_code, again.location) == (303, "/mine")
    assert len(provider.seen) == redeemed


def test_a_used_callback_after_signing_out_offers_to_sign_in(browser: FlaskClient, provider: FakeProvider) -> None:
    sent = get(browser, "/mine")
    callback = provider.callback(sent.location)
    get(browser, callback)
    post(browser, "/oidc/logout")
    again = get(browser, callback)
    assert again.status_code == 400
    assert 'id="stale"' in again.text
    assert "/oidc/login?next=/mine" in again.text


def test_a_callback_in_another_browser_is_refused(app: Flask, provider: FakeProvider) -> None:
    """RFC 9700 4.7: the response belongs to the browser that asked."""
    victim, attacker = app.test_client(), app.test_client()
    callback = provider.callback(get(attacker, "/mine").location)
    get(victim, "/mine")
    assert get(victim, callback).status_code == 400
    assert get(victim, "/").text == "nobody"


def test_two_tabs_sign_in_side_by_side(browser: FlaskClient, provider: FakeProvider) -> None:
    one, two = get(browser, "/mine?tab=1"), get(browser, "/mine?tab=2")
    assert get(browser, provider.callback(two.location)).location == "/mine?tab=2"
    assert get(browser, provider.callback(one.location)).location == "/mine?tab=1"


def test_a_sign_in_left_too_long_is_stale(browser: FlaskClient, provider: FakeProvider, clock: Clock) -> None:
    sent = get(browser, "/mine")
    clock.now += 900
    assert get(browser, provider.callback(sent.location)).status_code == 400


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        ("access_denied", 403, "cancelled"),
        ("unmet_authentication_requirements", 403, "level"),
        ("temporarily_unavailable", 503, "unavailable"),
        ("invalid_scope", 400, "refused"),
        ("<script>", 400, "refused"),
    ],
)
def test_an_error_of_the_provider_is_a_friendly_page(
    browser: FlaskClient, provider: FakeProvider, error: str, status: int, kind: str
) -> None:
    sent = get(browser, "/mine")
    page = get(browser, provider.callback(sent.location, error=error, error_description="<b>raw</b>"))
    assert page.status_code == status
    assert f'id="{kind}"' in page.text
    assert "raw" not in page.text
    assert "编号" in page.text
    assert "Reference" in get(browser, provider.callback(get(browser, "/mine").location, error=error),
                              Accept_Language="en").text  # fmt: skip


def test_a_provider_that_is_away_is_a_friendly_page(browser: FlaskClient, provider: FakeProvider) -> None:
    provider.away = True
    page = get(browser, "/mine")
    assert page.status_code == 503
    assert 'id="unavailable"' in page.text


def test_an_untrue_userinfo_answer_signs_nobody_in(browser: FlaskClient, provider: FakeProvider) -> None:
    provider.userinfo = {"sub": "pw_other"}
    assert sign_in(browser, provider).status_code == 400
    assert get(browser, "/").text == "nobody"


def test_scripts_get_a_problem_instead_of_a_redirect(browser: FlaskClient) -> None:
    answer = get(browser, "/mine", Accept="application/json")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")


def test_a_form_sent_after_the_session_ended_says_so(browser: FlaskClient) -> None:
    page = post(browser, "/act")
    assert page.status_code == 401
    assert 'id="sign_in_again"' in page.text
    assert "/oidc/login?next=/mine" not in page.text
    assert "/oidc/login?next=/strong" in post(browser, "/strong").text


def test_the_whole_way_over_an_sqlite_file(
    party: RelyingParty, provider: FakeProvider, clock: Clock, tmp_path: Path
) -> None:
    """Two processes share the file: what one of them ends is over in the other."""
    one, two = (make_app(party, SqliteStore(tmp_path / "app.db"), clock).test_client() for _ in range(2))
    sign_in(one, provider)
    cookie = one.get_cookie("tax_session", "tax.localhost")
    assert cookie
    two.set_cookie("tax_session", cookie.value, domain="tax.localhost")
    clock.now += 600
    assert get(one, "/mine").json == get(two, "/mine").json
    assert notify(two, provider.logout_token()).status_code == 200
    assert get(one, "/").text == "nobody"
    token = provider.logout_token()
    assert [notify(browser, token).status_code for browser in (one, two)] == [200, 400]


# Where one comes back to


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "/\\evil.example", "https://evil.example", "evil", "", "/a\nb", "/ /evil", "/\t/evil.example",
     "/x\\y", "javascript:alert(1)", "/" + "a" * 2001],
)  # fmt: skip
def test_a_foreign_target_becomes_the_start_page(browser: FlaskClient, provider: FakeProvider, target: str) -> None:
    sent = browser.get("/oidc/login", query_string={"next": target}, base_url=BASE)
    assert get(browser, provider.callback(sent.location)).location == "/"


@settings(deadline=None)
@given(st.text(alphabet="/\\.:@?#% ae\t\r\n\x00", max_size=12))
def test_a_target_never_names_a_host(text: str) -> None:
    target = safe_target(text, default="/")
    parts = urlsplit(target.replace("\\", "/"))
    assert (parts.scheme, parts.netloc) == ("", "")
    assert target.startswith("/")


def test_a_path_that_looks_like_a_host_does_not_lead_there(browser: FlaskClient, provider: FakeProvider) -> None:
    sent = browser.get("http://tax.localhost:8101//evil.example/x", base_url=BASE)
    while sent.status_code == 308:
        sent = browser.get(sent.location, base_url=BASE)
    back = get(browser, provider.callback(sent.location))
    assert not back.location.startswith(("//", "http"))


# Levels


def test_a_level_that_is_missing_is_asked_for_and_then_opens(browser: FlaskClient, provider: FakeProvider) -> None:
    sign_in(browser, provider)
    sent = get(browser, "/strong")
    assert parse_qs(urlsplit(sent.location).query)["acr_values"] == ["urn:tongban:aal:2"]
    provider.aal = 2
    back = get(browser, provider.callback(sent.location))
    assert back.location == "/strong"
    assert get(browser, "/strong").text == "strong"


def test_a_declined_voluntary_level_signs_in_but_opens_nothing(browser: FlaskClient, provider: FakeProvider) -> None:
    """The decorator reads `aal`, not the hope that the provider did as asked; and it does not ask in circles."""
    page = sign_in(browser, provider, "/strong")
    assert page.status_code == 403
    assert 'id="level"' in page.text
    assert get(browser, "/").text == "pw_person"
    assert get(browser, "/strong").status_code == 303


def test_an_unmet_essential_level_signs_nobody_in(browser: FlaskClient, provider: FakeProvider) -> None:
    page = sign_in(browser, provider, "/essential")
    assert page.status_code == 403
    assert 'id="level"' in page.text
    assert get(browser, "/").text == "nobody"


def test_a_met_essential_level_opens_the_page(browser: FlaskClient, provider: FakeProvider) -> None:
    provider.aal = 3
    assert sign_in(browser, provider, "/essential").location == "/essential"
    assert get(browser, "/essential").text == "essential"


def test_a_failed_step_up_leaves_the_session_as_it_was(browser: FlaskClient, provider: FakeProvider) -> None:
    sign_in(browser, provider)
    sent = get(browser, "/strong")
    page = get(browser, provider.callback(sent.location, error="access_denied"))
    assert page.status_code == 403
    assert get(browser, "/").text == "pw_person"


def test_an_old_sign_in_must_be_renewed_for_a_page_that_says_so(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    provider.auth_time = clock.now
    sign_in(browser, provider)
    assert get(browser, "/fresh").text == "fresh"
    clock.now += 361
    sent = get(browser, "/fresh")
    assert parse_qs(urlsplit(sent.location).query)["max_age"] == ["60"]


def test_a_level_that_fell_closes_the_page(browser: FlaskClient, provider: FakeProvider, clock: Clock) -> None:
    """The ID token of a refresh carries the levels of today: evidence expires."""
    provider.aal = 2
    sign_in(browser, provider, "/strong")
    provider.aal = 1
    assert get(browser, "/strong").status_code == 200
    clock.now += 600
    assert get(browser, "/strong").status_code == 303


@pytest.mark.parametrize("error", ["unmet_authentication_requirements", "access_denied", "interaction_required"])
def test_an_unmet_level_is_a_page_of_the_app_and_not_another_redirect(
    browser: FlaskClient, provider: FakeProvider, error: str
) -> None:
    sign_in(browser, provider)
    sent = get(browser, "/strong")
    page = get(browser, provider.callback(sent.location, error=error), Accept_Language="en")
    assert (page.status_code, page.location) == (403, None)
    assert ("Needed: a sign-in in two ways." in page.text) is (error == "unmet_authentication_requirements")
    assert get(browser, "/").text == "pw_person"


def test_the_notice_says_what_the_matter_needs(browser: FlaskClient, provider: FakeProvider) -> None:
    page = sign_in(browser, provider, "/strong")
    assert "需要：用两种方式登录。" in page.text


def test_a_level_lost_on_the_way_back_is_told_and_does_not_go_round_in_circles(
    browser: FlaskClient, provider: FakeProvider
) -> None:
    """The access token is over at once, and the ID token of its refresh says less than the one before."""
    provider.life, provider.aal = 0, 2
    back = sign_in(browser, provider, "/strong")
    assert back.location == "/strong"
    provider.aal = 1
    page = get(browser, "/strong")
    assert (page.status_code, page.location) == (403, None)
    assert 'id="level"' in page.text
    assert get(browser, "/strong").status_code == 303, "the button of that page asks anew"


def test_a_script_is_told_which_level_its_person_lacks(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    nobody = get(browser, "/strong", Accept="application/json")
    assert (nobody.status_code, nobody.json["title"]) == (401, "Sign-in required")
    sign_in(browser, provider)
    weak = get(browser, "/strong", Accept="application/json")
    assert (weak.status_code, weak.json["acr_values"]) == (401, "urn:tongban:aal:2")
    assert "max_age" not in weak.json
    clock.now += 301
    assert get(browser, "/fresh", Accept="application/json").json["max_age"] == 60


# How long it lasts


def test_an_idle_session_ends_after_half_an_hour(browser: FlaskClient, provider: FakeProvider, clock: Clock) -> None:
    sign_in(browser, provider)
    clock.now += 1799
    assert get(browser, "/mine").status_code == 200
    clock.now += 1799
    assert get(browser, "/mine").status_code == 200
    clock.now += 1800
    assert get(browser, "/mine").status_code == 303


def test_a_session_ends_after_twelve_hours_however_busy(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(browser, provider)
    for _ in range(26):
        clock.now += 1700
        assert (get(browser, "/").text == "pw_person") == (clock.now - START < 12 * 3600)


def test_an_expired_access_token_is_refreshed_on_the_way(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(browser, provider)
    before = get(browser, "/mine").json
    clock.now += 600
    after = get(browser, "/mine").json
    assert before
    assert after
    assert before["token"] != after["token"]


def test_a_refused_refresh_ends_the_session(browser: FlaskClient, provider: FakeProvider, clock: Clock) -> None:
    sign_in(browser, provider)
    provider.refresh_tokens.clear()
    clock.now += 600
    page = get(browser, "/")
    assert page.text == "nobody"
    assert "tax_session=;" in page.headers["Set-Cookie"]


def test_a_provider_that_is_away_does_not_end_the_session(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(browser, provider)
    provider.away = True
    clock.now += 600
    assert get(browser, "/mine").status_code == 200
    assert len([request for request in provider.seen if "token" in request.url]) == 2


def test_a_session_without_refresh_token_lasts_as_the_app_decides(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    provider.gives_refresh_tokens = False
    sign_in(browser, provider)
    clock.now += 1200
    assert get(browser, "/mine").status_code == 200


def test_an_app_can_refresh_when_it_wants(app: Flask, provider: FakeProvider) -> None:
    @app.post("/again")
    def again() -> str:
        try:
            return app.extensions["tongban_departments"].refresh().access_token
        except SessionEnded:
            return "nobody"

    browser = app.test_client()
    assert post(browser, "/again").text == "nobody"
    sign_in(browser, provider)
    assert post(browser, "/again").text != "access-2"
    provider.refresh_tokens.clear()
    gone = post(browser, "/again")
    assert gone.text == "nobody"
    assert "tax_session=;" in gone.headers["Set-Cookie"]


def test_old_things_are_cleared_away_once_a_minute(app: Flask, provider: FakeProvider, clock: Clock) -> None:
    store, purged = app.extensions["tongban_departments"].store, []
    purge = store.purge
    store.purge = lambda lifetime, now: (purged.append(now), purge(lifetime, now=now))
    for _ in range(5):
        get(app.test_client(), "/mine")
        clock.now += 20
    assert purged == [START, START + 60]


# Signing out


def test_signing_out_ends_the_session_and_goes_on_to_the_provider(
    browser: FlaskClient, provider: FakeProvider
) -> None:
    sign_in(browser, provider)
    left = post(browser, "/oidc/logout", Origin=BASE)
    assert left.status_code == 303
    query = parse_qs(urlsplit(left.location).query)
    assert left.location.startswith(f"{provider.issuer}/logout?")
    assert query["post_logout_redirect_uri"] == [f"{BASE}/signed-out"]
    assert len(query["id_token_hint"][0].split(".")) == 3
    assert get(browser, "/").text == "nobody"
    assert 'id="signed_out"' in get(browser, f"/signed-out?state={query['state'][0]}").text


def test_the_signed_out_page_claims_only_what_it_knows(browser: FlaskClient, provider: FakeProvider) -> None:
    assert 'id="signed_out_here"' in get(browser, "/signed-out?state=made-up").text
    sign_in(browser, provider)
    assert get(browser, "/signed-out").location == "/"


def test_signing_out_while_the_provider_is_away_still_ends_the_session(
    settings: ClientSettings, provider: FakeProvider, store: Store, clock: Clock
) -> None:
    party = RelyingParty(settings, provider)
    browser = make_app(party, store, clock).test_client()
    sign_in(browser, provider)
    provider.away = True
    restarted = make_app(RelyingParty(settings, provider), store, clock).test_client()
    cookie = browser.get_cookie("tax_session", "tax.localhost")
    assert cookie
    restarted.set_cookie("tax_session", cookie.value, domain="tax.localhost")
    assert post(restarted, "/oidc/logout").location == "/signed-out"
    assert get(restarted, "/").text == "nobody"


def test_signing_out_without_a_session_still_goes_to_the_provider(browser: FlaskClient) -> None:
    query = parse_qs(urlsplit(post(browser, "/oidc/logout").location).query)
    assert "id_token_hint" not in query
    assert query["client_id"] == ["tax-demo"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": BASE},
    ],
)
def test_a_form_of_another_origin_signs_nobody_out(
    browser: FlaskClient, provider: FakeProvider, headers: dict[str, str]
) -> None:
    sign_in(browser, provider)
    assert post(browser, "/oidc/logout", **headers).status_code == 403
    assert get(browser, "/").text == "pw_person"


def test_opening_the_logout_address_asks_first(browser: FlaskClient, provider: FakeProvider) -> None:
    assert 'id="signed_out_here"' in get(browser, "/oidc/logout").text
    sign_in(browser, provider)
    page = get(browser, "/oidc/logout").text
    assert '<form method="post" action="/oidc/logout">' in page
    assert get(browser, "/").text == "pw_person"


# Being signed out


def test_a_logout_token_ends_the_session_at_once(browser: FlaskClient, provider: FakeProvider) -> None:
    sign_in(browser, provider)
    answer = notify(browser, provider.logout_token())
    assert (answer.status_code, answer.text, answer.headers["Cache-Control"]) == (200, "", "no-store")
    page = get(browser, "/")
    assert page.text == "nobody"
    assert "tax_session=;" in page.headers["Set-Cookie"]


def test_a_logout_token_for_a_session_nobody_has_here_is_done(browser: FlaskClient, provider: FakeProvider) -> None:
    """Back-Channel Logout 1.0 2.8: already signed out is success."""
    assert notify(browser, provider.logout_token(sid="unknown")).status_code == 200


def test_a_replayed_logout_token_does_not_end_the_next_session(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(browser, provider)
    token = provider.logout_token(sid=None)
    assert notify(browser, token).status_code == 200
    clock.now += 5
    provider.sid = "session-2"
    sign_in(browser, provider)
    again = notify(browser, token)
    assert again.status_code == 400
    assert again.json == {"error": "invalid_request", "error_description": "replayed"}
    assert get(browser, "/").text == "pw_person"


def test_a_notice_delivered_again_is_answered_as_done(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    """The provider signs it anew under the same `jti` when our first answer was lost."""
    sign_in(browser, provider)
    assert notify(browser, provider.logout_token(jti="notice-1")).status_code == 200
    clock.now += 10
    assert notify(browser, provider.logout_token(jti="notice-1")).status_code == 200


def test_a_logout_token_that_overtakes_the_sign_in_still_counts(
    browser: FlaskClient, provider: FakeProvider, clock: Clock
) -> None:
    sent = get(browser, "/mine")
    callback = provider.callback(sent.location)
    notify(browser, provider.logout_token())
    clock.now += 1
    page = get(browser, callback)
    assert page.status_code == 400
    assert 'id="stale"' in page.text
    assert get(browser, "/").text == "nobody"


def test_the_sessions_of_other_browsers_go_on(app: Flask, provider: FakeProvider) -> None:
    one, two = app.test_client(), app.test_client()
    sign_in(one, provider)
    provider.sid = "session-2"
    sign_in(two, provider)
    notify(one, provider.logout_token(sid="session-1"))
    assert get(one, "/").text == "nobody"
    assert get(two, "/").text == "pw_person"


@pytest.mark.parametrize(
    "form", [{}, {"logout_token": ["", ""]}, {"logout_token": "a.b.c"}, {"logout_token": ["a", "b"]}]
)
def test_a_malformed_notice_is_refused(browser: FlaskClient, form: dict[str, list[str]]) -> None:
    answer = browser.post("/oidc/backchannel-logout", data=form, base_url=BASE)
    assert answer.status_code == 400
    assert answer.json
    assert answer.json["error"] == "invalid_request"
    assert answer.headers["Cache-Control"] == "no-store"


def test_an_oversized_notice_is_refused_unread(browser: FlaskClient) -> None:
    assert notify(browser, "x" * 100_000).status_code == 413


def test_a_notice_is_asked_again_while_keys_cannot_be_fetched(browser: FlaskClient, provider: FakeProvider) -> None:
    token = provider.logout_token()
    provider.away = True
    assert notify(browser, token).status_code == 503


def test_an_id_token_is_no_notice(browser: FlaskClient, provider: FakeProvider) -> None:
    sign_in(browser, provider)
    claims = provider.id_claims(nonce=None, access_token="access-1")
    assert notify(browser, provider.sign(claims)).status_code == 400
    assert get(browser, "/").text == "pw_person"


def test_cookies_need_a_name_of_their_own() -> None:
    for name in ("", "Tax", "tax app", "tax;", "1tax"):
        with pytest.raises(ConfigurationError):
            Cookies(name, secure=False)


def test_nonsense_in_cookies_and_parameters_is_a_plain_refusal(browser: FlaskClient) -> None:
    browser.set_cookie("tax_session", "x" * 3000, domain="tax.localhost")
    browser.set_cookie("tax_browser", "\x00", domain="tax.localhost")
    assert get(browser, "/").text == "nobody"
    for query in ("", "?state=%00", "?state=%ff&code=%ed%a0%80", "?state=a&state=b", "?error=x"):
        assert get(browser, "/oidc/callback" + query).status_code == 400
