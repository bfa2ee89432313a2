"""The unified social credit code of a legal entity, and the organisation code inside it.

Always true: both check characters hold, the outer of GB 32100 and the inner of GB 11714.
"""

import re
from dataclasses import dataclass

from idp.accounts.documents import compact, masked
from idp.accounts.rules import Kind

_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_CODE = re.compile(f"[{_ALPHABET}]{{2}}[0-9]{{6}}[{_ALPHABET}]{{10}}")
_ORGANISATION = re.compile(r"[0-9A-Z]{8}[0-9X]")
_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)


def _inner_check(eight: str) -> str:
    """GB 11714: letters count from 10 on, all 26 of them."""
    return "0X987654321"[sum(int(char, 36) * weight for char, weight in zip(eight, _WEIGHTS, strict=True)) % 11]


def _outer_check(seventeen: str) -> str:
    """GB 32100: the weights are the powers of 3 modulo 31."""
    total = sum(_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(seventeen))
    return _ALPHABET[-total % 31]


@dataclass(frozen=True, slots=True)
class OrganisationCode:
    """Nine characters; public, yet masked like every number that finds an account."""

    value: str

    @classmethod
    def parse(cls, text: str) -> "OrganisationCode | None":
        value = compact(text)
        if not _ORGANISATION.fullmatch(value) or _inner_check(value[:8]) != value[8]:
            return None
        return cls(value)

    @property
    def masked(self) -> str:
        return masked(self.value, head=2)

    def __repr__(self) -> str:
        return f"OrganisationCode({self.masked})"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class CreditCode:
    """18 characters without I, O, S, V and Z: who registers and what, region, organisation code, check."""

    value: str
    kind = Kind.CREDIT_CODE

    @classmethod
    def parse(cls, text: str) -> "CreditCode | None":
        value = compact(text)
        if not _CREDIT_CODE.fullmatch(value) or _outer_check(value[:17]) != value[17]:
            return None
        return cls(value) if OrganisationCode.parse(value[8:17]) else None

    @property
    def organisation(self) -> OrganisationCode:
        return OrganisationCode(self.value[8:17])

    @property
    def region(self) -> str:
        """Six digits of GB/T 2260: where it was registered."""
        return self.value[2:8]

    @property
    def masked(self) -> str:
        return masked(self.value, head=2)

    def __repr__(self) -> str:
        return f"CreditCode({self.masked})"

    __str__ = __repr__
