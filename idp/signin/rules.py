"""What a session is worth: its strength, its methods' names, and whether it still lives.

Always true: the strength follows from the methods actually used in this session.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

ACTIVITY_GRAIN = 60
"""``last_seen_at`` is written at most once in so many seconds, oftener where sessions may idle for few minutes."""


class Method(StrEnum):
    """A way to authenticate, named as its ``amr`` value (RFC 8176)."""

    PASSWORD = "pwd"  # noqa: S105 - the registered name
    SMS = "sms"


class Factor(StrEnum):
    KNOWLEDGE = "knowledge"
    POSSESSION = "possession"


FACTOR = {Method.PASSWORD: Factor.KNOWLEDGE, Method.SMS: Factor.POSSESSION}


class SessionEnd(StrEnum):
    SIGNED_OUT = "signed-out"
    IDLE = "idle"
    ABSOLUTE = "absolute"
    BY_PERSON = "ended-by-person"
    PASSWORD_CHANGED = "password-changed"  # noqa: S105
    REPLACED = "replaced-by-sign-in"
    OPERATOR = "operator"
    ACCOUNT_CLOSED = "account-closed"


FORCED = frozenset(SessionEnd) - {SessionEnd.IDLE, SessionEnd.ABSOLUTE}
"""Ends that take ``offline_access`` grants along."""


class Session(NamedTuple):
    """A row of ``session``; times are Unix seconds."""

    id: str
    party_id: str
    created_at: int
    last_seen_at: int
    absolute_end: int
    auth_time: int
    proofs: int
    """How often the person has actively authenticated in it."""
    methods: str
    sid_salt: str
    agent: str
    ended_at: int | None
    acting: str | None = None
    """For whom the person acts (`idp.entities.rules.Acting`); None: for themselves."""

    @property
    def used(self) -> tuple[Method, ...]:
        return tuple(Method(name) for name in self.methods.split())

    @property
    def aal(self) -> int:
        return strength(self.used)

    @property
    def amr(self) -> list[str]:
        return amr(self.used)


def activity_grain(idle: int) -> int:
    """Seconds of activity that may go unwritten: a tenth of the idle limit at most, or it would end busy sessions."""
    return min(ACTIVITY_GRAIN, idle // 10)


def strength(methods: Iterable[Method]) -> int:
    """``aal``: 1 for one factor, 2 for two factors of different kinds."""
    return min(2, len({FACTOR[method] for method in methods}))


def amr(methods: Iterable[Method]) -> list[str]:
    """Authentication methods references (RFC 8176), with ``mfa`` for two kinds of factor."""
    used = list(dict.fromkeys(methods))
    return [*used, *(["mfa"] if strength(used) > 1 else [])]


def expiry(session: Session, *, idle: int, now: int) -> SessionEnd | None:
    """Why the session is over, or None while it lives."""
    if now >= session.absolute_end:
        return SessionEnd.ABSOLUTE
    if now - session.last_seen_at >= idle:
        return SessionEnd.IDLE
    return None
