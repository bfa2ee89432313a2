"""One case at the counter: what it is, what may be done now, and doing it.

Always true: a step is one POST and the rules decide; a GET changes nothing; another office's case is found as little
as one that is not there.
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assisted.actions import Case, Clerk, Denied
from idp.assisted.desk import at_counter, blueprint, office_of, parts
from idp.assisted.showing import entries_of, papers_of, shown_case, shown_to_clerk
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.notices import done_notice
from idp.web.reasons import sentence

NOTE = Field("note", sentence("assisted_note_missing"), max_length=200, lines=True)
WITH_NOTE = ("suspend", "conclude", "withdraw")


def find(clerk: Clerk, case_id: str) -> Case:
    """The case of this office; that somebody of another looked for it is on record all the same."""
    found = parts().assisting.case(current_transaction(), clerk, case_id, now=now())
    if isinstance(found, Denied):
        db.session.commit()
        abort(404)
    return found


def case_url(case_id: str, **values: str) -> str:
    return url_for("assisted.case", case_id=case_id, **values)


@blueprint.route("/counter/<case_id>", methods=["GET", "POST"])
@at_counter
def case(clerk: Clerk, case_id: str) -> ResponseReturnValue:
    """The case; ``step`` accepts it, goes on with it or bears witness."""
    found, form = find(clerk, case_id), Form()
    if request.method == "GET":
        return _page(clerk, found, form)
    steps = {
        "accept": parts().assisting.accept,
        "resume": parts().assisting.resume,
        "witness": parts().assisting.witness,
    }
    step = request.form.get("step", "")
    if step not in steps:
        abort(400)
    return _after(clerk, found, form, steps[step](current_transaction(), clerk, found.id, now=now()), step)
