"""What departments are to be told of a party.

Always true: an event is written in the transaction that makes it true, and waits until it was written down for every
receiver (`idp.streams`); it holds no personal data.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from idp.accounts.rules import PartyEventKind
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind

_ADD = Statement[Any](
    "INSERT INTO party_event (id, party_id, kind, detail, created_at) VALUES (:id, :party, :kind, :detail, :now)"
)


def add_event(tx: Transaction, party_id: str, kind: PartyEventKind, *, detail: Mapping[str, str], now: int) -> None:
    """``detail`` holds no personal data."""
    key = new_id("pev")
    tx.run(_ADD, id=key, party=party_id, kind=kind, detail=orjson.dumps(detail).decode(), now=now)
    enqueue(tx, Kind.PARTY_EVENT, {"event": key}, now=now)
