"""Tables of parties and what belongs to them, and of the accounts of older platforms that wait for their people.

Always true: what a person could be recognised by is sealed, and found through its blind index, or is an anchor.
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_SINGLE = text("kind IN ('mobile', 'user_name')")
_WAITING = text("delivered_at IS NULL")
_LEGIBLE = text("sealed IS NOT NULL")
_OLD_BLINDS = ("document_blind", "mobile_blind", "credit_code_blind", "representative_blind")


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


class LegacyBatch(Base):
    """A file of old accounts: ``digest``: keyed index of its SHA-256; ``position``, ``line``: up to where it is read.

    ``lines`` = ``accepted`` + ``duplicates`` + ``quarantined`` + ``flagged``; ``updated`` are among ``accepted``.
    """

    __tablename__ = "legacy_batch"
    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    format: Mapped[str]
    position: Mapped[int]
    line: Mapped[int]
    lines: Mapped[int]
    accepted: Mapped[int]
    updated: Mapped[int]
    duplicates: Mapped[int]
    quarantined: Mapped[int]
    flagged: Mapped[int]
    started_at: Mapped[int]
    finished_at: Mapped[int | None]


class LegacyAccount(Base):
    """An account of an older platform: what it was called there (``old_id``) and what was said of it (``sealed``, the
    JSON of `idp.accounts.old_accounts`), contexts ``legacy_account.old_id:<id>`` and ``legacy_account.sealed:<id>``.

    ``batch_id``: who brought it; ``line_batch_id``: as whose line it stands; ``digest``: keyed index of that JSON.
    Some time after the end ``sealed``, the digest and every index but that of ``old_id`` are gone.
    """

    __tablename__ = "legacy_account"
    __table_args__ = (
        UniqueConstraint("platform", "old_blind"),
        Index("ix_legacy_account_counts", "batch_id", "state", "flag"),
        Index("ix_legacy_account_state_at", "state_at", sqlite_where=_LEGIBLE, postgresql_where=_LEGIBLE),
        *(
            Index(
                f"ix_legacy_account_{name}",
                name,
                sqlite_where=text(f"{name} IS NOT NULL"),
                postgresql_where=text(f"{name} IS NOT NULL"),
            )
            for name in (*_OLD_BLINDS, "party_id")
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    batch_id: Mapped[str] = mapped_column(ForeignKey("legacy_batch.id"))
    line_batch_id: Mapped[str]
    platform: Mapped[str]
    old_id: Mapped[bytes]
    old_blind: Mapped[bytes]
    kind: Mapped[str]
    sealed: Mapped[bytes | None]
    digest: Mapped[bytes | None]
    document_blind: Mapped[bytes | None]
    mobile_blind: Mapped[bytes | None]
    credit_code_blind: Mapped[bytes | None]
    representative_blind: Mapped[bytes | None]
    region: Mapped[str | None]
    state: Mapped[str]
    flag: Mapped[str | None]
    party_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    merged_into: Mapped[str | None]
    imported_at: Mapped[int]
    updated_at: Mapped[int]
    state_at: Mapped[int]


class LegacyQuarantine(Base):
    """A line that was not taken, and why; nothing of what stood in it."""

    __tablename__ = "legacy_quarantine"
    batch_id: Mapped[str] = mapped_column(ForeignKey("legacy_batch.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str]
