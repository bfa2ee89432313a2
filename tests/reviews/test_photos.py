"""What becomes of a file: a photo is painted anew, everything else is no photo, and nothing large is decoded."""

import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from idp.credentials.password import PoolBusy
from idp.reviews import photos as module
from idp.reviews.photos import LONGEST, PIXELS, PhotoFault, cleaned
from tests.reviews.making import MARK, jpeg, png

MOST = 8 * 1024 * 1024


def opened(raw: bytes) -> Image.Image:
    made = cleaned(raw, most=MOST)
    assert isinstance(made, bytes), made
    return Image.open(BytesIO(made))


def png_that_says(width: int, height: int) -> bytes:
    """A PNG whose header claims a size that no byte of it holds."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")]
    packed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


@pytest.mark.parametrize(
    "raw", [jpeg(), png(), png(mode="L"), png(mode="P")], ids=["jpeg", "rgba", "grey", "palette"]
)
def test_a_photo_becomes_a_jpeg_of_its_pixels_alone(raw: bytes) -> None:
    photo = opened(raw)
    assert (photo.format, photo.mode, photo.size) == ("JPEG", "RGB", (900, 600))
    made = cleaned(raw, most=MOST)
    assert isinstance(made, bytes)
    assert MARK not in made
    assert not photo.getexif()
    assert set(photo.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_a_photo_taken_sideways_is_put_upright() -> None:
    upright = opened(jpeg((900, 600), orientation=6))
    assert upright.size == (600, 900)
    assert upright.getpixel((590, 10)) == (255, 255, 255), "the corner that was at the upper left"


def test_a_large_photo_is_made_smaller_and_keeps_its_shape() -> None:
    assert opened(jpeg((4000, 3000))).size == (LONGEST, LONGEST * 3 // 4)
    assert opened(png((2400, 1200), "RGB")).size == (LONGEST, LONGEST // 2)


def test_what_is_transparent_becomes_white() -> None:
    assert opened(png()).getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", PhotoFault.MISSING),
        (jpeg() + b"\0" * MOST, PhotoFault.TOO_LARGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", PhotoFault.FORMAT),
        (b"<!doctype html><script>1</script>", PhotoFault.FORMAT),
        (b"GIF89a" + jpeg(), PhotoFault.FORMAT),
        (b"%PDF-1.7\n" + jpeg(), PhotoFault.FORMAT),
        (b"BM" + jpeg(), PhotoFault.FORMAT),
        (b"RIFF\0\0\0\0WEBPVP8 ", PhotoFault.FORMAT),
        (jpeg()[:3000], PhotoFault.FORMAT),
        (jpeg() + b"\xff\xda" * 101, PhotoFault.FORMAT),
        (png()[:200], PhotoFault.FORMAT),
        (b"\xff\xd8\xff\xe0" + b"\0" * 500, PhotoFault.FORMAT),
        (b"\x89PNG\r\n\x1a\n" + b"\xff" * 500, PhotoFault.FORMAT),
        (png_that_says(1000, 1000), PhotoFault.FORMAT),
        (png_that_says(PIXELS // 1000, 1001), PhotoFault.PIXELS),
        (png_that_says(60_000, 60_000), PhotoFault.PIXELS),
        (jpeg((479, 300)), PhotoFault.TOO_SMALL),
    ],
    ids=lambda value: value if isinstance(value, PhotoFault) else "",
)
def test_everything_else_is_refused_with_its_reason(raw: bytes, fault: PhotoFault) -> None:
    assert cleaned(raw, most=MOST) is fault


def test_three_wait_for_the_decoder_and_whoever_comes_then_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WAIT", 30.0)
    with ThreadPoolExecutor(3) as pool, module._decoding:
        waiting = [pool.submit(cleaned, jpeg(), most=MOST) for _ in range(3)]
        while module._places._value:
            time.sleep(0.01)
        photo, began = jpeg(), time.monotonic()
        with pytest.raises(PoolBusy):
            cleaned(photo, most=MOST)
        assert time.monotonic() - began < 5, "at once"
        module._decoding.release()
        assert all(isinstance(one.result(), bytes) for one in waiting)
        module._decoding.acquire()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_file_of_hostile_bytes_is_more_than_refused(data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from([jpeg((500, 300)), png((500, 300), "RGB"), png((500, 300), "P")])))
    for _ in range(data.draw(st.integers(1, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    made = cleaned(bytes(raw), most=MOST)
    assert isinstance(made, PhotoFault) or made.startswith(b"\xff\xd8\xff")
