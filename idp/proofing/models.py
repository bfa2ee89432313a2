"""The table of evidence.

Always true: evidence is added and ended, never edited.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class EvidenceRow(Base):
    """What proved a person's identity: ``kind`` (e.g. ``counter``), the level it carries, by whom, until when."""

    __tablename__ = "evidence"
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    level: Mapped[int]
    source: Mapped[str]
    proved_at: Mapped[int]
    expires_at: Mapped[int | None]
    ended_at: Mapped[int | None]
