"""The ways to confirm, one function each: show its page, or take its answer.

Always true: no transaction is open while a secret is compared, and a refusal is recorded before it is shown.
"""

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import Mobile
from idp.accounts.telling import tell
from idp.credentials import password as passwords
from idp.credentials import recovery_code, totp
from idp.credentials.attempts import account_key
from idp.credentials.passkey import Proved as ProvedByPasskey
from idp.credentials.passkey import Purpose as PasskeyPurpose
from idp.credentials.rules import AttemptKind, Purpose, Refusal
from idp.credentials.rules import Denied as Refused
from idp.credentials.sms_code import Denied, Proved
from idp.db import current_transaction, db
from idp.signin.codes import answer_code, send_code
from idp.signin.confirming import Confirmation
from idp.signin.pages import CODE, PASSWORD, parts
from idp.signin.passkey_pages import ANSWER, note_passkey_refused
from idp.signin.refusals import note_refusal
from idp.web.clock import now
from idp.web.cookies import browser_digest, browser_id
from idp.web.forms import Field, Form
from idp.web.headers import allow_own_script
from idp.web.locale import preferences
from idp.web.reasons import sentence
from idp.web.visit import carried

TOTP_CODE = Field("code", sentence("totp_missing"), max_length=32, secret=True)
RECOVERY_CODE = Field("recovery_code", sentence("recovery_code_missing"), max_length=64, secret=True)


def by_password(asked: Confirmation) -> ResponseReturnValue:
    form = _form(PASSWORD)
    if request.method == "POST" and form.ok:
        party_id = asked.session.party_id
        db.session.rollback()
        outcome = parts().passwords.verify(
            party_id=party_id, key=account_key(party_id), password=form["password"], now=now()
        )
        if isinstance(outcome, passwords.Verified):
            if passwords.stands(current_transaction(), outcome, party_id=party_id):
                return asked.done()
            outcome = passwords.Denied(Refusal.CREDENTIALS_REFUSED)  # changed while it was compared
        _note(asked, outcome, AttemptKind.PASSWORD)
        wrong = "password_wrong" if outcome.reason is Refusal.CREDENTIALS_REFUSED else outcome.reason
        form.refuse("password", sentence(wrong))
    return asked.page(form)


def by_totp(asked: Confirmation) -> ResponseReturnValue:
    form = _form(TOTP_CODE)
    if request.method == "POST" and form.ok:
        party_id = asked.session.party_id
        db.session.rollback()
        outcome = parts().factors.totp.verify(
            party_id=party_id, key=account_key(party_id), code=form["code"], now=now()
        )
        if isinstance(outcome, totp.Verified):
            return asked.done()
        _note(asked, outcome, AttemptKind.TOTP)
        form.refuse("code", sentence(outcome.reason))
    return asked.page(form)


def by_recovery_code(asked: Confirmation) -> ResponseReturnValue:
    form = _form(RECOVERY_CODE)
    if request.method == "POST" and form.ok:
        party_id = asked.session.party_id
        db.session.rollback()
        outcome = parts().factors.recovery_codes.verify(
            party_id=party_id, key=account_key(party_id), code=form["recovery_code"], now=now()
        )
        if isinstance(outcome, recovery_code.Verified):
            tx, lang = current_transaction(), preferences().lang
            tell(tx, parts().directory, party_id, "recovery_code_used", locale=lang, now=now())
            return asked.done()
        _note(asked, outcome, AttemptKind.RECOVERY_CODE)
        form.refuse("recovery_code", sentence(outcome.reason))
    return asked.page(form)


def by_passkey(asked: Confirmation) -> ResponseReturnValue:
    passkeys, party_id, browser = parts().factors.passkeys, asked.session.party_id, browser_digest().hex()
    form = Form(*ANSWER)
    if request.method == "POST":
        form = Form.submitted(*ANSWER)
        if form.ok:
            db.session.rollback()
            challenge = passkeys.redeem(form["key"], PasskeyPurpose.CONFIRM, browser=browser, party_id=party_id)
            outcome = passkeys.answer(
                current_transaction(), challenge, response=form["credential"], party_id=party_id, now=now()
            )
            if isinstance(outcome, ProvedByPasskey):
                return asked.done()
            note_passkey_refused(outcome, session=asked.session)
            form.refuse("", sentence(outcome.reason))
    ceremony = passkeys.this_person(current_transaction(), party_id=party_id)
    db.session.rollback()
    allow_own_script()
    return asked.page(form, asked=passkeys.hold(ceremony, PasskeyPurpose.CONFIRM, browser=browser, party_id=party_id))


def by_code(asked: Confirmation) -> ResponseReturnValue:
    mobile = parts().directory.mobile(current_transaction(), asked.session.party_id)
    challenge = request.args.get("c", "")
    sent = challenge and parts().codes.phone(challenge_id=challenge, purpose=Purpose.CONFIRM, browser=browser_id())
    if mobile is None:  # gone since the ways were looked up
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    if request.method == "POST" and (request.form.get("resend") == "yes" or not (sent or "code" in request.form)):
        return _send(asked, mobile, challenge if sent else None)
    if request.method == "POST" and not sent:  # an answer to a code that is gone orders no other
        form = Form(CODE)
        form.refuse("", sentence(Refusal.CODE_EXPIRED))
        return asked.page(form, stage="send", masked_phone=mobile.masked)
    form = _form(CODE)
    if request.method == "POST" and form.ok:
        answered = answer_code(
            parts().codes, Purpose.CONFIRM, challenge, form["code"], party_id=asked.session.party_id
        )
        if isinstance(answered, Proved) and answered.phone == mobile.e164:
            return asked.done()
        db.session.commit()
        form.refuse("code", sentence(answered.reason if isinstance(answered, Denied) else "code_wrong"))
    return asked.page(form, stage="enter" if sent else "send", masked_phone=mobile.masked)


def _send(asked: Confirmation, mobile: Mobile, challenge: str | None) -> ResponseReturnValue:
    db.session.rollback()
    issued = send_code(
        parts().codes, Purpose.CONFIRM, mobile, asked.session.party_id, deliver=True, replaces=challenge
    )
    if isinstance(issued, Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return asked.page(form, stage="enter" if challenge else "send", masked_phone=mobile.masked)
    return redirect(asked.here(c=issued.challenge_id), 303)


def _form(field: Field) -> Form:
    return Form.submitted(field) if request.method == "POST" else Form(field)


def _note(asked: Confirmation, refused: Refused, kind: AttemptKind) -> None:
    note_refusal(
        current_transaction(),
        parts().directory,
        refused,
        party_id=asked.session.party_id,
        session=asked.session,
        kind=kind,
        now=now(),
    )
    db.session.commit()
