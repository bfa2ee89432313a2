"""Registration in three pages, and the agreements: reading them, accepting them again.

Always true: a page shows only the step its journey has open, whatever address was typed.
"""

from dataclasses import dataclass
from types import SimpleNamespace

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Active, Directory, Taken, accept_agreements
from idp.accounts.rules import Kind, Mobile, UserName
from idp.audit import Event, record
from idp.captcha.pages import (
    asked_after_failures,
    asked_before_sms,
    note_failure,
    passed,
    question,
    sent_form,
)
from idp.credentials import password as passwords
from idp.credentials import sms_code
from idp.credentials.policy import Denied as Unfit
from idp.credentials.policy import Personal
from idp.credentials.rules import Purpose
from idp.db import current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step, undone
from idp.signin.codes import answer_code, send_code
from idp.signin.loading import authenticated
from idp.signin.pages import CODE, PASSWORD, client_name
from idp.signin.rules import Method, Session
from idp.web.agreements import Agreements
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.locale import preferences
from idp.web.notices import Notice
from idp.web.reasons import known_reason, password_rule, sentence
from idp.web.visit import carried, onward

EXTENSION = "tongban_registration"
KIND = FlowKind.REGISTRATION
PHONE = Field("phone", sentence("phone_missing"), max_length=32)
USER_NAME = Field("user_name", required=False, max_length=64)
AGREEMENTS = Field("agreements", sentence("agreements_missing"), max_length=8)
VERSIONS = Field("agreement_versions", required=False, max_length=200)
blueprint = Blueprint("registration", __name__)


@dataclass(frozen=True, slots=True)
class Registration:
    directory: Directory
    passwords: passwords.Passwords
    codes: sms_code.SmsCodes
    journeys: Journeys
    agreements: Agreements


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


def _notice() -> Notice | None:
    done = request.args.get("done", "")
    return Notice("info", sentence(done)) if done and known_reason(done) else None


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
        notice=_notice(),
        signin_url=url_for("signin.password", **carried()),
    )


