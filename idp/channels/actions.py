"""Adding channels, taking them out of use, and counting what comes by them.

Always true: a channel is never deleted, for its code stands in the trail; out of use it counts nothing any more.
"""

from collections.abc import Mapping
from typing import Any

from idp.audit import Event, record
from idp.channels.rules import Channel, Step
from idp.db import Statement, Transaction
from idp.web.locale import china_date

_COLUMNS = "code, kind, name_zh, name_en, region, disabled_at IS NULL"


def _channel(code: str, kind: str, name_zh: str, name_en: str, region: str, active: bool) -> Channel:
    return Channel(code, kind, name_zh, name_en, region, bool(active))


_ADD = Statement[Any](
    "INSERT INTO channel (code, kind, name_zh, name_en, region, created_at)"
    " VALUES (:code, :kind, :name_zh, :name_en, :region, :now) ON CONFLICT (code) DO NOTHING"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM channel WHERE code = :code", _channel)
_ALL = Statement(f"SELECT {_COLUMNS} FROM channel ORDER BY code", _channel)
_IN_USE = Statement("SELECT code FROM channel WHERE code = :code AND disabled_at IS NULL", str)
_DISABLE = Statement[Any]("UPDATE channel SET disabled_at = :now WHERE code = :code AND disabled_at IS NULL")
_ENABLE = Statement[Any]("UPDATE channel SET disabled_at = NULL WHERE code = :code AND disabled_at IS NOT NULL")
_COUNT = Statement[Any](
    "INSERT INTO channel_count (code, day, step, number) VALUES (:code, :day, :step, 1)"
    " ON CONFLICT (code, day, step) DO UPDATE SET number = channel_count.number + 1"
)
_SUMS = Statement[tuple[str, str, int]](
    "SELECT code, step, CAST(SUM(number) AS BIGINT) FROM channel_count WHERE day >= :since GROUP BY code, step"
)


def add(tx: Transaction, channel: Channel, *, now: int) -> bool:
    """False when there is one of this code already."""
    values = channel._asdict()
    del values["active"]
    if not tx.run(_ADD, **values, now=now):
        return False
    detail = {"kind": channel.kind, "region": channel.region}
    record(tx, Event.CHANNEL_ADDED, subject=channel.code, detail=detail, now=now)
    return True


def find(tx: Transaction, code: str) -> Channel | None:
    return tx.one(_FIND, code=code)


def all_channels(tx: Transaction) -> list[Channel]:
    return tx.all(_ALL)


def in_use(tx: Transaction, code: str) -> bool:
    return tx.one(_IN_USE, code=code) is not None


def switch(tx: Transaction, code: str, *, on: bool, now: int) -> bool:
    """Take a channel out of use, or back; False when it is so already, or not there."""
    if not (tx.run(_ENABLE, code=code) if on else tx.run(_DISABLE, code=code, now=now)):
        return False
    record(tx, Event.CHANNEL_CHANGED, subject=code, detail={"active": on}, now=now)
    return True


def count(tx: Transaction, code: str, step: Step, *, now: int) -> None:
    """One more. The caller does so late: who comes by the same channel at that moment waits for the commit."""
    tx.run(_COUNT, code=code, day=china_date(now).isoformat(), step=step)


def sums(tx: Transaction, *, since: str = "") -> Mapping[str, Mapping[Step, int]]:
    """By code what came by it, from the day ``since`` (``YYYY-MM-DD``) on; what did not happen is not in it."""
    found: dict[str, dict[Step, int]] = {}
    for code, step, number in tx.all(_SUMS, since=since):
        found.setdefault(code, {})[Step(step)] = number
    return found
