"""The table of disputes.

Always true: a dispute that was answered or withdrawn never waits again.
"""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class DisputeRow(Base):
    """``text`` and ``answer`` are sealed, contexts ``dispute.text:<id>`` and ``dispute.answer:<id>``.

    ``due_at`` is the last second of the day it is due; both texts go when the account is closed.
    """

    __tablename__ = "dispute"
    __table_args__ = (Index("ix_dispute_state_due_at", "state", "due_at"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    item: Mapped[str]
    text: Mapped[bytes | None]
    locale: Mapped[str]
    state: Mapped[str]
    filed_at: Mapped[int]
    due_at: Mapped[int]
    settled_at: Mapped[int | None]
    operator: Mapped[str | None]
    answer: Mapped[bytes | None]
