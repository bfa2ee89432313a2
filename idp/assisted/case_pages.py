"""One case at the counter: what it is, what may be done now, and doing it.

Always true: a step is one POST and the rules decide; a GET changes nothing; another office's case is found as little
as one that is not there.
"""

from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assisted.desk import at_counter, blueprint, find, office_of, parts
from idp.assisted.rules import MOST_NOTE, By, Case, CaseState, CaseStep, Clerk, Denied, after
from idp.assisted.showing import entries_of, papers_of, shown_case, shown_to_clerk, theme_title
from idp.db import current_transaction, db
from idp.mandates import reading
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.notices import done_notice
from idp.web.reasons import sentence

NOTE = Field("note", sentence("assisted_note_missing"), max_length=MOST_NOTE, lines=True)
NOTED = (CaseStep.SUSPEND, CaseStep.CONCLUDE, CaseStep.WITHDRAW)
"""Steps with a page of their own, on which the clerk says why or how."""
_DONE = {
    CaseStep.ACCEPT: "assisted_accepted",
    CaseStep.RESUME: "assisted_resumed",
    CaseStep.SUSPEND: "assisted_suspended",
    CaseStep.CONCLUDE: "assisted_concluded",
    CaseStep.WITHDRAW: "assisted_withdrawn",
}


def case_url(case: Case, **values: Any) -> str:
    return url_for("assisted.case", case_id=case.id, **values)


@blueprint.route("/counter/<case_id>", methods=["GET", "POST"])
@at_counter
def case(clerk: Clerk, case_id: str) -> ResponseReturnValue:
    """The case; ``step`` accepts it, or goes on with it."""
    found, form = find(clerk, case_id), Form()
    if request.method == "GET":
        return case_page(clerk, found, form)
    steps = {CaseStep.ACCEPT: parts().assisting.accept, CaseStep.RESUME: parts().assisting.resume}
    step = next((one for one in steps if one == request.form.get("step")), None)
    if step is None:
        abort(400)
    moved = steps[step](current_transaction(), clerk, found.id, now=now())
    db.session.commit()
    if isinstance(moved, Denied):
        form.refuse("", sentence(moved.reason))
        return case_page(clerk, find(clerk, case_id), form)
    return redirect(case_url(moved, done=_DONE[step]), 303)


@blueprint.route("/counter/<case_id>/<any(suspend, conclude, withdraw):step>", methods=["GET", "POST"])
@at_counter
def noted_step(clerk: Clerk, case_id: str, step: str) -> ResponseReturnValue:
    """中止, 办结 or 撤回, with what the clerk writes to it."""
    found = find(clerk, case_id)
    taken, form = CaseStep(step), Form(NOTE)
    if request.method == "POST":
        form = Form.submitted(NOTE)
    if request.method == "POST" and form.ok:
        moves = {
            CaseStep.SUSPEND: parts().assisting.suspend,
            CaseStep.CONCLUDE: parts().assisting.conclude,
            CaseStep.WITHDRAW: parts().assisting.withdraw,
        }
        moved = moves[taken](current_transaction(), clerk, found.id, note=form["note"], now=now())
        db.session.commit()
        if not isinstance(moved, Denied):
            return redirect(case_url(moved, done=_DONE[taken]), 303)
        form.refuse("", sentence(moved.reason))
    one = shown_case(current_transaction(), found)
    return render_template("assisted/step.html", form=form, step=step, one=one, back_url=case_url(found))


def case_page(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    """``form``: holds what was refused."""
    tx = current_transaction()
    entries, whole = entries_of(tx, case)
    waits = parts().assisting.waits_for_witness(tx, case)
    return render_template(
        "assisted/case.html",
        form=form,
        one=shown_to_clerk(tx, case),
        office=office_of(case),
        url=_urls(clerk, case, waits),
        mandates=_mandates(clerk, case),
        taken_over=case.state is CaseState.AUTHORISED,
        waits=sentence("assisted_waits_for_witness") if waits else None,
        entries=entries,
        whole=whole,
        papers=papers_of(tx, case, "assisted.print_"),
        back_url=url_for("assisted.counter"),
        notice=done_notice(),
    )


def _urls(clerk: Clerk, case: Case, waits: bool) -> dict[str, str]:
    """The addresses of what this clerk may do now, by the names of the steps."""
    agreed = case.evidence is not None
    can = {one for one in CaseStep if after(one, case.state, by=By.CLERK, agreed=agreed) is not None}
    mine = case.clerk == clerk.person
    if case.state is CaseState.AUTHORISED and not mine:
        can |= {CaseStep.RESUME}
    found = {one.value: case_url(case) for one in (CaseStep.ACCEPT, CaseStep.RESUME) if one in can}
    if case.state is CaseState.AUTHORISED and mine:
        found.pop("resume", None)
    for one in NOTED:
        if one in can:
            found[one.value] = url_for("assisted.noted_step", case_id=case.id, step=one.value)
    if case.state is CaseState.ACCEPTED:
        witness = waits and not mine
        by = "witness" if witness else "sms"
        found["witness" if witness else "consent"] = url_for("assisted.consent", case_id=case.id, by=by)
    return found


def _mandates(clerk: Clerk, case: Case) -> list[SimpleNamespace]:
    """By which this clerk acts for the citizen now, each with the title of its theme."""
    if case.clerk != clerk.person:
        return []
    titles = {one.theme: theme_title(one) for one in case.matters}
    found = [reading.find(current_transaction(), one) for one in case.mandates]
    return [SimpleNamespace(id=one.id, theme=titles.get(one.theme, one.theme)) for one in found if one]
