"""A file of old accounts: its columns, and what each of its lines says.

Always true: a file in which anything is called like a password is seen through before a line of it is taken.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from idp.activation.lines import BadColumns, Reason, Unfit, column, header
from idp.tables import Raw, Seen, Table, Unreadable


@dataclass(frozen=True, slots=True)
class Source:
    """``platform``: whose accounts they are, where a line does not say. Its ``digest``: see `idp.tables.Seen`."""

    table: Table
    platform: str | None
    digest: str
    columns: tuple[str, ...]
    """Of CSV, in order."""

    def lines(self, position: int, number: int) -> Iterator[Raw]:
        """The lines behind ``position``, where ``number`` lines have been read; the head of a CSV is none of them."""
        return self.table.records(position, number)

    def fields(self, raw: Raw) -> Mapping[str, str]:
        """Column -> text. Raises `Unfit`."""
        try:
            if self.table.format == "jsonl":
                return _texts(self.table.facts(raw))
            values = self.table.cells(raw)
        except Unreadable as unreadable:
            raise Unfit(Reason(unreadable.flaw)) from None
        if len(values) != len(self.columns):
            raise Unfit(Reason.MALFORMED)
        return dict(zip(self.columns, values, strict=True))


def open_source(table: Table, *, platform: str | None, progress: Callable[[int], object]) -> Source:
    """The file, seen through once: what it is called by, and that nothing in it looks like a password.

    ``progress`` is told of bytes seen. Raises `BadColumns`, ``OSError``.
    """
    if table.is_utf_16():
        raise BadColumns("the file is UTF-16; save it as UTF-8")
    seen = Seen(table, also=platform or "")
    columns: tuple[str, ...] | None = None

    def look(part: bytes) -> None:
        seen.update(part)
        progress(len(part))

    for raw in table.lines(on_read=look):
        if table.format == "jsonl":
            _look_at_keys(table, raw)
        elif columns is None:
            columns = tuple(_head(table, raw, platform))
    if table.format == "csv" and columns is None:
        raise BadColumns("the file is empty: its first line names the columns")
    return Source(table, platform, seen.digest, columns or ())


def _head(table: Table, raw: Raw, platform: str | None) -> list[str]:
    try:
        names = table.cells(raw)
    except Unreadable as unreadable:
        raise BadColumns(f"the first line, which names the columns, is {unreadable.flaw}") from None
    return header(names, platform=platform)


def _look_at_keys(table: Table, raw: Raw) -> None:
    """Raises `BadColumns` when a line has a password."""
    try:
        for name in table.facts(raw):
            column(name)
    except Unreadable:
        return  # it is not taken later on


def _texts(facts: Mapping[str, object]) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for name, value in facts.items():
        known = column(name)
        if known is None:
            raise Unfit(Reason.UNKNOWN_COLUMN)
        if known in fields or not (value is None or type(value) in (str, int)):
            raise Unfit(Reason.MALFORMED)
        fields[known] = "" if value is None else str(value)
    return fields
