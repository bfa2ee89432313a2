"""The pages on which people raise their identity level by a check made elsewhere: by their face, or by their bank.

Always true: the claim waits in a journey of this browser and this account until its check has passed; who is known is
asked nothing, and checked as nobody else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.accounts.actions import Directory, Identity
from idp.checks.bank_identity import BankProof
from idp.checks.claiming import CheckedClaim
from idp.checks.identity import Known
from idp.checks.pages import is_offered, vendor_title
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Passed
from idp.credentials.rules import AttemptKind
from idp.db import Transaction, current_transaction, db
from idp.flows.actions import Journeys
from idp.flows.rules import FlowKind
from idp.proofing.checking import Claim, Denied
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.pages import blueprint, way_page
from idp.proofing.rules import BANK_CHANNEL, CHECKED, FACE, FACE_CHECKED, ProofRefusal
from idp.proofing.ways import LADDER, Way, add_way, passed_by
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.notices import Notice
from idp.web.reasons import known_reason, sentence
from idp.web.visit import onward

EXTENSION = "tongban_check_proofs"


class Proof(Protocol):
    """What a check of one kind proves."""

    def confirm(self, claim: Claim, *, now: int) -> Known | Denied:
        """Whether there is anything to check. May take seconds. Raises `DatabaseUnavailable`."""
        ...

    def prove(self, tx: Transaction, claim: Claim, known: Known, passed: Passed, *, now: int) -> Identity | Denied:
        """Write down that the check of ``claim`` has passed; on `Denied` only that."""
        ...


@dataclass(frozen=True, slots=True)
class ProofPage:
    """One of the pages. ``done``: what is told when the level is there; ``in_vain``: when the check has passed, and
    proves nothing of this account.
    """

    way: Way
    claim: CheckedClaim
    done: str
    in_vain: str


def _claim(check: CheckKind, flow: FlowKind, endpoint: str) -> CheckedClaim:
    return CheckedClaim(check, flow, CheckPurpose.IDENTITY, endpoint, elsewhere=LADDER)


FACE_PAGE = ProofPage(
    Way(FACE, "proofing.face", FACE_CHECKED, needs=_("带摄像头的手机或电脑，由本人完成"), counted=AttemptKind.FACE),
    _claim(CheckKind.FACE, FlowKind.FACE_PROOF, "proofing.face"),
    done="identity_checked_by_face",
    in_vain="face_document_taken",  # the register said yes, and so did the face
)
BANK_PAGE = ProofPage(
    Way(
        BANK_CHANNEL,
        "proofing.bank",
        CHECKED,
        needs=_("本人的身份证件，和本人可以登录的网上银行或手机银行"),
        counted=BankProof.means.counted,
        seconds=BankProof.means.seconds,
    ),
    _claim(CheckKind.BANK, FlowKind.BANK_PROOF, "proofing.bank"),
    done="identity_checked_by_bank_channel",
    in_vain="bank_channel_not_enough",  # nobody but a face is told what waits, or who has an account (trust 3)
)


@dataclass(frozen=True, slots=True)
class CheckProofs:
    directory: Directory
    journeys: Journeys
    proofs: Mapping[CheckKind, Proof]


def init_check_proofs(app: Flask, directory: Directory, journeys: Journeys, *, face: Proof, bank: Proof) -> None:
    """Serve each way for which somebody makes the checks."""
    app.extensions[EXTENSION] = CheckProofs(directory, journeys, {CheckKind.FACE: face, CheckKind.BANK: bank})
    with app.app_context():
        for page in (FACE_PAGE, BANK_PAGE):
            if is_offered(page.claim.check):
                add_way(app, page.way)


def _parts() -> CheckProofs:
    found: CheckProofs = current_app.extensions[EXTENSION]
    return found


@blueprint.route("/identity/face", methods=["GET", "POST"])
@signed_in
def face() -> ResponseReturnValue:
    return _serve(FACE_PAGE)


@blueprint.route("/identity/bank", methods=["GET", "POST"])
@signed_in
def bank() -> ResponseReturnValue:
    return _serve(BANK_PAGE)


def _serve(page: ProofPage) -> ResponseReturnValue:
    if (answer := passed_by(page.way.name)) is not None:
        return answer
    known = _parts().directory.person(current_transaction(), current_session().party_id).identity
    fields = () if known else FIELDS
    if request.method == "GET":
        return _came_back(page) if "check" in request.args else _page(page, _empty(known), known)
    form = Form.submitted(*fields)
    told = (known.name, known.document) if known else read_person(form)
    if told is None:
        return _page(page, form, known)
    claim = Claim(current_session().party_id, *told)
    db.session.rollback()
    confirmed = _proof(page).confirm(claim, now=now())
    if isinstance(confirmed, Denied):
        form.refuse("", sentence(confirmed.reason))
        return _page(page, form, known, confirmed.reason)
    return _to_the_check(page, claim, confirmed)


def _proof(page: ProofPage) -> Proof:
    return _parts().proofs[page.claim.check]


def _to_the_check(page: ProofPage, claim: Claim, known: Known) -> ResponseReturnValue:
    facts = {"party_id": claim.party_id, "valid_to": known.valid_to, "tried": known.tried}
    subject = CheckSubject(claim.name, claim.document)
    address = page.claim.begin(_parts().journeys, subject, facts, party_id=claim.party_id)
    db.session.commit()
    return redirect(address, 303)


def _came_back(page: ProofPage) -> ResponseReturnValue:
    """With a check that has passed, for the claim this account made in this browser."""
    tx, party_id = current_transaction(), current_session().party_id
    back = page.claim.came_back(_parts().journeys, party_id=party_id)
    if back is None:
        db.session.commit()
        return redirect(page.claim.over(), 303)
    claim = Claim(party_id, back.subject.name, back.subject.document)
    known = Known(back.journey.facts["valid_to"], back.journey.facts["tried"])
    outcome = _proof(page).prove(tx, claim, known, back.passed, now=now())
    if not _parts().journeys.move(tx, back.journey, {**back.journey.facts, "proved": True}, ended_at=now()):
        db.session.rollback()
        return redirect(page.claim.over(), 303)
    db.session.commit()
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done=page.done)), 303)
    in_vain = outcome.reason is ProofRefusal.NOT_CONFIRMED
    identity = _parts().directory.person(current_transaction(), party_id).identity
    form = _empty(identity)
    form.refuse("", sentence(page.in_vain if in_vain else outcome.reason))
    return _page(page, form, identity, outcome.reason)


def _empty(known: Identity | None) -> Form:
    return Form() if known else empty_form()


def _page(
    page: ProofPage, form: Form, known: Identity | None, refused: ProofRefusal | None = None
) -> ResponseReturnValue:
    done = request.args.get("done", "")
    return render_template(
        "identity_check.html",
        form=form,
        check=page.claim.check,
        vendor=vendor_title(page.claim.check),
        known=f"{known.name.masked} {known.document.masked}" if known else None,
        notice=Notice("info", sentence(done)) if known_reason(done) and form.ok else None,
        **way_page(page.way.name, refused),
    )
