"""The pages on which somebody proves who they are by photos of their document and by their face.

Always true: nothing goes to a reader before the person has agreed, nor to the face check before they have said that
it was read rightly and the register has confirmed it; no page waits for a reader.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.accounts.actions import Identity
from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.audit import Event, record
from idp.checks.identity import Known
from idp.checks.pages import is_offered, order_check, take_check
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Passed
from idp.credentials.rules import AttemptKind
from idp.db import Database, current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import open_step, step_names, undone
from idp.flows.steps import Steps, journey_over
from idp.idphotos.proof import EVIDENCE, PhotoProof
from idp.idphotos.reading import KIND, SIDES, ask, is_away
from idp.proofing.checking import Claim, Denied
from idp.proofing.pages import way_page
from idp.proofing.rules import FACE_CHECKED, ProofRefusal
from idp.proofing.ways import LADDER, Way, add_way, passed_by
from idp.reviews.actions import Reviews
from idp.reviews.keeping import drop, drop_unfiled
from idp.reviews.rules import Side
from idp.reviews.uploads import PHOTO, taken_photo
from idp.reviews.words import DOCUMENTS
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.headers import refresh_after
from idp.web.limits import takes_photo
from idp.web.notices import done_notice
from idp.web.options import options
from idp.web.reasons import sentence
from idp.web.visit import carried, onward

EXTENSION = "tongban_id_photos"
BEGIN = "idphotos.start"
CONSENT = Field("consent", sentence("photos_consent_missing"), max_length=8)
REFRESH = 2
"""Seconds after which the waiting page looks again."""
blueprint = Blueprint("idphotos", __name__, url_prefix="/identity/photos")
View = Callable[[Journey], ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class PhotoParts:
    database: Database
    proof: PhotoProof
    reviews: Reviews
    journeys: Journeys


def init_id_photos(app: Flask, made_of: PhotoParts) -> None:
    """Serve this way where somebody checks faces; the caller knows that somebody reads photos."""
    with app.app_context():
        if not is_offered(CheckKind.FACE):
            return
    app.extensions[EXTENSION] = made_of
    app.register_blueprint(blueprint)
    needs = _("本人的身份证件，带摄像头的手机或电脑，由本人完成")
    add_way(app, Way(EVIDENCE, BEGIN, FACE_CHECKED, needs=needs, counted=AttemptKind.PHOTO))


def _parts() -> PhotoParts:
    found: PhotoParts = current_app.extensions[EXTENSION]
    return found


def _page_of(step: str, journey: Journey, *, pause: str | None = None) -> str:
    return url_for(f"idphotos.{step}", f=journey.id, pause=pause, **carried())


def _to(journey: Journey) -> str:
    return _page_of(open_step(KIND, journey.facts) or "start", journey)


STEPS = Steps(KIND, BEGIN, lambda: _parts().journeys, _to)


@blueprint.route("", methods=["GET", "POST"])
@signed_in
def start() -> ResponseReturnValue:
    """What happens with the photos; with the person's consent it begins."""
    if (answer := passed_by(EVIDENCE)) is not None:
        return answer
    if request.method == "GET":
        return _start_page(Form(CONSENT))
    form = Form.submitted(CONSENT)
    if not form.ok:
        return _start_page(form)
    tx, party_id = current_transaction(), current_session().party_id
    drop_unfiled(tx, party_id)
    journey = _parts().journeys.begin(tx, KIND, {"party_id": party_id}, browser=browser_digest(), now=now())
    detail = {"consent": "photos"}
    record(tx, Event.PHOTOS_BEGUN, actor=party_id, subject=party_id, detail=detail, now=now())
    db.session.commit()
    return redirect(_to(journey), 303)


def _start_page(form: Form, refused: ProofRefusal | None = None) -> ResponseReturnValue:
    notice = done_notice() if form.ok else None
    return render_template("id_photos.html", form=form, notice=notice, **way_page(EVIDENCE, refused))


def _photo_step(side: Side, *steps: str) -> Callable[[], ResponseReturnValue]:
    @takes_photo
    @STEPS.own(*steps)
    def serve(journey: Journey) -> ResponseReturnValue:
        form = Form(PHOTO)
        if request.method == "GET":
            if unread := journey.facts.get("unread"):
                form.refuse("photo", sentence(unread))
            return _photo_page(form, journey, side)
        jpeg = taken_photo(_parts().reviews, _parts().database, journey.facts["party_id"], side)
        if not isinstance(jpeg, bytes):
            form.refuse("photo", sentence(jpeg))
            return _photo_page(form, journey, side)
        return _keep(journey, side, jpeg)

    return serve


blueprint.add_url_rule("/front", "front", _photo_step(Side.FRONT, "front", "back"), methods=["GET", "POST"])
blueprint.add_url_rule("/back", "back", _photo_step(Side.BACK, "back"), methods=["GET", "POST"])


def _keep(journey: Journey, side: Side, jpeg: bytes) -> ResponseReturnValue:
    tx, journeys, party_id = current_transaction(), _parts().journeys, journey.facts["party_id"]
    until = now() + journeys.lifetime
    digest = _parts().reviews.photos.put(tx, party_id, journey.id, side, jpeg, until=until, now=now())
    facts = {name: value for name, value in journey.facts.items() if name != "unread"} | {side.value: digest}
    if side is SIDES[-1]:
        moved = ask(tx, journeys, journey, facts, now=now())
    else:
        moved = Journey(journey.id, KIND, facts, journey.version + 1) if journeys.move(tx, journey, facts) else None
    return _go_on(moved)


