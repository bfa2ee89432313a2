"""Owns what the app remembers on its own side; the browser holds a random id, the stores only that id's SHA-256.

`Store` is the door for other storage (a department's own database); `MemoryStore` and `SqliteStore` are the two here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from adapters.departments.authorization import PendingSignIn
from adapters.departments.logout import LogoutNotice
from adapters.departments.representing import Acting, acting_of, as_human


@dataclass(frozen=True, slots=True, kw_only=True)
class AppSession:
    """One person signed in to this app. Times in Unix seconds by our clock, but for those inside `claims`.

    key: SHA-256 of the cookie's value.
    claims: of the newest ID token; `profile`: of userinfo at sign-in.
    generation: counts refresh attempts that came to an end, so that those who waited see that theirs is done.
    refresh_failed: the last attempt found no provider; `refresh_not_before` is when the next one may be made.
    represent: what the sign-in asked about for whom the person acts; `details`: the powers its token answer named.
    """

    key: str
    issuer: str
    sub: str
    sid: str | None
    claims: Mapping[str, Any] = field(repr=False)
    profile: Mapping[str, Any] = field(repr=False)
    id_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    access_expires_at: int | None
    created_at: int
    seen_at: int
    generation: int = 0
    refreshed_at: int = 0
    refresh_failed: bool = False
    refresh_not_before: int = 0
    represent: str | None = None
    details: Sequence[Mapping[str, Any]] = field(default_factory=list, repr=False)

    @property
    def acting(self) -> Acting:
        """For whom the person acts here."""
        return acting_of(self.claims, asked=self.represent, held=self.details)

    @property
    def id_token_issued_at(self) -> int:
        """`iat` of the newest ID token, by the provider's clock."""
        return int(self.claims["iat"])


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """A sign-in on its way: the request, the browser it belongs to (digest), and where the person wanted to go."""

    request: PendingSignIn
    browser: str
    target: str


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long an app session lasts, in seconds: without being used, and at all."""

    idle: int = 30 * 60
    absolute: int = 12 * 3600

    def over(self, session: AppSession, now: int) -> bool:
        """True once the session may not be used any more."""
        return now - session.seen_at >= self.idle or now - session.created_at >= self.absolute


class Store(Protocol):
    """Storage shared by all threads, and if it can, all processes of one app. Every method is atomic."""

    def add_pending(self, login: PendingLogin, *, expires_at: int) -> None:
        """Remember a sign-in under its `state`."""

    def take_pending(self, state: str, *, now: int) -> tuple[PendingLogin, bool] | None:
        """The sign-in with this state, and whether this is its first use; None if unknown or expired."""

    def create(self, session: AppSession, *, now: int) -> bool:
        """Add a session; False if a logout notice has already ended the sign-in it comes from."""

    def get(self, key: str) -> AppSession | None:
        """The session with this key."""

    def touch(self, key: str, *, now: int) -> None:
        """Note that the session was used."""

    def delete(self, key: str) -> None:
        """Forget the session; nothing happens if it is gone."""

    def end(self, notice: LogoutNotice, *, now: int) -> int | None:
        """End the sessions a logout notice names, once, and say how many.

        Of one that names a handle, the sessions acting by it become what `without_acting` says. 0 for a notice
        delivered again, None for a replay: the very same token was received before.
        """

    def claim_refresh(self, key: str, *, generation: int, now: int, until: int) -> bool:
        """True for the one caller who may refresh this generation; the claim lapses at `until`."""

    def finish_refresh(self, session: AppSession) -> bool:
        """Write the outcome of a claimed refresh; False if the session ended or another outcome came first."""

    def purge(self, lifetime: Lifetime, *, now: int) -> None:
        """Drop what can no longer be used."""


def digest(secret: str) -> str:
    """SHA-256 in hex: what is stored in place of a cookie's value."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def named_by(notice: LogoutNotice, *, sub: str, sid: str | None) -> bool:
    """True if the notice ends a session of this subject and session id (Back-Channel Logout 1.0 section 2.7).

    A notice for one session also ends the person's sessions whose `sid` this app was never told.
    """
    if notice.sid is not None and sid is not None:
        return notice.sid == sid
    return notice.sub is not None and notice.sub == sub


def ended_before(notice: LogoutNotice, session: AppSession) -> bool:
    """True if a notice that came before the session was made ends it all the same.

    The notice can overtake the callback of the very sign-in it ends. Without a `sid` only older ID tokens count,
    or the person could not sign in again.
    """
    if notice.issuer != session.issuer or not named_by(notice, sub=session.sub, sid=session.sid):
        return False
    older = session.id_token_issued_at <= notice.issued_at
    if notice.handle is not None:  # may be chosen again in the same session
        return older and session.acting.handle == notice.handle
    return older or (notice.sid is not None and notice.sid == session.sid)


def without_acting(session: AppSession) -> AppSession:
    """The session once the acting in it has ended: the same human, with tokens that nobody can use any more.

    The generation counts up, so that a refresh that is on its way cannot bring the acting back.
    """
    return replace(
        session,
        claims=as_human(session.claims, status="expired_in_session"),
        profile=as_human(session.profile, status="expired_in_session"),
        refresh_token=None,
        access_expires_at=None,
        generation=session.generation + 1,
        details=[],
    )
