"""Acts that wait for a time after something that could be an attack.

Always true: a hold is a row of the main database, written in the transaction of what caused it; a later one for the
same act never shortens an earlier one.
"""

from typing import Any

from idp.accounts.rules import Act
from idp.db import Statement, Transaction

_PLACE = Statement[Any](
    "INSERT INTO party_hold (party_id, act, held_until, created_at) VALUES (:party, :act, :until, :now)"
    " ON CONFLICT (party_id, act) DO UPDATE SET created_at = excluded.created_at, held_until ="
    " CASE WHEN excluded.held_until > party_hold.held_until THEN excluded.held_until ELSE party_hold.held_until END"
)
_HELD = Statement(
    "SELECT held_until FROM party_hold WHERE party_id = :party AND act = :act AND held_until > :now", int
)
_LIFT = Statement[Any]("DELETE FROM party_hold WHERE party_id = :party AND created_at = :placed_at")
_PURGE = Statement[Any]("DELETE FROM party_hold WHERE held_until < :now")


def place_hold(tx: Transaction, party_id: str, act: Act, *, until: int, now: int) -> None:
    tx.run(_PLACE, party=party_id, act=act, until=until, now=now)


def held_until(tx: Transaction, party_id: str, act: Act, *, now: int) -> int | None:
    """When ``party_id`` may do this again; None when it may now."""
    return tx.one(_HELD, party=party_id, act=act, now=now)


def lift_holds(tx: Transaction, party_id: str, *, placed_at: int) -> None:
    """What was placed then waits no longer; what was placed, or placed again, at any other time still does."""
    tx.run(_LIFT, party=party_id, placed_at=placed_at)


def purge_holds(tx: Transaction, *, now: int) -> int:
    """Delete holds that are over; how many."""
    return tx.run(_PURGE, now=now)
