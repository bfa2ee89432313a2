"""Pictures and sounds can be decoded, hold what they should, and cost little; nothing is loaded before the first."""

import subprocess
import sys
import time
import wave
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from idp.captcha.rendering import RATE, SIZE, VOICES, picture, sound
from idp.captcha.rules import DIGITS, LENGTH

digits = st.text(DIGITS, min_size=LENGTH, max_size=LENGTH)


def samples(made: bytes) -> bytes:
    with wave.open(BytesIO(made)) as opened:
        assert (opened.getnchannels(), opened.getsampwidth(), opened.getframerate()) == (1, 1, RATE)
        return opened.readframes(opened.getnframes())


@given(digits)
@settings(max_examples=20, deadline=None)
def test_a_picture_is_a_png_of_dark_digits_on_white(code: str) -> None:
    shown = Image.open(BytesIO(picture(code)))
    assert (shown.format, shown.size) == ("PNG", SIZE)
    shades = shown.convert("L").histogram()
    assert sum(shades[250:]) > sum(shades) * 0.4, "white behind"
    # 4.5 to 1 on white is grey 118 (WCAG 1.4.3)
    assert sum(shades[:119]) > 900, "digits that can be read"


def test_every_picture_of_the_same_digits_is_another() -> None:
    assert len({picture("40823") for _ in range(8)}) == 8


@given(digits, st.sampled_from(VOICES), st.text(max_size=8))
@settings(max_examples=20, deadline=None)
def test_a_sound_is_a_short_wav_with_pauses_between_the_digits(code: str, voice: str, seed: str) -> None:
    heard = samples(sound(code, voice=voice, seed=seed))
    assert 3.5 * RATE < len(heard) < 9 * RATE
    loud = [max(abs(sample - 128) for sample in heard[at : at + 200]) > 25 for at in range(0, len(heard), 200)]
    assert sum(loud) * 200 > LENGTH * 0.06 * RATE, "something is said"
    assert loud.count(False) * 200 > LENGTH * 0.4 * RATE, "and pauses are left"


@pytest.mark.parametrize("voice", VOICES)
def test_a_seed_gives_one_sound_and_other_digits_or_seeds_give_others(voice: str) -> None:
    one = sound("40823", voice=voice, seed="s")
    assert one == sound("40823", voice=voice, seed="s")
    assert len({one, sound("40823", voice=voice, seed="t"), sound("40832", voice=voice, seed="s")}) == 3


def test_every_digit_of_every_voice_sounds_different() -> None:
    made = {sound(digit, voice=voice, seed="s") for voice in VOICES for digit in "0123456789"}
    assert len(made) == 20


def test_a_sound_costs_no_more_than_a_page_does() -> None:
    sound("40823", voice="en", seed="s")
    began = time.thread_time()
    for number in range(20):
        sound("40823", voice="en", seed=str(number))
    assert (time.thread_time() - began) / 20 < 0.05


def test_nothing_is_imported_before_the_first_rendering() -> None:
    program = (
        "import sys, idp.app, idp.captcha.rendering as rendering\n"
        "assert not {'PIL', 'captcha'} & set(sys.modules)\n"
        "rendering.picture('40823')\n"
        "assert 'PIL' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
