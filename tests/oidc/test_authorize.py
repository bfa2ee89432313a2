"""/authorize and /logout over HTTP: parking, going on, answering, and never a redirect to strangers."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import pytest

from idp.clients.actions import put, set_state
from idp.clients.rules import ClientState
from tests.provider import (
    CALLBACK,
    CHALLENGE,
    CLIENTS,
    PASSWORD,
    PHONE,
    Browser,
    Site,
    add_person,
    answered,
    claims_of,
)

OUT = "http://app.localhost:9/out"


def go_on(browser: Browser, answer) -> object:
    """Follow our own redirects until a page or the client."""
    while answer.status_code == 303 and answer.headers["Location"].startswith("/"):
        answer = browser.get(answer.headers["Location"])
    return answer


def test_signing_in_goes_on_with_the_parked_request_once(browser: Browser) -> None:
    page = browser.ask().headers["Location"]
    assert page.startswith("/signin?r=")
    done = browser.submit(page, {"identifier": PHONE, "password": PASSWORD})
    resume = done.headers["Location"]
    assert answered(browser.get(resume))["state"] == "st"
    again = browser.get(resume)
    assert again.status_code == 400
    assert "Location" not in again.headers


def test_a_parked_request_is_of_no_use_in_another_browser(site: Site, browser: Browser) -> None:
    page = browser.ask().headers["Location"]
    other = site.browser().sign_in()
    key = parse_qs(urlsplit(page).query)["r"][0]
    answer = other.get(f"/continue?r={key}")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_request_by_post_is_repeated_by_get_so_that_cookies_come_along(signed_in: Browser) -> None:
    params = {"response_type": "code", "client_id": "app", "redirect_uri": CALLBACK, "scope": "openid"}
    params |= {"code_challenge": CHALLENGE, "code_challenge_method": "S256", "login_hint": PHONE}
    first = signed_in.client.post("/authorize", data=params, headers={"Origin": "http://app.localhost:9"})
    assert first.status_code == 303
    again = first.headers["Location"]
    assert "code" in answered(signed_in.get(again))
    assert re.fullmatch(r"/authorize\?posted=[A-Za-z0-9_-]{43}", again)


@pytest.mark.parametrize("path", ["/authorize", "/logout"])
def test_a_posted_request_that_is_kept_no_longer_is_a_page(browser: Browser, path: str) -> None:
    answer = browser.get(f"{path}?posted={'x' * 43}")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert 'id="oauth-error"' in answer.text


def test_a_hint_that_was_posted_to_sign_out_stands_in_no_address(site: Site, signed_in: Browser) -> None:
    hint = signed_in.tokens()["id_token"]
    form = {"id_token_hint": hint, "post_logout_redirect_uri": "http://app.localhost:9/out", "state": "s"}
    cookieless = site.http.post("/logout", data=form)
    again = cookieless.headers["Location"]
    assert hint not in again
    assert signed_in.get(again).headers["Location"] == "http://app.localhost:9/out?state=s"
    assert not signed_in.signed_in


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("client_id=nobody", 400),
        ("client_id=app&client_id=app", 400),
        (f"client_id=app&redirect_uri={CALLBACK}/", 400),
        ("client_id=%ff", 400),
        ("client_id=%00", 400),
        ("client_id=%", 400),
        ("client_id=%E7%A8%8E", 400),
    ],
)
def test_what_cannot_be_answered_to_a_client_is_a_page(site: Site, query: str, status: int) -> None:
    answer = site.browser().get(f"/authorize?{query}")
    assert answer.status_code == status
    assert "Location" not in answer.headers
    assert 'id="oauth-error"' in answer.text


def test_a_posted_request_of_another_kind_is_a_page(site: Site) -> None:
    answer = site.browser().client.post("/authorize", data="{}", content_type="application/json")
    assert answer.status_code == 415
    assert "Location" not in answer.headers


def test_a_code_cannot_be_had_silently_without_session_level_or_consent(site: Site, browser: Browser) -> None:
    assert answered(browser.ask(prompt="none"))["error"] == "login_required"
    browser.sign_in()
    assert answered(browser.ask("asking", prompt="none"))["error"] == "consent_required"
    essential = orjson.dumps({"id_token": {"acr": {"essential": True, "value": "urn:tongban:ial:4"}}}).decode()
    assert answered(browser.ask(claims=essential))["error"] == "unmet_authentication_requirements"


def test_consent_is_asked_once_and_remembered(browser: Browser) -> None:
    browser.sign_in()
    page = browser.ask("asking").headers["Location"]
    assert page.startswith("/consent?r=")
    assert browser.get(page).status_code == 200
    done = browser.submit(page, {"decision": "allow"})
    assert "code" in answered(go_on(browser, done))
    assert "code" in answered(browser.ask("asking"))
    assert browser.ask("asking", prompt="consent").headers["Location"].startswith("/consent")


def test_who_refuses_goes_back_with_access_denied(browser: Browser) -> None:
    browser.sign_in()
    page = browser.ask("asking").headers["Location"]
    assert answered(browser.submit(page, {"decision": "deny"}))["error"] == "access_denied"
    again = browser.submit(page, {"decision": "allow"})
    assert again.status_code == 400


def test_a_consent_without_a_parked_request_gives_nothing(browser: Browser, site: Site) -> None:
    browser.sign_in()
    for path in ("/consent", "/consent?r=x"):
        assert browser.get(path).status_code == 400
        assert browser.submit(path, {"decision": "allow"}).status_code == 400
    assert site.one("SELECT COUNT(*) FROM consent") == 0


def test_a_stronger_sign_in_that_was_only_wished_for_can_be_declined(browser: Browser) -> None:
    browser.sign_in()
    page = browser.ask(acr_values="urn:tongban:aal:2").headers["Location"]
    assert page.startswith("/signin/confirm?r=")
    declined = browser.submit(page, {"decline": "yes"})
    assert declined.status_code == 307
    done = browser.submit(declined.headers["Location"])
    assert answered(go_on(browser, done))["error"] == "unmet_authentication_requirements"


def test_the_second_factor_is_told_to_the_app(browser: Browser) -> None:
    browser.sign_in()
    page = browser.ask(acr_values="urn:tongban:aal:2").headers["Location"]
    enter = browser.submit(page).headers["Location"]
    done = browser.submit(enter, {"code": browser.site.text_code()})
    tokens = browser.site.exchange(answered(go_on(browser, done))["code"]).get_json()
    identity = claims_of(tokens["id_token"])
    assert (identity["acr"], identity["aal"]) == ("urn:tongban:aal:2", 2)
    assert identity["amr"] == ["pwd", "sms", "mfa"]


def test_a_request_parked_before_its_client_was_suspended_ends_on_a_page(site: Site, browser: Browser) -> None:
    page = browser.ask().headers["Location"]
    with site.provider.database.transaction() as tx:
        set_state(tx, "app", ClientState.SUSPENDED, now=site.now())
    site.provider.registry._clients.expire()
    done = browser.submit(page, {"identifier": PHONE, "password": PASSWORD})
    answer = browser.get(done.headers["Location"])
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_request_parked_before_its_client_changed_is_judged_by_the_new_registration(
    site: Site, browser: Browser
) -> None:
    page = browser.ask("post", code_challenge=None, code_challenge_method=None).headers["Location"]
    data = next(client for client in CLIENTS if client["client_id"] == "post")
    with site.provider.database.transaction() as tx:
        put(tx, data | {"pkce": "required"}, now=site.now())
    site.provider.registry._clients.expire()
    done = browser.submit(page, {"identifier": PHONE, "password": PASSWORD})
    assert answered(browser.get(done.headers["Location"]))["error"] == "invalid_request"


# -- hints


def test_a_hint_of_the_person_signed_in_answers_and_of_another_asks(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["id_token"]
    assert "code" in answered(signed_in.ask(prompt="none", id_token_hint=token))
    add_person(site.provider, "13812340002", None)
    other = site.browser().sign_in("13812340002")
    assert answered(other.ask(prompt="none", id_token_hint=token))["error"] == "login_required"
    asked = orjson.dumps({"id_token": {"sub": {"value": claims_of(token)["sub"]}}}).decode()
    assert "code" in answered(signed_in.ask(prompt="none", claims=asked))
    assert answered(other.ask(prompt="none", claims=asked))["error"] == "login_required"
    nobody = orjson.dumps({"id_token": {"sub": {"value": "pw_nobody"}}}).decode()
    assert answered(signed_in.ask(prompt="none", claims=nobody))["error"] == "login_required"


def test_a_hint_that_is_no_id_token_of_this_client_is_refused(signed_in: Browser) -> None:
    tokens = signed_in.tokens()
    for hint in ("x", "x.y.z", tokens["access_token"], tokens["id_token"][:-2]):
        assert answered(signed_in.ask(id_token_hint=hint))["error"] == "invalid_request"
    assert answered(signed_in.ask("asking", id_token_hint=tokens["id_token"]))["error"] == "invalid_request"


# -- /logout


def logout(browser: Browser, **params: str):
    return browser.get("/logout?" + urlencode(params))


def test_a_valid_hint_and_a_registered_address_sign_out_and_go_there(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["id_token"]
    answer = logout(signed_in, id_token_hint=token, post_logout_redirect_uri=OUT, state="s 1")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"{OUT}?state=s+1")
    assert not signed_in.signed_in
    assert [message["client_id"] for message in site.outbox("logout")] == ["app"]


def test_an_expired_hint_is_good_for_signing_out(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["id_token"]
    site.later = 1200
    assert logout(signed_in, id_token_hint=token, post_logout_redirect_uri=OUT).headers["Location"] == OUT


@pytest.mark.parametrize("bad", ["none", "foreign", "garbage", "access"])
def test_a_hint_we_did_not_sign_asks_first_and_never_redirects(signed_in: Browser, bad: str) -> None:
    tokens = signed_in.tokens()
    parts = tokens["id_token"].split(".")
    hint = {
        "none": f"eyJhbGciOiJub25lIn0.{parts[1]}.",
        "foreign": f"{parts[0]}.{parts[1]}.{'A' * 86}",
        "garbage": "x",
        "access": tokens["access_token"],
    }[bad]
    answer = logout(signed_in, id_token_hint=hint, post_logout_redirect_uri=OUT, client_id="app")
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert signed_in.signed_in


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"client_id": "app"},
        {"post_logout_redirect_uri": OUT},
        {"client_id": "app", "post_logout_redirect_uri": OUT},
        {"state": "x"},
    ],
)
def test_without_a_hint_a_person_is_asked(signed_in: Browser, params: dict[str, str]) -> None:
    answer = logout(signed_in, **params)
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert signed_in.signed_in


def test_an_address_not_registered_or_a_client_that_does_not_fit_asks(signed_in: Browser) -> None:
    token = signed_in.tokens()["id_token"]
    for more in ({"post_logout_redirect_uri": OUT + "/"}, {"client_id": "post", "post_logout_redirect_uri": OUT}):
        answer = logout(signed_in, id_token_hint=token, **more)
        assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert signed_in.signed_in


def test_a_hint_about_another_session_asks_about_this_one(site: Site, signed_in: Browser) -> None:
    token = signed_in.tokens()["id_token"]
    other = site.browser().sign_in()
    answer = logout(other, id_token_hint=token, post_logout_redirect_uri=OUT)
    assert (answer.status_code, "Location" in answer.headers) == (200, False)
    assert other.signed_in


def test_a_request_that_cannot_be_read_is_a_page(site: Site) -> None:
    answer = site.browser().get("/logout?state=a&state=b")
    assert (answer.status_code, 'id="oauth-error"' in answer.text) == (400, True)


def test_what_is_withdrawn_before_the_app_is_entered_is_asked_again(site: Site, browser: Browser) -> None:
    browser.sign_in()
    page = browser.ask("asking").headers["Location"]
    done = browser.submit(page, {"decision": "allow"})
    browser.submit("/account/apps", {"withdraw": "asking"})
    assert site.one("SELECT COUNT(*) FROM consent") == 0
    asked = go_on(browser, done)
    assert (asked.status_code, 'name="decision"' in asked.text) == (200, True)
    assert site.one("SELECT COUNT(*) FROM authorization_grant") == 0


def test_nobody_who_closes_their_account_meanwhile_agrees_to_anything(
    site: Site, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.sign_in()
    page = browser.ask("asking").headers["Location"]
    monkeypatch.setattr("idp.admission.pages.hold", lambda *_: False)
    assert browser.submit(page, {"decision": "allow"}).status_code == 400
    assert site.one("SELECT COUNT(*) FROM consent") == 0
