"""Different things that several people, or one in several windows, do at the same moment."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx

Attempt = Callable[[], httpx.Response]


def at_once(*attempts: Attempt) -> list[httpx.Response]:
    """The answers, in the order of ``attempts``; none of them is a fault, or asks to come again."""
    barrier = threading.Barrier(len(attempts))

    def run(attempt: Attempt) -> httpx.Response:
        barrier.wait()
        return attempt()

    with ThreadPoolExecutor(len(attempts)) as pool:
        answers = list(pool.map(run, attempts))
    assert [answer.text for answer in answers if answer.status_code >= 500] == []
    return answers
