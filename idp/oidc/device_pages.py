"""The phone's pages of a scan: enter the code, see what it is for, pick the number, confirm or deny.

Always true: a device's request passes the same checks as an app's at /authorize, after the number was right and
before anything is given; it is confirmed by the session that picked the number.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory
from idp.admission.pages import enter, new_parked, serve_protocol
from idp.admission.parked import Parked
from idp.admission.rules import Admit, Refuse
from idp.clients.actions import Registry
from idp.clients.rules import Basis, Client
from idp.db import Database, current_transaction, db
from idp.grants.actions import consented
from idp.oidc import device
from idp.oidc.authorize import note_refusal
from idp.oidc.code_entry import CodeEntry
from idp.oidc.request import AuthorizationRequest, scopes_needing
from idp.oidc.tokens import TokenMaker
from idp.scans import actions as scans
from idp.scans.actions import Scans
from idp.scans.rules import Kind, Refusal, Scan, State
from idp.signin.rules import Session
from idp.signin.sessions import hold
from idp.web.clock import now
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.limits import client_address
from idp.web.locale import preferences
from idp.web.options import options
from idp.web.reasons import sentence
from idp.web.regions import province_name

EXTENSION = "tongban_device"
CODE = Field("user_code", sentence("scan_code_missing"), max_length=32)
_DENIED = "scan_denied"
blueprint = Blueprint("device", __name__, url_prefix=device.PATH)


@dataclass(frozen=True, slots=True)
class DeviceParts:
    """``absolute``: seconds a session lives at most."""

    scans: Scans
    entry: CodeEntry
    registry: Registry
    directory: Directory
    maker: TokenMaker
    absolute: int


def init_device(
    app: Flask,
    database: Database,
    scans: Scans,
    registry: Registry,
    directory: Directory,
    maker: TokenMaker,
    *,
    absolute: int,
) -> None:
    entry = CodeEntry(database, scans)
    app.extensions[EXTENSION] = DeviceParts(scans, entry, registry, directory, maker, absolute)
    app.register_blueprint(blueprint)
    serve_protocol(app, device.PROTOCOL, _finish)


def _parts() -> DeviceParts:
    found: DeviceParts = current_app.extensions[EXTENSION]
    return found


@blueprint.route("", methods=["GET", "POST"])
@signed_in
def code() -> ResponseReturnValue:
    """Enter the code; one that came with the address is shown, to be compared with the screen (RFC 8628 3.3.1)."""
    if request.method == "GET":
        sent = request.args.get("user_code", "")[: CODE.max_length]
        return _code_page(Form(CODE, values={"user_code": sent}))
    session, form = current_session(), Form.submitted(CODE)
    if not form.ok:
        return _code_page(form)
    db.session.rollback()
    taken = _parts().entry.take(session, form["user_code"], now=now())
    if isinstance(taken, Refusal):
        form.refuse("user_code" if taken is Refusal.UNKNOWN else "", sentence(taken))
        return _code_page(form)
    return redirect(url_for("device.answer", key=taken.id), 303)


def _code_page(form: Form) -> str:
    return render_template("device_code.html", form=form)


@blueprint.route("/<key>", methods=["GET", "POST"])
@signed_in
def answer(key: str) -> ResponseReturnValue:
    """What it is for; pick the number, or deny."""
    session: Session = current_session()
    own = _own(key, session)
    if isinstance(own, Refusal):
        return _over(own)
    if own.state is State.MATCHED:
        return _admitted(own, session)
    if own.state is not State.SCANNED:
        return _over(Refusal.OVER)
    if request.method == "GET":
        return _question(own)
    if "number" not in request.form:
        return _deny(own.id, session, _DENIED)
    matched = scans.match(
        current_transaction(),
        key,
        number=request.form["number"],
        party_id=session.party_id,
        session_id=session.id,
        now=now(),
    )
    db.session.commit()
    return _over(matched) if isinstance(matched, Refusal) else _admitted(matched, session)


@blueprint.get("/done")
@public
def done() -> ResponseReturnValue:
    return render_template("device_done.html", denied=request.args.get("what") == "denied")


def _own(key: str, session: Session) -> Scan | Refusal:
    found = scans.find(current_transaction(), key)
    return scans.own(found, party_id=session.party_id, session_id=session.id, now=now())


def _client(scan: Scan) -> Client | None:
    found = _parts().registry.get(scan.client_id) if scan.client_id else None
    return found if found and found.served else None


def _question(scan: Scan) -> ResponseReturnValue:
    client = _client(scan)
    if scan.kind is Kind.DEVICE and client is None:
        return _over(Refusal.OVER)
    language, facts = preferences().lang, _parts().scans.facts(scan)
    address = facts.get("address")
    return render_template(
        "device_confirm.html",
        client_name=client.label(language) if client else None,
        department_name=(client.department.get(language) or client.label(language)) if client else None,
        place=province_name(client.device_region) if client else None,
        browser=facts.get("agent"),
        address=address,
        same_network=address == client_address(),
        asked_at=scan.created_at,
        numbers=scan.choices,
        issuer=options().issuer,
    )


def _admitted(scan: Scan, session: Session) -> ResponseReturnValue:
    """A device's request goes through admission; our own sign-in page asks for no more than the session."""
    if scan.kind is Kind.SIGN_IN:
        return _confirmed(scan, session)
    client = _client(scan)
    if client is None:
        return _deny(scan.id, session, "client-not-served")
    asked = device.request_of(client, _parts().scans.facts(scan))
    wanted = device.demand_of(current_transaction(), asked)
    return enter(new_parked(**device.parked(asked, wanted, scan)), _finish)


