"""Tables of audit records, checkpoints and counts.

Always true: rows of ``audit_event`` and ``audit_checkpoint`` are only ever inserted, or purged by whole chains.
"""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class AuditEvent(Base):
    """One record. (chain, seq) is the place that one writer alone can fill; ids only, nothing personal."""

    __tablename__ = "audit_event"
    __table_args__ = (
        Index("ix_audit_event_actor_at", "actor", "at"),
        Index("ix_audit_event_subject_at", "subject", "at"),
    )
    chain: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int]
    event: Mapped[str]
    actor: Mapped[str | None]
    subject: Mapped[str | None]
    client: Mapped[str | None]
    session: Mapped[str | None]
    mandate: Mapped[str | None]
    result: Mapped[str]
    reason: Mapped[str | None]
    request_id: Mapped[str]
    detail: Mapped[str | None]
    prev: Mapped[bytes]
    mac: Mapped[bytes]


class AuditCheckpoint(Base):
    """A signed statement over the heads of all chains, or over the chains a purge removed."""

    __tablename__ = "audit_checkpoint"
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[int]
    kind: Mapped[str]
    body: Mapped[str]
    prev: Mapped[bytes]
    mac: Mapped[bytes]


class AuditCount(Base):
    """Machine events that are counted, not told one by one. ``minute``: Unix seconds / 60; no client is ``""``."""

    __tablename__ = "audit_count"
    minute: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    node: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    client: Mapped[str] = mapped_column(primary_key=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
