"""Whom the person of a grant acts for, and by what, as ID token, userinfo and introspection tell it.

Always true: what names the party leaves only while acting for it counts, and ``sub`` is the person's either way.
"""

from collections.abc import Callable
from typing import Any

from idp.accounts.rules import PartyKind
from idp.audit import Event, record
from idp.clients.rules import Client
from idp.db import Database, Transaction
from idp.entities.actions import Entities
from idp.entities.rules import AUTHORITY, PARTICULARS, SCOPE, SCOPES, Acting, Via
from idp.grants.rules import Grant
from idp.mandates.contexts import Context, Contexts, Power
from idp.mandates.details import granted, read_details
from idp.mandates.handles import handle_of
from idp.mandates.releasing import party_data, released
from idp.mandates.rules import Mandate
from idp.mandates.uses import record_use
from idp.oidc.evidence import Ground, china_day, ground_of

_OF_SCOPE = {"phone": "phone", "id_document": "id_document", "birthdate": "profile"}
"""Data for which a client needs a scope of its own beside the one that tells whom somebody acts for."""
_PUBLIC = frozenset({"name", "uscc", "entity_type", "status", "el", "ial"})
TRUST_FRAMEWORK = "cn_tongban"


class Representation:
    def __init__(self, database: Database, entities: Entities, contexts: Contexts) -> None:
        self._database = database
        self._entities = entities
        self._contexts = contexts

    def claims(self, client: Client, grant: Grant, scopes: frozenset[str], now: int) -> dict[str, Any]:
        """What this client hears by ``scopes``; nothing of who acts for themselves, nothing it is not registered for.

        May ask the register, for seconds: no transaction is open.
        """
        acting, told = Acting.parse(grant.acting), SCOPES & scopes & client.scopes.keys()
        if acting is None or not told:
            return {}
        self._contexts.hear(grant.party_id, acting, now=now)
        with self._database.transaction() as tx:
            context = self._contexts.judge(tx, grant.party_id, acting, now=now)
            claims: dict[str, Any] = {"represented_status": context.status.value} if SCOPE in told else {}
            if context.current:
                claims |= self._told(tx, client, grant, acting, context, told, now)
        return claims

    def details(self, client: Client, grant: Grant, now: int) -> list[dict[str, Any]] | None:
        """What of the authorization details asked for is held now (RFC 9396 7); None: none were asked for."""
        if grant.authorization_details is None:
            return None
        acting = Acting.parse(grant.acting)
        if acting is None:
            return []
        self._contexts.hear(grant.party_id, acting, now=now)
        with self._database.autocommit() as tx:
            return self.granted(tx, client.sector, grant, acting, now)

    def granted(self, tx: Transaction, sector: str, grant: Grant, acting: Acting, now: int) -> list[dict[str, Any]]:
        """The same for a reader of this sector, whatever the register was last asked."""
        told: list[dict[str, Any]] = []
        for asked in read_details(grant.authorization_details):
            power = self._contexts.power(tx, grant.party_id, acting, asked.theme, now=now)
            if power is not None:
                scope, subject = asked.narrows(power.chain.scope), self._subject(tx, sector)
                told += granted(scope, power.theme, power.chain, subject=subject, mandate=acting.mandate)
        return told

    def _subject(self, tx: Transaction, sector: str) -> Callable[[str], str]:
        return lambda party: self._entities.directory.subjects.of(tx, sector=sector, party_id=party)

    def _told(
        self,
        tx: Transaction,
        client: Client,
        grant: Grant,
        acting: Acting,
        context: Context,
        told: frozenset[str],
        now: int,
    ) -> dict[str, Any]:
        data = self._data(tx, client, grant, acting, context, now)
        sub = self._subject(tx, client.sector)(acting.entity)
        claims: dict[str, Any] = {}
        if SCOPE in told:
            claims[SCOPE] = _party(context.kind, sub, data)
            claims["mandate"] = self._mandate(tx, client, grant, acting, context, now)
        if PARTICULARS in told and context.kind is PartyKind.ENTITY:
            names = ("name", "uscc", "entity_type", "status", "el")
            claims[PARTICULARS] = {name: data[name] for name in names if name in data}
        if AUTHORITY in told:
            claims["verified_claims"] = _verified(context, sub, data, grant, acting)
        self._note(tx, client, grant, acting, context.mandate, sorted(told), sorted(data), now)
        return claims

    def _data(
        self, tx: Transaction, client: Client, grant: Grant, acting: Acting, context: Context, now: int
    ) -> dict[str, Any]:
        """By an office everything the register says; by a mandate what its theme, its principal and the app's own
        permission leave.
        """
        if context.power is None:
            data = party_data(tx, self._entities, acting.entity, (), now=now)
            return {name: value for name, value in data.items() if value is not None} | {"el": context.el}
        scopes = set(grant.scope.split()) & client.scopes.keys()
        permitted = _PUBLIC | {claim for claim, scope in _OF_SCOPE.items() if scope in scopes}
        theme, chain = context.power.theme, context.power.chain
        return released(tx, self._entities, theme, chain, permitted=permitted, now=now)

    def _mandate(
        self, tx: Transaction, client: Client, grant: Grant, acting: Acting, context: Context, now: int
    ) -> dict[str, Any]:
        handle = handle_of(tx, client.client_id, grant.party_id, acting, now=now)
        via = {} if acting.via in (Via.ROLE, Via.MANDATE) else {"via": acting.via.value}
        if context.power is None or context.mandate is None:
            role = context.tie.role if context.tie else acting.role
            about = {"kind": "register_role", "capacity": "representative", "role": role, "chain_length": 0}
            return {"handle": handle} | about | via
        ground = ground_of(tx, context.power.chain.mandates[0])
        return {"handle": handle} | _written(context.mandate, context.power, ground) | via

    def _note(
        self,
        tx: Transaction,
        client: Client,
        grant: Grant,
        acting: Acting,
        mandate: Mandate | None,
        told: list[str],
        data: list[str],
        now: int,
    ) -> None:
        """Both parties can see that it was told, and to whom."""
        if mandate is not None:
            record_use(
                tx,
                mandate,
                person=grant.party_id,
                client_id=client.client_id,
                what=" ".join(("data", *data)),
                session=grant.session_id,
                now=now,
            )
            return
        record(
            tx,
            Event.PERSONAL_DATA_RELEASED,
            actor=grant.party_id,
            subject=acting.entity,
            client=client.client_id,
            session=grant.session_id,
            detail={"claims": " ".join(told), "role": acting.role, "via": acting.via},
            now=now,
        )


