"""Asking the register again: is the entity still active, and is the person still its representative?

Always true: no transaction is open while the register thinks; only a clear answer changes anything, and a clear no
ends roles at once.
"""

from collections.abc import Callable
from typing import Any

from idp.accounts.actions import Identity
from idp.db import Database, Statement, Transaction
from idp.entities import roles
from idp.entities.actions import Entities
from idp.entities.asking import SOURCE
from idp.entities.registering import prove, question
from idp.entities.rules import CLAIMANT, OVER, Acting, RoleState, is_stale, role_of
from idp.proofing.ports import EnterpriseRecord, EnterpriseRegister, Unavailable, Unusable

_BATCH = 20
_PAUSE = 3600
"""Seconds in which no worker asks about a role again whose answer was none."""
_CLAIM = Statement[tuple[str, str]](
    "UPDATE entity_role SET claimed_until = :until WHERE id IN (SELECT id FROM entity_role WHERE state = 'confirmed'"
    " AND checked_at <= :before AND claimed_until <= :now ORDER BY checked_at LIMIT :most)"
    " AND claimed_until <= :now RETURNING entity_id, person_id"
)
_UNCLAIM = Statement[Any](
    "UPDATE entity_role SET claimed_until = 0 WHERE entity_id = :entity AND person_id = :person AND ended_at IS NULL"
)


class Rechecking:
    """``on_over``: ``(tx, entity, status, now)``, called in the transaction in which an entity is heard to have
    ended, before its roles end.
    """

    def __init__(
        self,
        database: Database,
        entities: Entities,
        register: EnterpriseRegister,
        on_over: Callable[[Transaction, str, str, int], object] | None = None,
    ) -> None:
        self._database = database
        self._entities = entities
        self._register = register
        self._on_over = on_over

    @property
    def period(self) -> int:
        """Seconds for which an answer is good."""
        return self._entities.recheck

    def before_use(self, person_id: str, acting: Acting, *, now: int) -> bool:
        """Ask when the last answer about this person and entity is too old; whether it was asked.

        No transaction may be open.
        """
        with self._database.autocommit() as tx:
            tie = roles.tie_to(tx, person_id, acting.entity, now=now)
        stale = tie is not None and is_stale(tie, recheck=self.period, now=now)
        if stale:
            self.ask(acting.entity, person_id, now=now)
        return stale

    def run_due(self, now: int) -> None:
        """Ask about a few roles whose answers have grown old; of several workers each asks about its own."""
        with self._database.transaction() as tx:
            before = now - self._entities.recheck
            due = tx.all(_CLAIM, until=now + _PAUSE, before=before, now=now, most=_BATCH)
        for entity, person in due:
            if not self.ask(entity, person, now=now):
                return  # the register is away: the rest has its turn in an hour

    def ask(self, entity: str, person_id: str, *, now: int) -> bool:
        """Ask about one role and act upon the answer; False when the register gave none."""
        with self._database.autocommit() as tx:
            identity = self._entities.directory.person(tx, person_id).identity
            code = self._entities.directory.credit_code(tx, entity)
        if identity is None or code is None:
            return True
        answer = self._register.find(question(code, identity, name=None))
        if isinstance(answer, EnterpriseRecord) and answer.uscc == code.value:
            with self._database.transaction() as tx:
                self._apply(tx, entity, person_id, identity, answer, now)
        return not isinstance(answer, Unavailable | Unusable)

    def _apply(
        self, tx: Transaction, entity: str, person_id: str, identity: Identity, heard: EnterpriseRecord, now: int
    ) -> None:
        roles.hold(tx, entity)
        self._entities.note(tx, entity, heard, now=now)
        tx.run(_UNCLAIM, entity=entity, person=person_id)
        held = roles.of_entity(tx, entity)
        own = next((one for one in held if one.person == person_id and one.state == RoleState.CONFIRMED), None)
        if heard.status in OVER:
            if self._on_over is not None:
                self._on_over(tx, entity, heard.status, now)
            for one in held:
                roles.end_role(tx, self._entities.directory, one, reason=heard.status, now=now)
        elif own and (role := role_of(heard)):
            roles.set_role(
                tx,
                held,
                entity_id=entity,
                person_id=person_id,
                role=role,
                state=RoleState.CONFIRMED,
                source=SOURCE,
                now=now,
            )
            prove(tx, entity, identity, now=now)
            self._settle(tx, entity, now)
        elif own:
            roles.end_role(tx, self._entities.directory, own, reason="register", now=now)
            self._settle(tx, entity, now)

    def _settle(self, tx: Transaction, entity: str, now: int) -> None:
        """Once the register has spoken on all who stand confirmed, whom it named beside them stands as well."""
        held = roles.of_entity(tx, entity)
        if any(one.state == RoleState.CONFIRMED and now - one.checked_at >= self.period for one in held):
            return
        for one in held:
            named = one.state == RoleState.CONTESTED and now - one.checked_at < self._entities.recheck
            identity = self._entities.directory.person(tx, one.person).identity
            if named and one.role != CLAIMANT and identity:
                roles.set_role(
                    tx,
                    held,
                    entity_id=entity,
                    person_id=one.person,
                    role=one.role,
                    state=RoleState.CONFIRMED,
                    source=SOURCE,
                    checked_at=one.checked_at,
                    now=now,
                )
                prove(tx, entity, identity, now=now)
