"""Files that others made, CSV or JSON Lines, read line by line from any place in them.

Always true: a record is one line, no more than `LONGEST` bytes of a line are ever in memory, and a line nobody can
read costs no other line.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import orjson

LONGEST = 64 * 1024
SUFFIXES: "Mapping[str, Format]" = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
Format = Literal["csv", "jsonl"]
Encoding = Literal["utf-8", "gb18030"]


class Flaw(StrEnum):
    """Why a line cannot be read."""

    TOO_LONG = "too_long"
    ENCODING = "encoding"
    MALFORMED = "malformed"
    """No record of the file's format."""


class Unreadable(Exception):
    """A line is not to be read, for its ``flaw``."""

    def __init__(self, flaw: Flaw) -> None:
        super().__init__(flaw.value)
        self.flaw = flaw


class Raw(NamedTuple):
    """One line that is not blank. ``end``: offset behind it; ``text``: None when it is too long."""

    number: int
    end: int
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Held:
    """A file that was sent and is kept nowhere."""

    content: bytes = field(repr=False)

    def open(self, _mode: Literal["rb"], /) -> BinaryIO:
        return BytesIO(self.content)


@dataclass(frozen=True, slots=True)
class Table:
    """A file. Of CSV the first line that is not blank names the columns."""

    path: Path | Held
    format: Format
    encoding: Encoding = "utf-8"

    def is_utf_16(self) -> bool:
        """What spreadsheets make of "Unicode text"; nothing here reads it."""
        with self.path.open("rb") as file:
            return file.read(2) in _UTF_16

    def head(self) -> Raw | None:
        """The line that names the columns of a CSV; None in an empty file."""
        return next(self.lines(), None)

    def records(self, position: int = 0, number: int = 0) -> Iterator[Raw]:
        """The lines behind ``position``, where ``number`` lines have been read; the head of a CSV is none of them."""
        if position == 0 and self.format == "csv" and (head := self.head()):
            position, number = head.end, head.number
        return self.lines(position, number)

    def lines(
        self, position: int = 0, number: int = 0, *, on_read: Callable[[bytes], object] = lambda _: None
    ) -> Iterator[Raw]:
        """The same with the head. ``on_read`` is given every byte read."""
        with self.path.open("rb") as file:
            file.seek(position)
            yield from _lines(file, number, on_read)

    def cells(self, raw: Raw) -> list[str]:
        """Of CSV. A quotation mark left open spoils its own line only. Raises `Unreadable`."""
        try:
            return next(csv.reader((self._text(raw),), strict=True))
        except csv.Error:
            raise Unreadable(Flaw.MALFORMED) from None

    def facts(self, raw: Raw) -> Mapping[str, object]:
        """Of JSON Lines. Raises `Unreadable`."""
        try:
            found = orjson.loads(self._text(raw))
        except orjson.JSONDecodeError:
            raise Unreadable(Flaw.MALFORMED) from None
        if not isinstance(found, dict):
            raise Unreadable(Flaw.MALFORMED)
        return found

    def _text(self, raw: Raw) -> str:
        if raw.text is None:
            raise Unreadable(Flaw.TOO_LONG)
        try:
            return (raw.text.removeprefix(_BOM) if raw.number == 1 else raw.text).decode(self.encoding)
        except UnicodeDecodeError:
            raise Unreadable(Flaw.ENCODING) from None


class Seen:
    """What a file is called by: SHA-256 of how it is read and of all its bytes, in hex.

    Whoever stores it keys it: of a file of one line it would tell the line to whoever can guess it.
    """

    def __init__(self, table: Table, *, also: str = "") -> None:
        self._hash = hashlib.sha256(f"{table.format} {table.encoding} {also}\n".encode())

    def update(self, part: bytes) -> None:
        self._hash.update(part)

    @property
    def digest(self) -> str:
        return self._hash.hexdigest()


def digest_of(table: Table) -> str:
    """See `Seen`."""
    seen = Seen(table)
    for _ in table.lines(on_read=seen.update):
        pass
    return seen.digest


def _lines(file: BinaryIO, number: int, on_read: Callable[[bytes], object]) -> Iterator[Raw]:
    end = file.tell()
    while text := file.readline(LONGEST + 1):
        on_read(text)
        number, end = number + 1, end + len(text)
        too_long = len(text) > LONGEST
        while too_long and not text.endswith(b"\n") and (text := file.readline(LONGEST)):
            on_read(text)
            end += len(text)
        if too_long or text.strip():
            yield Raw(number, end, None if too_long else text.rstrip(b"\r\n"))
