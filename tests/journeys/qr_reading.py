"""Reading a QR code from its picture, as a counter's scanner does with what a phone shows.

Always true: only the size that 43 to 50 characters need is read (version 4), and nothing is corrected: the picture is
a clean one, or the reading fails.
"""

from io import BytesIO

from PIL import Image

SIZE = 33
"""Squares in a row of version 4."""
BLOCKS = {0: (2, 32), 1: (1, 80), 2: (4, 9), 3: (2, 24)}
"""Level of error correction (M, L, H, Q as the code writes them) -> blocks, and bytes of data in each."""
_MASKS = (
    lambda row, column: (row + column) % 2 == 0,
    lambda row, _: row % 2 == 0,
    lambda _, column: column % 3 == 0,
    lambda row, column: (row + column) % 3 == 0,
    lambda row, column: (row // 2 + column // 3) % 2 == 0,
    lambda row, column: row * column % 2 + row * column % 3 == 0,
    lambda row, column: (row * column % 2 + row * column % 3) % 2 == 0,
    lambda row, column: ((row + column) % 2 + row * column % 3) % 2 == 0,
)
_FORMAT_MASK = 0b101010000010010
Squares = list[list[int]]


def read_qr(picture: bytes) -> str:
    """The text in a PNG that shows one code and light around it."""
    squares = _squares(Image.open(BytesIO(picture)).convert("L"))
    row = squares[8]
    told = [*row[:6], row[7], row[8], squares[7][8], *(squares[n][8] for n in range(5, -1, -1))]
    form = int("".join(map(str, told)), 2) ^ _FORMAT_MASK
    data = _data(_bits(squares, mask=form >> 10 & 7), *BLOCKS[form >> 13])
    bits = "".join(f"{byte:08b}" for byte in data)
    assert bits[:4] == "0100", "not written byte by byte"
    length = int(bits[4:12], 2)
    return bytes(int(bits[at : at + 8], 2) for at in range(12, 12 + 8 * length, 8)).decode()


def _squares(picture: Image.Image) -> Squares:
    """1 where a square is dark."""
    dark = picture.point(lambda value: 255 if value < 128 else 0).getbbox()
    assert dark, "nothing dark in the picture"
    left, top, right, bottom = dark
    wide, high = (right - left) / SIZE, (bottom - top) / SIZE
    centres = [n + 0.5 for n in range(SIZE)]
    return [
        [int(_grey(picture, left + column * wide, top + row * high) < 128) for column in centres] for row in centres
    ]


def _grey(picture: Image.Image, x: float, y: float) -> int:
    found = picture.getpixel((int(x), int(y)))
    assert isinstance(found, int)
    return found


def _bits(squares: Squares, *, mask: int) -> list[int]:
    """From the lower right in columns of two, up and down in turn."""
    found = []
    for number, right in enumerate([*range(SIZE - 1, 6, -2), 5, 3, 1]):
        rows = range(SIZE) if number % 2 else range(SIZE - 1, -1, -1)
        places = [(row, column) for row in rows for column in (right, right - 1)]
        found += [squares[row][column] ^ _MASKS[mask](row, column) for row, column in places if _carries(row, column)]
    return found


def _carries(row: int, column: int) -> bool:
    """Not a corner, a line of timing, or the mark of alignment."""
    corner = (row < 9 and (column < 9 or column >= SIZE - 8)) or (row >= SIZE - 8 and column < 9)
    mark = abs(row - 26) <= 2 and abs(column - 26) <= 2
    return not (corner or mark or row == 6 or column == 6)


def _data(bits: list[int], blocks: int, length: int) -> list[int]:
    """The bytes of data, which stand one of each block in turn."""
    written = [int("".join(map(str, map(int, bits[at : at + 8]))), 2) for at in range(0, 8 * blocks * length, 8)]
    return [byte for block in range(blocks) for byte in written[block::blocks]]
