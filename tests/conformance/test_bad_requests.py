"""Bad input is answered with a clear 4xx: errors go to a registered URI or onto a page, and nothing becomes a 5xx."""

import json
import re
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.conformance.bad_requests import (
    BY_GET,
    DENIED,
    ECHOES,
    NASTY,
    PLACES,
    REDIRECTED,
    SHOWN,
    UNREADABLE,
    Denied,
    Refused,
    addressed,
    decent,
    planted,
)
from tests.conformance.differences import known
from tests.conformance.html_forms import read
from tests.conformance.installation import Installation
from tests.conformance.op import DESCRIPTION
from tests.conformance.raw import RawResponse, exchange, message
from tests.conformance.test_plans import TARGETS

pytestmark = pytest.mark.processes

OURS = ("tongban",)
METHODS = ("GET", "POST")


def send(installation: Installation, raw: bytes) -> RawResponse:
    response = exchange(installation.issuer, raw)
    assert response is not None, "the connection was closed without an answer"
    assert response.status < 500, f"{response.status} {response.body[:300]!r}"
    assert "x-planted" not in response.headers
    return response


def filled(case: Refused, installation: Installation) -> list[tuple[str, str]]:
    registered = installation.first.redirect_uri
    words = {
        "{registered}": registered,
        "{capitals}": registered.replace("callback", "Callback"),
        "{with_user}": registered.replace("://", "://user@"),
        "{of_second}": installation.second.redirect_uri,
    }
    pairs = case.pairs(decent(installation, "authorization"))
    for word, meant in words.items():
        pairs = [(name, value.replace(word, meant)) for name, value in pairs]
    return pairs


def is_error_page(response: RawResponse, installation: Installation) -> None:
    assert response.status == 400, response.status
    assert response.location is None
    assert response.headers["content-type"].startswith("text/html")
    text = response.body.decode("utf-8")
    assert "oauth-error" in read(text, installation.issuer).ids
    if installation.target == "tongban":
        assert re.search(r'class="number"[^>]*>\s*[A-Z0-9-]{6,}\s*<', text), "there is no reference number"


def carried(response: RawResponse, installation: Installation, *, by_fragment: bool) -> dict[str, str]:
    """The parameters of an error that was redirected to the registered URI."""
    assert response.status in {302, 303}, f"{response.status} {response.body[:200]!r}"
    where = urlsplit(response.location or "")
    assert f"{where.scheme}://{where.netloc}{where.path}" == installation.first.redirect_uri
    assert by_fragment or not where.fragment
    return dict(parse_qsl(where.fragment or where.query, keep_blank_values=True))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", SHOWN, ids=lambda case: case.name)
@pytest.mark.parametrize("target", TARGETS)
def test_an_untrusted_client_or_address_is_shown_a_page(
    case: Refused, method: str, installation: Installation
) -> None:
    body = urlencode(filled(case, installation)).encode("ascii")
    is_error_page(send(installation, addressed(installation, "authorization", method, body)), installation)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("case", REDIRECTED, ids=lambda case: case.name)
@pytest.mark.parametrize("target", TARGETS)
def test_an_error_goes_to_the_registered_address(case: Refused, method: str, installation: Installation) -> None:
    body = urlencode(filled(case, installation)).encode("ascii")
    response = send(installation, addressed(installation, "authorization", method, body))
    if method == "POST" and _back_to_authorization(response, installation):
        response = send(installation, addressed(installation, "authorization", "GET", body))
    if case.page_too and response.location is None:
        is_error_page(response, installation)
        return
    params = carried(response, installation, by_fragment=case.by_fragment)
    assert params["error"] in case.errors
    assert DESCRIPTION.fullmatch(params.get("error_description", ""))
    assert params["iss"] == installation.issuer
    assert "code" not in params
    if "state" not in case.twice:
        assert params["state"] == "state"


def _back_to_authorization(response: RawResponse, installation: Installation) -> bool:
    """A POST may be turned into a GET first, so that Lax cookies come along."""
    return urlsplit(response.location or "").path == installation.endpoints.authorization


