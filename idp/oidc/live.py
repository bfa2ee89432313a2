"""Whether what a token rests on still stands: its grant, its session, its own ``jti``.

Always true: one statement decides it, on the main database, for every endpoint that honours a token. For a refresh
token the same statement replaces it.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from idp.crypto.tokens import digest, random_token
from idp.db import DatabaseUnavailable, Statement, Transaction
from idp.grants.rules import Grant, RefreshToken
from idp.signin.rules import activity_grain
from idp.signin.sessions import touch

_GRANT_COLUMNS = ", ".join(f"g.{name}" for name in Grant._fields)


@dataclass(frozen=True, slots=True)
class Endurance:
    """Seconds: the session's idle limit, and how long a family of refresh tokens rests and lives."""

    session_idle: int
    refresh_idle: int
    refresh_absolute: int


class Footing(NamedTuple):
    """A grant with the session it was given in."""

    grant: Grant
    last_seen_at: int
    absolute_end: int
    session_ended_at: int | None
    session_idle: int | None
    spent: int | None

    def session_lives(self, *, idle: int, now: int) -> bool:
        """False as soon as its time is over, whether or not somebody has noticed and ended it."""
        limit = min(idle, self.session_idle or idle)
        return self.session_ended_at is None and now < self.absolute_end and now - self.last_seen_at < limit

    def refreshes(self, endurance: Endurance, *, now: int) -> bool:
        """Whether the family's current member may be used, as `rotate` judges it."""
        grant = self.grant
        rested = now - (grant.refresh_used_at or grant.created_at)
        young = rested <= endurance.refresh_idle and now - grant.created_at <= endurance.refresh_absolute
        return young and self.stands(idle=endurance.session_idle, now=now)

    def stands(self, *, idle: int, now: int) -> bool:
        """``offline_access`` grants outlive the idle and absolute ends of their session (Core 11)."""
        if not self.grant.live or self.spent:
            return False
        return self.session_lives(idle=idle, now=now) or bool(self.grant.offline)


def _footing(*row: Any) -> Footing:
    return Footing(Grant(*row[:-5]), *row[-5:])


_SELECT = (
    f"SELECT {_GRANT_COLUMNS}, s.last_seen_at, s.absolute_end, s.ended_at, s.idle,"
    " (SELECT 1 FROM spent_token t WHERE t.jti = :jti)"
    " FROM authorization_grant g JOIN session s ON s.id = g.session_id WHERE "
)
_BY_GID = Statement(_SELECT + "g.gid = :key", _footing)
_BY_HANDLE = Statement(_SELECT + "g.refresh_handle = :key", _footing)
_ROTATE = Statement(
    "UPDATE authorization_grant SET refresh_secret = :new, refresh_used_at = :now"
    " WHERE refresh_handle = :handle AND refresh_secret = :old AND client_id = :client AND revoked_at IS NULL"
    " AND (:resource = '' OR COALESCE(resource, :resource) = :resource) AND (cnf IS NULL OR cnf = :cnf)"
    " AND COALESCE(refresh_used_at, created_at) >= :rested_since AND created_at >= :born_since"
    " AND (offline OR EXISTS (SELECT 1 FROM session s WHERE s.id = session_id"
    " AND s.ended_at IS NULL AND s.absolute_end > :now AND s.last_seen_at > :idle_since"
    " AND (s.idle IS NULL OR s.last_seen_at > :now - s.idle)))"
    f" RETURNING {', '.join(Grant._fields)}, (SELECT s.last_seen_at FROM session s WHERE s.id = session_id"
    " AND s.ended_at IS NULL AND s.absolute_end > :now AND s.last_seen_at > :idle_since"
    " AND (s.idle IS NULL OR s.last_seen_at > :now - s.idle))",
    lambda *row: (Grant(*row[:-1]), row[-1]),
)


def by_gid(tx: Transaction, gid: str, *, jti: str) -> Footing | None:
    return tx.one(_BY_GID, key=gid, jti=jti)


def by_refresh_handle(tx: Transaction, handle: bytes) -> Footing | None:
    return tx.one(_BY_HANDLE, key=handle, jti="")


def rotate(
    tx: Transaction,
    token: RefreshToken,
    *,
    client_id: str,
    resource: str = "",
    cnf: str | None,
    endurance: Endurance,
    now: int,
) -> tuple[Grant, RefreshToken] | None:
    """Replace the current member of a family by its successor, for the one winner; None for everybody else.

    ``resource``: the API named now, which may be no other than the one named before. ``cnf``: the confirmation of the
    certificate that came with the request, which a bound family wants to see again. An ``offline_access`` grant
    outlives the idle and absolute ends of its session (Core 11).
    """
    successor, idle = RefreshToken(token.handle, random_token()), endurance.session_idle
    won = tx.one(
        _ROTATE,
        handle=digest(token.handle),
        old=digest(token.secret),
        new=digest(successor.secret),
        client=client_id,
        resource=resource,
        cnf=cnf,
        rested_since=now - endurance.refresh_idle,
        born_since=now - endurance.refresh_absolute,
        idle_since=now - idle,
        now=now,
    )
    if won is None:
        return None
    grant, last_seen_at = won
    if last_seen_at is not None:
        with suppress(DatabaseUnavailable):  # the token is used up: who is told to try again would replay it
            _seen_again(tx, grant.session_id, last_seen_at, idle=idle, now=now)
            tx.flush()
    return grant, successor


def note_activity(tx: Transaction, footing: Footing, *, idle: int, now: int) -> None:
    """A userinfo call is activity of the session as a refresh is (trust 8); one that is over never comes back."""
    if footing.session_lives(idle=idle, now=now):
        limit = min(idle, footing.session_idle or idle)
        _seen_again(tx, footing.grant.session_id, footing.last_seen_at, idle=limit, now=now)


def _seen_again(tx: Transaction, session_id: str, last_seen_at: int, *, idle: int, now: int) -> None:
    if now - last_seen_at >= activity_grain(idle):
        touch(tx, session_id, now=now)
