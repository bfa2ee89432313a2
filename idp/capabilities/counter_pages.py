"""The page that shows a person the one-time number by which a counter finds their account.

Always true: a number is shown by the answer to the form that asked for it, and replaces the one before.
"""

from flask import render_template, request
from flask.typing import ResponseReturnValue

from idp.capabilities.pages import blueprint, parts
from idp.capabilities.proofing import NUMBER_LIFETIME
from idp.db import current_transaction, db
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.guards import current_session, signed_in
from idp.web.qr import qr_svg


@blueprint.route("/account/counter", methods=["GET", "POST"])
@signed_in
def counter_number() -> ResponseReturnValue:
    session: Session = current_session()
    if request.method == "GET":
        return render_template("account/counter.html", number=None, qr=None, expires_at=None)
    number = parts().counter.show_number(current_transaction(), session.party_id, now=now())
    db.session.commit()
    return render_template(
        "account/counter.html", number=number, qr=qr_svg(number), expires_at=now() + NUMBER_LIFETIME
    )
