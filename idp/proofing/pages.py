"""The page that checks name and number.

Always true: it tells whether the check succeeded, never which of name, number or another account was in the way.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory, Identity
from idp.accounts.documents import Document, IdNumber, Passport, TravelPermit
from idp.accounts.names import PersonName
from idp.db import current_transaction, db
from idp.proofing.actions import ial
from idp.proofing.name_check import Claim, NameCheck, today
from idp.proofing.rules import CHECKED, ProofRefusal
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit, onward

EXTENSION = "tongban_proofing"
NAME = Field("name", sentence("name_missing"), max_length=100)
KIND = Field("kind", sentence("document_kind_missing"), max_length=16)
NUMBER = Field("number", sentence("document_number_missing"), max_length=64)
KINDS = ("id_number", "passport", "travel_permit")
blueprint = Blueprint("proofing", __name__)


@dataclass(frozen=True, slots=True)
class Proofing:
    directory: Directory
    name_check: NameCheck


def init_proofing(app: Flask, known: Proofing) -> None:
    app.extensions[EXTENSION] = known
    app.register_blueprint(blueprint)


def _parts() -> Proofing:
    found: Proofing = current_app.extensions[EXTENSION]
    return found


@blueprint.route("/identity/name", methods=["GET", "POST"])
@signed_in
def name() -> ResponseReturnValue:
    party_id = current_session().party_id
    if request.method == "POST" and request.form.get("decline") == "yes":
        return redirect(url_for("admission.decline", what="strengthen", **carried()), 307)
    if ial(current_transaction(), party_id, now=now()) >= CHECKED:
        return redirect(onward(url_for("account.profile")), 303)
    if request.method == "GET":
        return _page(Form(NAME, KIND, NUMBER, values={"kind": KINDS[0]}))
    form = Form.submitted(NAME, KIND, NUMBER)
    claim = _claim(form, party_id)
    if claim is None:
        return _page(form)
    db.session.rollback()
    outcome = _parts().name_check.check(claim, now=now())
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done="identity_checked")), 303)
    form.refuse("", sentence(outcome.reason))
    return _page(form, elsewhere=outcome.reason is not ProofRefusal.REGISTER_UNAVAILABLE)


def _claim(form: Form, party_id: str) -> Claim | None:
    """What was typed, by its value types; what is wrong with it stands in the form then."""
    found = PersonName.parse(form["name"]) if form["name"] else None
    document = typed_document(form["kind"], form["number"]) if form["number"] else None
    if form["name"] and found is None:
        form.refuse("name", sentence("name_invalid"))
    if form["kind"] and form["kind"] not in KINDS:
        form.refuse("kind", sentence("document_kind_missing"))
    elif form["number"] and document is None:
        form.refuse("number", sentence("document_number_invalid"))
    return Claim(party_id, found, document) if form.ok and found and document else None


def typed_document(kind: str, text: str) -> Document | None:
    """The number in ``text`` as one of `KINDS`."""
    if kind == "passport":
        return Passport.parse(text)
    if kind == "travel_permit":
        return TravelPermit.parse(text)
    return IdNumber.parse(text, today=today(now()))


def _page(form: Form, *, elsewhere: bool = False) -> ResponseReturnValue:
    visit = current_visit()
    return render_template(
        "identity_name.html",
        form=form,
        client_name=visit.client_name if visit else None,
        declinable=visit is not None,
        elsewhere=elsewhere,
        later_url=onward(url_for("account.profile")) if visit is None else None,
    )
