"""Owns what an app may demand of a sign-in; whether a demand is met is decided from the ID token alone.

`ial` says how well the person is known (1 registered .. 4 certificate or counter), `aal` how they signed in
(1 one factor, 2 two of different kinds, 3 phishing-resistant). Both are read from the token; `acr` only for values
of other grammars.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.departments.errors import ConfigurationError
from adapters.departments.representing import ANYBODY, ActingDemand, Represent, acting_demand

_URN = re.compile(r"urn:tongban(?::ial:([1-4]))?(?::aal:([1-3]))?")


@dataclass(frozen=True, slots=True)
class Demand:
    """Alternatives of which one must be met, in order of preference, and how fresh the sign-in must be.

    values: `acr` strings, sent as `acr_values` or, when `essential`, as an essential `acr` claim (OIDC Core 5.5.1.1).
    max_age: seconds since the person last actively signed in; None for any.
    acting: for whom the person has to act; judged apart, by `acting.met_by`.
    """

    values: tuple[str, ...] = ()
    essential: bool = False
    max_age: int | None = None
    acting: ActingDemand = ANYBODY

    def met_by(self, claims: Mapping[str, Any]) -> bool:
        """True if the levels in these verified ID token claims reach one of the alternatives."""
        return not self.values or any(_reaches(value, claims) for value in self.values)

    def levels(self) -> tuple[tuple[int, int], ...]:
        """`(ial, aal)` of each alternative, 0 where it demands nothing; `(0, 0)` for one of another grammar."""
        return tuple(_pair(value) for value in self.values)

    def satisfied_by(self, claims: Mapping[str, Any], *, now: int, leeway: int) -> bool:
        """True if the levels are reached and the person signed in recently enough; without `auth_time`, never that.

        leeway: seconds by which the provider's clocks may differ from ours.
        """
        if not self.met_by(claims) or self.max_age is None:
            return self.met_by(claims)
        auth_time = claims.get("auth_time")
        if isinstance(auth_time, bool) or not isinstance(auth_time, int | float):
            return False
        return auth_time >= now - self.max_age - leeway


NOTHING = Demand()
"""The demand of a page that only wants a signed-in person."""


def demand(
    level: str | tuple[str, ...] = (),
    *,
    essential: bool = False,
    max_age: int | None = None,
    represent: Represent | None = None,
) -> Demand:
    """Read what an app writes: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or several.

    represent: as in `representing.acting_demand`.

    Raises `ConfigurationError` for an empty value, one with spaces, or an impossible level: a page that was meant
    to be protected must not start unprotected.
    """
    values = (level,) if isinstance(level, str) else level
    if max_age is not None and max_age < 0:
        raise ConfigurationError("max_age is negative")
    return Demand(tuple(_acr(value) for value in values), essential, max_age, acting_demand(represent))


def _acr(value: str) -> str:
    if value.startswith(("ial:", "aal:")):
        value = f"urn:tongban:{value}"
    if not value or not value.isascii() or any(c.isspace() for c in value):
        raise ConfigurationError("a level is one word of ASCII")
    if value.startswith(("urn:tongban:ial", "urn:tongban:aal")) and not _URN.fullmatch(value):
        raise ConfigurationError(f"no such level: {value}")
    return value


def _pair(value: str) -> tuple[int, int]:
    match = _URN.fullmatch(value)
    ial, aal = match.groups() if match else (None, None)
    return int(ial or 0), int(aal or 0)


def _reaches(value: str, claims: Mapping[str, Any]) -> bool:
    match = _URN.fullmatch(value)
    if match is None or value == "urn:tongban":
        return bool(claims.get("acr") == value)
    return all(
        wanted is None or level_of(claims, name) >= int(wanted)
        for name, wanted in zip(("ial", "aal"), match.groups(), strict=True)
    )


def level_of(claims: Mapping[str, Any], name: str) -> int:
    """The level `ial` or `aal` in these claims; 0 if the provider does not say or says something else."""
    value = claims.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
