"""Assisted handling at the counter: a case opened, agreed to by its citizen, handled, interrupted, taken up, ended.

Always true: each step has one winner and leaves its entry in the case's history; the clerk's mandates for the citizen
begin and end in the transaction in which the case does.
"""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

from idp.accounts.rules import Mobile
from idp.assisted import matters as catalogue
from idp.assisted import reading
from idp.assisted import scans as scanned
from idp.assisted.citizens import Carded, Citizen, Citizens
from idp.assisted.clerks import Clerks, refused
from idp.assisted.codes import Codes
from idp.assisted.consent import ByCode, ByFace, BySms, Consent
from idp.assisted.looking import SHORT_HASH, Looking, Shown
from idp.assisted.papers import Text
from idp.assisted.register import Paper, PaperSlip, Particulars, Register
from idp.assisted.rules import (
    MOST_NOTE,
    By,
    Case,
    CaseState,
    CaseStep,
    Clerk,
    Denied,
    Evidence,
    Identified,
    Matter,
    Refusal,
    Terms,
)
from idp.assisted.scans import Scan, Scans
from idp.assisted.steps import Steps
from idp.assisted.telling import Telling
from idp.capabilities import identity_codes
from idp.capabilities.identity_code_rules import CodeState, IdentityCode
from idp.capabilities.identity_codes import IdentityCodes
from idp.db import Transaction
from idp.signin.rules import Session

