"""Cross-site request forgery (trust 8): every form, sign-in included."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from idp.web.csrf import EXEMPT
from tests.web.reading import token_in

FIELDS = b"identifier=a&password=b"


def test_form_with_its_token_passes(post: Callable[..., Any]) -> None:
    assert post(FIELDS).status_code == 200


def test_form_without_token_is_refused_with_a_page_that_helps(client: FlaskClient) -> None:
    answer = client.post("/signin?r=1", data={"identifier": "a"})
    assert answer.status_code == 400
    assert "页面已过期" in answer.text
    assert 'href="/signin?r=1"' in answer.text
    assert 'id="reference"' in answer.text


def test_token_of_another_browser_is_refused(app: Flask) -> None:
    one, other = app.test_client(), app.test_client()
    token = token_in(one.get("/signin").text)
    other.get("/signin")
    assert other.post("/signin", data={"identifier": "a", "csrf_token": token}).status_code == 400


def test_sign_in_makes_old_tokens_void(client: FlaskClient) -> None:
    token = token_in(client.get("/signin").text)
    form = {"identifier": "a", "password": "b", "csrf_token": token}
    first = client.post("/signin", data=form)
    assert first.status_code == 200
    assert client.post("/signin", data=form).status_code == 400
    assert client.post("/signin", data=form | {"csrf_token": token_in(first.text)}).status_code == 200


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://tax.localhost:8101", "http://localhost:8101", "null", ""]
)
def test_foreign_origin_is_refused_even_with_a_token(post: Callable[..., Any], origin: str) -> None:
    assert post(FIELDS, headers={"Origin": origin}).status_code == 400


@pytest.mark.parametrize("origin", ["http://localhost:8000", "http://localhost"])
def test_own_origin_passes(post: Callable[..., Any], origin: str) -> None:
    assert post(FIELDS, headers={"Origin": origin}).status_code == 200


def test_exemptions_are_the_protocol_requests_alone(client: FlaskClient) -> None:
    assert {("POST", "/authorize"), ("POST", "/logout")} == EXEMPT
    answer = client.post("/authorize", data={"client_id": "a"}, headers={"Origin": "https://app.example"})
    assert answer.text == "authorized"


def test_unknown_addresses_stay_unknown_when_posted_to(client: FlaskClient) -> None:
    assert client.post("/nowhere", data={}).status_code == 404
    assert client.post("/account", data={}).status_code == 405
