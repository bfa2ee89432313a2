"""Tables of departments' own users, and of the files that named them.

Always true: whom a link is of, and the local id, stand sealed; either is found through its blind index.
"""

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class LinkImport(Base):
    """One file of a client's links, the ``seq``-th; ``digest``: keyed index of its SHA-256, in hex. A newer one
    counts for more.
    """

    __tablename__ = "link_import"
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str]
    begun_at: Mapped[int]
    ended_at: Mapped[int | None]


class AccountLink(Base):
    """``sealed``: JSON of local id, name, document, context ``account_link.sealed:<id>``; ``local``, ``blind``: their
    blind indexes. ``seq``, ``line``: the newest import that says so, and where.
    """

    __tablename__ = "account_link"
    __table_args__ = (
        UniqueConstraint("client_id", "local", "kind", "blind"),
        Index("ix_account_link_kind_blind", "kind", "blind"),
        ForeignKeyConstraint(["client_id", "seq"], ["link_import.client_id", "link_import.seq"]),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str]
    local: Mapped[bytes]
    kind: Mapped[str]
    blind: Mapped[bytes]
    sealed: Mapped[bytes]
    seq: Mapped[int]
    line: Mapped[int]
    created_at: Mapped[int]
