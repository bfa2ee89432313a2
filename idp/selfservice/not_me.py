"""A sign-in in the list of activity that the person has not made.

Always true: nothing is ended before a page has said what will be, and only for a sign-in of the person's own account.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit.reading import entry_at
from idp.db import current_transaction, db
from idp.selfservice.actions import disown, is_disownable
from idp.selfservice.pages import blueprint, parse_place, parts, shown_entry
from idp.signin.rules import Session
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
    if request.method != "POST" or request.form.get("confirm") != "yes":
        return render_template("account/not_me.html", entry=shown_entry(entry, session))
    disown(tx, parts().directory, session, entry, locale=preferences().lang, now=now())
    db.session.commit()
    clear_session_secret()
    forget_session()
    return redirect(url_for("signin.code", done="disowned"), 303)
