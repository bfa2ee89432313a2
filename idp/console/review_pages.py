"""Reviews: the queue of those that wait, one beside its photos, and what an operator makes of it.

Always true: nothing of a review is shown without a reason stated in the last half hour, and every look at it, and at
each photo, is recorded; who proposes an approval never decides on it.
"""

from datetime import date
from types import SimpleNamespace

from flask import abort, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event
from idp.console.acts import APPROVE_REVIEW, REVIEWERS
from idp.console.guards import current_operator, looked, operator
from idp.console.justifications import LOOK, Justification, standing
from idp.console.loading import parts
from idp.console.pages import blueprint, done_notice, page
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied, Reason
from idp.db import current_transaction, db
from idp.flows.numbers import grouped, parse_number
from idp.proofing.actions import ial
from idp.proofing.checking import end_of
from idp.reviews.pages import picture
from idp.reviews.rules import Cause, Deciders, Review, Side, State
from idp.reviews.words import CAUSES, DOCUMENTS, STATES
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.locale import china_date
from idp.web.reasons import sentence

LISTED = 50
PROPOSE, REJECT = "propose", "reject"
NUMBER = Field("number", sentence("recovery_reference_missing"), max_length=32)
DECISION = Field("decision", sentence("review_decision_missing"), max_length=8)
CAUSE = Field("cause", required=False, max_length=20)
VALID_TO = Field("valid_to", required=False, max_length=10)
LONG_TERM = Field("long_term", required=False, max_length=8)
PHOTOS = Field("photos", max_length=64)
SEEK = (NUMBER, REASON, TICKET)
FIELDS = (DECISION, CAUSE, VALID_TO, LONG_TERM, PHOTOS, REASON, TICKET)


@blueprint.route("/reviews", methods=["GET", "POST"])
@operator(*REVIEWERS)
def reviews() -> ResponseReturnValue:
    """By the number; of those that wait nothing is listed but their days."""
    if request.method == "GET":
        return _seek_page(Form(*SEEK, values={"number": request.args.get("number", "")[:16]}))
    form = Form.submitted(*SEEK)
    why = stated(form)
    number = parse_number(form["number"]) if why else None
    if why is None or number is None:
        if form.ok:
            form.refuse("number", sentence("recovery_reference_invalid"))
        return _seek_page(form)
    tx, mine = current_transaction(), current_operator().operator.party_id
    found = parts().reviews.find(tx, number)
    key = parts().justifications.add(tx, why, operator=mine, subject=found.id if found else None, act=LOOK, now=now())
    subject, result = (found.party_id, "ok") if found else (None, "none")
    looked(Event.REVIEW_SOUGHT, subject, because=key, result=result)
    db.session.commit()
    if found:
        return redirect(url_for("console.review", number=found.id), 303)
    form.refuse("number", sentence("review_unknown"))
    return _seek_page(form)


def _seek_page(form: Form) -> ResponseReturnValue:
    waiting = parts().reviews.waiting(current_transaction(), limit=LISTED)
    notice = done_notice() if form.ok else None
    return page("reviews", "reviews", form=form, waiting=[_line(one) for one in waiting], notice=notice)


def _line(found: Review) -> SimpleNamespace:
    return SimpleNamespace(
        url=url_for("console.reviews", number=found.id),
        number=grouped(found.id),
        filed_at=found.filed_at,
        due_at=found.due_at,
        overdue=found.is_overdue(now=now()),
    )


def _because(number: str) -> str | None:
    """The reason that stands for looking at this review."""
    mine = current_operator().operator.party_id
    return standing(current_transaction(), operator=mine, subject=number, now=now())


@blueprint.route("/reviews/<number>", methods=["GET", "POST"])
@operator(*REVIEWERS, personal=True)
def review(number: str) -> ResponseReturnValue:
    """What the person says beside what their photos show."""
    because = _because(number)
    found = parts().reviews.find(current_transaction(), number) if because else None
    if because is None or found is None:
        return redirect(url_for("console.reviews", number=number, done="review_look_needs_reason"), 303)
    looked(Event.REVIEW_VIEWED, found.party_id, because=because)
    if request.method == "GET":
        return _page(Form(*FIELDS), found)
    form = Form.submitted(*FIELDS)
    why = stated(form)
    if form["decision"] and form["decision"] not in (PROPOSE, REJECT):
        form.refuse("decision", sentence("review_decision_missing"))
    if form["photos"] != _digest(found):
        form.refuse("", sentence("review_not_waiting" if found.claim is None else "review_changed"))
    if why is None or not form.ok:
        return _page(form, found)
    return _reject(form, found, why) if form["decision"] == REJECT else _propose(form, found, why)


