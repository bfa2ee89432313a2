"""Hand-written statements and the transactions they run in, over whichever database there is.

Always true: what a transaction registered with ``after_commit`` runs if and only if it was committed.
"""

import re
from collections.abc import Callable
from typing import Any, Generic, Literal, Protocol, TypeVar

R = TypeVar("R")
Dialect = Literal["sqlite", "postgresql"]
Rows = list[tuple[Any, ...]]
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")


class DatabaseUnavailable(Exception):
    """The database did not answer or stayed locked; callers answer 503 with Retry-After."""


class Statement(Generic[R]):
    """One SQL text with ``:name`` parameters, valid on both databases, and the shape of its rows.

    ``row`` is called with the columns in order (a NamedTuple class, ``int``, ...). SQLite takes the names as they
    are; for PostgreSQL they are numbered once, ``names`` in the order of the numbers.
    """

    __slots__ = ("names", "numbered", "row", "sql")

    def __init__(self, sql: str, row: Callable[..., R] | None = None) -> None:
        self.sql = sql
        self.names = tuple(dict.fromkeys(_PARAMETER.findall(sql)))
        number = {name: f"${at}" for at, name in enumerate(self.names, 1)}
        self.numbered = _PARAMETER.sub(lambda found: number[found[1]], sql).encode()
        self.row: Callable[..., Any] = row or _columns


def _columns(*columns: Any) -> tuple[Any, ...]:
    return columns


class Wire(Protocol):
    """One connection as a `Transaction` uses it. Every method may raise `DatabaseUnavailable`."""

    dialect: Dialect

    def execute(self, statement: Statement[Any], parameters: dict[str, Any]) -> tuple[Rows, int]:
        """The rows, and how many were found or written."""

    def send(self, statement: Statement[Any], parameters: dict[str, Any]) -> None:
        """Execute no later than the next statement or commit, whose round trip this may share."""

    def ask(self, statement: Statement[Any], parameters: dict[str, Any]) -> Callable[[], Rows]:
        """Like `send`, for what has rows: the answer, which sends the question if nothing else has."""

    def flush(self) -> None:
        """Execute what was sent and has not been executed yet."""

    def forget(self) -> None:
        """Never execute it: the transaction it belonged to is over."""


class Transaction:
    """Statements over one connection; who made it commits it."""

    __slots__ = ("_on_commit", "_on_rollback", "_wire", "dialect", "notes")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self.dialect = wire.dialect
        self.notes: dict[str, Any] = {}
        """What a capability remembers until the end of this transaction."""
        self._on_commit: list[Callable[[], None]] = []
        self._on_rollback: list[Callable[[], None]] = []

    def _execute(self, statement: Statement[Any], parameters: dict[str, Any]) -> tuple[Rows, int]:
        return self._wire.execute(statement, parameters)

    def one(self, statement: Statement[R], /, **parameters: Any) -> R | None:
        """The first row, or None."""
        rows, _ = self._execute(statement, parameters)
        return statement.row(*rows[0]) if rows else None

    def all(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        rows, _ = self._execute(statement, parameters)
        return [statement.row(*row) for row in rows]

    def run(self, statement: Statement[Any], /, **parameters: Any) -> int:
        """The number of rows written."""
        return self._execute(statement, parameters)[1]

    def send(self, statement: Statement[Any], /, **parameters: Any) -> None:
        """Write without asking what came of it, sharing a round trip; what fails is raised by whatever follows."""
        self._wire.send(statement, parameters)

    def ask(self, statement: Statement[R], /, **parameters: Any) -> Callable[[], list[R]]:
        """Like `all`, sharing the round trip of whatever follows; the answer is to be called before the end."""
        rows = self._wire.ask(statement, parameters)
        return lambda: [statement.row(*row) for row in rows()]

    def flush(self) -> None:
        """Have everything that was sent executed."""
        self._wire.flush()

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._on_commit.append(callback)

    def after_rollback(self, callback: Callable[[], None]) -> None:
        self._on_rollback.append(callback)

    def finish(self, *, committed: bool) -> None:
        """Run the callbacks of the outcome, once."""
        if not committed:
            self._wire.forget()
        callbacks = self._on_commit if committed else self._on_rollback
        self._on_commit, self._on_rollback, self.notes = [], [], {}
        for callback in callbacks:
            callback()
