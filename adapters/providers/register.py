"""What clients of registers and their like share: one signed question, one signed answer to it (docs/providers.md).

Always true: an answer is read only when its signature, its time, its reference and its digest of the question hold.
"""

import hashlib
import hmac
import http.client
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from adapters.providers.breaker import Breaker, Open
from adapters.providers.http import Answer, Failed, Failure, SignedClient, parsed, signature
from idp.proofing.ports import Unavailable, UnavailableReason, Unusable, UnusableReason

T = TypeVar("T")
WINDOW = 300
"""Seconds an answer's timestamp may be from our clock, either way."""
REFUSED_AS = {
    400: UnusableReason.INVALID_REQUEST,
    401: UnusableReason.BAD_SIGNATURE,
    403: UnusableReason.NOT_ENTITLED,
    409: UnusableReason.REFERENCE_CONFLICT,
    413: UnusableReason.INVALID_REQUEST,
    415: UnusableReason.INVALID_REQUEST,
    422: UnusableReason.OTHER,
}
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v1=[0-9a-f]{64}")
Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a register is waited for, and when it is left alone: seconds, failures in a row, seconds."""

    timeout: float = 3.0
    breaker_failures: int = 5
    breaker_pause: float = 30.0


def encode(fields: Fields) -> bytes:
    """The request body: the same bytes for the same question, because a second try must repeat them."""
    return json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


class RegisterLine:
    """The line to one register. Safe for several threads; they share the breaker alone."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        patience: Patience,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ``ValueError`` for an unusable ``url`` or ``patience``, ``OSError`` for no readable ``ca_file``."""
        self._client = SignedClient(url, secret, timeout=patience.timeout, ca_file=ca_file, clock=clock)
        self._breaker = Breaker(failures=patience.breaker_failures, pause=patience.breaker_pause)
        self._secret, self._timeout, self._clock = secret, patience.timeout, clock

    def ask(self, question: Fields, read: Callable[[Fields], T | None]) -> T | Unusable | Unavailable:
        """The answer as ``read`` understands it; ``read`` returns None for one that is not well formed, or says
        itself why it is `Unavailable`.

        ``question`` holds the ``reference``. Any `Unavailable` counts against the register, a refusal does not.
        """
        ticket = self._breaker.admit(now=time.monotonic())
        if isinstance(ticket, Open):
            return Unavailable(UnavailableReason.CIRCUIT_OPEN, math.ceil(ticket.seconds))
        answered = False
        try:
            result = self._ask(str(question["reference"]), encode(question), read)
            answered = not isinstance(result, Unavailable)
            return result
        finally:  # whatever happens: a trial without report would keep the breaker half open for ever
            self._breaker.report(ticket, answered=answered, now=time.monotonic())

    def _ask(self, reference: str, body: bytes, read: Callable[[Fields], T | None]) -> T | Unusable | Unavailable:
        answer = self._post(reference, body)
        if isinstance(answer, Failed):
            return _unavailable(answer)
        if answer.status in REFUSED_AS:
            return Unusable(_refusal(answer))
        if answer.status != http.client.OK:
            return _unavailable(answer.failed())
        fields = self._verified(answer, reference, hashlib.sha256(body).hexdigest())
        if isinstance(fields, UnavailableReason):
            return Unavailable(fields)
        result = read(fields)
        return Unavailable(UnavailableReason.MALFORMED_ANSWER) if result is None else result

    def _post(self, reference: str, body: bytes) -> Answer | Failed:
        """One try, and in what is left of its time another after a lost connection: the reference makes them one."""
        began = time.monotonic()
        answer = self._client.post(body, key=reference)
        left = self._timeout - (time.monotonic() - began)
        if answer == Failed(Failure.UNREACHABLE) and left > 0:
            return self._client.post(body, key=reference, timeout=left)
        return answer

    def _verified(self, answer: Answer, reference: str, digest: str) -> Fields | UnavailableReason:
        """What the answer says beside echoing the question, or why it is not believed."""
        fault = signature_fault(self._secret, answer.timestamp, answer.signature, answer.content, now=self._clock())
        if fault:
            return fault
        fields = strict(answer.content)
        if fields is None:
            return UnavailableReason.MALFORMED_ANSWER
        if fields.pop("reference", None) != reference or fields.pop("question", None) != digest:
            return UnavailableReason.ANSWER_SWAPPED
        return fields


def signature_fault(secret: str, timestamp: str, signed: str, body: bytes, *, now: float) -> UnavailableReason | None:
    """Why ``body`` under these two Tongban headers is not believed; None when it is signed and fresh."""
    if not _TIMESTAMP.fullmatch(timestamp) or not _SIGNATURE.fullmatch(signed):
        return UnavailableReason.ANSWER_UNSIGNED
    if not hmac.compare_digest(signature(secret, timestamp, body), signed):
        return UnavailableReason.ANSWER_UNSIGNED
    return UnavailableReason.ANSWER_STALE if abs(now - int(timestamp)) > WINDOW else None


def exactly(fields: Fields, *names: str) -> bool:
    """Are these, and no others, the fields?"""
    return fields.keys() == set(names)


def strict(content: bytes) -> dict[str, object] | None:
    """The JSON object in UTF-8 without repeated names, NaN or Infinity; None when it is none."""
    try:
        answer = json.loads(content.decode(), object_pairs_hook=_no_repeats, parse_constant=_no_constants)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a name is repeated")
    return fields


def _no_constants(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _refusal(answer: Answer) -> UnusableReason:
    """The register's word if it is one of ours, else what the status says; its free text is dropped."""
    error = parsed(answer.content).get("error")
    return next((reason for reason in UnusableReason if reason == error), REFUSED_AS[answer.status])


def _unavailable(failed: Failed) -> Unavailable:
    return Unavailable(UnavailableReason(failed.failure.value), failed.retry_after)