__all__ = [
    "SHORT_HASH",
    "Assisting",
    "ByCode",
    "ByFace",
    "BySms",
    "Carded",
    "Clerk",
    "Coded",
    "Denied",
    "Paper",
    "PaperSlip",
    "Shown",
    "Text",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A citizen who has confirmed office and matters on their own phone. ``code``: the id of the identity code."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What it is made of (`idp.provider`)."""

    register: Register
    steps: Steps
    clerks: Clerks
    citizens: Citizens
    scans: Scans
    codes: Codes
    telling: Telling
    consent: Consent
    identity: IdentityCodes
    terms: Terms


class Assisting(Looking):
    """What clerks and citizens do. Refusals are values, and are audited in the transaction the caller commits."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts.register, parts.telling)
        self.terms = parts.terms
        self._steps = parts.steps
        self._clerks = parts.clerks
        self._citizens = parts.citizens
        self._scans = parts.scans
        self._codes = parts.codes
        self._consent = parts.consent
        self._identity = parts.identity

    def clerk_of(self, tx: Transaction, session: Session, *, now: int) -> Clerk | Denied:
        """The clerk whose session it is: they act now by a mandate of staff in the clerks' theme."""
        return self._clerks.of(tx, session, now=now)

    def offered(self) -> list[Matter]:
        """Every matter that can be handled so, by theme as the catalogue has them, with all actions it knows."""
        return catalogue.offered(self.register.themes.all())

    def open(
        self, tx: Transaction, clerk: Clerk, citizen: Carded | Coded, matters: Sequence[Matter], *, now: int
    ) -> Case | Denied:
        """A case of the citizen who is here. Somebody without an account gets one, known and without credentials."""
        if not catalogue.judge(matters, self.offered()):
            return refused(tx, Refusal.MATTERS, clerk=clerk, now=now)
        case = Case(
            id="",
            number="",
            citizen="",
            organ=clerk.organ,
            unit=clerk.unit,
            matters=tuple(sorted(matters)),
            identified=Identified.IDENTITY_CODE if isinstance(citizen, Coded) else citizen.identified,
            seen=None if isinstance(citizen, Coded) else citizen.seen,
            state=CaseState.IDENTIFIED,
            clerk=clerk.person,
            clerk_mandate=clerk.mandate,
            opened_by=clerk.person,
            opened_at=now,
            until=self.terms.ends(now=now),
            changed_at=now,
        )
        found = self._citizen(tx, clerk, citizen, case.matters, now)
        if isinstance(found, Denied):
            return refused(tx, found.reason, clerk=clerk, now=now)
        told = Particulars(found.name, found.document, found.phone)
        return self.register.add(tx, replace(case, citizen=found.party), told, now=now)

    def ask_code(
        self,
        tx: Transaction,
        clerk: Clerk,
        text: str,
        matters: Sequence[Matter],
        *,
        now: int,
    ) -> str | Denied:
        """The citizen's identity code was scanned: they are asked on their phone about office and matters.

        The id of the code, for `Coded` (a case to be) or `ByCode` (a case with these matters), once `code_state` says
        that they have confirmed.
        """
        if not catalogue.judge(matters, self.offered()):
            return refused(tx, Refusal.MATTERS, clerk=clerk, now=now)
        asked = self._identity.redeem_here(
            tx,
            clerk.person,
            text,
            office=self.register.office(tx, clerk),
            matters=tuple(self.register.titles(matters)),
            now=now,
        )
        return asked.id if isinstance(asked, IdentityCode) else refused(tx, Refusal.CODE, clerk=clerk, now=now)

    def code_state(self, tx: Transaction, clerk: Clerk, code_id: str, *, now: int) -> str:
        """``waiting``, ``confirmed``, ``declined`` or ``over``, for the clerk who scanned it."""
        code = identity_codes.find(tx, code_id)
        if code is None or code.clerk_id != clerk.person or now >= code.expires_at:
            return "over"
        words = {CodeState.REDEEMED: "waiting", CodeState.CONFIRMED: "confirmed", CodeState.DECLINED: "declined"}
        return words.get(code.state, "over")

    def accept(self, tx: Transaction, clerk: Clerk, case_id: str, *, now: int) -> Case | Denied:
        """受理: the office takes it on; makes the 受理单."""
        return self._step(tx, clerk, case_id, CaseStep.ACCEPT, now=now)

    def ask_sms(
        self, tx: Transaction, clerk: Clerk, case_id: str, *, phone: Mobile | None, text_hash: str, now: int
    ) -> str | Denied:
        """Send the citizen office, matters and a code. To the phone their account has, and ``phone`` has to be that
        one where it is given; without, to ``phone`` if it is nobody's and their face was checked. The phone, masked.
        """
        case = self._consenting(tx, clerk, case_id, text_hash, now)
        if isinstance(case, Denied):
            return case
        to = self._consent.phone(tx, case, phone)
        if to is None:
            return refused(tx, Refusal.NO_PHONE, clerk=clerk, citizen=case.citizen, case=case.id, now=now)
        drawn = self._codes.draw(tx, case, phone=to.masked, text_hash=text_hash, now=now)
        if isinstance(drawn, Refusal):
            return refused(tx, drawn, clerk=clerk, citizen=case.citizen, case=case.id, now=now)
        self.telling.code(tx, case, to, drawn, now=now)
        return to.masked

    def code_sent_to(self, tx: Transaction, case: Case, *, now: int) -> str | None:
        """The masked phone to which a code went that is still good; None: there is none."""
        return self._codes.sent_to(tx, case, now=now)

    def bring_paper(
        self, tx: Transaction, clerk: Clerk, case_id: str, scan: bytes, *, text_hash: str, now: int
    ) -> Case | Denied:
        """Keep the signed paper. Where a witness is needed the case then waits for one, else it is authorised."""
        case = self._consenting(tx, clerk, case_id, text_hash, now)
        if isinstance(case, Denied):
            return case
        kept = self._scans.keep(tx, case.id, scan, text_hash=text_hash, by=clerk.person, now=now)
        moved = self._papered(tx, CaseStep.PAPER, clerk, case, kept, now)
        if moved is None or self.terms.witness:
            return self._told(tx, clerk, case, moved or Refusal.STATE, now)
        found = self._steps.authorise(tx, clerk, moved, Evidence.PAPER, kept.id, now=now)
        return self._told(tx, clerk, case, found, now)

    def waits_for_witness(self, tx: Transaction, case: Case) -> bool:
        """Whether the signed paper is there, and only another clerk's word is missing."""
        scan = scanned.find(tx, case.id) if case.state is CaseState.ACCEPTED and self.terms.witness else None
        return scan is not None and scan.text_hash == self.authority_text(tx, case).hash

    def witness(self, tx: Transaction, clerk: Clerk, case_id: str, *, text_hash: str, now: int) -> Case | Denied:
        """Another clerk of the office has seen the citizen sign: the case is authorised for who brought the paper."""
        case = self._consenting(tx, clerk, case_id, text_hash, now)
        if isinstance(case, Denied):
            return case
        scan = scanned.find(tx, case.id)
        bringer = self._clerks.again(tx, case, now=now)
        if scan is None or scan.text_hash != text_hash:
            return self._told(tx, clerk, case, Refusal.NO_EVIDENCE, now)
        if clerk.person in (scan.brought_by, case.citizen):
            return self._told(tx, clerk, case, Refusal.WITNESS, now)
        if bringer is None or bringer.person != scan.brought_by:
            return self._told(tx, clerk, case, Refusal.NOT_CLERK, now)
        moved = self._papered(tx, CaseStep.WITNESS, clerk, case, scan, now)
        if moved is None:
            return self._told(tx, clerk, case, Refusal.STATE, now)
        found = self._steps.authorise(tx, bringer, moved, Evidence.PAPER, scan.id, now=now)
        return self._told(tx, clerk, case, found, now)

    def authorise(
        self,
        tx: Transaction,
        clerk: Clerk,
        case_id: str,
        evidence: BySms | ByFace | ByCode,
        *,
        text_hash: str,
        now: int,
    ) -> Case | Denied:
        """The citizen agrees to the text of this hash: the clerk has the mandates from now on (``case.mandates``)."""
        case = self._consenting(tx, clerk, case_id, text_hash, now)
        if isinstance(case, Denied):
            return case
        found = self._consent.judge(tx, clerk, case, evidence, text_hash=text_hash, now=now)
        if isinstance(found, Refusal):
            return self._told(tx, clerk, case, found, now)
        return self._told(tx, clerk, case, self._steps.authorise(tx, clerk, case, *found, now=now), now)

    def suspend(self, tx: Transaction, clerk: Clerk, case_id: str, *, note: str, now: int) -> Case | Denied:
        """中止: the clerk's mandates end, and any clerk of the office may resume."""
        return self._step(tx, clerk, case_id, CaseStep.SUSPEND, note=note, now=now)

    def resume(self, tx: Transaction, clerk: Clerk, case_id: str, *, now: int) -> Case | Denied:
        """续办, or taking it over from a colleague: the mandates are the clerk's from now on, the former ones end."""
        case = self._ready(tx, clerk, case_id, now)
        if isinstance(case, Denied):
            return case
        return self._told(tx, clerk, case, self._steps.resume(tx, clerk, case, now=now), now)

    def conclude(self, tx: Transaction, clerk: Clerk, case_id: str, *, note: str, now: int) -> Case | Denied:
        """办结."""
        case = self._step(tx, clerk, case_id, CaseStep.CONCLUDE, note=note, now=now)
        if isinstance(case, Case):
            self.telling.concluded(tx, case, now=now)
        return case

    def withdraw(self, tx: Transaction, clerk: Clerk, case_id: str, *, note: str, now: int) -> Case | Denied:
        """The citizen does not want it any more, or it was opened by mistake."""
        return self._step(tx, clerk, case_id, CaseStep.WITHDRAW, note=note, now=now)

    def object(self, tx: Transaction, citizen: str, case_id: str, *, now: int) -> Case | Denied:
        """The citizen, signed in, objects: frozen at once."""
        case = self.mine(tx, citizen, case_id, now=now)
        if isinstance(case, Denied):
            return case
        return self._told(tx, None, case, self._steps.object(tx, case.id, reason="signed-in", now=now), now)

    def object_by_code(self, tx: Transaction, reference: str, code: str, *, now: int) -> Case | Denied:
        """The same by what their message says, without an account: a reference of 12 digits and a code of 6."""
        case_id, right = self._codes.objected(tx, reference, code, now=now)
        case = reading.find(tx, case_id) if case_id else None
        if case is None:
            return Denied(Refusal.OBJECTION)  # whoever guesses names nobody, and fills no trail
        if not right:
            return refused(tx, Refusal.OBJECTION, citizen=case.citizen, case=case.id, now=now)
        return self._told(tx, None, case, self._steps.object(tx, case.id, reason="message", now=now), now)

    def _citizen(
        self, tx: Transaction, clerk: Clerk, given: Carded | Coded, matters: Sequence[Matter], now: int
    ) -> Citizen | Denied:
        if isinstance(given, Carded):
            return self._citizens.find(tx, clerk, given, now=now)
        confirmed = self._consent.confirmed(tx, clerk, given.code, now=now)
        if confirmed is None:
            return Denied(Refusal.NO_EVIDENCE)
        party, asked = confirmed
        if (asked.office, asked.matters) != (self.register.office(tx, clerk), tuple(self.register.titles(matters))):
            return Denied(Refusal.NO_EVIDENCE)
        return self._citizens.of_party(tx, party) or Denied(Refusal.CITIZEN)

    def _ready(self, tx: Transaction, clerk: Clerk, case_id: str, now: int) -> Case | Denied:
        """The case, held, if it is the office's and its term has not run out."""
        seen = self.case(tx, clerk, case_id, now=now)
        case = seen if isinstance(seen, Denied) else self._steps.hold(tx, case_id, case=seen, clerk=clerk)
        if case is None or isinstance(case, Denied):
            return case or refused(tx, Refusal.NO_CASE, clerk=clerk, now=now)
        if not self._clerks.has_post(tx, clerk, now=now):  # it may have ended before it was held
            return self._told(tx, clerk, case, Refusal.NOT_CLERK, now)
        if clerk.person == case.citizen:
            return self._told(tx, clerk, case, Refusal.SELF, now)
        return self._told(tx, clerk, case, Refusal.OVER, now) if now >= case.until else case

    def _consenting(self, tx: Transaction, clerk: Clerk, case_id: str, text_hash: str, now: int) -> Case | Denied:
        """The same, where the citizen is asked to agree now, and to the text of this hash."""
        case = self._ready(tx, clerk, case_id, now)
        if isinstance(case, Denied):
            return case
        if case.state is not CaseState.ACCEPTED:
            return self._told(tx, clerk, case, Refusal.STATE, now)
        same = hmac.compare_digest(self.authority_text(tx, case).hash, text_hash)
        return case if same else self._told(tx, clerk, case, Refusal.TEXT, now)

    def _step(
        self, tx: Transaction, clerk: Clerk, case_id: str, step: CaseStep, *, note: str = "", now: int
    ) -> Case | Denied:
        case = self._ready(tx, clerk, case_id, now)
        if isinstance(case, Denied):
            return case
        moved = self._steps.take(
            tx, case, step, by=By.CLERK, actor=clerk.person, clerk=clerk, note=note[:MOST_NOTE], now=now
        )
        return self._told(tx, clerk, case, moved or Refusal.STATE, now)

    def _papered(
        self, tx: Transaction, step: CaseStep, clerk: Clerk, case: Case, scan: Scan, now: int
    ) -> Case | None:
        """The signed paper was brought, or witnessed; who brought it handles the case."""
        return self.register.move(
            tx,
            case,
            step,
            by=By.CLERK,
            actor=clerk.person,
            reason=f"{Evidence.PAPER} {scan.hash}",
            clerk=clerk if step is CaseStep.PAPER else None,
            now=now,
        )

    def _told(
        self, tx: Transaction, clerk: Clerk | None, case: Case, outcome: Case | Refusal, now: int
    ) -> Case | Denied:
        """The outcome, with its record where it is a refusal."""
        if isinstance(outcome, Case):
            return outcome
        return refused(tx, outcome, clerk=clerk, citizen=case.citizen, case=case.id, now=now)
