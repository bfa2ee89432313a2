"""A channel's poster, A4, in Chinese and English: as SVG, and as PDF.

Always true: both are drawn from one layout, and show the address in letters, so that it can be compared and typed.

The PDF brings no font along: Chinese text is set in STSong-Light by a predefined CMap (ISO 32000-1, 9.7.5.2), for
which readers have a face of their own, and the rest in the standard fonts.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from xml.sax.saxutils import escape

import segno

from idp.channels.rules import Channel, address

WIDTH, HEIGHT = 210, 297
"""Millimetres, as everything here."""
_LEFT, _COLUMN = 20, 170
_CODE_TOP, _CODE_SIDE, _QUIET = 84, 118, 4
_POINTS = 72 / 25.4
_CJK = "\u2e80"
"""From here on characters are as wide as they are high."""


class Face(StrEnum):
    """How a line is set, as PDF names it."""

    HAN = "STSong-Light"
    LATIN = "Helvetica"
    ADDRESS = "Courier"


_SVG_FACES = {
    Face.HAN: "'Noto Sans CJK SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif",
    Face.LATIN: "Helvetica, Arial, sans-serif",
    Face.ADDRESS: "'Courier New', Courier, monospace",
}
_NARROW = {Face.HAN: 0.5, Face.LATIN: 0.56, Face.ADDRESS: 0.6}
"""How wide a letter is at most on the average, by its height."""


@dataclass(frozen=True, slots=True)
class Poster:
    """``url``: where the code leads. Names in Chinese and, where there is one, English."""

    url: str
    service: tuple[str, str]
    channel: tuple[str, str]

    @classmethod
    def of(cls, channel: Channel, *, issuer: str, service: tuple[str, str]) -> "Poster":
        return cls(address(issuer, channel.code), service, (channel.name_zh, channel.name_en))

    def lines(self) -> "Iterator[_Line]":
        yield from _line(34, 13, Face.HAN, self.service[0])
        yield from _line(44, 6, Face.LATIN, self.service[1])
        yield from _line(64, 9.5, Face.HAN, "扫一扫，注册统一身份账户")
        yield from _line(74, 5.5, Face.LATIN, "Scan to register one account for every government service")
        yield from _line(214, 5.5, Face.HAN, "扫码后请核对网站域名，谨防假冒；也可在浏览器中输入网址：")
        yield from _line(222, 4.5, Face.LATIN, "Check the name of the website you come to, or type the address:")
        yield from _line(232, 6.5, Face.ADDRESS, self.url)
        yield from _line(262, 7.5, Face.HAN, self.channel[0])
        yield from _line(271, 5.5, Face.LATIN, self.channel[1])

    def modules(self) -> "list[_Run]":
        """The dark runs of the code, row by row, in its own quiet zone."""
        rows = [bytes(row) for row in segno.make(self.url, error="q", micro=False).matrix]
        side = _CODE_SIDE / (len(rows) + 2 * _QUIET)
        runs = []
        for at, row in enumerate(rows):
            start = 0
            while (start := row.find(1, start)) >= 0:
                end = row.find(0, start) if 0 in row[start:] else len(row)
                left = (WIDTH - _CODE_SIDE) / 2 + (start + _QUIET) * side
                runs.append(_Run(left, _CODE_TOP + (at + _QUIET) * side, (end - start) * side, side))
                start = end
        return runs


class _Line(NamedTuple):
    """``y``: of the baseline, from the top."""

    y: float
    size: float
    face: Face
    text: str


class _Run(NamedTuple):
    x: float
    y: float
    width: float
    height: float


def _line(y: float, size: float, face: Face, text: str) -> Iterator[_Line]:
    """A line that is set smaller where it would not fit; none for no text."""
    if text:
        units = sum(1 if char >= _CJK else _NARROW[face] for char in text)
        yield _Line(y, min(size, _COLUMN / units), face, text)


def svg(poster: Poster) -> bytes:
    """For print shops and for pages; sizes in millimetres."""
    path = "".join(
        f"M{run.x:.3f} {run.y:.3f}h{run.width:.3f}v{run.height:.3f}h-{run.width:.3f}z" for run in poster.modules()
    )
    texts = "".join(
        f'<text x="{_LEFT}" y="{line.y}" font-size="{line.size:.2f}" font-family="{_SVG_FACES[line.face]}">'
        f"{escape(line.text)}</text>"
        for line in poster.lines()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}mm" height="{HEIGHT}mm"'
        f' viewBox="0 0 {WIDTH} {HEIGHT}" xml:lang="zh-CN"><title>{escape(poster.channel[0])}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/><path d="{path}"/>{texts}</svg>\n'
    ).encode()


def pdf(poster: Poster) -> bytes:
    """PDF 1.4, one page."""
    drawn = [_pdf_run(run) for run in poster.modules()] + [_pdf_line(line) for line in poster.lines()]
    content = "\n".join(drawn).encode("ascii")
    fonts = " ".join(f"/{face.name} {number} 0 R" for number, face in enumerate(Face, 5))
    box = f"0 0 {WIDTH * _POINTS:.2f} {HEIGHT * _POINTS:.2f}"
    shown = f"/MediaBox [{box}] /Contents 4 0 R /Resources << /Font << {fonts} >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (zh-CN) >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R {shown} >>".encode(),
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type0 /BaseFont /STSong-Light-UniGB-UTF16-H /Encoding /UniGB-UTF16-H"
        b" /DescendantFonts [8 0 R] >>",
        *(
            f"<< /Type /Font /Subtype /Type1 /BaseFont /{face} /Encoding /WinAnsiEncoding >>".encode()
            for face in (Face.LATIN, Face.ADDRESS)
        ),
        b"<< /Type /Font /Subtype /CIDFontType0 /BaseFont /STSong-Light /FontDescriptor 9 0 R /DW 1000 /W [1 95 500]"
        b" /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 4 >> >>",
        b"<< /Type /FontDescriptor /FontName /STSong-Light /Flags 4 /FontBBox [-25 -254 1000 880] /ItalicAngle 0"
        b" /Ascent 880 /Descent -120 /CapHeight 880 /StemV 93 >>",
    ]
    return _pdf_file(objects)


def _pdf_run(run: _Run) -> str:
    x, y = run.x * _POINTS, (HEIGHT - run.y - run.height) * _POINTS
    return f"{x:.3f} {y:.3f} {run.width * _POINTS:.3f} {run.height * _POINTS:.3f} re f"


def _pdf_line(line: _Line) -> str:
    coded = line.text.encode("utf-16-be") if line.face is Face.HAN else line.text.encode("cp1252", "replace")
    x, y, size = _LEFT * _POINTS, (HEIGHT - line.y) * _POINTS, line.size * _POINTS
    return f"BT /{line.face.name} {size:.2f} Tf {x:.2f} {y:.2f} Td <{coded.hex()}> Tj ET"


def _pdf_file(objects: list[bytes]) -> bytes:
    """The objects, numbered from 1, with the table that says where each begins."""
    body, places = b"%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    return (
        body
        + b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, table)
        + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
    )


FORMS: Mapping[str, Callable[[Poster], bytes]] = {"svg": svg, "pdf": pdf}
