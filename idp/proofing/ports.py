"""The ports to the registers and to the banks: questions, and every answer there is (docs/providers.md).

Always true: only `Match`, and a record whose comparisons are ``True``, speak for a claim; a register that is late,
wrong or down speaks for nobody. No repr shows a name or a number of a person.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from idp.accounts.documents import DocumentType

if TYPE_CHECKING:
    from idp.proofing.photo_port import IdPhotoReader


class UnusableReason(StrEnum):
    """Why the register will not answer this question, now or later."""

    INVALID_REQUEST = "invalid_request"
    BAD_SIGNATURE = "bad_signature"
    STALE_TIMESTAMP = "stale_timestamp"
    NOT_ENTITLED = "not_entitled"
    REFERENCE_CONFLICT = "reference_conflict"
    OTHER = "other"


class UnavailableReason(StrEnum):
    """Why there is no answer that could be believed."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    THROTTLED = "throttled"
    PROVIDER_ERROR = "provider_error"
    REDIRECTED = "redirected"
    UNEXPECTED_STATUS = "unexpected_status"
    MALFORMED_ANSWER = "malformed_answer"
    ANSWER_TOO_LARGE = "answer_too_large"
    ANSWER_UNSIGNED = "answer_unsigned"
    """Not signed with the shared key."""
    ANSWER_STALE = "answer_stale"
    """Signed more than five minutes from our clock."""
    ANSWER_SWAPPED = "answer_swapped"
    """Signed, but the answer to another question."""
    CIRCUIT_OPEN = "circuit_open"
    """Not asked: the register failed too often in a row a moment ago."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The register knows nobody, or nothing, of this number."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """The register refuses the question itself: a fault of ours or of the contract with it."""

    reason: UnusableReason


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Ask the same question again later, not before ``retry_after`` seconds when that is known."""

    reason: UnavailableReason
    retry_after: int | None = None


@dataclass(frozen=True, slots=True)
class NameNumberQuestion:
    """Do this name and number belong together? Canonical forms.

    ``reference``: 1-64 of letters, digits, ``_``, ``-``; our transaction's, kept by the register for its own audit.
    It names this question: asking again repeats it, another name or number needs another one.
    """

    name: str = field(repr=False)
    document_type: DocumentType
    number: str = field(repr=False)
    reference: str


@dataclass(frozen=True, slots=True)
class Match:
    """Name and number belong together, and the person lives; ``valid_to`` is the document's last day, when known."""

    valid_to: date | None


@dataclass(frozen=True, slots=True)
class Deceased:
    """Name and number belong together, and the person has died. Not a `Match`, so that nobody passes by oversight."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The number exists under another name; which one is never told."""


class PopulationRegister(Protocol):
    """The port to the population register."""

    def check(self, question: NameNumberQuestion) -> Match | Deceased | Mismatch | NotFound | Unusable | Unavailable:
        """Ask once; may take seconds, so no transaction is open.

        Never raises for what the register or the network does.
        """
        ...


class CardReason(StrEnum):
    """Why a bank speaks for nobody who has this card."""

    LOST = "lost"
    """Reported as lost or stolen."""
    CLOSED = "closed"
    FROZEN = "frozen"
    EXPIRED = "expired"
    SUPPLEMENTARY = "supplementary"
    """附属卡: a second card to the account of somebody else."""
    UNSUPPORTED = "unsupported"
    """A kind of card, or a bank, that does not take part."""


@dataclass(frozen=True, slots=True)
class CardRefused:
    """There is such a card, and its bank does not vouch for it; nothing was compared."""

    reason: CardReason


@dataclass(frozen=True, slots=True)
class BankCardQuestion:
    """Do name, document and card belong to one person, and the phone, too? Canonical forms; ``reference`` as above.

    ``mobile``: the phone the bank knows, E.164; None asks for three elements (三要素) instead of four (四要素).
    """

    name: str = field(repr=False)
    document_type: DocumentType
    number: str = field(repr=False)
    card: str = field(repr=False)
    mobile: str | None = field(repr=False)
    reference: str


