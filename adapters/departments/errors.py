"""Owns the kit's exception tree; every failure the kit reports is a `DepartmentError`, nothing else leaks out.

Texts are English ASCII for logs. What a person reads is chosen by the web integration from the type and `reason`.
"""

from __future__ import annotations

from enum import StrEnum


class DepartmentError(Exception):
    """Root of everything this kit raises."""


class ConfigurationError(DepartmentError):
    """The app was set up in a way that can never work; raised at start or by the first discovery."""


class ProviderUnavailable(DepartmentError):
    """The provider did not answer in time, or not in a form that can be read. Trying again later may work."""


class ProviderRefused(DepartmentError):
    """The provider answered with an OAuth error (RFC 6749 4.1.2.1 and 5.2, OIDC Core 3.1.2.6)."""

    def __init__(self, error: str, description: str = "", *, status: int = 400) -> None:
        super().__init__(f"{error}: {description}" if description else error)
        self.error = error
        self.description = description
        self.status = status


class SessionEnded(DepartmentError):
    """The app's session is over: refused refresh, back-channel logout, idle or absolute end."""


class CallbackFault(StrEnum):
    """Why an authorization response was not accepted."""

    REPEATED_PARAMETER = "repeated_parameter"
    STATE_MISMATCH = "state_mismatch"
    ISSUER_MISSING = "issuer_missing"
    ISSUER_MISMATCH = "issuer_mismatch"
    CODE_MISSING = "code_missing"


class InvalidCallback(DepartmentError):
    """The authorization response does not answer the request that this app sent (RFC 9700 4.4, RFC 9207 2.4)."""

    def __init__(self, reason: CallbackFault) -> None:
        super().__init__(str(reason))
        self.reason = reason


class TokenFault(StrEnum):
    """Why a token or a userinfo answer was not accepted."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    UNKNOWN_KEY = "unknown_key"
    SIGNATURE = "signature"
    TYPE = "type"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    AUTHORIZED_PARTY = "authorized_party"
    SUBJECT = "subject"
    EXPIRED = "expired"
    ISSUED_AT = "issued_at"
    NOT_YET_VALID = "not_yet_valid"
    NONCE = "nonce"
    ACCESS_TOKEN_HASH = "access_token_hash"  # noqa: S105 - the name of a check
    AUTH_TIME = "auth_time"
    LEVEL = "level"
    EVENTS = "events"
    SESSION = "session"
    TOKEN_ID = "token_id"  # noqa: S105 - the name of a check
    REPLAYED = "replayed"
    MATTER = "matter"
    PURPOSE = "purpose"
    CONFIRMATION = "confirmation"
    ACTOR = "actor"
    POWERS = "powers"


class InvalidToken(DepartmentError):
    """A token failed verification; `reason` names the check, the token itself never stands in the text."""

    def __init__(self, reason: TokenFault) -> None:
        super().__init__(str(reason))
        self.reason = reason
