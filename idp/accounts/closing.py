"""Accounts on their way to being closed, and what is left of a closed one.

Always true: of keeping and closing at the same moment one wins; a closed account has nothing it could be found by,
and its party and subjects stay, so that neither is ever given to anybody else.
"""

from typing import Any, NamedTuple

from idp.accounts.rules import PartyStatus
from idp.db import Statement, Transaction


class Closing(NamedTuple):
    """Times in Unix seconds. ``locale``: the language its person is to be told in."""

    party_id: str
    asked_at: int
    closes_at: int
    locale: str


_COLUMNS = ", ".join(Closing._fields)
_ASK = Statement[Any](
    "INSERT INTO account_closing (party_id, asked_at, closes_at, locale)"
    " VALUES (:party, :now, :closes_at, :locale) ON CONFLICT (party_id) DO NOTHING"
)
_READ = Statement(f"SELECT {_COLUMNS} FROM account_closing WHERE party_id = :party", Closing)
_KEEP = Statement[Any]("DELETE FROM account_closing WHERE party_id = :party")
_DUE = Statement(
    "SELECT party_id FROM account_closing WHERE closes_at <= :now AND party_id > :after ORDER BY party_id LIMIT 100",
    str,
)
_CLAIM = Statement(
    f"DELETE FROM account_closing WHERE party_id = :party AND closes_at <= :now RETURNING {_COLUMNS}", Closing
)
_CLOSE = Statement[Any]("UPDATE party SET status = :status, closed_at = :now WHERE id = :party")
_ERASE = (
    Statement[Any]("DELETE FROM party_identifier WHERE party_id = :party"),
    Statement[Any]("DELETE FROM identity_document WHERE party_id = :party"),
    Statement[Any]("DELETE FROM profile WHERE party_id = :party"),
)


def ask(tx: Transaction, party_id: str, *, closes_at: int, locale: str, now: int) -> bool:
    """False when it has been asked already. The caller holds the account."""
    return tx.run(_ASK, party=party_id, now=now, closes_at=closes_at, locale=locale) == 1


def find(tx: Transaction, party_id: str) -> Closing | None:
    return tx.one(_READ, party=party_id)


def keep(tx: Transaction, party_id: str) -> bool:
    """Think better of it; False when there was nothing to keep, or no longer."""
    return tx.run(_KEEP, party=party_id) == 1


def due(tx: Transaction, *, now: int, after: str = "") -> list[str]:
    """Up to a hundred parties behind ``after`` whose time to think is over."""
    return tx.all(_DUE, now=now, after=after)


def claim(tx: Transaction, party_id: str, *, now: int) -> Closing | None:
    """For the one who closes the account; None when it was kept, closed by another, or is not due."""
    return tx.one(_CLAIM, party=party_id, now=now)


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Close the party and forget what its person could be recognised by. The caller holds the account."""
    tx.run(_CLOSE, party=party_id, status=PartyStatus.CLOSED, now=now)
    for statement in _ERASE:
        tx.run(statement, party=party_id)
