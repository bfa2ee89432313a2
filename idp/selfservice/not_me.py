"""A sign-in in the list of activity that the person has not made.

Always true: nothing is ended before a page has said what will be, and only for a sign-in of the person's own account;
ways to sign in are removed only by a session that may change them.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.audit.reading import entry_at
from idp.db import current_transaction, db
from idp.selfservice.actions import disown, is_disownable
from idp.selfservice.pages import blueprint, parse_place, parts, shown_entry
from idp.signin.confirm_pages import what_comes_first
from idp.signin.rules import Session
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.cookies import clear_session_secret
from idp.web.guards import current_session, forget_session, signed_in
from idp.web.locale import preferences


@blueprint.route("/activity/not-me", methods=["GET", "POST"])
@signed_in
def not_me() -> ResponseReturnValue:
    session: Session = current_session()
    tx, place = current_transaction(), parse_place(request.args.get("at", ""))
    entry = entry_at(tx, session.party_id, place) if place else None
    if entry is None or not is_disownable(entry, session):
        return redirect(url_for("account.activity"), 303)
    first = what_comes_first(session, back=url_for("account.not_me", at=request.args["at"]))
    said = request.form.get("confirm") if request.method == "POST" else None
    if said not in ("yes", "all") or (said == "all" and first):
        page = render_template("account/not_me.html", entry=shown_entry(entry, session), confirm_url=first)
        return page, 422 if said else 200
    hold_session(session, Event.SESSION_DISOWNED)  # a passkey being added waits, and finds its session over
    disown(tx, parts().directory, session, entry, methods=said == "all", locale=preferences().lang, now=now())
    db.session.commit()
    clear_session_secret()
    forget_session()
    return redirect(url_for("signin.code", done="disowned"), 303)
