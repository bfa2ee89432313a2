"""Owns tokens that say for whom somebody acts: asked for by an app (RFC 8693), verified by an API.

Pure. Always true: a `Delegation` names a human and somebody else, and at least one power; everything else is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from adapters.departments import jws
from adapters.departments.errors import InvalidToken, ProviderUnavailable, TokenFault
from adapters.departments.representing import DETAILS_TYPE, Power

TYP = "gov-mandate+jwt"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ISSUED_TYPE = "urn:tongban:params:oauth:token-type:gov-mandate"
LONGEST = 600
"""Seconds for which such a token is good at most."""
_MANDATE = "urn:tongban:params:oauth:token-type:mandate"
_ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105 - the name of a type
_DEEPEST = 4


@dataclass(frozen=True, slots=True)
class DelegationToken:
    """What an exchange gave: a token for one API, good until `expires_at` by our own clock, and what it holds."""

    access_token: str = field(repr=False)
    expires_at: int
    details: Sequence[Mapping[str, Any]] = field(repr=False)


def exchange_form(
    handle: str, resource: str, details: Sequence[Power] | None, *, access_token: str
) -> dict[str, str]:
    """The form of the request (RFC 8693 2.1)."""
    form = {
        "grant_type": GRANT,
        "subject_token": handle,
        "subject_token_type": _MANDATE,
        "actor_token": access_token,
        "actor_token_type": _ACCESS_TOKEN,
        "resource": resource,
    }
    if details is not None:
        form["authorization_details"] = json.dumps([power.as_detail() for power in details])
    return form


def read_exchanged(answer: Mapping[str, Any], *, now: int) -> DelegationToken:
    """The answer (RFC 8693 2.2.1); one of another type of token is none that can be used."""
    token, life, details = answer.get("access_token"), answer.get("expires_in"), read_details(answer)
    if answer.get("issued_token_type") != ISSUED_TYPE or str(answer.get("token_type")).lower() != "bearer":
        raise ProviderUnavailable("the exchange gave a token of another type")
    if not isinstance(token, str) or not token.isascii() or not token or type(life) is not int or not details:
        raise ProviderUnavailable("the answer to an exchange cannot be read")
    return DelegationToken(token, now + life, details)


def read_details(answer: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """`authorization_details` of an answer (RFC 9396 7); None where it has none."""
    told = answer.get("authorization_details")
    if told is None:
        return None
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise ProviderUnavailable("authorization_details cannot be read")
    return told


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """A verified token: who does it, for whom, by what. All names are those of this API's sector.

    human: `sub` of the person who acts, with their `capacity`, `ial` and `aal`; office: where they work, of staff and
    clerks. represented: `sub` of whom it is for.
    chain: `sub` of those in between, the nearest to the human first. powers: as `authorization_details` says.
    """

    human: str
    represented: str
    capacity: str | None
    office: str | None
    ial: int
    aal: int
    chain: tuple[str, ...]
    powers: tuple[Mapping[str, Any], ...]
    client_id: str
    claims: Mapping[str, Any] = field(repr=False)

    def allows(self, power: Power) -> bool:
        """True if this much was given. What the token does not name it does not give."""
        return power.within(self.powers)


def read_delegation(claims: Mapping[str, Any]) -> Delegation:
    """What claims say whose signature, addressee and times have been checked. Raises `InvalidToken`."""
    actors = _actors(claims)
    represented, human = jws.text(claims, "sub", TokenFault.SUBJECT), actors[0]
    if human["sub"] == represented:
        raise InvalidToken(TokenFault.ACTOR)
    if "scope" in claims:  # powers stand in authorization_details alone
        raise InvalidToken(TokenFault.POWERS)
    return Delegation(
        human=human["sub"],
        represented=represented,
        capacity=_text(human, "capacity"),
        office=_text(human, "office"),
        ial=_level(human, "ial"),
        aal=_level(human, "aal"),
        chain=tuple(actor["sub"] for actor in actors[1:]),
        powers=_powers(claims.get("authorization_details")),
        client_id=jws.text(claims, "client_id", TokenFault.AUTHORIZED_PARTY),
        claims=claims,
    )


def _actors(claims: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The human, then whom they act through (RFC 8693 4.1)."""
    found: list[Mapping[str, Any]] = []
    actor = claims.get("act")
    while actor is not None or not found:
        if not isinstance(actor, Mapping) or len(found) == _DEEPEST:
            raise InvalidToken(TokenFault.ACTOR)
        jws.text(actor, "sub", TokenFault.ACTOR)
        found.append(actor)
        actor = actor.get("act")
    return found


def _text(actor: Mapping[str, Any], name: str) -> str | None:
    value = actor.get(name)
    return value if isinstance(value, str) and value else None


def _level(actor: Mapping[str, Any], name: str) -> int:
    value = actor.get(name)
    return value if type(value) is int else 0


def _powers(told: object) -> tuple[Mapping[str, Any], ...]:
    """At least one, each of our type with actions; one that is not makes the token none of ours."""
    powers = told if isinstance(told, list) else []
    for power in powers:
        if not isinstance(power, Mapping) or power.get("type") != DETAILS_TYPE:
            raise InvalidToken(TokenFault.POWERS)
        actions = power.get("actions")
        if not isinstance(actions, list) or not actions or not (power.get("theme") or power.get("services")):
            raise InvalidToken(TokenFault.POWERS)
    if not powers:
        raise InvalidToken(TokenFault.POWERS)
    return tuple(powers)
