"""What a person whose face has passed is told, and what their account is worth at first.

Always true: a face check alone gives no account its full standing: the phone on file speaks for it, or time does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount
from idp.accounts.rules import Kind, Mobile, WaitingState
from idp.checks.rules import CheckSubject
from idp.proofing.rules import CHECKED, FACE_CHECKED

FACE = "face"
"""The kind of evidence that a face check is."""
_CHANGING = frozenset({Kind.PASSPORT})
"""Numbers that two countries may give out to two people."""


class Found(StrEnum):
    """What there is of somebody whose face has passed."""

    WAITING = "waiting"
    ACTIVE = "active"
    UNPROVED = "unproved"
    """The document is on record with an account that no face, or no longer any, has proved to be its person's."""
    SUSPENDED = "suspended"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One account that waits, with what the older platform said of it. ``imported_at``: Unix seconds."""

    id: str
    platform: str
    region: str | None
    state: WaitingState
    imported_at: int
    told: OldAccount = field(repr=False)


@dataclass(frozen=True, slots=True)
class Finding:
    """``party_id``, ``mobile``: of the account there is already; ``waiting``: what can be activated."""

    found: Found
    party_id: str | None = None
    mobile: Mobile | None = None
    waiting: tuple[Waiting, ...] = ()


def is_of(subject: CheckSubject, told: OldAccount) -> bool:
    """Whether an old account with the subject's document is theirs. People change their names; a number that is
    given to one person for good says enough, another one only together with the name.
    """
    return told.document == subject.document and is_named(subject, told.name)


def is_named(subject: CheckSubject, name: PersonName | None) -> bool:
    """Whether a record of the subject's document under ``name`` is about them."""
    return subject.document.kind not in _CHANGING or (name is not None and name.key == subject.name.key)


def phones_on_file(waiting: Iterable[Waiting]) -> list[Mobile]:
    """Each number once, the one that was told last first."""
    newest = sorted(waiting, key=lambda one: (one.imported_at, one.id), reverse=True)
    return list(dict.fromkeys(one.told.mobile for one in newest if one.told.mobile))


def level(*, on_file: bool) -> int:
    """``ial`` from a face check: whole with a code to the phone on file."""
    return FACE_CHECKED if on_file else CHECKED


def ranked(waiting: Iterable[Waiting], mobile: Mobile) -> list[Waiting]:
    """The one that becomes the account first, then those that are merged into it: whose phone was confirmed leads."""
    return sorted(waiting, key=lambda one: (one.told.mobile != mobile, -one.imported_at, one.id))
