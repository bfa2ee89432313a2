"""Two SMS providers in place of one: when the first does not take a message, the second gets it (docs/providers.md).

Always true: a message keeps its id with both, a refusal of one is never taken to the other, and a provider whose
breaker is open is not waited for.
"""

import math
import time
from collections.abc import Callable

from adapters.providers.breaker import Breaker, Open, Ticket
from idp.messages.rules import Refused, Sent, SmsGateway, SmsMessage, Unavailable, UnavailableReason

Answer = Sent | Refused | Unavailable
LONGEST_WAIT = 5
"""Seconds a provider may ask for more time; a message that would wait longer is handed to the other one at once."""
QUICK = 3.0
"""Seconds within which it must have said so: both together must not take longer than a worker's claim lasts."""


class Line:
    """One provider with its breaker. Safe for several threads; every process has its own."""

    def __init__(
        self,
        gateway: SmsGateway,
        *,
        failures: int = 5,
        pause: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Left alone after ``failures`` in a row, for ``pause`` seconds before every trial."""
        self._gateway = gateway
        self._breaker = Breaker(failures=failures, pause=pause)
        self._clock = clock

    def admit(self) -> Ticket | Open:
        """May it be asked now? A `Ticket` has to be used."""
        return self._breaker.admit(now=self._clock())

    def send(self, message: SmsMessage, ticket: Ticket) -> Answer:
        """One try. A provider that only wants to be asked more slowly is there: that does not count against it."""
        answered = False
        try:
            answer = self._gateway.send(message)
            answered = not isinstance(answer, Unavailable) or answer.reason is UnavailableReason.THROTTLED
            return answer
        finally:  # whatever happens: a trial without report would keep the breaker half open for ever
            self._breaker.report(ticket, answered=answered, now=self._clock())


class FailoverGateway:
    """Fills ``idp.messages.rules.SmsGateway`` with two of its kind."""

    def __init__(self, first: Line, second: Line, *, tries: int, clock: Callable[[], float] = time.monotonic) -> None:
        """``tries``: how often a message is offered to the first before the second gets a turn."""
        self._first, self._second, self._tries = first, second, tries
        self._clock = clock

    def send(self, message: SmsMessage) -> Answer:
        """One try with whose turn it is; with the other one when that one is left alone or says to wait."""
        began, answer = self._clock(), None
        closed: list[float] = []
        for line in self._order(message.attempt):
            ticket = line.admit()
            if isinstance(ticket, Open):
                closed.append(ticket.seconds)
                continue
            answer = line.send(message, ticket)
            if not _told_to_wait(answer) or self._clock() - began > QUICK:
                return answer
        return answer or Unavailable(UnavailableReason.CIRCUIT_OPEN, math.ceil(min(closed)))

    def _order(self, attempt: int) -> tuple[Line, Line]:
        """The first for its tries, and then by turns: a message must not depend on the second alone either."""
        beyond = attempt - self._tries
        seconds_turn = beyond > 0 and beyond % 2 == 1
        return (self._second, self._first) if seconds_turn else (self._first, self._second)


def _told_to_wait(answer: Answer) -> bool:
    """A definite no for longer than a person waits: the message was not taken, so nobody gets it twice."""
    return isinstance(answer, Unavailable) and (answer.retry_after or 0) > LONGEST_WAIT
