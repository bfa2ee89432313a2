"""A vendor of checks for tests, of faces or another kind: it says what the test told it, and remembers the questions.

Always true: nothing is sent anywhere; without a word from the test it opens every check and has no result yet.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from idp.checks.ports import CheckOrder, Heard, Judged, Opened, Pending, Vendors
from idp.checks.rules import CheckKind, Refusal
from idp.cli.work import check_errands, photo_reading
from idp.db import Statement
from idp.messages.claims import Message
from idp.messages.worker import Outcome, Retry
from tests.provider import Site

SIGNED = "by-the-vendor"
_DUE = Statement(
    "SELECT id, kind, payload, session_id, client_id, party_id, created_at, expires_at, attempts + 1 FROM outbox"
    " WHERE (kind LIKE 'check%' OR kind = 'photos_read') AND settled_at IS NULL ORDER BY created_at, id",
    Message,
)
_DONE = Statement[Any]("UPDATE outbox SET settled_at = 1, result = :result, attempts = attempts + 1 WHERE id = :id")
_TRIED = Statement[Any]("UPDATE outbox SET attempts = attempts + 1 WHERE id = :id")


@dataclass
class ScriptedVendor:
    """``opens``, ``finds``: what is answered, or functions of the order."""

    opens: Any = None
    finds: Any = field(default_factory=Pending)
    opened: list[CheckOrder] = field(default_factory=list)
    fetched: list[tuple[CheckOrder, str]] = field(default_factory=list)
    name: str = "face-vendor"
    kind: CheckKind = CheckKind.FACE

    def open(self, order: CheckOrder) -> Any:
        self.opened.append(order)
        plain = Opened(f"t-{order.reference}", f"https://vendor.example/go/{order.reference}", sdk_token=None)
        return plain if self.opens is None else _said(self.opens, order)

    def fetch(self, order: CheckOrder, transaction: str) -> Any:
        self.fetched.append((order, transaction))
        return _said(self.finds, order)

    def hear(self, headers: Mapping[str, str], body: bytes, *, now: int) -> Heard | None:
        return Heard(**orjson.loads(body)) if headers.get("tongban-signature") == SIGNED else None

    @property
    def ports(self) -> Vendors:
        return {self.kind: self}


def _said(scripted: Any, order: CheckOrder) -> Any:
    return scripted(order) if callable(scripted) else scripted


def yes(score: int | None = 970) -> Judged:
    return Judged(passed=True, reason=None, score=score, digest="ab" * 32, judged_at=int(time.time()))


def no() -> Judged:
    return Judged(passed=False, reason=Refusal.NOT_PASSED, score=100, digest="cd" * 32, judged_at=int(time.time()))


def work(site: Site) -> list[Outcome]:
    """What the worker does with every message about checks and photos that waits, each once."""
    handlers = {**check_errands(site.provider).handlers, **photo_reading(site.provider).handlers}
    outcomes = []
    with site.provider.database.autocommit() as tx:
        due = tx.all(_DUE)
    for message in due:
        outcome = handlers[message.kind](message, _payload(site, message))
        with site.provider.database.transaction() as tx:
            if isinstance(outcome, Retry):
                tx.run(_TRIED, id=message.id)
            else:
                tx.run(_DONE, id=message.id, result=type(outcome).__name__)
        outcomes.append(outcome)
    return outcomes


def _payload(site: Site, message: Message) -> dict[str, Any]:
    context = f"outbox.payload:{message.id}"
    found: dict[str, Any] = orjson.loads(site.provider.cipher.open(message.payload or b"", context=context))
    return found


Works = Callable[[Site], list[Outcome]]
