"""Mandates as rows: loaded as values, by party, by theme, and as all that a decision about somebody's power needs.

Always true: nothing here writes, and what was read says nothing about the next moment.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from idp.db import Dialect, Statement, Transaction
from idp.mandates.rules import LIVING, Kind, Mandate, State
from idp.mandates.scopes import Scope

FIELDS = (
    "id, kind, principal_id, agent_id, represented_id, theme, theme_version, scope, state, valid_from, valid_to,"
    " in_force_at, parent_id, may_delegate, unit"
)
LIVING_STATES = ", ".join(f"'{state}'" for state in sorted(LIVING))


@lru_cache(maxsize=4096)
def _scope(text: str) -> Scope:
    return Scope.read(orjson.loads(text))


def mandate_of(*row: Any) -> Mandate:
    (
        id_,
        kind,
        principal,
        agent,
        represented,
        theme,
        version,
        scope,
        state,
        since,
        until,
        begins,
        parent,
        delegates,
        unit,
    ) = row
    return Mandate(
        id=id_,
        kind=Kind(kind),
        principal=principal,
        agent=agent or "",
        represented=represented,
        theme=theme,
        theme_version=version,
        scope=_scope(scope),
        state=State(state),
        valid_from=since,
        valid_to=until,
        in_force_at=begins,
        parent=parent,
        may_delegate=bool(delegates),
        unit=unit,
    )


class Particulars(NamedTuple):
    """What the parties see of a mandate beside what decisions need. Times: Unix seconds."""

    requested_by: str
    created_at: int
    signed_at: int | None
    accept_by: int | None
    waived: int
    struck: str
    ended_at: int | None
    end_reason: str | None
    replaces_id: str | None
    text_hash: str
    sealed: bytes | None
    """None once it is kept no longer."""


_ONE = Statement(f"SELECT {FIELDS} FROM mandate WHERE id = :id", mandate_of)
_HOLD: dict[Dialect, Statement[Mandate]] = {
    "sqlite": _ONE,  # writers stand in line from their first statement on
    "postgresql": Statement(f"SELECT {FIELDS} FROM mandate WHERE id = :id FOR NO KEY UPDATE", mandate_of),
}
_PARTICULARS = Statement(f"SELECT {', '.join(Particulars._fields)} FROM mandate WHERE id = :id", Particulars)
_GIVEN = Statement(
    f"SELECT {FIELDS} FROM mandate WHERE principal_id = :party AND state IN ({LIVING_STATES})"
    " ORDER BY created_at, id",
    mandate_of,
)
_HELD = Statement(
    f"SELECT {FIELDS} FROM mandate WHERE agent_id = :party AND state IN ({LIVING_STATES}) ORDER BY created_at, id",
    mandate_of,
)
_USABLE = Statement(
    f"SELECT {FIELDS} FROM mandate WHERE state = 'active'"
    " AND (agent_id = :person OR (parent_id IS NULL AND agent_id IN"
    " (SELECT entity_id FROM entity_role WHERE person_id = :person AND state = 'confirmed' AND ended_at IS NULL)))"
    " ORDER BY represented_id, theme, id LIMIT :most",
    mandate_of,
)
_CHILDREN = Statement(
    f"SELECT {FIELDS} FROM mandate WHERE parent_id = :parent AND state IN ({LIVING_STATES}) ORDER BY id", mandate_of
)
_ACTIVE = "theme = :theme AND state = 'active'"
_OWN = f"agent_id = :agent AND represented_id = :represented AND {_ACTIVE}"
_THERE = (
    "EXISTS (SELECT 1 FROM party p LEFT JOIN legal_entity l ON l.party_id = p.id WHERE p.id = mandate.agent_id"
    " AND p.status = 'active' AND COALESCE(l.status, 'active') = 'active')"
)
# Three small index ranges, however many mandates either has: what ends at the agent, the agencies' own that stand
# before it, and those of an agency whose representative the agent is.
_BETWEEN = Statement(
    f"SELECT {FIELDS} FROM mandate WHERE {_OWN} AND {_THERE}"
    f" UNION ALL SELECT {FIELDS} FROM mandate WHERE id IN (SELECT parent_id FROM mandate WHERE {_OWN})"
    f" AND {_THERE}"
    f" UNION ALL SELECT {FIELDS} FROM mandate WHERE represented_id = :represented AND {_ACTIVE} AND agent_id IN"
    f" (SELECT entity_id FROM entity_role WHERE person_id = :agent AND state = 'confirmed') AND {_THERE}",
    mandate_of,
)


def sealed_at(mandate_id: str) -> str:
    """The context that `Particulars.sealed` is bound to."""
    return f"mandate.sealed:{mandate_id}"


def find(tx: Transaction, mandate_id: str) -> Mandate | None:
    return tx.one(_ONE, id=mandate_id)


def hold(tx: Transaction, mandate_id: str) -> Mandate | None:
    """The same, and nobody else changes it before the transaction ends."""
    return tx.one(_HOLD[tx.dialect], id=mandate_id)


def particulars(tx: Transaction, mandate_id: str) -> Particulars | None:
    return tx.one(_PARTICULARS, id=mandate_id)


def given_by(tx: Transaction, party_id: str) -> list[Mandate]:
    """Every living mandate that the party has given, oldest first."""
    return tx.all(_GIVEN, party=party_id)


def held_by(tx: Transaction, party_id: str) -> list[Mandate]:
    """Every living mandate that the party has been given, oldest first."""
    return tx.all(_HELD, party=party_id)


def usable_by(tx: Transaction, person: str, *, most: int) -> list[Mandate]:
    """Active ones that end at the person, or at an agency they speak for."""
    return tx.all(_USABLE, person=person, most=most)


def under(tx: Transaction, parent_id: str) -> list[Mandate]:
    """The living second links of an agency's mandate."""
    return tx.all(_CHILDREN, parent=parent_id)


def ask_between(tx: Transaction, *, agent: str, represented: str, theme: str) -> Callable[[], list[Mandate]]:
    """All that a chain from ``represented`` to ``agent`` in one theme can be made of, but for what was given to who
    is there no more; in one statement, in the round trip of whatever follows.
    """
    return tx.ask(_BETWEEN, agent=agent, represented=represented, theme=theme)


def between(tx: Transaction, *, agent: str, represented: str, theme: str) -> list[Mandate]:
    return ask_between(tx, agent=agent, represented=represented, theme=theme)()
