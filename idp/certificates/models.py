"""The table of certificates bound to accounts.

Always true: of one certificate at most one row has not ended, so that it has one owner, however many ask at once.
"""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_LIVE = text("ended_at IS NULL")
_DUE = text("notice_at IS NOT NULL AND ended_at IS NULL")


class CertificateBinding(Base):
    """``party_id``: a person or an entity, whose human ``holder_id`` is; ``issuer_id``: the administered issuer.

    ``sealed``: the name in it, None once its account is closed; ``certificate``: DER, None once it ended. Both are
    sealed under ``certificate_binding.<column>:<id>``.
    ``not_after``: the last second it is valid. ``notice_at``: when its owner is next to be told that it ends.
    """

    __tablename__ = "certificate_binding"
    __table_args__ = (
        Index(
            "uq_certificate_binding_live", "issuer_name", "serial", "key_hash", unique=True,
            sqlite_where=_LIVE, postgresql_where=_LIVE,
        ),
        Index("ix_certificate_binding_notice_at", "notice_at", sqlite_where=_DUE, postgresql_where=_DUE),
    )  # fmt: skip
    id: Mapped[str] = mapped_column(primary_key=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    issuer_id: Mapped[str] = mapped_column(index=True)
    issuer_name: Mapped[str]
    serial: Mapped[str]
    key_hash: Mapped[str]
    fingerprint: Mapped[str]
    algorithm: Mapped[str]
    sealed: Mapped[bytes | None]
    certificate: Mapped[bytes | None]
    not_before: Mapped[int]
    not_after: Mapped[int]
    holder_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"), index=True)
    bound_by: Mapped[str] = mapped_column(ForeignKey("party.id"))
    bound_at: Mapped[int]
    last_used_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    end_reason: Mapped[str | None]
    notice_at: Mapped[int | None]
