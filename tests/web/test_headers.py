"""Security headers (trust 8)."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.web.guards import public
from idp.web.headers import (
    allow_connection,
    allow_form_target,
    allow_own_media,
    allow_own_script,
    form_source,
    refresh_after,
)


def policy(client: FlaskClient, path: str = "/signin") -> dict[str, str]:
    text = client.get(path).headers["Content-Security-Policy"]
    return dict(part.strip().split(" ", 1) for part in text.split(";"))


def test_pages_run_no_script_and_load_nothing_from_elsewhere(client: FlaskClient) -> None:
    assert policy(client) == {
        "default-src": "'none'", "style-src": "'self'", "img-src": "'self' data:", "script-src": "'none'",
        "form-action": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
    }  # fmt: skip


@pytest.mark.parametrize("path", ["/signin", "/nowhere", "/signin?x=%zz"])
def test_every_answer_carries_the_headers_and_is_not_stored(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]


def test_hsts_is_sent_only_under_an_https_issuer(client: FlaskClient, secure: FlaskClient) -> None:
    assert "Strict-Transport-Security" not in client.get("/signin").headers
    assert secure.get("/signin").headers["Strict-Transport-Security"] == "max-age=31536000"


def test_versioned_static_files_may_be_kept(client: FlaskClient) -> None:
    answer = client.get("/static/tongban.css")
    assert "max-age=31536000" in answer.headers["Cache-Control"]
    answer.close()


def test_one_response_may_let_its_form_end_at_one_app(app: Flask) -> None:
    @app.get("/with")
    @public
    def with_target() -> str:
        allow_form_target("http://tax.localhost:8101/oidc/callback?x=1")
        allow_own_script()
        allow_own_media()
        refresh_after(2, "/with")
        return ""

    client = app.test_client()
    assert policy(client, "/with")["form-action"] == "'self' http://tax.localhost:8101"
    assert policy(client, "/with")["script-src"] == "'self'"
    assert policy(client, "/with")["media-src"] == "'self'"
    assert client.get("/with").headers["Refresh"] == "2; url=/with"
    assert policy(client, "/signin")["form-action"] == "'self'"
    assert "media-src" not in policy(client, "/signin")
    assert "Refresh" not in client.get("/signin").headers


def test_one_response_may_let_its_scripts_speak_with_one_origin(app: Flask) -> None:
    @app.get("/with")
    @public
    def with_connections() -> str:
        allow_connection("/")
        allow_connection("http://127.0.0.1:8019/sof?x=1")
        allow_connection("http://a;script-src *.evil/")
        return ""

    client = app.test_client()
    assert policy(client, "/with")["connect-src"] == "'self' http://127.0.0.1:8019"
    assert "connect-src" not in policy(client, "/signin")


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("https://app.example.org/cb", "https://app.example.org"),
        ("https://APP.example.org:8443/cb", "https://app.example.org:8443"),
        ("http://[::1]:4000/cb", "http:"),
        ("cn.gov.hunan.app:/cb", "cn.gov.hunan.app:"),
        ("https://a;script-src *.evil/", None),
        ("https://a b/", None),
        ("https://a:notaport/", None),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("//app.example.org/cb", None),
        ("", None),
    ],
)
def test_form_source_admits_only_plain_origins(address: str, source: str | None) -> None:
    assert form_source(address) == source
