"""Having photos read: asked for by the person, done by the worker, written into the journey they belong to.

Always true: photos that have been read, or cannot be, are deleted in the transaction that says so; what stands on
the document is kept in the journey alone until the person has said whether it is right.
"""

from collections.abc import Callable, Mapping
from typing import Any

from idp.audit import Event, record
from idp.crypto.tokens import new_id
from idp.db import Database, Transaction
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step, undone
from idp.messages.claims import Message
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind
from idp.messages.worker import Failed, Handler, Outcome, Retry, Settled
from idp.proofing.checking import end_of
from idp.proofing.photo_port import IdPhotoReader, PhotosQuestion, Read, Unread, Unreadable
from idp.proofing.ports import Unavailable, Unusable
from idp.reviews.keeping import Photos, drop
from idp.reviews.rules import Side

KIND = FlowKind.PHOTOS
SIDES = (Side.FRONT, Side.BACK)
TRIES = 4
"""So often the reader is asked the same, within about 30 seconds, before the person is told that it is away."""
LIFETIME = 300
_OVER = Settled("over")


def ask(
    tx: Transaction, journeys: Journeys, journey: Journey, facts: Mapping[str, Any], *, now: int
) -> Journey | None:
    """Move on to ``facts`` and have the photos read; the journey then, None when it had moved on meanwhile."""
    reference = new_id("pho")
    waiting = {**facts, "reference": reference, "asked_at": now, "away": False}
    if not journeys.move(tx, journey, waiting):
        return None
    enqueue(tx, Kind.PHOTOS_READ, {"journey": journey.id, "reference": reference}, now=now, lifetime=LIFETIME)
    return Journey(journey.id, KIND, waiting, journey.version + 1)


def is_away(journey: Journey, *, now: int) -> bool:
    """Whether the person is to say when to ask again: nobody answered, or no worker came to ask in time."""
    return bool(journey.facts["away"]) or now > journey.facts.get("asked_at", 0) + LIFETIME


class Reading:
    """The handler of the message."""

    def __init__(
        self,
        database: Database,
        journeys: Journeys,
        photos: Photos,
        reader: IdPhotoReader | None,
        *,
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._journeys = journeys
        self._photos = photos
        self._reader = reader
        self._clock = clock

    @property
    def handlers(self) -> dict[str, Handler]:
        return {Kind.PHOTOS_READ.value: self.read}

    def read(self, message: Message, payload: Mapping[str, Any]) -> Outcome:
        now = self._clock()
        with self._database.autocommit() as tx:
            journey = self._journeys.load(tx, KIND, payload["journey"], now=now)
            if journey is None or not _waits(journey, payload["reference"]):
                return _OVER
            front, back = (self._photos.read(tx, journey.id, side, now=now) for side in SIDES)
        if front is None or back is None:
            return self._write(journey, Unreadable(Unread.GONE))
        answer = self._reader.read(PhotosQuestion(front, back, payload["reference"])) if self._reader else None
        if not isinstance(answer, Unavailable | Unusable | None):
            return self._write(journey, answer)
        reason = str(answer.reason) if answer else "no_reader"
        if isinstance(answer, Unavailable) and message.attempt < TRIES:
            return Retry(reason)
        self._write(journey, None)
        return Failed(reason)

    def _write(self, journey: Journey, answer: Read | Unreadable | None) -> Outcome:
        """``answer``: None when there will be none; the photos stay for another try then."""
        now = self._clock()
        with self._database.transaction() as tx:
            facts = _after(journey.facts, answer, now=now)
            if not self._journeys.move(tx, journey, facts):
                return _OVER
            if answer is not None:
                drop(tx, journey.id)
            party, why = journey.facts["party_id"], facts.get("unread") or ("reader_away" if answer is None else None)
            event = Event.PHOTOS_UNREAD if why else Event.PHOTOS_READ
            record(tx, event, actor=party, subject=party, result="refused" if why else "ok", reason=why, now=now)
        return Settled()


def _waits(journey: Journey, reference: str) -> bool:
    return open_step(KIND, journey.facts) == "read" and journey.facts.get("reference") == reference


def _after(facts: Mapping[str, Any], answer: Read | Unreadable | None, *, now: int) -> dict[str, Any]:
    """What the journey knows once the answer is there."""
    if answer is None:
        return {**facts, "away": True}
    ends = end_of(answer.valid_to) if isinstance(answer, Read) and answer.valid_to else None
    if isinstance(answer, Unreadable) or (ends is not None and ends <= now):
        why = answer.reason if isinstance(answer, Unreadable) else Unread.EXPIRED
        return {**undone(KIND, Side.FRONT, facts), "unread": str(why)}
    document = [str(answer.document.type), answer.document.value]
    return {**facts, "name": answer.name.value, "document": document, "ends": ends}
