"""Owns refreshing; at most one refresh of a session is in flight over all threads and processes of its store.

The provider rotates refresh tokens without a grace window: a token sent twice ends the grant. So one caller claims
the refresh, everybody else waits for its outcome and uses it, a failed one included.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import replace

from adapters.departments.errors import (
    DepartmentError,
    InvalidToken,
    ProviderRefused,
    ProviderUnavailable,
    SessionEnded,
)
from adapters.departments.relying_party import Refreshed, RelyingParty
from adapters.departments.sessions import AppSession, Store

_log = logging.getLogger(__name__)

EARLY = 30  # seconds before the access token expires, so that it is still good where it is sent
PAUSE = 10  # seconds between two attempts when the provider is away
_POLL = 0.02  # seconds


class Refresher:
    """Keeps a session's access token usable.

    clock: Unix seconds; read again after waiting, because waiting takes time.
    """

    def __init__(
        self, party: RelyingParty, store: Store, clock: Callable[[], int] = lambda: int(time.time())
    ) -> None:
        self._party = party
        self._store = store
        self._clock = clock
        # Longer than discovery, keys and token request can take together: a claim lapses only when its owner died.
        self._lease = int(8 * party.settings.timeout) + 5
        self._patience = 3 * party.settings.timeout

    def usable(self, session: AppSession) -> AppSession:
        """The session itself while its access token is good, else the refreshed one.

        Raises `SessionEnded` if the provider refused with invalid_grant (the session is then gone), and
        `ProviderUnavailable` or `ProviderRefused` if there was no new token but the session goes on.
        """
        now = self._clock()
        if session.access_expires_at is None or now < session.access_expires_at - EARLY:
            return session
        if session.refresh_token is None or now < session.refresh_not_before:
            return session
        return self.refreshed(session)

    def refreshed(self, session: AppSession) -> AppSession:
        """The session after a refresh, made now or by whoever is making one at this moment; raises as `usable`."""
        if session.refresh_token is None:
            raise ProviderRefused("invalid_request", "this session has no refresh token")
        give_up = time.monotonic() + self._patience
        while time.monotonic() < give_up:
            now = self._clock()
            if self._store.claim_refresh(
                session.key, generation=session.generation, now=now, until=now + self._lease
            ):
                return self._refresh(self._current(session))
            current = self._current(session)
            if current.generation != session.generation:
                return _outcome(current)
            time.sleep(_POLL)
        raise ProviderUnavailable("a refresh of this session takes too long")

    def _current(self, session: AppSession) -> AppSession:
        current = self._store.get(session.key)
        if current is None:
            raise SessionEnded("the session ended during a refresh")
        return current

    def _refresh(self, session: AppSession) -> AppSession:
        now = self._clock()
        try:
            fresh = self._party.refresh(
                session.refresh_token or "", subject=session.sub, auth_time=session.claims.get("auth_time"), now=now
            )
        except (ProviderRefused, InvalidToken) as refusal:
            current = self._current(session)
            if current.generation != session.generation:  # the acting ended meanwhile, and its tokens with it
                return current
            if isinstance(refusal, InvalidToken) or refusal.error == "invalid_grant":
                self._store.delete(session.key)
                raise SessionEnded(f"refresh: {refusal}") from refusal
            self._note_failure(session, refusal, now)
            raise
        except ProviderUnavailable as failure:
            self._note_failure(session, failure, now)
            raise
        return self._note_success(session, fresh, now)

    def _note_success(self, session: AppSession, fresh: Refreshed, now: int) -> AppSession:
        new = replace(
            session,
            access_token=fresh.tokens.access_token,
            refresh_token=fresh.tokens.refresh_token,
            access_expires_at=fresh.tokens.expires_at,
            claims=fresh.id_token.claims if fresh.id_token else session.claims,
            id_token=fresh.id_token.text if fresh.id_token else session.id_token,
            generation=session.generation + 1,
            refreshed_at=now,
            refresh_failed=False,
            refresh_not_before=0,
            details=session.details if fresh.tokens.details is None else fresh.tokens.details,
        )
        return new if self._store.finish_refresh(new) else self._current(session)

    def _note_failure(self, session: AppSession, failure: DepartmentError, now: int) -> None:
        _log.warning("refresh failed: %s", failure)
        failed = replace(
            session, generation=session.generation + 1, refresh_failed=True, refresh_not_before=now + PAUSE
        )
        self._store.finish_refresh(failed)


def _outcome(current: AppSession) -> AppSession:
    if current.refresh_failed:
        raise ProviderUnavailable("the refresh that was waited for failed")
    return current
