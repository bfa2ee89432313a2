"""Owns for whom somebody acts, as an app asks for it and hears of it.

Pure. Always true: a demand is met by what the provider has said of this sign-in alone; what is missing, malformed or
not `current` is acting for nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from adapters.departments.errors import ConfigurationError

SELF, SELECT, REQUIRED = "self", "select", "required"
DETAILS_TYPE = "gov_mandate"
CURRENT = "current"
STATUSES = ("not_allowed", "expired_in_session", "register_unavailable", "approval_pending")
"""What `represented_status` says when acting has no power at this moment."""
MOST_POWERS = 8
_HANDLE = re.compile(r"rep_[0-9A-Za-z_-]{8,64}")
_AMOUNT = re.compile(r"[0-9]{1,15}(\.[0-9]{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What somebody has to be able to do for whom they act: a demand by theme.

    actions: `view`, `draft`, `submit`, `sign`, `pay`, `collect`. services: of the theme; none: any one will do.
    amount: up to which, such as `"50000.00"`. Raises `ConfigurationError` for what asks for nothing.
    """

    actions: tuple[str, ...]
    theme: str | None = None
    services: tuple[str, ...] = ()
    amount: str | None = None
    currency: str = "CNY"

    def __post_init__(self) -> None:
        if not all(isinstance(names, tuple) for names in (self.actions, self.services)):
            raise ConfigurationError("actions and services of a power are tuples")
        if not self.actions or not all((*self.actions, *self.services)) or not (self.theme or self.services):
            raise ConfigurationError("a power names actions, and a theme or services")
        if self.amount is not None and not _AMOUNT.fullmatch(self.amount):
            raise ConfigurationError("the amount of a power is a decimal number, written as text")

    def as_detail(self) -> dict[str, Any]:
        """One element of `authorization_details` (RFC 9396 2)."""
        told: dict[str, Any] = {"type": DETAILS_TYPE, "actions": list(self.actions)}
        told |= {"theme": self.theme} if self.theme else {}
        told |= {"services": list(self.services)} if self.services else {}
        return told | ({"limit": {"amount": self.amount, "currency": self.currency}} if self.amount else {})

    def within(self, held: Iterable[Mapping[str, Any]]) -> bool:
        """True if what is held, as the provider has written it, has all of this."""
        fitting = [one for one in held if self._fits(one)]
        if not self.services:
            return bool(fitting)
        return all(any(service in _texts(one, "services") for one in fitting) for service in self.services)

    def _fits(self, held: Mapping[str, Any]) -> bool:
        same = held.get("type") == DETAILS_TYPE and (self.theme is None or held.get("theme") == self.theme)
        return same and set(self.actions) <= _texts(held, "actions") and self._reached(held.get("limit"))

    def _reached(self, limit: object) -> bool:
        if limit is None:
            return True
        if self.amount is None or not isinstance(limit, Mapping):
            return self.amount is None and isinstance(limit, Mapping)
        try:
            return limit.get("currency") == self.currency and Decimal(str(limit["amount"])) >= Decimal(self.amount)
        except (InvalidOperation, KeyError):
            return False


def _texts(held: Mapping[str, Any], name: str) -> set[str]:
    found = held.get(name)
    return {one for one in found if isinstance(one, str)} if isinstance(found, list | tuple) else set()


@dataclass(frozen=True, slots=True)
class Acting:
    """For whom the person acts now. `status` is None for themselves; nothing else is known unless it is `current`.

    asked: what `represent` was sent with the sign-in. held: `authorization_details` of the token answer.
    """

    status: str | None = None
    handle: str | None = None
    name: str | None = None
    capacity: str | None = None
    asked: str | None = None
    held: Sequence[Mapping[str, Any]] = ()

    @property
    def current(self) -> bool:
        """True while the person acts for somebody with power."""
        return self.status == CURRENT

    @property
    def powerless(self) -> bool:
        """True if the person has chosen somebody for whom they may not act at this moment."""
        return self.status is not None and not self.current


