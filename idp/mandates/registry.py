"""The themes of this installation: imported from files, held in process, retired.

Always true: a version that was once imported keeps its words for ever; only the newest one that is not retired is
given out, and each mandate is judged by the version it was given in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from idp.audit import Event, record
from idp.db import Database, Statement, Transaction
from idp.mandates.themes import Faulty, Theme, declaration, parse_theme
from idp.state.versions import Versioned, bump

VERSION = "mandate-themes"


class _Row(NamedTuple):
    declaration: str
    retired_at: int | None


_ALL = Statement("SELECT declaration, retired_at FROM mandate_theme", _Row)
_ONE = Statement("SELECT declaration FROM mandate_theme WHERE code = :code AND version = :version", str)
_ADD = Statement[int](
    "INSERT INTO mandate_theme (code, version, declaration, imported_at) VALUES (:code, :version, :declaration, :now)"
    " ON CONFLICT (code, version) DO NOTHING",
    int,
)
_RETIRE = Statement[int]("UPDATE mandate_theme SET retired_at = :now WHERE code = :code AND retired_at IS NULL", int)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """``current``: by code, what can be given; ``every``: by code and version, what was ever given."""

    current: Mapping[str, Theme]
    every: Mapping[tuple[str, int], Theme]


class Themes:
    """At most a second old. Methods may raise `DatabaseUnavailable`."""

    def __init__(self, database: Database) -> None:
        self._catalogue = Versioned(database, VERSION, _load)

    def current(self, code: str) -> Theme | None:
        """The version that mandates are given in now."""
        return self._catalogue.get().current.get(code)

    def of(self, code: str, version: int) -> Theme | None:
        return self._catalogue.get().every.get((code, version))

    def all(self) -> list[Theme]:
        """Those that can be given, by code."""
        found = self._catalogue.get().current
        return [found[code] for code in sorted(found)]

    def serving(self, service: str) -> Theme | None:
        """The current theme that a service code hangs under."""
        return next((theme for theme in self.all() if any(one.code == service for one in theme.services)), None)

    def expire(self) -> None:
        """Ask the database at the next use."""
        self._catalogue.expire()


def _load(tx: Transaction) -> Catalogue:
    every: dict[tuple[str, int], Theme] = {}
    current: dict[str, Theme] = {}
    for row in tx.all(_ALL):
        theme = parse_theme(orjson.loads(row.declaration))
        if isinstance(theme, Faulty):
            continue  # written valid; one made invalid by an upgrade is nobody's power
        every[theme.code, theme.version] = theme
        newest = current.get(theme.code)
        if row.retired_at is None and (newest is None or newest.version < theme.version):
            current[theme.code] = theme
    return Catalogue(current, every)


def import_themes(tx: Transaction, tables: Iterable[Mapping[str, object]], *, now: int) -> int | Faulty:
    """Add every version that is new; how many. All or nothing: with a fault the caller rolls back."""
    faults, added = [], 0
    services: dict[str, str] = {}
    for number, table in enumerate(tables, 1):
        theme = parse_theme(table)
        if isinstance(theme, Faulty):
            faults += [f"theme {number}: {fault}" for fault in theme.faults]
            continue
        for service in theme.services:
            if services.setdefault(service.code, theme.code) != theme.code:
                faults.append(f"theme {number}: service {service.code} hangs under {services[service.code]} already")
        added += _add(tx, theme, faults, now)
    if faults:
        return Faulty(tuple(faults))
    if added:
        bump(tx, VERSION)
    return added


def _add(tx: Transaction, theme: Theme, faults: list[str], now: int) -> bool:
    stored = orjson.dumps(declaration(theme), option=orjson.OPT_SORT_KEYS).decode()
    held = tx.one(_ONE, code=theme.code, version=theme.version)
    if held is not None and held != stored:
        faults.append(f"{theme.code} version {theme.version} says something else already: give it a new version")
    if held is not None or not tx.run(_ADD, code=theme.code, version=theme.version, declaration=stored, now=now):
        return False
    record(tx, Event.THEME_IMPORTED, detail={"theme": theme.code, "version": theme.version}, now=now)
    return True


def retire(tx: Transaction, code: str, *, now: int) -> bool:
    """Nothing new is given in any version of it; what was given stays. Whether there was one."""
    if not tx.run(_RETIRE, code=code, now=now):
        return False
    record(tx, Event.THEME_RETIRED, detail={"theme": code}, now=now)
    bump(tx, VERSION)
    return True
