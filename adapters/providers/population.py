"""The population register's client (docs/providers.md): do a name and a number belong together?

Always true: only the literal answer of the contract is a match; whatever differs from it by a letter is none.
"""

import re
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from adapters.providers.register import Fields, Patience, RegisterLine, exactly
from idp.proofing.ports import Deceased, Match, Mismatch, NameNumberQuestion, NotFound, Unavailable, Unusable

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class HttpPopulationRegister:
    """Fills ``idp.proofing.ports.PopulationRegister``. Safe for several threads."""

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

    def check(self, question: NameNumberQuestion) -> Match | Deceased | Mismatch | NotFound | Unusable | Unavailable:
        fields = {
            "reference": question.reference,
            "name": question.name,
            "document_type": str(question.document_type),
            "number": question.number,
        }
        return self._line.ask(fields, _read)


def _read(answer: Fields) -> Match | Deceased | Mismatch | NotFound | None:
    if answer.get("found") is False:
        return NotFound() if exactly(answer, "found") else None
    if answer.get("found") is not True:
        return None
    if answer.get("match") is False:
        return Mismatch() if exactly(answer, "found", "match") else None
    if answer.get("match") is not True or not exactly(answer, "found", "match", "status", "valid_to"):
        return None
    return _person(answer["status"], answer["valid_to"])


def _person(status: object, last_day: object) -> Match | Deceased | None:
    valid_to = _day(last_day)
    if valid_to is None and last_day is not None:
        return None
    if status == "alive":
        return Match(valid_to)
    return Deceased() if status == "deceased" else None


def _day(text: object) -> date | None:
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
