"""Tables of registered clients, their secrets and APIs, the capabilities granted to them and the use made of those.

Always true: a secret is stored as SHA-256 (it is 256-bit random, made here or at least 32 characters long).
"""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base

_STANDING = text("state IN ('applied', 'granted')")


class ClientRow(Base):
    """``declaration`` is the JSON `rules.parse` reads; ``state`` stands apart because it changes on its own."""

    __tablename__ = "client"
    client_id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    declaration: Mapped[str]
    origin: Mapped[str]
    """``file`` (applied at every start) or ``command``."""
    created_at: Mapped[int]
    updated_at: Mapped[int]


class ClientSecret(Base):
    __tablename__ = "client_secret"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    created_at: Mapped[int]
    expires_at: Mapped[int | None]


class ResourceServerRow(Base):
    """An API that tokens can be asked for (`idp.clients.resources`)."""

    __tablename__ = "resource_server"
    identifier: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    title: Mapped[str]
    aware_at: Mapped[int | None]
    aware_how: Mapped[str | None]
    created_at: Mapped[int]


class CapabilityPermit(Base):
    """``purpose``: JSON, texts by language; a client has one in force and one application of each capability."""

    __tablename__ = "capability_permit"
    __table_args__ = (
        Index(
            "ix_capability_permit_standing",
            "client_id",
            "capability",
            "state",
            unique=True,
            sqlite_where=_STANDING,
            postgresql_where=_STANDING,
        ),
    )
    id: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"))
    capability: Mapped[str]
    purpose: Mapped[str]
    law: Mapped[str]
    daily: Mapped[int]
    state: Mapped[str]
    applied_at: Mapped[int]
    decided_at: Mapped[int | None]


class CapabilityUse(Base):
    """How often ``result`` came of a capability on ``day`` (``YYYY-MM-DD``, in China); ``started`` is the quota's."""

    __tablename__ = "capability_use"
    client_id: Mapped[str] = mapped_column(ForeignKey("client.client_id"), primary_key=True)
    capability: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True, index=True)
    result: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]
