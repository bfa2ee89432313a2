"""What departments are to be told of a party.

Always true: an event is written in the transaction that makes it true, and waits until it was delivered; it holds no
personal data.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from idp.accounts.rules import PartyEventKind
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction


class PartyEvent(NamedTuple):
    id: str
    party_id: str
    kind: str
    detail: str | None
    created_at: int


_ADD = Statement[Any](
    "INSERT INTO party_event (id, party_id, kind, detail, created_at) VALUES (:id, :party, :kind, :detail, :now)"
)
_OF = Statement(
    f"SELECT {', '.join(PartyEvent._fields)} FROM party_event WHERE party_id = :party ORDER BY created_at, id",
    PartyEvent,
)


def add_event(tx: Transaction, party_id: str, kind: PartyEventKind, *, detail: Mapping[str, str], now: int) -> None:
    """``detail`` holds no personal data."""
    tx.run(_ADD, id=new_id("pev"), party=party_id, kind=kind, detail=orjson.dumps(detail).decode(), now=now)


def events_of(tx: Transaction, party_id: str) -> list[PartyEvent]:
    """Everything there is to tell of a party, oldest first."""
    return tx.all(_OF, party=party_id)
