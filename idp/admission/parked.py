"""Parked requests: an app's request waiting for its person, in the state store.

Always true: a parked request answers only to the browser that brought it, is taken once, and stands sealed.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from idp.admission.rules import NOTHING_DONE, ActingDemand, Demand, FaceDemand, FaceOutcome, Progress, Represent
from idp.crypto.fields import FieldCipher
from idp.crypto.sealed import SealedValues
from idp.crypto.tokens import random_token
from idp.proofing.rules import Level
from idp.state.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """``protocol`` and ``resume`` belong to who parked it."""

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
    target_aal: int = 0
    """The strength that the person was asked to reach, if any."""
    target_ial: int = 0
    """The identity level, if any."""
    session_id: str | None = None
    """The session in which the person has authenticated for this request, at its proof number ``proofs``."""
    proofs: int = 0
    consented_by: str | None = None
    """Whose consent ``progress`` means: nobody agrees for who signs in after them."""
    chosen_by: str | None = None
    """Whose choice of whom to act for ``progress`` means."""
    check: str | None = None
    """The face check for this request, and no other, that the person ``checked_by`` was sent to."""
    checked_by: str | None = None
    progress: Progress = NOTHING_DONE


class Parking:
    """Where requests wait, for ``ttl`` seconds; what an app sent along (hints, a state) is sealed there."""

    def __init__(self, store: Store, cipher: FieldCipher, *, ttl: int) -> None:
        self._values = SealedValues(store, cipher, namespace="parked", kind="parked.request", ttl=ttl)

    def park(self, parked: Parked) -> str:
        """Keep the request; the id that finds it again."""
        key = random_token()
        self._values.put(key, _dump(parked))
        return key

    def keep(self, key: str, parked: Parked, **done: Any) -> bool:
        """Keep it once more; ``done``: what the person has done meanwhile (`Progress`).

        False, and it stays gone, when it was taken meanwhile.
        """
        if self._values.take(key) is None:
            return False
        self._values.put(key, _dump(replace(parked, progress=replace(parked.progress, **done))))
        return True

    def peek(self, key: str, *, browser: str) -> Parked | None:
        """The request, if it still waits and this browser brought it."""
        return _load(self._values.get(key), browser)

    def take(self, key: str, *, browser: str) -> Parked | None:
        """Remove the request; only one caller gets it."""
        if self.peek(key, browser=browser) is None:
            return None
        return _load(self._values.take(key), browser)


def _dump(parked: Parked) -> dict[str, Any]:
    values = asdict(parked)
    demand = values["demand"]
    for name in ("prompts", "consent"):
        demand[name] = sorted(demand[name])
    values["scopes"] = sorted(parked.scopes)
    return values


def _load(values: Mapping[str, Any] | None, browser: str) -> Parked | None:
    """Parked by the build before or after, in a rolling upgrade, too: what is missing has its default."""
    if values is None or values["browser"] != browser:
        return None
    demand = _known(Demand, values["demand"])
    demand["minimum"] = Level(**demand["minimum"])
    demand["acr"] = tuple(demand["acr"])
    for name in ("prompts", "consent"):
        demand[name] = frozenset(demand[name])
    if demand.get("face") is not None:
        demand["face"] = FaceDemand(**_known(FaceDemand, demand["face"]))
    if demand.get("acting") is not None:
        asked = _known(ActingDemand, demand["acting"])
        represent = Represent(asked["represent"]) if asked.get("represent") else None
        demand["acting"] = ActingDemand(**asked | {"represent": represent})
    progress = Progress(**_known(Progress, values["progress"]))
    if progress.face is not None:
        progress = replace(progress, face=FaceOutcome(progress.face))
    changed = {
        "demand": Demand(**demand),
        "progress": progress,
        "scopes": frozenset(values["scopes"]),
    }
    return Parked(**{**_known(Parked, values), **changed})


def _known(made: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of ``values`` that this build knows."""
    return {one.name: values[one.name] for one in fields(made) if one.name in values}
