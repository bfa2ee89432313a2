"""A poster says where its code leads, in letters and in the code; every object of the PDF stands where it is said."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import segno

from idp.channels.poster import _CODE_SIDE, _QUIET, FORMS, Poster, pdf, svg
from tests.channels.conftest import Run

URL = "https://idp.hunan.gov.cn/c/cs-430121"
POSTER = Poster(URL, ("湖南统一身份认证", "Hunan identity"), ('长沙县<&">𪚥镇', "Changsha County"))
SVG = "{http://www.w3.org/2000/svg}"


def drawn_svg() -> ElementTree.Element:
    return ElementTree.fromstring(svg(POSTER))  # noqa: S314 - our own


def runs_in_svg() -> list[tuple[float, ...]]:
    path = drawn_svg().find(f"{SVG}path").attrib["d"]
    return [tuple(map(float, run)) for run in re.findall(r"M(\S+) (\S+)h(\S+)v(\S+)h-\S+?z", path)]


def runs_in_pdf() -> list[tuple[float, ...]]:
    points = re.findall(rb"^(\S+) (\S+) (\S+) (\S+) re f$", pdf(POSTER), re.M)
    return [
        (x, 297 - y - height, width, height)
        for x, y, width, height in (tuple(float(one) * 25.4 / 72 for one in run) for run in points)
    ]


@pytest.mark.parametrize("runs", [runs_in_svg, runs_in_pdf])
def test_the_code_drawn_is_the_address(runs) -> None:
    matrix = [[bool(dark) for dark in row] for row in segno.make(URL, error="q", micro=False).matrix]
    side = _CODE_SIDE / (len(matrix) + 2 * _QUIET)
    left, top = (210 - _CODE_SIDE) / 2 + _QUIET * side, 84 + _QUIET * side
    drawn = [[False] * len(matrix) for _ in matrix]
    for x, y, width, height in runs():
        assert height == pytest.approx(side, abs=0.01)
        for at in range(round(width / side)):
            drawn[round((y - top) / side)][round((x - left) / side) + at] = True
    assert drawn == matrix


def test_the_letters_are_the_same_in_both() -> None:
    in_svg = [element.text for element in drawn_svg().iter(f"{SVG}text")]
    coded = re.findall(rb"/(\w+) \S+ Tf \S+ \S+ Td <([0-9a-f]*)> Tj", pdf(POSTER))
    in_pdf = [
        bytes.fromhex(text.decode()).decode("utf-16-be" if face == b"HAN" else "cp1252") for face, text in coded
    ]
    assert in_svg == in_pdf
    for text in (URL, *POSTER.service, *POSTER.channel):
        assert text in in_svg


def test_every_object_of_the_pdf_stands_where_the_table_says() -> None:
    made = pdf(POSTER)
    start = int(made.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
    assert made[start:].startswith(b"xref\n0 10\n")
    places = [int(line[:10]) for line in made[start:].splitlines()[3:12]]
    for number, place in enumerate(places, 1):
        assert made[place:].startswith(b"%d 0 obj\n" % number)
    length, rest = re.search(rb"/Length (\d+) >>\nstream\n(.*)", made, re.S).groups()
    assert rest[int(length) :].startswith(b"\nendstream")
    referred = {int(number) for number in re.findall(rb"(\d+) 0 R", made)}
    assert referred <= set(range(1, 10))


@pytest.mark.parametrize("name", ["镇" * 60, "a" * 60])
def test_a_long_name_is_set_smaller_and_a_missing_one_takes_no_line(name: str) -> None:
    long = Poster(URL, (name, ""), (name, ""))
    assert all(
        line.size * sum(1 if char >= "\u2e80" else 0.5 for char in line.text) <= 170.01 for line in long.lines()
    )
    assert len(list(long.lines())) == len(list(POSTER.lines())) - 2


def test_the_command_writes_the_poster_of_the_configured_address(county: str, run: Run, tmp_path: Path) -> None:
    for form, draw in FORMS.items():
        assert run("poster", county, str(tmp_path / f"p.{form}")).exit_code == 0
        made = (tmp_path / f"p.{form}").read_bytes()
        assert made == draw(
            Poster("http://localhost:8000/c/cs-430121", ("通办", "Tongban"), ("长沙县", "Changsha County"))
        )
    assert run("poster", county, str(tmp_path / "p.png")).exit_code == 1
