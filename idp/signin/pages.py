"""The sign-in pages: password, code by text message, and the second factor.

Always true: whoever asks learns the same whether an account exists or not; no database transaction is open while a
password is hashed.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Active, Directory, Unknown
from idp.accounts.rules import Mobile, parse_identifier
from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.credentials import sms_code
from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.rules import Purpose, Refusal
from idp.db import current_transaction, db
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.signin.loading import authenticated
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.cookies import browser_id
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.limits import address_budget_key
from idp.web.locale import preferences, short_time
from idp.web.notices import Notice
from idp.web.reasons import known_reason, sentence
from idp.web.visit import carried, current_visit, onward

EXTENSION = "tongban_signin"
IDENTIFIER = Field("identifier", sentence("missing"), max_length=64)
PASSWORD = Field("password", sentence("missing"), max_length=256, secret=True)
CODE = Field("code", sentence("code_missing"), max_length=32, secret=True)
blueprint = Blueprint("signin", __name__)


@dataclass(frozen=True, slots=True)
class SignIn:
    directory: Directory
    passwords: passwords.Passwords
    codes: sms_code.SmsCodes


def init_signin(app: Flask, parts: SignIn) -> None:
    app.extensions[EXTENSION] = parts
    app.register_blueprint(blueprint)


def _parts() -> SignIn:
    found: SignIn = current_app.extensions[EXTENSION]
    return found


def send_to_sign_in() -> ResponseReturnValue:
    """For guards: sign in, then come back to this page (a form sent without a session is not repeated)."""
    here = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return redirect(url_for("signin.password", next=here), 303)


def client_name() -> str | None:
    visit = current_visit()
    return visit.client_name if visit else None


def _opening_notice() -> Notice | None:
    """Why one is asked: what was done before, or what the app demands."""
    done = request.args.get("done", "")
    if done and known_reason(done):
        return Notice("info", sentence(done))
    visit = current_visit()
    if visit and known_reason(visit.reason):
        return Notice("info", sentence(visit.reason))
    return None


@blueprint.route("/signin", methods=["GET", "POST"])
@public
def password() -> ResponseReturnValue:
    visit = current_visit()
    if request.method == "GET":
        hint = visit.login_hint if visit else ""
        return _password_page(Form(IDENTIFIER, PASSWORD, values={"identifier": hint[:64]}))
    form = Form.submitted(IDENTIFIER, PASSWORD)
    if not form.ok:
        return _password_page(form)
    outcome, party_id = _check_password(form["identifier"], form["password"])
    if isinstance(outcome, passwords.Verified) and party_id:
        authenticated(party_id, Method.PASSWORD)
        db.session.commit()
        return redirect(onward(url_for("account.overview")), 303)
    db.session.commit()
    reason = outcome.reason if isinstance(outcome, passwords.Denied) else Refusal.CREDENTIALS_REFUSED
    form.refuse("", sentence(reason))
    return _password_page(form, locked=reason is Refusal.PASSWORD_LOCKED)


def _password_page(form: Form, *, locked: bool = False) -> ResponseReturnValue:
    return render_template(
        "signin.html",
        form=form,
        client_name=client_name(),
        notice=_opening_notice() if form.ok else None,
        locked=locked,
        code_url=url_for("signin.code", **carried()),
        register_url=url_for("registration.phone", **carried()),
    )


def _check_password(typed: str, secret: str) -> tuple[passwords.Verified | passwords.Denied, str | None]:
    """Look the account up, verify, and leave the audit record; the same statements for known and unknown."""
    directory, identifier = _parts().directory, parse_identifier(typed)
    found = directory.lookup(current_transaction(), identifier) if identifier else Unknown()
    db.session.rollback()
    party_id = found.party_id if isinstance(found, Active) else None
    blind = directory.blind(identifier) if identifier else directory.blind_text(typed)
    outcome = _parts().passwords.verify(
        party_id=party_id,
        key=account_key(party_id) if party_id else unknown_key(blind),
        password=secret,
        address=address_budget_key(),
        now=now(),
    )
    tx = current_transaction()
    if isinstance(outcome, passwords.Verified):
        record(tx, Event.PASSWORD_ACCEPTED, actor=party_id, subject=party_id, now=now())
        return outcome, party_id
    event = Event.PASSWORD_LOCKED if outcome.newly_locked else Event.PASSWORD_REFUSED
    record(tx, event, subject=party_id, result="refused", reason=outcome.reason, now=now())
    if outcome.newly_locked:
        _tell_locked(party_id)
    return outcome, party_id


def _tell_locked(party_id: str | None) -> None:
    """Tell the person by text message; for an unknown identifier the same row goes nowhere."""
    person = _parts().directory.person(current_transaction(), party_id or "")
    known = person.mobile is not None
    until = now() + _parts().passwords.policy.lock_steps[0]
    message = {
        "to": person.mobile.e164 if person.mobile else "",
        "template": "password_locked",
        "params": {"time": short_time(until)},
        "locale": preferences().lang,
    }
    enqueue(current_transaction(), Kind.SMS if known else Kind.NONE, message, party_id=party_id, now=now())


@blueprint.route("/signin/code", methods=["GET", "POST"])
@public
def code() -> ResponseReturnValue:
    """Ask for a code; an unknown number looks the same and gets none."""
    if request.method == "GET":
        visit = current_visit()
        hint = visit.login_hint if visit and Mobile.parse(visit.login_hint) else ""
        return _code_page(Form(IDENTIFIER, values={"identifier": hint}))
    form = Form.submitted(IDENTIFIER)
    mobile = Mobile.parse(form["identifier"]) if form.ok else None
    if form.ok and mobile is None:
        form.refuse("identifier", sentence("phone_invalid"))
    if mobile is None:
        return _code_page(form)
    issued = _send_sign_in_code(mobile, replaces=None)
    if isinstance(issued, sms_code.Denied):
        form.refuse("", sentence(issued.reason))
        return _code_page(form)
    return redirect(url_for("signin.enter_code", c=issued.challenge_id, **carried()), 303)


def _code_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "signin_code.html",
        form=form,
        client_name=client_name(),
        notice=_opening_notice() if form.ok else None,
        password_url=url_for("signin.password", **carried()),
        register_url=url_for("registration.phone", **carried()),
    )


def _send_sign_in_code(mobile: Mobile, *, replaces: str | None) -> sms_code.Issued | sms_code.Denied:
    found = _parts().directory.lookup(current_transaction(), mobile)
    db.session.rollback()
    party_id = found.party_id if isinstance(found, Active) else None
    return send_code(
        _parts().codes, Purpose.SIGN_IN, mobile, party_id, deliver=party_id is not None, replaces=replaces
    )


def send_code(
    codes: sms_code.SmsCodes,
    purpose: Purpose,
    mobile: Mobile,
    party_id: str | None,
    *,
    deliver: bool,
    replaces: str | None = None,
) -> sms_code.Issued | sms_code.Denied:
    """Issue a code to this browser and leave the audit record."""
    issued = codes.issue(
        purpose=purpose,
        phone=mobile.e164,
        browser=browser_id(),
        locale=preferences().lang,
        deliver=deliver,
        address=address_budget_key(),
        replaces=replaces,
        party_id=party_id,
        now=now(),
    )
    refused = issued.reason if isinstance(issued, sms_code.Denied) else None
    record(
        current_transaction(),
        Event.SMS_CODE_SENT,
        subject=party_id,
        result="refused" if refused else "ok",
        reason=refused,
        detail={"purpose": purpose},
        now=now(),
    )
    db.session.commit()
    return issued


@blueprint.route("/signin/code/enter", methods=["GET", "POST"])
@public
def enter_code() -> ResponseReturnValue:
    challenge = request.args.get("c", "")
    phone = _parts().codes.phone(challenge_id=challenge, purpose=Purpose.SIGN_IN, browser=browser_id())
    mobile = Mobile.parse(phone) if phone else None
    if mobile is None:
        return redirect(url_for("signin.code", done="code_expired", **carried()), 303)
    if request.method == "GET":
        return _enter_page(Form(CODE), mobile)
    if request.form.get("resend") == "yes":
        return _resend(mobile, challenge)
    form = Form.submitted(CODE)
    if not form.ok:
        return _enter_page(form, mobile)
    answered = answer_code(_parts().codes, Purpose.SIGN_IN, challenge, form["code"])
    found = _parts().directory.lookup(current_transaction(), mobile)
    if isinstance(answered, sms_code.Proved) and isinstance(found, Active):
        return _signed_in_by_code(found.party_id)
    db.session.commit()
    form.refuse("code", sentence(answered.reason if isinstance(answered, sms_code.Denied) else Refusal.CODE_EXPIRED))
    return _enter_page(form, mobile)


def _resend(mobile: Mobile, challenge: str) -> ResponseReturnValue:
    issued = _send_sign_in_code(mobile, replaces=challenge)
    if isinstance(issued, sms_code.Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return _enter_page(form, mobile)
    return redirect(url_for("signin.enter_code", c=issued.challenge_id, done="code_sent", **carried()), 303)


def _enter_page(form: Form, mobile: Mobile) -> ResponseReturnValue:
    return render_template(
        "signin_code_enter.html",
        form=form,
        masked_phone=mobile.masked,
        client_name=client_name(),
        notice=_opening_notice() if form.ok and "done" in request.args else None,
        change_url=url_for("signin.code", **carried()),
    )


def answer_code(
    codes: sms_code.SmsCodes, purpose: Purpose, challenge: str, typed: str, *, party_id: str | None = None
) -> sms_code.Proved | sms_code.Denied:
    """Check an answer and leave the audit record; no transaction may be open."""
    db.session.rollback()
    answered = codes.answer(challenge_id=challenge, purpose=purpose, code=typed, browser=browser_id(), now=now())
    refused = answered.reason if isinstance(answered, sms_code.Denied) else None
    event = {None: Event.SMS_CODE_ACCEPTED, Refusal.CODE_EXHAUSTED: Event.SMS_CODE_EXHAUSTED}.get(
        refused, Event.SMS_CODE_REFUSED
    )
    record(
        current_transaction(),
        event,
        subject=party_id,
        result="refused" if refused else "ok",
        reason=refused,
        detail={"purpose": purpose},
        now=now(),
    )
    return answered


def _signed_in_by_code(party_id: str) -> ResponseReturnValue:
    """Success by another factor lifts a lock of the password (trust 2)."""
    tx = current_transaction()
    if passwords.unlock(tx, party_id=party_id, now=now()):
        record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now())
    authenticated(party_id, Method.SMS)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


@blueprint.route("/signin/confirm", methods=["GET", "POST"])
@signed_in
def confirm() -> ResponseReturnValue:
    """The second factor: whichever of password and code this session has not used yet."""
    session: Session = current_session()
    if request.method == "POST" and request.form.get("decline") == "yes":
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    if Method.PASSWORD not in session.used:
        return _confirm_by_password(session)
    if Method.SMS not in session.used:
        return _confirm_by_code(session)
    return redirect(onward(url_for("account.overview")), 303)


def _confirm_by_password(session: Session) -> ResponseReturnValue:
    form = Form.submitted(PASSWORD) if request.method == "POST" else Form(PASSWORD)
    if request.method == "POST" and form.ok:
        db.session.rollback()
        outcome = _parts().passwords.verify(
            party_id=session.party_id, key=account_key(session.party_id), password=form["password"], now=now()
        )
        refused = outcome.reason if isinstance(outcome, passwords.Denied) else None
        event = Event.PASSWORD_REFUSED if refused else Event.PASSWORD_ACCEPTED
        record(
            current_transaction(),
            event,
            actor=session.party_id,
            subject=session.party_id,
            session=session.id,
            result="refused" if refused else "ok",
            reason=refused,
            now=now(),
        )
        if refused is None:
            return _confirmed(session, Method.PASSWORD)
        db.session.commit()
        wrong = "password_wrong" if refused is Refusal.CREDENTIALS_REFUSED else refused
        form.refuse("password", sentence(wrong))
    return _confirm_page(form, method="password", stage="enter", mobile=None)


def _confirm_by_code(session: Session) -> ResponseReturnValue:
    mobile = _parts().directory.person(current_transaction(), session.party_id).mobile
    challenge = request.args.get("c", "")
    sent = challenge and _parts().codes.phone(challenge_id=challenge, purpose=Purpose.CONFIRM, browser=browser_id())
    if mobile is None:
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    if request.method == "POST" and (not sent or request.form.get("resend") == "yes"):
        return _send_confirmation(session, mobile, challenge if sent else None)
    form = Form.submitted(CODE) if request.method == "POST" else Form(CODE)
    if request.method == "POST" and form.ok:
        answered = answer_code(_parts().codes, Purpose.CONFIRM, challenge, form["code"], party_id=session.party_id)
        if isinstance(answered, sms_code.Proved) and answered.phone == mobile.e164:
            return _confirmed(session, Method.SMS)
        db.session.commit()
        form.refuse("code", sentence(answered.reason if isinstance(answered, sms_code.Denied) else "code_wrong"))
    return _confirm_page(form, method="sms", stage="enter" if sent else "send", mobile=mobile)


def _send_confirmation(session: Session, mobile: Mobile, challenge: str | None) -> ResponseReturnValue:
    db.session.rollback()
    issued = send_code(_parts().codes, Purpose.CONFIRM, mobile, session.party_id, deliver=True, replaces=challenge)
    if isinstance(issued, sms_code.Denied):
        form = Form(CODE)
        form.refuse("", sentence(issued.reason))
        return _confirm_page(form, method="sms", stage="enter" if challenge else "send", mobile=mobile)
    return redirect(url_for("signin.confirm", c=issued.challenge_id, **carried()), 303)


def _confirmed(session: Session, method: Method) -> ResponseReturnValue:
    authenticated(session.party_id, method)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _confirm_page(form: Form, *, method: str, stage: str, mobile: Mobile | None) -> ResponseReturnValue:
    visit = current_visit()
    return render_template(
        "signin_confirm.html",
        form=form,
        client_name=client_name(),
        method=method,
        stage=stage,
        masked_phone=mobile.masked if mobile else None,
        notice=None,
        why=sentence(visit.reason) if visit and known_reason(visit.reason) else None,
        decline_action=None,
        decline_fields={},
    )
