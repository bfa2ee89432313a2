"""The cases in which counters handled a person's matters, for the file of their data.

Always true: a case is told as its papers say it, which its citizen was given; no clerk is named but in them.
"""

from typing import Any

from idp.assisted.actions import Assisting
from idp.assisted.rules import Case
from idp.db import Transaction


class AssistedExport:
    """One part of the file; the newest cases first, as many as their own list shows."""

    def __init__(self, assisting: Assisting) -> None:
        self._assisting = assisting

    def __call__(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        return "assisted", [self._told(tx, case) for case in self._assisting.of_citizen(tx, party_id)]

    def _told(self, tx: Transaction, case: Case) -> dict[str, Any]:
        papers = [self._assisting.paper(tx, case, slip.id) for slip in self._assisting.papers(tx, case)]
        steps, _ = self._assisting.steps(tx, case)
        return {
            "number": case.number,
            "office": self._assisting.register.office(tx, case),
            "matters": self._assisting.titles(case),
            "identified": case.identified,
            "evidence": case.evidence,
            "state": case.state,
            "opened_at": case.opened_at,
            "until_at": case.until,
            "steps": [{"step": one.step, "state": one.state, "happened_at": one.at} for one in steps],
            "papers": [{"number": one.slip.number, "text": one.text} for one in papers if one is not None],
        }
