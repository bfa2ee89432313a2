"""Calls the provider back when a check has a result, in the background, as vendors do.

Always true: whether anybody answers changes nothing of the result, which waits to be fetched.
"""

import http.client
import socket
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from threading import Thread
from urllib.parse import urlsplit

Make = Callable[[], tuple[Mapping[str, str], bytes]]
"""Headers and body as they are at the moment of sending: the signature holds the time."""
Call = Callable[[str, Make, float], None]
_AGAIN = (1, 5)
"""Seconds before each further try."""
_TIMEOUT = 5


def deliver(url: str, make: Make, after: float) -> None:
    """Send it ``after`` seconds from now, and again for a while when nobody is there."""
    Thread(target=_deliver, args=(url, make, after), daemon=True).start()


def _deliver(url: str, make: Make, after: float) -> None:
    for pause in (after, *_AGAIN):
        time.sleep(pause)
        try:
            status = str(_post(url, *make()))
        except (OSError, http.client.HTTPException) as error:
            status = type(error).__name__
        sys.stderr.write(f"sandbox: callback to {url} {status}\n")
        if status.isdigit() and int(status) < 500:
            return


def _post(url: str, headers: Mapping[str, str], body: bytes) -> int:
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    # names under localhost are this machine (RFC 6761), which not every resolver knows
    connection = http.client.HTTPConnection(host, port, timeout=_TIMEOUT)
    sock = socket.create_connection(("127.0.0.1" if host.endswith(".localhost") else host, port), _TIMEOUT)
    try:
        if secure:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection.sock = sock
        connection.request("POST", parts.path or "/", body=body, headers={**headers, "Connection": "close"})
        return connection.getresponse().status
    finally:
        sock.close()
