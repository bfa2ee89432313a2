"""The table of sessions.

Always true: an ended row stays ended; it is kept until the audit retention lets it go.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class SessionRow(Base):
    """``methods`` are amr names in the order used; ``sid_salt`` makes each client's ``sid``.

    ``idle``: seconds it may idle where those are fewer than everybody's.
    """

    __tablename__ = "session"
    id: Mapped[str] = mapped_column(primary_key=True)
    secret_hash: Mapped[bytes] = mapped_column(unique=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    created_at: Mapped[int]
    last_seen_at: Mapped[int] = mapped_column(index=True)
    absolute_end: Mapped[int]
    auth_time: Mapped[int]
    proofs: Mapped[int]
    methods: Mapped[str]
    sid_salt: Mapped[str]
    agent: Mapped[str]
    acting: Mapped[str | None]
    idle: Mapped[int | None]
    ended_at: Mapped[int | None]
    end_reason: Mapped[str | None]
