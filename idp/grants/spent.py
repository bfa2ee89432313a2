"""What was used up and may not be used again, by a name of its own: assertions, revoked tokens, callbacks, uses paid.

Always true: of any number of spenders of one name the first is told so, and nobody else.
"""

from typing import Any

from idp.db import Statement, Transaction

_SPEND = Statement[Any](
    "INSERT INTO spent_token (jti, expires_at) VALUES (:name, :until) ON CONFLICT (jti) DO NOTHING"
)
_GIVE_BACK = Statement[Any]("DELETE FROM spent_token WHERE jti = :name")
_IS_SPENT = Statement("SELECT 1 FROM spent_token WHERE jti = :name", int)
_PURGE = Statement[Any]("DELETE FROM spent_token WHERE expires_at < :now")


def spend(tx: Transaction, name: str, *, until: int) -> bool:
    """Use ``name`` up; True for the first. It is remembered ``until`` (Unix seconds)."""
    return tx.run(_SPEND, name=name, until=until) == 1


def give_back(tx: Transaction, name: str) -> None:
    """In the transaction that spent it: nothing came of it, and whoever waits to spend it may."""
    tx.run(_GIVE_BACK, name=name)


def is_spent(tx: Transaction, name: str) -> bool:
    return tx.one(_IS_SPENT, name=name) is not None


def purge_spent(tx: Transaction, *, now: int) -> None:
    tx.run(_PURGE, now=now)
