"""The check of name, document and bank card with the card's bank: another way to level 2.

Always true: the card's number and the phone of the bank go out with one question, and stand nowhere afterwards.
"""

from dataclasses import dataclass

from idp.accounts.actions import Directory, Identity
from idp.accounts.rules import Mobile
from idp.accounts.waiting import WaitingAccounts
from idp.credentials.rules import AttemptKind
from idp.crypto.tokens import new_id
from idp.db import Database
from idp.proofing.cards import BankCard
from idp.proofing.checking import Check, Claim, Denied, Means
from idp.proofing.ports import BankCardQuestion, BankCardVerifier
from idp.proofing.rules import BANK_CARD


@dataclass(frozen=True, slots=True)
class Holding:
    """What somebody holds besides a name: a card, and the phone its bank knows them by (None: not asked about)."""

    card: BankCard
    mobile: Mobile | None


class BankCheck(Check):
    """What somebody does to have themselves confirmed by their bank."""

    means = Means(BANK_CARD, source="bank-card", counted=AttemptKind.BANK_CARD, knows_document=False, seconds=True)

    def __init__(
        self,
        database: Database,
        directory: Directory,
        waiting: WaitingAccounts,
        banks: BankCardVerifier,
        *,
        daily: int,
    ) -> None:
        super().__init__(database, directory, waiting, daily=daily)
        self._banks = banks

    def check(self, claim: Claim, holding: Holding, *, now: int) -> Identity | Denied:
        """Ask the bank and record its yes. May take seconds. Raises `DatabaseUnavailable`.

        A bank knows nothing of the document's end: the evidence ends with the document where that is on record, and
        a document that has ended there is `DOCUMENT_EXPIRED` until the register knows the new one.
        """
        question = BankCardQuestion(
            name=claim.name.value,
            document_type=claim.document.type,
            number=claim.document.value,
            card=holding.card.value,
            mobile=holding.mobile.e164 if holding.mobile else None,
            reference=new_id("chk"),
        )
        return self._check(claim, lambda: self._banks.verify(question), now=now)
