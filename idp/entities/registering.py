"""Registering an entity as the person who represents it, on the enterprise register's word.

Always true: every question was counted before it was asked, no transaction is open while the register thinks, and
one code belongs to one entity, however many register it at once.
"""

from dataclasses import dataclass

from idp.accounts.actions import Identity
from idp.accounts.credit_code import CreditCode
from idp.audit import Event, record
from idp.credentials import attempts
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.crypto.tokens import new_id
from idp.db import Database, Transaction
from idp.entities import roles
from idp.entities.actions import Entities, Raced
from idp.entities.rules import (
    CONFIRMED_LEVEL,
    REPRESENTATIVE,
    EntityRefusal,
    RoleState,
    judge,
    state_for,
)
from idp.proofing.actions import add_evidence, ial
from idp.proofing.ports import (
    EnterpriseQuestion,
    EnterpriseRecord,
    EnterpriseRegister,
    EntityType,
    NotFound,
    RegisterRole,
    Unavailable,
    Unusable,
)

SOURCE = "enterprise-register"
_KIND = AttemptKind.ENTITY_CHECK
Answer = EnterpriseRecord | NotFound | Unusable | Unavailable


@dataclass(frozen=True, slots=True)
class Claim:
    """What ``person_id`` says of an entity and of being its representative."""

    person_id: str
    entity_type: EntityType
    name: str
    code: CreditCode


@dataclass(frozen=True, slots=True)
class Registered:
    """The entity there is now; ``state`` is what the claim came to."""

    entity: str
    state: RoleState


@dataclass(frozen=True, slots=True)
class Denied:
    reason: EntityRefusal


def question(code: CreditCode, identity: Identity, *, name: str | None) -> EnterpriseQuestion:
    """Is the holder of this document the representative?"""
    return EnterpriseQuestion(
        uscc=code.value,
        name=name,
        representative_name=identity.name.value,
        representative_number=identity.document.value,
        reference=new_id("ent"),
        representative_document_type=identity.document.type,
    )


class Registering:
    """``least``: the identity level a representative needs; ``daily``: unsuccessful claims of an account in a day."""

    def __init__(
        self, database: Database, entities: Entities, register: EnterpriseRegister, *, least: int, daily: int
    ) -> None:
        self.least = least
        self._database = database
        self._entities = entities
        self._register = register
        self._policy = AttemptPolicy(limit=daily, window=86400, lock_steps=(86400,))

    def register(self, claim: Claim, *, now: int) -> Registered | Denied:
        """Ask the register and record what follows. May take seconds. Raises `DatabaseUnavailable`."""
        with self._database.transaction() as tx:
            identity = self._proved(tx, claim.person_id, now)
            attempt = self._reserve(tx, claim, now) if isinstance(identity, Identity) else None
        if not isinstance(identity, Identity):
            return Denied(identity)
        if attempt is None:
            return Denied(EntityRefusal.TRIES_USED_UP)
        answer = self._register.find(question(claim.code, identity, name=claim.name))
        return self._conclude(claim, identity, attempt, answer, now)

    def _proved(self, tx: Transaction, person_id: str, now: int) -> Identity | EntityRefusal:
        """The document the person is known by, still valid, at the level a representative needs."""
        identity = self._entities.directory.person(tx, person_id).identity
        if identity is None or ial(tx, person_id, now=now) < self.least:
            return EntityRefusal.PERSON_UNPROVED
        if identity.valid_to is not None and identity.valid_to <= now:
            return EntityRefusal.DOCUMENT_EXPIRED
        return identity

    def _reserve(self, tx: Transaction, claim: Claim, now: int) -> Reserved | None:
        key = account_key(claim.person_id)
        outcome = attempts.reserve(tx, key=key, kind=_KIND, now=now, policy=self._policy)
        return outcome if isinstance(outcome, Reserved) else None

    def _conclude(
        self, claim: Claim, identity: Identity, attempt: Reserved, answer: Answer, now: int
    ) -> Registered | Denied:
        try:
            with self._database.transaction() as tx:
                return self._write(tx, claim, identity, attempt, answer, now)
        except Raced:  # the other one is there now
            with self._database.transaction() as tx:
                return self._write(tx, claim, identity, attempt, answer, now)

    def _write(
        self, tx: Transaction, claim: Claim, identity: Identity, attempt: Reserved, answer: Answer, now: int
    ) -> Registered | Denied:
        verdict = judge(answer, uscc=claim.code.value, entity_type=claim.entity_type)
        outcome: Registered | Denied
        if isinstance(verdict, RegisterRole) and isinstance(answer, EnterpriseRecord):
            outcome = self._record(tx, claim, identity, answer, verdict, now)
        else:
            outcome = Denied(EntityRefusal(verdict))
        self._settle(tx, claim, attempt, outcome, now)
        return outcome

    def _record(
        self,
        tx: Transaction,
        claim: Claim,
        identity: Identity,
        heard: EnterpriseRecord,
        role: RegisterRole,
        now: int,
    ) -> Registered:
        entity = self._entities.find(tx, claim.code) or self._entities.open(
            tx,
            claim.code,
            name=heard.name,
            entity_type=heard.entity_type,
            status=heard.status,
            heard=heard,
            actor=claim.person_id,
            now=now,
        )
        roles.hold(tx, entity)
        self._entities.note(tx, entity, heard, now=now)
        held = roles.of_entity(tx, entity)
        rivals = [one for one in held if one.person != claim.person_id]
        standing = [one for one in rivals if one.state == RoleState.CONFIRMED]
        own_stands = any(one.person == claim.person_id and one.state == RoleState.CONFIRMED for one in held)
        state = RoleState.CONFIRMED if own_stands else state_for(others_confirmed=bool(standing))
        roles.set_role(
            tx, held, entity_id=entity, person_id=claim.person_id, role=role, state=state, source=SOURCE, now=now
        )
        if state is RoleState.CONFIRMED:
            roles.contest(tx, rivals, now=now)
            prove(tx, entity, identity, now=now)
        else:
            self._question(tx, standing, now)
        return Registered(entity, state)

    def _question(self, tx: Transaction, standing: list[roles.Role], now: int) -> None:
        """Tell who stood confirmed so far, and have the register asked about them."""
        roles.doubt(tx, standing)
        for one in standing:
            roles.tell(tx, self._entities.directory, one.person, "entity_contested", now=now)

    def _settle(
        self, tx: Transaction, claim: Claim, attempt: Reserved, outcome: Registered | Denied, now: int
    ) -> None:
        """A register that did not answer costs the person no attempt."""
        given_back = isinstance(outcome, Registered) or outcome.reason is EntityRefusal.REGISTER_UNAVAILABLE
        attempts.settle(
            tx,
            key=account_key(claim.person_id),
            kind=_KIND,
            at=attempt.at,
            success=given_back,
            now=now,
            policy=self._policy,
        )
        if isinstance(outcome, Denied):
            record(
                tx,
                Event.ENTITY_REFUSED,
                actor=claim.person_id,
                subject=claim.person_id,
                result="refused",
                reason=outcome.reason,
                detail={"source": SOURCE},
                now=now,
            )


def prove(tx: Transaction, entity: str, identity: Identity, *, now: int) -> None:
    """``el`` 2: register and representative agree; it ends with the document the representative is known by."""
    add_evidence(
        tx,
        entity,
        kind=REPRESENTATIVE,
        level=CONFIRMED_LEVEL,
        source=SOURCE,
        expires_at=identity.valid_to,
        now=now,
    )
