"""An audit writer: recording a document leaves its record."""

from collections.abc import Iterator

import pytest

from idp.audit import chains as chains_module
from idp.audit import init_audit
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.messages.outbox import init_outbox
from tests.provider import keys_of


@pytest.fixture(autouse=True)
def _written() -> Iterator[None]:
    init_audit(b"an audit key of thirty-two bytes", "node-1")
    init_outbox(FieldCipher(parse_ring([f"f:{keys_of('f')}"], name="test")))
    yield
    chains_module._writer = None
