"""The pages under /account, and the landing page.

Always true: a change is one POST with its audit record, answered by a redirect that says what was done.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Flask, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts import closing
from idp.accounts.acceptances import acceptances
from idp.accounts.actions import Directory, Person
from idp.audit.reading import LATEST, Place
from idp.audit.reading import activity as read_activity
from idp.audit.rules import Entry
from idp.clients.actions import Registry
from idp.clients.rules import Basis, Client
from idp.credentials.password import Passwords, reset_required
from idp.credentials.sms_code import SmsCodes
from idp.db import current_transaction, db
from idp.disputes.actions import Disputes
from idp.flows.actions import Journeys
from idp.grants.actions import ConsentRow, connected_clients, consents, withdraw
from idp.mapping.actions import Links
from idp.mapping.rules import SCOPE as LEGACY
from idp.proofing.actions import ial
from idp.proofing.rules import PhonePolicy
from idp.selfservice.actions import Closings, is_disownable
from idp.signin import sessions
from idp.signin.factors import Factors
from idp.signin.loading import session_times
from idp.signin.rules import Session, SessionEnd
from idp.state.store import Store
from idp.web.agreements import Agreements
from idp.web.clock import now
from idp.web.guards import current_session, public, signed_in
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import event_sentence, method_word, scope_words

if TYPE_CHECKING:
    from idp.selfservice.export import Exporter

EXTENSION = "tongban_selfservice"
PAGE = 30
RECENT = 5
_PLACE = re.compile(r"([0-9]{1,11})\.([0-9a-z]{1,64})\.([0-9]{1,11})", re.ASCII)
blueprint = Blueprint("account", __name__, url_prefix="/account")
home = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class SelfService:
    """``fresh``: seconds; ``exporters``: each capability's part of the file of one's data."""

    directory: Directory
    passwords: Passwords
    codes: SmsCodes
    registry: Registry
    links: Links
    agreements: Agreements
    store: Store
    disputes: Disputes
    closings: Closings
    exporters: "tuple[Exporter, ...]"
    factors: Factors
    fresh: int
    journeys: Journeys
    phones: PhonePolicy


def init_selfservice(app: Flask, parts: SelfService) -> None:
    # their views join the blueprint
    from idp.selfservice import (  # noqa: F401
        authenticator,
        close,
        confirm,
        disputes,
        export,
        identity,
        methods,
        not_me,
        passkeys,
        password,
        phone_pages,
        recovery_codes,
        user_name,
    )

    app.extensions[EXTENSION] = parts
    app.register_blueprint(blueprint)
    app.register_blueprint(home)


@blueprint.before_request
def accept_first() -> ResponseReturnValue | None:
    """Agreements that have changed are accepted before anything else is done here."""
    session: Session | None = current_session()
    if session is None:
        return None
    accepted = {(row.document, row.version) for row in acceptances(current_transaction(), session.party_id)}
    if {(text.kind, text.version) for text in parts().agreements.current(now=now())} <= accepted:
        return None
    return redirect(url_for("registration.agreements", next=request.path), 303)


@blueprint.before_request
def note_standing() -> None:
    """Beforehand, so that an error page has nothing to ask."""
    session: Session | None = current_session()
    if session is not None:
        asked = closing.find(current_transaction(), session.party_id)
        g.tb_closes_at = asked.closes_at if asked else None
        g.tb_password_off = reset_required(current_transaction(), session.party_id)


@blueprint.context_processor
def standing() -> dict[str, Any]:
    """What every page here opens with: that the account is about to close, or that its password is off."""
    return {"closes_at": g.get("tb_closes_at"), "password_off": g.get("tb_password_off", False)}


def parts() -> SelfService:
    found: SelfService = current_app.extensions[EXTENSION]
    return found


@home.get("/")
@public
def index() -> ResponseReturnValue:
    return render_template(
        "home.html",
        account_url=url_for("account.overview"),
        signin_url=url_for("signin.password"),
        register_url=url_for("registration.phone"),
        signed_in=current_session() is not None,
    )


def label(person: Person) -> str:
    """How the account is called before its own person: masked."""
    known = person.user_name or person.mobile
    return known.masked if known else ""


@blueprint.get("")
@signed_in
def overview() -> ResponseReturnValue:
    session: Session = current_session()
    tx = current_transaction()
    method = method_word(session.used[-1])
    person = parts().directory.person(tx, session.party_id)
    return render_template(
        "account/index.html",
        account_label=label(person),
        last_signin=SimpleNamespace(at=session.auth_time, method=method),
        session_count=len(sessions.of_party(tx, session.party_id, idle=session_times().idle, now=now())),
        app_count=len(_apps(session.party_id)),
        recent=[shown_entry(entry, session) for entry in read_activity(tx, session.party_id, limit=RECENT)],
        notice=done_notice(),
        phone_lost=person.mobile is None,
    )


def shown_entry(entry: Entry, session: Session) -> SimpleNamespace:
    """``disown_url``: where the person says that this sign-in was not them; None for what is none."""
    client = parts().registry.get(entry.client) if entry.client else None
    name = client.label(preferences().lang) if client else None
    place = f"{entry.at}.{entry.chain}.{entry.seq}"
    return SimpleNamespace(
        at=entry.at,
        text=event_sentence(entry.event),
        client_name=name,
        accepted=entry.result == "ok",
        device=None,
        disown_url=url_for("account.not_me", at=place) if is_disownable(entry, session) else None,
    )


def parse_place(text: str) -> Place | None:
    """A place in the list of activity, as addresses say it."""
    asked = _PLACE.fullmatch(text)
    return Place(int(asked[1]), asked[2], int(asked[3])) if asked else None


@blueprint.get("/activity")
@signed_in
def activity() -> ResponseReturnValue:
    session: Session = current_session()
    asked = parse_place(request.args.get("before", ""))
    entries = read_activity(current_transaction(), session.party_id, before=asked or LATEST, limit=PAGE + 1)
    last = entries[PAGE - 1] if len(entries) > PAGE else None
    older = url_for("account.activity", before=f"{last.at}.{last.chain}.{last.seq}") if last else None
    return render_template(
        "account/activity.html",
        entries=[shown_entry(entry, session) for entry in entries[:PAGE]],
        older_url=older,
        newer_url=url_for("account.activity") if asked else None,
    )


@blueprint.get("/profile")
@signed_in
def profile() -> ResponseReturnValue:
    session: Session = current_session()
    tx = current_transaction()
    person = parts().directory.person(tx, session.party_id)
    shown = SimpleNamespace(
        phone=person.mobile.masked if person.mobile else None,
        user_name=person.user_name.masked if person.user_name else None,
        created_at=person.created_at,
        name=person.identity.name.masked if person.identity else None,
        document=person.identity.document.masked if person.identity else None,
        document_ends=person.identity.valid_to if person.identity else None,
        ial=ial(tx, session.party_id, now=now()),
        aal=session.aal,
    )
    return render_template(
        "account/profile.html", profile=shown, agreements=_accepted(session.party_id), notice=done_notice()
    )


def _accepted(party_id: str) -> list[SimpleNamespace]:
    shown = []
    for row in acceptances(current_transaction(), party_id):
        text = parts().agreements.find(row.document, row.version)
        if text is not None:
            shown.append(
                SimpleNamespace(
                    title=text.titles[preferences().lang],
                    version=row.version,
                    url=url_for("registration.agreement_text", kind=row.document, version=row.version),
                    accepted_at=row.accepted_at,
                )
            )
    return shown


@blueprint.route("/sessions", methods=["GET", "POST"])
@signed_in
def device_sessions() -> ResponseReturnValue:
    session: Session = current_session()
    tx = current_transaction()
    living = sessions.of_party(tx, session.party_id, idle=session_times().idle, now=now())
    if request.method == "POST":
        return _end_sessions(session, living)
    shown = [
        SimpleNamespace(
            id=found.id,
            device=found.agent,
            begun_at=found.created_at,
            seen_at=found.last_seen_at,
            current=found.id == session.id,
            apps=_names(sessions.entered_clients(tx, found.id)),
        )
        for found in living
    ]
    return render_template("account/sessions.html", sessions=shown, notice=done_notice())


def _end_sessions(session: Session, living: Sequence[Session]) -> ResponseReturnValue:
    """End one named session or all others; a name that is not this person's ends nothing."""
    others = request.form.get("end_others") == "yes"
    ended = [found for found in living if found.id != session.id and (others or found.id == request.form.get("end"))]
    for found in ended:
        sessions.end(current_transaction(), found.id, SessionEnd.BY_PERSON, now=now())
    db.session.commit()
    done = ("sessions_ended" if others else "session_ended") if ended else None
    return redirect(url_for("account.device_sessions", done=done), 303)


