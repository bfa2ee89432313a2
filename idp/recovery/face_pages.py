"""A forgotten password by face: who it is, the face, a code to the phone on file, the new password.

Always true: the face alone sets nothing: the phone on file, shown only after it has passed, has to answer, too; who
has lost that phone goes the last way, where a hold follows (trust 5).
"""

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from idp.audit import Event, record
from idp.captcha.pages import note_failure
from idp.checks.claiming import CameBack, CheckedClaim
from idp.checks.pages import is_offered
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject
from idp.credentials.rules import Purpose
from idp.credentials.sms_code import Issued
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step
from idp.flows.steps import Steps
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.recovery.actions import Addressee
from idp.recovery.pages import blueprint, code_proved, order_code, parts, password_step
from idp.signin.code_step import CodeStep
from idp.signin.faces import account_of
from idp.signin.pages import another_way_page, client_name
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Form
from idp.web.guards import public
from idp.web.notices import done_notice
from idp.web.visit import carried

KIND = FlowKind.RECOVERY_BY_FACE
BEGIN = "recovery.face"
CLAIM = CheckedClaim(CheckKind.FACE, KIND, CheckPurpose.RECOVERY, BEGIN, elsewhere="recovery.identifier")
CODE_STEP = CodeStep(
    Purpose.RECOVER, "recover_face_code.html", endpoint="recovery.face_code", change=BEGIN, to_accounts_only=True
)


def _to(journey: Journey) -> str:
    """The address of the step that is open; before the face has passed, where one begins."""
    step = open_step(KIND, journey.facts)
    return url_for(f"recovery.face_{step}" if step in ("code", "password") else BEGIN, f=journey.id, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _to)


@blueprint.route("/recover/face", methods=["GET", "POST"])
@public
def face() -> ResponseReturnValue:
    """Steps 1 and 2: whose account, whoever it is; then the face."""
    if not is_offered(CheckKind.FACE):
        abort(404)
    if request.method == "GET":
        return _came_back() if "check" in request.args else _page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _page(form)
    address = CLAIM.begin(parts().journeys, CheckSubject(*told))
    db.session.commit()
    return redirect(address, 303)


def _came_back() -> ResponseReturnValue:
    back = CLAIM.came_back(parts().journeys)
    if back is None:
        db.session.commit()
        return redirect(CLAIM.over(), 303)
    tx, known = current_transaction(), parts()
    party_id = account_of(tx, known.directory, back.subject)
    mobile = known.directory.mobile(tx, party_id or "")
    if party_id is None or mobile is None:
        return _nobody(party_id, back)
    facts = {**back.journey.facts, "party_id": party_id, "mobile": mobile.value, "challenge": ""}
    if not known.journeys.move(tx, back.journey, facts):
        db.session.rollback()
        return redirect(CLAIM.over(), 303)
    db.session.commit()
    return _send(back.journey.id, Addressee(party_id, mobile))


def _send(key: str, to: Addressee) -> ResponseReturnValue:
    """The first code. Where none may be sent now, the page offers to send it again."""
    issued = order_code(to, hidden=False)
    tx, journeys = current_transaction(), parts().journeys
    journey = journeys.read(tx, KIND, key, browser=browser_digest(), now=now())
    if journey is not None and isinstance(issued, Issued):
        journeys.move(tx, journey, {**journey.facts, "challenge": issued.challenge_id})
        db.session.commit()
    said = None if isinstance(issued, Issued) else issued.reason
    return redirect(url_for("recovery.face_code", f=key, done=said, **carried()), 303)


def _nobody(party_id: str | None, back: CameBack) -> ResponseReturnValue:
    tx, subject = current_transaction(), party_id or back.passed.check_id
    parts().journeys.move(tx, back.journey, back.journey.facts, ended_at=now())
    record(tx, Event.PASSWORD_RESET, subject=subject, result="refused", reason="face-opens-no-account", now=now())
    db.session.commit()
    note_failure()
    return another_way_page("face_no_account")


def _page(form: Form) -> ResponseReturnValue:
    return render_template(
        "face_who.html",
        form=form,
        title=_("用人脸找回"),
        client_name=client_name(),
        notice=done_notice() if form.ok else None,
        back_url=url_for("recovery.identifier", **carried()),
    )


@blueprint.route("/recover/face/code", methods=["GET", "POST"])
@public
@STEPS.at("code")
def face_code(journey: Journey) -> ResponseReturnValue:
    """Step 3: the phone on file, which is shown now."""
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    return code_proved(journey, "recovery.face_password", faced=True)


@blueprint.route("/recover/face/password", methods=["GET", "POST"])
@public
@STEPS.at("password")
def face_password(journey: Journey) -> ResponseReturnValue:
    """Step 4: as after any recovery."""
    return password_step(journey, BEGIN)