@pytest.mark.parametrize("case", REDIRECTED[:5], ids=lambda case: case.name)
@pytest.mark.parametrize("target", TARGETS)
def test_an_error_is_posted_when_form_post_was_asked_for(case: Refused, installation: Installation) -> None:
    pairs = [*filled(case, installation), ("response_mode", "form_post")]
    body = urlencode(pairs).encode("ascii")
    response = send(installation, addressed(installation, "authorization", "GET", body))
    assert response.location is None
    forms = read(response.body.decode("utf-8"), installation.issuer).forms
    (form,) = [form for form in forms if form.action == installation.first.redirect_uri]
    assert form.method == "POST"
    assert dict(form.data())["error"] in case.errors


@pytest.mark.parametrize("case", DENIED, ids=lambda case: case.name)
@pytest.mark.parametrize("target", TARGETS)
def test_a_machine_gets_the_error_of_the_table(case: Denied, installation: Installation) -> None:
    client, path = installation.first, getattr(installation.endpoints, case.endpoint)
    body = urlencode(case.form(client)).encode("ascii")
    host = installation.issuer.split("://")[1]
    raw = message(b"POST", path.encode("ascii"), host=host, body=body, headers=case.headers(client))
    response = send(installation, raw)
    assert response.status in case.statuses
    if case.challenge:
        assert re.search(r"\b(Basic|Bearer)\b", response.headers["www-authenticate"])
    if case.endpoint == "userinfo":
        return
    told = json.loads(response.body)
    assert isinstance(told["error"], str)
    if case.auth == "none" and known(installation.target, "no-client-authentication", case.name):
        assert told["error"] == "invalid_request", "the difference is listed and does not exist any more"
    else:
        assert case.error in {None, told["error"]}
    assert DESCRIPTION.fullmatch(told.get("error_description", ""))
    if case.endpoint != "revocation":
        assert "no-store" in response.headers.get("cache-control", "")


PLANTED = [
    pytest.param(endpoint, name, method, id=f"{endpoint}-{name}-{method}")
    for endpoint, names in PLACES.items()
    for name in names
    for method in METHODS
    if method == "POST" or endpoint in BY_GET
]


@pytest.mark.parametrize(("endpoint", "name", "method"), PLANTED)
@pytest.mark.parametrize("target", OURS)
def test_nasty_bytes_get_a_clear_answer(endpoint: str, name: str, method: str, installation: Installation) -> None:
    for title, value in NASTY.items():
        response = send(installation, planted(installation, endpoint, name, value, method))
        if response.location:
            to_client = response.location.startswith(installation.first.redirect_uri)
            back = urlsplit(response.location).path == installation.endpoints.authorization
            assert (to_client and "error=" in response.location) or back or title not in UNREADABLE, title
        elif title in UNREADABLE:
            assert 400 <= response.status < 500, f"{title}: {response.status}"
        assert b"Traceback" not in response.body
        assert not [echo for echo in ECHOES if echo in response.body], f"{title} is echoed"


@pytest.mark.parametrize("endpoint", PLACES)
@pytest.mark.parametrize("target", OURS)
def test_too_much_is_refused(endpoint: str, installation: Installation) -> None:
    many = b"&".join(b"p%d=1" % number for number in range(5_000))
    huge = b"extra=" + b"a" * 2_000_000
    for carried_bytes in (many, huge):
        response = send(installation, addressed(installation, endpoint, "POST", carried_bytes))
        assert 400 <= response.status < 500
    if endpoint in BY_GET:
        response = send(installation, addressed(installation, endpoint, "GET", b"extra=" + b"a" * 40_000))
        assert 400 <= response.status < 500


