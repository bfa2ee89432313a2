"""What time does to cases, and what is kept of them: terms that run out, accounts that close, years that pass.

Always true: of a case that lives nothing goes; of one that is over the phone goes at once with the account, papers
and names with the years, and its row and history stay.
"""

from typing import Any

from idp.assisted import reading
from idp.assisted.register import Register
from idp.assisted.rules import LIVING, By, CaseStep
from idp.assisted.steps import Steps
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database, Statement, Transaction

_BATCH = 100
_DUE = Statement(
    f"SELECT id FROM assisted_case WHERE state IN ({reading.LIVING_STATES}) AND until <= :now ORDER BY until"
    " LIMIT :most",
    str,
)
_OF = Statement("SELECT id FROM assisted_case WHERE citizen_id = :party AND sealed IS NOT NULL ORDER BY id", str)
_SET = Statement[Any]("UPDATE assisted_case SET sealed = :sealed WHERE id = :id")
_FORGET_CODES, _FORGET_OBJECTIONS = (
    Statement[Any](f"DELETE FROM {table} WHERE case_id IN (SELECT id FROM assisted_case WHERE citizen_id = :party)")
    for table in ("assisted_code", "assisted_objection")
)
_OLD = (
    f"SELECT id FROM assisted_case WHERE changed_at < :before AND state NOT IN ({reading.LIVING_STATES})"
    " AND sealed IS NOT NULL ORDER BY changed_at LIMIT :most"
)
_AGED = tuple(
    Statement[Any](f"UPDATE {table} SET sealed = NULL WHERE case_id IN ({_OLD})")
    for table in ("assisted_paper", "assisted_scan")
)
_AGED_CASES = Statement[int](f"UPDATE assisted_case SET sealed = NULL WHERE id IN ({_OLD})", int)


class Keeping:
    """Run by the worker; several may. ``kept``: seconds after its end for which a case's papers are kept."""

    def __init__(self, database: Database, register: Register, steps: Steps, *, kept: int) -> None:
        self._database = database
        self._register = register
        self._steps = steps
        self._kept = kept

    def run_due(self, now: int) -> None:
        """Let lapse what nobody has concluded in its term."""
        while True:
            with self._database.autocommit() as tx:
                due = tx.all(_DUE, now=now, most=_BATCH)
            for case_id in due:
                with self._database.transaction() as tx:
                    self._end(tx, case_id, CaseStep.LAPSE, "term", now)
            if len(due) < _BATCH:
                return

    def run_old(self, now: int) -> None:
        """Throw away what is kept no longer."""
        while True:
            with self._database.transaction() as tx:
                for statement in _AGED:
                    tx.run(statement, before=now - self._kept, most=_BATCH)
                if tx.run(_AGED_CASES, before=now - self._kept, most=_BATCH) < _BATCH:
                    return

    def erase(self, tx: Transaction, party_id: str, *, now: int) -> None:
        """A citizen's account closes: what lives ends, and the phone they said goes. The papers stay with the office,
        which acted by them, and name the citizen as they were made: as `Eraser`.
        """
        for case_id in tx.all(_OF, party=party_id):
            self._end(tx, case_id, CaseStep.WITHDRAW, "account-closed", now)
            told = self._register.particulars(tx, case_id)._replace(phone="")
            tx.run(_SET, id=case_id, sealed=self._register.sealed(case_id, told))
        tx.run(_FORGET_CODES, party=party_id)
        tx.run(_FORGET_OBJECTIONS, party=party_id)

    def _end(self, tx: Transaction, case_id: str, step: CaseStep, reason: str, now: int) -> None:
        case = self._steps.hold(tx, case_id)
        if case is not None and case.state in LIVING:
            self._steps.take(tx, case, step, by=By.SYSTEM, actor=None, reason=reason, now=now)


def reseal_assisted(database: Database, cipher: FieldCipher) -> int:
    """What is sealed of cases, under the first key; a picture is large, and goes alone."""
    count = reseal_column(database, cipher, "assisted_case", "sealed")
    count += reseal_column(database, cipher, "assisted_paper", "sealed")
    return count + reseal_column(database, cipher, "assisted_scan", "sealed", batch=1)
