"""The lane: methods, CORS, bodies, and an answer whatever happens."""

import io
from collections.abc import Callable, Iterable
from typing import Any

import orjson
import pytest
from werkzeug.test import Client, EnvironBuilder, run_wsgi_app
from werkzeug.wrappers import Response

from idp.db import DatabaseUnavailable
from idp.lane import Endpoint, Lane, serve_document
from idp.oidc.metadata import Document
from idp.state.store import StateUnavailable
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response

FORM = "application/x-www-form-urlencoded"
ORIGIN = "https://spa.example"


def echo(request: ProtocolRequest) -> ProtocolResponse:
    return json_response(
        {
            "method": request.method,
            "form": dict(request.form),
            "local": request.local,
            "query": request.has_query_token,
            "json": dict(request.json),
            "below": request.below,
        }
    )


def fallback(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("418 I'm a teapot", [])
    return [b"pages"]


def failing(error: Exception) -> Callable[[ProtocolRequest], ProtocolResponse]:
    def handler(_: ProtocolRequest) -> ProtocolResponse:
        raise error

    return handler


def no_database(_: str) -> bool:
    raise DatabaseUnavailable("away")


SEEN: list[tuple[str, int]] = []
TABLE = {
    "/echo": Endpoint(methods=("GET", "POST"), handler=echo, origins=lambda origin: origin == ORIGIN),
    "/post": Endpoint(methods=("POST",), handler=echo),
    "/bug": Endpoint(methods=("POST",), handler=failing(RuntimeError("13812340001"))),
    "/database": Endpoint(methods=("POST",), handler=failing(DatabaseUnavailable("x")), origins=no_database),
    "/state": Endpoint(methods=("POST",), handler=failing(StateUnavailable("x"))),
    "/json": Endpoint(methods=("GET", "POST"), handler=echo, json=True),
    "/json/": Endpoint(methods=("GET",), handler=echo, json=True),
    "/json-bug": Endpoint(methods=("POST",), handler=failing(DatabaseUnavailable("x")), json=True),
    "/document": serve_document(Document(b"{}", max_age=5).answer),
}


@pytest.fixture
def http() -> Client:
    SEEN.clear()
    lane = Lane(
        TABLE, fallback, https=True, observe=lambda path, status, _: SEEN.append((path, status)), clock=lambda: 7.9
    )
    return Client(lane)


def test_what_is_not_in_the_table_is_for_the_pages(http: Client) -> None:
    assert http.get("/signin").text == "pages"
    assert http.get("/echo/").text == "pages"


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "TRACE", "BREW"])
def test_another_method_is_405_with_what_is_allowed(http: Client, method: str) -> None:
    answer = http.open("/post", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST, OPTIONS"
    assert answer.get_json()["error"] == "invalid_request"


def test_head_is_get_without_its_body(http: Client) -> None:
    whole, head = http.get("/echo"), http.head("/echo")
    assert head.status_code == 200
    assert head.data == b""
    assert whole.data
    assert http.head("/post").status_code == 405
    assert http.head("/document").headers["Content-Length"] == "2"


def test_options_says_what_is_allowed(http: Client) -> None:
    answer = http.options("/echo")
    assert (answer.status_code, answer.headers["Allow"]) == (204, "GET, POST, OPTIONS")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_registered_origin_may_ask_and_read(http: Client) -> None:
    asked = http.options("/echo", headers={"Origin": ORIGIN})
    assert asked.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert asked.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    read = http.get("/echo", headers={"Origin": ORIGIN})
    assert read.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "WWW-Authenticate" in read.headers["Access-Control-Expose-Headers"]
    assert read.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Credentials" not in read.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN + ".evil.example", ORIGIN.upper()])
def test_another_origin_may_not(http: Client, origin: str) -> None:
    answer = http.get("/echo", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Vary"] == "Origin"
    assert "Access-Control-Allow-Origin" not in http.post("/post", headers={"Origin": ORIGIN}).headers


def test_a_document_is_for_every_origin_and_answers_304_to_its_etag(http: Client) -> None:
    first = http.get("/document", headers={"Origin": "https://anybody.example"})
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = http.get("/document", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert http.get("/document", headers={"If-None-Match": '"another"'}).status_code == 200


def send(http: Client, body: bytes, *, kind: str | None = FORM, length: str | None = None, **more: str) -> Response:
    """A body with headers as no client library would write them."""
    builder = EnvironBuilder("/echo", method="POST")
    environ = builder.get_environ()
    builder.close()
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body)) if length is None else length
    environ["CONTENT_TYPE"] = kind or ""
    return Response(*run_wsgi_app(http.application, environ | more))


BAD_BODIES = [
    (b"a=1&a=2", 400),
    (b"a=%zz", 400),
    (b"a=%", 400),
    (b"a=%ff", 400),
    (b"a=%ed%a0%80", 400),
    (b"a=%00", 400),
    ("a=税".encode(), 400),
    (b"%E7%A8%8E=1", 400),
    (b"a=" + b"x" * 8193, 400),
    (b"a=" + b"%41" * 8193, 400),
    (b"a=" + b"x" * 30000, 400),
    (b"&".join(b"a%d=1" % n for n in range(65)), 400),
    (b"x" * 65537, 413),
]


@pytest.mark.parametrize(("body", "status"), BAD_BODIES, ids=lambda v: str(v)[:20])
def test_a_body_that_cannot_be_read_is_refused(http: Client, body: bytes, status: int) -> None:
    answer = send(http, body)
    assert answer.status_code == status
    assert answer.get_json()["error"] == "invalid_request"


def test_parameters_without_value_are_left_out_and_free_text_may_be_any(http: Client) -> None:
    body = b"a=1&b=&=&c&login_hint=%E7%A8%8E&d=x+y%2B"
    assert send(http, body).get_json()["form"] == {"a": "1", "login_hint": "税", "d": "x y+"}
    assert send(http, b"", kind=None).get_json()["form"] == {}
    assert send(http, b"a=1", kind=FORM.upper() + "; charset=utf-8").get_json()["form"] == {"a": "1"}


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data", "text/plain", "", FORM + "x"])
def test_a_body_of_another_kind_is_415(http: Client, kind: str) -> None:
    assert send(http, b"a=1", kind=kind).status_code == 415


@pytest.mark.parametrize("length", ["x", "-1", "1e3", "٣", "9" * 19, "9" * 5000])
def test_a_length_that_is_none_is_400(http: Client, length: str) -> None:
    assert send(http, b"a=1", length=length).status_code == 400


def test_a_chunked_body_is_read_up_to_the_limit(http: Client) -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked"}
    assert send(http, b"a=1", length="", **chunked).get_json()["form"] == {"a": "1"}
    assert send(http, b"a=" + b"1" * 70000, length="", **chunked).status_code == 413
    assert send(http, b"a=1", length="").get_json()["form"] == {}


def test_a_handler_learns_where_the_request_came_from(http: Client) -> None:
    assert http.get("/echo", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}).get_json()["local"] is True
    assert http.get("/echo", environ_overrides={"REMOTE_ADDR": "10.0.0.1"}).get_json()["local"] is False
    proxied = http.get("/echo", environ_overrides={"REMOTE_ADDR": "127.0.0.1"}, headers={"X-Forwarded-For": "::1"})
    assert proxied.get_json()["local"] is False
    assert http.get("/echo?access_token=x").get_json()["query"] is True


