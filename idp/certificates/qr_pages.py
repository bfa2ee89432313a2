"""The two screens of a code: the desktop that shows it and waits, and the phone that scans it and signs.

Always true: a phone is authorised by the token of the code alone, and gets nothing but the text it signs; what it has
signed goes to the desktop's own page with the next form of the desktop's own browser.
"""

from dataclasses import dataclass

import orjson
from flask import Blueprint, Flask, Response, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.certificates.challenges import Challenges
from idp.certificates.qr_requests import QrRequests
from idp.certificates.qr_rules import APP, LIFETIME, Handed, QrRefusal, QrState, Signed
from idp.certificates.rules import Challenge, Purpose
from idp.certificates.signers import allow_signers
from idp.credentials.budgets import AddressBudget
from idp.db import current_transaction, db
from idp.scans.rules import draw_numbers
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.headers import allow_connection, allow_own_script
from idp.web.limits import address_budget_key, client_address, takes_signed
from idp.web.locale import RETURN_LENGTH, local_path, preferences
from idp.web.options import options
from idp.web.protocol import PROBLEM, problem_response
from idp.web.qr import qr_svg
from idp.web.reasons import certificate_purpose, sentence
from idp.web.visit import carried, current_visit

EXTENSION = "tongban_certificate_qr"
ANSWER_PATH = "/certificate/answer/"
NUMBER = Field("number", sentence("qr_number_missing"), max_length=2)
_PARTS = ("signed_data", "signature", "certificate")
SIGNED = tuple(Field(name, max_length=64 * 1024, required=False, secret=True) for name in _PARTS)
CHALLENGE = Field("challenge", max_length=64, secret=True)
BACK = Field("back", max_length=RETURN_LENGTH)
PHONE = Field("phone", max_length=64, required=False, secret=True)
"""In the form that the desktop sends when its phone has signed: the token of the code."""
_SECONDS = 3
_OWN = frozenset({"csrf_token", "challenge", "back", "phone", "r", "next", *_PARTS})
_MOST, _LONGEST = 8, 200
blueprint = Blueprint("certificate_qr", __name__, url_prefix="/certificate/qr")


@dataclass(frozen=True, slots=True)
class QrParts:
    """``failures``: of one address, whether by unknown codes or wrong numbers."""

    challenges: Challenges
    requests: QrRequests
    failures: AddressBudget


def init_certificate_qr(app: Flask, parts: QrParts) -> None:
    app.extensions[EXTENSION] = parts
    app.register_blueprint(blueprint)


def _parts() -> QrParts:
    found: QrParts = current_app.extensions[EXTENSION]
    return found


@blueprint.post("")
@public
def begin() -> ResponseReturnValue:
    """The desktop wants a phone to sign what its page at ``back`` asked for by ``challenge``.

    The phone gets another text with its whole time. A page too old for that is opened anew.
    """
    form = Form.submitted(CHALLENGE, BACK)
    back, browser = local_path(form["back"]) or "/", browser_digest().hex()
    asked = _parts().challenges.anew(form["challenge"], browser=browser, now=now()) if form.ok else None
    return _handed(*asked, back=back) if asked else redirect(back, 303)


def _beside() -> dict[str, str]:
    """What else stands in the form, to be sent with it once the phone has signed."""
    others = [name for name in request.form if name not in _OWN and name.isidentifier()]
    return {name: request.form[name][:_LONGEST] for name in others[:_MOST]}


def _handed(purpose: Purpose, challenge: Challenge, *, back: str) -> ResponseReturnValue:
    """To the page with the code, whose form sends ``challenge`` and `PHONE` to ``back`` (see `fetched`)."""
    number, numbers = draw_numbers()
    visit = current_visit()
    handed = Handed(
        challenge=challenge.id,
        text=challenge.text,
        purpose=purpose,
        browser=browser_digest().hex(),
        back=back,
        app={preferences().lang: visit.client_name} if visit else {},
        address=client_address(),
        number=number,
        numbers=numbers,
        created_at=now(),
        beside=_beside(),
        expires_at=min(challenge.expires_at, now() + LIFETIME),
    )
    token = _parts().requests.make(handed)
    return redirect(url_for("certificate_qr.desk", token=token, **carried()), 303)


def fetched(token: str, *, challenge: str) -> Signed | None:
    """What a phone has signed for this browser, used up; None: nothing, or not for this challenge."""
    return _parts().requests.take(token, browser=browser_digest().hex(), challenge=challenge)


