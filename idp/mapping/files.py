"""Reading a department's file line by line: a CSV table with a header, or one JSON object a line; UTF-8.

Always true: no more than one line is held, and a line nobody can read is a fault, never the end of the file.
"""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

import orjson

from idp.mapping.rules import COLUMNS, Fault

_LONGEST = 16_384
"""Characters of a line; what is longer is cut, and then no link."""
_REQUIRED = frozenset(COLUMNS) - {"document_type"}
KINDS = (".csv", ".jsonl", ".ndjson")

Row = tuple[int, Mapping[str, Any] | Fault]


class NotATable(ValueError):
    """The file as a whole is not what is asked for; the message says why."""


def digest_of(path: Path) -> str:
    """SHA-256 of the file, in hex: the same file again is the same import."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_rows(path: Path) -> Iterator[Row]:
    """Number and content of each line that is not empty. Raises `NotATable`."""
    if path.suffix.lower() not in KINDS:
        raise NotATable(f"the file's name ends in {', '.join(KINDS)}")
    # what is not UTF-8 becomes characters that no name and no number may have
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        yield from _read_table(file) if path.suffix.lower() == ".csv" else _read_objects(file)


def _read_table(file: TextIO) -> Iterator[Row]:
    """No cell has a line break in it, so a quotation mark left open spoils its own line only."""
    lines = _lines(file)
    header = [name.strip() for name in _cells(next(lines, "")) or ()]
    if missing := sorted(_REQUIRED - set(header)):
        raise NotATable(f"the first line lacks the column {', '.join(missing)}")
    for number, line in enumerate(lines, 2):
        if not line.strip():
            continue
        cells = _cells(line)
        yield number, dict(zip(header, cells, strict=False)) if len(cells) == len(header) else Fault.UNREADABLE


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return []


def _read_objects(file: TextIO) -> Iterator[Row]:
    for number, line in enumerate(_lines(file), 1):
        if not line.strip():
            continue
        try:
            found = orjson.loads(line)
        except ValueError:
            found = None
        yield number, found if isinstance(found, dict) else Fault.UNREADABLE


def _lines(file: TextIO) -> Iterator[str]:
    """The lines, each cut where it is longer than any line that says something."""
    while line := file.readline(_LONGEST):
        while not line.endswith("\n") and (more := file.readline(_LONGEST)):
            if more.endswith("\n"):
                break
        yield line if line.endswith("\n") else line + "\n"
