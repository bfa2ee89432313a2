"""Parked requests: an app's request waiting for its person, in the state store.

Always true: a parked request answers only to the browser that brought it, and is taken once.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from idp.admission.rules import NOTHING_DONE, Demand, Progress
from idp.crypto.tokens import random_token
from idp.proofing.rules import Level
from idp.state.store import Store

_NAMESPACE = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """``protocol`` and ``resume`` belong to who parked it; ``proofs`` is the session's count when it was parked."""

    protocol: str
    demand: Demand
    resume: Mapping[str, Any]
    browser: str
    label: Mapping[str, str]
    """The app's name by language."""
    form_target: str | None
    """Origin the answer goes to: a form's redirects may lead there (trust 8)."""
    scopes: frozenset[str] = frozenset()
    """Everything that would be released, for the consent page."""
    login_hint: str = ""
    ui_locales: str = ""
    reason: str = ""
    """Why the person was asked last (`rules.Reason`)."""
    session_id: str | None = None
    proofs: int = 0
    progress: Progress = NOTHING_DONE


def park(store: Store, parked: Parked, *, ttl: int) -> str:
    """Keep the request for ``ttl`` seconds; the id that finds it again."""
    key = random_token()
    store.put(_NAMESPACE, key, _dump(parked), ttl)
    return key


def peek(store: Store, key: str, *, browser: str) -> Parked | None:
    """The request, if it still waits and this browser brought it."""
    return _load(store.get(_NAMESPACE, key), browser)


def take(store: Store, key: str, *, browser: str) -> Parked | None:
    """Remove the request; only one caller gets it."""
    if peek(store, key, browser=browser) is None:
        return None
    return _load(store.take(_NAMESPACE, key), browser)


def note(store: Store, key: str, parked: Parked, *, ttl: int, **done: bool) -> None:
    """Remember that the person has consented or declined."""
    store.put(_NAMESPACE, key, _dump(replace(parked, progress=replace(parked.progress, **done))), ttl)


def _dump(parked: Parked) -> dict[str, Any]:
    values = asdict(parked)
    demand = values["demand"]
    for name in ("prompts", "consent"):
        demand[name] = sorted(demand[name])
    values["scopes"] = sorted(parked.scopes)
    return values


def _load(values: Mapping[str, Any] | None, browser: str) -> Parked | None:
    if values is None or values["browser"] != browser:
        return None
    demand = dict(values["demand"])
    demand["minimum"] = Level(**demand["minimum"])
    demand["acr"] = tuple(demand["acr"])
    for name in ("prompts", "consent"):
        demand[name] = frozenset(demand[name])
    changed = {
        "demand": Demand(**demand),
        "progress": Progress(**values["progress"]),
        "scopes": frozenset(values["scopes"]),
    }
    return Parked(**{**values, **changed})
