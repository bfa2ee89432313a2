"""The check of name and number against the population register: how an account becomes somebody's own.

Always true: only a clear yes of the register confirms anything, and of a stranger nothing is written down.
"""

from dataclasses import dataclass

from idp.accounts.actions import Directory, Identity
from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.accounts.waiting import WaitingAccounts
from idp.credentials.attempts import unknown_key
from idp.credentials.rules import AttemptKind
from idp.crypto.tokens import new_id
from idp.db import Database
from idp.proofing.checking import Answer, Check, Claim, Confirmed, Denied, Means, verdict_of
from idp.proofing.ports import NameNumberQuestion, PopulationRegister
from idp.proofing.rules import NAME_AND_NUMBER, ProofRefusal


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who somebody without an account says to be. ``phone`` is proved theirs; ``journey`` is what the audit names."""

    name: PersonName
    document: Document
    phone: Mobile
    journey: str


class NameCheck(Check):
    """What somebody does to have name and number checked."""

    means = Means(NAME_AND_NUMBER, source="population-register", counted=AttemptKind.NAME_CHECK)

    def __init__(
        self,
        database: Database,
        directory: Directory,
        waiting: WaitingAccounts,
        register: PopulationRegister,
        *,
        daily: int,
    ) -> None:
        super().__init__(database, directory, waiting, daily=daily)
        self._register = register

    def check(self, claim: Claim, *, now: int) -> Identity | Denied:
        """Ask the register and record its yes. May take seconds. Raises `DatabaseUnavailable`."""
        return self._check(claim, lambda: self._ask(claim), now=now)

    def check_stranger(self, claim: Stranger, *, now: int) -> Confirmed | Denied:
        """Ask the register before there is an account. May take seconds. Raises `DatabaseUnavailable`.

        Counted on the document and on the phone. A document that some account has, or one that waits, is
        `NOT_CONFIRMED` as one that the register does not confirm, after the same statements (trust 3).
        """
        counted = self._counted(unknown_key(self._directory.blind(claim.phone)), claim.document)
        with self._database.transaction() as tx:
            attempt = self._reserve(tx, counted, now)
        if attempt is None:
            return Denied(ProofRefusal.TRIES_USED_UP)
        answer = self._ask(claim)
        with self._database.transaction() as tx:
            outcome = verdict_of(answer, now)
            held = self._directory.is_held(tx, claim.document)
            waits = self._waiting.find_by_document(tx, claim.document)
            if (held or waits) and isinstance(outcome, Confirmed):
                outcome = Denied(ProofRefusal.NOT_CONFIRMED)
            self._settle(tx, counted, attempt, outcome, now)
            self._tell(tx, None, claim.journey, answer, outcome, now)
        return outcome

    def _ask(self, claim: Claim | Stranger) -> Answer:
        return self._register.check(
            NameNumberQuestion(
                name=claim.name.value,
                document_type=claim.document.type,
                number=claim.document.value,
                reference=new_id("chk"),
            )
        )
