"""One mandate as somebody may look at it: on which side they stand, and who has signed.

Always true: a mandate of others is found as little as one that is not there, and who looked for it is on record.
"""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import NamedTuple

from idp.certificates.rules import algorithm_word
from idp.crypto.certificates import Certificate, read_certificate
from idp.db import Statement, Transaction, current_transaction
from idp.mandates import reading
from idp.mandates.desk import Behalf, behalf, parts, turned_away
from idp.mandates.granting import Footing
from idp.mandates.reading import Particulars
from idp.mandates.rules import Mandate, Refusal, Side, State
from idp.mandates.showing import person_name
from idp.mandates.words import FOOTINGS, SIDES, signed_by
from idp.signatures.actions import Kept


class Signed(NamedTuple):
    """One signature. ``aal``: the strength of the session it was given in; ``signature_id``: of what a certificate
    signed; ``signed_at``: Unix seconds.
    """

    person_id: str
    side: str
    footing: str
    method: str
    ial: int
    aal: int
    text_hash: str
    signature_id: str | None
    signed_at: int


_SIGNED = Statement(
    f"SELECT {', '.join(Signed._fields)} FROM mandate_signature WHERE mandate_id = :mandate ORDER BY signed_at, id",
    Signed,
)


@dataclass(frozen=True, slots=True)
class Looked:
    mine: Behalf
    mandate: Mandate
    kept: Particulars
    side: Side

    def signatures(self) -> list[SimpleNamespace]:
        """Oldest first."""
        return signatures(current_transaction(), self.mandate.id)


def signatures(tx: Transaction, mandate_id: str) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            person=one.person_id,
            name=person_name(tx, one.person_id),
            side=SIDES[one.side],
            footing=FOOTINGS[Footing(one.footing)],
            method=signed_by(one.method, one.signature_id),
            certificate=certificate_of(tx, one.signature_id) if one.signature_id else None,
            level=one.ial,
            at=one.signed_at,
        )
        for one in signed(tx, mandate_id)
    ]


def signed(tx: Transaction, mandate_id: str) -> list[Signed]:
    """Oldest first."""
    return tx.all(_SIGNED, mandate=mandate_id)


def certificate_of(tx: Transaction, signature_id: str) -> SimpleNamespace:
    """By which certificate a kept signature is. ``serial``: empty where what was kept is no longer what it was."""
    kept = parts().granting.signed_texts.load(tx, signature_id)
    path = kept.path if isinstance(kept, Kept) else ()
    read = read_certificate(path[-1]) if path else None
    shown = SimpleNamespace(id=signature_id, issuer="", serial="", algorithm="")
    if isinstance(read, Certificate):
        shown.issuer, shown.serial, shown.algorithm = read.issuer, read.serial, algorithm_word(read.algorithm)
    return shown


def look(mandate_id: str) -> Looked:
    """The mandate, and the side of who looks at it; 404 for one that is not theirs."""
    tx, mine = current_transaction(), behalf()
    mandate, kept = reading.find(tx, mandate_id), reading.particulars(tx, mandate_id)
    side = _side(tx, mine, mandate, kept) if mandate and kept else None
    if mandate is None or kept is None or side is None:
        turned_away(mandate_id, Refusal.FOR_ANOTHER)
    return Looked(mine, mandate, kept, side)


def _side(tx: Transaction, mine: Behalf, mandate: Mandate, kept: Particulars) -> Side | None:
    if mandate.principal == mine.party:
        return Side.PRINCIPAL if mine.theme in ("", mandate.theme) else None
    if mine.mandate is not None or kept.signed_at is None:
        return None  # who administers gives only; and an agent sees what was signed
    if mandate.agent:
        return Side.AGENT if mandate.agent == mine.party else None
    own = parts().granting.addresses.own(tx, mine.party)
    if own is None or mandate.state is not State.PENDING_ACCEPTANCE:
        return None
    return Side.AGENT if own.is_same(parts().granting.draft_of(mandate, kept).addressee) else None
