"""The OpenAPI description of what programs of departments use, as a document anybody may read.

Always true: it names every path, status and problem that the endpoints have; a test holds it against their answers.
"""

from typing import Any

from idp.accounts.documents import DocumentType
from idp.authority import openapi as authority
from idp.capabilities.counter_endpoint import PATH
from idp.capabilities.endpoints import PATHS
from idp.capabilities.identity_code_endpoint import FETCH, REDEEM
from idp.capabilities.identity_code_rules import RELEASABLE
from idp.capabilities.proofing import NUMBER_DIGITS, Means
from idp.capabilities.rules import LIFETIME, RESULT, RESULT_LIFETIME, CheckResult, Refused
from idp.certificates import qr_openapi
from idp.clients.capabilities import Capability
from idp.streams import openapi as streams
from idp.web.describing import answer as _answer
from idp.web.describing import body as _body
from idp.web.describing import obj as _object
from idp.web.describing import problems

_NAMES = {Capability.NAME_CHECK: "name check", Capability.FACE_CHECK: "face check"}


def openapi(issuer: str) -> dict[str, Any]:
    """OpenAPI 3.1."""
    paths: dict[str, Any] = {}
    for capability, path in PATHS.items():
        name = _NAMES[capability]
        paths[path] = {"post": _start(name, capability)}
        paths[f"{path}/{{id}}"] = {
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "get": _fetch(name, capability, body=False),
            "post": _fetch(name, capability, body=True),
        }
    paths[PATH] = {"post": _counter()}
    paths |= authority.paths() | streams.paths()
    paths[qr_openapi.PATH] = qr_openapi.described()
    paths[REDEEM] = {"post": _redeem()}
    paths[f"{FETCH}{{id}}"] = {
        "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": _fetch_code(body=False),
        "post": _fetch_code(body=True),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tongban", "version": "1"},
        "servers": [{"url": issuer}],
        "security": [{"client": []}, {"token": []}, {}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "client": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "client_secret_basic; other clients send their credentials as members of the body",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "an access token of the client itself, where a scope is needed",
                },
            },
            "schemas": _SCHEMAS | authority.SCHEMAS | streams.SCHEMAS,
        },
    }


def _start(name: str, capability: Capability) -> dict[str, Any]:
    return {
        "operationId": f"start_{capability}",
        "summary": f"Ask for a {name} of the signed-in person",
        "requestBody": _body("Question"),
        "responses": {
            "201": _answer("Waits for the person", "Waiting"),
            **_problems(
                Refused.INVALID_REQUEST,
                Refused.CLIENT_AUTHENTICATION,
                Refused.NOT_GRANTED,
                Refused.INVALID_TOKEN,
                Refused.NOT_VERIFIED,
                Refused.QUOTA_USED_UP,
                Refused.ASKED_TOO_OFTEN,
            ),
        },
    }


def _fetch(name: str, capability: Capability, *, body: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{'post' if body else 'get'}_{capability}",
        "summary": f"The answer of a {name}, while it is good",
        "responses": {
            "200": _answer("It waits, or is done", "Waiting", "Done"),
            **_problems(Refused.CLIENT_AUTHENTICATION, Refused.NOT_GRANTED, Refused.NOT_FOUND),
        },
    }
    if body:
        described["requestBody"] = _body("Credentials")
        described["responses"] |= _problems(Refused.INVALID_REQUEST)
    return described


def _counter() -> dict[str, Any]:
    return {
        "operationId": "record_counter_proofing",
        "summary": "Record that a clerk has seen a person and their document",
        "requestBody": _body("Seen"),
        "responses": {
            "201": _answer("Recorded for the account that showed the number", "Recorded"),
            **_problems(
                Refused.INVALID_REQUEST,
                Refused.CLIENT_AUTHENTICATION,
                Refused.NOT_GRANTED,
                Refused.CLERK,
                Refused.NUMBER,
                Refused.REFERENCE,
                Refused.DOCUMENT_EXPIRED,
                Refused.CONFLICT,
                Refused.TOO_MANY,
                Refused.QUOTA_USED_UP,
            ),
        },
    }


def _redeem() -> dict[str, Any]:
    return {
        "operationId": "redeem_identity_code",
        "summary": "Ask the person who shows an identity code to confirm clerk, office, matters and what is told",
        "requestBody": _body("Redemption"),
        "responses": {
            "201": _answer("Waits for the person", "CodeWaiting"),
            **_problems(
                Refused.INVALID_REQUEST,
                Refused.CLIENT_AUTHENTICATION,
                Refused.NOT_GRANTED,
                Refused.CLERK,
                Refused.CODE,
                Refused.CODE_USED,
                Refused.CODE_EXPIRED,
                Refused.QUOTA_USED_UP,
            ),
        },
    }


