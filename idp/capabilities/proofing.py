"""What a counter's system may say of a person a clerk has seen, read from its body.

Always true: what is said of a document was parsed by its value types, and the account is named by a one-time number.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from idp.accounts.documents import Document, DocumentType, parse_document
from idp.accounts.names import PersonName
from idp.capabilities.rules import CREDENTIALS, UNKNOWN
from idp.clients.capabilities import is_reference
from idp.credentials.rules import DAY, AttemptPolicy
from idp.proofing.rules import CHECKED

NUMBER_DIGITS = 10
NUMBER_LIFETIME = 600
"""Seconds for which the number a person shows at a counter is good."""
CLERK_AAL, CLERK_IAL = 2, CHECKED
"""What a clerk's own sign-in must amount to."""
CLERK_IDLE = 900
"""Seconds without anything of the clerk's session, after which somebody else may stand at their screen."""
WRONG_NUMBERS = AttemptPolicy(limit=5, window=3600, lock_steps=(900, 3600, DAY))
"""Of one clerk: numbers that were nobody's."""
_DIGITS = re.compile(rf"[0-9]{{{NUMBER_DIGITS}}}")
_LONGEST = 8192


class Means(StrEnum):
    DOCUMENT_SEEN = "document_seen"
    CHIP_READ = "chip_read"


@dataclass(frozen=True, slots=True)
class Seen:
    """A person at a counter. ``valid_to``: the document's last day, None: it has none."""

    access_token: str = field(repr=False)
    number: str = field(repr=False)
    name: PersonName
    document: Document
    valid_to: date | None
    means: Means
    reference: str


def read_seen(body: Mapping[str, Any], *, today: date) -> Seen | str:
    """What a body says, or the name of the member that is wrong."""
    known = {"access_token", "number", "name", "document", "means", "reference", *CREDENTIALS}
    if not body.keys() <= known:
        return UNKNOWN
    token, number, name = (body.get(member) for member in ("access_token", "number", "name"))
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST:
        return "access_token"
    if not isinstance(number, str) or not _DIGITS.fullmatch(number):
        return "number"
    person = PersonName.parse(name) if isinstance(name, str) and len(name) <= 100 else None
    if person is None:
        return "name"
    found = _document(body.get("document"), today=today)
    if found is None:
        return "document"
    if body.get("means") not in tuple(Means):
        return "means"
    if not is_reference(body.get("reference")):
        return "reference"
    return Seen(token, number, person, *found, Means(body["means"]), body["reference"])


def _document(told: Any, *, today: date) -> tuple[Document, date | None] | None:
    """Type, number and last day; ``valid_to`` has to be said, null for a document without end."""
    if not isinstance(told, dict) or told.keys() != {"type", "number", "valid_to"}:
        return None
    number, ends = told["number"], told["valid_to"]
    if told["type"] not in tuple(DocumentType) or not isinstance(number, str) or len(number) > 64:
        return None
    document = parse_document(DocumentType(told["type"]), number, today=today)
    if document is None or not isinstance(ends, str | None):
        return None
    try:
        return document, None if ends is None else date.fromisoformat(ends)
    except ValueError:
        return None
