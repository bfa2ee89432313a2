"""The client of a service that reads photos of documents (docs/providers.md): whose document is this?

Always true: what is read counts only in the contract's words, and only when the number bears its own check.
"""

import base64
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from adapters.providers.register import Fields, Patience, RegisterLine, exactly
from idp.accounts.documents import DocumentType, parse_document
from idp.accounts.names import PersonName
from idp.proofing.checking import china_time
from idp.proofing.photo_port import PhotosQuestion, Read, Unread, Unreadable
from idp.proofing.ports import Unavailable, Unusable

LONGEST = 200
"""Characters of a name or number that is looked at."""
_WORDS = {
    "unreadable": Unread.UNREADABLE,
    "glare": Unread.GLARE,
    "cut_off": Unread.CUT_OFF,
    "no_document": Unread.NO_DOCUMENT,
    "copy": Unread.COPY,
    "sides_differ": Unread.SIDES_DIFFER,
}


class HttpPhotoReader:
    """Fills ``idp.proofing.photo_port.IdPhotoReader``. Safe for several threads."""

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
        self._clock = clock

    def read(self, question: PhotosQuestion) -> Read | Unreadable | Unusable | Unavailable:
        fields = {
            "reference": question.reference,
            "front": base64.b64encode(question.front).decode(),
            "back": base64.b64encode(question.back).decode(),
        }
        return self._line.ask(fields, self._read)

    def _read(self, answer: Fields) -> Read | Unreadable | None:
        if answer.get("read") is False:
            known = _WORDS.get(str(answer.get("reason")))
            return Unreadable(known) if known and exactly(answer, "read", "reason") else None
        if answer.get("read") is not True or not exactly(
            answer, "read", "name", "document_type", "number", "valid_to"
        ):
            return None
        name, number, kind, ends = (answer[key] for key in ("name", "number", "document_type", "valid_to"))
        if not _text(name) or not _text(number) or kind not in tuple(DocumentType):
            return None
        if ends is not None and (last := _day(ends)) is None:
            return None
        today = china_time(int(self._clock())).date()
        document = parse_document(DocumentType(str(kind)), str(number), today=today)
        person = PersonName.parse(str(name))
        if document is None or person is None:  # a machine that misreads a figure says so by its check
            return Unreadable(Unread.UNREADABLE)
        return Read(person, document, None if ends is None else last)


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST


def _day(value: object) -> date | None:
    """``YYYY-MM-DD`` and nothing else that ISO 8601 allows."""
    try:
        found = date.fromisoformat(value) if isinstance(value, str) and value.isascii() else None
    except ValueError:
        return None
    return found if found and found.isoformat() == value else None
