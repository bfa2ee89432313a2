"""Owns the address at which a Flask app has security events pushed to it; the rules stand in `web_events`."""

from __future__ import annotations

import json
from collections.abc import Callable

from flask import Response, request
from flask.typing import ResponseReturnValue

from adapters.departments.events import EventReceiver
from adapters.departments.web_events import LARGEST_EVENT, authorized, take, unauthorized
from adapters.departments.web_requests import Reply
from adapters.departments.web_signin import system_clock


def events_view(
    receiver: EventReceiver, *, authorization: str | None = None, clock: Callable[[], int] = system_clock
) -> Callable[[], ResponseReturnValue]:
    """A view for `app.add_url_rule("/events", view_func=..., methods=["POST"])`.

    authorization: the whole header given to `open_stream`. A handler that raises is answered as the app answers its
    errors, and the event comes again. With Flask-WTF, exempt it.
    """

    def security_events() -> ResponseReturnValue:
        if not authorized(request.headers.get("Authorization", ""), agreed=authorization):
            return _response(unauthorized())
        request.max_content_length = LARGEST_EVENT
        body, kind = request.get_data(cache=False), request.content_type or ""
        return _response(take(receiver, body, content_type=kind, now=clock()))

    return security_events


def _response(reply: Reply) -> Response:
    body = b"" if reply.document is None else json.dumps(dict(reply.document)).encode()
    response = Response(body, reply.status, mimetype=reply.content_type if body else None)
    response.headers["Cache-Control"] = "no-store"
    return response
