"""The way in by an entity's password: it opens the door, and the person who walks through is named by their phone.

Always true: the session that begins here is a person's, of the strength of one text code, and says by which door.
"""

from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import hold
from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.captcha.pages import (
    asked_after_failures,
    asked_before_sms,
    note_failure,
    passed,
    question,
    sent_form,
)
from idp.credentials.password import Verified, changed_at
from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, Proved
from idp.db import current_transaction, db
from idp.entities import roles
from idp.entities.pages import blueprint, is_held, parts
from idp.entities.roles import Role
from idp.entities.rules import Acting, RoleState, Via
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step, undone
from idp.signin.codes import answer_code, send_code
from idp.signin.loading import act_for, authenticated
from idp.signin.pages import CODE, another_way_page, client_name
from idp.signin.pages import parts as signin_parts
from idp.signin.phones import sms_opens
from idp.signin.rules import Method
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public
from idp.web.reasons import GENERAL, role_word, sentence
from idp.web.visit import carried, onward

FLOW = FlowKind.ENTITY_SIGN_IN
WHO = Field("who", sentence("entity_person_missing"), max_length=80)


def open_door(entity: str, verified: Verified) -> ResponseReturnValue:
    """The password was right: this browser may say who walks through. Commits."""
    facts = {"entity": entity, "password": verified.changed_at}
    journey = parts().journeys.begin(current_transaction(), FLOW, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(url_for("entities.who", f=journey.id, **carried()), 303)


def _journey() -> Journey | None:
    """The door this browser has opened, while the password it was opened with is the entity's."""
    tx, key = current_transaction(), request.values.get("f", "")
    found = parts().journeys.read(tx, FLOW, key, browser=browser_digest(), now=now()) if key else None
    if found is None or changed_at(tx, found.facts["entity"]) != found.facts["password"]:
        return None
    return found


def _people(entity: str) -> list[tuple[Role, Mobile, str]]:
    """Who may walk through: the entity's confirmed people who can be reached, with their masked names."""
    tx, found = current_transaction(), []
    for role in roles.of_entity(tx, entity):
        person = parts().directory.person(tx, role.person)
        if role.state == RoleState.CONFIRMED and person.mobile and person.identity:
            found.append((role, person.mobile, person.identity.name.masked))
    return found


@blueprint.route("/signin/entity", methods=["GET", "POST"])
@public
def who() -> ResponseReturnValue:
    """Choose the person; a code goes to their phone, which is not shown."""
    journey = _journey()
    if journey is None:
        return _gone()
    people = _people(journey.facts["entity"])
    if request.method == "GET":
        return _who_page(Form(WHO, values={"who": people[0][0].id if people else ""}), people)
    form = sent_form(WHO, asked=asked_before_sms())
    chosen = next((one for one in people if one[0].id == form["who"]), None)
    if form.ok and chosen is None:
        form.refuse("who", sentence("entity_person_missing"))
    if chosen is None or not passed(form):
        return _who_page(form, people)
    role, mobile, _ = chosen
    return _send(journey, form, people, role, mobile)


def _send(
    journey: Journey, form: Form, people: list[tuple[Role, Mobile, str]], role: Role, mobile: Mobile
) -> ResponseReturnValue:
    db.session.rollback()
    before = journey.facts.get("challenge")
    issued = send_code(parts().codes, Purpose.ENTITY_SIGN_IN, mobile, role.person, deliver=True, replaces=before)
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _who_page(form, people)
    facts = {**undone(FLOW, "person", journey.facts), "role": role.id, "challenge": issued.challenge_id}
    parts().journeys.move(current_transaction(), journey, facts)
    db.session.commit()
    return redirect(url_for("entities.who_code", f=journey.id, **carried()), 303)


@blueprint.route("/signin/entity/code", methods=["GET", "POST"])
@public
def who_code() -> ResponseReturnValue:
    """The chosen person's code: it is theirs alone to give."""
    journey = _journey()
    if journey is None or open_step(FLOW, journey.facts) != "code":
        return _gone()
    if request.method == "GET":
        return _code_page(Form(CODE))
    form = sent_form(CODE, asked=asked_after_failures())
    if not passed(form):
        return _code_page(form)
    current_session()  # now: noting its activity commits, which would let go of the account while it is held
    answered = answer_code(parts().codes, Purpose.ENTITY_SIGN_IN, journey.facts["challenge"], form["code"])
    db.session.commit()
    if isinstance(answered, Proved) and (role := _reached(journey, answered.phone)):
        return _walk_through(journey, role, answered.phone)
    note_failure()
    form.refuse("code", sentence(answered.reason if isinstance(answered, Denied) else Refusal.CODE_EXPIRED))
    return _code_page(form)


def _reached(journey: Journey, phone: str) -> Role | None:
    """The chosen role, if it still stands and its person is still reached by ``phone``."""
    people = _people(journey.facts["entity"])
    return next(
        (role for role, mobile, _ in people if role.id == journey.facts["role"] and mobile.e164 == phone), None
    )


def _walk_through(journey: Journey, role: Role, phone: str) -> ResponseReturnValue:
    """The person is signed in, by their own factor only, and acts for the entity. Once per journey."""
    tx = current_transaction()
    stands = hold(tx, role.person) and _reached(journey, phone)  # role and phone may have gone before it was held
    if not stands or not parts().journeys.move(tx, journey, {**journey.facts, "signed_in": True}, ended_at=now()):
        db.session.rollback()
        return _gone()
    if not sms_opens(tx, role.person, signin_parts().phones, now=now()):
        record(tx, Event.SESSION_BEGUN, subject=role.person, result="refused", reason="phone-idle", now=now())
        db.session.commit()
        return another_way_page()
    if is_held(role.person):
        record(tx, Event.SESSION_BEGUN, subject=role.person, result="refused", reason="represent-held", now=now())
        db.session.commit()
        return another_way_page("entity_held")
    session = authenticated(role.person, Method.SMS)
    acting = Acting(role.entity, role.role, Via.ENTITY_PASSWORD)
    act_for(session, acting.text, via=acting.via)
    db.session.commit()
    return redirect(onward(url_for("entities.acting", done="acting_entity")), 303)


def _gone() -> ResponseReturnValue:
    """Who opens the page is led back; who answers is told 400."""
    again = url_for("signin.password", **carried())
    if request.method == "GET":
        return redirect(again, 303)
    return error_page(400, title=sentence("code_expired"), text=GENERAL, again=again)


def _who_page(form: Form, people: list[tuple[Role, Mobile, str]]) -> ResponseReturnValue:
    shown = [SimpleNamespace(id=role.id, name=name, role=role_word(role.role)) for role, _, name in people]
    return render_template(
        "entity_who.html",
        form=form,
        people=shown,
        captcha=question(form, asked=asked_before_sms()),
        client_name=client_name(),
        signin_url=url_for("signin.password", **carried()),
    )


def _code_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "entity_who_code.html",
        form=form,
        captcha=question(form, asked=asked_after_failures()),
        client_name=client_name(),
        who_url=url_for("entities.who", f=request.values.get("f"), **carried()),
    )
