"""The photo in a request: counted, judged by its content, painted anew.

Always true: a file that is refused is recorded, and leaves nothing else behind.
"""

from functools import partial

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.db import Database, current_transaction, db
from idp.reviews.actions import Reviews
from idp.reviews.photos import PhotoFault, cleaned
from idp.reviews.rules import Denied, Refusal, Side
from idp.web.clock import now
from idp.web.forms import Field
from idp.web.limits import sent_photo
from idp.web.options import options

PHOTO = Field("photo", required=False)


def taken_photo(reviews: Reviews, database: Database, party_id: str, side: Side) -> bytes | Refusal | PhotoFault:
    """The JPEG for ``side`` that this request brings, or why there is none. May take a second; commits.

    For a view that `takes_photo`.
    """
    db.session.rollback()
    look = partial(cleaned, sent_photo("photo"), most=options().limits.photo_bytes)
    found = reviews.count_photo(database, party_id, look, now=now())
    if isinstance(found, bytes):
        return found
    reason = found.reason if isinstance(found, Denied) else found
    note_refused(Event.PHOTO_REFUSED, party_id, reason, {"side": side.value})
    return reason


def note_refused(event: Event, party_id: str, reason: str, detail: Detail) -> None:
    """Nothing else that was written stays; this does."""
    db.session.rollback()
    who = {"actor": party_id, "subject": party_id}
    record(current_transaction(), event, result="refused", reason=reason, detail=detail, now=now(), **who)
    db.session.commit()
