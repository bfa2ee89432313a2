"""A forgotten password in three pages: the account, the code, the new password.

Always true: the number on file is not shown before a code to it was right, and nobody is signed in at the end: they
sign in with what they have just set.
"""

import secrets
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory
from idp.accounts.identifiers import parse_identifiers
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.captcha.pages import asked_before_sms, passed, question, sent_form
from idp.checks.pages import is_offered
from idp.checks.rules import CheckKind
from idp.credentials import sms_code
from idp.credentials.password import Passwords
from idp.credentials.rules import Purpose
from idp.db import current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step
from idp.flows.steps import Steps, journey_over
from idp.proofing.rules import PhonePolicy
from idp.recovery.actions import Addressee, addressee, judge, reset
from idp.recovery.requests import Requests
from idp.recovery.rules import Denied
from idp.recovery.stopping import Stopping
from idp.signin.choosing import password_rules, personal, refuse_unfit
from idp.signin.code_step import PER_NUMBER, CodeStep
from idp.signin.codes import send_code
from idp.signin.pages import IDENTIFIER, another_way_page, client_name, send_to_activation
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.locale import china_date, preferences, short_time
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit

EXTENSION = "tongban_recovery"
KIND = FlowKind.RECOVERY
BEGIN = "recovery.identifier"
NEW_PASSWORD = Field("new_password", sentence("new_password_missing"), max_length=256, secret=True)
CODE_STEP = CodeStep(
    Purpose.RECOVER,
    "recover_code.html",
    endpoint="recovery.code",
    change=BEGIN,
    shows_phone=False,
    to_accounts_only=True,
)
blueprint = Blueprint("recovery", __name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    directory: Directory
    passwords: Passwords
    codes: sms_code.SmsCodes
    journeys: Journeys
    phones: PhonePolicy
    waiting: WaitingAccounts
    requests: Requests
    stopping: Stopping


def init_recovery(app: Flask, known: Recovery) -> None:
    from idp.recovery import approved_pages, face_pages, request_pages  # noqa: F401 - their views join the blueprint

    app.extensions[EXTENSION] = known
    app.register_blueprint(blueprint)


def parts() -> Recovery:
    found: Recovery = current_app.extensions[EXTENSION]
    return found


def _to(journey: Journey) -> str:
    """The address of the step that is open."""
    return url_for(f"recovery.{open_step(KIND, journey.facts)}", f=journey.id, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _to)


@blueprint.route("/recover", methods=["GET", "POST"])
@public
def identifier() -> ResponseReturnValue:
    """Step 1: whose password; an unknown account looks the same and gets no message."""
    if request.method == "GET":
        visit = current_visit()
        return _identifier_page(Form(IDENTIFIER, values={"identifier": visit.login_hint[:64] if visit else ""}))
    form = sent_form(IDENTIFIER, asked=asked_before_sms())
    typed = parse_identifiers(form["identifier"], today=china_date(now())) if form.ok else ()
    if form.ok and not typed:
        form.refuse("identifier", sentence("identifier_invalid"))
    if not typed or not passed(form):
        return _identifier_page(form)
    to = addressee(current_transaction(), parts().directory, typed)
    waits = parts().waiting.phone_waits(current_transaction(), to.mobile) and to.party_id is None
    db.session.rollback()
    hidden = to.mobile not in typed
    issued = order_code(to, hidden=hidden, waits=waits)
    if isinstance(issued, sms_code.Denied):
        form.refuse("", sentence(issued.reason))
        return _identifier_page(form)
    facts = {
        "party_id": to.party_id or "",
        "mobile": to.mobile.value,
        "challenge": issued.challenge_id,
        "hidden": hidden,
        "waits": waits,
    }
    journey = parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(_to(journey), 303)


def order_code(to: Addressee, *, hidden: bool, waits: bool = False) -> sms_code.Issued | sms_code.Denied:
    """Send a code to ``to``. ``hidden``: who asks has named no number, and learns nothing of it. ``waits``: there is
    no account yet, but one that waits to be activated with that phone on file.

    Where the number may have no message now, a challenge without a right answer stands for it, however often.
    """
    issued = send_code(
        parts().codes, Purpose.RECOVER, to.mobile, to.party_id, deliver=waits or to.party_id is not None
    )
    if hidden and isinstance(issued, sms_code.Denied) and issued.reason in PER_NUMBER:
        nobody = parts().directory.stand_in(secrets.token_hex())  # a used one would be refused
        return send_code(parts().codes, Purpose.RECOVER, nobody, None, deliver=False)
    return issued


def _identifier_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "recover.html",
        form=form,
        captcha=question(form, asked=asked_before_sms()),
        client_name=client_name(),
        notice=done_notice() if form.ok else None,
        signin_url=url_for("signin.password", **carried()),
        face_url=url_for("recovery.face", **carried()) if is_offered(CheckKind.FACE) else None,
        activate_url=url_for("activation.person", **carried()),
    )


@blueprint.route("/recover/code", methods=["GET", "POST"])
@public
@STEPS.at("code")
def code(journey: Journey) -> ResponseReturnValue:
    """Step 2: the code shows control of the phone on file."""
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    return code_proved(journey, "recovery.password")


def code_proved(journey: Journey, then: str, *, faced: bool = False) -> ResponseReturnValue:
    """Who holds the phone may be told that it is not enough (trust 3, 7). ``then``: the route of the next step."""
    tx, party_id = current_transaction(), journey.facts["party_id"]
    record(tx, Event.PHONE_VERIFIED, subject=party_id or journey.id, now=now())
    if journey.facts.get("waits"):
        parts().journeys.move(tx, journey, journey.facts, ended_at=now())
        db.session.commit()
        return send_to_activation()
    denied = judge(tx, party_id, parts().phones, faced=faced, now=now())
    ended = now() if denied else None
    parts().journeys.move(tx, journey, {**journey.facts, "proved": True}, ended_at=ended)
    db.session.commit()
    if denied:
        return _denied(denied)
    return redirect(url_for(then, f=journey.id, **carried()), 303)


def _denied(denied: Denied) -> ResponseReturnValue:
    said = {"time": short_time(denied.until)} if denied.until else {}
    return another_way_page(denied.reason, **said)


@blueprint.route("/recover/password", methods=["GET", "POST"])
@public
@STEPS.at("password")
def password(journey: Journey) -> ResponseReturnValue:
    """Step 3: the new password; then everything that was signed in is signed out."""
    return password_step(journey, BEGIN)


def password_step(journey: Journey, begin: str) -> ResponseReturnValue:
    """``begin``: the route where such a journey begins."""
    if request.method == "GET":
        return _password_page(Form(NEW_PASSWORD))
    form = Form.submitted(NEW_PASSWORD)
    person = parts().directory.person(current_transaction(), journey.facts["party_id"])
    refuse_unfit(form, "new_password", parts().passwords, personal(person))
    if not form.ok:
        return _password_page(form)
    db.session.rollback()
    hashed = parts().passwords.hash(form["new_password"])
    return _finish(journey, hashed, begin)


def _finish(journey: Journey, hashed: str, begin: str) -> ResponseReturnValue:
    known = parts()
    if not reset(
        current_transaction(),
        known.directory,
        known.journeys,
        journey,
        known.phones,
        hashed=hashed,
        locale=preferences().lang,
        now=now(),
    ):
        db.session.rollback()
        return journey_over(begin)
    db.session.commit()
    return redirect(url_for("signin.password", done="password_reset", **carried()), 303)


def _password_page(form: Form) -> ResponseReturnValue:
    return render_template("recover_password.html", form=form, password_rules=password_rules(parts().passwords))
