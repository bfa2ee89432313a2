"""The table of scans.

Always true: neither code, device code nor browser can be read from a row: there are digests, and of the short code a
keyed index.
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class ScanRow(Base):
    """``holder``: SHA-256 of what the waiting screen proves itself by, a device code or its browser's name.

    ``sealed``: what it was made for in JSON, context ``scan.sealed:<id>``; ``polled_at``, ``pace``: RFC 8628 3.5.
    """

    __tablename__ = "scan"
    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    state: Mapped[str]
    client_id: Mapped[str | None] = mapped_column(ForeignKey("client.client_id"))
    code_blind: Mapped[bytes] = mapped_column(unique=True)
    holder: Mapped[bytes] = mapped_column(index=True)
    number: Mapped[str]
    numbers: Mapped[str]
    party_id: Mapped[str | None] = mapped_column(ForeignKey("party.id"))
    session_id: Mapped[str | None]
    sealed: Mapped[bytes]
    pace: Mapped[int]
    polled_at: Mapped[int | None]
    created_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)
