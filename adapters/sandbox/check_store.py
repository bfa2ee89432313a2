"""The vendors' memory of checks: who is to be checked, how far they are, what was found.

Always true: all of it lives in this process, is bounded (the oldest goes first), and a check is finished once.
"""

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock

from adapters.sandbox.check_contract import CheckQuestion
from adapters.sandbox.check_magic import PASS, Finding, finding_of

LIFETIME = 600
"""Seconds a check waits for its person."""


@dataclass(slots=True)
class Waiting:
    """One check. ``page`` is the secret in its address; ``done_at`` when the person was done, or went (``left``)."""

    kind: str
    question: CheckQuestion
    id: str
    page: str
    sdk_token: str = field(repr=False)
    order: int
    expires_at: int
    finding: Finding
    step: int = 0
    way: int = 0
    """Which of the equivalents of this step is shown."""
    liveness: tuple[str, ...] = ()
    done_at: float | None = None
    left: bool = False
    fetched: int = 0


class Conflict:
    """This reference came before with another question."""


class Checks:
    """Safe for several threads: every public method takes the one lock."""

    def __init__(self, *, most: int) -> None:
        self._lock = Lock()
        self._most = most
        self._opened = 0
        self._waiting: OrderedDict[tuple[str, str], Waiting] = OrderedDict()

    def open(self, kind: str, question: CheckQuestion, *, now: float) -> Waiting | Conflict:
        """A new check, or the one this very question opened before."""
        key = (kind, question.reference)
        with self._lock:
            known = self._waiting.get(key)
            if known is not None:
                return known if known.question.digest == question.digest else Conflict()
            if len(self._waiting) >= self._most:
                self._waiting.popitem(last=False)
            self._opened += 1
            self._waiting[key] = opened = Waiting(
                kind=kind,
                question=question,
                id=f"{kind}_{secrets.token_hex(12)}",
                page=secrets.token_urlsafe(24),
                sdk_token=secrets.token_urlsafe(32),
                order=self._opened,
                expires_at=int(now) + LIFETIME,
                finding=finding_of(question.number) or PASS,
            )
            return opened

    def find(self, kind: str, reference: str, transaction: str) -> Waiting | None:
        with self._lock:
            found = self._waiting.get((kind, reference))
            return found if found and found.id == transaction else None

    def by_page(self, kind: str, page: str) -> Waiting | None:
        with self._lock:
            return next((one for one in self._waiting.values() if (one.kind, one.page) == (kind, page)), None)

    def by_token(self, token: str) -> Waiting | None:
        """For software in an app: only checks that were opened for it have a token to give."""
        with self._lock:
            sdk = (one for one in self._waiting.values() if one.question.variant == "sdk")
            return next((one for one in sdk if one.sdk_token == token), None)

    def begin(self, check: Waiting, finding: Finding) -> None:
        with self._lock:
            if check.step == 0:
                check.step, check.finding = 1, finding

    def other_way(self, check: Waiting, step: int, way: int) -> None:
        """Show the next equivalent of this step; an older page's button changes nothing."""
        with self._lock:
            if (check.step, check.way) == (step, way):
                check.way += 1

    def did(self, check: Waiting, step: int, prompt: str) -> None:
        with self._lock:
            if check.step == step:
                check.step, check.way, check.liveness = step + 1, 0, (*check.liveness, prompt)

    def finish(self, check: Waiting, *, left: bool, now: float) -> bool:
        """The person is done, or goes; False when either happened before, or the time is over."""
        with self._lock:
            if check.done_at is not None or now >= check.expires_at:
                return False
            check.done_at, check.left = now, left
            return True

    def count_fetching(self, check: Waiting) -> int:
        """How often its result was fetched before; counts this time."""
        with self._lock:
            check.fetched += 1
            return check.fetched - 1
