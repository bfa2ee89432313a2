"""Sign-in by certificate, and confirming once more by one.

Always true: the key's signature says whose it is, nothing that was typed; an entity's certificate opens its door, and
the human is its registered holder.
"""

from flask import Blueprint, current_app, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.parties import hold
from idp.audit import Event, record
from idp.certificates import bindings
from idp.certificates.actions import Opened
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
from idp.certificates.rules import Denied, Purpose, Refusal, method_for
from idp.credentials import password as passwords
from idp.db import Transaction, current_transaction, db
from idp.entities.doors import enter, open_door
from idp.entities.roles import Role
from idp.entities.rules import Via
from idp.flows.rules import Facts
from idp.issuers.verifying import Verified
from idp.signin.loading import authenticated
from idp.signin.pages import client_name, opening_notice
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, public, signed_in
from idp.web.limits import takes_signed
from idp.web.visit import carried, current_visit, onward

TLS_BLUEPRINT = "certificates_tls"
blueprint = Blueprint("certificates", __name__)


@blueprint.route("/signin/certificate", methods=["GET", "POST"])
@public
@takes_signed
def sign_in() -> ResponseReturnValue:
    current_visit()  # the forms of the page may lead back to its app
    if request.method == "GET":
        return _page(Form(*ANSWER), Purpose.SIGN_IN)
    form = read_form()
    outcome = _opened(form, Purpose.SIGN_IN)
    if outcome is None:
        return _page(form, Purpose.SIGN_IN)
    return let_in(*outcome)


def let_in(verified: Verified, opened: Opened) -> ResponseReturnValue:
    """Sign in whom the certificate has opened an account or a door for."""
    if opened.role is not None:
        return _open_door(verified, opened, opened.role)
    return _signed_in(verified, opened)


@blueprint.route("/signin/confirm/certificate", methods=["GET", "POST"])
@signed_in
@takes_signed
def confirm() -> ResponseReturnValue:
    """The person who is signed in proves themselves again, or by one more factor."""
    current_visit()
    if request.method == "GET":
        return _page(Form(*ANSWER), Purpose.CONFIRM)
    form = read_form()
    session: Session = current_session()
    outcome = _opened(form, Purpose.CONFIRM, person=session.party_id)
    return _page(form, Purpose.CONFIRM) if outcome is None else _signed_in(*outcome)


def _opened(form: Form, purpose: Purpose, *, person: str | None = None) -> tuple[Verified, Opened] | None:
    """Whom the certificate signs in, ``person`` alone if given; None when the form says why nobody is."""
    if not form.ok:
        return None
    verified = verify(form, purpose)
    if isinstance(verified, Denied):
        refuse(form, verified)
        return None
    opened = admitted(form, verified, person=person)
    return (verified, opened) if opened else None


def admitted(form: Form, verified: Verified, *, person: str | None = None) -> Opened | None:
    """Whom a verified certificate signs in, ``person`` alone if given; None when the form says why nobody is."""
    current_session()  # now: noting its activity commits
    opened = parts().certificates.open(current_transaction(), verified, now=now())
    if isinstance(opened, Opened) and person is not None and (opened.person != person or opened.entity is not None):
        opened = Denied(Refusal.NOT_BOUND)
    if isinstance(opened, Denied):
        refuse(form, opened)
        return None
    return opened


def _signed_in(verified: Verified, opened: Opened) -> ResponseReturnValue:
    """Success by another factor lifts a lock of the password (trust 2)."""
    tx, party_id = current_transaction(), str(opened.person)
    _note_accepted(tx, party_id, opened.binding)
    if passwords.unlock(tx, party_id=party_id, now=now()):
        record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now())
    authenticated(party_id, method_for(verified.key_protection, of_entity=False))
    db.session.commit()
    return sent_on(onward(url_for("account.overview")))


def _note_accepted(tx: Transaction, party_id: str, binding: str) -> None:
    detail = {"certificate": binding}
    record(tx, Event.CERTIFICATE_ACCEPTED, actor=party_id, subject=party_id, detail=detail, now=now())


def _open_door(verified: Verified, opened: Opened, role: Role) -> ResponseReturnValue:
    """Who is named in the certificate of an entity, and is its holder, has shown that it is them (mandates.md)."""
    tx = current_transaction()
    _note_accepted(tx, role.person, opened.binding)
    if opened.person is None or not hold(tx, opened.person):
        return passed_on(open_door(Via.ENTITY_CERTIFICATE, role.entity, key=opened.binding, only=role.person))
    method = method_for(verified.key_protection, of_entity=True)
    return passed_on(enter(role, Via.ENTITY_CERTIFICATE, method))


def certificate_stands(tx: Transaction, facts: Facts) -> bool:
    """Whether the certificate the door was opened with is bound to the entity, and its holder the same."""
    found = bindings.live(tx, facts["key"])
    return found is not None and (found.party_id, found.holder_id) == (facts["entity"], facts["only"])


def _page(form: Form, purpose: Purpose) -> ResponseReturnValue:
    asked = ask(purpose)
    if wants_json():
        return page_json(form, asked)
    return render_template(
        "signin_certificate.html",
        form=form,
        asked=asked,
        confirming=purpose is Purpose.CONFIRM,
        client_name=client_name(),
        notice=opening_notice() if form.ok else None,
        password_url=url_for("signin.password", **carried()),
        code_url=url_for("signin.code", **carried()),
        register_url=url_for("registration.phone", **carried()),
        tls_url=_by_tls() if purpose is Purpose.SIGN_IN else None,
    )


def _by_tls() -> str | None:
    """Where the certificate may be shown by the connection instead, if this installation offers that."""
    return url_for("certificates_tls.connect", **carried()) if TLS_BLUEPRINT in current_app.blueprints else None
