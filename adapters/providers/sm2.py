"""The client of a signature-verification server (docs/providers.md): does this SM2 signature hold?

Always true: only the literal ``true`` of a signed answer to this very question is a signature that holds.
"""

import base64
import secrets
import time
from collections.abc import Callable
from pathlib import Path

from adapters.providers.register import Fields, Patience, RegisterLine, exactly
from idp.crypto.sm2 import USER_ID, Sm2Unavailable, well_formed
from idp.proofing.ports import Unavailable, Unusable

LONGEST = 16 * 1024 * 1024
"""Bytes of a message, which may be a whole revocation list."""


class HttpSm2Verifier:
    """Fills ``idp.crypto.sm2.Sm2Verifier``. Safe for several threads; they share the breaker alone."""

    def __init__(
        self,
        url: str,
        secret: str,
        *,
        patience: Patience | None = None,
        ca_file: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Raises ``ValueError`` for an unusable ``url``, ``OSError`` for an unreadable ``ca_file``."""
        self._line = RegisterLine(url, secret, patience=patience or Patience(), ca_file=ca_file, clock=clock)

    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = USER_ID) -> bool:
        """Raises ``Sm2Unavailable``, with why in its words, without an answer. What no key can have made is not asked
        about: servers differ in what they let pass.
        """
        if well_formed(point, signature, user_id) is None:
            return False
        if len(message) > LONGEST:
            raise Sm2Unavailable("message_too_large")
        given = {"point": point, "message": message, "signature": signature, "user_id": user_id}
        question = {name: base64.b64encode(value).decode() for name, value in given.items()}
        answer = self._line.ask({"reference": secrets.token_hex(16), **question}, _valid)
        if isinstance(answer, Unavailable | Unusable):
            raise Sm2Unavailable(answer.reason)
        return answer


def _valid(answer: Fields) -> bool | None:
    valid = answer.get("valid")
    return valid if exactly(answer, "valid") and isinstance(valid, bool) else None
