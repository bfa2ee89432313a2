"""One request of the sandbox's to the provider.

Always true: no redirect is followed, and no more than 64 KiB of an answer are read.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

TIMEOUT = 5
_MOST_BYTES = 64 * 1024


class Heard(NamedTuple):
    status: int
    body: bytes


Ask = Callable[[str, str, Mapping[str, str], bytes], Heard]
"""Method, address, headers and body. Raises ``OSError``, ``http.client.HTTPException``."""


def ask(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Heard:
    """What stands at ``url`` answers. Raises as `Ask` says."""
    parts = urlsplit(url)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    # names under localhost are this machine (RFC 6761), which not every resolver knows
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT)
    sock = socket.create_connection(("127.0.0.1" if host.endswith(".localhost") else host, port), TIMEOUT)
    try:
        if secure:
            sock = ssl.create_default_context().wrap_socket(sock, server_hostname=host)
        connection.sock = sock
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body or None, headers={**headers, "Connection": "close"})
        answer = connection.getresponse()
        return Heard(answer.status, answer.read(_MOST_BYTES))
    finally:
        sock.close()
