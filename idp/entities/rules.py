"""What ties a person to a legal entity, what it is worth now, and how acting for one is written down.

Always true: a tie is worth something only while it is confirmed, the entity is active and the register was asked
lately; everything else has a name of its own and no power.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from idp.proofing.ports import (
    EnterpriseRecord,
    EntityStatus,
    EntityType,
    NotFound,
    RegisterRole,
    Unavailable,
    Unusable,
)
from idp.proofing.rules import Evidence, identity_level

SCOPE = "represented"
"""Who registered it is told whom a person acts for."""
PARTICULARS = "legal_entity"
"""Who registered it is told what the register says of that entity, and nothing else of the acting."""
AUTHORITY = "authority"
"""Who registered it is told of the acting in the form of OpenID Connect for Identity Assurance."""
SCOPES = frozenset({SCOPE, PARTICULARS, AUTHORITY})
"""What is about whom a person acts for."""
CLAIMANT = "claimant"
"""The role of who registered an entity from outside: none in any register."""
CONFIRMED_LEVEL = 2
"""``el`` from the register's match and the representative's own confirmation."""
REPRESENTATIVE = "representative"
"""The kind of evidence that carries `CONFIRMED_LEVEL`."""
OVER = frozenset({EntityStatus.CANCELLED, EntityStatus.REVOKED})
"""An entity of such a status has nobody to speak for it any more."""
_FIRST = (
    RegisterRole.LEGAL_REPRESENTATIVE,
    RegisterRole.PERSON_IN_CHARGE,
    RegisterRole.SOLE_TRADER,
    RegisterRole.MANAGING_PARTNER,
)


class RoleState(StrEnum):
    CLAIMED = "claimed"
    """Said by somebody, confirmed by nobody."""
    CONFIRMED = "confirmed"
    CONTESTED = "contested"
    """Somebody else stands confirmed, or the register names somebody else."""
    ENDED = "ended"


class Via(StrEnum):
    """Through which door somebody came to act for an entity."""

    ROLE = "role"
    """Signed in as themselves, then chosen."""
    ENTITY_PASSWORD = "entity_password"  # noqa: S105 - a door's name
    MANDATE = "mandate"
    """By a mandate, or a chain of them that ends in it."""
    ENTITY_CERTIFICATE = "entity_certificate"


class RepresentedStatus(StrEnum):
    """What an app hears of the one acted for; only ``current`` comes with ``represented``."""

    CURRENT = "current"
    NOT_ALLOWED = "not_allowed"
    REGISTER_UNAVAILABLE = "register_unavailable"
    EXPIRED_IN_SESSION = "expired_in_session"
    APPROVAL_PENDING = "approval_pending"


class EntityRefusal(StrEnum):
    """Why an entity was not registered; `idp.web` has the sentence for each."""

    NOT_CONFIRMED = "entity_not_confirmed"
    SUSPENDED = "entity_suspended"
    MOVED = "entity_moved"
    REVOKED = "entity_revoked"
    CANCELLED = "entity_cancelled"
    TRIES_USED_UP = "entity_tries_used_up"
    REGISTER_UNAVAILABLE = "entity_register_unavailable"
    PERSON_UNPROVED = "entity_person_unproved"
    DOCUMENT_EXPIRED = "document_expired"


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom somebody acts, as what, and how they came to; a session and its grants keep it as ``text``.

    ``entity``: the party represented, by a mandate a person as well. ``mandate``: the id of the last link.
    """

    entity: str
    role: str
    via: Via
    mandate: str | None = None

    @property
    def text(self) -> str:
        return " ".join((self.entity, self.role, self.via, *([self.mandate] if self.mandate else [])))

    @classmethod
    def parse(cls, text: str | None) -> "Acting | None":
        if not text:
            return None
        entity, role, via, *mandate = text.split(" ")
        return cls(entity, role, Via(via), *mandate)


class Tie(NamedTuple):
    """One person's unended role in one entity. Times: Unix seconds."""

    entity: str
    state: str
    role: str
    status: str
    checked_at: int
    """When the register was last heard on it."""
    level: int = 1
    """The entity's ``el``."""

    @classmethod
    def read(cls, text: str, checked_at: int) -> "Tie":
        """From its first four fields with blanks between them."""
        entity, state, role, status = text.split(" ")
        return cls(entity, state, role, status, checked_at)

    def leveled(self, evidence: Iterable[tuple[str, Evidence]], *, now: int) -> "Tie":
        """With the entity's level, from what proves it (entity, evidence)."""
        own = [proof for entity, proof in evidence if entity == self.entity]
        return self._replace(level=identity_level(own, now=now))


def worth(tie: Tie | None, *, recheck: int, now: int) -> RepresentedStatus:
    """What acting by ``tie`` amounts to; None: there is no role any more. ``recheck``: how long an answer is good."""
    if tie is None:
        return RepresentedStatus.EXPIRED_IN_SESSION
    if tie.state == RoleState.CLAIMED:
        return RepresentedStatus.APPROVAL_PENDING
    if tie.state != RoleState.CONFIRMED or tie.status != EntityStatus.ACTIVE:
        return RepresentedStatus.NOT_ALLOWED
    if is_stale(tie, recheck=recheck, now=now):
        return RepresentedStatus.REGISTER_UNAVAILABLE
    return RepresentedStatus.CURRENT if tie.level >= CONFIRMED_LEVEL else RepresentedStatus.APPROVAL_PENDING


def is_stale(tie: Tie, *, recheck: int, now: int) -> bool:
    """Whether the register has to be asked again before the tie counts."""
    return tie.state == RoleState.CONFIRMED and now - tie.checked_at >= recheck


def represented_level(tie: Tie | None, *, recheck: int, now: int) -> int:
    """The ``el`` of a session: the entity's while acting for it counts, else nothing."""
    if tie is None or worth(tie, recheck=recheck, now=now) is not RepresentedStatus.CURRENT:
        return 0
    return tie.level


def role_of(record: EnterpriseRecord) -> RegisterRole | None:
    """As what the person asked about speaks for the entity; None when the register does not say that they do."""
    if record.representative_matches is not True:
        return None
    return next((role for role in _FIRST if role in record.roles), None)


def judge(
    answer: EnterpriseRecord | NotFound | Unusable | Unavailable, *, uscc: str, entity_type: EntityType
) -> RegisterRole | EntityRefusal:
    """Whether the register's answer lets the person register the entity: by which role, or why not.

    Which of code, name, kind and person is wrong is never told; that an entity has ended is public.
    """
    if isinstance(answer, Unavailable | Unusable):
        return EntityRefusal.REGISTER_UNAVAILABLE
    if isinstance(answer, NotFound) or answer.uscc != uscc:
        return EntityRefusal.NOT_CONFIRMED
    if answer.status is not EntityStatus.ACTIVE:
        return EntityRefusal(f"entity_{answer.status}")
    role = role_of(answer)
    if role is None or answer.name_matches is not True or answer.entity_type is not entity_type:
        return EntityRefusal.NOT_CONFIRMED
    return role


def state_for(*, others_confirmed: bool) -> RoleState:
    """What a claim that the register bears out becomes: somebody else's standing is never taken in silence."""
    return RoleState.CONTESTED if others_confirmed else RoleState.CONFIRMED
