"""Making a photo out of a file somebody sent.

Always true: what is kept was painted anew from the pixels of a JPEG or PNG, so that nothing else of the file - place,
device, comments, whatever was glued to it - survives; nothing is decoded before its size is known to be bearable.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from io import BytesIO
from threading import BoundedSemaphore

from PIL import Image, ImageOps

from idp.credentials.password import PoolBusy

PIXELS = 50_000_000
"""More than the cameras of telephones usually give, and as much as one process can bear at a time."""
SHORTEST, LONGEST = 480, 2000
"""Pixels of the longer side: with fewer no number can be read, with more nothing else can."""
_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")
_QUALITY = 85
_WAIT = 5.0
_places = BoundedSemaphore(3)
"""One that is decoded and two that wait; whoever comes then is turned away, so that threads stay for other pages."""
_decoding = BoundedSemaphore(1)
"""A large photo takes hundreds of megabytes while it is decoded: one at a time in a process."""
_SCAN, _SCANS = b"\xff\xda", 100
"""A JPEG is decoded once for each of its scans; cameras write about ten at most."""


class PhotoFault(StrEnum):
    """Why a file was not taken; `idp.web.reasons` has the sentence for each."""

    MISSING = "photo_missing"
    TOO_LARGE = "photo_too_large"
    FORMAT = "photo_format"
    """Neither JPEG nor PNG by its content, or neither whole nor sound."""
    PIXELS = "photo_pixels"
    TOO_SMALL = "photo_too_small"


def cleaned(raw: bytes, *, most: int) -> bytes | PhotoFault:
    """The photo in ``raw`` as a JPEG of ours, upright, its longer side at most `LONGEST`. ``most``: bytes of ``raw``.

    May take a second. Raises `PoolBusy` when others keep the decoder busy.
    """
    if not raw:
        return PhotoFault.MISSING
    if len(raw) > most:
        return PhotoFault.TOO_LARGE
    if not raw.startswith(_MAGIC) or (raw.startswith(_MAGIC[0]) and raw.count(_SCAN) > _SCANS):
        return PhotoFault.FORMAT
    with _turn():
        try:
            return _decoded(raw)
        except Exception:  # the decoders raise whatever they stumble on; what they cannot read is no photo
            return PhotoFault.FORMAT


@contextmanager
def _turn() -> Iterator[None]:
    if not _places.acquire(blocking=False):
        raise PoolBusy("photos")
    try:
        if not _decoding.acquire(timeout=_WAIT):
            raise PoolBusy("photos")
        try:
            yield
        finally:
            _decoding.release()
    finally:
        _places.release()


def _decoded(raw: bytes) -> bytes | PhotoFault:
    try:
        opened = Image.open(BytesIO(raw), formats=("JPEG", "PNG"))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return PhotoFault.PIXELS
    with opened:
        width, height = opened.size
        if width * height > PIXELS:
            return PhotoFault.PIXELS
        if max(width, height) < SHORTEST:
            return PhotoFault.TOO_SMALL
        opened.draft("RGB", (LONGEST, LONGEST))  # a JPEG is made smaller while it is decoded
        opened.thumbnail((LONGEST, LONGEST))
        return _painted(ImageOps.exif_transpose(opened))


def _painted(image: Image.Image) -> bytes:
    """The pixels alone, on white where they are transparent."""
    plain, out = Image.new("RGB", image.size, "white"), BytesIO()
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        plain.paste(layer, mask=layer)
    else:
        plain.paste(image.convert("RGB"))
    plain.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
