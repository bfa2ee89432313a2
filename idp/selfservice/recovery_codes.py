"""Making recovery codes.

Always true: the page that shows them is the answer to the form that made them, and there is no other way to see them.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.db import current_transaction, db
from idp.selfservice.methods import note_change
from idp.selfservice.pages import blueprint, parts
from idp.signin.confirm_pages import confirm_first
from idp.signin.rules import Session
from idp.signin.standing import hold_session
from idp.web.clock import now
from idp.web.guards import current_session, signed_in


@blueprint.route("/methods/codes", methods=["GET", "POST"])
@signed_in
def make_codes() -> ResponseReturnValue:
    session: Session = current_session()
    if request.method == "GET":
        return redirect(url_for("account.methods"), 303)
    if (first := confirm_first(session)) is not None:
        return first
    hold_session(session, Event.RECOVERY_CODES_MADE)  # of two at once, the second replaces what the first made
    codes = parts().factors.recovery_codes.make(current_transaction(), party_id=session.party_id, now=now())
    note_change(session, Event.RECOVERY_CODES_MADE, "recovery_codes_made")
    db.session.commit()
    return render_template("account/recovery_codes.html", codes=codes)
