"""Pictures of made-up documents, and the reading of them: a stand-in sees nothing but the mark it has drawn itself.

Always true: every picture says that it is a specimen (样本); its mark is of black and white fields large enough to
survive being made smaller and painted anew as a JPEG, and bears a check.
"""

from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

SIDES = ("front", "back")
WIDTH, HEIGHT, STRIP = 1280, 800, 80
_SYNC = "10101100"
_CELLS = 32
_LIMIT = 4096
"""Pixels of the longer side that are looked at."""
_FONTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJK-Medium.ttc",
    "wqy-microhei.ttc",
    "wqy-zenhei.ttc",
    "PingFang.ttc",
    "msyh.ttc",
)
_PLACES = ("/usr/share/fonts", "/System/Library/Fonts", "C:/Windows/Fonts")


@dataclass(frozen=True, slots=True)
class Specimen:
    """What is printed on a picture; ``order`` 0-65535 stands in its mark."""

    order: int
    name: str
    number: str
    valid_to: str


def draw(specimen: Specimen, side: str) -> bytes:
    """The picture of one side, a PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "#eef3f6" if side == "front" else "#f6f1ea")
    pen = ImageDraw.Draw(image)
    lines = [specimen.name, specimen.number] if side == "front" else [specimen.valid_to or "长期"]
    for place, line in enumerate(["样本 SPECIMEN", *lines]):
        _write(pen, (80, 80 + 130 * place), line, "#b3261e" if place == 0 else "#1b1b1f")
    bits = _bits(specimen.order, SIDES.index(side))
    cell = WIDTH // _CELLS
    for place, bit in enumerate(bits):
        box = (place * cell, HEIGHT - STRIP, (place + 1) * cell - 1, HEIGHT - 1)
        pen.rectangle(box, fill="white" if bit == "1" else "black")
    out = BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def recognised(picture: bytes) -> tuple[int, str] | None:
    """The order and the side of a specimen; None for every other picture, and for what is none."""
    try:
        with Image.open(BytesIO(picture), formats=("JPEG",)) as opened:
            if max(opened.size) > _LIMIT:
                return None
            grey = opened.convert("L")
    except Exception:  # the decoders raise whatever they stumble on
        return None
    width, height = grey.size
    row = int(height * (HEIGHT - STRIP / 2) / HEIGHT)
    levels = grey.tobytes()[row * width : (row + 1) * width]
    bits = "".join("1" if levels[int(width * (place + 0.5) / _CELLS)] > 127 else "0" for place in range(_CELLS))
    order, side = int(bits[8:24], 2), int(bits[24])
    return (order, SIDES[side]) if bits == _bits(order, side) else None


def _bits(order: int, side: int) -> str:
    body = f"{order:016b}{side}"
    return f"{_SYNC}{body}{sum(int(bit) * place for place, bit in enumerate(body, 3)) % 127:07b}"


def _write(pen: ImageDraw.ImageDraw, at: tuple[int, int], line: str, colour: str) -> None:
    """Without a font for Chinese, what is not ASCII is told by its code points."""
    path = _font()
    if path:
        pen.text(at, line, fill=colour, font=ImageFont.truetype(str(path), 72))
        return
    plain = line.encode("ascii", "backslashreplace").decode()
    pen.text(at, plain, fill=colour, font=ImageFont.load_default(48))


@cache
def _font() -> Path | None:
    places = [Path(place) for place in _PLACES if Path(place).is_dir()]
    return next((path for name in _FONTS for place in places for path in place.rglob(name)), None)
