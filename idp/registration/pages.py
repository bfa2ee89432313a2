"""Registration in three pages, and the agreements: reading them, accepting them again.

Always true: a page shows only the step its journey has open, whatever address was typed.
"""

from dataclasses import dataclass
from types import SimpleNamespace

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory, Holder, Taken, accept_agreements
from idp.accounts.identifiers import is_like_document
from idp.accounts.rules import Kind, Mobile, UserName
from idp.audit import Event, record
from idp.captcha.pages import (
    asked_before_sms,
    passed,
    question,
    sent_form,
)
from idp.credentials import password as passwords
from idp.credentials import sms_code
from idp.credentials.policy import Personal
from idp.credentials.rules import Purpose
from idp.db import current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step
from idp.proofing.rules import PhonePolicy
from idp.signin.choosing import password_rules, refuse_unfit
from idp.signin.code_step import CodeStep, done_notice
from idp.signin.codes import send_code
from idp.signin.loading import authenticated
from idp.signin.pages import PASSWORD, client_name
from idp.signin.phones import is_idle, release
from idp.signin.rules import Method, Session
from idp.web.agreements import Agreements
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.locale import china_date, preferences
from idp.web.notices import Notice
from idp.web.reasons import GENERAL, sentence
from idp.web.visit import carried, onward

EXTENSION = "tongban_registration"
KIND = FlowKind.REGISTRATION
PHONE = Field("phone", sentence("phone_missing"), max_length=32)
USER_NAME = Field("user_name", required=False, max_length=64)
AGREEMENTS = Field("agreements", sentence("agreements_missing"), max_length=8)
VERSIONS = Field("agreement_versions", required=False, max_length=200)
CODE_STEP = CodeStep(
    Purpose.REGISTER, "register_code.html", endpoint="registration.code", change="registration.phone"
)
blueprint = Blueprint("registration", __name__)


@dataclass(frozen=True, slots=True)
class Registration:
    directory: Directory
    passwords: passwords.Passwords
    codes: sms_code.SmsCodes
    journeys: Journeys
    agreements: Agreements
    phones: PhonePolicy


def init_registration(app: Flask, parts: Registration) -> None:
    app.extensions[EXTENSION] = parts
    app.register_blueprint(blueprint)


def _parts() -> Registration:
    found: Registration = current_app.extensions[EXTENSION]
    return found


def _journey() -> Journey | None:
    key = request.values.get("f", "")
    if not key:
        return None
    return _parts().journeys.read(current_transaction(), KIND, key, browser=browser_digest(), now=now())


def _to(journey: Journey | None, *, done: str | None = None) -> ResponseReturnValue:
    """The page of the step that is open."""
    step = open_step(KIND, journey.facts) if journey else "phone"
    if journey is None or step is None:
        return redirect(url_for("registration.phone", done=done, **carried()), 303)
    return redirect(url_for(f"registration.{step}", f=journey.id, done=done, **carried()), 303)


@blueprint.route("/register", methods=["GET", "POST"])
@public
def phone() -> ResponseReturnValue:
    """Step 1. Coming back to it undoes what followed."""
    if request.method == "GET":
        return _phone_page(Form(PHONE))
    form = sent_form(PHONE, asked=asked_before_sms())
    mobile = Mobile.parse(form["phone"]) if form.ok else None
    if form.ok and mobile is None:
        form.refuse("phone", sentence("phone_invalid"))
    if mobile is None or not passed(form):
        return _phone_page(form)
    db.session.rollback()
    issued = send_code(_parts().codes, Purpose.REGISTER, mobile, None, deliver=True)
    if isinstance(issued, sms_code.Denied):
        form.refuse("", sentence(issued.reason))
        return _phone_page(form)
    facts = {"mobile": mobile.value, "challenge": issued.challenge_id}
    journey = _parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return _to(journey)


def _phone_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "register_phone.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        client_name=client_name(),
        notice=done_notice(),
        signin_url=url_for("signin.password", **carried()),
    )


