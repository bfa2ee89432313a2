"""The self-test of an API: one that verifies as it should passes; of others it says what they wrongly took."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import pytest
from flask import Flask, request
from joserfc import jws
from werkzeug.serving import WSGIRequestHandler, make_server

from adapters.departments import selftest
from adapters.departments.errors import InvalidToken, ProviderUnavailable
from adapters.departments.representing import Power
from adapters.departments.resource_server import ResourceServer, ResourceSettings, bearer_token
from adapters.departments.selftest import Report, run
from adapters.departments.selftest_cases import Issuer, cases
from adapters.departments.transport import Request, Response
from tests.ports import free_port

ADDRESS, API = "http://127.0.0.1:8099", "https://api.tax.example/represented"
FIGURES = "https://api.tax.example/figures"
MATTER = Power(theme="tax.filing", actions=("view",))
NOW = int(time.time())
ISSUER = Issuer(ADDRESS)
GOOD, *BAD = cases(ISSUER, API, matter=MATTER, now=NOW)
Verify = Callable[[str], bool]


class Documents:
    """The issuer as the API reaches it."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer

    def send(self, request: Request) -> Response:
        found = self.issuer.documents.get(request.url.removeprefix(self.issuer.address))
        return Response(200 if found else 404, {}, json.dumps(found or {}).encode())


def by_the_kit(issuer: Issuer) -> Verify:
    server = ResourceServer(ResourceSettings(issuer=issuer.address, audience=API), Documents(issuer))

    def verify(token: str) -> bool:
        try:
            return server.verify_delegation(token, now=NOW).allows(MATTER)
        except InvalidToken:
            return False

    return verify


def claims_of(token: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return found


def signed(token: str) -> bool:
    try:
        jws.deserialize_compact(token, ISSUER.key, algorithms=["ES256"])
    except Exception:
        return False
    return True


def ours(token: str) -> bool:
    """As those verify who look at issuer, audience, end and signature only."""
    claims = claims_of(token)
    return signed(token) and (claims["iss"], claims.get("aud")) == (ADDRESS, API) and claims.get("exp", 0) > NOW


def api(verify: Verify) -> Flask:
    app = Flask("api")

    @app.get("/figures")
    def figures() -> tuple[str, int]:
        token = bearer_token(request.headers.get("Authorization"))
        return ("", 401) if token is None or not verify(token) else ("figures", 200)

    return app


class InProcess:
    """Reaches the API without a socket."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def send(self, request: Request) -> Response:
        answer = self.client.get("/figures", headers=dict(request.headers))
        return Response(answer.status_code, {}, answer.data)


def report_of(verify: Verify) -> Report:
    return run(InProcess(api(verify)), FIGURES, audience=API, tried=[GOOD, *BAD], now=NOW)


def test_an_api_that_verifies_as_the_kit_does_passes() -> None:
    report = report_of(by_the_kit(ISSUER))
    assert report.passed, report.text
    assert report.line.startswith(f"self-test 1 passed: {len(BAD) + 1} of {len(BAD) + 1} right, ")
    assert report.line.endswith(API)


WRONGLY: list[tuple[str, Verify, set[str]]] = [
    ("type", lambda token: ours(token) and "act" in claims_of(token), {
        "a delegation under the type of an access token", "a delegation without a type",
    }),
    ("human", ours, {"the human's own access token (at+jwt)", "without the human (no act)"}),
    ("powers", ours, {"with an empty list of powers", "with a generic scope in place of powers"}),
    ("audience", lambda token: signed(token), {"for another API", "for two APIs"}),
    ("issuer", lambda token: signed(token), {"of another issuer", "expired", "without an end"}),
    ("signature", lambda _token: True, {"signed by somebody else's key", "not signed (alg none)"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("verify", "taken"), [(verify, taken) for _, verify, taken in WRONGLY], ids=[name for name, *_ in WRONGLY]
)
def test_an_api_that_looks_at_less_is_told_what_it_wrongly_took(verify: Verify, taken: set[str]) -> None:
    report = report_of(verify)
    assert not report.passed
    wrongly = {outcome.case.name for outcome in report.outcomes if outcome.verdict == "WRONGLY TAKEN"}
    assert taken <= wrongly
    assert "FAILED" in report.line
    for name in taken:
        assert f"WRONGLY TAKEN              200  {name}" in report.text


def test_an_api_that_refuses_everything_does_not_pass() -> None:
    report = report_of(lambda _token: False)
    assert [outcome.case.name for outcome in report.outcomes if not outcome.passed] == [GOOD.name]
    assert "WRONGLY REFUSED" in report.text


def test_an_api_that_falls_over_does_not_pass() -> None:
    class Falling:
        def send(self, request: Request) -> Response:
            return Response(200 if request.headers.get("Authorization") == f"Bearer {GOOD.token}" else 500, {}, b"")

    report = run(Falling(), FIGURES, audience=API, tried=[GOOD, *BAD], now=NOW)
    assert sum(outcome.passed for outcome in report.outcomes) == 1
    assert "NEITHER TAKEN NOR REFUSED" in report.text


def test_an_api_that_does_not_answer_does_not_pass() -> None:
    class Away:
        def send(self, request: Request) -> Response:
            raise ProviderUnavailable("no answer")

    report = run(Away(), FIGURES, audience=API, tried=[GOOD, *BAD], now=NOW)
    assert not report.passed
    assert report.text.count("NO ANSWER") == len(BAD) + 1


def test_every_case_is_another_one() -> None:
    assert len({case.name for case in (GOOD, *BAD)}) == len({case.token for case in (GOOD, *BAD)}) == len(BAD) + 1


# The command


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def listening(app: Flask) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/figures"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_command_tests_an_api_over_the_wire(capsys: pytest.CaptureFixture[str]) -> None:
    at = f"127.0.0.1:{free_port()}"
    server = ResourceServer(ResourceSettings(issuer=f"http://{at}", audience=API))

    def verify(token: str) -> bool:
        try:
            return server.verify_delegation(token, now=int(time.time())).allows(MATTER)
        except InvalidToken:
            return False

    with listening(api(verify)) as url:
        assert selftest.main([url, "--audience", API, "--listen", at]) == 0
        assert " passed: " in capsys.readouterr().out
    with listening(api(lambda _token: True)) as url:
        assert selftest.main([url, "--audience", API, "--listen", at]) == 1
        assert " FAILED: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "given",
    [
        ["ftp://api.example/figures", "--audience", API],
        ["https://api.example/figures", "--audience", API, "--listen", "127.0.0.1:port"],
        ["https://api.example/figures", "--audience", API, "--connect-to", "nonsense"],
        ["https://api.example/figures", "--audience", API, "--ca-file", "/nonexistent.pem"],
    ],
)
def test_a_test_that_cannot_be_made_is_neither(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert selftest.main(given) == 2
    assert "could not be made" in capsys.readouterr().err