def _party(kind: PartyKind, sub: str, data: dict[str, Any]) -> dict[str, Any]:
    if kind is PartyKind.PERSON:
        phone = {"phone_number": data["phone"]} if "phone" in data else {}
        document = {"document_number": data["id_document"]} if "id_document" in data else {}
        plain = {name: data[name] for name in ("name", "birthdate", "ial") if name in data}
        return {"kind": "natural_person", "sub": sub} | plain | phone | document
    identifiers = {"identifiers": [{"type": "uscc", "value": data["uscc"]}]} if "uscc" in data else {}
    name = {"name": data["name"]} if "name" in data else {}
    state = {key: data[key] for key in ("entity_type", "status", "el") if key in data}
    return {"kind": "legal_entity", "sub": sub} | name | identifiers | state


def _written(mandate: Mandate, power: Power, ground: Ground) -> dict[str, Any]:
    chain = power.chain
    return {
        "id": mandate.id,
        "kind": mandate.kind.value,
        "capacity": chain.capacity.value,
        "themes": [power.theme.code],
        "valid_from": china_day(max(one.valid_from for one in chain.mandates)),
        "valid_to": china_day((chain.until or mandate.valid_to) - 1),
        "chain_length": len(chain.mandates),
        "may_delegate": mandate.may_delegate and mandate.parent is None,
        "granted_by": {"kind": ground.kind, "role": ground.role},
        "evidence": {"id": ground.evidence, "hash": f"sha256:{ground.text_hash}"},
    } | ({"office": mandate.unit} if mandate.unit else {})


def _verified(context: Context, sub: str, data: dict[str, Any], grant: Grant, acting: Acting) -> dict[str, Any]:
    """The same as OpenID Connect for Identity Assurance writes it, with the ``authority`` of its extension."""
    names = {"name": "organization_name" if context.kind is PartyKind.ENTITY else "name"}
    applies_to = {names.get(name, name): value for name, value in data.items() if name not in ("el", "ial")}
    capacity = context.power.chain.capacity.value if context.power else "representative"
    themes = {"themes": [context.power.theme.code]} if context.power else {}
    return {
        "verification": {"trust_framework": TRUST_FRAMEWORK, "assurance_level": f"ial{grant.ial}"},
        "claims": {"ial": grant.ial, "aal": grant.aal},
        "authority": {
            "applies_to": {"sub": sub} | applies_to,
            "permission": [{"role": capacity} | themes],
            "granted_by": {"source": "mandate" if acting.mandate else "enterprise_register"},
        },
    }
