"""Signing out: one transaction ends everything, then the apps are given a moment to hear of it.

Always true: the session and its grants are over before any app is told, and whether or not an app answers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.crypto.tokens import random_token
from idp.db import Database, current_transaction, db
from idp.messages.outbox import Delivery, deliveries, wait_for_deliveries
from idp.signin import sessions
from idp.signin.rules import Session, SessionEnd
from idp.state.store import StateUnavailable, Store
from idp.web.clock import now
from idp.web.cookies import browser_digest, clear_session_secret
from idp.web.guards import current_session, forget_session, public
from idp.web.headers import refresh_after
from idp.web.locale import preferences

EXTENSION = "tongban_signout"
RESULT = "signed-out"
RESULT_LIFETIME = 900
"""Seconds the page that lists the apps can be looked at."""
REFRESH = 2
blueprint = Blueprint("signout", __name__)


@dataclass(frozen=True, slots=True)
class SignOut:
    database: Database
    store: Store
    registry: Registry
    wait: float


def init_signout(app: Flask, parts: SignOut) -> None:
    app.extensions[EXTENSION] = parts
    app.register_blueprint(blueprint)


def _parts() -> SignOut:
    found: SignOut = current_app.extensions[EXTENSION]
    return found


def sign_out(session: Session | None, *, target: str | None) -> ResponseReturnValue:
    """End the session, wait a little for the notices, then go to ``target`` (verified by the caller) or the list."""
    parts = _parts()
    clear_session_secret()
    if session is None:
        return redirect(target or url_for("signout.result"), 303)
    sessions.end(current_transaction(), session.id, SessionEnd.SIGNED_OUT, now=now())
    db.session.commit()
    forget_session()
    wait_for_deliveries(parts.database, session_id=session.id, seconds=parts.wait)
    if target is not None:
        return redirect(target, 303)
    return redirect(_result_address(parts.store, session.id), 303)


def _result_address(store: Store, session_id: str) -> str:
    """Of the page that lists the apps; without a state store of the one that only says it is done."""
    key = random_token()
    try:
        store.put(RESULT, key, {"session_id": session_id, "browser": browser_digest().hex()}, RESULT_LIFETIME)
    except StateUnavailable:
        return url_for("signout.result")
    return url_for("signout.result", k=key)


def confirm_page(session: Session | None, *, asker: Client | None) -> ResponseReturnValue:
    """Ask before signing out; without a session there is nothing to ask. Never a redirect."""
    if session is None:
        return _result_page([], "")
    language = preferences().lang
    registry = _parts().registry
    entered = sessions.entered_clients(current_transaction(), session.id)
    names = [client.label(language) for client_id in entered if (client := registry.get(client_id))]
    return render_template(
        "signout_confirm.html",
        apps=names,
        client_name=asker.label(language) if asker else None,
        action=url_for("signout.confirm"),
        hidden={},
        cancel_url=url_for("home.index"),
    )


@blueprint.route("/signout", methods=["GET", "POST"])
@public
def confirm() -> ResponseReturnValue:
    session: Session | None = current_session()
    if request.method == "POST" and request.form.get("confirm") == "yes":
        return sign_out(session, target=None)
    return confirm_page(session, asker=None)


@blueprint.get("/signed-out")
@public
def result() -> ResponseReturnValue:
    """The apps and whether they have heard; the page looks again by itself until all have."""
    parts, key = _parts(), request.args.get("k", "")
    kept = parts.store.get(RESULT, key) if key else None
    known = kept is not None and kept["browser"] == browser_digest().hex()
    found = deliveries(current_transaction(), session_id=kept["session_id"]) if kept and known else []
    return _result_page(_apps(parts.registry, found), key)


def _result_page(apps: list[SimpleNamespace], key: str) -> ResponseReturnValue:
    settled = all(app.state != "pending" for app in apps)
    refreshing = not settled and request.args.get("pause") is None
    here = url_for("signout.result", k=key) if key else url_for("signout.result")
    if refreshing:
        refresh_after(REFRESH, here)
    return render_template(
        "signed_out.html",
        apps=apps,
        settled=settled,
        refreshing=refreshing,
        refresh_url=here,
        pause_url=url_for("signout.result", k=key, pause=1),
        signin_url=url_for("signin.password"),
    )


def _apps(registry: Registry, found: Sequence[Delivery]) -> list[SimpleNamespace]:
    apps = []
    for delivery in found:
        client = registry.get(delivery.client_id or "")
        if client is not None:
            apps.append(SimpleNamespace(name=client.label(preferences().lang), state=_state(delivery)))
    return apps


def _state(delivery: Delivery) -> str:
    if delivery.settled_at is None:
        return "pending"
    return "done" if delivery.result == "delivered" else "failed"
