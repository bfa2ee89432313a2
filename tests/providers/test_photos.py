"""The client of the reader of photos: every specimen against the running sandbox, and answers in other words."""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import pytest
from PIL import Image

from adapters.providers.http import signature
from adapters.providers.photos import HttpPhotoReader
from adapters.providers.register import encode
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.english import ENGLISH
from adapters.sandbox.photo_magic import FIRST, NAME, PHOTO_MAGIC
from adapters.sandbox.photo_samples import Specimen, draw, recognised
from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.register_magic import resident_number
from adapters.sandbox.settings import PHOTOS_SECRET as SANDBOX_SECRET
from adapters.sandbox.settings import SandboxSettings
from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.proofing.photo_port import PhotosQuestion, Read, Unread, Unreadable
from idp.proofing.ports import Unavailable, UnavailableReason, Unusable, UnusableReason
from idp.reviews.photos import cleaned
from tests.providers.conftest import IMPATIENT, POPULATION_SECRET, RunningSandbox, answering, running_sandbox
from tests.providers.test_register_clients import conversation
from tests.providers.test_registers_magic_numbers import FAULTS, GOOD, LATE, MALFORMED
from tests.sandbox.conftest import DOCS

KNOWN = load_entries(SandboxSettings().entries).people
SAMPLE = Read(PersonName(NAME), stored_document(DocumentType.RESIDENT_ID, resident_number(0)), date(2046, 12, 31))
PHOTOS: list[list[object]] = [
    [GOOD],
    [Unreadable(Unread.UNREADABLE)],
    [Unreadable(Unread.GLARE)],
    [Unreadable(Unread.CUT_OFF)],
    [Unreadable(Unread.NO_DOCUMENT)],
    [Unreadable(Unread.COPY)],
    [Unreadable(Unread.SIDES_DIFFER)],
    [Read(SAMPLE.name, SAMPLE.document, date(2020, 12, 31))],
    [Read(SAMPLE.name, SAMPLE.document, None)],
    [Unreadable(Unread.UNREADABLE)],
    [MALFORMED],
    [MALFORMED],
    *FAULTS,
]
ANSWER: dict[str, Any] = {
    "read": True,
    "name": NAME,
    "document_type": "resident_id",
    "number": resident_number(0),
    "valid_to": "2046-12-31",
}


@pytest.fixture(scope="module")
def reading() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@cache
def kept(order: int, side: str, *, size: tuple[int, int] | None = None) -> bytes:
    """The picture as it was drawn, or in another size, the way the provider keeps it."""
    raw = draw(Specimen(order, "任何人", "430105199003070011", ""), side)
    if size:
        out = io.BytesIO()
        Image.open(io.BytesIO(raw)).resize(size).save(out, "JPEG", quality=60)
        raw = out.getvalue()
    photo = cleaned(raw, most=8 * 1024 * 1024)
    assert isinstance(photo, bytes)
    return photo


def question(front: int, back: int | None = None, reference: str = "pho_1") -> PhotosQuestion:
    return PhotosQuestion(kept(front, "front"), kept(front if back is None else back, "back"), reference)


@pytest.mark.parametrize(("place", "answers"), list(enumerate(PHOTOS)))
def test_a_magic_specimen_is_answered_as_its_row_says(
    reading: RunningSandbox, place: int, answers: list[object]
) -> None:
    assert len(PHOTOS) == len(PHOTO_MAGIC)
    for turn, expected in enumerate(answers):
        reader = reading.photos(timeout=IMPATIENT if expected == LATE else 3.0)
        result = reader.read(question(FIRST + place, reference=f"pho_{place}_{turn}"))
        assert result == (SAMPLE if expected == GOOD else expected)


@pytest.mark.parametrize("order", range(len(KNOWN)))
def test_of_everybody_in_the_register_there_is_a_specimen(reading: RunningSandbox, order: int) -> None:
    person = KNOWN[order]
    document = stored_document(DocumentType(person.document_type), person.number)
    ends = date.fromisoformat(person.valid_to) if person.valid_to else None
    assert reading.photos().read(question(order, reference=f"pho_k{order}")) == Read(
        PersonName(person.name), document, ends
    )


@pytest.mark.parametrize("size", [(480, 300), (1280, 800), (4000, 2500)])
@pytest.mark.parametrize(("order", "side"), [(0, "front"), (65535, "back"), (1003, "front")])
def test_the_mark_survives_being_painted_anew(order: int, side: str, size: tuple[int, int]) -> None:
    assert recognised(kept(order, side, size=size)) == (order, side)


