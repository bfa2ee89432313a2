"""A private Redis server.

Always true: it listens on a Unix socket in a directory only its owner can enter, and on no port.
"""

import socket
from pathlib import Path
from typing import Self
from urllib.parse import quote

from adapters.sandbox import packages, processes, processes_directory


class Redis:
    """One private Redis server on a Unix socket; it forgets everything when it stops unless `durable`."""

    def __init__(self, directory: Path | None = None, *, log: Path | None = None, durable: bool = False) -> None:
        """Prepare the files; `durable` writes an append-only file (everysec) into `directory`."""
        self._private = processes_directory.make()
        self._home = directory or self._private
        self._log = log or self._home / "redis.log"
        self._socket = self._private / "redis.sock"
        self._append = "yes" if durable else "no"
        self._child: processes.Child | None = None

    @property
    def url(self) -> str:
        """Address for redis-py: `unix:///path/redis.sock?db=0`."""
        return f"unix://{quote(str(self._socket), safe='/')}?db=0"

    @property
    def path(self) -> Path:
        """The socket, for clients that take a path (ioredis)."""
        return self._socket

    def start(self) -> processes.Child:
        """Start the server and wait until it answers PING; ProcessFailed with its log if it does not in 10 s."""
        program = packages.redis()
        options = {"port": "0", "unixsocket": str(self._socket), "unixsocketperm": "700", "save": "",
                   "appendonly": self._append, "dir": str(self._home), "daemonize": "no"}  # fmt: skip
        self._child = processes.start(
            "Redis",
            [str(program.path), *(word for name, value in options.items() for word in (f"--{name}", value))],
            log=self._log,
            env=program.env,
            cwd=self._private,
        )
        processes.wait_until(self._ready, self._child, seconds=10)
        return self._child

    def _ready(self) -> bool:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self._socket))
                connection.sendall(b"PING\r\n")
                return connection.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def stop(self) -> None:
        """Stop the server; it may be started again at the same address."""
        if self._child:
            processes.stop(self._child)

    def kill(self) -> None:
        """End the server at once (SIGKILL)."""
        if self._child:
            processes.kill(self._child)

    def remove(self) -> None:
        """Remove the private directory; what was put into a directory of the caller's stays there."""
        processes_directory.remove(self._private)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.remove()
