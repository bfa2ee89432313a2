"""Adding and naming passkeys.

Always true: a passkey is added in a session that has just been proved, and belongs to nobody else's account.
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.credentials.passkey import Denied, Purpose
from idp.db import current_transaction, db
from idp.selfservice.methods import note_change
from idp.selfservice.pages import blueprint, label, parts
from idp.signin.confirm_pages import confirm_first
from idp.signin.passkey_pages import ANSWER
from idp.signin.rules import Session
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.headers import allow_own_script
from idp.web.reasons import sentence

NAME = Field("name", sentence("passkey_name_missing"), max_length=40)


@blueprint.route("/methods/passkey", methods=["GET", "POST"])
@signed_in
def add_passkey() -> ResponseReturnValue:
    session: Session = current_session()
    if (first := confirm_first(session)) is not None:
        return first
    if request.method == "GET":
        return _add_page(Form(NAME, *ANSWER, values={"name": session.agent[:40]}), session)
    form = Form.submitted(NAME, *ANSWER)
    if form.ok and (done := _register(session, form)):
        return redirect(url_for("account.methods", done=done), 303)
    return _add_page(form, session)


def _register(session: Session, form: Form) -> str | None:
    passkeys, party_id = parts().factors.passkeys, session.party_id
    db.session.rollback()
    challenge = passkeys.redeem(form["key"], Purpose.REGISTER, browser=browser_digest().hex(), party_id=party_id)
    hold_session(session, Event.PASSKEY_ADDED)
    made = passkeys.register(
        current_transaction(),
        challenge,
        party_id=party_id,
        response=form["credential"],
        name=form["name"],
        now=now(),
    )
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return None
    done = note_change(session, Event.PASSKEY_ADDED, "passkey_added", passkey=made.id)
    db.session.commit()
    return done


def _add_page(form: Form, session: Session) -> ResponseReturnValue:
    tx, passkeys, party_id = current_transaction(), parts().factors.passkeys, session.party_id
    ceremony = passkeys.registration(tx, party_id=party_id, label=label(parts().directory.person(tx, party_id)))
    db.session.commit()
    asked = passkeys.hold(ceremony, Purpose.REGISTER, browser=browser_digest().hex(), party_id=party_id)
    allow_own_script()
    return render_template("account/passkey_add.html", form=form, asked=asked)


@blueprint.route("/methods/passkey/<passkey_id>", methods=["GET", "POST"])
@signed_in
def name_passkey(passkey_id: str) -> ResponseReturnValue:
    session: Session = current_session()
    own = parts().factors.passkeys.of_party(current_transaction(), session.party_id)
    found = next((one for one in own if one.id == passkey_id), None)
    if found is None:
        abort(404)
    if request.method == "GET":
        return render_template("account/passkey_name.html", form=Form(NAME, values={"name": found.name}))
    if (first := confirm_first(session)) is not None:
        return first
    form = Form.submitted(NAME)
    if not form.ok:
        return render_template("account/passkey_name.html", form=form)
    _rename(session, passkey_id, form["name"])
    db.session.commit()
    return redirect(url_for("account.methods", done="passkey_renamed"), 303)


def _rename(session: Session, passkey_id: str, name: str) -> None:
    """What a passkey is called opens nothing, so that its owner is not told by text message."""
    tx, party_id = current_transaction(), session.party_id
    parts().factors.passkeys.rename(tx, party_id=party_id, passkey_id=passkey_id, name=name)
    detail = {"passkey": passkey_id}
    record(tx, Event.PASSKEY_RENAMED, actor=party_id, subject=party_id, session=session.id, detail=detail, now=now())