def test_other_pictures_and_mixed_sides_are_no_document(reading: RunningSandbox) -> None:
    reader, out = reading.photos(), io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(out, "JPEG")
    front, back = kept(0, "front"), kept(0, "back")
    nothing = Unreadable(Unread.NO_DOCUMENT)
    assert reader.read(PhotosQuestion(out.getvalue(), back, "pho_a")) == nothing
    assert reader.read(PhotosQuestion(b"none", back, "pho_b")) == nothing
    assert reader.read(PhotosQuestion(back, front, "pho_c")) == nothing
    assert reader.read(question(0, 1, "pho_d")) == Unreadable(Unread.SIDES_DIFFER)
    assert reader.read(question(len(KNOWN), reference="pho_e")) == nothing


def test_another_key_and_a_reference_used_twice_are_refused(reading: RunningSandbox) -> None:
    assert reading.photos(secret="x" * 40).read(question(0)) == Unusable(UnusableReason.BAD_SIGNATURE)
    assert isinstance(reading.photos().read(question(0, reference="pho_z")), Read)
    assert reading.photos().read(question(1, reference="pho_z")) == Unusable(UnusableReason.REFERENCE_CONFLICT)


def test_a_reader_that_is_down_is_left_alone_for_a_while() -> None:
    reader, asked = HttpPhotoReader("http://127.0.0.1:1/", "s" * 32), PhotosQuestion(b"f", b"b", "pho_1")
    for _ in range(5):
        assert reader.read(asked) == Unavailable(UnavailableReason.UNREACHABLE)
    answer = reader.read(asked)
    assert isinstance(answer, Unavailable)
    assert answer.reason is UnavailableReason.CIRCUIT_OPEN


@pytest.mark.parametrize(
    "change",
    [
        {"read": "true"},
        {"read": 1},
        {"read": False},
        {"name": None},
        {"name": ""},
        {"name": "长" * 201},
        {"document_type": "driving_licence"},
        {"document_type": None},
        {"number": 1},
        {"valid_to": 20461231},
        {"valid_to": "2046-W52-1"},
        {"valid_to": "20461231"},
        {"valid_to": "2046-02-30"},
        {"reason": "glare"},
        {"score": 1},
    ],
    ids=repr,
)
def test_an_answer_in_other_words_reads_nothing(change: dict[str, Any]) -> None:
    with answering(conversation(ANSWER | change)) as url:
        answer = HttpPhotoReader(url, POPULATION_SECRET).read(PhotosQuestion(b"f", b"b", "pho_1"))
    assert answer == Unavailable(UnavailableReason.MALFORMED_ANSWER)


@pytest.mark.parametrize("change", [{"number": "119999199001019001"}, {"name": "1"}, {"document_type": "passport"}])
def test_what_bears_no_check_of_its_own_was_misread(change: dict[str, Any]) -> None:
    with answering(conversation(ANSWER | change)) as url:
        answer = HttpPhotoReader(url, POPULATION_SECRET).read(PhotosQuestion(b"f", b"b", "pho_1"))
    assert answer == Unreadable(Unread.UNREADABLE)


def test_no_repr_shows_a_photo_or_a_number() -> None:
    shown = repr(PhotosQuestion(b"secret-pixels", b"more-pixels", "pho_1")) + repr(SAMPLE)
    assert "pixels" not in shown
    assert resident_number(0) not in shown


def test_the_documented_question_is_what_the_client_signs() -> None:
    section = DOCS[DOCS.index("## Photos of documents") : DOCS.index("## Checks made elsewhere")]
    body, answer = re.findall(r"^(\{\"(?:back|reference)\".*\})$", section, re.M)
    asked, answered = re.findall(r"^v1=[0-9a-f]{64}$", section, re.M)
    assert signature(SANDBOX_SECRET, "1790000000", body.encode()) == asked
    assert signature(SANDBOX_SECRET, "1790000001", answer.encode()) == answered
    assert encode(json.loads(body)) == body.encode()
    assert f"({len(body.encode())} bytes)" in section
    assert json.loads(answer)["question"] == hashlib.sha256(body.encode()).hexdigest()
    said = {name: value for name, value in json.loads(answer).items() if name not in ("reference", "question")}
    with answering(conversation(said)) as url:
        read = HttpPhotoReader(url, POPULATION_SECRET).read(PhotosQuestion(b"f", b"b", "pho_1"))
    assert isinstance(read, Read)
    assert (read.name.value, read.document.value) == ("周𪚥文", "430199198504120019")


def test_the_documented_specimens_are_the_tables_and_are_offered() -> None:
    documented = re.findall(r"^\| `(S\d\d)` \| (.+) \| (.+) \|$", DOCS, re.M)
    assert documented == [(magic.number, ENGLISH[magic.register], ENGLISH[magic.then]) for magic in PHOTO_MAGIC]
    client = create_sandbox(SandboxSettings()).test_client()
    page = client.get("/photos").text
    offered = re.findall(r'href="(/photos/\d+/(?:front|back)\.png)"', page)
    assert len(offered) == 2 * (len(PHOTO_MAGIC) + len(KNOWN))
    assert {client.get(address).mimetype for address in offered[::9]} == {"image/png"}
    assert client.get(f"/photos/{len(KNOWN)}/front.png").status_code == 404
