"""Malformed input ends in a 4xx before any view (trust 14); forwarded addresses need a configured proxy (trust 9)."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import EnvironBuilder

from idp.web.guards import public
from idp.web.limits import BadText, address_budget_key, clean_text, client_address, user_agent, well_formed
from idp.web.options import Limits
from tests.web.conftest import build

FORM = "application/x-www-form-urlencoded"
BAD = [
    b"a=%",
    b"a=%2",
    b"a=%zz",
    b"a=%00",
    b"a%00=1",
    b"a=%ff",
    b"a=%c3",
    b"a=%ed%a0%80",
    b"a=%c0%af",
    b"a=\xe4\xb8\xad",
    b"a=%c3&b=%a9",
]


@pytest.mark.parametrize("raw", BAD)
def test_malformed_query_is_refused(client: FlaskClient, raw: bytes) -> None:
    assert client.get("/signin", query_string=raw.decode("latin-1")).status_code == 400


@pytest.mark.parametrize("raw", BAD)
def test_malformed_form_is_refused(client: FlaskClient, post: Callable[..., Any], raw: bytes) -> None:
    assert post(raw).status_code == 400


@pytest.mark.parametrize("raw", BAD)
def test_malformed_protocol_request_gets_the_protocol_error_page(client: FlaskClient, raw: bytes) -> None:
    for answer in (
        client.get("/authorize", query_string=raw.decode("latin-1")),
        client.post("/authorize", data=raw, content_type=FORM),
    ):
        assert answer.status_code == 400
        assert 'id="oauth-error"' in answer.text
        assert "Location" not in answer.headers


def test_names_with_rare_characters_pass(post: Callable[..., Any]) -> None:
    answer = post(b"identifier=%F0%AA%9A%A5%E4%B6%AE%C2%B7%E6%9D%8E&password=")
    assert 'value="𪚥䶮·李"' in answer.text


@pytest.mark.parametrize("path", ["/signin\0", "/signin\n", "/\xff", "/\xed\xa0\x80"])
def test_malformed_path_is_refused(client: FlaskClient, path: str) -> None:
    assert client.get("/", environ_overrides={"PATH_INFO": path}).status_code == 400


def test_sizes_are_capped() -> None:
    client = build(limits=Limits(body_bytes=1000, query_bytes=500, fields=5, field_bytes=100)).test_client()
    assert client.get("/signin?" + "a" * 501).status_code == 414
    assert client.get("/signin?a=" + "b" * 99).status_code == 413
    assert client.get("/signin?" + "&".join("abcdef")).status_code == 413
    assert client.post("/signin", data=b"a" * 1001, content_type=FORM).status_code == 413
    assert client.post("/authorize", data=b"a" * 1001, content_type=FORM).status_code == 413


def test_body_without_length_is_capped_too() -> None:
    client = build(limits=Limits(body_bytes=1000)).test_client()
    stream = io.BytesIO(b"a" * 5000)
    answer = client.post(
        "/signin", input_stream=stream, content_type=FORM, environ_overrides={"wsgi.input_terminated": True}
    )
    assert answer.status_code == 413


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
def test_other_content_types_are_refused(client: FlaskClient, kind: str) -> None:
    assert client.post("/signin", data=b'{"a":1}', content_type=kind).status_code == 415


@given(st.binary(max_size=200).map(lambda raw: b"a=" + raw.replace(b"&", b"")))
def test_what_is_well_formed_is_read_without_replacement(raw: bytes) -> None:
    if well_formed(raw):
        value = Request(EnvironBuilder(query_string=raw.decode("ascii")).get_environ()).args.get("a", "")
        assert "\ufffd" not in value.replace("\ufffd", "", raw.upper().count(b"%EF%BF%BD"))
        assert "\0" not in value


HEADER = st.binary(max_size=30).map(lambda raw: raw.decode("latin-1")) | st.text('[]:/%;=,."\\ en-zh*1é', max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(raw=st.binary(max_size=80), one=HEADER, two=HEADER, three=HEADER)
def test_no_request_ends_in_a_fault(client: FlaskClient, raw: bytes, one: str, two: str, three: str) -> None:
    overrides = {
        "QUERY_STRING": raw.decode("latin-1"), "HTTP_USER_AGENT": one, "HTTP_ACCEPT_LANGUAGE": two,
        "HTTP_COOKIE": f"tb_prefs={one}; tb_browser={two}; tb_csrf={three}; tb_session={three}",
        "HTTP_ORIGIN": "http://" + two, "HTTP_HOST": three, "HTTP_X_FORWARDED_FOR": one, "HTTP_REFERER": three,
    }  # fmt: skip
    assert client.get("/signin", environ_overrides=overrides).status_code < 500
    assert client.post("/signin", data=raw, content_type=FORM, environ_overrides=overrides).status_code < 500
    assert client.get("/preferences", environ_overrides=overrides).status_code < 500


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  𪚥䶮 · 李 ", "𪚥䶮 · 李"),
        ("\uf9d1", "\uf9d1"),  # a compatibility ideograph: NFC would replace it
        ("a\nb", BadText.FORBIDDEN),
        ("a\u202eb", BadText.FORBIDDEN),
        ("a\ud800", BadText.FORBIDDEN),
        ("a\uffff", BadText.FORBIDDEN),
        ("a" * 11, BadText.TOO_LONG),
        ("", ""),
    ],
)
def test_clean_text(text: str, clean: str) -> None:
    assert clean_text(text, max_length=10) == clean


PROXIES = ("10.0.0.0/8", "192.0.2.7", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),  # nobody we know vouches
        ("10.1.1.1", "198.51.100.1", "198.51.100.1"),
        ("10.1.1.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"),  # what the client itself wrote does not count
        ("10.1.1.1", "1.1.1.1, 198.51.100.1, 192.0.2.7", "198.51.100.1"),
        ("10.1.1.1", "", "10.1.1.1"),
        ("10.1.1.1", "nonsense", "10.1.1.1"),
        ("10.1.1.1", "198.51.100.1, nonsense", "10.1.1.1"),
        ("10.1.1.1", "10.2.2.2", "10.2.2.2"),
        ("::ffff:10.1.1.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("fd00::1", "2001:db8::5", "2001:db8::5"),
        ("", "198.51.100.1", "-"),
    ],
)
def test_forwarded_address_counts_as_far_as_proxies_vouch(peer: str, forwarded: str, address: str) -> None:
    app = build(trusted_proxies=PROXIES)
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": peer}, headers={"X-Forwarded-For": forwarded}):
        assert client_address() == address


def test_budgets_count_households_of_ipv6(app: Flask) -> None:
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "2001:db8:1:2:3:4:5:6"}):
        assert address_budget_key() == "2001:db8:1:2::/64"
    with app.test_request_context("/", environ_base={"REMOTE_ADDR": "203.0.113.9"}):
        assert address_budget_key() == "203.0.113.9"


def test_user_agent_is_short_printable_ascii(app: Flask) -> None:
    with app.test_request_context("/", headers={"User-Agent": "Mozilla \xe9\x1b" + "x" * 500}):
        assert user_agent(12) == "Mozilla ??xx"


@pytest.mark.parametrize("host", [".", "", "a..b", "[", "\xe9", "x" * 300, "a b:c"])
def test_host_that_is_none_is_no_fault(client: FlaskClient, host: str) -> None:
    for answer in (client.get("/signin", headers={"Host": host}), client.post("/signin", headers={"Host": host})):
        assert answer.status_code < 500


def test_link_addresses_never_follow_the_host_header(app: Flask) -> None:
    @app.get("/slash/")
    @public
    def slash() -> str:
        return "slash"

    client = app.test_client()
    for path in ("/slash", "/slash/", "//slash/"):
        answer = client.get(path, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.headers.get("Location", "") + answer.text
