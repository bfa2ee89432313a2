"""Error pages: status, reference number, no internals."""

import re

import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from idp.web.errors import WORDS
from idp.web.guards import protocol, public
from tests.web.conftest import build


class DatabaseAway(Exception):
    """Stands for an outside service that is down."""


@pytest.fixture
def failing(app: Flask) -> FlaskClient:
    app.config["PROPAGATE_EXCEPTIONS"] = False

    @app.get("/abort/<int:status>")
    @public
    def stop(status: int) -> str:
        abort(status)

    @app.get("/protocol/<int:status>")
    @protocol
    def stop_protocol(status: int) -> str:
        abort(status)

    @app.get("/later")
    @public
    def later() -> str:
        raise TooManyRequests(retry_after=42)

    @app.get("/fault")
    @public
    def fault() -> str:
        raise ValueError("13800138000")

    return app.test_client()


@pytest.mark.parametrize("status", [*WORDS, 410, 502])
def test_every_error_is_a_calm_page_with_its_reference_number(failing: FlaskClient, status: int) -> None:
    answer = failing.get(f"/abort/{status}")
    assert answer.status_code == status
    assert answer.headers["X-Request-Id"] in answer.text
    assert re.fullmatch(r"(?:[2-9A-HJKMNP-Z]{4}-){2}[2-9A-HJKMNP-Z]{4}", answer.headers["X-Request-Id"])
    assert "Location" not in answer.headers
    assert ("Retry-After" in answer.headers) is (status in (429, 503))


def test_errors_of_protocol_requests_are_marked(failing: FlaskClient) -> None:
    answer = failing.get("/protocol/400")
    assert answer.status_code == 400
    assert 'id="oauth-error"' in answer.text
    assert "invalid_request" in answer.text
    assert 'id="oauth-error"' not in failing.get("/protocol/503").text


def test_retry_after_is_told(failing: FlaskClient) -> None:
    assert failing.get("/later").headers["Retry-After"] == "42"
    assert isinstance(ServiceUnavailable(retry_after=3).retry_after, int)


def test_fault_says_nothing_of_itself(failing: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    answer = failing.get("/fault")
    assert answer.status_code == 500
    assert "ValueError" not in answer.text
    assert "13800138000" not in answer.text


def test_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/account")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_two_requests_have_two_reference_numbers(client: FlaskClient) -> None:
    sent = {"X-Request-Id": "chosen-by-the-caller"}
    numbers = {client.get("/signin", headers=sent).headers["X-Request-Id"] for _ in range(20)}
    assert len(numbers) == 20
    assert "chosen-by-the-caller" not in numbers


def test_outside_service_that_is_down_is_a_declared_503() -> None:
    app = build(unavailable=(DatabaseAway,))

    @app.get("/down")
    @public
    def down() -> str:
        raise DatabaseAway

    answer = app.test_client().get("/down")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
