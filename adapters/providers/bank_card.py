"""The client of the switch that asks banks (docs/providers.md): do name, document, card and phone belong together?

Always true: only the literal answer of the contract is a match, and only of as many elements as were asked.
"""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from adapters.providers.register import Fields, Patience, RegisterLine, exactly
from idp.proofing.ports import (
    BankCardQuestion,
    CardReason,
    CardRefused,
    Match,
    Mismatch,
    NotFound,
    Unavailable,
    Unusable,
)


class HttpBankCards:
    """Fills ``idp.proofing.ports.BankCardVerifier``. Safe for several threads."""

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

    def verify(
        self, question: BankCardQuestion
    ) -> Match | Mismatch | NotFound | CardRefused | Unusable | Unavailable:
        fields = {
            "reference": question.reference,
            "name": question.name,
            "document_type": str(question.document_type),
            "number": question.number,
            "card": question.card,
            "mobile": question.mobile,
        }
        return self._line.ask(fields, partial(_read, 3 if question.mobile is None else 4))


def _read(elements: int, answer: Fields) -> Match | Mismatch | NotFound | CardRefused | None:
    if answer.get("found") is False:
        return NotFound() if exactly(answer, "found") else None
    if answer.get("found") is not True:
        return None
    if answer.get("usable") is False:
        return _refused(answer["reason"]) if exactly(answer, "found", "usable", "reason") else None
    if answer.get("usable") is not True:
        return None
    if answer.get("match") is False:
        return Mismatch() if exactly(answer, "found", "usable", "match") else None
    if answer.get("match") is not True or not exactly(answer, "found", "usable", "match", "elements"):
        return None
    compared = answer["elements"]
    return Match(None) if type(compared) is int and compared == elements else None


def _refused(reason: object) -> CardRefused | None:
    return next((CardRefused(known) for known in CardReason if known == reason), None)
