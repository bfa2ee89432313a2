"""A higher identity level by the person's own bank: they sign in to it, and it says whether they are who they claim.

Always true: the bank alone is asked, so it changes no record of a document and takes nothing that waits for its
person; the evidence names the check it rests on, whose tries are counted where it is ordered.
"""

from idp.accounts.actions import Identity
from idp.accounts.parties import hold
from idp.checks.identity import Known
from idp.checks.rules import Passed
from idp.credentials.rules import AttemptKind
from idp.db import Transaction
from idp.proofing.checking import Claim, Confirmed, Denied, Means, Proving
from idp.proofing.rules import BANK_CHANNEL, ProofRefusal


class BankProof(Proving):
    """What somebody does to have themselves confirmed by signing in to their bank.

    Who holds an account at the bank was made sure of there, and is at its pages now: more than the number of a card
    says, so it completes a face that passed with a new phone as that does (trust 5).
    """

    means = Means(
        BANK_CHANNEL, source="bank-channel", counted=AttemptKind.BANK_CHANNEL, knows_document=False, seconds=True
    )

    def confirm(self, claim: Claim, *, now: int) -> Known | Denied:
        """Whether the claim may be made at all; nobody is asked. Raises `DatabaseUnavailable`."""
        with self._database.transaction() as tx:
            refused = self._objection(tx, claim, now)
            if refused is None:
                return Known(None, None)
            denied = Denied(refused)
            self._tell(tx, claim.party_id, claim.party_id, None, denied, now)
            return denied

    def prove(self, tx: Transaction, claim: Claim, _known: Known, passed: Passed, *, now: int) -> Identity | Denied:
        """Write down that the bank knows the person as ``claim``; on `Denied` only that."""
        found = self._prove(tx, claim, passed, now)
        self._tell(tx, claim.party_id, claim.party_id, passed, found, now)
        return found

    def _prove(self, tx: Transaction, claim: Claim, passed: Passed, now: int) -> Identity | Denied:
        """The account may have become somebody's, or have closed, while the person was at the bank."""
        if not hold(tx, claim.party_id):
            return Denied(ProofRefusal.NOT_CONFIRMED)
        if refused := self._objection(tx, claim, now):
            return Denied(refused)
        return self.record(tx, claim, Confirmed(None), now=now, check_id=passed.check_id)
