"""Tables of the state store's SQL form, and the versions of what processes keep in memory.

Always true: a row of ``state_entry`` or ``state_window`` may be deleted at any moment and nothing is opened by it.
"""

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class StateEntry(Base):
    """A value until ``expires`` (Unix milliseconds by the database's clock)."""

    __tablename__ = "state_entry"
    __table_args__ = (Index(None, "expires"),)
    ns: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    value: Mapped[bytes]
    expires: Mapped[int]


class StateWindow(Base):
    """A count until ``expires`` (Unix milliseconds by the database's clock)."""

    __tablename__ = "state_window"
    __table_args__ = (Index(None, "expires"),)
    ns: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[bytes] = mapped_column(primary_key=True)
    count: Mapped[int]
    expires: Mapped[int]


class RegistryVersion(Base):
    """How often a registry (signing keys, clients) was changed; bumped in the transaction of the change."""

    __tablename__ = "registry_version"
    name: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int]