def _digest(found: Review) -> str:
    return parts().reviews.photos.digest(current_transaction(), found.journey, now=now())


def _reject(form: Form, found: Review, why: Justification) -> ResponseReturnValue:
    if form["cause"] not in tuple(Cause):
        form.refuse("cause", sentence("review_cause_missing"))
        return _page(form, found)
    tx, mine = current_transaction(), current_operator().operator.party_id
    key = parts().justifications.add(tx, why, operator=mine, subject=found.party_id, act="reject-review", now=now())
    done = parts().reviews.reject(tx, found, Cause(form["cause"]), Deciders(mine, key), now=now())
    db.session.commit()
    if not done:
        form.refuse("", sentence("review_not_waiting"))
        return _page(form, found)
    return redirect(url_for("console.reviews", done="review_decided"), 303)


def _propose(form: Form, found: Review, why: Justification) -> ResponseReturnValue:
    tx, last = current_transaction(), _last_day(form)
    if found.state is not State.FILED:
        form.refuse("", sentence("review_not_waiting"))
    elif barred := parts().reviews.bar(tx, found):
        form.refuse("", sentence(barred))
    elif not parts().reviews.photos.seen_by(tx, current_operator().operator.party_id, found.journey):
        form.refuse("", sentence(Reason.NOT_INSPECTED))
    if not form.ok:
        return _page(form, found)
    made = parts().four_eyes.propose(
        tx,
        APPROVE_REVIEW,
        subject=found.party_id,
        payload={"review": found.id, "photos": form["photos"], "valid_to": last},
        reason=f"{why.text} [{why.ticket}]",
        proposer=current_operator().operator,
        now=now(),
    )
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return _page(form, found)
    db.session.commit()
    return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)


def _last_day(form: Form) -> str | None:
    """The last day of the document as the photo shows it; None: it has none, or the form says what is wrong."""
    if form["long_term"] == "yes":
        return None
    try:
        last = date.fromisoformat(form["valid_to"])
    except ValueError:
        form.refuse("valid_to", sentence("valid_to_missing"))
        return None
    if last < china_date(now()):
        form.refuse("valid_to", sentence("review_document_ended"))
    return None if end_of(last) is None else last.isoformat()


@blueprint.get("/reviews/<number>/<any(front, back, holding):side>")
@operator(*REVIEWERS, personal=True)
def review_photo(number: str, side: str) -> ResponseReturnValue:
    """One photo, while it is there."""
    because = _because(number)
    found = parts().reviews.find(current_transaction(), number) if because else None
    if because is None or found is None:
        return redirect(url_for("console.reviews", number=number, done="review_look_needs_reason"), 303)
    mine = current_operator().operator.party_id
    jpeg = parts().reviews.photos.show(current_transaction(), found.journey, Side(side), operator=mine, now=now())
    if jpeg is None:
        abort(404)
    looked(Event.REVIEW_PHOTO_VIEWED, found.party_id, because=because)
    return picture(jpeg)


def _page(form: Form, found: Review) -> ResponseReturnValue:
    tx, waits = current_transaction(), found.state is State.FILED
    person = parts().directory.person(tx, found.party_id)
    barred = parts().reviews.bar(tx, found) if waits else None
    return page(
        "review",
        "reviews",
        form=form,
        review=SimpleNamespace(
            number=grouped(found.id),
            state=STATES[found.state],
            overdue=found.is_overdue(now=now()),
            filed_at=found.filed_at,
            due_at=found.due_at,
            cause=CAUSES[found.cause] if found.cause else None,
            name=found.claim.name.value if found.claim else None,
            kind=DOCUMENTS[found.claim.document.type] if found.claim else None,
            document=found.claim.document.value if found.claim else None,
        ),
        account=SimpleNamespace(
            party_id=found.party_id,
            name=person.identity.name.masked if person.identity else None,
            ial=ial(tx, found.party_id, now=now()),
        ),
        photos=[(side.value, url_for("console.review_photo", number=found.id, side=side)) for side in Side],
        digest=_digest(found),
        waits=waits,
        barred=sentence(barred) if barred else None,
        causes=[(cause.value, word, None) for cause, word in CAUSES.items()],
    )
