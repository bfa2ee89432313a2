"""What the worker does for checks: has vendors open them, fetches their results, ends those nobody came back from.

Always true: no transaction is open while a vendor thinks, and no page waits for one; a vendor that holds up every
question holds up checks alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from idp.checks.actions import Checks
from idp.checks.ending import end_stale
from idp.checks.ports import CheckVendor, Opened, Pending, Vendors
from idp.checks.rules import TRIES, CheckState, Refusal
from idp.checks.work import Work
from idp.db import Database
from idp.messages.claims import Message
from idp.messages.rules import Kind
from idp.messages.worker import Failed, Handler, Outcome, Retry, Settled
from idp.proofing.ports import Unavailable, Unusable

_OVER = Settled("over")


class Errands:
    """The handlers of the two kinds of message. ``address``: the page of a check, to which the vendor sends back."""

    def __init__(
        self,
        database: Database,
        checks: Checks,
        vendors: Vendors,
        *,
        address: Callable[[str], str],
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._checks = checks
        self._vendors = vendors
        self._address = address
        self._clock = clock

    @property
    def handlers(self) -> dict[str, Handler]:
        return {Kind.CHECK_OPEN.value: self.open, Kind.CHECK_FETCH.value: self.fetch}

    def open(self, message: Message, payload: Mapping[str, Any]) -> Outcome:
        work, vendor = self._work(payload["check"], CheckState.AGREED)
        if work is None:
            return _OVER
        asked = work.asked(return_url=self._address(work.check.id))
        answer = vendor.open(asked) if vendor else None
        if not isinstance(answer, Opened):
            return self._again(message, work, answer)
        with self._database.transaction() as tx:
            opened = self._checks.opened(tx, work, answer, now=self._clock())
        return Settled() if opened else _OVER

    def fetch(self, message: Message, payload: Mapping[str, Any]) -> Outcome:
        work, vendor = self._work(payload["check"], CheckState.OPEN)
        if work is None:
            return _OVER
        asked = work.asked(return_url=self._address(work.check.id))
        answer = vendor.fetch(asked, work.transaction or "") if vendor else None
        if isinstance(answer, Unusable | Unavailable | None):
            return self._again(message, work, answer)
        with self._database.transaction() as tx:
            if isinstance(answer, Pending):
                self._checks.not_yet(tx, work.check.id)
                return Settled("pending")
            return Settled() if self._checks.decide(tx, work, answer, now=self._clock()) else _OVER

    def end_stale(self, now: int) -> None:
        end_stale(self._database, self._checks, now=now)

    def _work(self, key: str, state: CheckState) -> tuple[Work | None, CheckVendor | None]:
        """The check if it still stands at ``state``, and its vendor, None where there is none any more."""
        with self._database.autocommit() as tx:
            work = self._checks.load(tx, key)
        if work is None or work.check.state is not state:
            return None, None
        return work, self._vendors.get(work.order.kind)

    def _again(self, message: Message, work: Work, answer: Unusable | Unavailable | None) -> Outcome:
        """Once more where that may help; else the person is offered another way."""
        reason = str(answer.reason) if answer else "no_vendor"
        if isinstance(answer, Unavailable) and message.attempt < TRIES:
            return Retry(reason)
        with self._database.transaction() as tx:
            self._checks.give_up(tx, work, Refusal.VENDOR_AWAY, now=self._clock(), cause=reason)
        return Failed(reason)
