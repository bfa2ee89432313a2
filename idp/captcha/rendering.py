"""The digits as a picture and as a sound.

Always true: neither Pillow nor a voice is loaded before the first picture or sound is asked for, as most workers make
none; and a sound costs about what a page costs. (The sounds of the `captcha` package take a third of a second of pure
Python each, in which the process would do nothing else; so only its pictures and its English voice are used.)

Sound is handled as pictures of one row: a sample is a grey value, silence is middle grey, and Pillow stretches, dims
and mixes whole rows in C.
"""

import random
import secrets
import wave
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from captcha.image import ImageCaptcha
    from PIL.Image import Image

SIZE = (240, 80)
"""Width and height of a picture."""
RATE = 8000
"""Samples a second; a sample is one unsigned byte."""
VOICES = ("zh", "en")
_SILENCE = 128
_DARKEST, _LIGHTEST = 40, 100
_LOUD = 95
"""The largest sample of a digit, of 128: voices were recorded at different levels."""
_MURMUR = 0.2
"""How loud others speak behind the digits: backwards, so that nobody takes theirs for digits."""


def picture(digits: str) -> bytes:
    """A PNG of them, dark on white: bent, turned, with dots and a curve, and every time another way."""
    ink = (_shade(), _shade(), _shade(), 255)
    return _painter().generate(digits, bg_color=(255, 255, 255), fg_color=ink).getvalue()


def _shade() -> int:
    return secrets.randbelow(_LIGHTEST - _DARKEST) + _DARKEST


@cache
def _painter() -> "ImageCaptcha":
    from captcha.image import ImageCaptcha

    painter = ImageCaptcha(*SIZE, font_sizes=(54, 60, 66))
    # by itself it paints dark ink translucently and digits over each other; people have to read these
    painter.lookup_table = [min(255, shade * 256 // _DARKEST) for shade in range(256)]
    painter.word_offset_dx = 0.08
    return painter


def sound(digits: str, *, voice: str, seed: str) -> bytes:
    """A WAV of them, spoken one after the other over a murmur. The same ``seed`` gives the same sound.

    ``voice``: one of `VOICES`. ``seed`` is kept secret: who had it could make the sounds of all digits and compare.
    """
    from PIL import ImageChops

    chance, clips = random.Random(seed), _clips(voice)  # noqa: S311 - the seed is what is secret
    spoken = _in_line([_varied(clips[int(digit)], chance) for digit in digits], chance, pause=(0.5, 0.9))
    others = [_backwards(_varied(clip, chance, loud=_MURMUR)) for clip in chance.choices(clips, k=3 * len(digits))]
    murmur = _in_line(others, chance, pause=(0.0, 0.3)).crop((0, 0, spoken.width, 1))
    return _wav(ImageChops.add(spoken, murmur, 1, -_SILENCE).tobytes())


@cache
def _clips(voice: str) -> "tuple[Image, ...]":
    """The spoken digits from 0 to 9."""
    return tuple(_clip(file) for file in _files(voice))


def _files(voice: str) -> list[Traversable]:
    if voice == "en":
        return [files("captcha") / "data" / str(digit) / "default.wav" for digit in range(10)]
    return [files("idp.captcha") / "voices" / voice / f"{digit}.wav" for digit in range(10)]


def _clip(file: Traversable) -> "Image":
    from PIL import Image

    with file.open("rb") as opened, wave.open(opened) as recorded:
        samples = recorded.readframes(recorded.getnframes())
    loudest = max(abs(sample - _SILENCE) for sample in samples)
    return _louder(Image.frombytes("L", (len(samples), 1), samples), _LOUD / loudest)


def _louder(clip: "Image", factor: float) -> "Image":
    return clip.point([min(255, max(0, round(_SILENCE + (sample - _SILENCE) * factor))) for sample in range(256)])


def _varied(clip: "Image", chance: random.Random, *, loud: float = 1.0) -> "Image":
    """A little slower or faster, a little louder or softer."""
    stretched = clip.resize((int(clip.width * chance.uniform(0.95, 1.2)), 1))
    return _louder(stretched, loud * chance.uniform(0.8, 1.1))


def _backwards(clip: "Image") -> "Image":
    from PIL.Image import Transpose

    return clip.transpose(Transpose.FLIP_LEFT_RIGHT)


def _in_line(clips: "list[Image]", chance: random.Random, *, pause: tuple[float, float]) -> "Image":
    """One after the other with a pause before each and after the last; the bounds of a pause in seconds."""
    from PIL import Image

    pauses = [int(RATE * chance.uniform(*pause)) for _ in (*clips, None)]
    row, at = Image.new("L", (sum(pauses) + sum(clip.width for clip in clips), 1), _SILENCE), 0
    for before, clip in zip(pauses, clips, strict=False):
        row.paste(clip, (at + before, 0))
        at += before + clip.width
    return row


def _wav(samples: bytes) -> bytes:
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE)
        file.writeframes(samples)
    return made.getvalue()
