"""Tables of administered issuers: their certificates, where their revocation lists are found, and what was found.

Always true: all of it is public; of one scope of one issuer there is one list, the newest that was ever taken.
"""

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class CertificateIssuer(Base):
    """``usage``: people, entities or both; ``grace``: seconds beyond the end of a list; ``state``: active or off."""

    __tablename__ = "certificate_issuer"
    id: Mapped[str] = mapped_column(primary_key=True)
    title_zh: Mapped[str]
    title_en: Mapped[str]
    profile: Mapped[str]
    usage: Mapped[str]
    ocsp_url: Mapped[str | None]
    grace: Mapped[int]
    state: Mapped[str]
    created_at: Mapped[int]
    updated_at: Mapped[int]


class IssuerCertificate(Base):
    """``kind``: anchor or intermediate; ``fingerprint``: SHA-256 of ``der``, hexadecimal."""

    __tablename__ = "issuer_certificate"
    issuer_id: Mapped[str] = mapped_column(ForeignKey("certificate_issuer.id"), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    der: Mapped[bytes]
    added_at: Mapped[int]


class RevocationList(Base):
    """``scope``: what the list speaks for (`rules.RevocationFacts`); ``number``: 40 hexadecimal digits, or empty.

    ``fingerprint``: SHA-256 of ``der``, hexadecimal; ``entries``: how many serial numbers stand in it.
    """

    __tablename__ = "revocation_list"
    __table_args__ = (UniqueConstraint("issuer_id", "scope"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    issuer_id: Mapped[str] = mapped_column(ForeignKey("certificate_issuer.id"))
    scope: Mapped[str]
    number: Mapped[str]
    this_update: Mapped[int]
    next_update: Mapped[int]
    entries: Mapped[int]
    fingerprint: Mapped[str]
    der: Mapped[bytes]
    taken_at: Mapped[int]


class RevocationSource(Base):
    """An address that lists are fetched from. ``list_id``: the list it gave last, with ``etag``.

    ``fault``: why the last attempt brought none, ``failures``: how many did not in a row.
    """

    __tablename__ = "revocation_source"
    __table_args__ = (UniqueConstraint("issuer_id", "url"),)
    id: Mapped[str] = mapped_column(primary_key=True)
    issuer_id: Mapped[str] = mapped_column(ForeignKey("certificate_issuer.id"))
    url: Mapped[str]
    list_id: Mapped[str | None] = mapped_column(ForeignKey("revocation_list.id"))
    etag: Mapped[str | None]
    fault: Mapped[str | None]
    failures: Mapped[int]
    checked_at: Mapped[int | None]
    fetched_at: Mapped[int | None]
    due_at: Mapped[int] = mapped_column(index=True)
    claimed_until: Mapped[int]
