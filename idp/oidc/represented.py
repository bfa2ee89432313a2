"""Whom the person of a grant acts for, as ID token and userinfo tell it.

Always true: what names the entity leaves only while acting for it counts, and ``sub`` is the person's either way.
"""

from typing import Any

from idp.audit import Event, record
from idp.clients.rules import Client
from idp.db import Database, Transaction
from idp.entities import roles
from idp.entities.actions import Entities
from idp.entities.rechecking import Rechecking
from idp.entities.rules import PARTICULARS, SCOPE, SCOPES, Acting, RepresentedStatus, Tie, worth
from idp.grants.rules import Grant


class Representation:
    def __init__(self, database: Database, entities: Entities, rechecking: Rechecking) -> None:
        self._database = database
        self._entities = entities
        self._rechecking = rechecking

    def claims(self, client: Client, grant: Grant, scopes: frozenset[str], now: int) -> dict[str, Any]:
        """What this client hears by ``scopes``; nothing of who acts for themselves, nothing it is not registered for.

        May ask the register, for seconds: no transaction is open.
        """
        acting, told = Acting.parse(grant.acting), SCOPES & scopes & client.scopes.keys()
        if acting is None or not told:
            return {}
        self._rechecking.before_use(grant.party_id, acting, now=now)
        with self._database.transaction() as tx:
            tie = roles.tie_to(tx, grant.party_id, acting.entity, now=now)
            status = worth(tie, recheck=self._rechecking.period, now=now)
            claims: dict[str, Any] = {"represented_status": status.value} if SCOPE in told else {}
            if tie is not None and status is RepresentedStatus.CURRENT:
                claims |= self._described(tx, client, tie, told)
                self._note(tx, client, grant, acting, told, now)
        return claims

    def _described(self, tx: Transaction, client: Client, tie: Tie, told: frozenset[str]) -> dict[str, Any]:
        entity = self._entities.describe(tx, tie.entity)
        assert entity is not None  # noqa: S101 - it has a role
        name, uscc = {"name": entity.name}, entity.code.value
        state = {"entity_type": entity.type, "status": entity.status, "el": tie.level}
        claims: dict[str, Any] = {}
        if SCOPE in told:
            sub = self._entities.directory.subject(tx, sector=client.sector, party_id=tie.entity)
            identifiers = [{"type": "uscc", "value": uscc}]
            claims[SCOPE] = {"kind": "legal_entity", "sub": sub, **name, "identifiers": identifiers, **state}
        if PARTICULARS in told:
            claims[PARTICULARS] = {**name, "uscc": uscc, **state}
        return claims

    def _note(
        self, tx: Transaction, client: Client, grant: Grant, acting: Acting, told: frozenset[str], now: int
    ) -> None:
        record(
            tx,
            Event.PERSONAL_DATA_RELEASED,
            actor=grant.party_id,
            subject=acting.entity,
            client=client.client_id,
            session=grant.session_id,
            detail={"claims": " ".join(sorted(told)), "role": acting.role, "via": acting.via},
            now=now,
        )