@blueprint.get("/<token>/desk")
@public
def desk(token: str) -> ResponseReturnValue:
    """The code and its number; the way on once the phone has signed."""
    current_visit()  # the form of this page may lead back to its app
    requests, browser = _parts().requests, browser_digest().hex()
    handed = requests.desk(token, browser=browser)
    state = requests.state(token, browser=browser, now=now())
    if handed is None or state is QrState.OVER:
        back = handed.back if handed else None
        return error_page(410, title=sentence("qr_over_title"), text=sentence("qr_over"), again=back)
    allow_own_script()
    allow_connection("/")
    address = options().issuer + url_for("certificate_qr.phone", token=token)
    return render_template(
        "certificate_qr.html",
        state=state,
        number=handed.number,
        qr=qr_svg(address) if state is QrState.CREATED else None,
        refreshing="pause" not in request.args,
        seconds=_SECONDS,
        state_url=url_for("certificate_qr.state", token=token),
        refresh_url=url_for("certificate_qr.desk", token=token, **carried()),
        pause_url=url_for("certificate_qr.desk", token=token, pause=1, **carried()),
        back_url=handed.back,
        fields={**handed.beside, "challenge": handed.challenge, PHONE.name: token},
    )


@blueprint.get("/<token>/state")
@public
def state(token: str) -> Response:
    """For the script of `desk`: {"state": `QrState`}."""
    found = _parts().requests.state(token, browser=browser_digest().hex(), now=now())
    return Response(orjson.dumps({"state": found}), mimetype="application/json")


@blueprint.route("/<token>", methods=["GET", "POST"])
@public
@takes_signed
def phone(token: str) -> ResponseReturnValue:
    """What the phone is asked to sign, as a page or, to an app that accepts JSON rather, as its members."""
    if not _parts().failures.allows(address_budget_key()):
        return error_page(429)
    by_app = request.method == "GET" and _wants_json()
    found = _parts().requests.scan(token, phone=APP if by_app else browser_digest().hex(), now=now())
    if isinstance(found, QrRefusal):
        return _not_here(found, by_app=by_app)
    if by_app:
        return _members(found, token)
    if request.method == "GET":
        return _phone_page(found, Form(NUMBER, *SIGNED))
    form = Form.submitted(NUMBER, *SIGNED)
    if not form.ok:
        return _phone_page(found, form)
    signed = Signed(form["signed_data"], form["signature"], form["certificate"])
    return _sent(token, found, form, signed)


@blueprint.get("/done")
@public
def done() -> ResponseReturnValue:
    """On the phone, when it has signed; the desktop goes on by itself."""
    return render_template("certificate_phone_done.html")


def _sent(token: str, handed: Handed, form: Form, signed: Signed) -> ResponseReturnValue:
    refused = _parts().requests.answer(
        token, phone=browser_digest().hex(), number=form["number"], signed=signed, now=now()
    )
    if refused is QrRefusal.EMPTY:
        form.refuse("", sentence(refused))
        return _phone_page(handed, form)
    if refused is not None:
        return _not_here(refused)
    return redirect(url_for("certificate_qr.done"), 303)


def _wants_json() -> bool:
    return request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"


def _members(handed: Handed, token: str) -> Response:
    found = {
        "text": handed.text,
        "answer_url": f"{options().issuer}{ANSWER_PATH}{token}",
        "numbers": handed.numbers,
        "expires_at": handed.expires_at,
        "purpose": handed.purpose,
        "origin": options().issuer,
    }
    return Response(orjson.dumps(found), mimetype="application/json")


def _phone_page(handed: Handed, form: Form) -> str:
    allow_signers()
    return render_template(
        "certificate_phone.html",
        form=form,
        purpose=certificate_purpose(handed.purpose),
        client_name=handed.app.get(preferences().lang) or next(iter(handed.app.values()), None),
        address=None if handed.address == "-" else handed.address,
        same_network=handed.address == client_address(),
        asked_at=handed.created_at,
        numbers=handed.numbers,
        text=handed.text,
    )


def _not_here(refused: QrRefusal, *, by_app: bool = False) -> ResponseReturnValue:
    _parts().failures.count(address_budget_key())
    if refused is QrRefusal.WRONG_NUMBER:
        note_wrong_number()
    if by_app:
        found = problem_response(refused, status=410)
        return Response(found.body, 410, mimetype=PROBLEM)
    return error_page(410, title=sentence("qr_over_title"), text=sentence(refused))


def note_wrong_number() -> None:
    """Record it, and commit: somebody may have been made to scan a code that is not theirs."""
    record(
        current_transaction(),
        Event.CERTIFICATE_QR_REFUSED,
        actor=None,
        subject=None,
        result="refused",
        reason=QrRefusal.WRONG_NUMBER,
        now=now(),
    )
    db.session.commit()
