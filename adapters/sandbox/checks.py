"""The stand-in vendors of checks, a face check and a bank's channel: their machine's side (docs/providers.md).

Always true: what a check finds is signed when it is fetched by its reference and transaction, and there before only
when the person was done.
"""

import secrets

from flask import Blueprint, Response, current_app, jsonify, request, url_for

from adapters.sandbox.check_contract import CheckQuestion, parse_check, parse_result
from adapters.sandbox.check_results import callback, result
from adapters.sandbox.check_store import Checks, Conflict, Waiting
from adapters.sandbox.contract import Refusal
from adapters.sandbox.register_magic import GOOD
from adapters.sandbox.registers import leave
from adapters.sandbox.signed import refuse, settings, signed_body

checks = Blueprint("checks", __name__)
KINDS = "<any(face, bank):kind>"


def memory() -> Checks:
    """This app's checks."""
    found: Checks = current_app.extensions["sandbox_checks"]
    return found


def secret_of(kind: str) -> str:
    """The key this vendor shares with the provider."""
    return settings().face_secret if kind == "face" else settings().bank_secret


@checks.post(f"/{KINDS}/v1/transactions")
def transactions(kind: str) -> Response:
    now = settings().clock()
    body = signed_body(secret_of(kind), now)
    if isinstance(body, Refusal):
        return refuse(body)
    key = request.headers.get("Idempotency-Key", "")
    question = parse_check(body, key=key, issuer=settings().issuer)
    if isinstance(question, Refusal):
        return refuse(question)
    return _opened(kind, question, now)


def _opened(kind: str, question: CheckQuestion, now: float) -> Response:
    check = memory().open(kind, question, now=now)
    if isinstance(check, Conflict):
        return refuse(Refusal(409, "reference_conflict", "this reference came before with another question"))
    language = {"lang": "en"} if question.locale.startswith("en") else {}
    page = url_for(f"check_pages.{kind}", page=check.page, _external=True, **language)
    redirect = question.variant == "redirect"
    fields: dict[str, object] = {
        "reference": question.reference,
        "question": question.digest,
        "transaction": check.id,
        "url": page if redirect else None,
        "sdk_token": None if redirect else check.sdk_token,
        "expires_at": check.expires_at,
    } | dict(check.finding.opens)
    settings().pause(check.finding.opening.wait)
    return leave(check.finding.opening, fields, secret_of(kind))


@checks.post(f"/{KINDS}/v1/results")
def results(kind: str) -> Response:
    now = settings().clock()
    body = signed_body(secret_of(kind), now)
    question = (
        body if isinstance(body, Refusal) else parse_result(body, key=request.headers.get("Idempotency-Key", ""))
    )
    if isinstance(question, Refusal):
        return refuse(question)
    check = memory().find(kind, question.reference, question.transaction)
    if check is None:
        return refuse(Refusal(422, "invalid_request", "no such check is known"))
    found = _found(check, now)
    step = check.finding.result if found["status"] == "done" else GOOD
    settings().pause(step.wait)
    return leave(step, {"reference": question.reference, "question": question.digest, **found}, secret_of(kind))


def _found(check: Waiting, now: float) -> dict[str, object]:
    late = check.finding.late
    if check.left or (check.done_at is None and now >= check.expires_at):
        return {"status": "abandoned"}
    if check.done_at is None or late is None or now < check.done_at + late:
        return {"status": "pending"}
    made = result(check, audience=settings().issuer, now=check.done_at + late, before=memory().count_fetching(check))
    return {"status": "done", "result": made}


def finish(check: Waiting, *, left: bool) -> bool:
    """The person is done, or goes: what is found can be fetched, and the provider is called back. False when over."""
    now = settings().clock()
    if not memory().finish(check, left=left, now=now):
        return False
    name = secrets.token_hex(16)
    at, secret, issuer, clock = (
        check.question.callback_url,
        secret_of(check.kind),
        settings().issuer,
        settings().clock,
    )

    def make() -> tuple[dict[str, str], bytes]:
        return callback(check, name, secret=secret, audience=issuer, now=clock())

    for _ in range(check.finding.calls):
        settings().call(at, make, check.finding.late or 0)
    return True


@checks.post("/face/v1/sdk")
def sdk() -> Response:
    """What the vendor's software in an app does when the person is done; the token is all it has."""
    sent = request.get_json(silent=True)
    token = sent.get("token") if isinstance(sent, dict) else None
    check = memory().by_token(token) if isinstance(token, str) else None
    if check is None:
        return refuse(Refusal(404, "invalid_request", "no check waits for this token"))
    if not finish(check, left=False):
        return refuse(Refusal(409, "invalid_request", "this check is over"))
    return jsonify(status="done")
