"""Applying for a capability, granting and withdrawing it, and counting its use.

Always true: what is in force changes together with the registry's version, so that every node knows within a second;
and a day's quota is spent by one conditional statement, over all nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from idp.audit import Event, record
from idp.clients.capabilities import Capability, CapabilityRefusal, Permit, PermitState, Terms
from idp.clients.rules import Client
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.state.versions import bump
from idp.web.locale import CHINA_TIME

VERSION = "clients"
STARTED, QUOTA = "started", "quota_used_up"
_COLUMNS = "id, client_id, capability, purpose, law, daily, state, applied_at, decided_at"


def _permit(
    key: str, client_id: str, capability: str, purpose: str, law: str, daily: int, state: str, applied: int,
    decided: int | None,
) -> Permit:  # fmt: skip
    terms = Terms(Capability(capability), orjson.loads(purpose), law, daily)
    return Permit(key, client_id, terms, PermitState(state), applied, decided)


_APPLY = Statement[Any](
    "INSERT INTO capability_permit (id, client_id, capability, purpose, law, daily, state, applied_at)"
    " VALUES (:id, :client, :capability, :purpose, :law, :daily, 'applied', :now)"
    " ON CONFLICT (client_id, capability, state) WHERE state IN ('applied', 'granted') DO NOTHING"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM capability_permit WHERE id = :id", _permit)
_OF_CLIENT = Statement(
    f"SELECT {_COLUMNS} FROM capability_permit WHERE client_id = :client ORDER BY applied_at DESC, id DESC", _permit
)
_IN_FORCE = Statement(f"SELECT {_COLUMNS} FROM capability_permit WHERE state = 'granted'", _permit)
_MOVE = Statement(
    "UPDATE capability_permit SET state = :after, decided_at = :now WHERE id = :id AND state = :before RETURNING id",
    str,
)
_REPLACE = Statement(
    "UPDATE capability_permit SET state = :after, decided_at = :now"
    " WHERE client_id = :client AND capability = :capability AND state = 'granted' RETURNING id",
    str,
)
_SPEND = Statement(
    "INSERT INTO capability_use (client_id, capability, day, result, count)"
    " VALUES (:client, :capability, :day, :result, 1) ON CONFLICT (client_id, capability, day, result)"
    " DO UPDATE SET count = capability_use.count + 1 WHERE capability_use.count < :most RETURNING count",
    int,
)
_NO_LIMIT = 1 << 53


@dataclass(frozen=True, slots=True)
class Use:
    """How often something came of a capability on one day (``YYYY-MM-DD``, in China)."""

    capability: str
    day: str
    result: str
    count: int


_USES = Statement(
    "SELECT capability, day, result, count FROM capability_use WHERE client_id = :client AND day >= :since"
    " ORDER BY day DESC, capability, result",
    Use,
)
_PURGE = Statement[Any]("DELETE FROM capability_use WHERE day < :before")


def in_force(tx: Transaction) -> Mapping[str, Mapping[Capability, Permit]]:
    """What is granted, by client."""
    found: dict[str, dict[Capability, Permit]] = {}
    for permit in tx.all(_IN_FORCE):
        found.setdefault(permit.client_id, {})[permit.terms.capability] = permit
    return found


def find(tx: Transaction, key: str) -> Permit | None:
    return tx.one(_FIND, id=key)


def of_client(tx: Transaction, client_id: str) -> list[Permit]:
    """All there ever were, newest first."""
    return tx.all(_OF_CLIENT, client=client_id)


def apply(tx: Transaction, client: Client, terms: Terms, *, actor: str | None, now: int) -> str | CapabilityRefusal:
    """Apply for a capability; the permit's id. One application at a time stands open for each."""
    if not client.confidential:  # anybody can be a public client
        return CapabilityRefusal.NOT_CONFIDENTIAL
    key = new_id("cpm")
    written = tx.run(
        _APPLY,
        id=key,
        client=client.client_id,
        capability=terms.capability,
        purpose=orjson.dumps(dict(terms.purpose)).decode(),
        law=terms.law,
        daily=terms.daily,
        now=now,
    )
    if written != 1:
        return CapabilityRefusal.APPLIED_ALREADY
    _record(tx, Event.CAPABILITY_APPLIED, client.client_id, terms.capability, key, actor=actor, now=now)
    return key


