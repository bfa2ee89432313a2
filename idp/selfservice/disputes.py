"""The pages on which a person objects to what is held about them, and reads the answer.

Always true: a person sees and withdraws only their own disputes.
"""

from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.db import current_transaction, db
from idp.disputes.actions import Denied, Dispute
from idp.disputes.rules import Item, State
from idp.selfservice.pages import blueprint, parts
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.words.account import DISPUTE_STATES, ITEMS

ITEM = Field("item", sentence("dispute_item_missing"), max_length=40)
TEXT = Field("text", sentence("dispute_text_missing"), max_length=1000, lines=True)


@blueprint.route("/disputes", methods=["GET", "POST"])
@signed_in
def disputes() -> ResponseReturnValue:
    session: Session = current_session()
    tx = current_transaction()
    if request.method == "POST":
        gone = parts().disputes.withdraw(tx, session.party_id, request.form.get("withdraw", ""), now=now())
        db.session.commit()
        done = "dispute_withdrawn" if gone else "dispute_not_waiting"
        return redirect(url_for("account.disputes", done=done), 303)
    shown = [_shown(dispute) for dispute in parts().disputes.of_party(tx, session.party_id)]
    return render_template(
        "account/disputes.html", disputes=shown, working_days=parts().disputes.working_days, notice=done_notice()
    )


def _shown(dispute: Dispute) -> SimpleNamespace:
    return SimpleNamespace(
        id=dispute.id,
        item=ITEMS[dispute.item],
        text=dispute.text,
        state=DISPUTE_STATES[dispute.state],
        waiting=dispute.state is State.FILED,
        overdue=dispute.is_overdue(now=now()),
        filed_at=dispute.filed_at,
        due_at=dispute.due_at,
        settled_at=dispute.settled_at,
        answer=dispute.answer,
    )


@blueprint.route("/disputes/new", methods=["GET", "POST"])
@signed_in
def new_dispute() -> ResponseReturnValue:
    session: Session = current_session()
    if request.method != "POST":
        asked = request.args.get("item", "")
        return _page(Form(ITEM, TEXT, values={"item": asked if asked in ITEMS else ""}))
    form = Form.submitted(ITEM, TEXT)
    if form["item"] and form["item"] not in ITEMS:
        form.refuse("item", sentence("dispute_item_missing"))
    if not form.ok:
        return _page(form)
    filed = parts().disputes.file(
        current_transaction(),
        session.party_id,
        item=Item(form["item"]),
        text=form["text"],
        locale=preferences().lang,
        now=now(),
    )
    db.session.commit()
    if isinstance(filed, Denied):
        form.refuse("", sentence(filed.reason))
        return _page(form)
    return redirect(url_for("account.disputes", done="dispute_filed"), 303)


def _page(form: Form) -> ResponseReturnValue:
    options = [(name, label, None) for name, label in ITEMS.items()]
    due_at = parts().disputes.due_at(now())
    return render_template("account/dispute_new.html", form=form, items=options, due_at=due_at)
