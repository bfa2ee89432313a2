"""A circuit breaker: after failures in a row nobody waits for a service that is down; one at a time tries it.

Always true: it has no clock of its own, and while it is half open exactly one call is on its way.
"""

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Ticket:
    """The right to make one call; its outcome is reported with it, whatever happens."""

    generation: int


@dataclass(frozen=True, slots=True)
class Open:
    """No call now; ``seconds`` until it may be worth asking again."""

    seconds: float


class Breaker:
    """Closed, open, or half open. Safe for several threads; every process has its own."""

    def __init__(self, *, failures: int, pause: float) -> None:
        """Opens after ``failures`` in a row, for ``pause`` seconds before every trial."""
        if failures < 1 or pause <= 0:
            raise ValueError("a breaker opens after one failure or more, for some time")
        self._lock = Lock()
        self._limit, self._pause = failures, pause
        self._failures = 0
        self._trial_at: float | None = None
        self._trying = False
        self._generation = 0

    def admit(self, *, now: float) -> Ticket | Open:
        """May a call be made at ``now`` (seconds of a clock that never goes back)? Then ``report`` has to follow."""
        with self._lock:
            if self._trial_at is not None:
                left = self._trial_at - now
                if left > 0 or self._trying:
                    return Open(min(max(left, 0.0), self._pause))
                self._trying = True
            return Ticket(self._generation)

    def report(self, ticket: Ticket, *, answered: bool, now: float) -> None:
        """How the call of ``ticket`` ended; what began before the last change of state says nothing about it."""
        with self._lock:
            if ticket.generation != self._generation:
                return
            self._failures = 0 if answered else self._failures + 1
            if answered and self._trying:
                self._turn(None)
            elif self._trying or self._failures >= self._limit:
                self._turn(now + self._pause)

    def _turn(self, trial_at: float | None) -> None:
        self._trial_at = trial_at
        self._trying = False
        self._failures = 0
        self._generation += 1
