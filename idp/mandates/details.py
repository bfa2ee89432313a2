"""``gov_mandate``, a type of authorization details (RFC 9396): asked for by apps, granted by what a chain holds.

Always true: what is granted lies within what was asked and within the chain, service by service.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from idp.mandates.power import Chain
from idp.mandates.scopes import Action, Limit, Scope
from idp.mandates.themes import Theme

TYPE = "gov_mandate"
MOST = 8
"""Details in one request."""
_KNOWN = frozenset({"type", "theme", "services", "actions", "limit"})
_AMOUNT = re.compile(r"(0|[1-9][0-9]{0,12})(?:\.([0-9]{2}))?")
_CURRENCY = re.compile(r"[A-Z]{3}")
Find = Callable[[str], Theme | None]


@dataclass(frozen=True, slots=True)
class Detail:
    """One thing asked for. No services: those that are held; no limit: the one that is held."""

    theme: str
    actions: frozenset[Action]
    services: frozenset[str] = frozenset()
    limit: Limit | None = None

    def narrows(self, held: Scope) -> Scope:
        """The part of ``held`` that is asked for, so far as it is held."""
        asked = Scope(self.actions, self.services or held.services, self.limit)
        return asked.meet(held)

    def exceeds(self, held: Scope) -> bool:
        """Whether it names anything that is not held."""
        asked = Scope(self.actions, self.services or held.services, self.limit or held.limit)
        return not held.covers(asked)


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is no request of ours; ``why`` is ASCII and repeats nothing of it."""

    why: str


def parse_details(text: str, *, theme: Find, serving: Find) -> tuple[Detail, ...] | Wrong:
    """The details in ``text``. ``theme`` and ``serving`` find a current theme, by its code or by a service's."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        return Wrong("authorization_details is no JSON")
    if not isinstance(told, list) or not 0 < len(told) <= MOST:
        return Wrong("authorization_details is an array of one to eight objects")
    details = []
    for one in told:
        detail = _parse(one, theme, serving)
        if isinstance(detail, Wrong):
            return detail
        details.append(detail)
    return tuple(details)


def _parse(told: Any, find: Find, serving: Find) -> Detail | Wrong:
    if not isinstance(told, dict) or told.get("type") != TYPE:
        return Wrong("the type of authorization details is not served")
    if not told.keys() <= _KNOWN:
        return Wrong("gov_mandate holds an unknown member")
    services, actions = _words(told.get("services", [])), _words(told.get("actions"))
    if services is None or not actions or ("services" in told and not services):
        return Wrong("gov_mandate names actions, and services if any, in arrays of strings")
    theme = _theme(told.get("theme"), services, find, serving)
    if theme is None or not services <= {one.code for one in theme.services}:
        return Wrong("gov_mandate names no theme that is given, or a service that is not the theme's")
    if not actions <= theme.actions - {Action.MANAGE}:
        return Wrong("gov_mandate names an action that the theme does not know")
    limit = _limit(told.get("limit")) if "limit" in told else None
    if isinstance(limit, Wrong):
        return limit
    return Detail(theme.code, frozenset(map(Action, actions)), services, limit)


def _theme(code: Any, services: frozenset[str], find: Find, serving: Find) -> Theme | None:
    if code is None:
        return serving(min(services)) if services else None
    return find(code) if isinstance(code, str) else None


def _words(told: Any) -> frozenset[str] | None:
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        return None
    return frozenset(told)


def _limit(told: Any) -> Limit | Wrong:
    wrong = Wrong('limit is {"amount": "50000.00", "currency": "CNY"}')
    if not isinstance(told, dict) or not told.keys() <= {"amount", "currency"}:
        return wrong
    amount, currency = told.get("amount"), told.get("currency", "CNY")
    if not isinstance(amount, str) or not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        return wrong
    found = _AMOUNT.fullmatch(amount)
    return Limit(int(found[1]) * 100 + int(found[2] or 0), currency) if found else wrong


def write_details(details: Iterable[Detail]) -> str:
    """For a column; `read_details` is its counterpart, whatever has become of the themes."""
    return orjson.dumps([_told(one.theme, Scope(one.actions, one.services, one.limit)) for one in details]).decode()


def read_details(stored: str | list[dict[str, Any]] | None) -> tuple[Detail, ...]:
    """From what `write_details` wrote, or `granted` told."""
    told = orjson.loads(stored) if isinstance(stored, str) and stored else stored
    return tuple(
        Detail(
            one["theme"],
            frozenset(map(Action, one["actions"])),
            frozenset(one.get("services", ())),
            _stored_limit(one.get("limit")),
        )
        for one in told or ()
    )


def _stored_limit(told: Mapping[str, str] | None) -> Limit | None:
    found = _limit(told) if told else None
    return found if isinstance(found, Limit) else None


def granted(
    scope: Scope, theme: Theme, chain: Chain, *, subject: Callable[[str], str], mandate: str | None = None
) -> list[dict[str, Any]]:
    """``scope`` as it is told: services that know the same actions together, those that know none not at all.

    ``subject``: a party's ``sub`` in the sector of the reader.
    """
    about: dict[str, Any] = {"mandate": mandate} if mandate else {}
    link = [{"sub": subject(chain.intermediary), "capacity": "intermediary"}] if chain.intermediary else []
    groups: dict[frozenset[Action], set[str]] = {}
    for service in scope.services:
        if acts := (scope.actions & theme.acts(service)) - {Action.MANAGE}:
            groups.setdefault(acts, set()).add(service)
    told = [Scope(acts, frozenset(services), scope.limit) for acts, services in groups.items()]
    told.sort(key=lambda one: sorted(one.services))
    return [_told(theme.code, one) | about | {"chain": link} for one in told]


def _told(theme: str, scope: Scope) -> dict[str, Any]:
    about: dict[str, Any] = {"type": TYPE, "theme": theme}
    if scope.services:
        about["services"] = sorted(scope.services)
    about["actions"] = [action.value for action in Action if action in scope.actions]
    if scope.limit is not None:
        amount = f"{scope.limit.amount // 100}.{scope.limit.amount % 100:02d}"
        about["limit"] = {"amount": amount, "currency": scope.limit.currency}
    return about
