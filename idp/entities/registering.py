"""Registering an entity as the person who represents it, or claiming it from outside, on the register's word.

Always true: one code belongs to one entity, however many register it at once; who stands confirmed is told of every
claim beside their own; a claim from outside gives no power.
"""

from dataclasses import dataclass

from idp.accounts.actions import Identity
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.telling import tell
from idp.accounts.waiting import WaitingAccounts
from idp.crypto.tokens import new_id
from idp.db import Database, Transaction
from idp.entities import roles
from idp.entities.actions import Entities
from idp.entities.asking import SOURCE, Answer, CountedQuestions, Denied, Outcome, Registered
from idp.entities.old_links import settle
from idp.entities.rules import (
    CLAIMANT,
    CONFIRMED_LEVEL,
    REPRESENTATIVE,
    EntityRefusal,
    RoleState,
    judge,
    state_for,
)
from idp.proofing.actions import add_evidence, ial
from idp.proofing.ports import EnterpriseQuestion, EnterpriseRecord, EntityType, RegisterRole


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says of an entity."""

    entity_type: EntityType
    name: str
    code: CreditCode


@dataclass(frozen=True, slots=True)
class Representative:
    """Whom somebody names as an entity's representative. ``valid_to``: when the document ends, seconds."""

    name: PersonName
    document: Document
    valid_to: int | None


def question(code: CreditCode, person: Identity | Representative, *, name: str | None) -> EnterpriseQuestion:
    """Is the holder of this document the representative?"""
    return EnterpriseQuestion(
        uscc=code.value,
        name=name,
        representative_name=person.name.value,
        representative_number=person.document.value,
        reference=new_id("ent"),
        representative_document_type=person.document.type,
    )


class Registering:
    """``least``: the identity level a representative needs."""

    def __init__(
        self,
        database: Database,
        entities: Entities,
        waiting: WaitingAccounts,
        questions: CountedQuestions,
        *,
        least: int,
    ) -> None:
        self.least = least
        self._waiting = waiting
        self._database = database
        self._entities = entities
        self._questions = questions

    def register(self, person_id: str, told: Told, *, now: int) -> Outcome:
        """``person_id`` is the representative. May take seconds. Raises `DatabaseUnavailable`."""
        with self._database.autocommit() as tx:
            identity = self._proved(tx, person_id, now)
        if not isinstance(identity, Identity):
            return self._questions.refuse(person_id, identity, now=now)

        def conclude(tx: Transaction, answer: Answer) -> Outcome:
            verdict = judge(answer, uscc=told.code.value, entity_type=told.entity_type)
            if not isinstance(verdict, RegisterRole) or not isinstance(answer, EnterpriseRecord):
                return Denied(EntityRefusal(verdict))
            return self._confirm(tx, person_id, told, identity, answer, verdict, now)

        return self._questions.ask(person_id, question(told.code, identity, name=told.name), conclude, now=now)

    def claim(self, person_id: str, told: Told, named: Representative, *, now: int) -> Outcome:
        """``person_id`` knows whom the register names. May take seconds. Raises `DatabaseUnavailable`."""
        if named.valid_to is not None and named.valid_to <= now:
            return self._questions.refuse(person_id, EntityRefusal.DOCUMENT_EXPIRED, now=now)

        def conclude(tx: Transaction, answer: Answer) -> Outcome:
            verdict = judge(answer, uscc=told.code.value, entity_type=told.entity_type)
            if not isinstance(verdict, RegisterRole) or not isinstance(answer, EnterpriseRecord):
                return Denied(EntityRefusal(verdict))
            return self._note_claim(tx, person_id, told, named, answer, now)

        return self._questions.ask(person_id, question(told.code, named, name=told.name), conclude, now=now)

    def _proved(self, tx: Transaction, person_id: str, now: int) -> Identity | EntityRefusal:
        """The document the person is known by, still valid, at the level a representative needs."""
        identity = self._entities.directory.person(tx, person_id).identity
        if identity is None or ial(tx, person_id, now=now) < self.least:
            return EntityRefusal.PERSON_UNPROVED
        if identity.valid_to is not None and identity.valid_to <= now:
            return EntityRefusal.DOCUMENT_EXPIRED
        return identity

    def _held(
        self, tx: Transaction, person_id: str, told: Told, heard: EnterpriseRecord, now: int
    ) -> tuple[str, list[roles.Role]]:
        """The entity, opened if need be, and the roles in it; nobody else changes them before the end."""
        entity = self._entities.find(tx, told.code) or self._entities.open(
            tx, told.code, heard=heard, actor=person_id, now=now
        )
        roles.hold(tx, entity)
        self._entities.note(tx, entity, heard, now=now)
        return entity, roles.of_entity(tx, entity)

    def _confirm(
        self,
        tx: Transaction,
        person_id: str,
        told: Told,
        identity: Identity,
        heard: EnterpriseRecord,
        role: RegisterRole,
        now: int,
    ) -> Registered:
        entity, held = self._held(tx, person_id, told, heard, now)
        rivals = [one for one in held if one.person != person_id]
        standing = [one for one in rivals if one.state == RoleState.CONFIRMED]
        before = next((one.state for one in held if one.person == person_id), None)
        stands = before == RoleState.CONFIRMED
        state = RoleState.CONFIRMED if stands else state_for(others_confirmed=bool(standing))
        roles.set_role(
            tx, held, entity_id=entity, person_id=person_id, role=role, state=state, source=SOURCE, now=now
        )
        if state is RoleState.CONFIRMED:
            roles.contest(tx, rivals, now=now)
            prove(tx, entity, identity, now=now)
            settle(tx, self._waiting, told.code, entity, by=person_id, now=now)
        elif before != RoleState.CONTESTED:
            roles.doubt(tx, standing)  # the register is asked about them at once
            self._warn(tx, standing, now)
        return Registered(entity, state)

    def _note_claim(
        self,
        tx: Transaction,
        person_id: str,
        told: Told,
        named: Representative,
        heard: EnterpriseRecord,
        now: int,
    ) -> Registered:
        entity, held = self._held(tx, person_id, told, heard, now)
        if own := next((one for one in held if one.person == person_id), None):
            return Registered(entity, RoleState(own.state))
        state = RoleState.CONTESTED if held else RoleState.CLAIMED
        roles.set_role(
            tx,
            held,
            entity_id=entity,
            person_id=person_id,
            role=CLAIMANT,
            state=state,
            source="claim",
            valid_to=named.valid_to,
            now=now,
        )
        self._warn(tx, [one for one in held if one.state == RoleState.CONFIRMED], now)
        return Registered(entity, state)

    def _warn(self, tx: Transaction, standing: list[roles.Role], now: int) -> None:
        for one in standing:
            tell(tx, self._entities.directory, one.person, "entity_contested", now=now)


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
