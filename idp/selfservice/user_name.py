"""Choosing a user name.

Always true: an account's user name is set once and never changed, whatever is sent and however often at once.
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.identifiers import is_like_document
from idp.accounts.parties import hold
from idp.accounts.rules import UserName
from idp.audit import Event, record
from idp.db import current_transaction, db
from idp.selfservice.pages import blueprint, parts
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.locale import china_date
from idp.web.options import options
from idp.web.reasons import sentence

USER_NAME = Field("user_name", sentence("user_name_missing"), max_length=64)


@blueprint.route("/user-name", methods=["GET", "POST"])
@signed_in
def user_name() -> ResponseReturnValue:
    if not options().user_names:
        abort(404)
    session: Session = current_session()
    if request.method == "GET":
        return _page(session, Form(USER_NAME))
    form = Form.submitted(USER_NAME)
    chosen = UserName.parse(form["user_name"]) if form.ok else None
    if form.ok and chosen is None:
        form.refuse("user_name", sentence("user_name_invalid"))
    elif chosen and is_like_document(chosen, today=china_date(now())):  # somebody else may hold it
        form.refuse("user_name", sentence("user_name_taken"))
        chosen = None
    if chosen is None or not _set(session, form, chosen):
        return _page(session, form)
    return redirect(url_for("account.profile", done="user_name_set"), 303)


def _set(session: Session, form: Form, chosen: UserName) -> bool:
    tx = current_transaction()
    if not hold(tx, session.party_id) or not parts().directory.add_identifier(
        tx, session.party_id, chosen, verified=False, now=now()
    ):
        named = parts().directory.person(tx, session.party_id).user_name is not None
        form.refuse("" if named else "user_name", sentence("user_name_fixed" if named else "user_name_taken"))
        return False
    record(tx, Event.USER_NAME_SET, actor=session.party_id, subject=session.party_id, session=session.id, now=now())
    db.session.commit()
    return True


def _page(session: Session, form: Form) -> ResponseReturnValue:
    known = parts().directory.person(current_transaction(), session.party_id).user_name
    return render_template("account/user_name.html", form=form, user_name=known.masked if known else None)
