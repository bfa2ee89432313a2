"""How Alembic reaches the database: the engine the provider itself would use, batch mode for SQLite.

Always true: one transaction per run, so that a failed migration leaves the schema as it was.
"""

from alembic import context
from sqlalchemy import create_engine

from idp.db import Base, engine_options, prepare_engine
from migrations import tables  # noqa: F401 - every model registers itself

url = context.config.attributes["url"]
engine = create_engine(url, **engine_options(url, pool_size=1, pool_timeout=30))
prepare_engine(engine)
with engine.connect() as connection:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:  # batch mode rebuilds a table by dropping it, which no reference to it survives
        connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr]
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        if sqlite and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()):
            raise RuntimeError(f"references without their row: {sorted({row[0] for row in broken})}")
engine.dispose()
