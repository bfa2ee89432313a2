"""What the pages that ask for a signature share: the text to be signed, reading the answer, refusing it.

Always true: a form that says more than an answer does, whose certificate it is for example, is refused and recorded;
scripts that ask for JSON learn the same as people.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import asdict, dataclass

from flask import abort, current_app, jsonify, redirect, request
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.certificates.actions import Certificates
from idp.certificates.answering import Answering, Asked, Counting
from idp.certificates.challenges import Bound
from idp.certificates.qr_pages import PHONE, fetched
from idp.certificates.rules import Challenge, Denied, Purpose
from idp.certificates.signers import allow_signers
from idp.credentials.attempts import account_key, browser_key
from idp.crypto.certificates import Reason, Refused
from idp.crypto.signed_data import MOST_BYTES, Answer
from idp.db import Transaction, current_transaction, db
from idp.issuers.verifying import Verified
from idp.signin.pages import CERTIFICATES
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session
from idp.web.limits import address_budget_key
from idp.web.reasons import sentence

CHALLENGE = Field("challenge", sentence("certificate_answer_missing"), max_length=64, secret=True)
SIGNED = Field("signed_data", required=False, max_length=MOST_BYTES, lines=True, secret=True)
SIGNATURE = Field("signature", required=False, max_length=MOST_BYTES, lines=True, secret=True)
CERTIFICATE = Field("certificate", required=False, max_length=MOST_BYTES, lines=True, secret=True)
ANSWER = (CHALLENGE, SIGNED, SIGNATURE, CERTIFICATE)
_BESIDE = frozenset({"csrf_token", "r", "next"})
"""What every form of a page may carry."""


@dataclass(frozen=True, slots=True)
class CertificateParts:
    """``title``: the name of an issuer (its id), in a language; empty for one that is administered no more;
    ``trusted``: whether there is any. Both may raise `DatabaseUnavailable`.
    """

    certificates: Certificates
    answering: Answering
    title: Callable[[Transaction, str, str], str]
    trusted: Callable[[], bool]
    agent_url: str = ""
    """Of the agent of a USB key on people's own computers; empty: none."""


def parts() -> CertificateParts:
    found: CertificateParts = current_app.extensions[CERTIFICATES]
    return found


def _bound(session: Session | None, about: str | None) -> Bound:
    return Bound(
        browser_digest().hex(),
        session=session.id if session else None,
        party=session.party_id if session else None,
        about=about,
    )


def ask(purpose: Purpose, *, about: str | None = None, text: str = "") -> Challenge:
    """A new text to be signed, for this browser and session. No transaction is open afterwards.

    ``text``: of `Purpose.TEXT`, what is to be signed.
    """
    bound = _bound(current_session(), about)
    db.session.rollback()
    allow_signers(parts().agent_url)
    return parts().answering.challenges.make(purpose, bound, text=text, now=now())


def read_form(*beside: Field) -> Form:
    """The form as sent; 400 and a record for one with other fields. ``beside``: what the page asks for itself."""
    form = Form.submitted(*ANSWER, PHONE, *beside)
    foreign = set(request.form) - {field.name for field in (*ANSWER, PHONE, *beside)} - _BESIDE
    if foreign:
        note_refused(Denied(Reason.ANSWER_MALFORMED, "foreign fields"))
        abort(400)
    if form.ok and form[PHONE.name]:
        _fetch(form)
    if form.ok and not (form["signed_data"] or (form["signature"] and form["certificate"])):
        form.refuse("signed_data", sentence("certificate_answer_missing"))
    return form


def _fetch(form: Form) -> None:
    """Take what a phone has signed for this form in place of what stands in it."""
    signed = fetched(form[PHONE.name], challenge=form["challenge"])
    if signed is None:
        form.refuse("", sentence("qr_over"))
    else:
        form.put(**asdict(signed))


def verify(form: Form, purpose: Purpose, *, about: str | None = None) -> Verified | Denied:
    """Who has signed what the page gave out. No transaction is open meanwhile, nor afterwards."""
    bound, counting = _bound(current_session(), about), _counting()
    db.session.rollback()
    answer = answer_in(form)
    if answer is None:
        return Denied(Reason.ANSWER_MALFORMED, "signature is not base64")
    asked = Asked(
        challenge=form["challenge"],
        purpose=purpose,
        bound=bound,
        counted=counting.counted,
        address=counting.address,
    )
    return parts().answering.answer(answer, asked, now=now())


def answer_in(form: Form) -> Answer | None:
    """What was sent; None where it is not even base64."""
    signature = _decoded(form["signature"])
    return (
        None if signature is None else Answer(form["signed_data"].encode(), signature, form["certificate"].encode())
    )


def judge(redeem: Callable[[], bytes | None], verdict: Callable[[bytes], Verified | Refused]) -> Verified | Denied:
    """The same for what another way brought. No transaction is open meanwhile, nor afterwards."""
    counting = _counting()
    db.session.rollback()
    return parts().answering.judge(counting, redeem=redeem, verdict=verdict, now=now())


def _counting() -> Counting:
    session: Session | None = current_session()
    counted = account_key(session.party_id) if session else browser_key(browser_digest())
    return Counting(counted=counted, address=address_budget_key())


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def note_refused(denied: Denied, *, subject: str | None = None) -> None:
    """Record it, and commit. ``subject``: whose account it is about, where that is certain."""
    session: Session | None = current_session()
    db.session.rollback()
    own = session.party_id if session else None
    detail: Detail | None = {"what": denied.detail} if denied.detail else None
    record(
        current_transaction(),
        Event.CERTIFICATE_REFUSED,
        actor=own,
        subject=subject or own,
        session=session.id if session else None,
        result="refused",
        reason=denied.reason,
        detail=detail,
        now=now(),
    )
    db.session.commit()


def refuse(form: Form, denied: Denied, *, subject: str | None = None) -> None:
    """Record the refusal, and say it on the page."""
    note_refused(denied, subject=subject)
    form.refuse("", sentence(denied.reason))


def wants_json() -> bool:
    """A script of the page asked, and goes on by itself."""
    return request.accept_mimetypes.best == "application/json"


def sent_on(location: str) -> ResponseReturnValue:
    """The page's job is done."""
    return jsonify({"location": location}) if wants_json() else redirect(location, 303)


def passed_on(answer: ResponseReturnValue) -> ResponseReturnValue:
    """What another room answered, for whoever asked."""
    location = answer.location if isinstance(answer, Response) else None
    return sent_on(location) if location else answer


def page_json(form: Form, challenge: Challenge) -> ResponseReturnValue:
    """What a script reads in place of the page: a text to be signed, and why the answer before it was refused."""
    told = {"challenge": challenge.id, "text": challenge.text, "expires_in": challenge.expires_at - now()}
    if not form.errors:
        return jsonify(told)
    return jsonify({"message": str(next(iter(form.errors.values()))), **told}), 422
