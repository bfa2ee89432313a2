"""The doors of an entity: what opened one, and the person who walks through.

Always true: the session that begins here is a person's, of the strength of that person's own factor, and says by
which door; a door is shut as soon as what opened it stands no more.
"""

from typing import NamedTuple

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.parties import hold
from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.db import current_transaction, db
from idp.entities import roles
from idp.entities.pages import is_held, parts
from idp.entities.roles import Role
from idp.entities.rules import Acting, RoleState, Via
from idp.flows.actions import Journey
from idp.flows.rules import Facts, FlowKind
from idp.signin.loading import act_for, authenticated
from idp.signin.pages import another_way_page
from idp.signin.pages import parts as signin_parts
from idp.signin.phones import sms_opens
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.guards import current_session
from idp.web.visit import carried, onward

FLOW = FlowKind.ENTITY_SIGN_IN


class Candidate(NamedTuple):
    """Somebody who may walk through. ``name``: masked; ``mobile``: None where no code reaches them."""

    role: Role
    mobile: Mobile | None
    name: str


def open_door(via: Via, entity: str, *, key: str | int, only: str | None = None) -> ResponseReturnValue:
    """This browser may say who walks through; if given, ``only`` that person does. Commits.

    ``key``: what opened it, as the door's entry in `EntityParts.doors` knows it.
    """
    facts = {"entity": entity, "via": via.value, "key": key, "only": only}
    journey = parts().journeys.begin(current_transaction(), FLOW, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(url_for("entities.who", f=journey.id, **carried()), 303)


def door_of(key: str) -> Journey | None:
    """The door this browser has opened, while what opened it is still the entity's."""
    tx = current_transaction()
    found = parts().journeys.read(tx, FLOW, key, browser=browser_digest(), now=now()) if key else None
    stands = parts().doors.get(found.facts["via"]) if found else None
    return found if found and stands and stands(tx, found.facts) else None


def candidates(facts: Facts) -> list[Candidate]:
    """Who may walk through: the entity's confirmed people, or the one of them that the door is for."""
    tx, found = current_transaction(), []
    for role in roles.of_entity(tx, facts["entity"]):
        person = parts().directory.person(tx, role.person)
        if role.state == RoleState.CONFIRMED and person.identity and facts["only"] in (None, role.person):
            found.append(Candidate(role, person.mobile, person.identity.name.masked))
    return found


def reached(journey: Journey, role_id: str, phone: str | None) -> Role | None:
    """The role, if it still stands and its person is still reached by ``phone`` (None: came without)."""
    return next(
        (
            one.role
            for one in candidates(journey.facts)
            if one.role.id == role_id and (phone is None or (one.mobile and one.mobile.e164 == phone))
        ),
        None,
    )


def walk_through(
    journey: Journey, role: Role, method: Method, *, phone: str | None = None
) -> ResponseReturnValue | None:
    """The person is signed in, by their own factor only, and acts for the entity. Once a journey; None: too late."""
    tx = current_transaction()
    stands = hold(tx, role.person) and reached(journey, role.id, phone)  # it may have gone before it was held
    ended = {**journey.facts, "role": role.id, "challenge": journey.facts.get("challenge", ""), "signed_in": True}
    if not stands or not parts().journeys.move(tx, journey, ended, ended_at=now()):
        db.session.rollback()
        return None
    return enter(role, Via(journey.facts["via"]), method)


def enter(role: Role, via: Via, method: Method) -> ResponseReturnValue:
    """The same for who is known by now; the caller holds their account. Commits."""
    tx = current_transaction()
    if method is Method.SMS and not sms_opens(tx, role.person, signin_parts().phones, now=now()):
        record(tx, Event.SESSION_BEGUN, subject=role.person, result="refused", reason="phone-idle", now=now())
        db.session.commit()
        return another_way_page()
    if is_held(role.person):
        record(tx, Event.SESSION_BEGUN, subject=role.person, result="refused", reason="represent-held", now=now())
        db.session.commit()
        return another_way_page("entity_held")
    here: Session | None = current_session()
    if method is Method.ENTITY_CERTIFICATE and here is not None and here.party_id == role.person:
        session = here  # they are in by their own factors already; the entity's makes that neither newer nor stronger
    else:
        session = authenticated(role.person, method)
    act_for(session, Acting(role.entity, role.role, via).text, via=via)
    db.session.commit()
    return redirect(onward(url_for("entities.acting", done="acting_entity")), 303)