def _go_on(moved: Journey | None) -> ResponseReturnValue:
    if moved is None:
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(_to(moved), 303)


def _photo_page(form: Form, journey: Journey, side: Side) -> ResponseReturnValue:
    return render_template(
        "id_photos_side.html",
        form=form,
        side=side.value,
        megabytes=options().limits.photo_bytes // 1024**2,
        back_url=_page_of("front", journey) if side is Side.BACK else url_for(BEGIN, **carried()),
        other_url=url_for(LADDER, **carried()),
        steps=step_names(KIND),
    )


@blueprint.route("/read", methods=["GET", "POST"])
@STEPS.own("read")
def read(journey: Journey) -> ResponseReturnValue:
    """The worker has the photos read; this page looks for the outcome, and asks again if the reader was away."""
    away = is_away(journey, now=now())
    if request.method == "POST":
        tx = current_transaction()
        return _go_on(ask(tx, _parts().journeys, journey, journey.facts, now=now()) if away else journey)
    here = _page_of("read", journey)
    refreshing = not away and "pause" not in request.args
    if refreshing:
        refresh_after(REFRESH, here)
    return render_template(
        "id_photos_wait.html",
        form=Form(),
        away=away,
        refreshing=refreshing,
        refresh_url=here,
        pause_url=_page_of("read", journey, pause="1"),
        other_url=url_for(LADDER, **carried()),
        steps=step_names(KIND),
    )


@blueprint.route("/confirm", methods=["GET", "POST"])
@STEPS.own("confirm")
def confirm(journey: Journey) -> ResponseReturnValue:
    """What was read: the person says whether it is right, and then the register does."""
    if request.method == "GET":
        return _confirm_page(Form(), journey)
    if request.form.get("wrong") == "yes":
        return _begin_anew(journey)
    claim = _claim(journey)
    db.session.rollback()
    found = _parts().proof.confirm(claim, now=now())
    if isinstance(found, Denied):
        form = Form()
        form.refuse("", sentence(found.reason))
        return _confirm_page(form, journey, found.reason)
    ends = min((end for end in (found.valid_to, journey.facts["ends"]) if end is not None), default=None)
    facts = {**journey.facts, "confirmed": ends, "tried": found.tried}
    moved = _parts().journeys.move(current_transaction(), journey, facts)
    return _to_the_check(Journey(journey.id, KIND, facts, journey.version + 1)) if moved else _go_on(None)


def _begin_anew(journey: Journey) -> ResponseReturnValue:
    tx, facts = current_transaction(), undone(KIND, "front", journey.facts)
    drop(tx, journey.id)
    moved = _parts().journeys.move(tx, journey, facts)
    return _go_on(Journey(journey.id, KIND, facts, journey.version + 1) if moved else None)


def _confirm_page(form: Form, journey: Journey, refused: ProofRefusal | None = None) -> ResponseReturnValue:
    claim = _claim(journey)
    return render_template(
        "id_photos_confirm.html",
        form=form,
        name=claim.name.value,
        kind=DOCUMENTS[claim.document.type],
        number=claim.document.masked,
        ends=journey.facts["ends"],
        steps=step_names(KIND),
        **way_page(EVIDENCE, refused),
    )


@blueprint.route("/face", methods=["GET", "POST"])
@STEPS.own("face")
def face(journey: Journey) -> ResponseReturnValue:
    """To the face check, as often as that is allowed; back from it with the result, once."""
    if request.method == "POST":
        return _to_the_check(journey)
    claim = _claim(journey)
    passed = take_check(CheckKind.FACE, CheckPurpose.IDENTITY, _subject(claim), party_id=claim.party_id)
    if isinstance(passed, Passed):
        return _prove(journey, claim, passed)
    db.session.commit()
    return render_template(
        "id_photos_face.html",
        form=Form(),
        subject=f"{claim.name.masked} {claim.document.masked}",
        steps=step_names(KIND),
        other_url=url_for(LADDER, **carried()),
    )


def _to_the_check(journey: Journey) -> ResponseReturnValue:
    claim = _claim(journey)
    address = order_check(
        CheckKind.FACE,
        CheckPurpose.IDENTITY,
        _subject(claim),
        party_id=claim.party_id,
        back=_page_of("face", journey),
        elsewhere=url_for(LADDER, **carried()),
    )
    db.session.commit()
    return redirect(address, 303)


def _prove(journey: Journey, claim: Claim, passed: Passed) -> ResponseReturnValue:
    tx, known = current_transaction(), Known(journey.facts["confirmed"], journey.facts["tried"])
    outcome = _parts().proof.prove(tx, claim, known, passed, now=now())
    if not _parts().journeys.move(tx, journey, {**journey.facts, "proved": True}, ended_at=now()):
        return _go_on(None)
    db.session.commit()
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done="identity_checked_by_photos")), 303)
    taken = outcome.reason is ProofRefusal.NOT_CONFIRMED  # the register said yes, and so did the face
    form = Form(CONSENT)
    form.refuse("", sentence("face_document_taken" if taken else outcome.reason))
    return _start_page(form, outcome.reason)


def _claim(journey: Journey) -> Claim:
    kind, number = journey.facts["document"]
    document = stored_document(DocumentType(kind), number)
    return Claim(journey.facts["party_id"], PersonName(journey.facts["name"]), document)


def _subject(claim: Claim) -> CheckSubject:
    return CheckSubject(claim.name, claim.document)
