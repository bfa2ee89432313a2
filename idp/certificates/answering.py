"""Judging an answer: who has signed the challenge, and what a wrong one leaves behind.

Always true: the address may ask, a try is counted and the challenge is used up before anything is computed, and no
transaction is open while it is; a challenge that is gone costs no try.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.certificates.challenges import Bound, Challenges
from idp.certificates.rules import Denied, Purpose, Refusal
from idp.credentials import attempts, trials
from idp.credentials.budgets import AddressBudget
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.credentials.rules import Denied as Uncounted
from idp.credentials.rules import Refusal as Counted
from idp.crypto.certificates import Reason, Refused
from idp.crypto.signed_data import Answer
from idp.db import Database
from idp.issuers.verifying import Verified, Verifier

_KIND = AttemptKind.CERTIFICATE


@dataclass(frozen=True, slots=True)
class Asked:
    """What an answer is to: ``challenge``, its id, as the browser sent it; ``counted``: under whose key a wrong
    answer counts, ``address``: as `idp.web.limits.address_budget_key`.
    """

    challenge: str
    purpose: Purpose
    bound: Bound
    counted: bytes
    address: str


@dataclass(frozen=True, slots=True)
class Answering:
    """``budget``: wrong answers of an address; ``policy``: of an account, or of a browser without one.

    Nobody is locked out by somebody else: of who is not signed in the browser is counted, for whose certificate it is
    nobody knows before it was verified.
    """

    database: Database
    challenges: Challenges
    verifier: Verifier
    accepts: Callable[[Verified], bool]
    """Whether certificates of its issuer are accepted for whom it names; may raise `DatabaseUnavailable`."""
    budget: AddressBudget
    policy: AttemptPolicy

    def answer(self, answer: Answer, asked: Asked, *, now: int) -> Verified | Denied:
        """No transaction may be open. Raises `DatabaseUnavailable` and `StateUnavailable`."""
        if not self.budget.allows(asked.address):
            return Denied(Refusal.TOO_MANY_REQUESTS)
        attempt = trials.reserve(self.database, key=asked.counted, kind=_KIND, policy=self.policy, now=now)
        if isinstance(attempt, Uncounted):
            locked = attempt.reason is Counted.CERTIFICATE_LOCKED
            return Denied(Refusal.LOCKED if locked else Refusal.TOO_MANY_REQUESTS, until=attempt.until)
        content = self.challenges.redeem(asked.challenge, asked.purpose, asked.bound, now=now)
        if content is None:
            self._settle(asked, attempt, given_back=True, now=now)
            return Denied(Refusal.CHALLENGE_OVER)
        found = self.verifier.answer(answer, content=content, now=now)
        if isinstance(found, Verified) and not self.accepts(found):
            found = Refused(Reason.UNKNOWN_ISSUER, "not for whom it names")
        self._settle(asked, attempt, given_back=isinstance(found, Verified), now=now)
        if isinstance(found, Verified):
            return found
        self.budget.count(asked.address)
        return Denied(found.reason, found.detail)

    def _settle(self, asked: Asked, attempt: Reserved, *, given_back: bool, now: int) -> None:
        with self.database.transaction() as tx:
            attempts.settle(
                tx,
                key=asked.counted,
                kind=_KIND,
                at=attempt.at,
                success=given_back,
                now=now,
                policy=self.policy,
            )