@blueprint.route("/apps", methods=["GET", "POST"])
@signed_in
def apps() -> ResponseReturnValue:
    session: Session = current_session()
    if request.method == "POST":
        client_id = request.form.get("withdraw", "")
        known = any(app.client_id == client_id for app in _apps(session.party_id))
        if known:
            withdraw(current_transaction(), party_id=session.party_id, client_id=client_id, now=now())
        db.session.commit()
        return redirect(url_for("account.apps", done="consent_withdrawn" if known else None), 303)
    return render_template("account/apps.html", apps=_apps(session.party_id), notice=done_notice())


def _apps(party_id: str) -> list[SimpleNamespace]:
    """The apps that hold something of this person: a grant, a consent, or a noticed release."""
    tx = current_transaction()
    agreed = {row.client_id: row for row in consents(tx, party_id)}
    linked = {link.client_id for link in parts().links.of_person(tx, party_id)}
    shown = []
    for client_id, since in connected_clients(tx, party_id):
        client = parts().registry.get(client_id)
        if client is not None:
            shown.append(_app(client, agreed.get(client_id), since, linked=client_id in linked))
    return shown


def _app(client: Client, consent: ConsentRow | None, since: int, *, linked: bool) -> SimpleNamespace:
    language = preferences().lang
    scopes = frozenset(consent.scope.split()) if consent else frozenset()
    items = [
        SimpleNamespace(label=scope_words(scope)[0], basis=basis.value)
        for basis in (Basis.CONSENT, Basis.STATUTORY)
        for scope in sorted(client.needing(scopes, basis))
    ]
    return SimpleNamespace(
        client_id=client.client_id,
        name=client.label(language),
        department=client.department.get(language) or client.label(language),
        items=items,
        law=client.law,
        since=since,
        linked=linked and LEGACY in client.scopes,
        withdrawable=True,
    )


def _names(client_ids: Sequence[str]) -> list[str]:
    found = [parts().registry.get(client_id) for client_id in client_ids]
    return [client.label(preferences().lang) for client in found if client]