@pytest.mark.parametrize("endpoint", PLACES)
@pytest.mark.parametrize("target", OURS)
def test_a_body_that_is_no_form_is_refused(endpoint: str, installation: Installation) -> None:
    path = getattr(installation.endpoints, endpoint).encode("ascii")
    host = installation.issuer.split("://")[1]
    parts = b'--x\r\nContent-Disposition: form-data; name="token"\r\n\r\nt\r\n--x--\r\n'
    bodies = {
        b"application/json": b'{"grant_type":"authorization_code"}',
        b"multipart/form-data; boundary=x": parts,
        b"text/plain": b"grant_type=authorization_code",
        b"application/x-www-form-urlencoded; charset=utf-16": "grant_type=authorization_code".encode("utf-16"),
        b"": b"grant_type=authorization_code",
        b"\xff\xfe/\xff": b"grant_type=authorization_code",
    }
    for kind, body in bodies.items():
        headers = (b"Content-Type: " + kind,) if kind else ()
        raw = message(b"POST", path, host=host, body=body, headers=headers, form=False)
        assert 400 <= send(installation, raw).status < 500, kind


@pytest.mark.parametrize("endpoint", PLACES)
@pytest.mark.parametrize("target", OURS)
def test_hostile_headers_and_request_lines_do_no_harm(endpoint: str, installation: Installation) -> None:
    path = getattr(installation.endpoints, endpoint).encode("ascii")
    host = installation.issuer.split("://")[1]
    hostile: tuple[bytes, ...] = (
        b"Authorization: Bearer " + b"a" * 20_000,
        b"Authorization: Bearer \xff\xfe",
        b"Authorization: Basic \xe4\xb8\xad",
        b"Cookie: tb_session=\xff\xfe; __Host-tb_session=%00",
        b"Cookie: " + b"a=b; " * 2_000,
        b"Accept-Language: \xe4\xb8\xad;q=zz",
        b"X-Forwarded-For: not-an-address, \xff",
        b"X-Request-ID: \xff\xfe",
        b"Content-Encoding: gzip",
        b"Expect: 200-maybe",
        b"Origin: null",
    )
    for header in hostile:
        for method in (b"GET", b"POST"):
            send(installation, message(method, path, host=host, headers=(header,), body=b"state=1"))
    for method in (b"PUT", b"DELETE", b"PATCH", b"TRACE", b"PROPFIND"):
        assert 400 <= send(installation, message(method, path, host=host)).status < 500


@pytest.mark.parametrize("target", OURS)
def test_a_request_line_that_is_no_http_is_refused(installation: Installation) -> None:
    host = installation.issuer.split("://")[1].encode("ascii")
    for line in (
        b"GET /authorize?\x00 HTTP/1.1",
        b"GET /authorize? state=1 HTTP/1.1",
        b"GET /%ff%fe HTTP/1.1",
        b"GET /\xff\xfe HTTP/1.1",
        b"GET /..%2f..%2fetc/passwd HTTP/1.1",
        b"GET //elsewhere.example/ HTTP/1.1",
        b"GET /authorize%00 HTTP/1.1",
        b"POST /token HTTP/1.1\r\nContent-Length: -1",
        b"POST /token HTTP/1.1\r\nContent-Length: ten",
    ):
        response = exchange(installation.issuer, line + b"\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert response is not None, line
        assert 400 <= response.status < 500, f"{line!r}: {response.status}"


@pytest.mark.parametrize("endpoint", ["token", "introspection", "revocation"])
@pytest.mark.parametrize("target", TARGETS)
def test_machine_endpoints_serve_post_only(endpoint: str, installation: Installation) -> None:
    response = send(installation, addressed(installation, endpoint, "GET", b"token=unknown"))
    assert response.status in {400, 404, 405}
    assert response.location is None


@pytest.mark.parametrize("target", OURS)
def test_userinfo_takes_no_token_from_the_address(installation: Installation) -> None:
    response = send(installation, addressed(installation, "userinfo", "GET", b"access_token=unknown"))
    assert response.status in {400, 401}


@pytest.mark.parametrize("target", OURS)
def test_machine_endpoints_answer_json_and_doors_answer_pages(installation: Installation) -> None:
    for endpoint in ("token", "introspection", "revocation"):
        response = send(installation, addressed(installation, endpoint, "POST", b"state=%ff"))
        assert json.loads(response.body)["error"] == "invalid_request"
    for endpoint in ("authorization", "end_session"):
        for method in METHODS:
            is_error_page(send(installation, addressed(installation, endpoint, method, b"state=%ff")), installation)
