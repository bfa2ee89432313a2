"""The citizen's side: what counters have done for them, and objecting to it, with an account or without.

Always true: objecting takes effect at once, and needs neither an account nor anybody's leave.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assisted.desk import blueprint, find_mine, parts
from idp.assisted.rules import By, CaseStep, Denied, after
from idp.assisted.showing import entries_of, papers_of, shown_case
from idp.db import current_transaction, db
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.notices import Notice, done_notice
from idp.web.reasons import sentence

NUMBER = Field("number", sentence("assisted_reference_missing"), max_length=40)
CODE = Field("code", sentence("code_missing"), max_length=40)


@blueprint.get("/account/assisted")
@signed_in
def mine() -> ResponseReturnValue:
    session: Session = current_session()
    tx = current_transaction()
    rows = [
        shown_case(tx, one, url=url_for("assisted.mine_case", case_id=one.id))
        for one in parts().assisting.of_citizen(tx, session.party_id)
    ]
    return render_template("assisted/mine.html", rows=rows, notice=done_notice())


@blueprint.route("/account/assisted/<case_id>", methods=["GET", "POST"])
@signed_in
def mine_case(case_id: str) -> ResponseReturnValue:
    """One of them; POST ``object`` freezes it."""
    case, notice = find_mine(case_id), done_notice()
    if request.method == "POST":
        found = parts().assisting.object(current_transaction(), case.citizen, case.id, now=now())
        db.session.commit()
        if not isinstance(found, Denied):
            return redirect(url_for("assisted.mine_case", case_id=case_id, done="assisted_objected"), 303)
        notice = Notice("bad", sentence(found.reason))
    tx = current_transaction()
    entries, whole = entries_of(tx, case)
    return render_template(
        "assisted/mine_case.html",
        one=shown_case(tx, case),
        objects=after(CaseStep.OBJECT, case.state, by=By.CITIZEN, agreed=case.evidence is not None) is not None,
        entries=entries,
        whole=whole,
        papers=papers_of(tx, case, "assisted.print_mine"),
        back_url=url_for("assisted.mine"),
        notice=notice,
    )


@blueprint.route("/assisted/object", methods=["GET", "POST"])
@public
def object_() -> ResponseReturnValue:
    """By what the text message says: its number, which may come with the address, and its code."""
    if request.method == "GET":
        form = Form(NUMBER, CODE, values={"number": request.args.get("n", "")[:40]})
        return render_template("assisted/object.html", state="ask", form=form)
    form = Form.submitted(NUMBER, CODE)
    if form.ok:
        number, code = ("".join(form[name].split()) for name in ("number", "code"))
        found = parts().assisting.object_by_code(current_transaction(), number, code, now=now())
        db.session.commit()
        if not isinstance(found, Denied):
            return render_template("assisted/object.html", state="done", form=form)
        form.refuse("", sentence(found.reason))
    return render_template("assisted/object.html", state="ask", form=form)
