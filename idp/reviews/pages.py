"""The pages on which somebody has operators make sure of them: who they are, three photos, and how it stands.

Always true: a photo is shown to who sent it, in the journey it was sent in, and to nobody else here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Flask, abort, current_app, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.accounts.actions import Directory
from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.audit import Event
from idp.db import Database, current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.numbers import grouped
from idp.flows.rules import FlowKind, open_step, step_names
from idp.flows.steps import Steps, journey_over
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.rules import FACE_CHECKED
from idp.proofing.ways import LADDER, Way, add_way, others, passed_by
from idp.reviews.actions import Reviews
from idp.reviews.rules import EVIDENCE, Claim, Denied, Review, Side, State
from idp.reviews.uploads import PHOTO, note_refused, taken_photo
from idp.reviews.words import CAUSES, DOCUMENTS, STATES
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.headers import only_data
from idp.web.limits import takes_photo
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.options import options
from idp.web.reasons import sentence
from idp.web.visit import carried, onward

EXTENSION = "tongban_reviews"
KIND = FlowKind.REVIEW
BEGIN = "reviews.start"
CONSENT = Field("consent", sentence("review_consent_missing"), max_length=8)
blueprint = Blueprint("reviews", __name__, url_prefix="/identity/review")
View = Callable[[Journey], ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class ReviewParts:
    database: Database
    directory: Directory
    reviews: Reviews
    journeys: Journeys


def init_reviews(app: Flask, made_of: ReviewParts) -> None:
    app.extensions[EXTENSION] = made_of
    app.register_blueprint(blueprint)
    add_way(app, Way(EVIDENCE, BEGIN, FACE_CHECKED, needs=_("证件和可以拍照的设备；由工作人员在几个工作日内答复")))


def parts() -> ReviewParts:
    found: ReviewParts = current_app.extensions[EXTENSION]
    return found


def _to(journey: Journey) -> str:
    return url_for(f"reviews.{open_step(KIND, journey.facts) or 'start'}", f=journey.id, **carried())


STEPS = Steps(KIND, BEGIN, lambda: parts().journeys, _to)


@blueprint.route("", methods=["GET", "POST"])
@signed_in
def start() -> ResponseReturnValue:
    """What happens, how the one under way stands, how earlier ones ended; withdrawing."""
    tx, party_id = current_transaction(), current_session().party_id
    if request.method == "POST":
        gone = request.form.get("withdraw") == "yes" and parts().reviews.withdraw(tx, party_id, now=now())
        db.session.commit()
        done = "review_withdrawn" if gone else "review_not_waiting"
        return redirect(url_for(BEGIN, done=done, **carried()), 303)
    found = [_shown(review) for review in parts().reviews.of_party(tx, party_id)]
    refused = parts().reviews.objection(tx, party_id, now=now())
    return render_template(
        "review.html",
        open=next((review for review in found if review.waits), None),
        past=[review for review in found if not review.waits],
        barred=sentence(refused) if refused else None,
        person_url=url_for("reviews.person", **carried()),
        other_url=url_for(LADDER, **carried()) if others(EVIDENCE) else None,
        back_url=onward(url_for("account.identity")),
        working_days=parts().reviews.working_days,
        notice=done_notice(),
    )


def _shown(review: Review) -> SimpleNamespace:
    return SimpleNamespace(
        number=grouped(review.id),
        waits=review.state is State.FILED,
        state=STATES[review.state],
        overdue=review.is_overdue(now=now()),
        filed_at=review.filed_at,
        due_at=review.due_at,
        decided_at=review.decided_at,
        cause=CAUSES[review.cause] if review.cause else None,
    )


@blueprint.route("/person", methods=["GET", "POST"])
@signed_in
def person() -> ResponseReturnValue:
    """Who somebody is, and that they agree to send photos; what the account says of them already is not asked."""
    if (answer := passed_by(EVIDENCE)) is not None:
        return answer
    tx, party_id = current_transaction(), current_session().party_id
    known = parts().directory.person(tx, party_id).identity
    claim = Claim(known.name, known.document) if known else None
    if request.method == "GET":
        return _person_page(Form(CONSENT) if claim else empty_form(*FIELDS, CONSENT), claim)
    form = Form.submitted(*(() if claim else FIELDS), CONSENT)
    told = Claim(*found) if claim is None and (found := read_person(form)) else claim
    if told is None or not form.ok:
        return _person_page(form, claim)
    refused = parts().reviews.begin(tx, party_id, now=now())
    if isinstance(refused, Denied):
        note_refused(Event.REVIEW_REFUSED, party_id, refused.reason, {"step": "person"})
        form.refuse("", sentence(refused.reason))
        return _person_page(form, claim)
    facts = {
        "party_id": party_id,
        "name": told.name.value,
        "document": [told.document.type, told.document.value],
    }
    journey = parts().journeys.begin(tx, KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(_to(journey), 303)


def _person_page(form: Form, known: Claim | None) -> ResponseReturnValue:
    return render_template(
        "review_person.html",
        form=form,
        known=SimpleNamespace(name=known.name.masked, number=known.document.masked) if known else None,
        start_url=url_for(BEGIN, **carried()),
        steps=step_names(KIND),
    )


def _photo_step(side: Side) -> Callable[[], ResponseReturnValue]:
    """The page of one photo. It stays open afterwards: another one takes the place of the first."""
    later = step_names(KIND)[step_names(KIND).index(side) :]

    @takes_photo
    @STEPS.own(*later)
    def serve(journey: Journey) -> ResponseReturnValue:
        form = Form(PHOTO)
        if request.method == "GET":
            return _photo_page(form, journey, side)
        jpeg = taken_photo(parts().reviews, parts().database, journey.facts["party_id"], side)
        if not isinstance(jpeg, bytes):
            form.refuse("photo", sentence(jpeg))
            return _photo_page(form, journey, side)
        return _keep(journey, side, jpeg)

    return serve


for _side in Side:
    blueprint.add_url_rule(f"/{_side}", _side, _photo_step(_side), methods=["GET", "POST"])


def _keep(journey: Journey, side: Side, jpeg: bytes) -> ResponseReturnValue:
    tx, until = current_transaction(), now() + parts().journeys.lifetime
    digest = parts().reviews.photos.put(tx, journey.facts["party_id"], journey.id, side, jpeg, until=until, now=now())
    facts = {**journey.facts, side.value: digest}
    if not parts().journeys.move(tx, journey, facts):
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(_to(Journey(journey.id, KIND, facts, journey.version + 1)), 303)


def _photo_page(form: Form, journey: Journey, side: Side) -> ResponseReturnValue:
    steps = step_names(KIND)
    before = steps[steps.index(side) - 1]
    return render_template(
        "review_photo.html",
        form=form,
        side=side.value,
        passport=journey.facts["document"][0] == DocumentType.PASSPORT,
        megabytes=options().limits.photo_bytes // 1024**2,
        back_url=url_for(f"reviews.{before}", f=journey.id, **carried()),
        steps=steps,
    )


@blueprint.get("/photo/<any(front, back, holding):side>")
@signed_in
def photo(side: str) -> ResponseReturnValue:
    """A photo as it was sent, for the page that shows it before it is filed."""
    journey = parts().journeys.read(
        current_transaction(), KIND, request.args.get("f", ""), browser=browser_digest(), now=now()
    )
    mine = journey is not None and journey.facts["party_id"] == current_session().party_id
    jpeg = _read(journey, Side(side)) if journey and mine else None
    return picture(jpeg) if jpeg else abort(404)


def _read(journey: Journey, side: Side) -> bytes | None:
    return parts().reviews.photos.read(current_transaction(), journey.id, side, now=now())


def picture(jpeg: bytes) -> ResponseReturnValue:
    """A photo as an answer: no document, and stored by nobody on the way."""
    only_data()
    response = make_response(jpeg)
    response.mimetype = "image/jpeg"
    response.headers["Content-Disposition"] = "inline"
    return response


@blueprint.route("/send", methods=["GET", "POST"])
@STEPS.own("send")
def send(journey: Journey) -> ResponseReturnValue:
    """Everything once more; with that it is laid before the operators."""
    claim = _claim(journey)
    form = Form()
    if request.method == "GET":
        return _send_page(form, journey, claim)
    tx = current_transaction()
    filed = parts().reviews.file(
        tx, journey.facts["party_id"], claim, journey.id, locale=preferences().lang, now=now()
    )
    if isinstance(filed, Denied):
        note_refused(Event.REVIEW_REFUSED, journey.facts["party_id"], filed.reason, {"step": "send"})
        form.refuse("", sentence(filed.reason))
        return _send_page(form, journey, claim)
    if not parts().journeys.move(tx, journey, {**journey.facts, "review": filed.id}, ended_at=now()):
        db.session.rollback()
        return journey_over(BEGIN)
    db.session.commit()
    return redirect(url_for(BEGIN, done="review_filed", **carried()), 303)


def _claim(journey: Journey) -> Claim:
    kind, number = journey.facts["document"]
    return Claim(PersonName(journey.facts["name"]), stored_document(DocumentType(kind), number))


def _send_page(form: Form, journey: Journey, claim: Claim) -> ResponseReturnValue:
    def here(endpoint: str, **more: Any) -> str:
        return url_for(f"reviews.{endpoint}", f=journey.id, **more, **carried())

    known = parts().directory.person(current_transaction(), journey.facts["party_id"]).identity is not None
    return render_template(
        "review_send.html",
        form=form,
        name=claim.name.masked if known else claim.name.value,
        kind=DOCUMENTS[claim.document.type],
        number=claim.document.masked if known else claim.document.value,
        photos=[
            SimpleNamespace(side=side.value, url=here("photo", side=side.value), again_url=here(side.value))
            for side in Side
        ],
        steps=step_names(KIND),
        person_url=None if known else url_for("reviews.person", **carried()),
        working_days=parts().reviews.working_days,
    )
