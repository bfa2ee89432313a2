"""Fixtures of the department kit's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.departments.memory_store import MemoryStore
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import Store
from adapters.departments.settings import ClientSettings
from adapters.departments.sqlite_store import SqliteStore

from .fake_provider import CLIENT_ID, ISSUER, SECRET, Clock, FakeProvider


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(clock: Clock) -> FakeProvider:
    return FakeProvider(clock=clock)


@pytest.fixture
def settings() -> ClientSettings:
    return ClientSettings(
        issuer=ISSUER,
        client_id=CLIENT_ID,
        client_secret=SECRET,
        redirect_uri="http://tax.localhost:8101/oidc/callback",
        post_logout_redirect_uri="http://tax.localhost:8101/signed-out",
    )


@pytest.fixture
def party(settings: ClientSettings, provider: FakeProvider) -> RelyingParty:
    return RelyingParty(settings, provider)


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    return MemoryStore() if request.param == "memory" else SqliteStore(tmp_path / "app.db")
