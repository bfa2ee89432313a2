"""The certificates of an entity: listed, bound with their registered holder, renewed, unbound.

Always true: only the entity's confirmed representative, acting for it and proved anew, changes anything; the human a
certificate signs in is one of the entity's confirmed people.
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
from idp.certificates.person_pages import shown
from idp.certificates.rules import Denied, EndReason, Purpose
from idp.certificates.signin_pages import blueprint
from idp.db import current_transaction, db
from idp.entities import roles
from idp.entities.actions import Described
from idp.entities.pages import is_held
from idp.entities.pages import parts as entity_parts
from idp.entities.rules import Acting, RepresentedStatus, RoleState, Via, worth
from idp.signin.confirm_pages import confirm_strongly
from idp.signin.rules import Session, SessionEnd
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.limits import takes_signed
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import role_word, sentence
from idp.web.visit import onward

HOLDER = Field("holder", sentence("entity_person_missing"), max_length=80, required=False)


def _represented(session: Session) -> Described | None:
    """The entity this session acts for, if its person speaks for it just now."""
    tx, acting = current_transaction(), Acting.parse(session.acting)
    tie = roles.tie_to(tx, session.party_id, acting.entity, now=now()) if acting else None
    status = worth(tie, recheck=entity_parts().entities.recheck, now=now())
    if tie is None or tie.state != RoleState.CONFIRMED or status is not RepresentedStatus.CURRENT:
        return None
    return entity_parts().entities.describe(tx, tie.entity)


def _not_theirs(session: Session) -> ResponseReturnValue:
    """First one says for which entity one acts; an account that is held speaks for none."""
    done = "entity_held" if is_held(session.party_id) else "certificate_acting_first"
    return redirect(url_for("entities.acting", done=done), 303)


@blueprint.route("/entities/certificates", methods=["GET", "POST"])
@signed_in
def of_entity() -> ResponseReturnValue:
    """The list; ``unbind=<id>`` ends one."""
    session: Session = current_session()
    entity = None if is_held(session.party_id) else _represented(session)
    if entity is None:
        return _not_theirs(session)
    if request.method == "GET":
        return _list_page(entity)
    if (first := confirm_strongly(session)) is not None:
        return first
    hold_session(session, Event.ENTITY_CERTIFICATE_UNBOUND)
    done = _unbind(session, entity.entity, request.form.get("unbind", ""))
    db.session.commit()
    return redirect(url_for("certificates.of_entity", done=done), 303)


def _unbind(session: Session, entity: str, named: str) -> str | None:
    """Who came in by a certificate of the entity is out, as after a change of its password."""
    tx = current_transaction()
    roles.hold(tx, entity)
    bound = next((one for one in bindings.of_party(tx, entity) if one.id == named), None)
    if bound is None or bindings.end(tx, named, EndReason.BY_PERSON, now=now()) is None:
        return None
    roles.end_entries(tx, entity, Via.ENTITY_CERTIFICATE, SessionEnd.CERTIFICATE_ENDED, now=now())
    record(
        tx,
        Event.ENTITY_CERTIFICATE_UNBOUND,
        actor=session.party_id,
        subject=entity,
        session=session.id,
        detail={"certificate": named},
        now=now(),
    )
    directory, lang = parts().certificates.directory, preferences().lang
    for one in dict.fromkeys((session.party_id, bound.holder_id)):
        tell(tx, directory, one, "entity_certificate_unbound", locale=lang, now=now())
    return "certificate_unbound"


@blueprint.route("/entities/certificates/new", methods=["GET", "POST"])
@signed_in
@takes_signed
def bind_to_entity() -> ResponseReturnValue:
    """One more, or with ``renew=<id>`` one in place of that."""
    session: Session = current_session()
    entity = None if is_held(session.party_id) else _represented(session)
    if entity is None:
        return passed_on(_not_theirs(session))
    renewed = request.args.get("renew", "")
    if renewed and renewed not in [one.id for one in bindings.of_party(current_transaction(), entity.entity)]:
        return redirect(url_for("certificates.of_entity"), 303)
    if (first := confirm_strongly(session)) is not None:
        return passed_on(first)
    if request.method == "GET":
        return _bind_page(Form(*ANSWER, HOLDER), session, entity, renewed)
    form = read_form(HOLDER)
    if form.ok and (answer := _bound(session, form, entity, renewed)) is not None:
        return answer
    return _bind_page(form, session, entity, renewed)


def _purpose(renewed: str) -> Purpose:
    return Purpose.RENEW if renewed else Purpose.BIND_ENTITY


def _about(entity: str, renewed: str) -> str:
    return f"{entity} {renewed}"


def _bound(session: Session, form: Form, entity: Described, renewed: str) -> ResponseReturnValue | None:
    verified = verify(form, _purpose(renewed), about=_about(entity.entity, renewed))
    if isinstance(verified, Denied):
        refuse(form, verified)
        return None
    hold_session(session, Event.ENTITY_CERTIFICATE_BOUND)
    bound = parts().certificates.bind_entity(
        current_transaction(),
        verified,
        entity=entity.entity,
        by=session.party_id,
        session=session.id,
        holder=form["holder"],
        replaces=renewed or None,
        now=now(),
    )
    if isinstance(bound, Denied):
        refuse(form, bound, subject=entity.entity)
        return None
    db.session.commit()
    done = "certificate_renewed" if renewed else "certificate_bound"
    return sent_on(onward(url_for("certificates.of_entity", done=done)))


def _holders(entity: str) -> list[SimpleNamespace]:
    """The entity's confirmed people, masked."""
    tx, found = current_transaction(), []
    for one in roles.of_entity(tx, entity):
        person = parts().certificates.directory.person(tx, one.person)
        if one.state == RoleState.CONFIRMED and person.identity:
            name = person.identity.name.masked
            found.append(SimpleNamespace(id=one.id, person=one.person, name=name, role=role_word(one.role)))
    return found


def _list_page(entity: Described) -> ResponseReturnValue:
    names = {one.person: one.name for one in _holders(entity.entity)}
    found = bindings.of_party(current_transaction(), entity.entity)
    certificates = [shown(one, url_for("certificates.bind_to_entity", renew=one.id)) for one in found]
    for one, bound in zip(certificates, found, strict=True):
        one.holder = names.get(bound.holder_id or "")
    return render_template(
        "entity_certificates.html",
        entity=entity.name,
        certificates=certificates,
        new_url=url_for("certificates.bind_to_entity"),
        notice=done_notice(),
    )


def _bind_page(form: Form, session: Session, entity: Described, renewed: str) -> ResponseReturnValue:
    holders = _holders(entity.entity)
    own = next((one.id for one in holders if one.person == session.party_id), "")
    asked = ask(_purpose(renewed), about=_about(entity.entity, renewed))
    if wants_json():
        return page_json(form, asked)
    return render_template(
        "entity_certificate_bind.html",
        form=form,
        asked=asked,
        entity=entity.name,
        holders=holders,
        chosen=form["holder"] or own,
        renewing=bool(renewed),
        back_url=url_for("certificates.of_entity"),
    )
