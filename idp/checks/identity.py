"""A higher identity level by face: the register confirms who it is, and the vendor that it is them.

Always true: the evidence needs both, of one name and document, and names the check it rests on; until the face has
passed, the register's yes has cost a try, and bears a record.
"""

from dataclasses import dataclass

from idp.accounts.actions import Directory, Identity
from idp.accounts.holds import held_until
from idp.accounts.parties import hold
from idp.accounts.rules import Act
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.checks.rules import Passed
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind, Reserved
from idp.db import Database, Transaction
from idp.proofing.checking import Claim, Confirmed, Counted, Denied, Means, verdict_of
from idp.proofing.joining import Joining
from idp.proofing.name_check import NameCheck
from idp.proofing.ports import PopulationRegister
from idp.proofing.rules import FACE, ProofRefusal

DAY = 86400
SOURCE = "face-check"


@dataclass(frozen=True, slots=True)
class Known:
    """The register knows the claim. ``valid_to``: as of `Confirmed`; ``tried``: when the question was counted, None
    for who asked about themselves.
    """

    valid_to: int | None
    tried: int | None


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
        self._joining = Joining(directory, waiting)
        self._valid = valid

    def _objection(self, tx: Transaction, claim: Claim, now: int) -> ProofRefusal | None:
        """A face brought the account its new phone: while that waits for objections, no second one gives it more."""
        if held_until(tx, claim.party_id, Act.REPRESENT, now=now) is not None:
            return ProofRefusal.HELD
        return super()._objection(tx, claim, now)

    def confirm(self, claim: Claim, *, now: int) -> Known | Denied:
        """Ask the register. May take seconds. Raises `DatabaseUnavailable`.

        A yes is worth something to who asks about somebody else, so it costs a try until the face has passed.
        """
        keys = self._counted(account_key(claim.party_id), claim.document)
        with self._database.transaction() as tx:
            refused = self._objection(tx, claim, now)
            own = self._directory.person(tx, claim.party_id).identity is not None
            attempt = None if refused else self._reserve(tx, keys, now)
            if attempt is None:
                unasked = Denied(refused or ProofRefusal.TRIES_USED_UP)
                self._tell(tx, claim.party_id, claim.party_id, None, unasked, now)
                return unasked
        answer = self._ask(claim)
        with self._database.transaction() as tx:
            outcome = verdict_of(answer, now)
            ended = own or isinstance(outcome, Denied)
            self._settle(tx, [one for one in keys if ended or one != self._own(claim)], attempt, outcome, now)
            self._tell(tx, claim.party_id, claim.party_id, answer, outcome, now)
        if isinstance(outcome, Denied):
            return outcome
        return Known(outcome.valid_to, None if own else attempt.at)

    def _tell(
        self,
        tx: Transaction,
        actor: str | None,
        subject: str,
        answer: object,
        outcome: Identity | Confirmed | Denied,
        now: int,
    ) -> None:
        """Of a yes, too."""
        if isinstance(outcome, Confirmed):
            detail = {"source": self.means.source}
            record(tx, Event.IDENTITY_CONFIRMED, actor=actor, subject=subject, detail=detail, now=now)
        super()._tell(tx, actor, subject, answer, outcome, now)

    def prove(self, tx: Transaction, claim: Claim, known: Known, passed: Passed, *, now: int) -> Identity | Denied:
        """Write down that the face was ``claim``'s, too; on `Denied` only that."""
        found = self._prove(tx, claim, known, passed, now=now)
        self._tell(tx, claim.party_id, claim.party_id, passed, found, now)
        if isinstance(found, Identity) and known.tried is not None:
            self._settle(tx, [self._own(claim)], Reserved(known.tried), found, now)
        return found

    def _own(self, claim: Claim) -> Counted:
        return account_key(claim.party_id), self._policy

    def _prove(self, tx: Transaction, claim: Claim, known: Known, passed: Passed, *, now: int) -> Identity | Denied:
        if not hold(tx, claim.party_id):
            return Denied(ProofRefusal.NOT_CONFIRMED)
        if refused := self._objection(tx, claim, now):
            return Denied(refused)
        found = self._identify(tx, claim, Confirmed(known.valid_to), now=now)
        if isinstance(found, Identity):
            ends = passed.judged_at + self._valid * DAY
            self._joining.prove(
                tx,
                claim.party_id,
                name=claim.name,
                document=claim.document,
                kind=self.means.kind,
                source=self.means.source,
                expires_at=min(ends, found.valid_to or ends),
                now=now,
                check_id=passed.check_id,
            )
        return found
