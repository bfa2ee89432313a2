"""Sign-in by password, and what the sign-in pages share.

Always true: whoever asks learns the same whether an account exists or not; no database transaction is open while a
password is hashed, and none is hashed before the captcha, where one is asked for, was passed.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Active, Directory
from idp.accounts.identifiers import parse_identifiers
from idp.accounts.rules import PartyKind
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.captcha.pages import asked_after_failures, note_failure, passed, question, sent_form
from idp.credentials import password as passwords
from idp.credentials import sms_code
from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.budgets import AddressBudget
from idp.credentials.rules import Refusal
from idp.db import current_transaction, db
from idp.proofing.rules import PhonePolicy
from idp.scans.actions import Scans
from idp.signin.factors import Factors
from idp.signin.loading import authenticated
from idp.signin.refusals import note_refusal
from idp.signin.rules import Method
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public
from idp.web.limits import address_budget_key
from idp.web.locale import china_date
from idp.web.notices import Notice
from idp.web.reasons import known_reason, sentence
from idp.web.visit import carried, current_visit, onward

EXTENSION = "tongban_signin"
IDENTIFIER = Field("identifier", sentence("identifier_missing"), max_length=64)
PASSWORD = Field("password", sentence("password_missing"), max_length=256, secret=True)
CODE = Field("code", sentence("code_missing"), max_length=32, secret=True)
ENTITY_DOOR = "tongban_entity_door"
FACES = "tongban_face_sign_in"
CERTIFICATES = "tongban_certificates"
TRUSTED = "tongban_certificates_trusted"
_ANEW = ("prompt_login", "max_age")
"""Reasons to be asked that only signing in again settles."""
Door = Callable[[str, passwords.Verified], ResponseReturnValue]
"""Given the entity and the password that was right; who walks through is a person, always named."""
blueprint = Blueprint("signin", __name__)


@dataclass(frozen=True, slots=True)
class SignIn:
    directory: Directory
    passwords: passwords.Passwords
    codes: sms_code.SmsCodes
    factors: Factors
    phones: PhonePolicy
    waiting: WaitingAccounts
    scans: Scans
    scan_budget: AddressBudget
    """Codes for phones that one address may have made."""
    sms_codes: bool = True
    """People may sign in by a text code alone."""


def init_signin(app: Flask, known: SignIn) -> None:
    from idp.signin import code_pages, confirm_pages, face_pages, passkey_pages, scan_pages  # noqa: F401 - their views join it

    app.extensions[EXTENSION] = known
    app.register_blueprint(blueprint)


def parts() -> SignIn:
    found: SignIn = current_app.extensions[EXTENSION]
    return found


def serve_entities(app: Flask, door: Door) -> None:
    """Let a legal entity's password open ``door``; without one such passwords are as good as wrong."""
    app.extensions[ENTITY_DOOR] = door


def send_to_sign_in() -> ResponseReturnValue:
    """For guards: sign in, then come back to this page (a form sent without a session is not repeated)."""
    here = request.full_path.rstrip("?") if request.method == "GET" else request.path
    return redirect(url_for("signin.password", next=here), 303)


def send_to_activation() -> ResponseReturnValue:
    """For who has shown control of the phone of an account that waits (trust 3): this is how they get into it."""
    return redirect(url_for("activation.person", done="activation_waits", **carried()), 303)


def client_name() -> str | None:
    visit = current_visit()
    return visit.client_name if visit else None


def opening_notice() -> Notice | None:
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
    if request.method == "GET":
        visit = current_visit()
        hint = visit.login_hint if visit else ""
        return _password_page(Form(IDENTIFIER, PASSWORD, values={"identifier": hint[:64]}))
    parts().passwords.check_places()  # whoever is turned away, in a flood most, costs no look at database or store
    form = sent_form(IDENTIFIER, PASSWORD, asked=asked_after_failures())
    if not passed(form):
        return _password_page(form)
    outcome, account = _check_password(form["identifier"], form["password"])
    if isinstance(outcome, passwords.Verified) and account:
        return _entered(account, outcome)
    db.session.commit()
    if isinstance(outcome, passwords.Denied) and outcome.reason is Refusal.RESET_REQUIRED:
        # only who knows the password comes here; the way on is a code to the phone on file
        way = "signin.code" if parts().sms_codes else "recovery.identifier"
        return redirect(url_for(way, done=outcome.reason, **carried()), 303)
    note_failure()
    reason = outcome.reason if isinstance(outcome, passwords.Denied) else Refusal.CREDENTIALS_REFUSED
    locked = reason is Refusal.PASSWORD_LOCKED
    form.refuse("", sentence(reason if parts().sms_codes or not locked else "password_only_locked"))
    return _password_page(form, locked=locked)


