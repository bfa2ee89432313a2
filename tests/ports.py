"""Ports that servers of tests are told to listen on.

Always true: they lie below those the kernel gives to outgoing connections, so that nothing takes one between the
moment it was found free and the moment its server listens; each is given out once.
"""

import itertools
import os
import socket

_FIRST, _COUNT = 20_000, 12_000
_tries = itertools.count(int.from_bytes(os.urandom(2)))  # not `random`, which is seeded alike on every worker


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """So many different ones."""
    found: list[int] = []
    for number in _tries:
        port = _FIRST + number % _COUNT
        if _is_free(port):
            found.append(port)
        if len(found) == count:
            break
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
