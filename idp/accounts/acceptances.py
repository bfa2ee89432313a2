"""Which versions of the agreements somebody has accepted, and when.

Always true: what was accepted once stays accepted; a new version is a new question.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from idp.db import Statement, Transaction


class Acceptance(NamedTuple):
    document: str
    version: str
    accepted_at: int


_ACCEPTED = Statement(
    "SELECT document, version, accepted_at FROM agreement_acceptance WHERE party_id = :party"
    " ORDER BY document, version",
    Acceptance,
)
_ACCEPT = Statement[Any](
    "INSERT INTO agreement_acceptance (party_id, document, version, accepted_at)"
    " VALUES (:party, :document, :version, :now) ON CONFLICT (party_id, document, version) DO NOTHING"
)


def acceptances(tx: Transaction, party_id: str) -> list[Acceptance]:
    """Every version of every agreement this person has accepted, in order."""
    return tx.all(_ACCEPTED, party=party_id)


def accept_agreements(tx: Transaction, party_id: str, versions: Mapping[str, str], *, now: int) -> None:
    for document, version in versions.items():
        tx.run(_ACCEPT, party=party_id, document=document, version=version, now=now)
