"""Flask-SQLAlchemy's session: the transaction of a page, and the tables as typed models.

Always true: a page's statements and its session are one transaction, which the view commits once.
"""

from pathlib import Path
from typing import Any, cast

import sqlalchemy
from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import BigInteger, Engine, LargeBinary, MetaData, Text, event
from sqlalchemy.orm import DeclarativeBase

from idp.db import postgresql, sqlite
from idp.db.database import Database
from idp.db.postgresql import PostgresWire
from idp.db.sqlite import SqliteWire
from idp.db.statements import DatabaseUnavailable, Transaction

SESSION_DOWN = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.TimeoutError)
"""What ``db.session`` raises where statements raise `DatabaseUnavailable`; pages answer 503 to both."""


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


def current_transaction() -> Transaction:
    """The transaction ``db.session`` is in, for statements; the view commits ``db.session``."""
    session = db.session()
    session.flush()
    tx = session.info.get("transaction")
    if tx is None:
        try:
            connection = session.connection()
        except SESSION_DOWN as error:
            raise DatabaseUnavailable(type(error).__name__) from error
        tx = session.info["transaction"] = Transaction(_wire(connection))
    return cast(Transaction, tx)


def _wire(connection: sqlalchemy.Connection) -> PostgresWire | SqliteWire:
    """The one wire of a pooled connection, which remembers what it has prepared."""
    if "wire" not in connection.info:
        driver = cast(Any, connection.connection.driver_connection)
        sqlite_used = connection.dialect.name == "sqlite"
        connection.info["wire"] = (
            SqliteWire(driver) if sqlite_used else PostgresWire(driver, connection.engine.dispose, begins=True)
        )
    wire: PostgresWire | SqliteWire = connection.info["wire"]
    return wire


def _before_commit(session: Any) -> None:
    if (tx := session.info.get("transaction")) and not session.in_nested_transaction():
        tx.flush()


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


event.listen(db.session, "before_commit", _before_commit)
event.listen(db.session, "after_commit", _after_commit)
event.listen(db.session, "after_soft_rollback", _after_rollback)
event.listen(db.session, "after_transaction_end", _after_end)


def _close_session(_error: BaseException | None) -> None:
    """Before Flask-SQLAlchemy does: a server that has gone meanwhile must not turn an answer into a fault."""
    try:
        db.session.remove()
    except SESSION_DOWN:
        db.session.registry.clear()  # the connection was invalidated by the failure


def engine_options(url: str, *, pool_size: int, pool_timeout: float) -> dict[str, Any]:
    """Keyword arguments of ``create_engine``; the pool is as large as the process has threads."""
    options: dict[str, Any] = {"pool_size": pool_size, "max_overflow": 2, "pool_timeout": pool_timeout}
    if url.startswith("postgresql"):
        options["creator"] = lambda: postgresql.connect(url, autocommit=False)
    return options


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine its pragmas and its BEGIN IMMEDIATE; PostgreSQL needs nothing."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda connection, _record: sqlite.prepare(connection))
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
