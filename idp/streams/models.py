"""Tables of event streams and of what waits in them.

Always true: a client has one stream at most; an event that its receiver has acknowledged has no row.
"""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class EventStream(Base):
    """One client's stream. ``events``: URIs it asked for, blanks between; ``credential``: what a push carries in its
    Authorization header, sealed under ``event_stream.credential:<id>``.
    """

    __tablename__ = "event_stream"
    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), unique=True)
    method: Mapped[str]
    endpoint: Mapped[str | None]
    credential: Mapped[bytes | None]
    events: Mapped[str]
    description: Mapped[str | None]
    status: Mapped[str]
    status_reason: Mapped[str | None]
    verified_at: Mapped[int]
    created_at: Mapped[int]


class StreamEvent(Base):
    """One event for one receiver; ``claims``: JSON of what the token says of it beside issuer, audience and time.

    ``failure``: why the receiver did not take it; such a row waits for nothing any more.
    """

    __tablename__ = "stream_event"
    jti: Mapped[str] = mapped_column(primary_key=True)
    stream_id: Mapped[str] = mapped_column(ForeignKey("event_stream.id"))
    kind: Mapped[str]
    claims: Mapped[str]
    failure: Mapped[str | None]
    created_at: Mapped[int]

    __table_args__ = (Index("ix_stream_event_stream_id_created_at", "stream_id", "created_at"),)
