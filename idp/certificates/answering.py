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
from idp.crypto.certificates import Refused
from idp.crypto.signed_data import Answer
from idp.db import Database
from idp.issuers.verifying import Verified, Verifier

_KIND = AttemptKind.CERTIFICATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """``counted``: under whose key a wrong answer counts; ``address``: as `idp.web.limits.address_budget_key`."""

    counted: bytes
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Counting):
    """What an answer is to: ``challenge``, its id, as the browser sent it."""

    challenge: str
    purpose: Purpose
    bound: Bound


@dataclass(frozen=True, slots=True)
class Answering:
    """``budget``: wrong answers of an address; ``policy``: of an account, or of a browser without one.

    Nobody is locked out by somebody else: of who is not signed in the browser is counted, for whose certificate it is
    nobody knows before it was verified.
    """

    database: Database
    challenges: Challenges
    verifier: Verifier
    budget: AddressBudget
    policy: AttemptPolicy

    def answer(self, answer: Answer, asked: Asked, *, now: int) -> Verified | Denied:
        """No transaction may be open. Raises `DatabaseUnavailable` and `StateUnavailable`."""
        return self.judge(
            asked,
            redeem=lambda: self.challenges.redeem(asked.challenge, asked.purpose, asked.bound, now=now),
            verdict=lambda content: self.verifier.answer(answer, content=content, now=now),
            now=now,
        )

    def judge(
        self,
        asked: Counting,
        *,
        redeem: Callable[[], bytes | None],
        verdict: Callable[[bytes], Verified | Refused],
        now: int,
    ) -> Verified | Denied:
        """``redeem`` uses up what was given out, ``verdict`` computes. No transaction may be open; raises alike."""
        if not self.budget.allows(asked.address):
            return Denied(Refusal.TOO_MANY_REQUESTS)
        attempt = trials.reserve(self.database, key=asked.counted, kind=_KIND, policy=self.policy, now=now)
        if isinstance(attempt, Uncounted):
            locked = attempt.reason is Counted.CERTIFICATE_LOCKED
            return Denied(Refusal.LOCKED if locked else Refusal.TOO_MANY_REQUESTS, until=attempt.until)
        content = redeem()
        if content is None:
            self._settle(asked, attempt, given_back=True, now=now)
            return Denied(Refusal.CHALLENGE_OVER)
        found = verdict(content)
        verified = isinstance(found, Verified)
        self._settle(asked, attempt, given_back=verified, now=now)
        if isinstance(found, Verified):
            return found
        self.budget.count(asked.address)
        return Denied(found.reason, found.detail)

    def _settle(self, asked: Counting, attempt: Reserved, *, given_back: bool, now: int) -> None:
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
