"""Closing the account, after some time to think, and keeping it meanwhile.

Always true: before anybody can ask for it a page has said what ends and what stays, and the person has just proved
themselves; keeping needs neither.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.accounts import closing
from idp.db import current_transaction, db
from idp.selfservice.confirm import confirm_first, is_fresh
from idp.selfservice.pages import blueprint, parts
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import sentence

WHYS = ("unused", "privacy", "duplicate", "other", "unsaid")
WHY = Field("why", required=False, max_length=20)
UNDERSTOOD = Field("understood", sentence("understood_missing"), max_length=8)


@blueprint.route("/close", methods=["GET", "POST"])
@signed_in
def close() -> ResponseReturnValue:
    """What closing means, or how far it is; ``keep=yes`` keeps the account."""
    session: Session = current_session()
    if request.method == "POST" and request.form.get("keep") == "yes":
        kept = parts().closings.keep(current_transaction(), session, locale=preferences().lang, now=now())
        db.session.commit()
        return redirect(url_for("account.overview", done="account_kept" if kept else None), 303)
    days = parts().closings.cooling_off // 86400
    return render_template("account/close.html", days=days, notice=done_notice())


@blueprint.route("/close/ask", methods=["GET", "POST"])
@signed_in
def ask_to_close() -> ResponseReturnValue:
    session: Session = current_session()
    if closing.find(current_transaction(), session.party_id):
        return redirect(url_for("account.close"), 303)
    if not is_fresh(session):
        return confirm_first()
    if request.method != "POST":
        return _ask_page(Form(WHY, UNDERSTOOD, values={"why": "unsaid"}))
    form = Form.submitted(WHY, UNDERSTOOD)
    if not form.ok:
        return _ask_page(form)
    why = form["why"] if form["why"] in WHYS else "unsaid"
    asked = parts().closings.ask(current_transaction(), session, why=why, locale=preferences().lang, now=now())
    db.session.commit()
    return redirect(url_for("account.close", done="account_closing" if asked else None), 303)


def _ask_page(form: Form) -> ResponseReturnValue:
    words = (_("不再使用"), _("担心个人信息"), _("有另一个账户"), _("其他原因"), _("不想说明"))
    options = [(why, text, None) for why, text in zip(WHYS, words, strict=True)]
    return render_template("account/close_ask.html", form=form, whys=options)
