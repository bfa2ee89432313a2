"""Hearing from PostgreSQL that another process has written to the outbox.

Always true: after every reconnect the listener is called once, for what it may have missed.
"""

import threading
from collections.abc import Callable

import psycopg

from idp.db import Database
from idp.db.postgresql import connect
from idp.log import get_logger
from idp.messages.outbox import CHANNEL

_ATTENTION = 0.5
_RECONNECT = 0.5


class Listener:
    """A thread with a connection of its own that calls ``heard`` on every notification."""

    def __init__(self, database: Database, heard: Callable[[], None]) -> None:
        self._database = database
        self._heard = heard
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="outbox-listener", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._listen()
            except psycopg.Error as error:
                get_logger("worker").warning("listening again", error=type(error).__name__)
                self._stopping.wait(_RECONNECT)

    def _listen(self) -> None:
        with connect(self._database.url) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            self._heard()
            while not self._stopping.is_set():
                for _ in connection.notifies(timeout=_ATTENTION, stop_after=1):
                    self._heard()
