"""The canonical text: what stands in it, and the one sequence of bytes that is signed and hashed.

Always true: two texts that people read as the same have the same bytes, what cannot be seen is not in them, and none
begins as a challenge does.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes

from idp.issuers.purposes import TEXT_HEAD

VERSION = 1
"""Of the form; a text keeps the one it was made in, and all of them stay readable."""
MOST_BYTES = 32 * 1024
"""So that SignedData with the text in it, in base64, is no more than `idp.crypto.signed_data.MOST_BYTES`."""
_PURPOSE = re.compile(r"[a-z][a-z0-9.-]{0,39}")
_ABOUT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]{0,99}")
_ORIGIN = re.compile(r"https?://[a-z0-9.:\[\]-]{1,200}")
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
"""Control, format (which turns the direction of text), surrogates, private, unassigned; other separators of lines."""


class TextRefusal(StrEnum):
    """Why something is no canonical text."""

    MALFORMED = "text_malformed"
    TOO_LONG = "text_too_long"


class Denied(NamedTuple):
    reason: TextRefusal


class Alteration(StrEnum):
    """What shows that kept evidence is not what was kept."""

    UNREADABLE = "evidence_unreadable"
    """A sealed column was altered, comes from another row, or its key is gone."""
    RECORD = "evidence_record"
    """A column says something else than the sealed record."""
    TEXT = "evidence_text"
    """The text is no canonical text, or has another hash."""
    REVOCATION = "evidence_revocation"
    """Revocation data is gone or altered."""
    SIGNATURE = "evidence_signature"
    CERTIFICATE = "evidence_certificate"
    """It was signed by another certificate, or what the certificate says of itself does not hold."""
    PATH = "evidence_path"
    """The path did not hold at the time of signing."""


@dataclass(frozen=True, slots=True)
class CanonicalText:
    """Made by `canonical`, read by `parse`. ``about``: the id of what the text is about, its kind in front."""

    purpose: str
    origin: str
    about: str
    body: str = field(repr=False)
    version: int = VERSION

    @property
    def content(self) -> bytes:
        """What is signed: UTF-8."""
        head = (TEXT_HEAD, str(self.version), self.purpose, self.origin, self.about)
        return "\n".join((*head, "", self.body, "")).encode()

    @property
    def sha256(self) -> str:
        """Hexadecimal, of the whole content."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def sm3(self) -> str:
        digest = hashes.Hash(hashes.SM3())
        digest.update(self.content)
        return digest.finalize().hex()


def canonical(*, purpose: str, origin: str, about: str, body: str) -> CanonicalText | Denied:
    """``body``: as a person reads it. It is brought into NFC and LF, without blanks at the ends of lines and without
    empty lines before and behind.

    ``purpose``: small letters, digits, ``.`` and ``-``; ``origin``: the issuer; ``about``: ``<kind>:<id>``.
    """
    lines = unicodedata.normalize("NFC", body.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    plain = "\n".join(line.rstrip(" \t\u3000\u00a0") for line in lines).strip("\n")
    heads = ((_PURPOSE, purpose), (_ORIGIN, origin), (_ABOUT, about))
    if not plain or not all(form.fullmatch(head) for form, head in heads) or not _is_seen(plain):
        return Denied(TextRefusal.MALFORMED)
    text = CanonicalText(purpose, origin, about, plain)
    return text if len(text.content) <= MOST_BYTES else Denied(TextRefusal.TOO_LONG)


def parse(content: bytes) -> CanonicalText | None:
    """The text whose content this is, byte for byte; None: of no version known, or not in its one form."""
    try:
        head, version, purpose, origin, about, empty, body = content.decode().split("\n", 6)
    except ValueError:
        return None
    made = canonical(purpose=purpose, origin=origin, about=about, body=body)
    if isinstance(made, Denied) or (head, version, empty) != (TEXT_HEAD, str(VERSION), ""):
        return None
    return made if made.content == content else None


def _is_seen(plain: str) -> bool:
    return all(char == "\n" or unicodedata.category(char) not in _UNSEEN for char in plain)
