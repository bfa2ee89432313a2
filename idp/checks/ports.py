"""The port to whoever makes a check elsewhere: what is asked, and every answer there is (docs/providers.md).

Always true: only a `Judged` with ``passed`` true speaks for a person. No repr shows a name, a number or an address.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from idp.accounts.documents import DocumentType
from idp.checks.rules import CheckKind, CheckPurpose, Refusal, Variant
from idp.proofing.ports import Unavailable, Unusable


@dataclass(frozen=True, slots=True)
class CheckOrder:
    """Somebody is to be checked. ``reference``: the check's id, 1-64 of letters, digits, ``_``, ``-``; asking again
    with it repeats the order. ``nonce`` comes back in the signed result.
    """

    reference: str
    purpose: CheckPurpose
    name: str = field(repr=False)
    document_type: DocumentType
    number: str = field(repr=False)
    nonce: str = field(repr=False)
    return_url: str = field(repr=False)
    locale: str
    variant: Variant


@dataclass(frozen=True, slots=True)
class Opened:
    """The vendor waits for the person: at ``url``, or for software that has ``sdk_token``; one of the two is there.

    ``transaction``: the vendor's name for it, 1-128 printable ASCII characters without space.
    """

    transaction: str
    url: str | None = field(repr=False)
    sdk_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """The person is still there, or the vendor still thinks."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A signed result for this very order. ``score``: 0 to 1000, None where the vendor gives none.

    ``digest``: SHA-256 of the signed result in hexadecimal, empty where the vendor only says that the person went
    away; ``judged_at``: Unix seconds, by the vendor.
    """

    passed: bool
    reason: Refusal | None
    score: int | None
    digest: str
    judged_at: int

    def __post_init__(self) -> None:
        if self.passed != (self.reason is None):
            raise ValueError("what did not pass has a reason, and nothing else has")


@dataclass(frozen=True, slots=True)
class Heard:
    """A callback that is the vendor's own and fresh: something happened to this check. It says no more than that.

    ``id`` names the callback: it is heard once.
    """

    id: str
    reference: str
    transaction: str


class CheckVendor(Protocol):
    """The port to one vendor. Each call asks once, may take seconds and never raises for what the vendor does."""

    name: str
    """What evidence, audit and metrics call it; ASCII."""

    def open(self, order: CheckOrder) -> Opened | Unusable | Unavailable: ...

    def fetch(self, order: CheckOrder, transaction: str) -> Judged | Pending | Unusable | Unavailable: ...

    def hear(self, headers: Mapping[str, str], body: bytes, *, now: int) -> Heard | None:
        """The callback in ``body``; None unless it is signed by the vendor, by HMAC or as a JWS, and fresh.

        ``headers``: names in lower case.
        """
        ...


Vendors = Mapping[CheckKind, CheckVendor]
"""Who makes the checks of each kind; a kind nobody makes is not offered."""
