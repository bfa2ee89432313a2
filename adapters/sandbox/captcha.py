"""The stand-in captcha provider: `POST /captcha/v1/challenges` (docs/providers.md).

Always true: an answer, right or wrong, uses a challenge up.
"""

import base64
import hashlib
import json
import re
import secrets
import wave
from collections import OrderedDict
from collections.abc import Callable, Mapping
from importlib.resources import files
from io import BytesIO
from threading import Lock
from typing import Any

from flask import Blueprint, Response, current_app, request

from adapters.sandbox.contract import KEY, Forms, Refusal, invalid, like, parse_fields, sign
from adapters.sandbox.signed import refuse, settings, signed_body

CAPTCHA_ENDPOINT = "/captcha/v1/challenges"
captcha = Blueprint("captcha", __name__)


def _word(pattern: str) -> Callable[[object], bool]:
    return like(re.compile(pattern))


_CHALLENGE, _REFERENCE = _word("[0-9a-f]{32}"), like(KEY)
_FORMS: tuple[Forms, ...] = (
    {"reference": _REFERENCE, "want": _word("challenge")},
    {"reference": _REFERENCE, "want": _word("picture"), "challenge": _CHALLENGE},
    {"reference": _REFERENCE, "want": _word("sound"), "challenge": _CHALLENGE, "voice": _word("zh|en")},
    {"reference": _REFERENCE, "want": _word("verdict"), "challenge": _CHALLENGE, "digits": _word("[0-9]{5}")},
)
"""The four questions."""


_GONE = Refusal(422, "invalid_request", "no such challenge waits for its answer")


class Challenges:
    """The digits of each challenge that waits; the oldest make room. Safe for several threads."""

    def __init__(self, *, most: int) -> None:
        self._lock = Lock()
        self._most = most
        self._digits: OrderedDict[str, str] = OrderedDict()
        self._said: OrderedDict[str, bool] = OrderedDict()

    def begin(self) -> str:
        name, digits = secrets.token_hex(16), "".join(secrets.choice("023456789") for _ in range(5))
        with self._lock:
            if len(self._digits) >= self._most:
                self._digits.popitem(last=False)
            self._digits[name] = digits
        return name

    def digits(self, name: str) -> str | None:
        with self._lock:
            return self._digits.get(name)

    def judge(self, reference: str, name: str, digits: str) -> bool | None:
        """Whether they are right, the same for the same question again; None when the challenge is used up."""
        with self._lock:
            if reference not in self._said:
                kept = self._digits.pop(name, None)
                if kept is None:
                    return None
                if len(self._said) >= self._most:
                    self._said.popitem(last=False)
                self._said[reference] = kept == digits
            return self._said[reference]


@captcha.post(CAPTCHA_ENDPOINT)
def answer_about_challenge() -> Response:
    secret, now = settings().captcha_secret, settings().clock()
    body = signed_body(secret, now)
    if isinstance(body, Refusal):
        return refuse(body)
    question = _parse(body)
    if isinstance(question, Refusal):
        return refuse(question)
    said = _answer(question)
    if isinstance(said, Refusal):
        return refuse(said)
    echo = {"reference": question["reference"], "question": hashlib.sha256(body).hexdigest()}
    response = Response(json.dumps({**echo, **said}), mimetype="application/json")
    response.headers["Tongban-Timestamp"] = str(int(now))
    response.headers["Tongban-Signature"] = sign(secret, str(int(now)), response.get_data())
    return response


def _parse(body: bytes) -> dict[str, Any] | Refusal:
    tried = [parse_fields(body, forms) for forms in _FORMS]
    found = next((fields for fields in tried if not isinstance(fields, Refusal)), None)
    if found is None:
        return invalid("the body is none of the four questions")
    same = found["reference"] == request.headers.get("Idempotency-Key")
    return found if same else invalid("Idempotency-Key is missing or is not the reference")


def _answer(question: Mapping[str, Any]) -> dict[str, object] | Refusal:
    known: Challenges = current_app.extensions["sandbox_captcha"]
    want = question["want"]
    if want == "challenge":
        return {"challenge": known.begin()}
    name = question["challenge"]
    if want == "verdict":
        right = known.judge(question["reference"], name, question["digits"])
        return _GONE if right is None else {"right": right}
    digits = known.digits(name)
    if digits is None:
        return _GONE
    kind, content = ("image/png", _picture(digits)) if want == "picture" else ("audio/wav", _sound(digits))
    return {"type": kind, "data": base64.b64encode(content).decode()}


def _picture(digits: str) -> bytes:
    from captcha.image import ImageCaptcha

    return ImageCaptcha(240, 80).generate(digits).getvalue()


def _sound(digits: str) -> bytes:
    """The package's English recordings one after the other, whatever the voice: 8000 samples of a byte a second."""
    made = BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        for digit in digits:
            recorded = files("captcha") / "data" / digit / "default.wav"
            with recorded.open("rb") as opened, wave.open(opened) as spoken:
                file.writeframes(spoken.readframes(spoken.getnframes()) + b"\x80" * 3200)
    return made.getvalue()
