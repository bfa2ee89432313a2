"""Pairwise subjects: the names under which the apps of one sector know a party.

Always true: a ``sub`` never changes, never serves two parties, and tells nothing of the one it names.
"""

from typing import Any

from idp.crypto.tokens import random_token
from idp.db import Statement, Transaction

_SUBJECT = Statement("SELECT sub FROM pairwise_subject WHERE sector = :sector AND party_id = :party", str)
_SUBJECTS = Statement[tuple[str, str]](
    "SELECT sector, sub FROM pairwise_subject WHERE party_id = :party ORDER BY sector"
)
_ADD_SUBJECT = Statement[Any](
    "INSERT INTO pairwise_subject (sector, party_id, sub) VALUES (:sector, :party, :sub)"
    " ON CONFLICT (sector, party_id) DO NOTHING"
)

_SUBJECTS_MOST = 50_000
SUBJECT_PREFIX = "pw_"
"""Every person's ``sub`` begins so; no client may be named so (clients.rules)."""


class Subjects:
    """Those of one installation, as one process remembers them."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def of(self, tx: Transaction, *, sector: str, party_id: str) -> str:
        """The pairwise ``sub`` of a party in a sector, made on first use; it never changes, so it is remembered."""
        if known := self._known.get((sector, party_id)):
            return known
        sub = tx.one(_SUBJECT, sector=sector, party=party_id)
        if sub is None:
            tx.run(_ADD_SUBJECT, sector=sector, party=party_id, sub=SUBJECT_PREFIX + random_token())
            sub = tx.all(_SUBJECT, sector=sector, party=party_id)[0]
        made = sub
        tx.after_commit(lambda: self._remember(sector, party_id, made))
        return sub

    def _remember(self, sector: str, party_id: str, sub: str) -> None:
        if len(self._known) >= _SUBJECTS_MOST:
            self._known.clear()
        self._known[sector, party_id] = sub

    @staticmethod
    def all_of(tx: Transaction, party_id: str) -> list[tuple[str, str]]:
        """(sector, sub) of every sector that knows the party."""
        return tx.all(_SUBJECTS, party=party_id)
