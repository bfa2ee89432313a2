"""One small application over the web layer, under http and under https."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask, g, render_template, request
from flask.testing import FlaskClient

from idp.web import init_web, new_flask
from idp.web.csrf import rotate_csrf
from idp.web.forms import Field, Form
from idp.web.guards import protocol, public, signed_in
from idp.web.options import WebOptions
from tests.web.reading import token_in

IDENTIFIER, PASSWORD = Field("identifier"), Field("password", secret=True)


def build(
    issuer: str = "http://localhost:8000", *, unavailable: tuple[type[Exception], ...] = (), **options: Any
) -> Flask:
    app = new_flask("tested")
    web = WebOptions(issuer=issuer, secret_key=b"k" * 32, **options)
    init_web(
        app,
        web,
        unavailable=unavailable,
        load_session=lambda: request.headers.get("Test-Session"),
        sign_in=lambda: ("", 303, [("Location", "/signin")]),
    )

    @app.route("/signin", methods=["GET", "POST"])
    @public
    def signin() -> str:
        form = Form.submitted(IDENTIFIER, PASSWORD) if request.method == "POST" else Form(IDENTIFIER, PASSWORD)
        if form.ok and request.method == "POST":
            rotate_csrf()
        return render_template(
            "signin.html",
            form=form,
            client_name=None,
            notice=None,
            locked=False,
            captcha=None,
            code_url="/c",
            passkey_url="/signin/passkey",
            register_url="/r",
            recover_url="/f",
            face_url=None,
            certificate_url=None,
            scan_url=None,
            activate_url="/activate",
        )

    @app.route("/authorize", methods=["GET", "POST"])
    @protocol
    def authorize() -> str:
        return "authorized"

    @app.get("/account")
    @signed_in
    def account() -> str:
        return f"account of {g.tb_session}"

    return app


@pytest.fixture
def app() -> Flask:
    return build()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def secure() -> FlaskClient:
    return build("https://idp.example.org").test_client()


@pytest.fixture
def post(client: FlaskClient) -> Callable[..., Any]:
    """Post a form to /signin as its page would."""

    def send(body: bytes = b"", **kwargs: Any) -> Any:
        token = token_in(client.get("/signin").text)
        body += b"&csrf_token=" + token.encode()
        return client.post("/signin", data=body, content_type="application/x-www-form-urlencoded", **kwargs)

    return send
