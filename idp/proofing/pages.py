"""The page that checks name and number.

Always true: it tells whether the check succeeded, never which of name, number or another account was in the way.
"""

from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory, Identity
from idp.db import current_transaction, db
from idp.proofing.actions import proofs_of
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.name_check import Claim, NameCheck
from idp.proofing.rules import CHECKED, ProofRefusal, identity_level, renewable
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit, onward

EXTENSION = "tongban_proofing"
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
    if _nothing_to_do(party_id):
        return redirect(onward(url_for("account.profile")), 303)
    if request.method == "GET":
        return _page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _page(form)
    db.session.rollback()
    outcome = _parts().name_check.check(Claim(party_id, *told), now=now())
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done="identity_checked")), 303)
    form.refuse("", sentence(outcome.reason))
    return _page(form, elsewhere=outcome.reason is not ProofRefusal.REGISTER_UNAVAILABLE)


def _nothing_to_do(party_id: str) -> bool:
    """An app that waits gets its person back as soon as the level is there; without one it may be renewed in time."""
    proofs = proofs_of(current_transaction(), party_id)
    visit = current_visit()
    if visit is not None and visit.asks_for_level:
        return identity_level(proofs, now=now()) >= CHECKED
    return not renewable(proofs, now=now())


def _page(form: Form, *, elsewhere: bool = False) -> ResponseReturnValue:
    visit = current_visit()
    demanded = visit is not None and visit.asks_for_level
    return render_template(
        "identity_name.html",
        form=form,
        client_name=visit.client_name if visit and demanded else None,
        declinable=demanded,
        elsewhere=elsewhere,
        later_url=None if demanded else onward(url_for("account.profile")),
    )
