"""Who walks through a door of an entity: the pages that ask, and take the person's own code or passkey.

Always true: without a factor that is the person's alone nobody comes through, whatever opened the door.
"""

from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

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
from idp.credentials.passkey import Denied as PasskeyDenied
from idp.credentials.passkey import Purpose as PasskeyPurpose
from idp.credentials.password import Verified, changed_at
from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, Proved
from idp.db import Transaction, current_transaction, db
from idp.entities.doors import FLOW, Candidate, candidates, door_of, open_door, reached, walk_through
from idp.entities.pages import blueprint, parts
from idp.entities.rules import Via
from idp.flows.actions import Journey
from idp.flows.rules import Facts, open_step, undone
from idp.signin.codes import answer_code, send_code
from idp.signin.pages import CODE, client_name
from idp.signin.pages import parts as signin_parts
from idp.signin.passkey_pages import ANSWER, note_passkey_refused
from idp.signin.rules import Method
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public
from idp.web.headers import allow_own_script
from idp.web.reasons import GENERAL, role_word, sentence
from idp.web.visit import carried

WHO = Field("who", sentence("entity_person_missing"), max_length=80)


def open_by_password(entity: str, verified: Verified) -> ResponseReturnValue:
    """The password was right. Commits."""
    return open_door(Via.ENTITY_PASSWORD, entity, key=verified.changed_at)


def password_stands(tx: Transaction, facts: Facts) -> bool:
    """Whether the password the door was opened with is the entity's."""
    return bool(changed_at(tx, facts["entity"]) == facts["key"])


def _journey() -> Journey | None:
    return door_of(request.values.get("f", ""))


def _reachable(journey: Journey) -> list[Candidate]:
    return [one for one in candidates(journey.facts) if one.mobile]


@blueprint.route("/signin/entity", methods=["GET", "POST"])
@public
def who() -> ResponseReturnValue:
    """Choose the person; a code goes to their phone, which is not shown."""
    journey = _journey()
    if journey is None:
        return _gone()
    people = _reachable(journey)
    if request.method == "GET":
        return _who_page(Form(WHO, values={"who": people[0].role.id if people else ""}), journey, people)
    form = sent_form(WHO, asked=asked_before_sms())
    chosen = next((one for one in people if one.role.id == form["who"]), None)
    if form.ok and chosen is None:
        form.refuse("who", sentence("entity_person_missing"))
    if chosen is None or chosen.mobile is None or not passed(form):
        return _who_page(form, journey, people)
    return _send(journey, form, people, chosen, chosen.mobile)


def _send(
    journey: Journey, form: Form, people: list[Candidate], chosen: Candidate, mobile: Mobile
) -> ResponseReturnValue:
    db.session.rollback()
    role, before = chosen.role, journey.facts.get("challenge")
    issued = send_code(parts().codes, Purpose.ENTITY_SIGN_IN, mobile, role.person, deliver=True, replaces=before)
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _who_page(form, journey, people)
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
    if isinstance(answered, Proved) and (role := reached(journey, journey.facts["role"], answered.phone)):
        return walk_through(journey, role, Method.SMS, phone=answered.phone) or _gone()
    note_failure()
    form.refuse("code", sentence(answered.reason if isinstance(answered, Denied) else Refusal.CODE_EXPIRED))
    return _code_page(form)


@blueprint.route("/signin/entity/passkey", methods=["GET", "POST"])
@public
def who_passkey() -> ResponseReturnValue:
    """The passkey says which of the entity's people it is."""
    journey = _journey()
    if journey is None:
        return _gone()
    if request.method == "GET":
        return _passkey_page(Form(*ANSWER))
    form = Form.submitted(*ANSWER)
    if not form.ok:
        return _passkey_page(form)
    current_session()  # as above
    passkeys = signin_parts().factors.passkeys
    challenge = passkeys.redeem(form["key"], PasskeyPurpose.ENTITY_SIGN_IN, browser=browser_digest().hex())
    tx = current_transaction()
    proved = passkeys.answer(tx, challenge, response=form["credential"], now=now())
    people = candidates(journey.facts)
    role = next((one.role for one in people if one.role.person == proved.party_id), None)
    if isinstance(proved, PasskeyDenied) or role is None:
        refused = proved if isinstance(proved, PasskeyDenied) else PasskeyDenied(Refusal.PASSKEY_REFUSED)
        note_passkey_refused(refused)
        form.refuse("", sentence(refused.reason))
        return _passkey_page(form)
    detail = {"passkey": proved.passkey_id}
    record(tx, Event.PASSKEY_ACCEPTED, actor=role.person, subject=role.person, detail=detail, now=now())
    db.session.commit()
    return walk_through(journey, role, Method.PASSKEY) or _gone()


def _gone() -> ResponseReturnValue:
    """Who opens the page is led back; who answers is told 400."""
    again = url_for("signin.password", **carried())
    if request.method == "GET":
        return redirect(again, 303)
    return error_page(400, title=sentence("code_expired"), text=GENERAL, again=again)


def _who_page(form: Form, journey: Journey, people: list[Candidate]) -> ResponseReturnValue:
    return render_template(
        "entity_who.html",
        form=form,
        via=journey.facts["via"],
        people=[SimpleNamespace(id=one.role.id, name=one.name, role=role_word(one.role.role)) for one in people],
        captcha=question(form, asked=asked_before_sms()),
        client_name=client_name(),
        passkey_url=url_for("entities.who_passkey", f=journey.id, **carried()),
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


def _passkey_page(form: Form) -> ResponseReturnValue:
    passkeys = signin_parts().factors.passkeys
    db.session.rollback()
    asked = passkeys.hold(passkeys.anybody(), PasskeyPurpose.ENTITY_SIGN_IN, browser=browser_digest().hex())
    allow_own_script()
    return render_template(
        "entity_who_passkey.html",
        form=form,
        asked=asked,
        client_name=client_name(),
        who_url=url_for("entities.who", f=request.values.get("f"), **carried()),
    )