def grant(tx: Transaction, permit: Permit, *, actor: str, now: int) -> bool:
    """Put an application in force, in place of the permit before; False when it was decided on meanwhile."""
    terms, asked = permit.terms, PermitState.APPLIED
    if not tx.one(_MOVE, id=permit.id, before=asked, after=asked, now=now):  # nobody else decides from here on
        return False
    tx.one(_REPLACE, client=permit.client_id, capability=terms.capability, after=PermitState.REPLACED, now=now)
    tx.one(_MOVE, id=permit.id, before=asked, after=PermitState.GRANTED, now=now)
    bump(tx, VERSION)
    _record(tx, Event.CAPABILITY_GRANTED, permit.client_id, terms.capability, permit.id, actor=actor, now=now)
    return True


def refuse(tx: Transaction, permit: Permit, *, actor: str | None, because: str | None = None, now: int) -> bool:
    """``because``: the id of the stated reason. False when it was decided on meanwhile."""
    if not tx.one(_MOVE, id=permit.id, before=PermitState.APPLIED, after=PermitState.REFUSED, now=now):
        return False
    client_id, capability = permit.client_id, permit.terms.capability
    _record(tx, Event.CAPABILITY_REFUSED, client_id, capability, permit.id, actor=actor, because=because, now=now)
    return True


def withdraw(
    tx: Transaction,
    client_id: str,
    capability: Capability,
    *,
    actor: str | None,
    because: str | None = None,
    now: int,
) -> bool:
    """End what is in force, on every node within a second; False when nothing is."""
    key = tx.one(_REPLACE, client=client_id, capability=capability, after=PermitState.WITHDRAWN, now=now)
    if key is None:
        return False
    bump(tx, VERSION)
    _record(tx, Event.CAPABILITY_WITHDRAWN, client_id, capability, key, actor=actor, because=because, now=now)
    return True


def spend(tx: Transaction, permit: Permit, *, now: int) -> int | None:
    """Take one use out of the day's quota; when there is none left, the seconds until there is."""
    client_id, capability = permit.client_id, permit.terms.capability
    if _add(tx, client_id, capability, STARTED, most=permit.terms.daily, now=now):
        return None
    _add(tx, client_id, capability, QUOTA, now=now)
    midnight = datetime.fromtimestamp(now, CHINA_TIME).replace(hour=0, minute=0, second=0, microsecond=0)
    return int((midnight + timedelta(days=1)).timestamp()) - now


def meter(tx: Transaction, client_id: str, capability: Capability, result: str, *, now: int) -> None:
    """``result``: one of few words of ours."""
    _add(tx, client_id, capability, result, now=now)


def uses(tx: Transaction, client_id: str, *, days: int, now: int) -> list[Use]:
    """Of the last ``days`` days, newest first."""
    return tx.all(_USES, client=client_id, since=_day(now - (days - 1) * 86400))


def purge_uses(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=_day(before))


def _add(
    tx: Transaction, client_id: str, capability: Capability, result: str, *, most: int = _NO_LIMIT, now: int
) -> bool:
    spent = tx.one(_SPEND, client=client_id, capability=capability, day=_day(now), result=result, most=most)
    return spent is not None


def _day(now: int) -> str:
    return datetime.fromtimestamp(now, CHINA_TIME).date().isoformat()


def _record(
    tx: Transaction,
    event: Event,
    client_id: str,
    capability: Capability,
    key: str,
    *,
    actor: str | None,
    because: str | None = None,
    now: int,
) -> None:
    detail = {"capability": capability.value, "permit": key} | ({"because": because} if because else {})
    record(tx, event, actor=actor, client=client_id, subject=client_id, detail=detail, now=now)
