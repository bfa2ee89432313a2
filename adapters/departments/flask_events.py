"""Owns the address at which a Flask app has security events pushed to it (RFC 8935).

Who may post there is said by the header agreed on with the stream, and what is believed by the provider's signature.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

from flask import Response, jsonify, make_response, request
from flask.typing import ResponseReturnValue

from adapters.departments.events import Answer, EventReceiver
from adapters.departments.flask_signin import system_clock

_LARGEST = 32 * 1024
_UNKNOWN = Answer(400, "authentication_failed", "the header that was agreed on is missing")


def events_view(
    receiver: EventReceiver, *, authorization: str | None = None, clock: Callable[[], int] = system_clock
) -> Callable[[], ResponseReturnValue]:
    """A view for `app.add_url_rule("/events", view_func=..., methods=["POST"])`.

    authorization: the whole header given to `open_stream`. A handler that raises is answered as the app answers its
    errors, and the event comes again. With Flask-WTF, exempt it.
    """

    def security_events() -> ResponseReturnValue:
        sent = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if authorization is not None and not hmac.compare_digest(sent, authorization.encode()):
            return _response(_UNKNOWN)
        request.max_content_length = _LARGEST
        token = request.get_data(cache=False).decode("ascii", "replace").strip()
        return _response(receiver.pushed(token, content_type=request.content_type or "", now=clock()))

    return security_events


def _response(answer: Answer) -> Response:
    response = make_response(jsonify(answer.document) if answer.document else b"", answer.status)
    response.headers["Cache-Control"] = "no-store"
    return response
