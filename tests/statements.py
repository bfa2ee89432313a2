"""The statements that a piece of work runs, told apart from those that come by the clock.

Always true: what confirms a value that processes hold in memory (`idp.state.versions`) is not among them: it comes
twice a second, whoever is asked about.
"""

import threading
from typing import Any

import pytest

from idp.db import Statement
from idp.db.sqlite import SqliteWire
from idp.state.versions import Versioned


def noted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The text of every statement from here on, in order; clear it where counting begins."""
    seen: list[str] = []
    execute, confirm = SqliteWire.execute, Versioned._confirm
    confirming = threading.local()

    def noting(wire: SqliteWire, statement: Statement[Any], parameters: dict[str, Any]) -> Any:
        if not getattr(confirming, "now", False):
            seen.append(statement.sql)
        return execute(wire, statement, parameters)

    def unnoted(held: Versioned[Any], *arguments: Any) -> Any:
        confirming.now = True
        try:
            return confirm(held, *arguments)
        finally:
            confirming.now = False

    monkeypatch.setattr(SqliteWire, "execute", noting)
    monkeypatch.setattr(Versioned, "_confirm", unnoted)
    return seen
