"""The OpenAPI description of event streams.

Always true: it names every path, status and problem that the endpoints have; a test holds it against their answers.
"""

from typing import Any

from idp.streams.endpoints import POLL, STATUS, STREAMS, VERIFY
from idp.streams.rules import MOST_EVENTS, SUPPORTED, Method, Status
from idp.web.describing import TEXT, answer, body, obj, problems, ref

_CALLER = {401: ("client-authentication",), 403: ("insufficient-scope",)}
_INVALID = {400: ("invalid-request",)}
_NAMED = _CALLER | _INVALID | {404: ("not-found",)}
_STREAM_ID: dict[str, Any] = {"name": "stream_id", "in": "query", "schema": TEXT}


def paths() -> dict[str, Any]:
    return {STREAMS: _streams(), STATUS: _status(), VERIFY: {"post": _verify()}, POLL: {"post": _poll()}}


def _streams() -> dict[str, Any]:
    changes = {
        "requestBody": body("StreamChange"),
        "responses": {"200": answer("As it is now", "Stream"), **problems(_NAMED, takes_body=True)},
    }
    named = [_STREAM_ID | {"required": True}]
    return {
        "post": {
            "operationId": "create_event_stream",
            "summary": "Make this client's stream of events (SSF 1.0 8.1.1.1)",
            "requestBody": body("StreamChange"),
            "responses": {
                "201": answer("Made", "Stream"),
                **problems(_CALLER | _INVALID | {409: ("stream-exists",)}, takes_body=True),
            },
        },
        "get": {
            "operationId": "read_event_stream",
            "summary": "The stream of this name, or all there are",
            "parameters": [_STREAM_ID],
            "responses": {
                "200": answer("One, or a list", "Stream", "StreamList"),
                **problems(_NAMED, takes_body=False),
            },
        },
        "patch": {"operationId": "change_event_stream", "summary": "Change what is named"} | changes,
        "put": {"operationId": "replace_event_stream", "summary": "Say anew how it is"} | changes,
        "delete": {
            "operationId": "delete_event_stream",
            "summary": "End it, with what waits in it",
            "parameters": named,
            "responses": {"204": {"description": "Gone"}, **problems(_NAMED, takes_body=False)},
        },
    }


def _status() -> dict[str, Any]:
    return {
        "get": {
            "operationId": "read_event_stream_status",
            "summary": "Whether it is delivered (SSF 1.0 8.1.2.1)",
            "parameters": [_STREAM_ID | {"required": True}],
            "responses": {"200": answer("Its status", "StreamStatus"), **problems(_NAMED, takes_body=False)},
        },
        "post": {
            "operationId": "set_event_stream_status",
            "summary": "Pause, disable or enable it",
            "requestBody": body("StreamStatus"),
            "responses": {"200": answer("Its status", "StreamStatus"), **problems(_NAMED, takes_body=True)},
        },
    }


def _verify() -> dict[str, Any]:
    return {
        "operationId": "verify_event_stream",
        "summary": "Have a verification event sent (SSF 1.0 8.1.4.2)",
        "requestBody": body("Verification"),
        "responses": {
            "204": {"description": "It is on its way"},
            **problems(_NAMED | {429: ("too-many-requests",)}, takes_body=True),
        },
    }


def _poll() -> dict[str, Any]:
    return {
        "operationId": "poll_events",
        "summary": "Take events, and say which were taken (RFC 8936)",
        "requestBody": body("Poll"),
        "responses": {"200": answer("What waits", "Events"), **problems(_NAMED, takes_body=True)},
    }


_URIS: dict[str, Any] = {"type": "array", "items": {"type": "string", "examples": list(SUPPORTED)}}
_DELIVERY = {
    "method": {"enum": [one.value for one in Method]},
    "endpoint_url": TEXT | {"description": "where a push goes, or where this client polls"},
}
SCHEMAS: dict[str, Any] = {
    "StreamChange": {
        "type": "object",
        "properties": {
            "stream_id": TEXT | {"description": "needed by PATCH and PUT"},
            "delivery": obj(_DELIVERY | {"authorization_header": TEXT}, "method"),
            "events_requested": _URIS,
            "description": TEXT | {"maxLength": 200},
        },
    },
    "Stream": obj(
        {
            "stream_id": TEXT,
            "iss": TEXT,
            "aud": TEXT,
            "events_supported": _URIS,
            "events_requested": _URIS,
            "events_delivered": _URIS,
            "delivery": obj(_DELIVERY, "method", "endpoint_url"),
            "min_verification_interval": {"type": "integer", "description": "seconds"},
            "description": TEXT,
        },
        "stream_id",
        "iss",
        "aud",
        "events_supported",
        "events_requested",
        "events_delivered",
        "delivery",
        "min_verification_interval",
    ),
    "StreamList": {"type": "array", "maxItems": 1, "items": ref("Stream")},
    "StreamStatus": obj(
        {"stream_id": TEXT, "status": {"enum": [one.value for one in Status]}, "reason": TEXT | {"maxLength": 200}},
        "stream_id",
        "status",
    ),
    "Verification": obj({"stream_id": TEXT, "state": TEXT | {"maxLength": 200}}, "stream_id"),
    "Poll": obj(
        {
            "maxEvents": {"type": "integer", "minimum": 0},
            "returnImmediately": {"type": "boolean"},
            "ack": {"type": "array", "maxItems": MOST_EVENTS, "items": TEXT},
            "setErrs": {"type": "object", "maxProperties": MOST_EVENTS},
        }
    ),
    "Events": obj(
        {
            "sets": {"type": "object", "description": "by its jti, each token (RFC 8417)"},
            "moreAvailable": {"type": "boolean"},
        },
        "sets",
        "moreAvailable",
    ),
}
