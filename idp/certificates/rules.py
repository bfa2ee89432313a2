"""What is signed, why a certificate is refused, and how much one that signs in is worth.

Always true: the text to be signed says for what, where and until when, so that a signature made for anything else is
no answer.
"""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from idp.accounts.documents import Document, IdNumber
from idp.crypto.certificates import Reason
from idp.issuers.profiles import KeyProtection
from idp.signin.rules import Method

LEVEL = 4
"""``ial`` or ``el`` of a certificate: its issuer has made sure of the person or entity, who has the key now."""
EVIDENCE = "certificate"
MOST = 10
"""Certificates bound to one account."""
_HEAD = "tongban-certificate"


class Purpose(StrEnum):
    """What a signature is asked for; one made for another is refused."""

    BIND_PERSON = "bind-person"
    BIND_ENTITY = "bind-entity"
    SIGN_IN = "sign-in"
    CONFIRM = "confirm"
    RENEW = "renew"
    TEXT = "text"
    """A text that binds whoever signs it, kept with its signature (`idp.signatures`)."""


class Refusal(StrEnum):
    """Why a certificate was not accepted though it is sound; `idp.web` has the sentence for each."""

    CHALLENGE_OVER = "certificate_challenge_over"
    """Unknown, used, past its time, or another browser's, session's or purpose's."""
    TICKET_OVER = "certificate_ticket_over"
    """The same of a certificate that was shown by a connection."""
    LOCKED = "certificate_locked"
    TOO_MANY_REQUESTS = "too_many_requests"
    NOT_BOUND = "certificate_not_bound"
    BOUND_ELSEWHERE = "certificate_bound_elsewhere"
    NAMES_NO_PERSON = "certificate_names_no_person"
    NAMES_NO_ENTITY = "certificate_names_no_entity"
    OTHER_PERSON = "certificate_other_person"
    OTHER_ENTITY = "certificate_other_entity"
    NO_NAME = "certificate_no_name"
    """The account is nobody's yet, and the certificate's name is no person's."""
    DOCUMENT_TAKEN = "certificate_document_taken"
    ACCOUNT_WAITS = "certificate_account_waits"
    HELD = "certificate_held"
    TOO_MANY = "certificate_too_many"
    HOLDER_GONE = "certificate_holder_gone"
    """The registered holder is nothing to the entity any more, or cannot be reached."""
    NOT_SIGNERS = "certificate_not_signers"
    """Neither their own, nor one of the party they sign for whose registered holder they are."""


class EndReason(StrEnum):
    BY_PERSON = "unbound"
    RENEWED = "renewed"
    REVOKED = "revoked"
    EXPIRED = "expired"
    DISOWNED = "disowned"
    ACCOUNT_CLOSED = "account-closed"


class Denied(NamedTuple):
    """``detail``: for the audit, ASCII, nothing personal; ``until``: Unix seconds at which a lock ends."""

    reason: Reason | Refusal
    detail: str = ""
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Challenge:
    """What is to be signed: ``text``, as UTF-8, to which no line end is added. ``expires_at``: Unix seconds."""

    id: str
    text: str
    expires_at: int

    @property
    def base64(self) -> str:
        """The bytes to be signed, for a file that holds them exactly."""
        return b64encode(self.text.encode()).decode()


_METHODS = {
    KeyProtection.UNKNOWN: Method.CERTIFICATE,
    KeyProtection.PIN: Method.CERTIFICATE_PIN,
    KeyProtection.HARDWARE: Method.CERTIFICATE_TOKEN,
}


def challenge_text(purpose: Purpose, *, origin: str, key: str, nonce: str, expires_at: int) -> str:
    return "\n".join((_HEAD, purpose, origin, key, nonce, str(expires_at)))


def method_for(protection: KeyProtection, *, of_entity: bool) -> Method:
    """What signing in by such a key is worth. An entity's adds nothing to the strength of its human (mandates.md)."""
    return Method.ENTITY_CERTIFICATE if of_entity else _METHODS[protection]


def algorithm_word(algorithm: str) -> str:
    """As people know it."""
    return {"rsa": "RSA", "sm2": "SM2"}.get(algorithm, algorithm.upper())


def may_be_persons(number: IdNumber | None, own: Iterable[Document]) -> Refusal | None:
    """Why a certificate that names ``number`` cannot be that of a person with these documents; none: it may be."""
    if number is None:
        return Refusal.NAMES_NO_PERSON
    known = list(own)
    return Refusal.OTHER_PERSON if known and number not in known else None
