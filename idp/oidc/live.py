"""Whether what a token rests on still stands: its grant, its session, its own ``jti``.

Always true: one statement decides it, on the main database, for every endpoint that honours a token.
"""

from typing import Any, NamedTuple

from idp.db import Statement, Transaction
from idp.grants.rules import Grant
from idp.signin.rules import activity_grain
from idp.signin.sessions import touch

_GRANT_COLUMNS = ", ".join(f"g.{name}" for name in Grant._fields)


class Footing(NamedTuple):
    """A grant with the session it was given in."""

    grant: Grant
    last_seen_at: int
    absolute_end: int
    session_ended_at: int | None
    spent: int | None

    def session_lives(self, *, idle: int, now: int) -> bool:
        """False as soon as its time is over, whether or not somebody has noticed and ended it."""
        return self.session_ended_at is None and now < self.absolute_end and now - self.last_seen_at < idle

    def stands(self, *, idle: int, now: int) -> bool:
        """``offline_access`` grants outlive the idle and absolute ends of their session (Core 11)."""
        if not self.grant.live or self.spent:
            return False
        return self.session_lives(idle=idle, now=now) or bool(self.grant.offline)


def _footing(*row: Any) -> Footing:
    return Footing(Grant(*row[:-4]), *row[-4:])


_SELECT = (
    f"SELECT {_GRANT_COLUMNS}, s.last_seen_at, s.absolute_end, s.ended_at,"
    " (SELECT 1 FROM spent_token t WHERE t.jti = :jti)"
    " FROM authorization_grant g JOIN session s ON s.id = g.session_id WHERE "
)
_BY_GID = Statement(_SELECT + "g.gid = :key", _footing)
_BY_HANDLE = Statement(_SELECT + "g.refresh_handle = :key", _footing)


def by_gid(tx: Transaction, gid: str, *, jti: str) -> Footing | None:
    return tx.one(_BY_GID, key=gid, jti=jti)


def by_refresh_handle(tx: Transaction, handle: bytes) -> Footing | None:
    return tx.one(_BY_HANDLE, key=handle, jti="")


def note_activity(tx: Transaction, footing: Footing, *, idle: int, now: int) -> None:
    """A refresh or userinfo call is activity of the session (trust 8), unless that is over: it never comes back."""
    if footing.session_lives(idle=idle, now=now) and now - footing.last_seen_at >= activity_grain(idle):
        touch(tx, footing.grant.session_id, now=now)
