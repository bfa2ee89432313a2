"""The table of the keys that sign tokens.

Always true: of each algorithm at most one key is ``next`` and at most one ``active``; a private key is stored sealed.
"""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class SigningKey(Base):
    """One key pair: ``next`` (published ahead of use), ``active`` (signs) or ``retired`` (only verifies).

    ``private_key`` is PKCS #8 PEM sealed under the context ``signing_key.private_key:<kid>``; ``public_jwk`` is JSON.
    """

    __tablename__ = "signing_key"
    __table_args__ = (
        Index(
            "uq_signing_key_alg_state",
            "alg",
            "state",
            unique=True,
            sqlite_where=text("state <> 'retired'"),
            postgresql_where=text("state <> 'retired'"),
        ),
    )
    kid: Mapped[str] = mapped_column(primary_key=True)
    alg: Mapped[str]
    state: Mapped[str]
    private_key: Mapped[bytes]
    public_jwk: Mapped[str]
    created_at: Mapped[int]
    activated_at: Mapped[int | None]
    retired_at: Mapped[int | None]
