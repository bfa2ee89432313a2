"""What waits in the outbox is still readable when the field key it was sealed with is gone."""

from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from idp.db import Database, Statement
from idp.messages.outbox import enqueue, init_outbox, payload_context, reseal_outbox
from tests.provider import keys_of

OLD, NEW = f"f1:{keys_of('f')}", f"f2:{keys_of('g')}"
_PAYLOAD = Statement[tuple[str, bytes]]("SELECT id, payload FROM outbox")


def cipher(*keys: str) -> FieldCipher:
    return FieldCipher(parse_ring(list(keys), name="test"))


def test_messages_that_wait_come_under_the_first_key(any_database: Database) -> None:
    init_outbox(cipher(OLD))
    with any_database.transaction() as tx:
        enqueue(tx, "logout", {"sid": "s"}, now=1)
    assert reseal_outbox(any_database, cipher(NEW, OLD)) == 1
    assert reseal_outbox(any_database, cipher(NEW, OLD)) == 0
    with any_database.autocommit() as tx:
        [(key, payload)] = tx.all(_PAYLOAD)
    assert "sid" in cipher(NEW).open(payload, context=payload_context(key))
