"""The stand-in SMS vendor: `POST /sms/v1/messages` as docs/providers.md describes it, failures by magic number.

Always true: whether a message is taken is decided before any waiting, so a caller who gave up and comes back
finds the answer it missed.
"""

from flask import Blueprint, Response, current_app, jsonify, request

from adapters.sandbox.contract import Refusal, SmsRequest, parse
from adapters.sandbox.magic import Form, Step, steps_for
from adapters.sandbox.signed import HangUp, refuse, settings, signed_body
from adapters.sandbox.store import Conflict, Inbox, Receipt

ENDPOINT = "/sms/v1/messages"
sms = Blueprint("sms", __name__)


def inbox() -> Inbox:
    """This app's inbox."""
    found: Inbox = current_app.extensions["sandbox_inbox"]
    return found


@sms.post(ENDPOINT)
def accept() -> Response:
    now = settings().clock()
    message = _verified(now)
    if isinstance(message, Refusal):
        return refuse(message)
    outcome = inbox().receive(message, steps_for(message.to), now=now)
    if isinstance(outcome, Conflict):
        return refuse(Refusal(409, "idempotency_conflict", "this Idempotency-Key came before with another body"))
    settings().pause(outcome.step.wait)
    return _answer(outcome)


def _verified(now: float) -> SmsRequest | Refusal:
    body = signed_body(settings().secret, now)
    if isinstance(body, Refusal):
        return body
    return parse(body, idempotency_key=request.headers.get("Idempotency-Key", ""))


def _answer(receipt: Receipt) -> Response:
    step = receipt.step
    if step.form is not Form.JSON:
        return _garbled(step)
    if step.status == 202:
        response = jsonify(status="accepted", provider_id=receipt.provider_id)
        response.status_code = 202
        return response
    response = refuse(Refusal(step.status, step.error, "a magic number asked for this (docs/providers.md)"))
    if step.retry_after:
        response.headers["Retry-After"] = str(step.retry_after)
    return response


def _garbled(step: Step) -> Response:
    match step.form:
        case Form.CUT_SHORT:
            return Response('{"status":"accepted","provi', step.status, mimetype="application/json")
        case Form.WEB_PAGE:
            return Response("<!doctype html><title>Proxy</title>", step.status, mimetype="text/html")
        case Form.OVERSIZED:
            return Response('{"status":"accepted"' + " " * 70_000 + "}", step.status, mimetype="application/json")
        case Form.REDIRECT:
            return Response(status=step.status, headers={"Location": "/sms/v1/elsewhere"})
        case _:
            return Response(HangUp())
