"""The ways one signs in by, listed, and removing them.

Always true: nothing is changed but in a session just proved; a change leaves a record and is told to the
phone, and the last way in stays. No session ends by it.
"""

from flask import current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.certificates import bindings
from idp.credentials import passkey, recovery_code, totp
from idp.credentials import password as passwords
from idp.credentials.rules import Refusal, Way, may_remove
from idp.db import current_transaction, db
from idp.selfservice.pages import blueprint, parts
from idp.signin.confirm_pages import confirm_first
from idp.signin.factors import held_by
from idp.signin.pages import CERTIFICATES, certificates_offered
from idp.signin.rules import Method, Session
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.guards import current_session, signed_in
from idp.web.locale import preferences
from idp.web.notices import Notice, done_notice
from idp.web.reasons import sentence

_WAYS = {
    Method.PASSWORD: Way.PASSWORD,
    Method.SMS: Way.MOBILE,
    Method.TOTP: Way.TOTP,
    Method.RECOVERY_CODE: Way.RECOVERY_CODE,
}
_REMOVALS = {"totp": Event.TOTP_REMOVED, "recovery_codes": Event.RECOVERY_CODES_REMOVED}


@blueprint.route("/methods", methods=["GET", "POST"])
@signed_in
def methods() -> ResponseReturnValue:
    session: Session = current_session()
    if request.method == "GET":
        return _page(session, done_notice())
    if (first := confirm_first(session)) is not None:
        return first
    named = request.form.get("remove", "")
    hold_session(session, _REMOVALS.get(named, Event.PASSKEY_REMOVED))  # of two at once, the second sees what is left
    done = _remove(session, named)
    db.session.commit()
    if done is Refusal.LAST_WAY_IN:
        return _page(session, Notice("bad", sentence(done))), 422
    return redirect(url_for("account.methods", done=done), 303)


def _page(session: Session, notice: Notice | None) -> str:
    tx, party_id = current_transaction(), session.party_id
    person = parts().directory.person(tx, party_id)
    bound = len(bindings.of_party(tx, party_id)) if CERTIFICATES in current_app.extensions else 0
    return render_template(
        "account/methods.html",
        password_at=passwords.changed_at(tx, party_id),
        masked_phone=person.mobile.masked if person.mobile else None,
        passkeys=parts().factors.passkeys.of_party(tx, party_id),
        totp_at=totp.enrolled_at(tx, party_id),
        codes=recovery_code.left(tx, party_id),
        certificates=bound,
        certificates_url=url_for("certificates.own") if bound or certificates_offered() else None,
        notice=notice,
    )


def _remove(session: Session, named: str) -> str | None:
    """What was done, or `Refusal.LAST_WAY_IN`; None when there is no such thing."""
    tx, party_id = current_transaction(), session.party_id
    own = [found.id for found in parts().factors.passkeys.of_party(tx, party_id)]
    held = [_WAYS[method] for method in held_by(tx, party_id) if method in _WAYS] + [Way.PASSKEY] * len(own)
    if named in own:
        if not may_remove(held, Way.PASSKEY):
            return Refusal.LAST_WAY_IN
        passkey.remove(tx, party_id=party_id, passkey_id=named)
        return note_change(session, Event.PASSKEY_REMOVED, "passkey_removed", passkey=named)
    if named == "totp" and totp.remove(tx, party_id=party_id):
        return note_change(session, Event.TOTP_REMOVED, "totp_removed")
    if named == "recovery_codes" and recovery_code.remove(tx, party_id=party_id):
        return note_change(session, Event.RECOVERY_CODES_REMOVED, "recovery_codes_removed")
    return None


def note_change(session: Session, event: Event, template: str, **detail: str) -> str:
    """Record a change and tell the phone; ``template`` is also the reason the next page says. The view commits."""
    tx, party_id = current_transaction(), session.party_id
    record(tx, event, actor=party_id, subject=party_id, session=session.id, detail=detail or None, now=now())
    tell(tx, parts().directory, party_id, template, locale=preferences().lang, now=now())
    return template
