"""Owns the questions whether somebody may act (OpenID AuthZEN), and the memory of answers.

Always true: only a yes of the provider is a yes, for exactly the seconds it names; a no is never kept, and while the
provider is away there is none. Safe to share between threads.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

from adapters.departments.errors import ConfigurationError, ProviderRefused, ProviderUnavailable
from adapters.departments.events import SecurityEvent
from adapters.departments.logout import LogoutNotice
from adapters.departments.representing import is_handle

SCOPE = "authority.check"
MOST = 50
"""Questions in one request."""
_EVALUATION, _EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"


class Asker(Protocol):
    """What asks the provider in the app's own name; `relying_party.RelyingParty` is it."""

    def ask_as_client(
        self, path: str, document: Mapping[str, Any] | None, *, scope: str, now: int
    ) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May the person `subject` (their `sub` at this app) do `action` for whom `handle` stands?

    service, theme: exactly one. amount: as decimal text, where the act has one.
    properties: further members of the resource's.
    """

    subject: str
    action: str
    handle: str
    service: str | None = None
    theme: str | None = None
    amount: str | None = None
    currency: str = "CNY"
    properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.service is None) == (self.theme is None):
            raise ConfigurationError("a question is about one service or one theme")
        if not self.subject or not self.action or not is_handle(self.handle):
            raise ConfigurationError("a question names a person, an action and a handle")

    @property
    def document(self) -> dict[str, Any]:
        """AuthZEN 1.0 6.1."""
        kind, name = ("service", self.service) if self.service is not None else ("theme", self.theme)
        told = {**self.properties, "represented": self.handle}
        told |= {} if self.amount is None else {"amount": self.amount, "currency": self.currency}
        return {
            "subject": {"type": "person", "id": self.subject},
            "action": {"name": self.action},
            "resource": {"type": kind, "id": name, "properties": told},
        }

    @property
    def key(self) -> tuple[Any, ...]:
        """Under which an answer is kept: everything that was asked."""
        amount = (self.amount, self.currency) if self.amount is not None else None
        what = (self.service, self.theme, amount, tuple(sorted(self.properties.items())))
        return (self.subject, self.handle, self.action, *what)


@dataclass(frozen=True, slots=True)
class Checked:
    """An answer; true in a condition only if it is yes.

    id: for the help line. until: Unix seconds by our clock, up to which it may be relied on.
    away: the provider could not be asked. Say so, rather than that the person may not.
    """

    permitted: bool
    id: str | None = None
    until: int = 0
    away: bool = False

    def __bool__(self) -> bool:
        return self.permitted


AWAY = Checked(False, away=True)
_NO = Checked(False)


@dataclass(frozen=True, slots=True)
class MandateStatus:
    """How a mandate stands: `state` as the provider calls it, first and last day, last change (Unix seconds)."""

    id: str
    state: str
    valid_from: str | None
    valid_to: str | None
    changed_at: int | None

    @property
    def active(self) -> bool:
        return self.state == "active"


class AuthorityChecks:
    """Asks before each act that counts.

    size: answers kept at most; the least used go first. The memory is that of one process: of an event that another
    process hears, this one learns by the end of the seconds an answer is good for.
    """

    def __init__(self, party: Asker, *, size: int = 10_000) -> None:
        self._party = party
        self._size = size
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], Checked] = OrderedDict()
        self._forgotten = 0

    def may(self, question: Question, *, now: int) -> Checked:
        """The answer, remembered or new. Raises `ProviderRefused` if this app may not ask at all."""
        return self.may_each([question], now=now)[0]

    def may_each(self, questions: Sequence[Question], *, now: int) -> list[Checked]:
        """The answers in order, each as `may` gives it; what is not remembered is asked at once, 50 at a time."""
        if len(questions) > MOST:
            first = self.may_each(questions[:MOST], now=now)
            return first + self.may_each(questions[MOST:], now=now)
        found = {question.key: self._remembered(question.key, now) for question in questions}
        missing = list({question.key: question for question in questions if not found[question.key]}.values())
        seen = self._forgotten
        for question, answer in zip(missing, self._asked(missing, now), strict=True):
            found[question.key] = answer
            self._keep(question.key, answer, seen)
        return [found[question.key] for question in questions]

    def mandate_status(self, mandate: str, *, now: int) -> MandateStatus | None:
        """How a mandate stands that this app was told of, after its end as well; None if it was told of none such.

        Raises `ProviderUnavailable`.
        """
        try:
            path = f"/mandates/{quote(mandate, safe='')}/status"
            return _status(self._party.ask_as_client(path, None, scope=SCOPE, now=now))
        except ProviderRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    # What makes it forget

    def forget(self, *, handle: str | None = None, subject: str | None = None) -> None:
        """Forget what is known of this acting, or of this person; an answer on its way is not kept either."""
        with self._lock:
            self._forgotten += 1
            for key in [key for key in self._kept if subject == key[0] or handle == key[1]]:
                del self._kept[key]

    def hear_logout(self, notice: LogoutNotice) -> None:
        """For `SingleSignOn.ended`."""
        if notice.handle is not None:
            self.forget(handle=notice.handle)
        else:
            self.forget(subject=notice.sub)

    def hear_event(self, event: SecurityEvent) -> None:
        """For `EventReceiver.on()`: whatever it is, of whom it is about nothing is taken for granted any more."""
        self.forget(handle=event.handle, subject=event.subject)

    # Asking

    def _asked(self, questions: Sequence[Question], now: int) -> list[Checked]:
        if not questions:
            return []
        try:
            return self._ask(questions, now)
        except ProviderUnavailable:
            return [AWAY] * len(questions)

    def _ask(self, questions: Sequence[Question], now: int) -> list[Checked]:
        if len(questions) == 1:
            told = [self._party.ask_as_client(_EVALUATION, questions[0].document, scope=SCOPE, now=now)]
        else:
            documents = {"evaluations": [question.document for question in questions]}
            told = self._party.ask_as_client(_EVALUATIONS, documents, scope=SCOPE, now=now).get("evaluations", [])
        if not isinstance(told, list) or len(told) != len(questions):
            raise ProviderUnavailable("not every question was answered")
        return [_checked(one, now) for one in told]

    def _remembered(self, key: tuple[Any, ...], now: int) -> Checked:
        with self._lock:
            answer = self._kept.get(key)
            if answer is None:
                return _NO
            if now >= answer.until:
                del self._kept[key]
                return _NO
            self._kept.move_to_end(key)
            return answer

    def _keep(self, key: tuple[Any, ...], answer: Checked, seen: int) -> None:
        if not answer.permitted:
            return
        with self._lock:
            if self._forgotten != seen:  # it may be older than what was heard since
                return
            self._kept[key] = answer
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)


def _checked(told: object, now: int) -> Checked:
    """One answer. Its seconds count from before it was asked for; one that cannot be read is no answer."""
    context = told.get("context", {}) if isinstance(told, dict) else None
    if not isinstance(told, dict) or type(told.get("decision")) is not bool or not isinstance(context, dict):
        raise ProviderUnavailable("the answer to a check cannot be read")
    name, ttl = context.get("id"), context.get("ttl")
    good = ttl if type(ttl) is int and ttl > 0 and told["decision"] else 0
    return Checked(told["decision"], name if isinstance(name, str) else None, now + good)


def _status(told: Mapping[str, Any]) -> MandateStatus:
    name, state, changed = told.get("id"), told.get("state"), told.get("changed_at")
    if not isinstance(name, str) or not isinstance(state, str):
        raise ProviderUnavailable("the state of a mandate cannot be read")
    first, last = (day if isinstance(day := told.get(at), str) else None for at in ("valid_from", "valid_to"))
    return MandateStatus(name, state, first, last, changed if type(changed) is int else None)
