"""The OpenAPI description of checks of authority.

Always true: it names every path, status and problem that the endpoints have; a test holds it against their answers.
"""

from typing import Any

from idp.authority.endpoints import EVALUATION, EVALUATIONS, MANDATE
from idp.authority.rules import MOST, Semantic
from idp.mandates.rules import State
from idp.mandates.scopes import Action
from idp.web.describing import TEXT, answer, body, obj, problems

_CALLER = {401: ("client-authentication",), 403: ("insufficient-scope",)}
_INVALID = {400: ("invalid-request",)}


def paths() -> dict[str, Any]:
    refused = problems(_CALLER | _INVALID, takes_body=True)
    return {
        EVALUATION: {
            "post": {
                "operationId": "evaluate_authority",
                "summary": "Whether a person may do something for the party they act for (OpenID AuthZEN 1.0 6)",
                "requestBody": body("Evaluation"),
                "responses": {"200": answer("Yes or no, and for how long", "Decision"), **refused},
            }
        },
        EVALUATIONS: {
            "post": {
                "operationId": "evaluate_authority_several",
                "summary": "Several such questions, with defaults (OpenID AuthZEN 1.0 7)",
                "requestBody": body("Evaluations"),
                "responses": {
                    "200": answer("One answer for each question answered", "Decisions", "Decision"),
                    **refused,
                },
            }
        },
        MANDATE: {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": TEXT}],
            "get": {
                "operationId": "get_mandate_status",
                "summary": "How a mandate stands that this client was told of",
                "responses": {
                    "200": answer("Its state", "MandateStatus"),
                    **problems(_CALLER | {404: ("not-found",), **_INVALID}, takes_body=False),
                },
            },
        },
    }


_ENTITY = {"type": TEXT, "id": TEXT}
_PARTS: dict[str, Any] = {
    "subject": {
        "type": "object",
        "properties": _ENTITY,
        "description": "type person; id: sub in this client's sector",
    },
    "action": obj(
        {"name": {"type": "string", "examples": [one.value for one in Action if one is not Action.MANAGE]}}
    ),
    "resource": {
        "type": "object",
        "properties": _ENTITY
        | {
            "properties": {
                "type": "object",
                "properties": {
                    "represented": TEXT | {"description": "the handle this client was told"},
                    "amount": TEXT | {"pattern": r"^(0|[1-9][0-9]{0,12})(\.[0-9]{2})?$"},
                    "currency": TEXT | {"default": "CNY"},
                },
            }
        },
        "description": "type theme or service; id: its code",
    },
    "context": {"type": "object", "description": "not looked at"},
}
SCHEMAS: dict[str, Any] = {
    "Evaluation": obj(_PARTS, "subject", "action", "resource"),
    "Evaluations": obj(
        _PARTS
        | {
            "evaluations": {"type": "array", "maxItems": MOST, "items": obj(_PARTS)},
            "options": {
                "type": "object",
                "properties": {"evaluations_semantic": {"enum": [one.value for one in Semantic]}},
            },
        }
    ),
    "Decision": obj(
        {
            "decision": {"type": "boolean"},
            "context": obj(
                {
                    "id": TEXT | {"description": "by which we find it in our audit"},
                    "ttl": {"type": "integer", "description": "seconds for which it may be relied on; 0: ask anew"},
                },
                "id",
                "ttl",
            ),
        },
        "decision",
        "context",
    ),
    "Decisions": obj(
        {"evaluations": {"type": "array", "items": {"$ref": "#/components/schemas/Decision"}}}, "evaluations"
    ),
    "MandateStatus": obj(
        {
            "id": TEXT,
            "state": {"enum": [one.value for one in State]},
            "valid_from": TEXT | {"format": "date"},
            "valid_to": TEXT | {"format": "date", "description": "the last day"},
            "changed_at": {"type": "integer", "description": "Unix seconds"},
        },
        "id",
        "state",
        "valid_from",
        "valid_to",
        "changed_at",
    ),
}
