"""The table of checks made elsewhere.

Always true: a row moves forward through `CheckState` only, and when it is over nothing of it tells who was checked.
"""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_UNDER_WAY = text("sealed IS NOT NULL")


class OutsideCheck(Base):
    """``sealed``: order, nonce and the vendor's address in JSON, context ``outside_check.sealed:<id>``, gone when the
    check is over; ``subject``: keyed index of who is checked; ``browser``: SHA-256 of the browser's id;
    ``back``, ``elsewhere``: paths of ours.

    ``vendor``, ``vendor_transaction``, ``score``, ``digest``, ``judged_at`` are what evidence keeps (trust 5);
    ``left_at``: when the browser was sent there; ``fetch_at``: when a result was ordered that is not there
    yet; ``taken_at``: when the result was used. ``attempt_key``, ``attempt_at``: the attempt it was counted as.
    """

    __tablename__ = "outside_check"
    __table_args__ = (
        Index("ix_outside_check_under_way", "expires_at", sqlite_where=_UNDER_WAY, postgresql_where=_UNDER_WAY),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    party_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"), index=True)
    subject: Mapped[bytes]
    browser: Mapped[bytes]
    back: Mapped[str]
    elsewhere: Mapped[str]
    sealed: Mapped[bytes | None]
    vendor: Mapped[str | None]
    vendor_transaction: Mapped[str | None]
    score: Mapped[int | None]
    digest: Mapped[str | None]
    attempt_key: Mapped[bytes | None]
    attempt_at: Mapped[int | None]
    created_at: Mapped[int] = mapped_column(index=True)
    expires_at: Mapped[int]
    agreed_at: Mapped[int | None]
    opened_at: Mapped[int | None]
    left_at: Mapped[int | None]
    fetch_at: Mapped[int | None]
    judged_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    taken_at: Mapped[int | None]
