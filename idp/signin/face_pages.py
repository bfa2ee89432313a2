"""Sign-in by face: who it is said to be is checked, whoever it is; only then is an account looked for.

Always true: before a face has passed no account is looked at, so nothing is learnt of any (trust 3); it opens the
accounts of people who have proved themselves by their face before.
"""

from flask import Flask, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.audit import Event, record
from idp.captcha.pages import note_failure
from idp.checks.claiming import CameBack, CheckedClaim
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject
from idp.credentials import password as passwords
from idp.db import current_transaction, db
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.proofing.actions import ial
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.rules import FACE_CHECKED
from idp.signin.faces import account_of
from idp.signin.loading import authenticated
from idp.signin.pages import FACES, another_way_page, blueprint, client_name, opening_notice, parts
from idp.signin.rules import Method
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, public
from idp.web.visit import carried, onward

CLAIM = CheckedClaim(
    CheckKind.FACE, FlowKind.FACE_SIGN_IN, CheckPurpose.SIGN_IN, "signin.face", elsewhere="signin.password"
)


def init_face_sign_in(app: Flask, journeys: Journeys) -> None:
    """Offer it; without this its page does not exist."""
    app.extensions[FACES] = journeys


@blueprint.route("/signin/face", methods=["GET", "POST"])
@public
def face() -> ResponseReturnValue:
    journeys: Journeys | None = current_app.extensions.get(FACES)
    if journeys is None:
        abort(404)
    if request.method == "GET":
        return _came_back(journeys) if "check" in request.args else _page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _page(form)
    address = CLAIM.begin(journeys, CheckSubject(*told))
    db.session.commit()
    return redirect(address, 303)


def _came_back(journeys: Journeys) -> ResponseReturnValue:
    current_session()  # now: noting its activity commits, which would let go of the account while it is held
    back = CLAIM.came_back(journeys)
    if back is None:
        db.session.commit()
        return redirect(CLAIM.over(), 303)
    tx, directory = current_transaction(), parts().directory
    party_id = account_of(tx, directory, back.subject)
    proved = party_id is not None and ial(tx, party_id, now=now()) >= FACE_CHECKED
    if not journeys.move(tx, back.journey, {**back.journey.facts, "found": proved}, ended_at=now()):
        db.session.rollback()
        return redirect(CLAIM.over(), 303)
    return _entered(party_id) if party_id and proved else _nobody(party_id, back)


def _entered(party_id: str) -> ResponseReturnValue:
    """Success by another factor lifts a lock of the password (trust 2)."""
    tx = current_transaction()
    if passwords.unlock(tx, party_id=party_id, now=now()):
        record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now())
    authenticated(party_id, Method.FACE)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _nobody(party_id: str | None, back: CameBack) -> ResponseReturnValue:
    subject = party_id or back.passed.check_id
    record(
        current_transaction(),
        Event.SESSION_BEGUN,
        subject=subject,
        result="refused",
        reason="face-opens-no-account",
        now=now(),
    )
    db.session.commit()
    note_failure()
    return another_way_page("face_no_account")


def _page(form: Form) -> ResponseReturnValue:
    return render_template(
        "face_who.html",
        form=form,
        title=_("用人脸登录"),
        client_name=client_name(),
        notice=opening_notice() if form.ok else None,
        back_url=url_for("signin.password", **carried()),
    )
