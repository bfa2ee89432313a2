"""A check under way as pages and the worker need it: what was written down of its order, opened.

Always true: what tells who is checked stands in the sealed part alone, which is gone when the check is over.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.checks.ports import CheckOrder
from idp.checks.rules import Check, CheckKind, CheckPurpose, CheckState, CheckSubject, Order, Refusal, Variant


class Row(NamedTuple):
    id: str
    kind: str
    purpose: str
    state: str
    reason: str | None
    party_id: str | None
    back: str
    elsewhere: str
    sealed: bytes | None
    vendor_transaction: str | None
    expires_at: int
    attempt_key: bytes | None
    attempt_at: int | None
    agreed_at: int | None
    left_at: int | None
    fetch_at: int | None


@dataclass(frozen=True, slots=True)
class Work:
    """A check under way as the worker needs it. ``transaction``: the vendor's, once it is open."""

    check: Check
    order: Order
    facts: dict[str, Any] = field(repr=False)
    transaction: str | None
    attempt_key: bytes | None = field(repr=False)
    attempt_at: int | None
    asked_for: bool
    """A result was asked for, and the vendor has not answered that question."""

    def asked(self, *, return_url: str) -> CheckOrder:
        """What the vendor is asked. ``return_url``: where it sends the person back to."""
        order = self.order
        return CheckOrder(
            reference=self.check.id,
            purpose=order.purpose,
            name=order.subject.name.value,
            document_type=order.subject.document.type,
            number=order.subject.document.value,
            nonce=self.facts["nonce"],
            return_url=return_url,
            locale=self.facts["locale"],
            variant=Variant(self.facts["variant"]),
        )


def facts_of(order: Order, *, nonce: str) -> dict[str, Any]:
    document = order.subject.document
    return {
        "name": order.subject.name.value,
        "document": [document.type, document.value],
        "asked_by": order.asked_by,
        "matter": order.matter,
        "locale": order.locale,
        "variant": order.variant,
        "nonce": nonce,
    }


def check_of(row: Row, facts: dict[str, Any] | None) -> Check:
    """``facts``: the sealed part, None when it is gone."""
    return Check(
        row.id,
        CheckKind(row.kind),
        CheckPurpose(row.purpose),
        CheckState(row.state),
        Refusal(row.reason) if row.reason else None,
        row.back,
        row.elsewhere,
        row.expires_at,
        _order(row, facts) if facts else None,
        facts.get("url") if facts else None,
        facts.get("sdk_token") if facts else None,
        agreed_at=row.agreed_at,
        left_at=row.left_at,
        asking=row.fetch_at is not None,
    )


def work_of(row: Row, facts: dict[str, Any] | None) -> Work:
    if facts is None:
        raise ValueError("a check that is over is no work")
    return Work(
        check_of(row, facts),
        _order(row, facts),
        facts,
        row.vendor_transaction,
        row.attempt_key,
        row.attempt_at,
        row.fetch_at is not None,
    )


def _order(row: Row, facts: dict[str, Any]) -> Order:
    kind, number = facts["document"]
    return Order(
        kind=CheckKind(row.kind),
        purpose=CheckPurpose(row.purpose),
        subject=CheckSubject(PersonName(facts["name"]), stored_document(DocumentType(kind), number)),
        party_id=row.party_id,
        back=row.back,
        elsewhere=row.elsewhere,
        locale=facts["locale"],
        variant=Variant(facts["variant"]),
        asked_by=facts["asked_by"],
        matter=facts["matter"],
    )
