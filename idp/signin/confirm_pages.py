"""Confirming once more that it is the person: a page that says why, and offers the ways that help.

Always true: only ways the person has are offered, and only those that reach what is asked for; who declines goes on
without, and the app decides what that is worth.
"""

from collections.abc import Callable

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.holds import held_until
from idp.accounts.rules import Act
from idp.credentials import password as passwords
from idp.db import current_transaction
from idp.signin import confirm_steps
from idp.signin.confirming import Confirmation, confirm_url
from idp.signin.factors import attainable, held_by, sms_adds_nothing
from idp.signin.pages import CERTIFICATES, blueprint
from idp.signin.rules import BY_EACH_OTHER, Method, Session, may_change_methods, ways_to_reach, ways_to_renew
from idp.web.clock import now
from idp.web.guards import current_session, signed_in
from idp.web.visit import carried, current_visit, onward


def _by_certificate(_asked: Confirmation) -> ResponseReturnValue:
    """It has a page of its own."""
    return redirect(url_for("certificates.confirm", **carried()), 303)


_STEPS: dict[Method, Callable[[Confirmation], ResponseReturnValue]] = {
    Method.PASSKEY: confirm_steps.by_passkey,
    Method.TOTP: confirm_steps.by_totp,
    Method.PASSWORD: confirm_steps.by_password,
    Method.SMS: confirm_steps.by_code,
    Method.RECOVERY_CODE: confirm_steps.by_recovery_code,
    Method.CERTIFICATE: _by_certificate,
}
_SECOND_FACTOR = 2


@blueprint.route("/signin/confirm", methods=["GET", "POST"])
@signed_in
def confirm() -> ResponseReturnValue:
    """One way to confirm, and links to the others; ``by`` names another than the first."""
    session: Session = current_session()
    if request.method == "POST" and request.form.get("decline") == "yes":
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    again = request.args.get("again") == "yes"
    ways, needed = _ways(session, again=again)
    if not ways:
        return _nothing_to_ask(session, needed)
    chosen = next((way for way in ways if way == request.args.get("by")), ways[0])
    return _STEPS[chosen](Confirmation(session, chosen, tuple(way for way in ways if way is not chosen), again))


def _ways(session: Session, *, again: bool) -> tuple[list[Method], int]:
    """The ways that help, the best first, and the strength they are to reach."""
    tx, party_id = current_transaction(), session.party_id
    held = held_by(tx, party_id)
    if Method.PASSWORD in session.used and sms_adds_nothing(tx, party_id, now=now()):
        held -= {Method.SMS}
    if CERTIFICATES not in current_app.extensions:
        held -= {Method.CERTIFICATE}
    reach = attainable(held, session.used)
    if again:
        needed = min(_SECOND_FACTOR, reach)
        fresh = may_change_methods(session, attainable=reach, now=now())
        return ([] if fresh else ways_to_renew(needed, held=held, used=session.used)), needed
    visit = current_visit()
    needed = (visit and visit.target_aal) or _SECOND_FACTOR
    return ways_to_reach(needed, held=held, used=session.used), needed


def _nothing_to_ask(session: Session, needed: int) -> ResponseReturnValue:
    if session.aal < needed and current_visit():
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    return redirect(onward(url_for("account.overview")), 303)


def confirm_first(session: Session) -> ResponseReturnValue | None:
    """For pages that change the ways to sign in: where to go before, or None when nothing need be confirmed."""
    first = what_comes_first(session, back=request.path)  # by GET: no form is sent twice
    return redirect(first, 303) if first else None


def what_comes_first(session: Session, *, back: str) -> str | None:
    """The address to see before the ways to sign in may be changed at ``back``; None when they may be now."""
    tx, party_id = current_transaction(), session.party_id
    if passwords.reset_required(tx, party_id):  # a factor that is off is not one the person never had
        return url_for("account.change_password")
    if BY_EACH_OTHER.issuperset(session.used) and held_until(tx, party_id, Act.CHANGE_METHODS, now=now()):
        return url_for("account.methods", done="methods_held")
    return _where_to_confirm(session, held_by(tx, party_id), back)


def confirm_strongly(session: Session) -> ResponseReturnValue | None:
    """For pages that give much away: two factors, just now, of who has two."""
    return _confirm_first(session, held_by(current_transaction(), session.party_id))


def where_to_prove(session: Session, *, back: str, why: str) -> str | None:
    """For what binds somebody: the address to see before ``back``, None when two factors were shown just now.

    ``why``: the reason whose sentence the page says (`idp.web.reasons`).
    """
    held = held_by(current_transaction(), session.party_id)
    return _where_to_confirm(session, held, back, why=why)


def confirm_without_phone(session: Session) -> ResponseReturnValue | None:
    """For a change of phone, whose old number may be lost: two factors only of who has two beside it."""
    held = held_by(current_transaction(), session.party_id) - {Method.SMS}
    if attainable(held, session.used) < _SECOND_FACTOR and _confirm_first(session, held) is not None:
        return redirect(url_for("signin.password", next=request.path, done="phone_reauthenticate"), 303)
    return _confirm_first(session, held)


def _confirm_first(session: Session, held: frozenset[Method]) -> ResponseReturnValue | None:
    where = _where_to_confirm(session, held, request.path)
    return redirect(where, 303) if where else None


def _where_to_confirm(session: Session, held: frozenset[Method], back: str, *, why: str | None = None) -> str | None:
    if may_change_methods(session, attainable=attainable(held, session.used), now=now()):
        return None
    return confirm_url(again="yes", why=why, next=back)
