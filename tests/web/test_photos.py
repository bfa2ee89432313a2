"""A form with a file: from who is signed in alone, to views that take one, within caps of its own, on no disk."""

import io
import os
import sys
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from idp.web.guards import public, signed_in
from idp.web.limits import sent_photo, takes_photo
from idp.web.options import Limits
from tests.multipart import KIND, form_with
from tests.web.conftest import build
from tests.web.reading import token_in

KNOWN = {"Test-Session": "somebody"}
PHOTO = os.urandom(700_000)
"""More than Werkzeug keeps in memory by itself."""
_opened: list[str] | None = None


def _listen(event: str, arguments: tuple[Any, ...]) -> None:
    if _opened is not None and event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_ACCMODE:
        _opened.append(str(arguments[0]))


sys.addaudithook(_listen)


def with_views(**limits: int) -> Flask:
    app = build(limits=Limits(**limits))

    @app.route("/photo", methods=["GET", "POST"])
    @takes_photo
    @signed_in
    def photo() -> str:
        return f"{len(sent_photo('photo'))} bytes"

    @app.post("/other")
    @public
    def other() -> str:
        return "taken"

    return app


def send(
    client: FlaskClient, path: str = "/photo", token: str | None = None, *photos: bytes, **fields: str
) -> TestResponse:
    token = token_in(client.get("/signin").text) if token is None else token
    body = form_with({"csrf_token": token, **fields}, *(("photo", "a.jpg", photo) for photo in photos))
    return client.post(path, input_stream=io.BytesIO(body), content_type=KIND, headers=KNOWN)


def test_a_photo_of_somebody_signed_in_is_read_and_touches_no_disk() -> None:
    global _opened
    client = with_views().test_client()
    token = token_in(client.get("/signin").text)
    _opened = []
    try:
        answer = send(client, "/photo", token, PHOTO)
    finally:
        opened, _opened = _opened, None
    assert answer.text == f"{len(PHOTO)} bytes"
    assert opened == []


def test_of_somebody_not_signed_in_nothing_is_read() -> None:
    class Untouched(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("the body was read")

    sent = {"wsgi.input": Untouched(), "CONTENT_TYPE": KIND, "CONTENT_LENGTH": "9000000"}
    answer = with_views().test_client().post("/photo", environ_overrides=sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin")


def test_a_view_that_takes_no_photo_gets_none() -> None:
    assert send(with_views().test_client(), "/other", None, b"p").status_code == 415


def test_a_form_with_a_photo_needs_its_token_too() -> None:
    client = with_views().test_client()
    for token in ("", "made-up"):
        assert send(client, "/photo", token, PHOTO).status_code == 400


def test_two_photos_are_no_form_of_ours() -> None:
    assert send(with_views().test_client(), "/photo", None, PHOTO, PHOTO).status_code == 400


def test_a_form_without_its_photo_is_for_the_view_to_judge() -> None:
    client = with_views().test_client()
    assert send(client).text == "0 bytes"
    assert send(client, "/photo", None, b"").text == "0 bytes"


@pytest.mark.parametrize(
    ("photos", "fields", "status"),
    [
        ([b"p" * 21_001], {}, 413),
        ([], {"note": "x" * 101}, 413),
        ([], {f"n{i}": "x" for i in range(9)}, 413),
        ([], {"note": "a\0b"}, 400),
        ([], {"note": "a\ufffdb"}, 400),
    ],
    ids=["photo", "field", "fields", "nul", "replaced"],
)
def test_what_is_too_large_or_unsound_is_refused(photos: list[bytes], fields: dict[str, str], status: int) -> None:
    limits = {"photo_bytes": 20_000, "body_bytes": 1000, "fields": 5, "field_bytes": 100}
    answer = send(with_views(**limits).test_client(), "/photo", "t", *photos, **fields)
    assert answer.status_code == status
    if photos:
        assert 'href="/photo"' in answer.text, "the way back to choose a smaller one"


def test_a_photo_form_that_never_ends_is_cut_off() -> None:
    client = with_views(photo_bytes=20_000, body_bytes=1000).test_client()
    answer = client.post(
        "/photo",
        input_stream=io.BytesIO(form_with({}, ("photo", "a.jpg", b"p" * 50_000))),
        content_type=KIND,
        headers=KNOWN,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert answer.status_code == 413
