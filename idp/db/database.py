"""The database as machine endpoints, the worker and the command line use it: units of work over pooled connections.

Always true: a connection serves one unit at a time, and goes back to the pool outside of any transaction.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine, event
from sqlalchemy.pool import QueuePool

from idp.db import postgresql, sqlite
from idp.db.postgresql import PostgresWire
from idp.db.sqlite import SqliteWire
from idp.db.statements import DatabaseUnavailable, Dialect, Transaction

Wire = PostgresWire | SqliteWire
_SPARE = 2
"""Beside one for each thread: what a unit looks up in a registry (`idp.state.versions`) it asks on another."""


class Database:
    """Units of work beside those of ``db.session``, on connections of their own: a page in the middle of its
    transaction that needs a second one never waits for other pages that do the same.

    As many connections as the pool of ``engine`` and two to spare; ``engine.dispose()`` closes these as well.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect: Dialect = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"
        self.url = engine.url.render_as_string(hide_password=False)
        pool = engine.pool
        self._places = threading.Semaphore(_SPARE + (pool.size() if isinstance(pool, QueuePool) else 1))
        self._timeout = pool.timeout() if isinstance(pool, QueuePool) else None
        self._free: list[Wire] = []  # append and pop are atomic
        self._era = object()
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A writing unit of its own: committed at the end of the block, rolled back by an exception.

        Raises `DatabaseUnavailable`.
        """
        with self._wire() as wire:
            tx = Transaction(wire)
            try:
                wire.begin()
                yield tx
                wire.commit()
            except BaseException:
                wire.rollback()
                tx.finish(committed=False)
                raise
            tx.finish(committed=True)

    @contextmanager
    def autocommit(self) -> Iterator[Transaction]:
        """Each statement is its own transaction (reads, and writes that are one statement): one round trip each."""
        with self._wire() as wire:
            tx = Transaction(wire)
            yield tx
            wire.flush()
            tx.finish(committed=True)

    @contextmanager
    def _wire(self) -> Iterator[Wire]:
        if not self._places.acquire(timeout=self._timeout):
            raise DatabaseUnavailable("every connection is taken")
        era, wire = self._era, None
        try:
            wire = self._take()
            yield wire
        except DatabaseUnavailable:
            era = None
            raise
        finally:
            if wire is not None:
                if wire.rollback() and era is self._era:
                    self._free.append(wire)
                else:
                    wire.close()
            self._places.release()

    def _take(self) -> Wire:
        try:
            return self._free.pop()  # the one used last, whose server process is warm
        except IndexError:
            return self._open()

    def _open(self) -> Wire:
        try:
            if self.dialect == "sqlite":
                return SqliteWire(sqlite.connect(self.url))
            return PostgresWire(postgresql.connect(self.url), self.engine.dispose)
        except (sqlite3.OperationalError, psycopg.OperationalError) as error:
            raise DatabaseUnavailable(type(error).__name__) from error

    def _close(self, _engine: Engine) -> None:
        self._era, free, self._free = object(), self._free, []
        for wire in free:
            wire.close()
