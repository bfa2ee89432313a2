"""The one place where a request reads the time.

Always true: within one request ``now()`` gives the same whole second, however often it is asked.
"""

import time
from collections.abc import Callable

from flask import Flask, current_app, g

Clock = Callable[[], int]
EXTENSION = "tongban_clock"


def system_clock() -> int:
    """Seconds since 1970-01-01 UTC."""
    return int(time.time())


def set_clock(app: Flask, clock: Clock) -> None:
    """Let ``app`` read its time from ``clock`` (tests)."""
    app.extensions[EXTENSION] = clock


def now() -> int:
    """The time of this request, seconds since 1970-01-01 UTC."""
    if "tb_now" not in g:
        clock: Clock = current_app.extensions.get(EXTENSION, system_clock)
        g.tb_now = clock()
    return int(g.tb_now)
