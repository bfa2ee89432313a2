"""Reading the trail: the export as JSON lines, and what one person did and what was done to them.

Always true: nothing here writes; rows are read in pieces of a fixed size.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple

import orjson

from idp.audit.rules import DAY, Entry, chain_day
from idp.db import Database, Statement, Transaction

_COLUMNS = ", ".join(Entry._fields)
# A chain lives for one UTC day: the day in its name bounds what has to be read, without an index on the time.
_EXPORT = Statement(
    f"SELECT {_COLUMNS} FROM audit_event WHERE (chain, seq) > (:chain, :seq) AND chain < :end"
    " AND at >= :since AND at < :until ORDER BY chain, seq LIMIT 2000",
    Entry,
)
_ACTIVITY = Statement(
    f"SELECT {_COLUMNS} FROM audit_event WHERE actor = :party AND (at, chain, seq) < (:at, :chain, :seq)"
    f" UNION SELECT {_COLUMNS} FROM audit_event WHERE subject = :party AND (at, chain, seq) < (:at, :chain, :seq)"
    " ORDER BY at DESC, chain DESC, seq DESC LIMIT :limit",
    Entry,
)
_AT = Statement(
    f"SELECT {_COLUMNS} FROM audit_event WHERE chain = :chain AND seq = :seq AND at = :at"
    " AND :party IN (actor, subject)",
    Entry,
)
_END_OF_TIME = 253_402_300_799


class Place(NamedTuple):
    """Where a record stands among all: no two share one."""

    at: int
    chain: str
    seq: int


LATEST = Place(_END_OF_TIME, "", 0)
"""Before which everything stands."""


def export_lines(database: Database, *, since: int | None = None, until: int | None = None) -> Iterator[str]:
    """Records of ``since`` <= at < ``until`` (Unix seconds), chain by chain, each a JSON object with its MACs in hex.

    Raises `DatabaseUnavailable`.
    """
    chain, seq = chain_day(since - DAY) if since else "", -1
    end = chain_day(until + DAY) + "z" if until else "9"
    while True:
        with database.autocommit() as tx:
            batch = tx.all(_EXPORT, chain=chain, seq=seq, end=end, since=since or 0, until=until or _END_OF_TIME)
        if not batch:
            return
        for row in batch:
            yield orjson.dumps(row._asdict(), default=bytes.hex).decode()
        chain, seq = batch[-1].chain, batch[-1].seq


def activity(tx: Transaction, party_id: str, *, before: Place = LATEST, limit: int) -> list[Entry]:
    """The latest records that ``party_id`` is actor or subject of and that stand ``before``, newest first."""
    return tx.all(_ACTIVITY, party=party_id, **before._asdict(), limit=limit)


def entry_at(tx: Transaction, party_id: str, place: Place) -> Entry | None:
    """The record at ``place``, if ``party_id`` is its actor or subject."""
    return tx.one(_AT, party=party_id, **place._asdict())


class Filter(NamedTuple):
    """What records are looked for; an empty part asks for nothing. ``since`` <= at < ``until``, Unix seconds."""

    since: int
    until: int
    actor: str = ""
    subject: str = ""
    event: str = ""


# Either index leads with the party and goes on with the time. Without a party the day in the chain's name bounds it.
_PARTS = {"actor": "actor = :actor", "subject": "subject = :subject", "event": "event = :event"}


def _search(asked: tuple[str, ...]) -> Statement[Entry]:
    conditions = " AND ".join([_PARTS[name] for name in asked] + ["at >= :since AND at < :until"])
    bounds = "" if {"actor", "subject"} & set(asked) else " AND chain >= :first AND chain < :last"
    return Statement(
        f"SELECT {_COLUMNS} FROM audit_event WHERE {conditions}{bounds} AND (at, chain, seq) < (:at, :chain, :seq)"
        " ORDER BY at DESC, chain DESC, seq DESC LIMIT :limit",
        Entry,
    )


_SEARCHES = {asked: _search(asked) for size in range(len(_PARTS) + 1) for asked in combinations(_PARTS, size)}


def search(tx: Transaction, wanted: Filter, *, before: Place = LATEST, limit: int) -> list[Entry]:
    """The records of ``wanted`` that stand ``before``, newest first."""
    asked = tuple(name for name in _PARTS if getattr(wanted, name))
    days = {"first": chain_day(wanted.since - DAY), "last": chain_day(wanted.until + DAY) + "z"}
    return tx.all(_SEARCHES[asked], **wanted._asdict(), **days, **before._asdict(), limit=limit)
