"""The main database: engine, ORM session, and hand-written statements for hot paths, over SQLite and PostgreSQL.

Always true: a writing unit begins as one (``BEGIN IMMEDIATE`` on SQLite), and what it registered with
``after_commit`` runs if and only if it was committed.

Pages use ``db.session``; machine endpoints, the worker and what both worlds share use `Transaction` and `Statement`:
one prepared round trip instead of the ORM's half millisecond. Times are Unix seconds UTC in BIGINT columns.
"""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar, cast

import psycopg
import sqlalchemy
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Engine, LargeBinary, MetaData, Text, event
from sqlalchemy.orm import DeclarativeBase

R = TypeVar("R")
Dialect = Literal["sqlite", "postgresql"]
_PARAMETER = re.compile(r"(?<![:\w]):([a-z_][a-z0-9_]*)")
_DRIVER_DOWN = (sqlite3.OperationalError, psycopg.OperationalError)
SESSION_DOWN = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.TimeoutError)
"""What ``db.session`` raises where statements raise `DatabaseUnavailable`; pages answer 503 to both."""
BUSY_TIMEOUT_MS = 5000


class Base(DeclarativeBase):
    """Every table of the main database. ``int`` is BIGINT (times: Unix seconds), ``str`` TEXT, ``bytes`` BLOB."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {int: BigInteger, str: Text, bytes: LargeBinary}  # noqa: RUF012 - SQLAlchemy's own attribute


db = SQLAlchemy(metadata=Base.metadata)


class DatabaseUnavailable(Exception):
    """The database did not answer or stayed locked; callers answer 503 with Retry-After."""


class Statement(Generic[R]):
    """One SQL text with ``:name`` parameters, valid on both databases, and the shape of its rows.

    ``row`` is called with the columns in order (a NamedTuple class, ``int``, ...). The text is rendered once for each
    driver; psycopg then prepares it on each connection.
    """

    __slots__ = ("_psycopg", "_sqlite", "row")

    def __init__(self, sql: str, row: Callable[..., R] | None = None) -> None:
        self._sqlite = sql
        self._psycopg = _PARAMETER.sub(r"%(\1)s", sql.replace("%", "%%")).encode()
        self.row: Callable[..., Any] = row or _columns

    def text(self, dialect: Dialect) -> Any:
        return self._sqlite if dialect == "sqlite" else self._psycopg


def _columns(*columns: Any) -> tuple[Any, ...]:
    return columns


class Transaction:
    """Statements over one driver connection; who made it commits it."""

    __slots__ = ("_cursor", "_lost", "_on_commit", "_on_rollback", "dialect", "notes")

    def __init__(self, cursor: Any, dialect: Dialect, lost: Callable[[], None]) -> None:
        """``lost`` is called when the server has gone: what was pooled before is dead as well."""
        self._cursor = cursor
        self._lost = lost
        self.dialect = dialect
        self.notes: dict[str, Any] = {}
        """What a capability remembers until the end of this transaction."""
        self._on_commit: list[Callable[[], None]] = []
        self._on_rollback: list[Callable[[], None]] = []

    def _execute(self, statement: Statement[Any], parameters: dict[str, Any]) -> Any:
        try:
            return self._cursor.execute(statement.text(self.dialect), parameters)
        except _DRIVER_DOWN as error:
            if self.dialect == "postgresql" and self._cursor.connection.closed:
                self._lost()
            raise DatabaseUnavailable(type(error).__name__) from error

    def one(self, statement: Statement[R], /, **parameters: Any) -> R | None:
        """The first row, or None."""
        # all rows are fetched: SQLite carries a RETURNING statement out only as far as it is read
        rows = self._execute(statement, parameters).fetchall()
        return statement.row(*rows[0]) if rows else None

    def all(self, statement: Statement[R], /, **parameters: Any) -> list[R]:
        return [statement.row(*row) for row in self._execute(statement, parameters).fetchall()]

    def run(self, statement: Statement[Any], /, **parameters: Any) -> int:
        """The number of rows written."""
        return cast(int, self._execute(statement, parameters).rowcount)

    def after_commit(self, callback: Callable[[], None]) -> None:
        self._on_commit.append(callback)

    def after_rollback(self, callback: Callable[[], None]) -> None:
        self._on_rollback.append(callback)

    def finish(self, *, committed: bool) -> None:
        """Run the callbacks of the outcome, once."""
        callbacks = self._on_commit if committed else self._on_rollback
        self._on_commit, self._on_rollback, self.notes = [], [], {}
        for callback in callbacks:
            callback()


def _cursor(info: dict[str, Any], connection: Any) -> Any:
    """The one cursor of a pooled connection: making one costs psycopg a tenth of a request."""
    if "cursor" not in info:
        info["cursor"] = connection.cursor()
    return info["cursor"]


class Database:
    """The engine as machine endpoints, the worker and the command line use it."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.dialect: Dialect = "sqlite" if engine.dialect.name == "sqlite" else "postgresql"

    @contextmanager
    def _connection(self, *, autocommit: bool) -> Iterator[tuple[Any, Any]]:
        try:
            pooled = self.engine.raw_connection()
        except (sqlalchemy.exc.TimeoutError, sqlalchemy.exc.OperationalError, *_DRIVER_DOWN) as error:
            raise DatabaseUnavailable(type(error).__name__) from error
        connection = cast(Any, pooled.driver_connection)
        if self.dialect == "postgresql":
            connection.autocommit = autocommit
        try:
            yield connection, _cursor(pooled.info, connection)
        except DatabaseUnavailable:
            pooled.invalidate()
            raise
        finally:
            if pooled.is_valid and self.dialect == "postgresql" and _rollback(connection):
                connection.autocommit = False
            pooled.close()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A writing unit of its own: committed at the end of the block, rolled back by an exception.

        Raises `DatabaseUnavailable`.
        """
        with self._connection(autocommit=False) as (connection, cursor):
            tx = Transaction(cursor, self.dialect, self.engine.dispose)
            try:
                if self.dialect == "sqlite":
                    tx.run(_BEGIN)
                yield tx
                _commit(connection)
            except BaseException:
                _rollback(connection)
                tx.finish(committed=False)
                raise
            tx.finish(committed=True)

    @contextmanager
    def autocommit(self) -> Iterator[Transaction]:
        """Each statement is its own transaction (reads, and writes that are one statement): one round trip each."""
        with self._connection(autocommit=True) as (_, cursor):
            tx = Transaction(cursor, self.dialect, self.engine.dispose)
            yield tx
            tx.finish(committed=True)


_BEGIN = Statement[Any]("BEGIN IMMEDIATE")


def _commit(connection: Any) -> None:
    try:
        connection.commit()
    except _DRIVER_DOWN as error:
        raise DatabaseUnavailable(type(error).__name__) from error


def _rollback(connection: Any) -> bool:
    """False for a dead connection, which has nothing left to roll back."""
    try:
        connection.rollback()
    except (sqlite3.Error, psycopg.Error):
        return False
    return True


def current_transaction() -> Transaction:
    """The transaction ``db.session`` is in, for statements beside ORM work; the view commits ``db.session``."""
    session = db.session()
    session.flush()
    tx = session.info.get("transaction")
    if tx is None:
        try:
            connection = session.connection()
        except SESSION_DOWN as error:
            raise DatabaseUnavailable(type(error).__name__) from error
        driver = connection.connection.driver_connection
        dialect: Dialect = "sqlite" if connection.dialect.name == "sqlite" else "postgresql"
        tx = session.info["transaction"] = Transaction(_cursor(connection.info, driver), dialect, db.engine.dispose)
    return cast(Transaction, tx)


def _after_commit(session: Any) -> None:
    if not session.in_nested_transaction():  # the release of a savepoint is no commit
        _finish(session, committed=True)


def _after_rollback(session: Any, *_: Any) -> None:
    _finish(session, committed=False)


def _after_end(session: Any, transaction: Any) -> None:
    """A session that is closed, not committed, rolls back without saying so."""
    if transaction.parent is None:
        _finish(session, committed=False)


def _finish(session: Any, *, committed: bool) -> None:
    if tx := session.info.pop("transaction", None):
        tx.finish(committed=committed)


event.listen(db.session, "after_commit", _after_commit)
event.listen(db.session, "after_soft_rollback", _after_rollback)
event.listen(db.session, "after_transaction_end", _after_end)


def _close_session(_error: BaseException | None) -> None:
    """Before Flask-SQLAlchemy does: a server that has gone meanwhile must not turn an answer into a fault."""
    try:
        db.session.remove()
    except SESSION_DOWN:
        db.session.registry.clear()  # the connection was invalidated by the failure


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    for pragma in ("journal_mode=WAL", "synchronous=FULL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def engine_options(url: str, *, pool_size: int, pool_timeout: float) -> dict[str, Any]:
    """Keyword arguments of ``create_engine``; the pool is as large as the process has threads."""
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 2, "pool_timeout": pool_timeout}
    if url.startswith("postgresql"):
        options["connect_args"] = {"connect_timeout": 3, "prepare_threshold": 1}
    return options


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine its pragmas and its BEGIN IMMEDIATE; PostgreSQL needs nothing."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))


def init_db(app: Flask, *, url: str, pool_size: int, pool_timeout: float) -> Database:
    """Bind ``db`` to the application and return the same engine for statements."""
    if url.startswith("sqlite:///"):  # Flask-SQLAlchemy would read a relative path from its instance folder
        url = f"sqlite:///{Path(url.removeprefix('sqlite:///')).absolute()}"
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = engine_options(url, pool_size=pool_size, pool_timeout=pool_timeout)
    db.init_app(app)
    app.teardown_appcontext(_close_session)
    with app.app_context():
        engine = db.engine
        prepare_engine(engine)
    return Database(engine)
