"""Taking a step with all that follows from it: mandates, papers, and word to the citizen.

Always true: whatever leads out of ``authorised`` ends the clerk's mandates in the same transaction.
"""

from dataclasses import replace

from idp.accounts.parties import hold as hold_account
from idp.assisted import papers, reading
from idp.assisted.codes import Codes
from idp.assisted.powers import Powers
from idp.assisted.register import Register
from idp.assisted.rules import OBJECTION, By, Case, CaseState, CaseStep, Clerk, Evidence, PaperKind, Refusal
from idp.assisted.telling import Telling
from idp.db import Transaction
from idp.mandates import reading as mandates

_PAPERS = {
    CaseStep.ACCEPT: PaperKind.ACCEPTANCE,
    CaseStep.SUSPEND: PaperKind.SUSPENSION,
    CaseStep.RESUME: PaperKind.RESUMPTION,
    CaseStep.CONCLUDE: PaperKind.CONCLUSION,
    CaseStep.WITHDRAW: PaperKind.WITHDRAWAL,
}


class Steps:
    def __init__(self, register: Register, powers: Powers, codes: Codes, telling: Telling) -> None:
        self._register = register
        self._powers = powers
        self._codes = codes
        self._telling = telling

    def take(
        self,
        tx: Transaction,
        case: Case,
        step: CaseStep,
        *,
        by: By,
        actor: str | None,
        clerk: Clerk | None = None,
        note: str = "",
        reason: str | None = None,
        now: int,
    ) -> Case | None:
        """A step that gives no power; None: not possible, or somebody was quicker."""
        moved = self._register.move(tx, case, step, by=by, actor=actor, reason=reason, clerk=clerk, now=now)
        if moved is None:
            return None
        if case.state is CaseState.AUTHORISED:
            self._powers.end(tx, case, reason=f"case-{step}", actor=actor, now=now)
        if not moved.is_living:
            self._codes.forget(tx, case.id)
        if step in _PAPERS:
            self._paper(tx, moved, _PAPERS[step], note=note, now=now)
        return moved

    def authorise(
        self,
        tx: Transaction,
        clerk: Clerk,
        case: Case,
        evidence: Evidence,
        evidence_id: str | None,
        *,
        now: int,
    ) -> Case | Refusal:
        """The citizen has agreed to the 代办委托书, and the evidence was judged: the clerk's mandates begin."""
        refusal = self._powers.judge(tx, case, clerk, now=now)
        if refusal is not None:
            return refusal
        text = papers.authority(case, self._register.facts(tx, case))
        moved = self._register.move(
            tx,
            case,
            CaseStep.AUTHORISE,
            by=By.CLERK,
            actor=clerk.person,
            reason=f"{evidence} {text.hash}",
            clerk=clerk,
            evidence=evidence,
            evidence_id=evidence_id,
            now=now,
        )
        if moved is None:
            return Refusal.STATE
        self._codes.forget(tx, case.id)
        self._register.keep(tx, moved, PaperKind.AUTHORITY, text, now=now)
        return self._begin(tx, moved, clerk, evidence, text.hash, now)

    def resume(self, tx: Transaction, clerk: Clerk, case: Case, *, now: int) -> Case | Refusal:
        """Taken up by ``clerk``; whoever had it has it no longer."""
        if case.evidence is None or (case.state is CaseState.AUTHORISED and case.clerk == clerk.person):
            return Refusal.STATE
        refusal = self._powers.judge(tx, case, clerk, now=now)
        if refusal is not None:
            return refusal
        moved = self._register.move(tx, case, CaseStep.RESUME, by=By.CLERK, actor=clerk.person, clerk=clerk, now=now)
        if moved is None:
            return Refusal.STATE
        self._powers.end(tx, case, reason="case-taken-over", actor=clerk.person, now=now)
        self._paper(tx, moved, PaperKind.RESUMPTION, now=now)
        return self._begin(tx, moved, clerk, case.evidence, self._agreed(tx, case), now)

    def object(self, tx: Transaction, case_id: str, *, reason: str, now: int) -> Case | Refusal:
        """Frozen at once; a second objection is answered as the first."""
        seen = self.hold(tx, case_id)
        if seen is None or seen.state is CaseState.OBJECTED:
            return seen or Refusal.NO_CASE
        if now >= seen.until + OBJECTION:
            return Refusal.ENDED
        moved = self.take(tx, seen, CaseStep.OBJECT, by=By.CITIZEN, actor=seen.citizen, reason=reason, now=now)
        if moved is None:
            return Refusal.ENDED
        self._telling.stopped(tx, moved, now=now)
        return moved

    def hold(
        self, tx: Transaction, case_id: str, *, case: Case | None = None, clerk: Clerk | None = None
    ) -> Case | None:
        """The case for a change. The citizen's account comes before it, as where that is closed, and so do its
        mandates, as where one of them ends by itself: neither waits for the other for ever.

        ``clerk``: who takes the step; their post, and that of who has the case, cannot end before ``tx`` does.
        """
        seen = case or reading.find(tx, case_id)
        if seen is None:
            return None
        hold_account(tx, seen.citizen)
        for post in sorted({clerk.mandate, seen.clerk_mandate}) if clerk else ():
            mandates.hold(tx, post)  # before what their cases gave, as where a post ends
        return self.hold_after_power(tx, case_id)

    def hold_after_power(self, tx: Transaction, case_id: str) -> Case | None:
        """The same for who holds a mandate already: no account comes after one."""
        self._powers.hold(tx, case_id)
        return self._register.hold(tx, case_id)

    def _begin(self, tx: Transaction, case: Case, clerk: Clerk, evidence: Evidence, text_hash: str, now: int) -> Case:
        given = self._powers.begin(tx, case, clerk, evidence, text_hash=text_hash, now=now)
        self._telling.begun(tx, case, now=now)
        return replace(case, mandates=given)

    def _paper(self, tx: Transaction, case: Case, kind: PaperKind, *, note: str = "", now: int) -> None:
        facts, agreed = self._register.facts(tx, case), self._agreed(tx, case)
        self._register.keep(
            tx, case, kind, papers.slip(kind, case, facts, note=note, agreed=agreed, now=now), now=now
        )

    def _agreed(self, tx: Transaction, case: Case) -> str:
        """The hash of the 代办委托书; empty before there is one."""
        found = [one.hash for one in self._register.papers(tx, case.id) if one.kind is PaperKind.AUTHORITY]
        return found[0] if found else ""
