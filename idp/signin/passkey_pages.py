"""Sign-in by passkey: nothing is typed, the authenticator says who it is.

Always true: the page works by our own script alone; where it cannot run, the page says which other ways there are.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.credentials.passkey import Denied, Proved, Purpose
from idp.db import current_transaction, db
from idp.signin.loading import authenticated
from idp.signin.pages import blueprint, client_name, opening_notice, parts
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.headers import allow_own_script
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit, onward

KEY = Field("key", sentence("passkey_missing"), max_length=64, secret=True)
CREDENTIAL = Field("credential", sentence("passkey_missing"), max_length=8000, secret=True)
ANSWER = (KEY, CREDENTIAL)


@blueprint.route("/signin/passkey", methods=["GET", "POST"])
@public
def passkey() -> ResponseReturnValue:
    current_visit()  # the forms of the page may lead back to its app
    if request.method == "GET":
        return _page(Form(*ANSWER))
    form = Form.submitted(*ANSWER)
    if form.ok:
        outcome = _answer(form)
        if isinstance(outcome, Proved):
            return _signed_in(outcome)
        note_passkey_refused(outcome)
        form.refuse("", sentence(outcome.reason))
    return _page(form)


def _answer(form: Form) -> Proved | Denied:
    passkeys = parts().factors.passkeys
    challenge = passkeys.redeem(form["key"], Purpose.SIGN_IN, browser=browser_digest().hex())
    return passkeys.answer(current_transaction(), challenge, response=form["credential"], now=now())


def note_passkey_refused(refused: Denied, *, session: Session | None = None) -> None:
    """Record it, and commit."""
    record(
        current_transaction(),
        Event.PASSKEY_REFUSED,
        actor=session.party_id if session else None,
        subject=refused.party_id,
        session=session.id if session else None,
        result="refused",
        reason=refused.reason,
        now=now(),
    )
    db.session.commit()


def _signed_in(proved: Proved) -> ResponseReturnValue:
    """Success by another factor lifts a lock of the password (trust 2)."""
    tx, party_id = current_transaction(), proved.party_id
    record(
        tx, Event.PASSKEY_ACCEPTED, actor=party_id, subject=party_id, detail={"passkey": proved.passkey_id}, now=now()
    )
    if passwords.unlock(tx, party_id=party_id, now=now()):
        record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now())
    authenticated(party_id, Method.PASSKEY)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _page(form: Form) -> ResponseReturnValue:
    passkeys = parts().factors.passkeys
    db.session.rollback()
    asked = passkeys.hold(passkeys.anybody(), Purpose.SIGN_IN, browser=browser_digest().hex())
    allow_own_script()
    return render_template(
        "signin_passkey.html",
        form=form,
        asked=asked,
        client_name=client_name(),
        notice=opening_notice() if form.ok else None,
        password_url=url_for("signin.password", **carried()),
        code_url=url_for("signin.code", **carried()),
    )
