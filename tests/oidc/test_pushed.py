"""Pushed authorization requests over HTTP (RFC 9126)."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.clients.actions import put
from idp.clients.rules import Client
from idp.oidc.pushed import PREFIX, SECONDS
from tests.provider import CALLBACK, CHALLENGE, CLIENTS, SECRET, Browser, Site, answered

REQUEST = {
    "response_type": "code",
    "redirect_uri": CALLBACK,
    "scope": "openid profile",
    "state": "st",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def push(site: Site, client_id: str = "app", /, **changes: str | None) -> TestResponse:
    sent = {name: value for name, value in (REQUEST | changes).items() if value is not None}
    return site.call("/par", client_id, sent)


def pushed(site: Site, client_id: str = "app", /, **changes: str | None) -> str:
    answer = push(site, client_id, **changes)
    assert answer.status_code == 201, answer.text
    return str(answer.get_json()["request_uri"])


def enter(browser: Browser, uri: str, client_id: str = "app", **more: str) -> TestResponse:
    return browser.get("/authorize?" + urlencode({"client_id": client_id, "request_uri": uri, **more}))


def only_pushes(site: Site) -> None:
    data: dict[str, Any] = CLIENTS[0] | {"client_id": "pushes", "require_pushed_authorization_requests": True}
    with site.provider.database.transaction() as tx:
        assert isinstance(put(tx, data, secret=SECRET, now=site.now()), Client)
    site.provider.registry.expire()


def test_2_2_the_answer_names_the_request_and_how_long_it_is_good(site: Site) -> None:
    answer = push(site)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.get_json()["expires_in"] == SECONDS
    assert answer.get_json()["request_uri"].startswith(PREFIX)


def test_4_the_browser_brings_it_and_the_code_flow_goes_on(site: Site, signed_in: Browser) -> None:
    answer = answered(enter(signed_in, pushed(site)))
    assert answer["state"] == "st"
    assert site.exchange(answer["code"]).status_code == 200


def test_4_whoever_has_to_sign_in_first_comes_back_to_it(site: Site, browser: Browser) -> None:
    page = enter(browser, pushed(site)).headers["Location"]
    assert page.startswith("/signin?r=")
    done = browser.submit(page, {"identifier": "13812340001", "password": "Lantern7Bridge22"})
    assert answered(browser.get(done.headers["Location"]))["state"] == "st"


def test_4_what_stands_beside_it_does_not_count(site: Site, signed_in: Browser) -> None:
    answer = answered(enter(signed_in, pushed(site), state="mine", scope="openid phone", redirect_uri="http://evil/"))
    assert answer["state"] == "st"
    assert site.exchange(answer["code"]).get_json()["scope"] == "openid profile"


def test_7_3_it_is_used_once(site: Site, signed_in: Browser) -> None:
    uri = pushed(site)
    answered(enter(signed_in, uri))
    again = enter(signed_in, uri)
    assert again.status_code == 400
    assert "Location" not in again.headers


def test_7_3_another_client_cannot_use_it_nor_use_it_up(site: Site, signed_in: Browser) -> None:
    uri = pushed(site)
    assert enter(signed_in, uri, "post").status_code == 400
    assert enter(signed_in, uri, "nobody").status_code == 400
    assert answered(enter(signed_in, uri))["state"] == "st"


def test_one_that_nobody_pushed_is_no_request(browser: Browser) -> None:
    assert enter(browser, PREFIX + "made-up").status_code == 400
    assert enter(browser, PREFIX).status_code == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"request_uri": PREFIX + "x"}, "invalid_request"),
        ({"redirect_uri": "https://evil.example/cb"}, "invalid_request"),
        ({"redirect_uri": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"scope": "figures.read"}, "invalid_scope"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
    ],
)
def test_2_3_what_authorize_would_refuse_is_refused_at_once(
    site: Site, changes: dict[str, str | None], error: str
) -> None:
    answer = push(site, **changes)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == error


def test_2_only_a_client_that_shows_who_it_is_pushes(site: Site) -> None:
    assert site.post("/par", REQUEST | {"client_id": "app"}).status_code == 401
    assert site.post("/par", REQUEST | {"client_id": "app", "client_secret": "x" * 40}).status_code == 401
    assert push(site, "app", client_id="post").status_code == 400
    assert push(site, "spa").status_code == 201  # a public client has nothing to show (RFC 9126 2)


def test_the_clients_secret_is_not_kept_with_the_request(site: Site, signed_in: Browser) -> None:
    uri = pushed(site, "post")
    held = site.provider.store.get("pushed", uri.removeprefix(PREFIX))
    assert held is not None
    assert SECRET not in str(held)
    assert "code" in answered(enter(signed_in, uri, "post"))


def test_6_a_client_that_always_pushes_is_asked_for_nothing_else(site: Site, signed_in: Browser) -> None:
    only_pushes(site)
    answer = parse_qs(urlsplit(signed_in.ask("pushes").headers["Location"]).query)
    assert answer["error"] == ["invalid_request"]
    assert answered(enter(signed_in, pushed(site, "pushes"), "pushes"))["state"] == "st"


def test_5_metadata_names_the_endpoint(site: Site) -> None:
    metadata = site.http.get("/.well-known/openid-configuration").get_json()
    assert metadata["pushed_authorization_request_endpoint"].endswith("/par")
    assert metadata["require_pushed_authorization_requests"] is False
