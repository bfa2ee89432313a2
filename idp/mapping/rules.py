"""What a line of a department's file says, and what can be wrong with it.

Always true: a fault says why, never what stood in the line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from idp.accounts.documents import Document, DocumentType, IdNumber, parse_document
from idp.accounts.names import PersonName
from idp.proofing.rules import FACE_CHECKED

SCOPE = "legacy_sub"
"""Scope and claim."""
LEAST_IAL = FACE_CHECKED
"""``ial`` from which a link is told: below it whoever knows a name and a number could have somebody's old account."""
MAX_LOCAL_ID = 255
"""Characters, as OpenID Connect Core 2 has for ``sub``."""
COLUMNS = ("local_id", "name", "document_type", "document_number")
_ID_NUMBERS = frozenset({DocumentType.RESIDENT_ID, DocumentType.RESIDENCE_PERMIT, DocumentType.PERMANENT_RESIDENCE})


class Fault(StrEnum):
    """Why a line makes no link."""

    UNREADABLE = "unreadable"
    """Neither a row of the table nor a JSON object, or too long."""
    LOCAL_ID = "local_id_invalid"
    NAME = "name_invalid"
    DOCUMENT_TYPE = "document_type_unknown"
    DOCUMENT = "document_number_invalid"
    REPEATED = "repeated"
    """An earlier line of the file says the same of this local id and document; that one counts."""


class Standing(StrEnum):
    """How a link that is stored stands now."""

    LINKED = "linked"
    WAITING = "waiting"
    """Nobody who was looked at has shown this document yet."""
    UNFINISHED = "import_unfinished"
    """The file that says so was not read to its end: a later line may contradict this one."""
    NAME_DIFFERS = "name_differs"
    """The document's holder has another name than the line."""
    SHARED = "two_people_for_one_local_id"
    SEVERAL = "two_local_ids_for_one_person"


@dataclass(frozen=True, slots=True)
class Line:
    """What the department holds: its own id of a person, and who that is."""

    local_id: str
    name: PersonName
    document: Document

    def __repr__(self) -> str:
        return f"Line({self.name}, {self.document})"


def read_line(row: Mapping[str, Any], *, today: date) -> Line | Fault:
    """``document_type`` may be missing or empty: the number is then a resident's or a residence document's."""
    values = {column: row.get(column) or "" for column in COLUMNS}
    if not all(isinstance(value, str) for value in values.values()):
        return Fault.UNREADABLE
    local_id = values["local_id"].strip()
    if not local_id or len(local_id) > MAX_LOCAL_ID or not local_id.isprintable():
        return Fault.LOCAL_ID
    name = PersonName.parse(values["name"])
    if name is None:
        return Fault.NAME
    document = _document(values["document_type"].strip(), values["document_number"], today=today)
    return document if isinstance(document, Fault) else Line(local_id, name, document)


def _document(kind: str, number: str, *, today: date) -> Document | Fault:
    if kind and kind not in frozenset(DocumentType):
        return Fault.DOCUMENT_TYPE
    if kind and DocumentType(kind) not in _ID_NUMBERS:
        return parse_document(DocumentType(kind), number, today=today) or Fault.DOCUMENT
    found = IdNumber.parse(number, today=today, migrated=True)
    return found if found and kind in ("", found.type) else Fault.DOCUMENT
