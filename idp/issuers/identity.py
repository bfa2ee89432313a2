"""Whom a certificate names, by the profile of its issuer.

Always true: a number counts only when its checksum holds; what a profile does not look at names nobody.
"""

from dataclasses import dataclass, field
from datetime import date

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.crypto.certificates import Certificate


@dataclass(frozen=True, slots=True)
class Named:
    """``entity`` with ``person``: a certificate of the entity that names its holder."""

    person: IdNumber | None
    entity: CreditCode | None
    name: str = field(default="", repr=False)
    """Common name or organisation, to be shown to its own person."""


class Profile:
    """Where an issuer writes whom a certificate is for (docs/operations.md)."""


def named_by(certificate: Certificate, profile: Profile, *, today: date) -> Named | None:
    """None: nobody."""
    raise NotImplementedError
