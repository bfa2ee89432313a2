"""The page on which people raise their identity level by their face.

Always true: the register is asked before the face, so that no vendor sees whom the register does not confirm; the
claim waits in a journey of this browser and this account until the face has passed.
"""

from dataclasses import dataclass

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.accounts.actions import Directory, Identity
from idp.accounts.waiting import WaitingAccounts
from idp.checks.claiming import FaceClaim
from idp.checks.identity import FaceProof, Known
from idp.checks.pages import is_offered
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject
from idp.credentials.rules import AttemptKind
from idp.db import Database, current_transaction, db
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.proofing.checking import Claim, Denied
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.pages import blueprint, way_page
from idp.proofing.ports import PopulationRegister
from idp.proofing.rules import FACE, FACE_CHECKED, ProofRefusal
from idp.proofing.ways import LADDER, Way, add_way, passed_by
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.notices import Notice
from idp.web.reasons import known_reason, sentence
from idp.web.visit import onward

EXTENSION = "tongban_face_proof"
ENDPOINT = "proofing.face"
CLAIM = FaceClaim(FlowKind.FACE_PROOF, CheckPurpose.IDENTITY, ENDPOINT, elsewhere=LADDER)


@dataclass(frozen=True, slots=True)
class FacePages:
    proof: FaceProof
    directory: Directory
    journeys: Journeys


def init_face_proof(
    app: Flask,
    database: Database,
    directory: Directory,
    waiting: WaitingAccounts,
    register: PopulationRegister,
    journeys: Journeys,
    *,
    daily: int,
    valid: int,
) -> None:
    """Serve this way where somebody checks faces. ``valid``: days for which it proves anything."""
    with app.app_context():
        if not is_offered(CheckKind.FACE):
            return
    proof = FaceProof(database, directory, waiting, register, daily=daily, valid=valid)
    app.extensions[EXTENSION] = FacePages(proof, directory, journeys)
    needs = _("带摄像头的手机或电脑，由本人完成")
    add_way(app, Way(FACE, ENDPOINT, FACE_CHECKED, needs=needs, counted=AttemptKind.FACE))


def _parts() -> FacePages:
    found: FacePages = current_app.extensions[EXTENSION]
    return found


@blueprint.route("/identity/face", methods=["GET", "POST"])
@signed_in
def face() -> ResponseReturnValue:
    if (answer := passed_by(FACE)) is not None:
        return answer
    known = _parts().directory.person(current_transaction(), current_session().party_id).identity
    fields = () if known else FIELDS
    if request.method == "GET":
        return _came_back() if "check" in request.args else _page(_empty(known), known)
    form = Form.submitted(*fields)
    told = (known.name, known.document) if known else read_person(form)
    if told is None:
        return _page(form, known)
    claim = Claim(current_session().party_id, *told)
    db.session.rollback()
    confirmed = _parts().proof.confirm(claim, now=now())
    if isinstance(confirmed, Denied):
        form.refuse("", sentence(confirmed.reason))
        return _page(form, known, confirmed.reason)
    return _to_the_check(claim, confirmed)


def _to_the_check(claim: Claim, known: Known) -> ResponseReturnValue:
    facts = {"party_id": claim.party_id, "valid_to": known.valid_to, "tried": known.tried}
    subject = CheckSubject(claim.name, claim.document)
    address = CLAIM.begin(_parts().journeys, subject, facts, party_id=claim.party_id)
    db.session.commit()
    return redirect(address, 303)


def _came_back() -> ResponseReturnValue:
    """With a check that has passed, for the claim this account made in this browser."""
    tx, party_id = current_transaction(), current_session().party_id
    back = CLAIM.came_back(_parts().journeys, party_id=party_id)
    if back is None:
        db.session.commit()
        return redirect(CLAIM.over(), 303)
    claim = Claim(party_id, back.subject.name, back.subject.document)
    known = Known(back.journey.facts["valid_to"], back.journey.facts["tried"])
    outcome = _parts().proof.prove(tx, claim, known, back.passed, now=now())
    if not _parts().journeys.move(tx, back.journey, {**back.journey.facts, "proved": True}, ended_at=now()):
        db.session.rollback()
        return redirect(CLAIM.over(), 303)
    db.session.commit()
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done="identity_checked_by_face")), 303)
    taken = outcome.reason is ProofRefusal.NOT_CONFIRMED  # the register said yes, and so did the face
    form = _empty(None)
    form.refuse("", sentence("face_document_taken" if taken else outcome.reason))
    return _page(form, None, outcome.reason)


def _empty(known: Identity | None) -> Form:
    return Form() if known else empty_form()


def _page(form: Form, known: Identity | None, refused: ProofRefusal | None = None) -> ResponseReturnValue:
    done = request.args.get("done", "")
    return render_template(
        "identity_face.html",
        form=form,
        known=f"{known.name.masked} {known.document.masked}" if known else None,
        notice=Notice("info", sentence(done)) if known_reason(done) and form.ok else None,
        **way_page(FACE, refused),
    )
