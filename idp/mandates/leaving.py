"""A party that goes, and the mandates it leaves: an account closes, a person has died, an entity is no more.

Always true: nothing that it gave or held has power afterwards, and what the other side may have to show is kept.
"""

from typing import Any

import orjson

from idp.crypto.fields import FieldCipher
from idp.db import Statement, Transaction
from idp.mandates import reading
from idp.mandates.addressing import shortened
from idp.mandates.moving import Moving
from idp.mandates.rules import State, Step

_OF = Statement(
    "SELECT id FROM mandate WHERE (principal_id = :party OR agent_id = :party)"
    f" AND state IN ({reading.LIVING_STATES}) ORDER BY id",
    str,
)
_TO = Statement[tuple[str, bytes]](
    "SELECT id, sealed FROM mandate WHERE agent_id = :party AND addressee_blind IS NOT NULL AND sealed IS NOT NULL"
    " ORDER BY id"
)
_SHORTEN = Statement[Any](
    "UPDATE mandate SET sealed = :sealed, addressee_blind = NULL WHERE id = :id AND sealed = :before"
)


class Leaving:
    def __init__(self, cipher: FieldCipher, moving: Moving) -> None:
        self._cipher = cipher
        self._moving = moving

    def end_all(self, tx: Transaction, party_id: str, *, reason: str, now: int) -> int:
        """End every living mandate that the party gave or was given; how many. The other sides are told.

        The rows are held in the order of their ids, and no other account is: who accepts or revokes one holds the
        accounts first, so that neither waits for the other for ever.
        """
        ended = 0
        for mandate_id in tx.all(_OF, party=party_id):
            mandate = reading.hold(tx, mandate_id)
            if mandate is not None:
                moved = self._moving.by_system(tx, mandate, Step.INVALIDATE, reason=reason, gone=party_id, now=now)
                ended += isinstance(moved, State)
        return ended

    def erase(self, tx: Transaction, party_id: str, *, now: int) -> None:
        """The account closes. The texts stay with whoever they bound, and name the person as they were signed; the
        number by which mandates found them goes.
        """
        self.end_all(tx, party_id, reason="account-closed", now=now)
        for mandate_id, sealed in tx.all(_TO, party=party_id):
            shorten(tx, self._cipher, mandate_id, sealed)


def shorten(tx: Transaction, cipher: FieldCipher, mandate_id: str, sealed: bytes) -> int:
    """Nobody is found by this mandate any more: of whom it is addressed to, only what its text shows is left."""
    told = orjson.loads(cipher.open(sealed, context=reading.sealed_at(mandate_id)))
    told["addressee"] = shortened(told["addressee"])
    text = orjson.dumps(told).decode()
    return tx.run(
        _SHORTEN, id=mandate_id, sealed=cipher.seal(text, context=reading.sealed_at(mandate_id)), before=sealed
    )
