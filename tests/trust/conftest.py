"""Installations that several modules share, and how hard the tests try.

Always true: a shared installation has easy limits and settings of production otherwise; whoever breaks one (kills,
outages, tampering) has an installation of their own.
"""

import os
from collections.abc import Iterator

import pytest

from tests.trust.browser import Browser, Server, Wire
from tests.trust.installation import Installation, Storage, installation

ROUNDS = int(os.environ.get("TRUST_ROUNDS") or (200 if os.environ.get("CI") else 20))
"""Rounds of each race: all of them in CI, fewer while one works."""


@pytest.fixture(scope="session")
def wire() -> Iterator[Wire]:
    opened = Wire()
    yield opened
    opened.close()


def _shared(storage: Storage, factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with installation(storage, factory.mktemp(storage), people=400) as made:
        yield made
        assert made.faults() == []


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two processes on one SQLite."""
    yield from _shared("sqlite", tmp_path_factory)


@pytest.fixture(scope="session")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Two nodes and a worker on PostgreSQL and Redis."""
    yield from _shared("postgresql", tmp_path_factory)


@pytest.fixture(params=["embedded", "production"])
def anywhere(request: pytest.FixtureRequest) -> Installation:
    """Each of the two."""
    found: Installation = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def server(anywhere: Installation, wire: Wire) -> Server:
    return Server(anywhere, wire)


@pytest.fixture
def browser(anywhere: Installation, wire: Wire) -> Browser:
    return Browser(anywhere, wire)
