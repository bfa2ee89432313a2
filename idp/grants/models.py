"""Tables of grants, opaque access tokens, revoked token ids and consents.

Always true: codes and tokens are stored as SHA-256 only (they are 256-bit random values).
"""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from idp.db import Base


class AuthorizationGrant(Base):
    """One passage through /authorize. JSON columns hold text; ``acting`` to ``resource`` wait for mandates.

    ``code_*`` is what the authorization code is bound to (RFC 6749 4.1.3, RFC 7636 4.6); ``refresh_handle`` names
    the token family, ``refresh_secret`` its one valid member (RFC 9700 4.14.2).
    """

    __tablename__ = "authorization_grant"
    gid: Mapped[str] = mapped_column(primary_key=True)
    client_id: Mapped[str] = mapped_column(index=True)
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), index=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("session.id"), index=True)
    sub: Mapped[str]
    sid: Mapped[str]
    scope: Mapped[str]
    claims: Mapped[str | None]
    acr: Mapped[str]
    amr: Mapped[str]
    ial: Mapped[int]
    aal: Mapped[int]
    auth_time: Mapped[int]
    offline: Mapped[bool]
    code_hash: Mapped[bytes | None] = mapped_column(unique=True)
    code_redirect_uri: Mapped[str | None]
    code_challenge: Mapped[str | None]
    code_nonce: Mapped[str | None]
    code_expires_at: Mapped[int | None]
    code_redeemed_at: Mapped[int | None]
    refresh_handle: Mapped[bytes | None] = mapped_column(unique=True)
    refresh_secret: Mapped[bytes | None]
    refresh_used_at: Mapped[int | None]
    created_at: Mapped[int]
    revoked_at: Mapped[int | None]
    revoke_reason: Mapped[str | None]
    acting: Mapped[str | None]
    authorization_details: Mapped[str | None]
    cnf: Mapped[str | None]
    resource: Mapped[str | None]


class OpaqueToken(Base):
    """Access tokens of clients that asked for opaque ones; client_credentials tokens have no grant."""

    __tablename__ = "opaque_token"
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    gid: Mapped[str | None] = mapped_column(ForeignKey("authorization_grant.gid"), index=True)
    client_id: Mapped[str]
    scope: Mapped[str]
    audience: Mapped[str]
    cnf: Mapped[str | None]
    """What it is bound to (RFC 8705 3.2), JSON."""
    issued_at: Mapped[int]
    expires_at: Mapped[int] = mapped_column(index=True)


class SpentToken(Base):
    """The ``jti`` of a JWT revoked before its end, or of a used client assertion; kept until ``expires_at``."""

    __tablename__ = "spent_token"
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[int] = mapped_column(index=True)


class Consent(Base):
    """What a person agreed to (``basis`` consent) or was told of (``basis`` statutory), per client."""

    __tablename__ = "consent"
    party_id: Mapped[str] = mapped_column(ForeignKey("party.id"), primary_key=True)
    client_id: Mapped[str] = mapped_column(primary_key=True)
    scope: Mapped[str]
    given_at: Mapped[int]