def acting_of(
    claims: Mapping[str, Any], *, asked: str | None = None, held: Sequence[Mapping[str, Any]] = ()
) -> Acting:
    """For whom the person of these verified ID token claims acts; a status that is not one of ours has no power."""
    status, party, mandate = (claims.get(name) for name in ("represented_status", "represented", "mandate"))
    if status is None and party is None:
        return Acting(asked=asked)
    if status != CURRENT or not isinstance(party, Mapping) or not isinstance(mandate, Mapping):
        return Acting(status=status if status in STATUSES else STATUSES[0], asked=asked)
    return Acting(
        status=CURRENT,
        handle=_text(mandate, "handle"),
        name=_text(party, "name"),
        capacity=_text(mandate, "capacity"),
        asked=asked,
        held=held,
    )


def _text(told: Mapping[str, Any], name: str) -> str | None:
    value = told.get(name)
    return value if isinstance(value, str) and value else None


@dataclass(frozen=True, slots=True)
class ActingDemand:
    """For whom a page wants the person to act; `ANYBODY` does not care.

    represent: `self`, `select` (whom the person has chosen, oneself too), `required` (somebody else) or a handle.
    powers: all of which have to be held; with them `represent` may be None, and whom is for the person to choose.
    """

    represent: str | None = None
    powers: tuple[Power, ...] = ()

    @property
    def details(self) -> list[dict[str, Any]]:
        """`authorization_details` to send."""
        return [power.as_detail() for power in self.powers]

    def met_by(self, acting: Acting) -> bool:
        """True if the person acts as is wanted, and all powers were held when the provider was asked."""
        return self._right_party(acting) and all(power.within(acting.held) for power in self.powers)

    def _right_party(self, acting: Acting) -> bool:
        match self.represent:
            case None:
                return acting.current or not self.powers
            case "self":
                return acting.status is None
            case "select":
                return acting.current or (acting.status is None and acting.asked is not None)
            case "required":
                return acting.current
            case handle:
                return acting.current and acting.handle == handle


ANYBODY = ActingDemand()
"""The demand of a page that is the same for whomever the person acts."""

Represent = str | Power | Sequence[Power] | ActingDemand
"""What an app may write for `represent=`."""


def acting_demand(represent: Represent | None, powers: Sequence[Power] = ()) -> ActingDemand:
    """Read what an app writes: a word, a handle, one power or several. Raises `ConfigurationError` for all else."""
    if isinstance(represent, ActingDemand):
        return represent
    if isinstance(represent, Power):
        powers, represent = (represent, *powers), None
    elif represent is not None and not isinstance(represent, str):
        powers, represent = (*represent, *powers), None
    if len(powers) > MOST_POWERS or not all(isinstance(power, Power) for power in powers):
        raise ConfigurationError(f"represent asks for at most {MOST_POWERS} powers")
    if represent is not None and represent not in (SELF, SELECT, REQUIRED) and not _HANDLE.fullmatch(represent):
        raise ConfigurationError("represent is self, select, required, a handle or a power")
    if represent == SELF and powers:
        raise ConfigurationError("who acts for themselves needs no power of somebody else")
    return ActingDemand(represent, tuple(powers))


def is_handle(value: object) -> bool:
    """True for what has the form of a handle."""
    return isinstance(value, str) and _HANDLE.fullmatch(value) is not None


def kept(acting: Acting) -> str | None:
    """What to send as `represent` so that another sign-in changes nothing about whom the person acts for here."""
    if acting.current:
        return acting.handle
    return SELF if acting.status is None and acting.asked is not None else None


def as_human(claims: Mapping[str, Any], *, status: str) -> dict[str, Any]:
    """The claims once acting has ended: the person stays, nothing is left of the other party."""
    ended = {"represented", "mandate", "represented_status", "verified_claims", "legal_entity"}
    return {name: value for name, value in claims.items() if name not in ended} | {"represented_status": status}
