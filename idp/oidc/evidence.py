"""What a mandate rests on, as departments are told: who gave it, and which text was signed.

Always true: it names no person, and the hash is of the very text that was signed.
"""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from idp.db import Statement, Transaction
from idp.mandates.rules import Mandate

_CHINA = timedelta(hours=8)
_ROLES = {"own": "self", "representative": "legal_representative", "administrator": "administrator"}
_GROUND = Statement[tuple[str | None, str | None, str, str]](
    "SELECT s.id, s.footing, m.text_hash, p.kind FROM mandate m JOIN party p ON p.id = m.principal_id"
    " LEFT JOIN mandate_signature s ON s.mandate_id = m.id AND s.side = 'principal'"
    " WHERE m.id = :mandate ORDER BY s.signed_at DESC, s.id DESC LIMIT 1"
)


class Ground(NamedTuple):
    """``evidence``: the id of the principal's last signature; ``kind`` and ``role``: who gave the mandate."""

    evidence: str
    text_hash: str
    kind: str
    role: str


def ground_of(tx: Transaction, mandate: Mandate) -> Ground:
    """Of the first link: who gave power away in the represented party's name."""
    signature, footing, text_hash, kind = tx.all(_GROUND, mandate=mandate.id)[0]
    whose = "legal_entity" if kind == "entity" else "natural_person"
    return Ground(signature or mandate.id, text_hash, whose, _ROLES.get(footing or "", footing or "register"))


def china_day(seconds: int) -> str:
    """The day in China, ``YYYY-MM-DD``."""
    return (datetime.fromtimestamp(seconds, UTC) + _CHINA).strftime("%Y-%m-%d")
