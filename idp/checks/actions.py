"""Ordering a check, moving it on as the person and the vendor do, and taking its result.

Always true: every move is one conditional statement with one winner, and a result is taken once, for the purpose, the
person, the account, the browser and the page it was ordered for.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import orjson

from idp.accounts.actions import Directory
from idp.audit import Event, record
from idp.checks.counting import Tries
from idp.checks.ports import Heard, Judged, Opened
from idp.checks.rules import (
    LIFETIME,
    Check,
    CheckKind,
    CheckPurpose,
    CheckState,
    CheckSubject,
    Order,
    Passed,
    Refusal,
)
from idp.checks.telling import Telling
from idp.checks.work import Row, Work, check_of, facts_of, work_of
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.grants.spent import spend
from idp.messages.outbox import enqueue
from idp.messages.rules import Kind

_COLUMNS = ", ".join(Row._fields)
_ADD = Statement[Any](
    "INSERT INTO outside_check (id, kind, purpose, state, party_id, subject, browser, back, elsewhere, sealed,"
    " created_at, expires_at) VALUES (:id, :kind, :purpose, 'ordered', :party, :subject, :browser, :back, :elsewhere,"
    " :sealed, :now, :expires_at)"
)
_READ = Statement(f"SELECT {_COLUMNS} FROM outside_check WHERE id = :id AND browser = :browser", Row)
_STANDS = Statement(
    "SELECT state, reason FROM outside_check WHERE id = :id"
    " AND (expires_at > :now OR state NOT IN ('ordered', 'agreed', 'open'))",
    lambda state, reason: (CheckState(state), Refusal(reason) if reason else None),
)
_LOAD = Statement(f"SELECT {_COLUMNS} FROM outside_check WHERE id = :id AND sealed IS NOT NULL", Row)
_AGREE = Statement[Any](
    "UPDATE outside_check SET state = 'agreed', agreed_at = :now, vendor = :vendor, attempt_key = :key,"
    " attempt_at = :at WHERE id = :id AND state = 'ordered' AND expires_at > :now"
)
_OPEN = Statement[Any](
    "UPDATE outside_check SET state = 'open', opened_at = :now, sealed = :sealed,"
    " vendor_transaction = :vendor_transaction WHERE id = :id AND state = 'agreed' AND expires_at > :now"
)
_END = Statement[Any](
    "UPDATE outside_check SET state = :state, reason = :reason, sealed = NULL, ended_at = :now, score = :score,"
    " digest = :digest, judged_at = :judged_at"
    " WHERE id = :id AND state IN ('ordered', 'agreed', 'open') AND (:passed = 0 OR expires_at > :now)"
)
_TAKE = Statement(
    "UPDATE outside_check SET taken_at = :now WHERE id = :id AND kind = :kind AND purpose = :purpose"
    " AND browser = :browser AND COALESCE(party_id, '') = :party AND back = :back AND subject IN (:a, :b)"
    " AND state = 'passed' AND taken_at IS NULL"
    " AND expires_at > :now RETURNING id, vendor, vendor_transaction, score, digest, judged_at",
    Passed,
)
_IS_ONE = Statement("SELECT id FROM outside_check WHERE id = :id", str)
_LEAVE = Statement[Any](
    "UPDATE outside_check SET left_at = :now WHERE id = :id AND state = 'open' AND left_at IS NULL"
)
_FETCH = Statement[Any](
    "UPDATE outside_check SET fetch_at = :now WHERE id = :id AND state = 'open' AND fetch_at IS NULL"
)
_NOT_YET = Statement[Any]("UPDATE outside_check SET fetch_at = NULL WHERE id = :id AND state = 'open'")
_OF_TRANSACTION = Statement(
    "SELECT id FROM outside_check WHERE id = :id AND vendor_transaction = :vendor_transaction AND vendor = :vendor"
    " AND state = 'open' AND expires_at > :now",
    str,
)
_STALE = Statement(
    f"SELECT {_COLUMNS} FROM outside_check WHERE sealed IS NOT NULL AND expires_at <= :now"
    " ORDER BY expires_at LIMIT 100",
    Row,
)


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal


class Checks:
    """The checks, with the keys that open them. ``daily``: as of `Tries`."""

    def __init__(self, cipher: FieldCipher, directory: Directory, *, daily: int) -> None:
        self._cipher = cipher
        self._directory = directory
        self._tries = Tries(directory, daily=daily)
        self._telling = Telling()

    def order(self, tx: Transaction, order: Order, *, browser: bytes, now: int) -> str:
        """Write down what is to be checked; nothing is sent before the person agrees. The check's id."""
        key = new_id("chk")
        tx.run(
            _ADD,
            id=key,
            kind=order.kind,
            purpose=order.purpose,
            party=order.party_id,
            subject=self._directory.blind_text(order.subject.key),
            browser=browser,
            back=order.back,
            elsewhere=order.elsewhere,
            sealed=self._seal(key, facts_of(order, nonce=secrets.token_urlsafe(24))),
            now=now,
            expires_at=now + LIFETIME,
        )
        return key

    def read(self, tx: Transaction, key: str, *, browser: bytes, now: int) -> Check | None:
        """The check, for the browser it was ordered in; None when there is none. Past its time it is over."""
        row = tx.one(_READ, id=key, browser=browser)
        if row is None:
            return None
        if row.expires_at <= now:
            row = row._replace(state=CheckState.FAILED, reason=Refusal.OVER, sealed=None)
        return check_of(row, self._open(row))

    def stands(self, tx: Transaction, key: str, *, now: int) -> tuple[CheckState, Refusal | None]:
        """How it stands, in whichever browser it was ordered; one whose time is over is away."""
        row = tx.one(_STANDS, id=key, now=now)
        return row or (CheckState.AWAY, Refusal.OVER)

    def agree(
        self, tx: Transaction, check: Check, *, vendor: str, consent: str, browser: bytes, now: int
    ) -> Refusal | None:
        """The person has agreed: count the try, and have the worker ask the vendor.

        ``consent``: the version of the text they agreed to, "" where there is none.
        """
        if check.order is None:
            return Refusal.OVER
        tried = self._tries.reserve(tx, check.order, browser=browser, now=now)
        if tried is None:
            self.refuse(tx, check, Refusal.TRIES_USED_UP, now=now)
            return Refusal.TRIES_USED_UP
        key, at = tried
        if tx.run(_AGREE, id=check.id, vendor=vendor, key=key, at=at, now=now) != 1:
            self._tries.settle(tx, check.kind, key, at, costs=False, now=now)
            return Refusal.OVER
        self._record(tx, Event.CHECK_AGREED, check.id, check.order, now=now, consent=consent)
        enqueue(tx, Kind.CHECK_OPEN, {"check": check.id}, now=now, lifetime=LIFETIME)
        return None

    def refuse(self, tx: Transaction, check: Check, reason: Refusal, *, now: int) -> None:
        """Leave the record that it was not begun."""
        if check.order is not None:
            self._record(tx, Event.CHECK_REFUSED, check.id, check.order, reason=reason, now=now)

    def load(self, tx: Transaction, key: str) -> Work | None:
        """For the worker: what there is to do for this check; None when it is over."""
        row = tx.one(_LOAD, id=key)
        return None if row is None else work_of(row, self._open(row))

    def opened(self, tx: Transaction, work: Work, opened: Opened, *, now: int) -> bool:
        """The vendor waits for the person. False when the check was over meanwhile."""
        facts = work.facts | {"url": opened.url, "sdk_token": opened.sdk_token}
        sealed = self._seal(work.check.id, facts)
        return tx.run(_OPEN, id=work.check.id, vendor_transaction=opened.transaction, sealed=sealed, now=now) == 1

    def leave(self, tx: Transaction, key: str, *, now: int) -> bool:
        """Send the person to the vendor; False when they have been sent: nobody is caught between two pages."""
        return tx.run(_LEAVE, id=key, now=now) == 1

    def expect_result(self, tx: Transaction, key: str, *, now: int, pause: int = 1) -> None:
        """The person is back, or the vendor has called: have the worker fetch the result.

        One question is under way at a time, ``pause`` seconds from now, however often this is asked for.
        """
        if tx.run(_FETCH, id=key, now=now) == 1:
            enqueue(tx, Kind.CHECK_FETCH, {"check": key}, now=now, not_before=now + pause, lifetime=LIFETIME)

    def not_yet(self, tx: Transaction, key: str) -> None:
        """The vendor has no result yet: it may be asked for again."""
        tx.run(_NOT_YET, id=key)

    def hear(self, tx: Transaction, heard: Heard, *, vendor: str, now: int) -> bool:
        """Whether this callback is heard for the first time."""
        name = hashlib.sha256(f"{vendor} {heard.id}".encode()).hexdigest()
        return spend(tx, f"check-callback:{name}", until=now + LIFETIME)

    def is_open(self, tx: Transaction, heard: Heard, *, vendor: str, now: int) -> bool:
        """Whether a callback speaks of a check that is open, by the name its vendor gave it."""
        named = {"id": heard.reference, "vendor_transaction": heard.transaction, "vendor": vendor}
        return tx.one(_OF_TRANSACTION, **named, now=now) is not None

    def decide(self, tx: Transaction, work: Work, judged: Judged, *, now: int) -> bool:
        """Write down the vendor's result. False when the check was over already.

        A yes counts no more once so many a no was said of the document that nobody may try.
        """
        open_to_all = self._tries.hold(tx, work.order, now=now)
        reason = judged.reason or (None if open_to_all else Refusal.TRIES_USED_UP)
        ended = self._end(
            tx,
            work,
            CheckState.FAILED if reason else CheckState.PASSED,
            reason,
            now,
            score=judged.score,
            digest=judged.digest,
            judged_at=judged.judged_at,
        )
        if ended and judged.reason is Refusal.NOT_PASSED:
            self._tries.count(tx, work.order, now=now)
        return ended

    def give_up(self, tx: Transaction, work: Work, reason: Refusal, *, now: int, cause: str | None = None) -> bool:
        """No result will come: the vendor is away, or the person went. False when the check was over already.

        ``cause``: what the vendor did, for the trail.
        """
        state = CheckState.AWAY if reason is Refusal.VENDOR_AWAY else CheckState.FAILED
        return self._end(tx, work, state, reason, now, cause=cause)

    def _end(
        self,
        tx: Transaction,
        work: Work,
        state: CheckState,
        reason: Refusal | None,
        now: int,
        *,
        cause: str | None = None,
        **found: Any,
    ) -> bool:
        check = work.check
        values = {"score": None, "digest": None, "judged_at": None} | found
        passed = int(state is CheckState.PASSED)
        if tx.run(_END, id=check.id, state=state, reason=reason, passed=passed, now=now, **values) != 1:
            return False
        self._settle(tx, work, costs=state is CheckState.FAILED, now=now)
        event = Event.CHECK_PASSED if passed else Event.CHECK_REFUSED
        self._record(tx, event, check.id, work.order, reason=reason, now=now, **({"cause": cause} if cause else {}))
        return True

    def _settle(self, tx: Transaction, work: Work, *, costs: bool, now: int) -> None:
        """A vendor that gave no answer costs the person no attempt."""
        if work.attempt_key is None or work.attempt_at is None:
            return
        self._tries.settle(tx, work.order.kind, work.attempt_key, work.attempt_at, costs=costs, now=now)

    def take(
        self,
        tx: Transaction,
        key: str,
        *,
        kind: CheckKind,
        purpose: CheckPurpose,
        subject: CheckSubject,
        party_id: str | None,
        back: str,
        browser: bytes,
        now: int,
    ) -> Passed | Denied:
        """Use the result, once; the caller commits it with what it is used for, and a refusal with its record.

        ``party_id``, ``back``: as of the `Order` it is taken for.
        """
        blinds = self._directory.blinds_of_text(subject.key)
        asked = {"kind": kind, "purpose": purpose, "browser": browser, "party": party_id or "", "back": back}
        taken = tx.one(_TAKE, id=key, **asked, a=blinds[0], b=blinds[-1], now=now)
        if taken is None:
            self._tell(tx, key, kind, purpose, party_id, now)
        return taken or Denied(Refusal.OVER)

    def _tell(
        self, tx: Transaction, key: str, kind: CheckKind, purpose: CheckPurpose, party_id: str | None, now: int
    ) -> None:
        """What was not to be had; of a check there never was not even the name that somebody sent."""
        if not self._telling.may_tell(now):
            return
        known = tx.one(_IS_ONE, id=key)
        detail = {"check": known, "kind": kind, "purpose": purpose, "step": "take"}
        record(
            tx,
            Event.CHECK_REFUSED,
            actor=party_id,
            subject=party_id or known,
            result="refused",
            reason=Refusal.OVER,
            detail=detail,
            now=now,
        )

    def stale(self, tx: Transaction, *, now: int) -> list[Work]:
        """Up to a hundred checks whose time is over and that nobody has ended."""
        return [work_of(row, self._open(row)) for row in tx.all(_STALE, now=now)]

    def _record(
        self,
        tx: Transaction,
        event: Event,
        key: str,
        order: Order,
        *,
        now: int,
        reason: Refusal | None = None,
        **more: str,
    ) -> None:
        record(
            tx,
            event,
            actor=order.party_id,
            subject=order.party_id or key,
            result="refused" if reason else "ok",
            reason=reason,
            detail={"check": key, "kind": order.kind, "purpose": order.purpose, **more},
            now=now,
        )

    def _seal(self, key: str, facts: dict[str, Any]) -> bytes:
        return self._cipher.seal(orjson.dumps(facts).decode(), context=f"outside_check.sealed:{key}")

    def _open(self, row: Row) -> dict[str, Any] | None:
        if row.sealed is None:
            return None
        facts: dict[str, Any] = orjson.loads(self._cipher.open(row.sealed, context=f"outside_check.sealed:{row.id}"))
        return facts
