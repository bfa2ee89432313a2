"""A person's disputes, for the file of their data.

Always true: the operator who answered is not named in it.
"""

from typing import Any

from idp.db import Transaction
from idp.disputes.actions import Dispute, Disputes


class DisputeExport:
    def __init__(self, disputes: Disputes) -> None:
        self._disputes = disputes

    def __call__(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        return "disputes", [_told(dispute) for dispute in self._disputes.of_party(tx, party_id)]


def _told(dispute: Dispute) -> dict[str, Any]:
    return {
        "id": dispute.id,
        "item": dispute.item.value,
        "text": dispute.text,
        "state": dispute.state.value,
        "filed_at": dispute.filed_at,
        "due_at": dispute.due_at,
        "settled_at": dispute.settled_at,
        "answer": dispute.answer or None,
    }
