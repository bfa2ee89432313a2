"""Owns the kit's routes in a Flask app; each is one of `web_endpoints` and adds nothing to it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from adapters.departments.flask_signin import BrowserSignIn
from adapters.departments.web_endpoints import LARGEST_FORM, Endpoint, endpoints


def blueprint(sign_in: BrowserSignIn) -> Blueprint:
    """The routes, bound to one app's sign-in."""
    routes = Blueprint("departments", __name__)
    for endpoint in endpoints(sign_in.party.settings):
        routes.add_url_rule(endpoint.path, endpoint.name, _view(sign_in, endpoint), methods=list(endpoint.methods))

    @routes.app_context_processor
    def banner() -> dict[str, object]:
        return {"acting_banner": sign_in.banner}

    return routes


def from_this_app(sign_in: BrowserSignIn) -> bool:
    """True unless the browser says that a page of another origin sent this form."""
    return sign_in.from_this_app()


def _view(sign_in: BrowserSignIn, endpoint: Endpoint) -> Callable[[], ResponseReturnValue]:
    def view() -> ResponseReturnValue:
        visit = sign_in.visit()
        if request.method == "POST":
            request.max_content_length = LARGEST_FORM
            visit.form = request.form.to_dict(flat=False)
        return sign_in.response(endpoint.answer(sign_in.core, visit))

    return view
