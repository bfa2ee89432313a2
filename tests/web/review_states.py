"""The pages of a review by operators in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from flask import render_template

from idp.accounts.documents import DocumentType
from idp.flows.rules import FlowKind, step_names
from idp.reviews.rules import Cause, State
from idp.reviews.words import CAUSES, DOCUMENTS, STATES
from idp.web.forms import Field, Form
from idp.web.notices import Notice
from idp.web.reasons import sentence

NOW = 1795413600
FIELDS = tuple(Field(name) for name in ("name", "kind", "number", "consent"))
PHOTO = Field("photo")
STEPS = step_names(FlowKind.REVIEW)
DOT = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
START = {"other_url": "#", "person_url": "#", "back_url": "#", "working_days": 10}


def page(template: str, **context: Any) -> Callable[[], str]:
    return lambda: render_template(template, **{k: v() if callable(v) else v for k, v in context.items()})


def refused(*fields: Field, **errors: str) -> Form:
    form = Form(*fields)
    for name, reason in errors.items():
        form.refuse("" if name == "whole" else name, sentence(reason))
    return form


def one(state: State, cause: Cause | None = None, *, overdue: bool = False) -> SimpleNamespace:
    return SimpleNamespace(
        number="4820 1193 5507",
        waits=state is State.FILED,
        state=STATES[state],
        overdue=overdue,
        filed_at=NOW,
        due_at=NOW + 864000,
        decided_at=None if state is State.FILED else NOW + 86400,
        cause=CAUSES[cause] if cause else None,
    )


def photos() -> list[SimpleNamespace]:
    return [SimpleNamespace(side=side, url=DOT, again_url="#") for side in ("front", "back", "holding")]


def sending(**changes: Any) -> Callable[[], str]:
    facts = {
        "form": Form, "name": "欧阳清岚", "kind": lambda: DOCUMENTS[DocumentType.RESIDENT_ID],
        "number": "11010519491231002X", "photos": photos, "steps": STEPS, "person_url": "#", "working_days": 10,
    }  # fmt: skip
    return page("review_send.html", **facts | changes)


def taking(side: str, form: Callable[[], Form] = lambda: Form(PHOTO), *, passport: bool = False) -> Callable[[], str]:
    context = {"side": side, "passport": passport, "megabytes": 8, "back_url": "#", "steps": STEPS}
    return page("review_photo.html", form=form, **context)


REVIEW_STATES: Mapping[str, Callable[[], str]] = {
    "review": page("review.html", open=None, past=[], barred=None, notice=None, **START),
    "review-open": page(
        "review.html",
        open=lambda: one(State.FILED),
        past=lambda: [one(State.WITHDRAWN)],
        barred=lambda: sentence("review_open"),
        notice=lambda: Notice("info", sentence("review_filed")),
        **START,
    ),
    "review-overdue": page(
        "review.html", open=lambda: one(State.FILED, overdue=True), past=[], barred=None, notice=None, **START
    ),
    "review-rejected": page(
        "review.html",
        open=None,
        past=lambda: [one(State.REJECTED, Cause.UNREADABLE), one(State.LAPSED), one(State.APPROVED)],
        barred=None,
        notice=None,
        **START,
    ),
    "review-paused": page(
        "review.html",
        open=None,
        past=lambda: [one(State.REJECTED, Cause.FORGERY)],
        barred=lambda: sentence("review_paused"),
        notice=None,
        **START,
    ),
    "review-person": page(
        "review_person.html", form=lambda: Form(*FIELDS, values={"kind": "id_number"}), known=None, start_url="#",
        steps=STEPS,
    ),
    "review-person-refused": page(
        "review_person.html",
        form=lambda: refused(*FIELDS, name="name_invalid", consent="review_consent_missing"),
        known=None,
        start_url="#",
        steps=STEPS,
    ),
    "review-person-known": page(
        "review_person.html",
        form=lambda: Form(Field("consent")),
        known=SimpleNamespace(name="***岚", number="1****************X"),
        start_url="#",
        steps=STEPS,
    ),
    "review-front": taking("front"),
    "review-front-refused": taking("front", lambda: refused(PHOTO, photo="photo_format")),
    "review-front-passport": taking("front", passport=True),
    "review-back": taking("back"),
    "review-back-passport": taking("back", lambda: refused(PHOTO, photo="photo_too_small"), passport=True),
    "review-holding": taking("holding"),
    "review-send": sending(),
    "review-send-known": sending(person_url=None),
    "review-send-refused": sending(form=lambda: refused(whole="review_photos_gone")),
}  # fmt: skip
