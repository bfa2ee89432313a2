"""Questions about authority as OpenID AuthZEN writes them, read, and their answers.

Always true: what is no question is refused before anything is looked up; what is a question of another kind than ours
is one whose answer is no.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from idp.mandates.power import Asked
from idp.mandates.rules import Mandate, State
from idp.mandates.scopes import Action, Limit
from idp.mandates.themes import Theme

SCOPE = "authority.check"
MOST = 50
"""Questions in one request."""
_LONGEST = 256
_PARTS = ("subject", "action", "resource", "context")


class Semantic(StrEnum):
    """How far a batch is answered (AuthZEN 1.0 7.1.2.1)."""

    ALL = "execute_all"
    DENY_FIRST = "deny_on_first_deny"
    PERMIT_FIRST = "permit_on_first_permit"

    def ends(self, decision: bool) -> bool:
        return self is not Semantic.ALL and decision is (self is Semantic.PERMIT_FIRST)


@dataclass(frozen=True, slots=True)
class Wrong:
    """A request that is no question; ``why`` is ASCII and repeats nothing of it."""

    why: str


@dataclass(frozen=True, slots=True)
class Question:
    """``sub``, ``handle``: as the caller knows person and acting. ``amount``: None where none is named."""

    subject: tuple[str, str]
    action: str
    resource: tuple[str, str]
    handle: str
    amount: Limit | None = None

    def matter(self, *, current: Callable[[str], Theme | None], serving: Callable[[str], Theme | None]) -> "Matter":
        """What it is about here; where it names what we do not have, its answer is no."""
        kind, name = self.resource
        find = {"theme": current, "service": serving}.get(kind)
        theme = find(name) if find else None
        known = self.action in tuple(Action) and self.subject[0] == "person"
        if theme is None or not known:
            return Matter(None, None)
        service = name if kind == "service" else None
        return Matter(theme.code, Asked(Action(self.action), service, self.amount))


@dataclass(frozen=True, slots=True)
class Matter:
    """Theme and act in question; None: none of ours."""

    theme: str | None
    asked: Asked | None

    @property
    def detail(self) -> dict[str, str | int | bool | None]:
        """What the audit keeps of it: our own words only."""
        if self.theme is None or self.asked is None:
            return {}
        told: dict[str, str | int | bool | None] = {"theme": self.theme, "action": self.asked.action.value}
        return told | ({"service": self.asked.service} if self.asked.service else {})


NOBODY = "-"
"""No handle."""


@dataclass(frozen=True, slots=True)
class Batch:
    questions: tuple[Question, ...]
    semantic: Semantic = Semantic.ALL


def read_question(told: Mapping[str, Any]) -> Question | Wrong:
    """One question (AuthZEN 1.0 6.1); members that nobody knows are left alone, as in every part of it."""
    return _question(told)


def read_batch(told: Mapping[str, Any]) -> Batch | Wrong:
    """Several questions with defaults (AuthZEN 1.0 7.1); without ``evaluations`` it is one."""
    semantic = _semantic(told.get("options", {}))
    if semantic is None:
        return Wrong("options.evaluations_semantic is none that is served")
    items = told.get("evaluations", [])
    if not isinstance(items, list) or len(items) > MOST:
        return Wrong("evaluations is an array of at most 50 objects")
    defaults = {name: told[name] for name in _PARTS if name in told}
    questions = []
    for item in items or [{}]:
        if not isinstance(item, dict):
            return Wrong("an evaluation is an object with subject, action, resource and context")
        question = _question(defaults | item)
        if isinstance(question, Wrong):
            return question
        questions.append(question)
    return Batch(tuple(questions), semantic)


def _semantic(options: Any) -> Semantic | None:
    name = options.get("evaluations_semantic", Semantic.ALL) if isinstance(options, dict) else None
    return Semantic(name) if name in tuple(Semantic) else None


def _question(told: Mapping[str, Any]) -> Question | Wrong:
    subject, resource = _entity(told.get("subject")), _entity(told.get("resource"))
    action = _text(told["action"].get("name")) if isinstance(told.get("action"), dict) else None
    if subject is None or resource is None or action is None or not isinstance(told.get("context", {}), dict):
        return Wrong("subject and resource have type and id, action has a name, context is an object")
    properties = told["resource"].get("properties", {})
    if not isinstance(properties, dict):
        return Wrong("properties is an object")
    handle = _text(properties.get("represented", NOBODY))  # who is not named is denied like who is not known
    if handle is None:
        return Wrong("resource.properties.represented is the handle of the acting")
    amount = _amount(properties)
    if isinstance(amount, Wrong):
        return amount
    return Question(subject, action, resource, handle, amount)


def _entity(told: Any) -> tuple[str, str] | None:
    kind, name = (_text(told.get("type")), _text(told.get("id"))) if isinstance(told, dict) else (None, None)
    return (kind, name) if kind and name else None


def _text(told: Any) -> str | None:
    return told if isinstance(told, str) and 0 < len(told) <= _LONGEST else None


def _amount(properties: Mapping[str, Any]) -> Limit | Wrong | None:
    if "amount" not in properties:
        return None
    amount, currency = properties["amount"], properties.get("currency", "CNY")
    found = Limit.parse(amount, currency) if isinstance(amount, str) and isinstance(currency, str) else None
    return found or Wrong('amount is a text like "50000.00", currency one like "CNY"')


def ttl(until: int | None, *, most: int, now: int) -> int:
    """Seconds for which a permission may be relied on. ``until``: when the first link of the chain ends."""
    return most if until is None else max(0, min(most, until - now))


def state_of(mandate: Mandate, *, now: int) -> State:
    """As departments read it: what has run out is over, whether or not it has been noticed."""
    living = mandate.state in (State.ACTIVE, State.SUSPENDED)
    return State.EXPIRED if living and mandate.valid_to <= now else mandate.state


def answered(decisions: Iterable[tuple[bool, int]], reference: str) -> list[dict[str, Any]]:
    """Each decision with its name and for how long it is good."""
    return [
        {"decision": decision, "context": {"id": f"{reference}.{number}", "ttl": seconds}}
        for number, (decision, seconds) in enumerate(decisions, 1)
    ]
