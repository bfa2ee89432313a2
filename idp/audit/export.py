"""What the trail tells of one person, for the file of their data.

Always true: no MAC, no request number and nothing of anybody else's account is in it.
"""

from typing import Any

import orjson

from idp.audit.reading import activity
from idp.audit.rules import Entry
from idp.db import Transaction

MOST = 20_000
"""The latest records of the trail that are in the file."""


def export_activity(tx: Transaction, party_id: str) -> tuple[str, Any]:
    """What the person did and what was done to them, newest first."""
    return "activity", [_told(entry, party_id) for entry in activity(tx, party_id, limit=MOST)]


def _told(entry: Entry, party_id: str) -> dict[str, Any]:
    return {
        "happened_at": entry.at,
        "event": entry.event,
        "by_yourself": entry.actor == party_id,
        "client_id": entry.client,
        "session": entry.session,
        "result": entry.result,
        "reason": entry.reason,
        "detail": orjson.loads(entry.detail) if entry.detail else None,
    }
