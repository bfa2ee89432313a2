"""How often checks may be tried: by who asks, about whom, and from where.

Always true: whoever only begins checks of somebody uses up tries of their own; on the document counts what a vendor
has signed, and of one document no more results are looked at than its limit. What people who are not signed in miss
is counted apart, and nobody's misses but their own lock who is known by the document out of a check of themselves.
"""

from idp.accounts.actions import Directory
from idp.checks.rules import LIFETIME, CheckKind, Order
from idp.credentials import attempts
from idp.credentials.attempts import account_key, browser_key, claimed_key, unknown_key
from idp.credentials.budgets import AddressBudget
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.crypto.fields import BlindIndex
from idp.db import Transaction
from idp.log import get_logger
from idp.settings.limits import IdentityLimits
from idp.state.store import Store

_log = get_logger("checks")
_DAY = 86400
_KINDS = {CheckKind.FACE: AttemptKind.FACE, CheckKind.BANK: AttemptKind.BANK_CHANNEL}
ALL = 3
"""Times the limit of one who asks, for all together who ask about one document: nobody alone locks its person out."""


class Tries:
    """``daily``: checks that did not pass, of one account or one browser without, in a day."""

    def __init__(self, directory: Directory, *, daily: int) -> None:
        self._directory = directory
        self._own = AttemptPolicy(limit=daily, window=_DAY, lock_steps=(_DAY,), pending_for=LIFETIME)
        self._documents = AttemptPolicy(limit=ALL * daily, window=_DAY, lock_steps=(_DAY,))

    def reserve(self, tx: Transaction, order: Order, *, browser: bytes, now: int) -> tuple[bytes, int] | None:
        """One try of who asks, by key and time; None when there is none for them, or none about this document."""
        kind, about = _KINDS[order.kind], self._about(tx, order)
        if about is not None and kind in attempts.locks(tx, key=about, now=now):
            return None
        key = account_key(order.party_id) if order.party_id else browser_key(browser)
        got = attempts.reserve(tx, key=key, kind=kind, now=now, policy=self._own)
        return (key, got.at) if isinstance(got, Reserved) else None

    def settle(self, tx: Transaction, kind: CheckKind, key: bytes, at: int, *, costs: bool, now: int) -> None:
        """Say how the try of who asked ended."""
        attempts.settle(tx, key=key, kind=_KINDS[kind], at=at, success=not costs, now=now, policy=self._own)

    def hold(self, tx: Transaction, order: Order, *, now: int) -> bool:
        """Whether a result about this document may be looked at; so it stays until ``tx`` ends."""
        return self._count(tx, order, success=True, now=now)

    def count(self, tx: Transaction, order: Order, *, now: int) -> None:
        """A vendor has signed a no."""
        self._count(tx, order, success=False, now=now)

    def _count(self, tx: Transaction, order: Order, *, success: bool, now: int) -> bool:
        key, kind, policy = self._about(tx, order), _KINDS[order.kind], self._documents
        if key is None:
            return True
        got = attempts.reserve(tx, key=key, kind=kind, now=now, policy=policy)
        if isinstance(got, Reserved):
            attempts.settle(tx, key=key, kind=kind, at=got.at, success=success, now=now, policy=policy)
        return isinstance(got, Reserved)

    def _about(self, tx: Transaction, order: Order) -> bytes | None:
        """On what a miss about the document counts; None where the account is known by it: its own tries bound it."""
        document = order.subject.document
        if order.party_id is None:
            return claimed_key(self._directory.blind(document))
        known = self._directory.person(tx, order.party_id).identity
        if known is not None and known.document == document:
            return None
        return unknown_key(self._directory.blind(document))


class StrangersBudget:
    """What people without an account may have checked in an hour: a vendor is paid for each.

    Methods may raise `idp.state.store.StateUnavailable`.
    """

    def __init__(self, store: Store, index: BlindIndex, limits: IdentityLimits) -> None:
        self._address = AddressBudget(store, index, "check-address", limits.outside_per_address_hourly)
        self._all = AddressBudget(store, index, "check-global", limits.outside_global_hourly)

    def spend(self, address: str) -> bool:
        """Count one check begun from ``address``; False when there is none for it, or for anybody."""
        if not self._address.spend(address):
            return False
        spent = self._all.spend("")
        if not spent:
            _log.error("check_budget_exceeded")
        return spent
