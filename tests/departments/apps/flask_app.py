"""The small app in Flask."""

from __future__ import annotations

from typing import Any

from flask import Flask

from adapters.departments.errors import SessionEnded
from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.flask_events import events_view
from adapters.departments.flask_notices import NoticeKind
from adapters.departments.flask_views import from_this_app

from .pages import AGREED, DEMANDS, STRONG, Given, by_handle, shown, told


def flask_app(given: Given) -> Flask:
    app = Flask("department")
    sso = SingleSignOn(app, given.party, **given.options)
    sso.ended.append(given.heard.append)

    @app.get("/")
    def home() -> str:
        return current_person.sub if current_person else "nobody"

    for name, asked in DEMANDS.items():

        @app.get(f"/{name}", endpoint=name)
        @login_required(**asked)
        def page() -> dict[str, Any]:
            return told(current_person)

    @app.get("/by/<handle>")
    @login_required(represent=by_handle)
    def by(handle: str) -> dict[str, Any]:
        return told(current_person)

    @app.get("/banner")
    @login_required
    def banner() -> str:
        return shown(sso.banner())

    @app.post("/act")
    @login_required
    def act() -> Any:
        return "done" if from_this_app(sso) else sso.notice(NoticeKind.FOREIGN_FORM, target="/")

    @app.post("/again")
    def again() -> str:
        try:
            return sso.refresh().access_token
        except SessionEnded:
            return "nobody"

    @app.get("/raise")
    def raised() -> Any:
        return sso.start(STRONG, target="/strong")

    events = events_view(given.events, authorization=AGREED, clock=given.clock)
    app.add_url_rule("/events", view_func=events, methods=["POST"])
    return app
