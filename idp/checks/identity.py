"""A higher identity level by face: the register confirms who it is, and the vendor that it is them.

Always true: the evidence needs both, of one name and document, and names the check it rests on.
"""

from idp.accounts.actions import Directory, Identity, hold
from idp.accounts.waiting import WaitingAccounts
from idp.checks.rules import Passed
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind
from idp.db import Database, Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.checking import Claim, Confirmed, Denied, Means, verdict_of
from idp.proofing.name_check import NameCheck
from idp.proofing.ports import PopulationRegister
from idp.proofing.rules import FACE, FACE_CHECKED, ProofRefusal

DAY = 86400
SOURCE = "face-check"


class FaceProof(NameCheck):
    """What somebody does to have their face checked. ``valid``: days for which it proves anything."""

    means = Means(FACE, source=SOURCE, counted=AttemptKind.NAME_CHECK)

    def __init__(
        self,
        database: Database,
        directory: Directory,
        waiting: WaitingAccounts,
        register: PopulationRegister,
        *,
        daily: int,
        valid: int,
    ) -> None:
        super().__init__(database, directory, waiting, register, daily=daily)
        self._valid = valid

    def confirm(self, claim: Claim, *, now: int) -> Confirmed | Denied:
        """Ask the register and write nothing down. May take seconds. Raises `DatabaseUnavailable`."""
        keys = self._counted(account_key(claim.party_id), claim.document)
        with self._database.transaction() as tx:
            refused = self._objection(tx, claim, now)
            attempt = None if refused else self._reserve(tx, keys, now)
        if attempt is None:
            return Denied(refused or ProofRefusal.TRIES_USED_UP)
        answer = self._ask(claim)
        with self._database.transaction() as tx:
            outcome = verdict_of(answer, now)
            self._settle(tx, keys, attempt, outcome, now)
            self._tell(tx, claim.party_id, claim.party_id, answer, outcome, now)
        return outcome

    def prove(
        self, tx: Transaction, claim: Claim, confirmed: Confirmed, passed: Passed, *, now: int
    ) -> Identity | Denied:
        """Write down that the face was ``claim``'s, too. On `Denied` nothing was written."""
        if not hold(tx, claim.party_id):
            return Denied(ProofRefusal.NOT_CONFIRMED)
        if refused := self._objection(tx, claim, now):
            return Denied(refused)
        found = self._identify(tx, claim, confirmed, now=now)
        if isinstance(found, Identity):
            ends = passed.judged_at + self._valid * DAY
            add_evidence(
                tx,
                claim.party_id,
                kind=self.means.kind,
                level=FACE_CHECKED,
                source=self.means.source,
                expires_at=min(ends, found.valid_to or ends),
                now=now,
                check_id=passed.check_id,
            )
        return found