class BankCardVerifier(Protocol):
    """The port to the banks, by whatever switch asks them."""

    def verify(
        self, question: BankCardQuestion
    ) -> Match | Mismatch | NotFound | CardRefused | Unusable | Unavailable:
        """Ask once; may take seconds, so no transaction is open.

        A `Match` is of every element asked and tells no end of the document; a `Mismatch` does not tell which element
        it was. Never raises for what the switch or the network does.
        """
        ...


class EntityType(StrEnum):
    """Kinds of legal entities, as registration names them."""

    ENTERPRISE = "enterprise"
    FARMERS_COOPERATIVE = "farmers_cooperative"
    INDIVIDUAL_BUSINESS = "individual_business"
    PUBLIC_INSTITUTION = "public_institution"
    SOCIAL_ORGANISATION = "social_organisation"
    PRIVATE_NON_ENTERPRISE = "private_non_enterprise"
    FOUNDATION = "foundation"
    GOVERNMENT_ORGAN = "government_organ"
    OTHER = "other"


class EntityStatus(StrEnum):
    """Whether an entity exists and may act; only ``active`` may do everything."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    """歇业: business rests, the entity lives."""
    MOVED = "moved"
    """迁出: another registration authority keeps it now."""
    REVOKED = "revoked"
    """吊销: the licence was taken."""
    CANCELLED = "cancelled"
    """注销: it no longer exists."""


class RegisterRole(StrEnum):
    """What the register says a person is to an entity."""

    LEGAL_REPRESENTATIVE = "legal_representative"
    PERSON_IN_CHARGE = "person_in_charge"
    """负责人, of what has no legal representative: branches, many organs and organisations."""
    SOLE_TRADER = "sole_trader"
    MANAGING_PARTNER = "managing_partner"
    PARTNER = "partner"


REPRESENTING = frozenset(RegisterRole) - {RegisterRole.PARTNER}
"""Roles that speak for the entity by themselves."""


@dataclass(frozen=True, slots=True)
class EnterpriseQuestion:
    """What is this entity, and is the claimed person its representative? ``reference`` as in `NameNumberQuestion`.

    ``name``: the claimed name, to be compared. The representative's name and number come together or not at all: the
    register compares them and never tells whose they would have to be.
    """

    uscc: str
    name: str | None
    representative_name: str | None = field(repr=False)
    representative_number: str | None = field(repr=False)
    reference: str
    representative_document_type: DocumentType = DocumentType.RESIDENT_ID

    def __post_init__(self) -> None:
        if (self.representative_name is None) != (self.representative_number is None):
            raise ValueError("a representative is asked about by name and number together")

    @property
    def asks_person(self) -> bool:
        return self.representative_number is not None


@dataclass(frozen=True, slots=True)
class EnterpriseRecord:
    """What the register says of an entity. ``None`` for a comparison that was not asked for.

    ``roles``: every role of the claimed person; ``representative_matches`` is true when one of them is of
    `REPRESENTING`. ``version`` names this state of the entry, ``as_of`` is when it was true (Unix seconds).
    """

    name: str
    uscc: str
    entity_type: EntityType
    status: EntityStatus
    name_matches: bool | None
    representative_matches: bool | None
    roles: frozenset[RegisterRole] = field(repr=False)
    version: str
    as_of: int


class EnterpriseRegister(Protocol):
    """The port to the enterprise register."""

    def find(self, question: EnterpriseQuestion) -> EnterpriseRecord | NotFound | Unusable | Unavailable:
        """Ask once; may take seconds, so no transaction is open.

        Never raises for what the register or the network does.
        """
        ...


@dataclass(frozen=True, slots=True)
class Registers:
    """The ports, as the provider is given them. ``bank_cards``, ``photos``: None where nobody is asked."""

    population: PopulationRegister
    enterprise: EnterpriseRegister
    bank_cards: BankCardVerifier | None = None
    photos: "IdPhotoReader | None" = None