def _fetch_code(*, body: bool) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": f"{'post' if body else 'get'}_identity_code",
        "summary": "What the person has confirmed, once",
        "responses": {
            "200": _answer("It waits, or was confirmed", "CodeWaiting", "Confirmed"),
            **_problems(
                Refused.CLIENT_AUTHENTICATION,
                Refused.NOT_GRANTED,
                Refused.NOT_FOUND,
                Refused.CODE_DECLINED,
                Refused.CODE_UNANSWERED,
                Refused.CODE_FETCHED,
            ),
        },
    }
    if body:
        described["requestBody"] = _body("Credentials")
        described["responses"] |= _problems(Refused.INVALID_REQUEST)
    return described


def _problems(*refusals: Refused) -> dict[str, Any]:
    """What may be refused, and what any endpoint of ours may answer in times of need."""
    by_status: dict[int, list[str]] = {}
    for refused in refusals:
        by_status.setdefault(refused.status, []).append(refused.value)
    named = {status: tuple(names) for status, names in by_status.items()}
    return problems(named, takes_body=Refused.INVALID_REQUEST in refusals)


_TEXT, _TIME = {"type": "string"}, {"type": "integer", "description": "Unix seconds"}
_LINE = _TEXT | {"minLength": 1, "maxLength": 60}
_CREDENTIALS = {
    name: {"type": "string"} for name in ("client_id", "client_secret", "client_assertion", "client_assertion_type")
}
_SCHEMAS: dict[str, Any] = {
    "Credentials": _object(_CREDENTIALS),
    "Question": _object(
        {
            "access_token": _TEXT | {"description": "of the signed-in person, issued to this client"},
            "matter": _TEXT | {"pattern": "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"},
            "nonce": _TEXT | {"pattern": "^[A-Za-z0-9._~-]{16,128}$"},
            "return_uri": _TEXT | {"description": "on the origin of a registered redirect URI"},
            **_CREDENTIALS,
        },
        "access_token",
        "matter",
        "nonce",
    ),
    "Seen": _object(
        {
            "access_token": _TEXT | {"description": "of the clerk, issued to this client, with two factors"},
            "number": _TEXT | {"pattern": f"^[0-9]{{{NUMBER_DIGITS}}}$", "description": "as the person shows it"},
            "name": _TEXT | {"description": "as the document shows it"},
            "document": _object(
                {
                    "type": {"enum": [one.value for one in DocumentType]},
                    "number": _TEXT,
                    "valid_to": {"type": ["string", "null"], "format": "date", "description": "null: without end"},
                },
                "type",
                "number",
                "valid_to",
            ),
            "means": {"enum": [one.value for one in Means]},
            "reference": _TEXT
            | {"pattern": "^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$", "description": "the counter's own name, good once"},
            **_CREDENTIALS,
        },
        "access_token",
        "number",
        "name",
        "document",
        "means",
        "reference",
    ),
    "Redemption": _object(
        {
            "code": _TEXT | {"description": "as it stands in the picture the person shows"},
            "clerk_token": _TEXT
            | {"description": "access token of the clerk, issued to this client, with two factors"},
            "office": _LINE | {"description": "where the clerk sits, as the person reads it"},
            "matters": {"type": "array", "items": _LINE, "minItems": 1, "maxItems": 5},
            "scopes": {"type": "array", "items": {"enum": sorted(RELEASABLE)}, "description": "registered ones"},
            **_CREDENTIALS,
        },
        "code",
        "clerk_token",
        "office",
        "matters",
    ),
    "CodeWaiting": _object(
        {"id": _TEXT, "state": {"const": "waiting"}, "expires_at": _TIME}, "id", "state", "expires_at"
    ),
    "Confirmed": _object(
        {
            "id": _TEXT,
            "state": {"const": "confirmed"},
            "sub": _TEXT | {"description": "of the person, as this client knows them"},
            "acr": _TEXT,
            "ial": {"type": "integer"},
            "aal": {"type": "integer"},
            "office": _TEXT,
            "matters": {"type": "array", "items": _TEXT},
            "scopes": {"type": "array", "items": _TEXT, "description": "those the person has confirmed"},
            "claims": {"type": "object", "description": "of these scopes, as at userinfo"},
        },
        *("id", "state", "sub", "acr", "ial", "aal", "office", "matters", "scopes", "claims"),
    ),
    "Recorded": _object({"id": _TEXT, "level": {"type": "integer"}}, "id", "level"),
    "Waiting": _object(
        {
            "id": _TEXT,
            "state": {"const": "waiting"},
            "person_url": _TEXT | {"description": f"where the person decides, within {LIFETIME} seconds"},
            "expires_at": _TIME,
        },
        "id",
        "state",
        "person_url",
        "expires_at",
    ),
    "Done": _object(
        {
            "id": _TEXT,
            "state": {"const": "done"},
            "result": _TEXT
            | {
                "description": f"JWS of typ {RESULT} with iss, aud, sub, iat, exp, jti, check, matter, purpose,"
                f" nonce, time and result ({', '.join(CheckResult)}); good for {RESULT_LIFETIME} seconds"
            },
            "expires_at": _TIME,
        },
        "id",
        "state",
        "result",
        "expires_at",
    ),
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {"type": _TEXT, "title": _TEXT, "status": {"type": "integer"}, "detail": _TEXT},
        "required": ["type", "title", "status"],
    },
}
