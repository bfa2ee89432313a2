"""Cookie names and flags (trust 8)."""

import hashlib

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.web.cookies import (
    browser_digest,
    browser_id,
    clear_session_secret,
    session_secret,
    set_session_secret,
)
from idp.web.guards import public
from tests.web.conftest import build

SECRET = "A" * 43


def with_routes(app: Flask) -> FlaskClient:
    @app.get("/begin")
    @public
    def begin() -> str:
        set_session_secret(SECRET)
        return browser_id()

    @app.get("/end")
    @public
    def end() -> str:
        clear_session_secret()
        return session_secret() or "none"

    @app.get("/digest")
    @public
    def digest() -> str:
        return browser_digest().hex()

    return app.test_client()


@pytest.mark.parametrize(
    ("issuer", "prefix", "is_secure"),
    [("https://idp.example.org", "__Host-tb_", True), ("http://localhost:8000", "tb_", False)],
)
def test_cookies_are_http_only_lax_and_host_bound_under_https(issuer: str, prefix: str, is_secure: bool) -> None:
    answers = with_routes(build(issuer))
    cookies = answers.get("/begin").headers.getlist("Set-Cookie") + answers.get("/signin").headers.getlist(
        "Set-Cookie"
    )
    cookies += answers.get("/preferences?size=large").headers.getlist("Set-Cookie")
    assert {cookie.split("=")[0] for cookie in cookies} == {
        prefix + kind for kind in ("session", "browser", "csrf", "prefs")
    }
    for cookie in cookies:
        flags = {part.strip() for part in cookie.split(";")[1:]}
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= flags
        assert ("Secure" in flags) is is_secure
        assert not any(flag.startswith("Domain") for flag in flags)


def test_browser_id_is_made_once_and_bound_by_its_hash(app: Flask) -> None:
    client = with_routes(app)
    made = client.get("/begin").text
    assert client.get("/begin").text == made
    assert client.get("/digest").text == hashlib.sha256(made.encode()).hexdigest()


def test_malformed_browser_id_is_replaced(app: Flask) -> None:
    client = with_routes(app)
    client.set_cookie("tb_browser", "short")
    assert len(client.get("/begin").text) == 43


def test_session_secret_is_read_back_and_taken_away(app: Flask) -> None:
    client = with_routes(app)
    client.get("/begin")
    assert client.get("/end").text == SECRET
    assert client.get("/end").text == "none"


@pytest.mark.parametrize("value", ["", "A" * 42, "A" * 44, "A" * 42 + "é", "A" * 42 + "\n"])
def test_session_secret_of_another_form_is_none(app: Flask, value: str) -> None:
    client = with_routes(app)
    raw = f"tb_session={value}".encode().decode("latin-1")
    assert client.get("/end", headers={"Cookie": raw.replace("\n", "")}).text == "none"
