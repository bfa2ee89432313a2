"""Bound certificates as rows.

Always true: a certificate is bound by one conditional statement, so that of several accounts that bind it at once one
has it; what ends takes the evidence that rests on it along, in the same transaction.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from idp.certificates.rules import EVIDENCE, EndReason
from idp.crypto.certificates import Certificate
from idp.db import Statement, Transaction
from idp.proofing.actions import end_resting_on
from idp.proofing.rules import next_notice


class Binding(NamedTuple):
    """One row, as far as it matters. Times: Unix seconds."""

    id: str
    party_id: str
    issuer_id: str
    issuer_name: str
    serial: str
    key_hash: str
    fingerprint: str
    algorithm: str
    sealed: bytes | None
    certificate: bytes | None
    not_before: int
    not_after: int
    holder_id: str | None
    bound_by: str
    bound_at: int
    last_used_at: int | None


class Owner(NamedTuple):
    """A live binding with how its account stands."""

    binding: str
    party_id: str
    holder_id: str | None
    kind: str
    status: str


_COLUMNS = ", ".join(Binding._fields)
_FIND = Statement(
    "SELECT b.id, b.party_id, b.holder_id, p.kind, p.status FROM certificate_binding b"
    " JOIN party p ON p.id = b.party_id"
    " WHERE b.issuer_name = :issuer AND b.serial = :serial AND b.key_hash = :key AND b.ended_at IS NULL",
    Owner,
)
_LIVE = Statement(f"SELECT {_COLUMNS} FROM certificate_binding WHERE id = :id AND ended_at IS NULL", Binding)
_OF_PARTY = Statement(
    f"SELECT {_COLUMNS} FROM certificate_binding WHERE party_id = :party AND ended_at IS NULL ORDER BY bound_at, id",
    Binding,
)
_ADD = Statement[Any](
    f"INSERT INTO certificate_binding ({_COLUMNS}, notice_at) VALUES ("
    + ", ".join(f":{name}" for name in Binding._fields)
    + ", :notice_at) ON CONFLICT DO NOTHING"
)
_USE = Statement[Any]("UPDATE certificate_binding SET last_used_at = :now WHERE id = :id AND ended_at IS NULL")
_HOLDER = Statement[Any]("UPDATE certificate_binding SET holder_id = :holder WHERE id = :id AND ended_at IS NULL")
_END = Statement(
    "UPDATE certificate_binding SET ended_at = :now, end_reason = :reason, notice_at = NULL,"
    " certificate = NULL"
    " WHERE id = :id AND ended_at IS NULL RETURNING party_id",
    str,
)
_SINCE = Statement(
    "SELECT id FROM certificate_binding WHERE party_id = :party AND bound_at >= :since AND ended_at IS NULL", str
)
_FORGET = Statement[Any]("UPDATE certificate_binding SET sealed = NULL WHERE party_id = :party")
_COUNT = Statement[tuple[str, int]](
    "SELECT issuer_id, COUNT(DISTINCT party_id) FROM certificate_binding WHERE ended_at IS NULL GROUP BY issuer_id"
)


def owner_of(tx: Transaction, certificate: Certificate) -> Owner | None:
    """Whose it is now, however their account stands."""
    return tx.one(_FIND, issuer=certificate.issuer, serial=certificate.serial, key=certificate.key_hash)


def live(tx: Transaction, binding_id: str) -> Binding | None:
    return tx.one(_LIVE, id=binding_id)


def of_party(tx: Transaction, party_id: str) -> list[Binding]:
    """What is bound to a person or an entity, oldest first."""
    return tx.all(_OF_PARTY, party=party_id)


def add(tx: Transaction, binding: Binding) -> bool:
    """Whether it is bound now; False: it is somebody's already."""
    notice_at = next_notice(binding.not_after + 1, after=binding.bound_at)
    return tx.run(_ADD, **binding._asdict(), notice_at=notice_at) == 1


def use(tx: Transaction, binding_id: str, *, now: int) -> bool:
    """Note that it signed somebody in; False when it has ended meanwhile."""
    return tx.run(_USE, id=binding_id, now=now) == 1


def set_holder(tx: Transaction, binding_id: str, holder_id: str | None) -> bool:
    return tx.run(_HOLDER, id=binding_id, holder=holder_id) == 1


def end(tx: Transaction, binding_id: str, reason: EndReason, *, now: int) -> str | None:
    """End it and the evidence that rests on it; whose it was, None when it had ended."""
    party_id = tx.one(_END, id=binding_id, reason=reason, now=now)
    if party_id is not None:
        end_resting_on(tx, party_id, kind=EVIDENCE, check_id=binding_id, reason=f"certificate-{reason}", now=now)
    return party_id


def end_since(tx: Transaction, party_id: str, *, since: int, now: int) -> int:
    """End what was bound at ``since`` or later, by somebody whom the person disowns; how many."""
    return _end_each(tx, tx.all(_SINCE, party=party_id, since=since), EndReason.DISOWNED, now)


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """The account closes: nothing is bound to it any more, and no name is kept."""
    _end_each(tx, [one.id for one in of_party(tx, party_id)], EndReason.ACCOUNT_CLOSED, now)
    tx.run(_FORGET, party=party_id)


def count_by_issuer(tx: Transaction) -> Mapping[str, int]:
    """How many accounts have certificates of which issuer."""
    return dict(tx.all(_COUNT))


def _end_each(tx: Transaction, found: Iterable[str], reason: EndReason, now: int) -> int:
    return sum(end(tx, one, reason, now=now) is not None for one in found)
