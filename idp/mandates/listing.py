"""Mandates as lists for the two parties: given and held, living and ended, newest first.

Always true: an agent finds nothing that the other side has not signed, so that a request to somebody who is not
there looks like one to somebody who has not answered.
"""

from collections.abc import Mapping
from typing import NamedTuple

from idp.db import Statement, Transaction
from idp.mandates import reading
from idp.mandates.rules import OPEN, Mandate, State

GROUPS: Mapping[str, frozenset[State]] = {
    "all": frozenset(State),
    "open": OPEN,
    "active": frozenset({State.ACTIVE}),
    "suspended": frozenset({State.SUSPENDED}),
    "ended": frozenset(State) - OPEN - {State.ACTIVE, State.SUSPENDED},
}
"""What a list may be narrowed to."""


class Place(NamedTuple):
    """Where in a list somebody is; lists go on behind it."""

    created_at: int
    id: str


NEWEST = Place(1 << 62, "")
_BEFORE = "(created_at < :at OR (created_at = :at AND id < :id)) ORDER BY created_at DESC, id DESC LIMIT :most"
_PLACE = "SELECT created_at, id FROM mandate WHERE"


def _given(group: str) -> "Statement[Place]":
    return Statement(
        f"{_PLACE} principal_id = :party AND (:theme = '' OR theme = :theme) AND {_state(group)} AND {_BEFORE}", Place
    )


def _held(group: str) -> "Statement[Place]":
    mine = "(agent_id = :party OR (agent_id IS NULL AND addressee_blind = :blind))"
    return Statement(f"{_PLACE} {mine} AND signed_at IS NOT NULL AND {_state(group)} AND {_BEFORE}", Place)


def _state(group: str) -> str:
    return "state IN ({})".format(", ".join(f"'{state}'" for state in sorted(GROUPS[group])))


_GIVEN = {group: _given(group) for group in GROUPS}
_HELD = {group: _held(group) for group in GROUPS}


def given(
    tx: Transaction, party: str, *, theme: str = "", group: str = "all", before: Place = NEWEST, most: int
) -> list[Place]:
    """What the party has given or was asked for. ``theme``: empty for every one."""
    return tx.all(_GIVEN[group], party=party, theme=theme, at=before.created_at, id=before.id, most=most)


def held(
    tx: Transaction, party: str, *, blind: bytes, group: str = "all", before: Place = NEWEST, most: int
) -> list[Place]:
    """What the party was given, signed. ``blind``: of its number, by which it is found before it has looked."""
    return tx.all(_HELD[group], party=party, blind=blind, at=before.created_at, id=before.id, most=most)


def by_id(tx: Transaction, place: Place) -> tuple[Mandate, reading.Particulars]:
    """The row of a place in a list. Raises ``LookupError`` for one that is gone, which none ever is."""
    mandate, kept = reading.find(tx, place.id), reading.particulars(tx, place.id)
    if mandate is None or kept is None:
        raise LookupError(place.id)
    return mandate, kept
