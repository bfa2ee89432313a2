"""Tables of the outbox and of the jobs that run by the clock.

Always true: a settled row holds no payload.
"""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_OPEN = text("settled_at IS NULL")


class Outbox(Base):
    """One message or notice. ``payload``: sealed JSON, context ``outbox.payload:<id>``; ``not_before`` 0 is at once.

    ``session_id``, ``client_id``, ``party_id`` say whom it concerns, so that deliveries can be listed.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_open", "not_before", "created_at", sqlite_where=_OPEN, postgresql_where=_OPEN),
        Index("ix_outbox_settled_at", "settled_at"),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    payload: Mapped[bytes | None]
    session_id: Mapped[str | None] = mapped_column(index=True)
    client_id: Mapped[str | None]
    party_id: Mapped[str | None]
    created_at: Mapped[int]
    not_before: Mapped[int]
    expires_at: Mapped[int]
    attempts: Mapped[int]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[int]
    settled_at: Mapped[int | None]
    result: Mapped[str | None]


class Job(Base):
    """Something done every so often by whichever worker claims it first."""

    __tablename__ = "job"
    name: Mapped[str] = mapped_column(primary_key=True)
    due_at: Mapped[int]
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[int]
