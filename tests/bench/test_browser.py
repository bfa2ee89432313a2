"""Enough of a browser: forms, cookies, and the redirect that ends a flow."""

import pytest

from bench.browser import main_form
from bench.load import Answer, WrongAnswer
from bench.operations import code_of
from bench.profile import report
from bench.site import Client, Cookies, Site, cookie_header, remember
from bench.targets import REDIRECT, SignedIn, clients
from bench.tongban_target import declaration

PAGE = """
<form method="post" action="/preferences"><input type="hidden" name="csrf_token" value="a">
<button name="size" value="l"></form>
<form method="get" action="/search"><input name="q"></form>
<form method="post" action="/consent"><input type="hidden" name="csrf_token" value="b">
<button name="decision" value="allow">Yes</button><button name="decision" value="deny">No</button></form>
"""


def site() -> Site:
    return Site("x", "https://id.example.cn", ("127.0.0.1", 1), clients(), REDIRECT, SignedIn())


def redirect(location: str) -> Answer:
    return Answer(303, f"HTTP/1.1 303 See Other\r\nLocation: {location}".encode(), b"")


def test_the_form_of_a_page_is_not_the_one_every_page_has() -> None:
    form = main_form(PAGE)
    assert form is not None
    assert (form.action, form.given, form.button) == ("/consent", {"csrf_token": "b"}, {"decision": "allow"})


def test_a_form_that_asks_for_a_password_goes_first_and_its_nameless_button_sends_nothing() -> None:
    sign_in = (
        '<form method="POST"><input name="identifier"><input name="password" type="password"><button>Go</button>'
    )
    form = main_form(PAGE + sign_in + '<button name="other" value="1">Other</button></form>')
    assert form is not None
    assert (form.asked, form.button) == ({"identifier", "password"}, {})


def test_required_boxes_are_ticked() -> None:
    form = main_form('<form method="post"><input type="checkbox" name="terms" value="yes"></form>')
    assert form is not None
    assert form.given == {"terms": "yes"}


def test_a_page_may_have_no_form() -> None:
    assert main_form("<p>Nothing to ask.</p>") is None


def test_cookies_are_replaced_and_forgotten_as_the_answer_says() -> None:
    cookies: Cookies = {b"a": b"1", b"b": b"2"}
    head = b"HTTP/1.1 200 OK\r\nSet-Cookie: a=3; Path=/; HttpOnly\r\nSet-Cookie: b=; Max-Age=0"
    assert remember(cookies, Answer(200, head, b"")) == {b"a": b"3"}
    assert cookie_header({b"a": b"3", b"c": b"4"}) == b"a=3; c=4"


def test_the_code_is_taken_from_the_right_redirect_only() -> None:
    right = f"{REDIRECT}?code=abc&state=s&iss=https%3A%2F%2Fid.example.cn"
    assert code_of(site(), redirect(right), "s") == "abc"


@pytest.mark.parametrize(
    "location",
    [
        "/signin",
        f"{REDIRECT}?error=access_denied&state=s&iss=https%3A%2F%2Fid.example.cn",
        f"{REDIRECT}?code=abc&state=other&iss=https%3A%2F%2Fid.example.cn",
        f"{REDIRECT}?code=abc&state=s&iss=https%3A%2F%2Felsewhere.example.cn",
        f"{REDIRECT}?code=abc&state=s",
        "https://elsewhere.example.cn/?code=abc&state=s&iss=https%3A%2F%2Fid.example.cn",
    ],
)
def test_any_other_redirect_is_a_wrong_answer(location: str) -> None:
    with pytest.raises(WrongAnswer):
        code_of(site(), redirect(location), "s")


def test_client_credentials_are_form_encoded_before_base64() -> None:
    assert Client("a:b", "s +").authorization == "Basic YSUzQWI6cyUyMCUyQg=="  # RFC 6749 2.3.1


def test_a_request_is_plain_http_with_its_length() -> None:
    request = site().post("/token", {"a": "1", "b": "x y"}, Authorization="Basic z")
    head, _, body = request.partition(b"\r\n\r\n")
    assert body == b"a=1&b=x+y"
    assert head.startswith(b"POST /token HTTP/1.1\r\nHost: id.example.cn\r\n")
    assert b"\r\nAuthorization: Basic z\r\n" in head
    assert head.endswith(b"\r\nContent-Length: 9")


def test_our_clients_are_declared_with_what_their_role_needs() -> None:
    declared = declaration("keeper", Client("bench-keeper", "s" * 32, "openid profile offline_access"))
    assert 'grant_types = ["authorization_code", "refresh_token"]' in declared
    assert 'scopes = { openid = "none", profile = "consent", offline_access = "none" }' in declared
    assert 'id_token_alg = "ES256"' in declared


def test_a_profile_counts_a_function_once_per_stack() -> None:
    text = report(["3000000000 app.py:serve;app.py:sign;app.py:serve", "1000000000 app.py:serve"])
    assert text.splitlines()[0] == "4.00 s of CPU time"
    assert " 100.0%  app.py:serve" in text
    assert "  75.0%  app.py:sign" in text