@blueprint.route("/register/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Step 2: the code shows control of the phone."""
    journey = _journey()
    if journey is None or open_step(KIND, journey.facts) != "code":
        return _to(journey, done=None if journey else "flow_expired")
    return CODE_STEP.serve(_parts().codes, _parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    """Who holds the phone may learn that it has an account already (trust 3).

    An account that nobody has used for long may be of whoever had the number before (trust 7).
    """
    tx = current_transaction()
    record(tx, Event.PHONE_VERIFIED, subject=journey.id, now=now())
    held = _parts().directory.holder(tx, Mobile(journey.facts["mobile"]))
    if held and not is_idle(tx, held.party_id, _parts().phones, now=now()):
        _parts().journeys.move(tx, journey, journey.facts, ended_at=now())
        db.session.commit()
        return redirect(url_for("signin.password", done="phone_registered", **carried()), 303)
    _parts().journeys.move(tx, journey, {**journey.facts, "proved": True, "holder": list(held or ())})
    db.session.commit()
    return _to(_journey())


@blueprint.route("/register/details", methods=["GET", "POST"])
@public
def details() -> ResponseReturnValue:
    """Step 3: password, optional user name, agreements; then the account exists and its person is signed in."""
    journey = _journey()
    if journey is None or open_step(KIND, journey.facts) != "details":
        return _to(journey, done=None if journey else "flow_expired")
    if request.method == "GET":
        return _details_page(Form(PASSWORD, USER_NAME, AGREEMENTS, VERSIONS), journey)
    form = Form.submitted(PASSWORD, USER_NAME, AGREEMENTS, VERSIONS)
    mobile = Mobile(journey.facts["mobile"])
    user_name = _check_details(form, mobile)
    if not form.ok:
        return _details_page(form, journey)
    db.session.rollback()
    hashed = _parts().passwords.hash(form["password"])
    return _open(journey, form, mobile, user_name, hashed)


def _check_details(form: Form, mobile: Mobile) -> UserName | None:
    """Find every fault at once; the user name, when one was chosen."""
    user_name = UserName.parse(form["user_name"]) if form["user_name"] else None
    if form["user_name"] and user_name is None:
        form.refuse("user_name", sentence("user_name_invalid"))
    if user_name and is_like_document(user_name, today=china_date(now())):
        form.refuse("user_name", sentence("user_name_like_document"))
    chosen = user_name.value if user_name else ""
    refuse_unfit(form, "password", _parts().passwords, Personal(phone=mobile.value, user_name=chosen))
    _check_versions(form)
    return user_name


def _check_versions(form: Form) -> None:
    current = " ".join(f"{text.kind}:{text.version}" for text in _parts().agreements.current(now=now()))
    if form["agreements"] and form["agreement_versions"] != current:
        form.refuse("agreements", sentence("agreements_changed"))


def _open(
    journey: Journey, form: Form, mobile: Mobile, user_name: UserName | None, hashed: str
) -> ResponseReturnValue:
    tx = current_transaction()
    if not _released(journey):
        db.session.rollback()
        return error_page(409, title=sentence("phone_registered"), text=GENERAL, again=url_for("signin.password"))
    opened = _parts().directory.open_person(tx, mobile=mobile, user_name=user_name, now=now())
    moved = _parts().journeys.move(tx, journey, {**journey.facts, "party_id": "-"}, ended_at=now())
    if isinstance(opened, Taken) or not moved:
        db.session.rollback()
        if isinstance(opened, Taken) and opened.kind is Kind.USER_NAME:
            form.refuse("user_name", sentence("user_name_taken"))
            return _details_page(form, journey)
        return redirect(url_for("signin.password", done="phone_registered", **carried()), 303)
    party_id = opened.party_id
    passwords.store_password(tx, party_id=party_id, hashed=hashed, now=now())
    record(tx, Event.PERSON_REGISTERED, actor=party_id, subject=party_id, now=now())
    _accept(party_id)
    authenticated(party_id, Method.SMS)
    db.session.commit()
    return redirect(url_for("registration.done", **carried()), 303)


def _released(journey: Journey) -> bool:
    """Take the number from the idle account that had it when it was proved; False when it is in use by now."""
    if not journey.facts.get("holder"):
        return True
    tx, held = current_transaction(), Holder(*journey.facts["holder"])
    idle = is_idle(tx, held.party_id, _parts().phones, now=now())
    return idle and release(tx, _parts().directory, held, now=now())


def _accept(party_id: str) -> None:
    versions = {text.kind: text.version for text in _parts().agreements.current(now=now())}
    accept_agreements(current_transaction(), party_id, versions, now=now())
    record(
        current_transaction(),
        Event.AGREEMENT_ACCEPTED,
        actor=party_id,
        subject=party_id,
        detail=versions,
        now=now(),
    )


def _details_page(form: Form, journey: Journey) -> ResponseReturnValue:
    recycled = bool(journey.facts.get("holder"))
    return render_template(
        "register_details.html",
        form=form,
        password_rules=password_rules(_parts().passwords),
        texts=_texts(),
        notice=Notice("warn", sentence("phone_recycled")) if recycled else done_notice() if form.ok else None,
        signin_url=url_for("signin.password", **carried()) if recycled else None,
    )


def _texts() -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            kind=text.kind,
            title=text.titles[preferences().lang],
            version=text.version,
            url=url_for("registration.agreement_text", kind=text.kind, version=text.version),
        )
        for text in _parts().agreements.current(now=now())
    ]


@blueprint.get("/register/done")
@signed_in
def done() -> ResponseReturnValue:
    return render_template(
        "register_done.html", client_name=client_name(), continue_url=onward(url_for("account.overview"))
    )


@blueprint.route("/agreements", methods=["GET", "POST"])
@signed_in
def agreements() -> ResponseReturnValue:
    """Accept the current versions again; who declines is signed out and loses nothing."""
    if request.method == "GET":
        return _agreements_page(Form(AGREEMENTS, VERSIONS))
    if request.form.get("decline") == "yes":
        return redirect(url_for("signout.confirm"), 307)
    form = Form.submitted(AGREEMENTS, VERSIONS)
    _check_versions(form)
    if not form.ok:
        return _agreements_page(form)
    session: Session = current_session()
    _accept(session.party_id)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _agreements_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "agreements.html",
        form=form,
        texts=_texts(),
        client_name=client_name(),
        notice=None,
        decline_action=None,
        decline_fields={"confirm": "yes"},
    )


@blueprint.get("/agreements/<kind>/<version>")
@public
def agreement_text(kind: str, version: str) -> ResponseReturnValue:
    text = _parts().agreements.find(kind, version)
    if text is None:
        abort(404)
    language = preferences().lang
    shown = SimpleNamespace(
        title=text.titles[language], version=text.version, body=text.bodies[language], lang=preferences().tag
    )
    versions = [
        (known, url_for("registration.agreement_text", kind=kind, version=known))
        for known in _parts().agreements.versions(kind, now=now())
    ]
    return render_template("agreement_text.html", agreement=shown, versions=versions)
