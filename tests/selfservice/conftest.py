"""The fixtures of `tests.provider`, for the tests of this directory, and a provider over either database."""

from pathlib import Path

import pytest

from idp.app import create_app
from idp.crypto.signing import ensure_keys
from tests.provider import Site, browser, settings_at, shared_app, signed_in, site, site_template
from tests.registers import ScriptedRegisters

__all__ = ["anywhere", "browser", "shared_app", "signed_in", "site", "site_template"]


@pytest.fixture
def anywhere(any_database_url: str, tmp_path: Path) -> Site:
    """A provider of its own over SQLite and over PostgreSQL."""
    made = Site(
        create_app(
            settings_at(tmp_path, database={"url": any_database_url}, server={"threads": 8}),
            ScriptedRegisters().ports,
        )
    )
    ensure_keys(made.provider.database, made.provider.cipher, now=made.now())
    return made