@pytest.mark.parametrize("path", ["/database", "/state"])
def test_what_is_away_is_a_503_with_when_to_come_again(http: Client, path: str) -> None:
    answer = http.post(path, headers={"Origin": ORIGIN})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.get_json()["error"] == "temporarily_unavailable"


def test_origins_that_cannot_be_looked_up_are_not_known(http: Client) -> None:
    answer = http.options("/database", headers={"Origin": ORIGIN})
    assert answer.status_code == 204
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_bug_is_a_500_that_tells_nothing(http: Client) -> None:
    answer = http.post("/bug")
    assert answer.status_code == 500
    assert answer.get_json() == {"error": "server_error", "error_description": "the request failed"}
    assert "1381234" not in str(answer.headers)


def test_every_answer_has_a_reference_and_the_headers_of_safety(http: Client) -> None:
    for path, method in (("/echo", "GET"), ("/post", "PUT"), ("/bug", "POST"), ("/document", "GET")):
        headers = http.open(path, method=method).headers
        assert headers["X-Request-Id"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Strict-Transport-Security"].startswith("max-age=")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert [status for _, status in SEEN] == [200, 405, 500, 200]
    assert orjson.loads(http.get("/echo").data)
    assert http.get("/echo").headers["Cache-Control"] == "no-store"


def test_a_path_with_a_slash_serves_what_stands_one_step_below_and_is_observed_as_one(http: Client) -> None:
    assert orjson.loads(http.get("/json/cck_1").data)["below"] == "cck_1"
    assert SEEN == [("/json/", 200)]
    assert http.get("/json/").text == http.get("/json/a/b").text == "pages"


def test_a_json_endpoint_takes_one_object_and_no_form(http: Client) -> None:
    taken = http.post("/json", data='{"matter": "低保", "n": [1]}', content_type="application/json; charset=utf-8")
    assert orjson.loads(taken.data)["json"] == {"matter": "低保", "n": [1]}
    assert orjson.loads(taken.data)["form"] == {}
    refused = http.post("/json", data="a=1", content_type=FORM)
    assert refused.status_code == 415
    assert refused.content_type == "application/problem+json"
    assert orjson.loads(refused.data)["type"] == "urn:tongban:problem:invalid-request"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b'"a"', b"{", b'{"a":1,"a":2}', b'{"a":{"b":1,"b":2}}', b'{"a":NaN}', b'{"a":-Infinity}',
        b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b'{"a":"\xff"}', b'{"a":' + b"[" * 30_000,
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":' + b"[" * 900 + b"]" * 900 + b"}", b"{" + b",".join(b'"%d":1' % n for n in range(65)) + b"}",
    ],
)  # fmt: skip
def test_json_that_is_no_plain_object_is_malformed(http: Client, body: bytes) -> None:
    answer = http.post("/json", data=body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_a_json_endpoint_says_in_problem_details_that_it_is_too_much_or_too_early(http: Client) -> None:
    large = http.post("/json", data=b'{"a":"' + b"x" * 70_000 + b'"}', content_type="application/json")
    away = http.post("/json-bug", data=b"{}", content_type="application/json")
    wrong = http.delete("/json")
    assert [large.status_code, away.status_code, wrong.status_code] == [413, 503, 405]
    assert {one.content_type for one in (large, away, wrong)} == {"application/problem+json"}
    assert away.headers["Retry-After"] == "2"
