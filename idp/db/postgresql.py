"""Statements over PostgreSQL: psycopg's connection, and libpq (psycopg.pq) beneath it for what runs on it.

Always true: a statement is prepared once on each connection, and whatever can share a round trip shares one.

psycopg's cursor costs as much again as the round trip itself; its connections are kept for what they do well.
"""

import re
import select
from collections.abc import Callable
from itertools import count
from typing import Any

import psycopg
from psycopg import pq
from psycopg.errors import error_from_result
from sqlalchemy import make_url

from idp.db.statements import DatabaseUnavailable, Dialect, Rows, Statement

CONNECT_SECONDS = 3
_FINE = frozenset({pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.PIPELINE_ABORTED})
_STALE = frozenset({"0A000", "26000"})
"""A prepared statement that a migration has changed the result of, or that is not there any more."""
_BEGIN, _COMMIT, _ROLLBACK = b"BEGIN", b"COMMIT", b"ROLLBACK"
_TEXT, _BINARY = 0, 1
_ESCAPED = re.compile(rb'["\\]')
_OIDS: dict[type, int] = {bool: 16, bytes: 17, int: 20}
"""Types that PostgreSQL is told of; it finds the others, all of them text, by itself."""


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection[Any]:
    """A connection of psycopg to a ``postgresql+psycopg://`` address. Raises ``psycopg.Error``."""
    address = make_url(url)
    arguments, options = address.get_dialect()().create_connect_args(address)
    options = {"connect_timeout": CONNECT_SECONDS, **options, "client_encoding": "utf-8"}
    return psycopg.connect(*arguments, **options, autocommit=autocommit, prepare_threshold=None)


class PostgresWire:
    """Statements over one connection.

    ``lost`` is called when the server has gone: what was pooled before is dead as well. With ``begins`` a transaction
    begins with the first statement outside of one, as psycopg's own cursors have it.
    """

    dialect: Dialect = "postgresql"

    def __init__(
        self, connection: psycopg.Connection[Any], lost: Callable[[], None], *, begins: bool = False
    ) -> None:
        self._connection = connection
        self._pg = connection.pgconn
        self._lost = lost
        self._begins = begins
        self._begin_next = False
        self._waiting: list[_Asked] = []
        self._prepared: dict[bytes, _Prepared] = {}
        self._names = count()
        self._pg.nonblocking = 1  # for pipelines; libpq's blocking calls block all the same
        self._poll = select.poll()
        self._poll.register(self._pg.socket, select.POLLIN)

    def begin(self) -> None:
        """Begin a transaction with the next statement."""
        self._begin_next = True

    def execute(self, statement: Statement[Any], parameters: dict[str, Any]) -> tuple[Rows, int]:
        if self._waiting or self._must_begin():
            asked = self._add(statement, parameters)
            self._round_trip()
            return asked.rows, asked.count
        prepared = self._prepare(statement, parameters)
        values, formats = _bound(statement, parameters)
        result = self._checked(self._pg.exec_prepared, prepared.name, values, formats, _BINARY)
        return prepared.rows(result), result.command_tuples or 0

    def send(self, statement: Statement[Any], parameters: dict[str, Any]) -> None:
        self._add(statement, parameters)

    def ask(self, statement: Statement[Any], parameters: dict[str, Any]) -> Callable[[], Rows]:
        asked = self._add(statement, parameters)

        def answer() -> Rows:
            if not asked.answered:
                self._round_trip()
            return asked.rows

        return answer

    def flush(self) -> None:
        if self._waiting:
            self._round_trip()

    def forget(self) -> None:
        self._waiting.clear()

    def commit(self) -> None:
        """End the transaction there is; when nothing was asked in it, none began."""
        if self._begin_next and not self._waiting:
            self._begin_next = False
            return
        self._round_trip(_COMMIT)

    def rollback(self) -> bool:
        """False for a connection that is dead or was left in the middle of something: it is of no use any more."""
        self.forget()
        self._begin_next = False
        if self._pg.status != pq.ConnStatus.OK or self._pg.pipeline_status != pq.PipelineStatus.OFF:
            return False
        if self._pg.transaction_status != pq.TransactionStatus.IDLE:
            self._pg.exec_(_ROLLBACK)
        return bool(self._pg.status == pq.ConnStatus.OK)

    def close(self) -> None:
        self._connection.close()

    def _must_begin(self) -> bool:
        return self._begin_next or (self._begins and self._pg.transaction_status == pq.TransactionStatus.IDLE)

    def _prepare(self, statement: Statement[Any], parameters: dict[str, Any]) -> "_Prepared":
        prepared = self._prepared.get(statement.numbered)
        if prepared is None:
            prepared = _Prepared(b"tb%d" % next(self._names))
            types = [_OIDS.get(type(parameters[name]), 0) for name in statement.names]
            self._checked(self._pg.prepare, prepared.name, statement.numbered, types)
            self._prepared[statement.numbered] = prepared
        return prepared

    def _add(self, statement: Statement[Any], parameters: dict[str, Any]) -> "_Asked":
        asked = _Asked(statement, parameters)
        self._waiting.append(asked)
        return asked

    def _round_trip(self, last: bytes | None = None) -> None:
        """Send everything that waits, a beginning before it and ``last`` behind it, and take the answers."""
        waiting, self._waiting = self._waiting, []
        prepared = [self._prepare(asked.statement, asked.parameters) for asked in waiting]
        begins, self._begin_next = bool(waiting) and self._must_begin(), False
        pg = self._pg
        try:
            pg.enter_pipeline_mode()
            if begins:
                pg.send_query_params(_BEGIN, None)
            for found, asked in zip(prepared, waiting, strict=True):
                pg.send_query_prepared(found.name, asked.values, asked.formats, _BINARY)
            if last:
                pg.send_query_params(last, None)
            pg.pipeline_sync()
            results = self._results()
            pg.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise self._unavailable(error) from error
        for result in results:
            self._check(result)
        for found, asked, result in zip(prepared, waiting, results[begins:], strict=False):
            asked.take(found.rows(result), result.command_tuples or 0)

    def _results(self) -> list[Any]:
        """The results up to the end of the pipeline. Waiting is left to poll(2): `get_result` would hold the GIL."""
        pg = self._pg
        results: list[Any] = []
        while pg.flush():
            self._wait(select.POLLIN | select.POLLOUT)
        while True:
            while pg.is_busy():
                self._wait(select.POLLIN)
            result = pg.get_result()
            if result is None:
                continue
            if result.status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            results.append(result)

    def _wait(self, events: int) -> None:
        self._poll.modify(self._pg.socket, events)
        self._poll.poll()
        self._pg.consume_input()

    def _checked(self, call: Callable[..., Any], *arguments: Any) -> Any:
        try:
            result = call(*arguments)
        except psycopg.OperationalError as error:
            raise self._unavailable(error) from error
        self._check(result)
        return result

    def _check(self, result: Any) -> None:
        """Raise what a result says went wrong; what was skipped after a failure says nothing."""
        if result.status in _FINE:
            return
        error = error_from_result(result)
        if error.sqlstate in _STALE:
            self._prepared.clear()
        if self._pg.status != pq.ConnStatus.OK or isinstance(error, psycopg.OperationalError):
            raise self._unavailable(error) from error
        raise error

    def _unavailable(self, error: psycopg.Error) -> DatabaseUnavailable:
        if self._pg.status != pq.ConnStatus.OK:
            self._lost()
        return DatabaseUnavailable(type(error).__name__)


