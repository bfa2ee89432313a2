"""Reading a file of old accounts, CSV or JSON Lines, line by line from any place in it.

Always true: a record is one line, and no more than `LONGEST` bytes of a line are ever in memory.
"""

import csv
import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

import orjson

from idp.activation.lines import BadColumns, Reason, Unfit, column, header

LONGEST = 64 * 1024
_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
Format = Literal["csv", "jsonl"]
Encoding = Literal["utf-8", "gb18030"]


class Raw(NamedTuple):
    """One line that is not blank. ``end``: offset behind it; ``text``: None when it is too long."""

    number: int
    end: int
    text: bytes | None


@dataclass(frozen=True, slots=True)
class Source:
    """``platform``: whose accounts they are, where a line does not say. Its ``digest`` is SHA-256 in hex."""

    path: Path
    format: Format
    encoding: Encoding
    platform: str | None
    digest: str
    size: int
    columns: tuple[str, ...]
    """Of CSV, in order."""

    def lines(self, position: int, number: int) -> Iterator[Raw]:
        """The lines behind ``position``, where ``number`` lines have been read; the head of a CSV is none of them."""
        with self.path.open("rb") as file:
            if position == 0 and self.format == "csv":
                head = next(_lines(file, 0), None)
                position, number = (head.end, head.number) if head else (0, 0)
            file.seek(position)
            yield from _lines(file, number)

    def fields(self, raw: Raw) -> Mapping[str, str]:
        """Column -> text. Raises `Unfit`."""
        if raw.text is None:
            raise Unfit(Reason.TOO_LONG)
        text = _without_bom(raw)
        if self.format == "jsonl":
            return _json_fields(_decode(text, self.encoding))
        values = _csv_fields(_decode(text, self.encoding))
        if len(values) != len(self.columns):
            raise Unfit(Reason.MALFORMED)
        return dict(zip(self.columns, values, strict=True))


def open_source(
    path: Path, *, format: Format, encoding: Encoding, platform: str | None, progress: Callable[[int], object]
) -> Source:
    """The file, seen through once: what it is called by, and that nothing in it looks like a password.

    ``progress`` is told of bytes seen. Raises `BadColumns`, ``OSError``.
    """
    seen = hashlib.sha256(f"{format} {encoding} {platform or ''}\n".encode())
    columns: tuple[str, ...] | None = None
    with path.open("rb") as file:
        if file.read(2) in _UTF_16:
            raise BadColumns("the file is UTF-16; save it as UTF-8")
        file.seek(0)

        def look(part: bytes) -> None:
            seen.update(part)
            progress(len(part))

        for raw in _lines(file, 0, on_read=look):
            if format == "jsonl":
                _look_at_keys(raw, encoding)
            elif columns is None:
                columns = tuple(_head(raw, encoding, platform))
    if format == "csv" and columns is None:
        raise BadColumns("the file is empty: its first line names the columns")
    return Source(path, format, encoding, platform, seen.hexdigest(), path.stat().st_size, columns or ())


def _head(raw: Raw, encoding: Encoding, platform: str | None) -> list[str]:
    try:
        if raw.text is None:
            raise Unfit(Reason.TOO_LONG)
        names = _csv_fields(_decode(_without_bom(raw), encoding))
    except Unfit as unfit:
        raise BadColumns(f"the first line, which names the columns, is {unfit.reason}") from None
    return header(names, platform=platform)


def _look_at_keys(raw: Raw, encoding: Encoding) -> None:
    """Raises `BadColumns` when a line has a password."""
    try:
        for name in _json_object(_decode(_without_bom(raw), encoding)) if raw.text else ():
            column(name)
    except Unfit:
        return  # it is not taken later on


def _lines(file: BinaryIO, number: int, *, on_read: Callable[[bytes], object] = lambda _: None) -> Iterator[Raw]:
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


def _without_bom(raw: Raw) -> bytes:
    text = raw.text or b""
    return text.removeprefix(_BOM) if raw.number == 1 else text


def _decode(text: bytes, encoding: Encoding) -> str:
    try:
        return text.decode(encoding)
    except UnicodeDecodeError:
        raise Unfit(Reason.ENCODING) from None


def _csv_fields(text: str) -> list[str]:
    try:
        return next(csv.reader((text,), strict=True))
    except csv.Error:
        raise Unfit(Reason.MALFORMED) from None


def _json_object(text: str) -> Mapping[str, object]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise Unfit(Reason.MALFORMED) from None
    if not isinstance(found, dict):
        raise Unfit(Reason.MALFORMED)
    return found


def _json_fields(text: str) -> Mapping[str, str]:
    fields: dict[str, str] = {}
    for name, value in _json_object(text).items():
        known = column(name)
        if known is None:
            raise Unfit(Reason.UNKNOWN_COLUMN)
        if known in fields or not (value is None or type(value) in (str, int)):
            raise Unfit(Reason.MALFORMED)
        fields[known] = "" if value is None else str(value)
    return fields
