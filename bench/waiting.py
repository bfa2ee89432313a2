"""People who wait for a face check: each agrees in a browser of their own and looks as often as its page says.

Always true: whoever's check ends without a result must be offered another way, and begins anew; any other answer is
wrong, and tells so when the people leave.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType

from bench.load import Answer, WrongAnswer, expect, wrong
from bench.questions import NAME, Visitor

BEGIN = "/recover/face"
"""Where people without a session order a check; no setting of the production example hides it."""
AWAY = "核验服务暂时不可用".encode()
"""Heads the page of whoever's vendor gave no answer; it offers another way."""


@dataclass
class Stay:
    """What one person saw. ``pages``: seconds each waiting page took; ``open``: when a check was open."""

    pages: list[float] = field(default_factory=list)
    open: list[tuple[float, float]] = field(default_factory=list)


class Waiting:
    """``visitors``, each with the document ``numbers`` names, from `agree` to `leave`."""

    def __init__(self, visitors: Sequence[Visitor], numbers: Sequence[str]) -> None:
        self._visitors, self._numbers = visitors, numbers
        self._leaving = threading.Event()
        self._pool = ThreadPoolExecutor(len(visitors), thread_name_prefix="waiting")
        self._stays: list[Future[Stay]] = []
        self._agreements: list[bytes] = []

    def __enter__(self) -> "Waiting":
        """Everybody comes as far as the question whether they agree."""
        self._agreements = [ordered(*one) for one in zip(self._visitors, self._numbers, strict=True)]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._pool.shutdown()

    def agree(self, over: float) -> None:
        """One after another within ``over`` seconds; returns when all have."""
        everybody = zip(self._visitors, self._numbers, self._agreements, strict=True)
        self._stays = []
        for one in everybody:
            self._stays.append(self._pool.submit(self._stay, *one))
            time.sleep(over / len(self._visitors))

    def leave(self) -> list[Stay]:
        """When everybody's check is over. Raises ``WrongAnswer`` for an answer that must not be."""
        self._leaving.set()
        try:
            return [one.result() for one in self._stays]
        except OSError as error:
            raise WrongAnswer(f"a waiting person got no answer: {error!r}") from error

    def _stay(self, visitor: Visitor, number: str, agreement: bytes) -> Stay:
        stay = Stay()
        while True:
            page = expect(visitor.send(agreement), 303).header(b"location") or b""
            began = time.perf_counter()
            stay.pages += waited(visitor, page.decode("latin-1"))
            stay.open.append((began, time.perf_counter()))
            if self._leaving.is_set():
                return stay
            agreement = ordered(visitor, number)


def ordered(visitor: Visitor, number: str) -> bytes:
    """Order a check as far as its consent; the request that agrees."""
    answer = visitor.submit(BEGIN, {"name": NAME, "kind": "id_number", "number": number})
    return visitor.filled((answer.header(b"location") or b"").decode("latin-1"), {})


def waited(visitor: Visitor, page: str) -> list[float]:
    """Seconds that each waiting page took, until the check is over."""
    seconds = []
    while True:
        began = time.perf_counter()
        answer = visitor.get(page)
        if (again := looks_again(answer)) is None:
            return seconds
        seconds.append(time.perf_counter() - began)
        pause, page = again
        time.sleep(pause)


def looks_again(answer: Answer) -> tuple[float, str] | None:
    """After how many seconds the page looks again, and where; None on the page that offers another way."""
    refresh = expect(answer, 200).header(b"refresh")
    if refresh is None:
        expect(answer, 200, containing=AWAY)
        return None
    pause, found, page = refresh.decode("latin-1").partition("; url=")
    if not found:
        wrong("a refresh that leads nowhere", answer)
    return float(pause), page


def open_on_average(stays: Sequence[Stay], began: float, ended: float) -> float:
    """How many checks were open between two moments."""
    spans = [span for stay in stays for span in stay.open]
    return sum(max(0.0, min(until, ended) - max(since, began)) for since, until in spans) / (ended - began)
