"""The main database: units of work, hand-written statements, and Flask-SQLAlchemy's session for pages.

Always true: both databases take the same statements; times are Unix seconds UTC in BIGINT columns.

Pages use ``db.session`` and `current_transaction`; machine endpoints, the worker and the command line `Database`;
what both worlds share takes a `Transaction`.
"""

from idp.db.database import Database
from idp.db.session import SESSION_DOWN, Base, current_transaction, db, engine_options, init_db, prepare_engine
from idp.db.statements import DatabaseUnavailable, Dialect, Statement, Transaction

__all__ = [
    "SESSION_DOWN",
    "Base",
    "Database",
    "DatabaseUnavailable",
    "Dialect",
    "Statement",
    "Transaction",
    "current_transaction",
    "db",
    "engine_options",
    "init_db",
    "prepare_engine",
]
