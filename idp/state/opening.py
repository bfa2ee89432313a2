"""The choice of the state store by its address, and by nothing else.

Always true: a store that is opened twice at one address, in one process or in several, is one store.
"""

from pathlib import Path

from sqlalchemy import make_url

from idp.db import Database
from idp.state.sql import DatabaseStore, SqliteStore
from idp.state.store import Store


def open_store(url: str, database: Database, timeout: float) -> Store:
    """The store at ``sqlite:///path``, ``database`` (tables of the main one), ``redis[s]://…`` or ``unix://…``.

    ``timeout`` (seconds) bounds each wait for Redis. Raises ``ValueError`` for another address and `StateUnavailable`
    when the SQLite file cannot be opened; Redis is connected to at the first call.
    """
    if url == "database":
        return DatabaseStore(database)
    if url.startswith(("redis://", "rediss://", "unix://")):
        from idp.state.redis import RedisStore  # the library takes a noticeable part of an embedded start

        return RedisStore(url, timeout=timeout)
    path = make_url(url).database if url.startswith("sqlite:///") else None
    if not path or path == ":memory:":
        raise ValueError("state.url is 'sqlite:///path', 'database', 'redis://…', 'rediss://…' or 'unix://…'")
    return SqliteStore(Path(path))
