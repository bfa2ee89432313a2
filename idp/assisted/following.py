"""What happens to a case when a mandate changes elsewhere: the clerk's as staff, or one that the case gave.

Always true: a case is not authorised any longer than its mandates are in force, whoever ended them.
"""

from idp.accounts.parties import status
from idp.accounts.rules import PartyStatus
from idp.assisted import reading
from idp.assisted.clerks import refused
from idp.assisted.rules import By, Case, CaseState, CaseStep, Refusal, Terms
from idp.assisted.steps import Steps
from idp.db import Transaction
from idp.mandates.rules import Kind, Mandate, State


class Following:
    """`idp.mandates.moving.Changed`."""

    def __init__(self, steps: Steps, terms: Terms) -> None:
        self._steps = steps
        self._terms = terms

    def __call__(self, tx: Transaction, mandate: Mandate, to: State, now: int) -> None:
        if to is State.ACTIVE:
            return
        if mandate.kind is Kind.EMPLOYMENT and mandate.theme == self._terms.theme:
            for seen in reading.handled_by(tx, mandate.id):
                case = self._steps.hold_after_power(tx, seen.id)
                if case is None or (case.state, case.clerk_mandate) != (CaseState.AUTHORISED, mandate.id):
                    continue  # whoever was quicker has ended this clerk's power
                moved = self._steps.take(
                    tx, case, CaseStep.SUSPEND, by=By.SYSTEM, actor=None, reason="clerk-ended", now=now
                )
                _note(tx, case, moved, now)
        own = reading.of_mandate(tx, mandate.id) if mandate.kind is Kind.ASSISTED else None
        # A step of the case's own has moved it before it ends the mandates.
        if own is not None and own.state is CaseState.AUTHORISED and self._is_of_clerk(mandate, own):
            self._follow(tx, own, to, now)

    def _follow(self, tx: Transaction, case: Case, to: State, now: int) -> None:
        if to is State.SUSPENDED:
            _note(tx, case, self._steps.object(tx, case.id, reason="mandate-frozen", now=now), now)
            return
        step, by = CaseStep.SUSPEND, By.SYSTEM
        if now >= case.until:
            step = CaseStep.LAPSE
        elif to is State.REVOKED:
            step, by = CaseStep.WITHDRAW, By.CITIZEN
        elif status(tx, case.citizen) is not PartyStatus.ACTIVE:
            step = CaseStep.WITHDRAW
        actor = case.citizen if by is By.CITIZEN else None
        moved = self._steps.take(tx, case, step, by=by, actor=actor, reason=f"mandate-{to}", now=now)
        _note(tx, case, moved, now)

    @staticmethod
    def _is_of_clerk(mandate: Mandate, case: Case) -> bool:
        """Not one of a clerk before, which ends when a colleague takes the case over."""
        return mandate.agent == case.clerk


def _note(tx: Transaction, case: Case, outcome: Case | Refusal | None, now: int) -> None:
    """A step that could not follow leaves its record."""
    if not isinstance(outcome, Case):
        refused(tx, outcome or Refusal.STATE, citizen=case.citizen, case=case.id, now=now)
