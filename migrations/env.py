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
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
engine.dispose()
