"""How it stands with every revocation list: for the console, the metrics and the command line.

Always true: an address that gave nothing stands there as well as a list nobody fetches.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from idp.db import Database, DatabaseUnavailable, Transaction
from idp.issuers.actions import all_issuers, held_lists, sources
from idp.issuers.rules import HeldList, ListState, Source, effective_grace, held_state, source_state
from idp.settings.certificates import Certificates
from idp.web.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ListStatus:
    """``source``: None for a list that was brought by hand; ``held``: None where there is none."""

    issuer_id: str
    source: Source | None
    held: HeldList | None
    state: ListState

    @property
    def key(self) -> str:
        """What it is called in metrics: the issuer, and the address or the list."""
        named = self.source or self.held
        return f"{self.issuer_id}/{named.id if named else ''}"


def statuses(tx: Transaction, settings: Certificates, *, now: int) -> list[ListStatus]:
    """In the order of the issuers."""
    graces = {
        one.id: effective_grace(one.declared.grace, stale=settings.stale, most=settings.most_grace)
        for one in all_issuers(tx)
    }
    lists, found = {one.id: one for one in held_lists(tx)}, sources(tx)
    told = []
    for source in found:
        held = lists.get(source.list_id or "")
        state = source_state(source, held, grace=graces[source.issuer_id], now=now)
        told.append(ListStatus(source.issuer_id, source, held, state))
    fetched = {source.list_id for source in found}
    for held in lists.values():
        if held.id not in fetched:
            state = held_state(held.next_update, grace=graces[held.issuer_id], now=now)
            told.append(ListStatus(held.issuer_id, None, held, state))
    return sorted(told, key=lambda one: one.issuer_id)


def watch_lists(metrics: Metrics, database: Database, settings: Certificates) -> None:
    """Gauges of every list; none of them while the database is away."""

    def each(measure: Callable[[ListStatus, int], float]) -> Callable[[], Mapping[str, float]]:
        def values() -> Mapping[str, float]:
            now = int(time.time())
            return {one.key: measure(one, now) for one in _read(database, settings, now)}

        return values

    def by_state() -> Mapping[str, float]:
        counted = Counter(one.state for one in _read(database, settings, int(time.time())))
        return {state.value: counted[state] for state in ListState}

    for name, about, measure in (
        (
            "seconds_left",
            "Seconds until the next update of a revocation list is due, negative once it is past",
            _left,
        ),
        ("age_seconds", "Seconds since a revocation list was made by its issuer", _age),
        ("entries", "Serial numbers in a revocation list", _entries),
    ):
        metrics.watch_each(f"idp_revocation_list_{name}", about, "list", each(measure))
    metrics.watch_each("idp_revocation_lists", "Revocation lists, and addresses without one", "state", by_state)


def _left(one: ListStatus, now: int) -> float:
    return one.held.next_update - now if one.held else math.nan


def _age(one: ListStatus, now: int) -> float:
    return now - one.held.this_update if one.held else math.nan


def _entries(one: ListStatus, _now: int) -> float:
    return one.held.entries if one.held else math.nan


def _read(database: Database, settings: Certificates, now: int) -> list[ListStatus]:
    try:
        with database.autocommit() as tx:
            return statuses(tx, settings, now=now)
    except DatabaseUnavailable:
        return []
