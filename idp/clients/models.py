"""Tables of registered clients and their secrets.

Always true: a secret is stored as SHA-256 (it is 256-bit random, made here or at least 32 characters long).
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


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
