"""A person's certificates: listed, bound, renewed, unbound; and bound as the way to a higher identity level.

Always true: what is changed is changed in a session just proved, leaves a record and is told to the phone.
"""

from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.certificates import bindings
from idp.certificates.asking import (
    ANSWER,
    ask,
    page_json,
    parts,
    passed_on,
    read_form,
    refuse,
    sent_on,
    verify,
    wants_json,
)
from idp.certificates.bindings import Binding
from idp.certificates.rules import EVIDENCE, Denied, EndReason, Purpose, algorithm_word
from idp.certificates.signin_pages import blueprint
from idp.credentials.rules import Refusal as CredentialRefusal
from idp.db import current_transaction, db
from idp.proofing.pages import app_waiting
from idp.proofing.second import awaits_second
from idp.proofing.ways import passed_by
from idp.signin.confirm_pages import confirm_first, confirm_strongly
from idp.signin.factors import held_by
from idp.signin.rules import Method, Session
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.limits import takes_signed
from idp.web.locale import preferences
from idp.web.notices import Notice, done_notice
from idp.web.reasons import sentence
from idp.web.visit import carried, onward

_OPENING = frozenset({Method.PASSWORD, Method.SMS, Method.PASSKEY})
"""What else opens an account."""


@blueprint.route("/account/certificates", methods=["GET", "POST"])
@signed_in
def own() -> ResponseReturnValue:
    """The list; ``unbind=<id>`` ends one."""
    session: Session = current_session()
    if request.method == "GET":
        return _list_page(session, done_notice())
    if (first := confirm_first(session)) is not None:
        return first
    hold_session(session, Event.CERTIFICATE_UNBOUND)
    done = _unbind(session, request.form.get("unbind", ""))
    db.session.commit()
    if done == CredentialRefusal.LAST_WAY_IN:
        return _list_page(session, Notice("bad", sentence(done))), 422
    return redirect(url_for("certificates.own", done=done), 303)


def _unbind(session: Session, named: str) -> str | None:
    """What was done, or `LAST_WAY_IN`; None when there is no such certificate. No session ends by it."""
    tx, party_id = current_transaction(), session.party_id
    bound = [one.id for one in bindings.of_party(tx, party_id)]
    if named not in bound:
        return None
    if len(bound) == 1 and _OPENING.isdisjoint(held_by(tx, party_id)):
        return CredentialRefusal.LAST_WAY_IN
    bindings.end(tx, named, EndReason.BY_PERSON, now=now())
    detail = {"certificate": named}
    event = Event.CERTIFICATE_UNBOUND
    record(tx, event, actor=party_id, subject=party_id, session=session.id, detail=detail, now=now())
    tell(tx, parts().certificates.directory, party_id, "certificate_unbound", locale=preferences().lang, now=now())
    return "certificate_unbound"


@blueprint.route("/account/certificates/new", methods=["GET", "POST"])
@signed_in
@takes_signed
def bind() -> ResponseReturnValue:
    """One more, or with ``renew=<id>`` one in place of that."""
    session: Session = current_session()
    renewed = request.args.get("renew", "")
    if renewed and renewed not in [one.id for one in bindings.of_party(current_transaction(), session.party_id)]:
        return redirect(url_for("certificates.own"), 303)
    return _serve(session, renewed or None, back=url_for("certificates.own"))


@blueprint.route("/identity/certificate", methods=["GET", "POST"])
@signed_in
@takes_signed
def prove() -> ResponseReturnValue:
    """The way to a higher level: the same, for who comes to prove who they are."""
    if (answer := passed_by(EVIDENCE)) is not None:
        return answer
    return _serve(current_session(), None, back=url_for("proofing.ladder", **carried()))


def _serve(session: Session, renewed: str | None, *, back: str) -> ResponseReturnValue:
    if (first := _first(session)) is not None:
        return passed_on(first)
    if request.method == "GET":
        return _bind_page(Form(*ANSWER), renewed, back)
    form = read_form()
    if form.ok and (answer := _bound(session, form, renewed)) is not None:
        return answer
    return _bind_page(form, renewed, back)


def _first(session: Session) -> ResponseReturnValue | None:
    """Where to prove oneself anew; phone and password will do for the second evidence of an activation (trust 5)."""
    if awaits_second(current_transaction(), session.party_id, now=now()):
        return confirm_strongly(session)
    return confirm_first(session)


def _purpose(renewed: str | None) -> Purpose:
    return Purpose.RENEW if renewed else Purpose.BIND_PERSON


def _bound(session: Session, form: Form, renewed: str | None) -> ResponseReturnValue | None:
    verified = verify(form, _purpose(renewed), about=renewed)
    if isinstance(verified, Denied):
        refuse(form, verified)
        return None
    hold_session(session, Event.CERTIFICATE_BOUND)
    bound = parts().certificates.bind_person(
        current_transaction(),
        verified,
        party_id=session.party_id,
        session=session.id,
        replaces=renewed,
        now=now(),
    )
    if isinstance(bound, Denied):
        refuse(form, bound)
        return None
    db.session.commit()
    done = "certificate_renewed" if renewed else "certificate_bound"
    return sent_on(onward(url_for("certificates.own", done=done)))


def _list_page(session: Session, notice: Notice | None) -> str:
    found = bindings.of_party(current_transaction(), session.party_id)
    return render_template(
        "account/certificates.html",
        certificates=[shown(one, url_for("certificates.bind", renew=one.id)) for one in found],
        new_url=url_for("certificates.bind"),
        notice=notice,
    )


def shown(one: Binding, renew_url: str) -> SimpleNamespace:
    """A certificate as its owner sees it."""
    return SimpleNamespace(
        id=one.id,
        name=parts().certificates.name_in(one),
        issuer=parts().title(current_transaction(), one.issuer_id, preferences().lang) or one.issuer_name,
        serial=one.serial,
        algorithm=algorithm_word(one.algorithm),
        bound_at=one.bound_at,
        used_at=one.last_used_at,
        ends_at=one.not_after + 1,
        over=one.not_after < now(),
        renew_url=renew_url,
    )


def _bind_page(form: Form, renewed: str | None, back: str) -> ResponseReturnValue:
    asked = ask(_purpose(renewed), about=renewed)
    if wants_json():
        return page_json(form, asked)
    waiting = app_waiting(url_for("certificates.own"))
    return render_template(
        "certificate_bind.html",
        form=form,
        asked=asked,
        renewing=renewed is not None,
        all_url=back if back != url_for("certificates.own") else None,
        **waiting,
    )
