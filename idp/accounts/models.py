"""Tables of parties, identifiers, profiles, pairwise subjects and accepted agreements.

Always true: what a person could be recognised by is sealed; it is found through its blind index only.
"""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class Party(Base):
    """The one thing that sessions, grants, consents and audit refer to; its row is never deleted."""

    __tablename__ = "party"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    created_at: Mapped[int]
    closed_at: Mapped[int | None]


class PartyIdentifier(Base):
    """A phone number or user name: ``sealed`` under the context ``party_identifier.sealed:<id>``."""

    __tablename__ = "party_identifier"
    __table_args__ = (UniqueConstraint("kind", "blind"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    kind: Mapped[str]
    sealed: Mapped[bytes]
    blind: Mapped[bytes]
    verified_at: Mapped[int | None]
    created_at: Mapped[int]


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
