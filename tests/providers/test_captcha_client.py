"""The captcha provider's client against the sandbox, and against answers that are none."""

import json
import socket
import wave
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from adapters.providers.captcha import MAX_MEDIA, HttpCaptchaProvider, _media, _verdict
from adapters.providers.register import Patience
from idp.captcha.ports import Away, Media
from tests.providers.conftest import IMPATIENT, RunningSandbox, answering


def begun(sandbox: RunningSandbox) -> tuple[HttpCaptchaProvider, str, str]:
    """The client, a challenge, and its digits."""
    provider = sandbox.captcha()
    challenge = provider.begin()
    assert isinstance(challenge, str)
    digits = sandbox.challenges.digits(challenge)
    assert digits
    return provider, challenge, digits


def test_digits_are_shown_spoken_and_judged(sandbox: RunningSandbox) -> None:
    provider, challenge, digits = begun(sandbox)
    picture, english = provider.picture(challenge), provider.sound(challenge, voice="en")
    assert isinstance(picture, Media)
    assert Image.open(BytesIO(picture.content)).size == (240, 80)
    assert isinstance(english, Media)
    with wave.open(BytesIO(english.content)) as spoken:
        assert spoken.getnframes() > 5 * 1800
    assert provider.verify(challenge, digits) is True


def test_an_answer_uses_a_challenge_up(sandbox: RunningSandbox) -> None:
    provider, challenge, digits = begun(sandbox)
    wrong = digits[:-1] + ("2" if digits[-1] != "2" else "3")
    assert provider.verify(challenge, wrong) is False
    assert provider.verify(challenge, digits) == Away("invalid_request")


def test_the_same_question_again_has_the_same_answer(sandbox: RunningSandbox) -> None:
    """A lost connection is tried once more with the same bytes; right digits stay right."""
    _, challenge, digits = begun(sandbox)
    said = [sandbox.challenges.judge(reference, challenge, digits) for reference in ("r1", "r1", "r2")]
    assert said == [True, True, None]


def test_one_key_is_not_another(sandbox: RunningSandbox) -> None:
    assert sandbox.captcha(secret="another-key-of-more-than-32-characters!").begin() == Away("bad_signature")
    assert sandbox.captcha(clock=lambda: sandbox.now() - 400).begin() == Away("stale_timestamp")


def test_a_provider_that_does_not_answer_is_left_alone_after_one_failure() -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(1)

    with answering(silent) as url:
        provider = HttpCaptchaProvider(url, "k" * 32, patience=Patience(IMPATIENT, breaker_failures=1))
        assert provider.begin() == Away("timeout")
        assert provider.verify("c", "23456") == Away("circuit_open")


@pytest.mark.parametrize("body", [{"right": True}, {"challenge": "c"}])
def test_an_unsigned_answer_is_none(body: dict[str, Any]) -> None:
    content = json.dumps(body).encode()

    def unsigned(connection: socket.socket) -> None:
        connection.recv(65536)
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        connection.sendall(head.encode() + content)

    with answering(unsigned, times=2) as url:
        provider = HttpCaptchaProvider(url, "k" * 32, patience=Patience(breaker_failures=9))
        assert provider.begin() == Away("answer_unsigned")
        assert provider.verify("c", "23456") == Away("answer_unsigned")


@pytest.mark.parametrize("right", ["true", 1, None, "yes", [True], {"right": True}])
def test_only_a_literal_true_is_right(right: object) -> None:
    assert _verdict({"right": right}) is None
    assert _verdict({"right": True, "more": 1}) is None
    assert _verdict({}) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"type": "image/svg+xml", "data": "PHN2Zz4="},
        {"type": "text/html", "data": "PGI+"},
        {"type": ["image/png"], "data": "aGk="},
        {"type": "image/png", "data": "no base64"},
        {"type": "image/png", "data": ""},
        {"type": "image/png", "data": None},
        {"type": "image/png", "data": "QUFB" * (MAX_MEDIA // 3 + 1)},
        {"type": "image/png"},
    ],
)
def test_what_is_no_picture_is_not_shown(answer: dict[str, object]) -> None:
    assert _media(answer, ("image/png", "image/jpeg")) is None