def _entered(account: Active, verified: passwords.Verified) -> ResponseReturnValue:
    if account.kind is PartyKind.ENTITY:
        door: Door = current_app.extensions[ENTITY_DOOR]
        return door(account.party_id, verified)
    authenticated(account.party_id, Method.PASSWORD)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _password_page(form: Form, *, locked: bool = False) -> ResponseReturnValue:
    return render_template(
        "signin.html",
        form=form,
        captcha=question(form, asked=asked_after_failures()),
        client_name=client_name(),
        notice=opening_notice() if form.ok else None,
        locked=locked,
        code_url=url_for("signin.code", **carried()) if parts().sms_codes else None,
        passkey_url=url_for("signin.passkey", **carried()),
        face_url=url_for("signin.face", **carried()) if FACES in current_app.extensions else None,
        certificate_url=certificate_url(),
        scan_url=_scan_url(),
        register_url=url_for("registration.phone", **carried()),
        recover_url=url_for("recovery.identifier", **carried()),
        activate_url=url_for("activation.person", **carried()),
    )


def certificates_offered() -> bool:
    """Whether certificates are a way here: served, and those of some issuer trusted."""
    trusted: Callable[[], bool] | None = current_app.extensions.get(TRUSTED)
    return trusted is not None and trusted()


def certificate_url() -> str | None:
    """Where one signs in by a certificate; None where nobody does. Strangers see it: nothing is looked up."""
    return url_for("certificates.sign_in", **carried()) if CERTIFICATES in current_app.extensions else None


def _scan_url() -> str | None:
    """None when the app wants the person to prove themselves now: confirming on a phone is no such proof."""
    visit = current_visit()
    anew = visit is not None and visit.reason in _ANEW
    return None if anew else url_for("signin.scan", **carried())


def another_way_page(reason: str = "another_way", **said: str) -> ResponseReturnValue:
    """For who has shown control of a phone, when that is not enough (trust 7). ``said``: what the text names."""
    page = render_template(
        "another_way.html",
        title=sentence(reason),
        text=str(sentence(f"{reason}_text")) % said,
        signin_url=url_for("signin.password", **carried()),
    )
    return page, 403


def _check_password(typed: str, secret: str) -> tuple[passwords.Verified | passwords.Denied, Active | None]:
    """Look the account up, verify, and leave the audit record; the same statements for known and unknown."""
    current_session()  # now: noting its activity commits, which would let go of the password while it is held
    directory, identifiers = parts().directory, parse_identifiers(typed, today=china_date(now()))
    found = directory.lookup(current_transaction(), *identifiers)
    db.session.rollback()
    account = found if isinstance(found, Active) and _has_door(found) else None
    party_id = account.party_id if account else None
    blind = directory.blind(identifiers[0]) if identifiers else directory.blind_text(typed)
    outcome = parts().passwords.verify(
        party_id=party_id,
        key=account_key(party_id) if party_id else unknown_key(blind),
        password=secret,
        address=address_budget_key(),
        now=now(),
    )
    tx = current_transaction()
    if isinstance(outcome, passwords.Verified):
        if passwords.stands(tx, outcome, party_id=party_id or ""):
            record(tx, Event.PASSWORD_ACCEPTED, actor=party_id, subject=party_id, now=now())
            return outcome, account
        outcome = passwords.Denied(Refusal.CREDENTIALS_REFUSED)  # changed while it was compared
    note_refusal(tx, directory, outcome, party_id=party_id, now=now())
    return outcome, account


def _has_door(account: Active) -> bool:
    return account.kind is PartyKind.PERSON or ENTITY_DOOR in current_app.extensions
