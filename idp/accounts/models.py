"""Tables of parties and what belongs to them: identifiers, documents, anchors, profiles, subjects, holds, events.

Always true: what a person could be recognised by is sealed, and found through its blind index, or is an anchor.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_SINGLE = text("kind IN ('mobile', 'user_name')")
_WAITING = text("delivered_at IS NULL")


class Party(Base):
    """The one thing that sessions, grants, consents and audit refer to; its row is never deleted."""

    __tablename__ = "party"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[int]
    closed_at: Mapped[int | None]


class PartyIdentifier(Base):
    """What finds a party; a phone and a user name at most: ``sealed``, context ``party_identifier.sealed:<id>``."""

    __tablename__ = "party_identifier"
    __table_args__ = (
        UniqueConstraint("kind", "blind"),
        Index(
            "ix_party_identifier_single",
            "party_id",
            "kind",
            unique=True,
            sqlite_where=_SINGLE,
            postgresql_where=_SINGLE,
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    sealed: Mapped[bytes]
    blind: Mapped[bytes]
    verified_at: Mapped[int | None]
    created_at: Mapped[int]


class IdentityDocument(Base):
    """A document that showed who somebody is: number and name in JSON, context ``identity_document.sealed:<id>``.

    Its number is a `PartyIdentifier`, too, of the same ``kind``: that finds its holder, and no second party has it.
    ``ended_at``: when another document of that kind took its place.
    """

    __tablename__ = "identity_document"
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    type: Mapped[str]
    sealed: Mapped[bytes]
    valid_from: Mapped[int | None]
    valid_to: Mapped[int | None]
    verified_at: Mapped[int]
    source: Mapped[str]
    created_at: Mapped[int]
    ended_at: Mapped[int | None]


class PersonAnchor(Base):
    """Whose document number made ``anchor``: the newest account of that person, and it stays when that is closed."""

    __tablename__ = "person_anchor"
    anchor: Mapped[bytes] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)


class Profile(Base):
    """OpenID standard claims of a person as sealed JSON, context ``profile.sealed:<party>``."""

    __tablename__ = "profile"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    sealed: Mapped[bytes]
    updated_at: Mapped[int]


class PairwiseSubject(Base):
    """The ``sub`` one sector knows a party by (OpenID Connect Core 8.1); random, never reused, never changed."""

    __tablename__ = "pairwise_subject"
    sector: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    sub: Mapped[str] = mapped_column(unique=True)


class AccountClosing(Base):
    """An account whose person has asked to close it; the row goes when they keep it, or when it is closed."""

    __tablename__ = "account_closing"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    asked_at: Mapped[int]
    closes_at: Mapped[int] = mapped_column(index=True)
    locale: Mapped[str]


class AgreementAcceptance(Base):
    __tablename__ = "agreement_acceptance"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    document: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    accepted_at: Mapped[int]


class PartyHold(Base):
    """An act that waits: what a person may not do before ``held_until``."""

    __tablename__ = "party_hold"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    act: Mapped[str] = mapped_column(primary_key=True)
    held_until: Mapped[int] = mapped_column(index=True)
    created_at: Mapped[int]


class PartyEvent(Base):
    """Something departments that know the party are to be told; ``detail`` is JSON without personal data."""

    __tablename__ = "party_event"
    __table_args__ = (
        Index("ix_party_event_waiting", "created_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    detail: Mapped[str | None]
    created_at: Mapped[int]
    delivered_at: Mapped[int | None]
