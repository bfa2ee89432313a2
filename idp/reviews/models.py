"""The tables of reviews and of their photos.

Always true: a review that is not filed any more has neither a sealed claim nor a photo.
"""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_FILED = text("state = 'filed'")


class ReviewRow(Base):
    """``sealed``: JSON of name and document, context ``review.sealed:<id>``; ``digest``: of the photos, in hex."""

    __tablename__ = "review"
    __table_args__ = (
        Index("ix_review_state_due_at", "state", "due_at"),
        Index("ix_review_one_open", "party_id", unique=True, sqlite_where=_FILED, postgresql_where=_FILED),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    sealed: Mapped[bytes | None]
    locale: Mapped[str]
    state: Mapped[str]
    filed_at: Mapped[int]
    due_at: Mapped[int]
    lapses_at: Mapped[int]
    journey: Mapped[str] = mapped_column(unique=True)
    digest: Mapped[str]
    decided_at: Mapped[int | None]
    cause: Mapped[str | None]
    proposer: Mapped[str | None]
    decider: Mapped[str | None]


class PhotoRow(Base):
    """A photo of a journey, named ``<journey>.<side>``: ``sealed`` JPEG, context ``photo.sealed:<id>``.

    ``digest``: SHA-256 of the JPEG, in hex. From ``purge_at`` on it is not there, whether it has been deleted or not.
    """

    __tablename__ = "photo"
    id: Mapped[str] = mapped_column(primary_key=True)
    journey: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    side: Mapped[str]
    sealed: Mapped[bytes]
    digest: Mapped[str]
    created_at: Mapped[int]
    purge_at: Mapped[int] = mapped_column(index=True)


class PhotoViewRow(Base):
    """That an operator was shown a photo; it goes with its photo."""

    __tablename__ = "photo_view"
    photo_id: Mapped[str] = mapped_column(primary_key=True)
    operator: Mapped[str] = mapped_column(primary_key=True)
    seen_at: Mapped[int]
