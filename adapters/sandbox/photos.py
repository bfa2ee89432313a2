"""The stand-in of the service that reads photos: `POST /photos/v1/readings` (docs/providers.md), and its specimens.

Always true: what is read stands in config/demo/registers.toml or in the table of magic specimens; of any other
picture nothing is read, and no picture is kept.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from flask import Blueprint, Response, abort, render_template, request

from adapters.sandbox.contract import KEY, Refusal, invalid, like, parse_fields
from adapters.sandbox.photo_magic import FIRST, NAME, PHOTO_MAGIC, READ
from adapters.sandbox.photo_samples import SIDES, Specimen, draw, recognised
from adapters.sandbox.register_magic import GOOD, Step, resident_number
from adapters.sandbox.registers import entries, serve, step_of
from adapters.sandbox.signed import settings

PHOTO_ENDPOINT = "/photos/v1/readings"
MAX_BODY = 12 * 1024 * 1024
photos = Blueprint("photos", __name__)


@dataclass(frozen=True, slots=True)
class PhotosQuestion:
    """A well-formed question; ``digest`` is the body's SHA-256 in hexadecimal."""

    reference: str
    front: bytes = field(repr=False)
    back: bytes = field(repr=False)
    digest: str


@photos.post(PHOTO_ENDPOINT)
def answer_about_photos() -> Response:
    request.max_content_length = MAX_BODY
    return serve(settings().photos_secret, parse_photos, _about_photos)


@photos.get("/photos")
def specimens() -> str:
    people = [(order, person) for order, person in enumerate(entries().people)]
    return render_template("photos.html", people=people, magic=list(enumerate(PHOTO_MAGIC, FIRST)))


@photos.get("/photos/<int:order>/<any(front, back):side>.png")
def picture(order: int, side: str) -> Response:
    found = _specimen(order)
    if found is None:
        abort(404)
    return Response(draw(found, side), mimetype="image/png")


def parse_photos(body: bytes, *, key: str) -> PhotosQuestion | Refusal:
    """The question in ``body``; ``key``, which no signature covers, has to be its reference."""
    fields = parse_fields(body, {"reference": like(KEY), "front": _is_text, "back": _is_text})
    if isinstance(fields, Refusal):
        return fields
    if fields["reference"] != key:
        return invalid("Idempotency-Key is missing or is not the reference")
    try:
        front, back = (base64.b64decode(fields[side], validate=True) for side in SIDES)
    except (binascii.Error, ValueError):
        return invalid("front and back are base64")
    return PhotosQuestion(key, front, back, hashlib.sha256(body).hexdigest())


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _about_photos(question: PhotosQuestion) -> tuple[Step, Mapping[str, object]]:
    front, back = recognised(question.front), recognised(question.back)
    if front is None or back is None or (front[1], back[1]) != SIDES:
        return GOOD, {"read": False, "reason": "no_document"}
    if front[0] != back[0]:
        return GOOD, {"read": False, "reason": "sides_differ"}
    order = front[0]
    if FIRST <= order < FIRST + len(PHOTO_MAGIC):
        magic = PHOTO_MAGIC[order - FIRST]
        step = step_of(magic, "") or GOOD
        return step, step.says if step.says.get("read") is False else {**READ, **step.says}
    known = entries().people
    if order >= len(known):
        return GOOD, {"read": False, "reason": "no_document"}
    person = known[order]
    read = {"name": person.name, "document_type": person.document_type, "number": person.number}
    return GOOD, {"read": True, **read, "valid_to": person.valid_to or None}


def _specimen(order: int) -> Specimen | None:
    people = entries().people
    if order < len(people):
        return Specimen(order, people[order].name, people[order].number, people[order].valid_to)
    if FIRST <= order < FIRST + len(PHOTO_MAGIC):
        magic = PHOTO_MAGIC[order - FIRST]
        return Specimen(order, f"{NAME} {magic.number}", resident_number(0), "2046-12-31")
    return None
