"""A department's file: a CSV table with a header, or one JSON object a line; UTF-8.

Always true: a line nobody can read is a fault, never the end of the file.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from idp.mapping.rules import COLUMNS, Fault
from idp.tables import SUFFIXES, Raw, Table, Unreadable

_REQUIRED = frozenset(COLUMNS) - {"document_type"}

Row = tuple[int, Mapping[str, Any] | Fault]


class NotATable(ValueError):
    """The file as a whole is not what is asked for; the message says why, and shows nothing of it."""


def open_table(path: Path) -> Table:
    """Raises `NotATable`."""
    form = SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise NotATable(f"the file's name ends in {', '.join(SUFFIXES)}")
    table = Table(path, form)
    if table.is_utf_16():
        raise NotATable("the file is UTF-16; save it as UTF-8")
    return table


def read_rows(path: Path) -> Iterator[Row]:
    """Number and content of each line that is not empty. Raises `NotATable`."""
    table = open_table(path)
    header = _header(table) if table.format == "csv" else None
    for raw in table.records():
        try:
            yield raw.number, table.facts(raw) if header is None else _row(header, table.cells(raw))
        except Unreadable:
            yield raw.number, Fault.UNREADABLE


def _header(table: Table) -> list[str]:
    head: Raw | None = table.head()
    try:
        names = [name.strip() for name in table.cells(head)] if head else []
    except Unreadable as unreadable:
        raise NotATable(f"the first line, which names the columns, is {unreadable.flaw}") from None
    if missing := sorted(_REQUIRED - set(names)):
        raise NotATable(f"the first line lacks the column {', '.join(missing)}")
    if twice := sorted(name for name in COLUMNS if names.count(name) > 1):
        raise NotATable(f"column {', '.join(twice)} stands there twice")
    return names


def _row(header: list[str], cells: list[str]) -> Mapping[str, Any] | Fault:
    return dict(zip(header, cells, strict=True)) if len(cells) == len(header) else Fault.UNREADABLE
