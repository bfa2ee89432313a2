"""How far a mandate goes: actions, services and an amount, and how two such bounds meet.

Always true: an empty scope is no power, and a meeting never holds what one of the two does not.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]{2}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")


class Action(StrEnum):
    VIEW = "view"
    DRAFT = "draft"
    SUBMIT = "submit"
    SIGN = "sign"
    PAY = "pay"
    COLLECT = "collect"
    MANAGE = "manage"
    """Give mandates of the theme in the represented party's name."""


SPENDING = frozenset({Action.SUBMIT, Action.SIGN, Action.PAY, Action.COLLECT})
"""What commits the represented party to an amount; what is to stay below a limit has to say how much it is."""


@dataclass(frozen=True, slots=True, order=True)
class Limit:
    """The most that one matter may amount to, in hundredths of the currency (ISO 4217)."""

    amount: int
    currency: str = "CNY"

    @classmethod
    def parse(cls, amount: str, currency: str = "CNY") -> "Limit | None":
        """From ``50000.00``; None for what is no amount."""
        found = _AMOUNT.fullmatch(amount)
        if found is None or not _CURRENCY.fullmatch(currency):
            return None
        return cls(int(found[1]) * 100 + int(found[2] or 0), currency)

    def covers(self, asked: "Limit") -> bool:
        return self.currency == asked.currency and asked.amount <= self.amount


@dataclass(frozen=True, slots=True)
class Scope:
    """``services``: codes, each named; ``limit``: None is no limit."""

    actions: frozenset[Action] = frozenset()
    services: frozenset[str] = frozenset()
    limit: Limit | None = None

    def __bool__(self) -> bool:
        return bool(self.actions and self.services)

    def covers(self, other: "Scope") -> bool:
        """Whether ``other`` goes nowhere beyond."""
        if self.limit is not None and (other.limit is None or not self.limit.covers(other.limit)):
            return False
        return other.actions <= self.actions and other.services <= self.services

    def without(self, action: Action) -> "Scope":
        return Scope(self.actions - {action}, self.services, self.limit)

    def meet(self, other: "Scope") -> "Scope":
        """What both hold. Two currencies have no amount in common, and then nothing else either."""
        limits = [limit for limit in (self.limit, other.limit) if limit is not None]
        if len({limit.currency for limit in limits}) > 1:
            return NOTHING
        return Scope(self.actions & other.actions, self.services & other.services, min(limits, default=None))

    def allows(self, action: Action, service: str, amount: Limit | None) -> bool:
        """Whether one act stays within it."""
        return action in self.actions and service in self.services and self._within_limit(action, amount)

    def _within_limit(self, action: Action, amount: Limit | None) -> bool:
        if self.limit is None:
            return True
        return action not in SPENDING if amount is None else self.limit.covers(amount)

    def declaration(self) -> dict[str, Any]:
        """As it is stored, and stands in the text that is signed."""
        told: dict[str, Any] = {"actions": sorted(self.actions), "services": sorted(self.services)}
        if self.limit is not None:
            told["limit"] = {"amount": self.limit.amount, "currency": self.limit.currency}
        return told

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Scope":
        """From its declaration. Raises ``KeyError`` and ``ValueError`` for what is none."""
        limit = told.get("limit")
        return cls(
            frozenset(Action(name) for name in told["actions"]),
            frozenset(told["services"]),
            Limit(limit["amount"], limit["currency"]) if limit else None,
        )


NOTHING = Scope()
