"""An audit writer: every change of an issuer leaves its record."""

from collections.abc import Iterator

import pytest

from idp.audit import chains as chains_module
from idp.audit import init_audit
from tests.issuers.making import House, a_house


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    yield
    chains_module._writer = None


@pytest.fixture(scope="session")
def house() -> House:
    """A root and an issuing authority below it."""
    return a_house("Example")
