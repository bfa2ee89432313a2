"""Numbers of bank cards as a value type.

Always true: a number lives for one question and is stored nowhere; ``repr`` shows its first and last digit alone.
"""

import re
from dataclasses import dataclass

from idp.accounts.documents import compact, masked

_DIGITS = re.compile(r"[0-9]{12,19}")


@dataclass(frozen=True, slots=True)
class BankCard:
    """A card number as ISO/IEC 7812 has it: 12 to 19 digits, the last one of Luhn's formula."""

    value: str

    @classmethod
    def parse(cls, text: str) -> "BankCard | None":
        """The number in ``text`` whatever its spelling: groups, hyphens, full width."""
        value = compact(text)
        return cls(value) if _DIGITS.fullmatch(value) and _checked(value) else None

    @property
    def masked(self) -> str:
        return masked(self.value)

    def __repr__(self) -> str:
        return f"BankCard({self.masked})"

    __str__ = __repr__


def _checked(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: every second digit from the right counts twice, digit by digit."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 * (value > 9) for value in doubled) % 10 == 0
