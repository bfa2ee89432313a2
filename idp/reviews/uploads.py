"""The photo in a request: counted, judged by its content, painted anew.

Always true: a file that is refused is recorded, and leaves nothing else behind.
"""

from idp.audit import Event, record
from idp.db import Database, current_transaction, db
from idp.reviews.actions import Reviews
from idp.reviews.photos import PhotoFault, cleaned
from idp.reviews.rules import Refusal, Side
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
    refused = reviews.count_photo(database, party_id, now=now())
    jpeg = refused.reason if refused else cleaned(sent_photo("photo"), most=options().limits.photo_bytes)
    if isinstance(jpeg, bytes):
        return jpeg
    record(
        current_transaction(),
        Event.PHOTO_REFUSED,
        actor=party_id,
        subject=party_id,
        result="refused",
        reason=jpeg,
        detail={"side": side.value},
        now=now(),
    )
    db.session.commit()
    return jpeg
