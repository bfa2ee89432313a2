"""Tables of assisted handling: cases with their history, papers, signed scans and codes.

Always true: a case is never deleted; what its papers say is sealed, and goes with the years.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class AssistedCase(Base):
    """``matters``: JSON, as `idp.assisted.matters.written`. ``clerk_mandate_id``: by which the clerk is one.

    ``evidence``: by what the citizen agreed, None before; ``evidence_id``: the check or identity code it rests on.
    ``version``: counts the changes, so that of two at once one wins. ``sealed``: the citizen's name, masked document
    and phone as JSON, context ``assisted_case.sealed:<id>``; None once it is kept no longer.
    """

    __tablename__ = "assisted_case"
    id: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(unique=True)
    citizen_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    organ_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    unit: Mapped[str]
    matters: Mapped[str]
    identified: Mapped[str]
    seen: Mapped[str | None]
    state: Mapped[str]
    clerk_id: Mapped[str] = mapped_column(ForeignKey("party.id"))
    clerk_mandate_id: Mapped[str] = mapped_column(ForeignKey("mandate.id"), index=True)
    opened_by: Mapped[str] = mapped_column(ForeignKey("party.id"))
    opened_at: Mapped[int]
    until: Mapped[int]
    changed_at: Mapped[int]
    evidence: Mapped[str | None]
    evidence_id: Mapped[str | None]
    version: Mapped[int]
    sealed: Mapped[bytes | None]

    __table_args__ = (
        Index("ix_assisted_case_organ_id", "organ_id", "unit", "changed_at"),
        Index("ix_assisted_case_state", "state", "until"),
        Index("ix_assisted_case_changed_at", "changed_at"),
    )


class AssistedEvent(Base):
    """The history of one case: `idp.mandates.history.Chain`. ``reason``: evidence or cause, a blank, a hash."""

    __tablename__ = "assisted_event"
    case_id: Mapped[str] = mapped_column(ForeignKey("assisted_case.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[int]
    actor_id: Mapped[str | None]
    step: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str | None]
    hash: Mapped[str]


class AssistedMandate(Base):
    """A mandate that a case has given its clerk."""

    __tablename__ = "assisted_mandate"
    mandate_id: Mapped[str] = mapped_column(ForeignKey("mandate.id"), primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("assisted_case.id"), index=True)


class AssistedPaper(Base):
    """``hash``: SHA-256 of the text; ``sealed``: the text, context ``assisted_paper.sealed:<id>``."""

    __tablename__ = "assisted_paper"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("assisted_case.id"), index=True)
    kind: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str]
    sealed: Mapped[bytes | None]
    made_at: Mapped[int]


class AssistedScan(Base):
    """The paper a citizen has signed. ``hash``: SHA-256 of the picture; ``text_hash``: of the text on it."""

    __tablename__ = "assisted_scan"
    id: Mapped[str] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("assisted_case.id"))
    hash: Mapped[str]
    text_hash: Mapped[str]
    sealed: Mapped[bytes | None]
    brought_by: Mapped[str] = mapped_column(ForeignKey("party.id"))
    brought_at: Mapped[int]

    __table_args__ = (UniqueConstraint("case_id"),)


class AssistedCode(Base):
    """The code a citizen was sent to agree with: one in a case. ``sent``: how many there were.

    ``tries``: at this one; ``phone``: masked, for the clerk; ``blind``: keyed hash of case and code.
    """

    __tablename__ = "assisted_code"
    case_id: Mapped[str] = mapped_column(ForeignKey("assisted_case.id"), primary_key=True)
    blind: Mapped[bytes]
    phone: Mapped[str]
    text_hash: Mapped[str]
    tries: Mapped[int]
    sent: Mapped[int]
    expires_at: Mapped[int]


class AssistedObjection(Base):
    """By what a citizen objects without signing in: ``reference`` and ``code`` are keyed hashes of what was sent."""

    __tablename__ = "assisted_objection"
    reference: Mapped[bytes] = mapped_column(primary_key=True)
    case_id: Mapped[str] = mapped_column(ForeignKey("assisted_case.id"), index=True)
    code: Mapped[bytes]
    tries: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