@blueprint.route("/register/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Step 2: the code shows control of the phone."""
    journey = _journey()
    if journey is None or open_step(KIND, journey.facts) != "code":
        return _to(journey, done=None if journey else "flow_expired")
    mobile = Mobile(journey.facts["mobile"])
    if request.method == "GET":
        return _resend_page(Form(), mobile) if "resend" in request.args else _code_page(Form(CODE), mobile)
    if request.form.get("resend") == "yes":
        return _resend(journey, mobile)
    form = sent_form(CODE, asked=asked_after_failures())
    if not passed(form):
        return _code_page(form, mobile)
    answered = answer_code(_parts().codes, Purpose.REGISTER, journey.facts["challenge"], form["code"])
    if isinstance(answered, sms_code.Denied):
        db.session.commit()
        note_failure()
        form.refuse("code", sentence(answered.reason))
        return _code_page(form, mobile)
    return _proved(journey, mobile)


def _proved(journey: Journey, mobile: Mobile) -> ResponseReturnValue:
    """Who holds the phone may learn that it has an account already (trust 3)."""
    tx = current_transaction()
    record(tx, Event.PHONE_VERIFIED, subject=journey.id, now=now())
    if isinstance(_parts().directory.lookup(tx, mobile), Active):
        _parts().journeys.move(tx, journey, journey.facts, ended_at=now())
        db.session.commit()
        return redirect(url_for("signin.password", done="phone_registered", **carried()), 303)
    _parts().journeys.move(tx, journey, {**journey.facts, "proved": True})
    db.session.commit()
    return _to(_journey())


def _resend(journey: Journey, mobile: Mobile) -> ResponseReturnValue:
    sent = sent_form(asked=asked_before_sms())
    if not passed(sent):
        return _resend_page(sent, mobile)
    db.session.rollback()
    issued = send_code(
        _parts().codes, Purpose.REGISTER, mobile, None, deliver=True, replaces=journey.facts["challenge"]
    )
    if isinstance(issued, sms_code.Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return _code_page(form, mobile)
    facts = {**undone(KIND, "code", journey.facts), "challenge": issued.challenge_id}
    _parts().journeys.move(current_transaction(), journey, facts)
    db.session.commit()
    return _to(_journey(), done="code_sent")


def _here(*, resend: str | None = None) -> str:
    return url_for("registration.code", f=request.values.get("f"), resend=resend, **carried())


def _resend_page(form: Form, mobile: Mobile) -> ResponseReturnValue:
    return render_template(
        "code_resend.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        masked_phone=mobile.masked,
        enter_url=_here(),
    )


def _code_page(form: Form, mobile: Mobile) -> ResponseReturnValue:
    return render_template(
        "register_code.html",
        form=form,
        captcha=question(form, asked=asked_after_failures()),
        resend_url=_here(resend="yes") if asked_before_sms() else None,
        masked_phone=mobile.masked,
        notice=_notice() if form.ok else None,
        change_url=url_for("registration.phone", **carried()),
    )


@blueprint.route("/register/details", methods=["GET", "POST"])
@public
def details() -> ResponseReturnValue:
    """Step 3: password, optional user name, agreements; then the account exists and its person is signed in."""
    journey = _journey()
    if journey is None or open_step(KIND, journey.facts) != "details":
        return _to(journey, done=None if journey else "flow_expired")
    if request.method == "GET":
        return _details_page(Form(PASSWORD, USER_NAME, AGREEMENTS, VERSIONS))
    form = Form.submitted(PASSWORD, USER_NAME, AGREEMENTS, VERSIONS)
    mobile = Mobile(journey.facts["mobile"])
    user_name = _check_details(form, mobile)
    if not form.ok:
        return _details_page(form)
    db.session.rollback()
    hashed = _parts().passwords.hash(form["password"])
    return _open(journey, form, mobile, user_name, hashed)


def _check_details(form: Form, mobile: Mobile) -> UserName | None:
    """Find every fault at once; the user name, when one was chosen."""
    user_name = UserName.parse(form["user_name"]) if form["user_name"] else None
    if form["user_name"] and user_name is None:
        form.refuse("user_name", sentence("user_name_invalid"))
    chosen = user_name.value if user_name else ""
    verdict = _parts().passwords.judge(form["password"], Personal(phone=mobile.value, user_name=chosen))
    if isinstance(verdict, Unfit) and form["password"]:
        form.refuse("password", sentence(verdict.reasons[0]))
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
    opened = _parts().directory.open_person(tx, mobile=mobile, user_name=user_name, now=now())
    moved = _parts().journeys.move(tx, journey, {**journey.facts, "party_id": "-"}, ended_at=now())
    if isinstance(opened, Taken) or not moved:
        db.session.rollback()
        if isinstance(opened, Taken) and opened.kind is Kind.USER_NAME:
            form.refuse("user_name", sentence("user_name_taken"))
            return _details_page(form)
        return redirect(url_for("signin.password", done="phone_registered", **carried()), 303)
    party_id = opened.party_id
    passwords.store_password(tx, party_id=party_id, hashed=hashed, now=now())
    record(tx, Event.PERSON_REGISTERED, actor=party_id, subject=party_id, now=now())
    _accept(party_id)
    authenticated(party_id, Method.SMS)
    db.session.commit()
    return redirect(url_for("registration.done", **carried()), 303)


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


def _details_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "register_details.html",
        form=form,
        password_rules=password_rules(_parts().passwords),
        texts=_texts(),
        notice=_notice() if form.ok else None,
    )


def password_rules(known: passwords.Passwords) -> list[str]:
    """What a new password must be, in sentences, for this installation's profile."""
    return [password_rule(name, **numbers) for name, numbers in known.advice()]


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
