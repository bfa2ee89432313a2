"""Identifiers as value types: what a phone number and a user name are, each with one canonical form.

Always true: ``repr`` and ``str`` of a value type are masked; the canonical text is read by ``.value`` on purpose.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_USER_NAME = re.compile(r"[a-z][a-z0-9_]{5,19}")
_SEPARATORS = re.compile(r"[\s\-().·]+")


class Kind(StrEnum):
    """What an identifier is; also the name of its blind index."""

    MOBILE = "mobile"
    USER_NAME = "user_name"
    ID_NUMBER = "id_number"
    PASSPORT = "passport"
    TRAVEL_PERMIT = "travel_permit"
    CREDIT_CODE = "credit_code"


class PartyKind(StrEnum):
    PERSON = "person"
    ENTITY = "entity"
    """A legal entity: somebody always acts for it."""


class PartyStatus(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    """By operators: the account answers like one that is not there, until they lift it."""
    CLOSED = "closed"


class Act(StrEnum):
    """What can be held back for a time."""

    CHANGE_PHONE = "change-phone"
    RESET_PASSWORD = "reset-password"  # noqa: S105
    """By a code to the phone alone; who signs in may change the password."""
    CHANGE_METHODS = "change-methods"
    """How one signs in, by what a phone and a password say: one of them has just been changed by the other."""
    REPRESENT = "represent"
    """Speaking for a legal entity: phone and password are new, by the word of operators."""


class PartyEventKind(StrEnum):
    """What departments are to be told of a party."""

    IDENTIFIER_RECYCLED = "identifier-recycled"
    SUBJECT_MERGED = "subject-merged"
    """The person of a closed account has proved themselves again; told to each sector that knew it."""
    ACCOUNT_DISABLED = "account-disabled"
    """Operators have suspended the account."""
    ACCOUNT_ENABLED = "account-enabled"
    ACCOUNT_PURGED = "account-purged"
    """It was closed for good."""
    MANDATE_CHANGED = "mandate-changed"
    """One that was in force is frozen, or counts again; told to each app that was told of acting by it."""
    MANDATE_REVOKED = "mandate-revoked"
    """One that was in force has ended, whoever or whatever ended it."""
    REPRESENTED_STATUS_CHANGED = "represented-status-changed"
    """A person's office in an entity has ended; told to each app that was told of acting by it."""


class WaitingState(StrEnum):
    """How far the person of an account of an older platform has come; the last three are its end."""

    IMPORTED = "imported"
    CLAIMED = "claimed"
    FACE_PASSED = "face_passed"
    PHONE_BOUND = "phone_bound"
    ACTIVE = "active"
    REJECTED = "rejected"
    """Whoever has the phone on file said that somebody else activated it: it waits for who is seen by people."""
    MERGED = "merged"


class OldFlag(StrEnum):
    """What the older platform said of an account that is never activated."""

    CLOSED = "closed"
    DECEASED = "deceased"


@dataclass(frozen=True, slots=True)
class Mobile:
    """A mainland mobile number: 11 digits, ``1[3-9]`` and nine more."""

    value: str
    kind = Kind.MOBILE

    @classmethod
    def parse(cls, text: str) -> "Mobile | None":
        """The number in ``text`` whatever its spelling: +86, 0086, spaces, hyphens, full-width digits."""
        digits = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
        for prefix in ("+86", "0086"):
            digits = digits.removeprefix(prefix)
        if len(digits) == 13:
            digits = digits.removeprefix("86")
        return cls(digits) if _MOBILE.fullmatch(digits) else None

    @property
    def e164(self) -> str:
        return "+86" + self.value

    @property
    def masked(self) -> str:
        return f"{self.value[:3]}****{self.value[-4:]}"

    def __repr__(self) -> str:
        return f"Mobile({self.masked})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class UserName:
    """A self-chosen name: a letter, then 5 to 19 letters, digits or underscores; case does not tell names apart."""

    value: str
    kind = Kind.USER_NAME

    @classmethod
    def parse(cls, text: str) -> "UserName | None":
        name = unicodedata.normalize("NFKC", text).strip().lower()
        return cls(name) if _USER_NAME.fullmatch(name) else None

    @property
    def masked(self) -> str:
        return f"{self.value[:2]}***{self.value[-1]}"

    def __repr__(self) -> str:
        return f"UserName({self.masked})"

    __str__ = __repr__
