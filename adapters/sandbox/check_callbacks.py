"""Calls the provider back when a check has a result, in the background, as vendors do.

Always true: whether anybody answers changes nothing of the result, which waits to be fetched.
"""

import http.client
import sys
import time
from collections.abc import Callable, Mapping
from threading import Thread

from adapters.sandbox.outgoing import ask

Make = Callable[[], tuple[Mapping[str, str], bytes]]
"""Headers and body as they are at the moment of sending: the signature holds the time."""
Call = Callable[[str, Make, float], None]
_AGAIN = (1, 5)
"""Seconds before each further try."""


def deliver(url: str, make: Make, after: float) -> None:
    """Send it ``after`` seconds from now, and again for a while when nobody is there."""
    Thread(target=_deliver, args=(url, make, after), daemon=True).start()


def _deliver(url: str, make: Make, after: float) -> None:
    for pause in (after, *_AGAIN):
        time.sleep(pause)
        try:
            status = str(ask("POST", url, *make()).status)
        except (OSError, http.client.HTTPException) as error:
            status = type(error).__name__
        sys.stderr.write(f"sandbox: callback to {url} {status}\n")
        if status.isdigit() and int(status) < 500:
            return
