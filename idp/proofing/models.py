"""The table of evidence.

Always true: evidence is added and ended, what it says is never edited; ``notice_at`` alone moves on.
"""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_OPEN = text("notice_at IS NOT NULL AND ended_at IS NULL")


class EvidenceRow(Base):
    """What proved a person's identity: ``kind`` (e.g. ``counter``), the level it carries, by whom, until when.

    ``check_id``: the check made elsewhere it rests on, where vendor, transaction, score, digest and time are kept; of
    a certificate, its binding.
    ``notice_at``: when its person is next to be told that it ends; None when there is nothing more to tell.
    """

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_notice_at", "notice_at", sqlite_where=_OPEN, postgresql_where=_OPEN),)
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    level: Mapped[int]
    source: Mapped[str]
    proved_at: Mapped[int]
    expires_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    notice_at: Mapped[int | None]
    check_id: Mapped[str | None] = mapped_column(index=True)
