"""The Redis form of the state store: one round trip per operation, one connection per thread.

Always true: a key carries the run id of the server that stored it, so what an older server process left on disk or on
a replica is out of reach. A value taken after the last snapshot can therefore not come back by a restart or failover.
"""

import os
import re
import threading
import time
from collections.abc import Mapping
from typing import Any

from redis.connection import Connection, parse_url
from redis.exceptions import ConnectionError, RedisError, ResponseError, TimeoutError

from idp.state.store import StateUnavailable, hashed, pack, unpack

_RUN_ID = re.compile(rb"run_id:([0-9a-f]{40})")


class RedisStore:
    """Values as JSON strings, windows as counters; Redis judges every end."""

    def __init__(self, url: str, *, timeout: float) -> None:
        options = parse_url(url)  # type: ignore[no-untyped-call]  # not annotated there
        self._connection_class = options.pop("connection_class", Connection)
        self._options = {
            **options,
            "socket_timeout": timeout,
            "socket_connect_timeout": timeout,
            "redis_connect_func": _greet,
            "protocol": 2,
            "driver_info": None,
        }
        self._local = threading.local()
        self._opened: list[Any] = []
        self._silence = _Silence(timeout)

    def put(self, ns: str, key: str, value: Mapping[str, Any], ttl: int) -> None:
        self._call(ns, key, ("SET", "=", pack(value), "EX", ttl))

    def get(self, ns: str, key: str) -> dict[str, Any] | None:
        (stored,) = self._call(ns, key, ("GET", "="))
        return None if stored is None else unpack(stored)

    def take(self, ns: str, key: str) -> dict[str, Any] | None:
        (stored,) = self._call(ns, key, ("GETDEL", "="))
        return None if stored is None else unpack(stored)

    def incr(self, ns: str, key: str, window: int) -> int:
        # NX: the first call sets the end; a counter that lost its end to a broken connection gets one at the next.
        count, _ = self._call(ns, key, ("INCR", "#"), ("EXPIRE", "#", window, "NX"))
        return int(count)

    def delete(self, ns: str, key: str) -> None:
        self._call(ns, key, ("DEL", "=", "#"))

    def close(self) -> None:
        opened, self._opened, self._local = self._opened, [], threading.local()
        for connection in opened:
            connection.disconnect()

    def _call(self, ns: str, key: str, *commands: tuple[Any, ...]) -> list[Any]:
        """Send the commands at once and read their answers; "=" stands for the value's key, "#" for the window's."""
        self._silence.check()
        try:
            connection = self._connection()
            name = b"tb:%b:%b:%b" % (connection.run_id, ns.encode(), hashed(ns, key).hex().encode())
            names = {"=": name, "#": name + b"#"}
            filled = [[names.get(word, word) for word in command] for command in commands]
            connection.send_packed_command(connection.pack_commands(filled))
            answers = [_read(connection) for _ in commands]
        except TimeoutError as error:
            self._silence.begin()
            raise StateUnavailable("TimeoutError") from error
        except RedisError as error:
            raise StateUnavailable(type(error).__name__) from error
        if failed := next((answer for answer in answers if isinstance(answer, ResponseError)), None):
            raise StateUnavailable("ResponseError") from failed
        self._silence.end()
        return answers

    def _connection(self) -> Any:
        """This thread's connection, alive as far as can be told without a round trip."""
        connection = getattr(self._local, "held", None)
        if connection is None or connection.pid != os.getpid():  # never carried over a fork
            connection = self._local.held = self._connection_class(**self._options)
            self._opened.append(connection)
        connection.connect()
        if _is_spoilt(connection):
            connection.disconnect()
            connection.connect()
        return connection


def _is_spoilt(connection: Any) -> bool:
    """Whether there is something to read although nothing was asked: the end of the connection, or a late answer."""
    try:
        return bool(connection.can_read())
    except ConnectionError:
        return True


def _read(connection: Any) -> Any:
    """One answer; an error answer is returned, so that the next answer is still read."""
    try:
        return connection.read_response(disconnect_on_error=True)
    except ResponseError as error:
        return error


def _greet(connection: Any) -> None:
    """Log in and ask which server process this is; a new connection may reach a restarted server."""
    connection.on_connect()
    connection.send_command("INFO", "server")
    found = _RUN_ID.search(connection.read_response())
    if found is None:
        raise ResponseError("the server does not tell its run id")
    connection.run_id = found[1][:16]


class _Silence:
    """After a time-out, one caller at a time tries again; the others are refused at once, so no thread is held up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0
        self._lock = threading.Lock()

    def begin(self) -> None:
        self._until = time.monotonic() + self._seconds

    def end(self) -> None:
        self._until = 0.0

    def check(self) -> None:
        """Raise `StateUnavailable` while the server is silent and it is not this caller's turn to try."""
        if not self._until:
            return
        with self._lock:
            now = time.monotonic()
            if now < self._until:
                raise StateUnavailable("silent")
            self._until = now + self._seconds
