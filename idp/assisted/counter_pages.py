"""The counter: where a clerk says which office they are at, and sees its cases.

Always true: a clerk sees the cases of the office they act for now, and of no other.
"""

from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.assisted.desk import at_counter, blueprint, office_of, parts
from idp.assisted.rules import Clerk, Refusal
from idp.assisted.showing import shown_case
from idp.assisted.words import GROUPS
from idp.db import current_transaction, db
from idp.mandates import reading
from idp.mandates.rules import Kind
from idp.signin.confirm_pages import where_to_prove
from idp.signin.loading import act_for
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.notices import done_notice
from idp.web.reasons import sentence

CHOICE = Field("act", sentence("assisted_office_missing"), max_length=80)
_LIVING = {"open": True, "over": False, "all": None}


@blueprint.get("/counter")
@at_counter
def counter(clerk: Clerk) -> ResponseReturnValue:
    """The cases of the clerk's office, newest first."""
    asked = request.args.get("state", "open")
    group = asked if asked in GROUPS else "open"
    tx = current_transaction()
    found = parts().assisting.cases_of(tx, clerk, living=_LIVING[group])
    return render_template(
        "assisted/counter.html",
        office=office_of(clerk),
        rows=[shown_case(tx, one, url=url_for("assisted.case", case_id=one.id)) for one in found],
        groups=[
            SimpleNamespace(word=word, url=url_for("assisted.counter", state=name), chosen=name == group)
            for name, word in GROUPS.items()
        ],
        new_url=url_for("assisted.new"),
        acting_url=url_for("assisted.office"),
        notice=done_notice(),
    )


@blueprint.route("/counter/office", methods=["GET", "POST"])
@signed_in
def office() -> ResponseReturnValue:
    """At which of their offices the clerk is; two factors come first where they are what was missing."""
    session: Session = current_session()
    if request.method == "GET":
        if request.args.get("done") == Refusal.CLERK_FACTORS:
            first = where_to_prove(session, back=url_for("assisted.counter"), why="assisted_clerk_factors")
            if first is not None:
                return redirect(first, 303)
        return _office_page(Form(CHOICE), session)
    form = Form.submitted(CHOICE)
    db.session.rollback()
    chosen = parts().offering.choose(session.party_id, form["act"], now=now()) if form.ok else None
    if form.ok and chosen is None:
        form.refuse("", sentence("acting_not_allowed"))
    if chosen is None:
        return _office_page(form, session)
    act_for(session, chosen.text, via=chosen.via)
    db.session.commit()
    return redirect(url_for("assisted.counter"), 303)


def _office_page(form: Form, session: Session) -> ResponseReturnValue:
    offices = _offices(session.party_id)
    return render_template("assisted/office.html", form=form, offices=offices, notice=done_notice())


def _offices(person: str) -> list[SimpleNamespace]:
    """By the mandates of posts at counters that the person holds now."""
    tx = current_transaction()
    held = [one for one in reading.held_by(tx, person) if one.kind is Kind.EMPLOYMENT and one.in_force(now=now())]
    return [
        SimpleNamespace(id=one.id, organ=parts().offering.name_of(tx, one.principal) or "", unit=one.unit)
        for one in held
        if one.theme == parts().assisting.terms.theme
    ]