def _confirmed(scan: Scan, session: Session) -> ResponseReturnValue:
    confirmed = scans.confirm(
        current_transaction(), scan.id, party_id=session.party_id, session_id=session.id, now=now()
    )
    db.session.commit()
    return redirect(url_for("device.done"), 303) if confirmed else _over(Refusal.OVER)


def _finish(parked: Parked, decision: Admit | Refuse, session: Session | None) -> ResponseReturnValue:
    """Give the device what was asked, or let it hear that it is denied."""
    key = str(parked.resume.get("scan", ""))
    if session is None:
        return _over(Refusal.OVER)
    own = _own(key, session)
    client = None if isinstance(own, Refusal) else _client(own)
    if isinstance(own, Refusal) or client is None:
        return _over(own if isinstance(own, Refusal) else Refusal.OVER)
    if isinstance(decision, Refuse):
        note_refusal(current_transaction(), client, session, decision, now=now())
        return _deny(key, session, decision.reason)
    asked = device.request_of(client, _parts().scans.facts(own))
    if not asked.scopes or not _still_admitted(asked, decision, session):
        db.session.rollback()
        return redirect(url_for("device.answer", key=key), 303)
    return _given(asked, decision, session, key)


def _given(asked: AuthorizationRequest, admit: Admit, session: Session, key: str) -> ResponseReturnValue:
    tx, parts = current_transaction(), _parts()
    confirmed = scans.confirm(tx, key, party_id=session.party_id, session_id=session.id, now=now())
    if confirmed is None:
        db.session.rollback()
        return _over(Refusal.OVER)
    device.give(
        tx,
        parts.directory,
        parts.maker,
        asked,
        admit,
        session,
        confirmed,
        absolute=parts.absolute,
        now=now(),
    )
    db.session.commit()
    return redirect(url_for("device.done"), 303)


def _still_admitted(asked: AuthorizationRequest, admit: Admit, session: Session) -> bool:
    """As at /authorize: session, client and consent stand until the commit."""
    tx, client_id = current_transaction(), asked.client.client_id
    if hold(tx, session.id, client_id) is None:
        return False
    needed = admit.standing.consented | scopes_needing(asked, Basis.CONSENT)
    return needed <= consented(tx, party_id=session.party_id, client_id=client_id)


def _deny(key: str, session: Session, reason: str) -> ResponseReturnValue:
    denied = scans.deny(
        current_transaction(), key, reason=reason, party_id=session.party_id, session_id=session.id, now=now()
    )
    db.session.commit()
    return redirect(url_for("device.done", what="denied"), 303) if denied else _over(Refusal.OVER)


def _over(refused: Refusal) -> ResponseReturnValue:
    return error_page(410, title=sentence("scan_over_title"), text=sentence(refused))
