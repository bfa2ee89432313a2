"""Changing the password.

Always true: the current password is proved first, every other session ends, and the phone is told.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.holds import held_until, place_hold
from idp.accounts.rules import Act
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.credentials.attempts import account_key
from idp.credentials.rules import Refusal
from idp.db import current_transaction, db
from idp.grants.actions import end_grants_elsewhere
from idp.grants.rules import EndReason
from idp.selfservice.confirm import confirm_first, is_fresh
from idp.selfservice.pages import blueprint, parts
from idp.signin import sessions
from idp.signin.choosing import password_rules, personal, refuse_unfit
from idp.signin.loading import authenticated
from idp.signin.pages import another_way_page
from idp.signin.phones import sms_opens
from idp.signin.refusals import note_refusal
from idp.signin.rules import Method, Session, SessionEnd
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.locale import preferences, short_time
from idp.web.notices import done_notice
from idp.web.reasons import sentence

CURRENT = Field("current_password", sentence("current_password_missing"), max_length=256, secret=True)
NEW = Field("new_password", sentence("new_password_missing"), max_length=256, secret=True)


@blueprint.route("/password", methods=["GET", "POST"])
@signed_in
def change_password() -> ResponseReturnValue:
    session: Session = current_session()
    if passwords.reset_required(current_transaction(), session.party_id):
        return _set_anew(session)
    if request.method != "POST":
        return _page(Form(CURRENT, NEW))
    form = Form.submitted(CURRENT, NEW)
    proved = _check(form, session)
    if proved is None:
        db.session.commit()
        return _page(form)
    hashed = parts().passwords.hash(form["new_password"])
    if not passwords.stands(current_transaction(), proved, party_id=session.party_id):  # another change was first
        form.refuse("current_password", sentence("current_password_wrong"))
        return _page(form)
    passwords.store_password(current_transaction(), party_id=session.party_id, hashed=hashed, now=now())
    _changed(session)
    authenticated(session.party_id, Method.PASSWORD)
    db.session.commit()
    return redirect(url_for("account.change_password", done="password_changed"), 303)


def _set_anew(session: Session) -> ResponseReturnValue:
    """The password is off: a code to the phone on file, a few minutes ago, stands in for the current one."""
    if not is_fresh(session) or Method.SMS not in session.used:
        return confirm_first()
    tx = current_transaction()
    if until := held_until(tx, session.party_id, Act.RESET_PASSWORD, now=now()):
        return another_way_page("reset_held", time=short_time(until))
    if not sms_opens(tx, session.party_id, parts().phones, now=now()):
        return another_way_page()
    form = Form.submitted(NEW) if request.method == "POST" else Form(NEW)
    if request.method != "POST" or not (form.ok and _is_fit(form, session)):
        return _page(form)
    hashed, tx = parts().passwords.hash(form["new_password"]), current_transaction()
    passwords.store_password(tx, party_id=session.party_id, hashed=hashed, now=now())
    place_hold(tx, session.party_id, Act.CHANGE_METHODS, until=now() + parts().phones.reset_hold, now=now())
    living = sessions.by_id(tx, session.id)
    if living is None or living.ended_at is not None:  # ended meanwhile: whoever ended it turned the password off
        db.session.rollback()
        return redirect(url_for("signin.code"), 303)
    _changed(session)
    db.session.commit()
    return redirect(url_for("account.overview", done="password_changed"), 303)


def _check(form: Form, session: Session) -> passwords.Verified | None:
    """The new one is judged first: a current password is not spent on a form that would be refused anyway."""
    if not form.ok:
        return None
    if not _is_fit(form, session):
        return None
    if form["new_password"] == form["current_password"]:
        form.refuse("new_password", sentence("password_unchanged"))
        return None
    return _check_current(form, session)


def _is_fit(form: Form, session: Session) -> bool:
    person = parts().directory.person(current_transaction(), session.party_id)
    db.session.rollback()
    return not refuse_unfit(form, "new_password", parts().passwords, personal(person))


def _check_current(form: Form, session: Session) -> passwords.Verified | None:
    outcome = parts().passwords.verify(
        party_id=session.party_id, key=account_key(session.party_id), password=form["current_password"], now=now()
    )
    if isinstance(outcome, passwords.Verified):
        return outcome
    note_refusal(
        current_transaction(), parts().directory, outcome, party_id=session.party_id, session=session, now=now()
    )
    locked = outcome.reason != Refusal.CREDENTIALS_REFUSED
    form.refuse("current_password", sentence(outcome.reason if locked else "current_password_wrong"))
    return None


def _changed(session: Session) -> None:
    tx = current_transaction()
    record(
        tx, Event.PASSWORD_CHANGED, actor=session.party_id, subject=session.party_id, session=session.id, now=now()
    )
    sessions.end_all(tx, session.party_id, SessionEnd.PASSWORD_CHANGED, except_id=session.id, now=now())
    end_grants_elsewhere(tx, session.party_id, session.id, EndReason.PASSWORD_CHANGED, now=now())
    tell(tx, parts().directory, session.party_id, "password_changed", locale=preferences().lang, now=now())


def _page(form: Form) -> ResponseReturnValue:
    return render_template(
        "account/password.html",
        form=form,
        password_rules=password_rules(parts().passwords),
        notice=done_notice() if form.ok else None,
    )
