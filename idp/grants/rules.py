"""What a grant is and how a refresh token is written.

Always true: a refresh token has one exact form; anything else is not looked up at all.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

_REFRESH = re.compile(r"[A-Za-z0-9_-]{43}\.[A-Za-z0-9_-]{43}")


class EndReason(StrEnum):
    """Why a grant ended; kept on the row and in the audit record."""

    CODE_REPLAYED = "code-replayed"
    REFRESH_REPLAYED = "refresh-replayed"
    REVOKED_BY_CLIENT = "revoked-by-client"
    WITHDRAWN = "consent-withdrawn"
    SESSION_ENDED = "session-ended"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    PASSWORD_RESET = "password-reset"  # noqa: S105
    CLIENT_SUSPENDED = "client-suspended"
    ACCOUNT_SUSPENDED = "account-suspended"
    OPERATOR = "operator"
    ACCOUNT_CLOSED = "account-closed"
    ACCOUNT_CLOSING = "account-closing"
    DISOWNED = "disowned-by-person"
    ROLE_ENDED = "role-ended"
    MANDATE_ENDED = "mandate-ended"


class Grant(NamedTuple):
    """A row of ``authorization_grant`` as the protocol reads it; times are Unix seconds."""

    gid: str
    client_id: str
    party_id: str
    session_id: str
    sub: str
    sid: str
    scope: str
    claims: str | None
    acr: str
    amr: str
    ial: int
    aal: int
    auth_time: int
    offline: bool
    refresh_secret: bytes | None
    refresh_used_at: int | None
    created_at: int
    revoked_at: int | None
    acting: str | None = None
    """For whom the person acted (`idp.entities.rules.Acting`), told to clients of a scope that is about it."""
    authorization_details: str | None = None
    """What the client asked for (`idp.mandates.details`, RFC 9396); what it is granted is judged at each use."""
    resource: str | None = None
    """The API that its access tokens are for, where the client named one (RFC 8707)."""
    cnf: str | None = None
    """What the refresh tokens of a public client are bound to (RFC 8705 4), as `idp.oidc.bound` writes it."""

    @property
    def live(self) -> bool:
        return self.revoked_at is None

    def has_scope(self, scope: str) -> bool:
        return scope in self.scope.split()


class Code(NamedTuple):
    """An authorization code on its way out, and what it is bound to. ``expires_at``: Unix seconds."""

    text: str
    redirect_uri: str
    challenge: str | None
    nonce: str | None
    expires_at: int

    def __repr__(self) -> str:
        return "Code(***)"


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """``handle.secret``: the handle names the family for its whole life, the secret is this token alone.

    Who presents a known handle with another secret held an earlier token of the family: that is reuse.
    """

    handle: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "RefreshToken | None":
        return cls(*text.split(".")) if _REFRESH.fullmatch(text) else None

    def __str__(self) -> str:
        return f"{self.handle}.{self.secret}"

    def __repr__(self) -> str:
        return "RefreshToken(***)"
