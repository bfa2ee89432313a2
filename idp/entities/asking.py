"""A counted question to the enterprise register, and what is written upon its answer.

Always true: the question was counted before it was asked, no transaction is open while the register thinks, and a
register that did not answer costs nobody an attempt.
"""

from collections.abc import Callable
from dataclasses import dataclass

from idp.audit import Event, record
from idp.credentials import attempts
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.db import Database, Transaction
from idp.entities.actions import Raced
from idp.entities.rules import EntityRefusal, RoleState
from idp.proofing.ports import (
    EnterpriseQuestion,
    EnterpriseRecord,
    EnterpriseRegister,
    NotFound,
    Unavailable,
    Unusable,
)

SOURCE = "enterprise-register"
_KIND = AttemptKind.ENTITY_CHECK
Answer = EnterpriseRecord | NotFound | Unusable | Unavailable


@dataclass(frozen=True, slots=True)
class Registered:
    """The entity there is now; ``state`` is what the claim came to."""

    entity: str
    state: RoleState


@dataclass(frozen=True, slots=True)
class Denied:
    reason: EntityRefusal


Outcome = Registered | Denied
Conclude = Callable[[Transaction, Answer], Outcome]


class CountedQuestions:
    """``daily``: unsuccessful claims of an account in a day."""

    def __init__(self, database: Database, register: EnterpriseRegister, *, daily: int) -> None:
        self._database = database
        self._register = register
        self._policy = AttemptPolicy(limit=daily, window=86400, lock_steps=(86400,))

    def ask(self, person_id: str, question: EnterpriseQuestion, conclude: Conclude, *, now: int) -> Outcome:
        """Ask for ``person_id``, and ``conclude`` in one transaction, or in a second when somebody was faster."""
        key = account_key(person_id)
        with self._database.transaction() as tx:
            attempt = attempts.reserve(tx, key=key, kind=_KIND, now=now, policy=self._policy)
        if not isinstance(attempt, Reserved):
            return self.refuse(person_id, EntityRefusal.TRIES_USED_UP, now=now)
        answer = self._register.find(question)
        try:
            with self._database.transaction() as tx:
                return self._settled(tx, person_id, attempt, conclude(tx, answer), now)
        except Raced:  # the other one's entity is there now
            with self._database.transaction() as tx:
                return self._settled(tx, person_id, attempt, conclude(tx, answer), now)

    def refuse(self, person_id: str, reason: EntityRefusal, *, now: int) -> Denied:
        """Without asking; no transaction may be open."""
        with self._database.transaction() as tx:
            _note_refused(tx, person_id, reason, now)
        return Denied(reason)

    def _settled(self, tx: Transaction, person_id: str, attempt: Reserved, outcome: Outcome, now: int) -> Outcome:
        given_back = isinstance(outcome, Registered) or outcome.reason is EntityRefusal.REGISTER_UNAVAILABLE
        attempts.settle(
            tx,
            key=account_key(person_id),
            kind=_KIND,
            at=attempt.at,
            success=given_back,
            now=now,
            policy=self._policy,
        )
        if isinstance(outcome, Denied):
            _note_refused(tx, person_id, outcome.reason, now)
        return outcome


def _note_refused(tx: Transaction, person_id: str, reason: EntityRefusal, now: int) -> None:
    record(
        tx,
        Event.ENTITY_REFUSED,
        actor=person_id,
        subject=person_id,
        result="refused",
        reason=reason,
        detail={"source": SOURCE},
        now=now,
    )
