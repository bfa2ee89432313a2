"""Guards: every view names one."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.web.clock import now, set_clock
from idp.web.guards import Guard, current_session, forget_session, guard_of, public, require_guards, unguarded


def test_view_without_guard_stops_the_start(app: Flask) -> None:
    require_guards(app)

    @app.get("/open")
    def forgotten() -> str:
        return "open"

    assert unguarded(app) == ["/open"]
    with pytest.raises(RuntimeError, match="/open"):
        require_guards(app)


def test_guards_are_kept_for_every_view(app: Flask) -> None:
    assert guard_of(app, "signin") is Guard.PUBLIC
    assert guard_of(app, "account") is Guard.SIGNED_IN
    assert guard_of(app, "authorize") is Guard.PROTOCOL
    assert guard_of(app, "nothing") is None
    assert guard_of(app, None) is None


def test_signed_in_pages_send_others_to_sign_in(client: FlaskClient) -> None:
    answer = client.get("/account")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin")
    assert client.get("/account", headers={"Test-Session": "S"}).text == "account of S"


def test_session_is_loaded_once_until_it_is_forgotten(app: Flask) -> None:
    with app.test_request_context("/", headers={"Test-Session": "S"}) as context:
        assert current_session() == "S"
        context.request.environ.pop("HTTP_TEST_SESSION")
        assert current_session() == "S"
        forget_session()
        assert current_session() is None


def test_time_stands_still_within_a_request(app: Flask) -> None:
    ticks = iter(range(100, 200))
    set_clock(app, lambda: next(ticks))

    @app.get("/time")
    @public
    def time() -> str:
        return f"{now()} {now()}"

    client = app.test_client()
    assert client.get("/time").text == "100 100"
    assert client.get("/time").text == "101 101"


def test_system_clock_is_the_default(app: Flask) -> None:
    with app.test_request_context("/"):
        assert now() > 1_700_000_000
