"""What the frameworks share beneath: headers read as browsers write them, cookies, and who may wait on a loop."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.datastructures import LanguageAccept, MIMEAccept
from werkzeug.http import dump_cookie, parse_accept_header

from adapters.departments import asgi
from adapters.departments import django as kit_django
from adapters.departments.asgi_messages import read_body, visit_of
from adapters.departments.relying_party import RelyingParty
from adapters.departments.web_cookies import Cookies, read_cookies
from adapters.departments.web_endpoints import endpoints
from adapters.departments.web_notices import Notice, NoticeKind, plain_html
from adapters.departments.web_preferences import preferred_language, wants_json
from adapters.departments.web_requests import Visit

from .apps.pages import Given
from .apps.starlette_app import starlette_app
from .fake_provider import Clock

ACCEPTS = [
    "",
    "*/*",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "application/json",
    "application/json, text/plain, */*",
    "application/json;q=0.5, text/html",
    "text/*, application/json;q=0.9",
    "application/*;q=0.9, */*;q=0.8",
    "text/html;q=0, */*",
    "application/json;q=0",
    "text/html, application/json",
    "image/png",
]
LANGUAGES = ["", "en", "zh-CN,zh;q=0.9,en;q=0.8", "en-GB,en;q=0.9,zh;q=0.1", "fr, de;q=0.5", "fr;q=1, en;q=0.3", "*"]


@pytest.mark.parametrize("accept", ACCEPTS)
def test_a_program_is_told_from_a_browser_as_werkzeug_does(accept: str) -> None:
    judged = parse_accept_header(accept, MIMEAccept).best_match(["text/html", "application/json"])
    assert wants_json(accept) == (judged == "application/json")


@pytest.mark.parametrize("accept", LANGUAGES)
def test_a_language_is_chosen_as_werkzeug_does(accept: str) -> None:
    judged = parse_accept_header(accept, LanguageAccept).best_match(["zh", "en"])
    assert preferred_language(accept) == ("en" if judged == "en" else "zh")


@given(st.text(max_size=40))
def test_no_header_can_break_the_reading_of_it(header: str) -> None:
    assert wants_json(header) in (True, False)
    assert preferred_language(header) in ("zh", "en")
    assert isinstance(read_cookies(header), dict)


def test_a_cookie_is_written_as_werkzeug_writes_it_and_read_again() -> None:
    change = Cookies("tax", secure=True).set("session", "abc.1", max_age=900)
    written = dump_cookie("__Host-tax_session", "abc.1", max_age=900, secure=True, httponly=True, samesite="Lax")
    assert {part.strip() for part in written.split(";")} - {part.strip() for part in change.header.split(";")} == {
        part.strip() for part in written.split(";") if "Expires" in part
    }
    assert read_cookies(f"a=b; {change.name}={change.value}; {change.name}=later")["__Host-tax_session"] == "abc.1"


@pytest.mark.parametrize(
    ("root", "path", "whole"),
    [
        ("", "/a b/张", "/a%20b/%E5%BC%A0"),
        ("/app", "/app/x", "/app/x"),
        ("/app", "/x", "/app/x"),
        ("/a", "/ab", "/a/ab"),
    ],
)
def test_the_address_of_a_mounted_app_is_whole(root: str, path: str, whole: str) -> None:
    scope = {"method": "GET", "path": path, "root_path": root, "query_string": b"a=1", "headers": []}
    visit = visit_of(scope, lambda: "zh")
    assert (visit.root, visit.path, visit.page) == (root, whole, f"{whole}?a=1")


def test_cookies_that_come_in_several_lines_are_one_header() -> None:
    headers = [(b"cookie", b"a=1"), (b"Cookie", b"b=2"), (b"accept", b"x"), (b"accept", b"y")]
    visit = visit_of({"method": "GET", "path": "/", "headers": headers}, lambda: "zh")
    assert (visit.cookie("b"), visit.headers["accept"]) == ("2", "x, y")


def test_a_body_is_read_in_pieces_and_only_so_far() -> None:
    def reading(*pieces: dict[str, Any]) -> bytes | None:
        waiting = list(pieces)

        async def receive() -> dict[str, Any]:
            return waiting.pop(0)

        return asyncio.run(read_body(receive, most=4))

    piece = {"type": "http.request", "body": b"ab", "more_body": True}
    assert reading(piece, {"type": "http.request", "body": b"cd"}) == b"abcd"
    assert reading(piece, piece, piece) is None
    assert reading(piece, {"type": "http.disconnect"}) == b""


def test_outside_the_middleware_nobody_is_let_through() -> None:
    async def page() -> str:
        return "seen"

    with pytest.raises(RuntimeError, match="middleware"):
        asyncio.run(asgi.requires()(page)())
    with pytest.raises(RuntimeError, match="middleware"):
        asyncio.run(asgi.acurrent_person())
    request = HttpRequest()
    with pytest.raises(ImproperlyConfigured):
        kit_django.login_required(lambda _: "seen")(request)
    with pytest.raises(ImproperlyConfigured):
        kit_django.acting_banner(request)


def test_a_coroutine_never_waits_for_the_store_on_its_loop(party: RelyingParty, clock: Clock) -> None:
    sso = asgi.SingleSignOn(party, name="tax", clock=clock)
    seen: list[str] = []

    @asgi.requires()
    def in_thread() -> None:
        seen.append("guarded")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for asked in (asgi.current_person, in_thread):
            with pytest.raises(RuntimeError, match="event loop"):
                asked()
        assert await asgi.acurrent_person() is None
        assert asgi.current_person() is None
        await send({"type": "http.response.start", "status": 204})
        await send({"type": "http.response.body"})
        seen.append("answered")

    async def ignored(*_: Any) -> None: ...

    scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"cookie", b"tax_session=x")]}
    asyncio.run(sso.middleware(app)(scope, ignored, ignored))
    assert seen == ["answered"]


def test_django_needs_no_thread_to_pass_a_request_on(party: RelyingParty, clock: Clock) -> None:
    """The middleware is of both kinds, so that Django need not adapt it."""
    sso = kit_django.SingleSignOn(party, name="tax", clock=clock)

    async def get_response(request: Any) -> HttpResponse:
        return HttpResponse(str(request.departments is sso))

    answer = asyncio.run(sso.middleware(get_response)(HttpRequest()))
    assert answer.content == b"True"
    assert (sso.middleware.sync_capable, sso.middleware.async_capable) == (True, True)


def test_other_connections_pass_through_unguarded_by_anybody(party: RelyingParty, clock: Clock) -> None:
    """A WebSocket gets no person: who asks for one is refused."""
    sso = asgi.SingleSignOn(party, name="tax", clock=clock)
    kinds: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        kinds.append(scope["type"])
        with pytest.raises(RuntimeError):
            await asgi.acurrent_person()

    for kind in ("websocket", "lifespan"):
        asyncio.run(sso.middleware(app)({"type": kind}, None, None))  # type: ignore[arg-type]
    assert kinds == ["websocket", "lifespan"]


def test_two_requests_at_once_each_know_their_own_person(party: RelyingParty, clock: Clock) -> None:
    app = starlette_app(Given(party, clock))

    async def ask(cookie: bytes) -> list[Any]:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"cookie", cookie)] if cookie else []
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b"", "headers": headers}
        await app(scope, receive, send)
        return sent

    async def both() -> list[list[Any]]:
        return await asyncio.gather(ask(b"tax_session=gone"), ask(b""))

    with_cookie, without = ([name for name, _ in sent[0]["headers"]] for sent in asyncio.run(both()))
    assert b"set-cookie" in with_cookie  # the cookie of a session that is over is taken back, and only there
    assert b"set-cookie" not in without


@pytest.mark.parametrize("kind", list(NoticeKind))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_kits_own_page_says_what_the_notice_says(kind: NoticeKind, language: str) -> None:
    notice = Notice(kind, language, "/go?a=1&b=2", "/", "0a1b2c3d", switch="/oidc/switch", target='/x"y')
    page = plain_html(notice)
    for text in (notice.title, notice.text, notice.button, 'id="' + kind, "0a1b2c3d"):
        assert text.replace("'", "&#x27;") in page
    assert "/go?a=1&amp;b=2" in page
    assert ('value="/x&quot;y"' in page) == bool(notice.for_oneself)


def test_every_endpoint_has_a_place_of_its_own(party: RelyingParty) -> None:
    found = [(endpoint.name, endpoint.path) for endpoint in endpoints(party.settings)]
    assert len({path for _, path in found}) == len(found) == 6
    assert dict(found)["callback"] == "/oidc/callback"
    assert dict(found)["signed_out"] == "/signed-out"


def test_a_visit_knows_what_only_reads() -> None:
    def visit(method: str) -> Visit:
        return Visit(method, "", "/", "", {}, lambda: "zh")

    assert [visit(method).reads for method in ("GET", "HEAD", "POST", "PUT")] == [True, True, False, False]
