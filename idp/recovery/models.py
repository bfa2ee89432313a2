"""The table of requests to get back into an account by the word of two operators.

Always true: what the person said of themselves stands sealed, and is gone when the request has come to its end.
"""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class RecoveryRequest(Base):
    """``id`` is the number its person is told. ``sealed``: JSON of name, document and new phone, context
    ``recovery_request.sealed:<id>``.

    ``party_id`` stands from the approval on; ``stop``: the blind index of the old phone and the code that stops it
    or what was approved in its place.

    ``expires_at``: until when the new password may be set; ``keep_until``: until when the row is of use.
    ``mismatches``: how often a number read at the counter was not the one stated.
    """

    __tablename__ = "recovery_request"
    __table_args__ = (Index("ix_recovery_request_state_due_at", "state", "due_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[bytes | None]
    way: Mapped[str]
    locale: Mapped[str]
    state: Mapped[str]
    filed_at: Mapped[int]
    due_at: Mapped[int]
    party_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"), index=True)
    stop: Mapped[bytes | None] = mapped_column(unique=True)
    expires_at: Mapped[int | None]
    keep_until: Mapped[int | None] = mapped_column(index=True)
    mismatches: Mapped[int]
