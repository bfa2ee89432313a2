"""The port to whoever reads photos of documents: the question, and every answer there is (docs/providers.md).

Always true: only a `Read` says who a document is of, and no repr shows a photo, a name or a number.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Protocol

from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.proofing.ports import Unavailable, Unusable


class Unread(StrEnum):
    """Why nothing was read; `idp.web.reasons` has the sentence for each."""

    UNREADABLE = "photos_unreadable"
    GLARE = "photos_glare"
    CUT_OFF = "photos_cut_off"
    """A part of the document is outside the picture."""
    NO_DOCUMENT = "photos_no_document"
    COPY = "photos_copy"
    """A photocopy, or a photo of a screen."""
    SIDES_DIFFER = "photos_sides_differ"
    """Front and back are not of one document."""
    EXPIRED = "photos_expired"
    GONE = "photos_gone"
    """They were deleted before anybody read them; no reader says so."""


@dataclass(frozen=True, slots=True)
class PhotosQuestion:
    """Who is this document of? Both photos are JPEG. ``reference``: as in `NameNumberQuestion`."""

    front: bytes = field(repr=False)
    back: bytes = field(repr=False)
    reference: str


@dataclass(frozen=True, slots=True)
class Read:
    """What stands on the document; ``valid_to`` is its last day, None when it has none."""

    name: PersonName
    document: Document = field(repr=False)
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Unreadable:
    reason: Unread


class IdPhotoReader(Protocol):
    """The port to the reader."""

    def read(self, question: PhotosQuestion) -> Read | Unreadable | Unusable | Unavailable:
        """Ask once; may take seconds, so no transaction is open.

        Never raises for what the reader or the network does.
        """
        ...