class _Asked:
    """A statement that waits for its round trip, and then what came of it. Its values were found fit to be sent."""

    __slots__ = ("answered", "count", "formats", "parameters", "rows", "statement", "values")

    def __init__(self, statement: Statement[Any], parameters: dict[str, Any]) -> None:
        self.statement = statement
        self.parameters = parameters
        self.values, self.formats = _bound(statement, parameters)
        self.answered = False
        self.rows: Rows = []
        self.count = 0

    def take(self, rows: Rows, count: int) -> None:
        self.answered, self.rows, self.count = True, rows, count


class _Prepared:
    """A statement on one connection: its name there, and how its columns are read."""

    __slots__ = ("_readers", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self._readers: list[Callable[[bytes], Any]] | None = None

    def rows(self, result: Any) -> Rows:
        found = result.ntuples
        if not found:
            return []
        if self._readers is None:
            self._readers = [_READERS[result.ftype(column)] for column in range(result.nfields)]
        columns = list(enumerate(self._readers))
        value = result.get_value
        return [
            tuple([None if (raw := value(row, at)) is None else read(raw) for at, read in columns])
            for row in range(found)
        ]


def _bound(statement: Statement[Any], parameters: dict[str, Any]) -> tuple[list[bytes | None], list[int]]:
    """The values in the order of their numbers, and the format of each."""
    values = [parameters[name] for name in statement.names]
    return [_dump(value) for value in values], [_BINARY if type(value) is bytes else _TEXT for value in values]


def _dump(value: Any) -> bytes | None:
    """A value as PostgreSQL reads it; a list is one of texts or of bytes."""
    if value is None or type(value) is bytes:
        return value
    if isinstance(value, str):
        if "\0" in value:  # libpq would end the text there
            raise psycopg.DataError("PostgreSQL text cannot hold NUL")
        return value.encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, int):
        return b"%d" % value
    if isinstance(value, list):
        return b"{%b}" % b",".join([_dump_item(item) for item in value])
    raise TypeError(f"no column takes {type(value).__name__}")


def _dump_item(item: Any) -> bytes:
    if type(item) is bytes:
        return b'"\\\\x%b"' % item.hex().encode()
    return b'"%b"' % _ESCAPED.sub(rb"\\\g<0>", _dump(item) or b"")


def _read_int(raw: bytes) -> int:
    return int.from_bytes(raw, signed=True)


def _read_nothing(_raw: bytes) -> None:
    return None


_READERS: dict[int, Callable[[bytes], Any]] = {
    16: bool.from_bytes,
    17: bytes,
    19: bytes.decode,
    20: _read_int,
    21: _read_int,
    23: _read_int,
    25: bytes.decode,
    1043: bytes.decode,
    2278: _read_nothing,
}
"""By type: bool, bytea, name, int8, int2, int4, text, varchar, void."""
