"""Fetching revocation lists in the background, from the addresses of each issuer.

Always true: of several workers one asks an address at a time; no transaction is open while it answers; what cannot be
had, or was not signed by the issuer, leaves the list that is held.
"""

import math
import random
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from idp.crypto.sm2 import Sm2Verifier
from idp.db import Database, Statement, Transaction
from idp.issuers.actions import find
from idp.issuers.revocation import JudgedList, judge, note_refused, take
from idp.issuers.rules import ListFault, next_try
from idp.log import get_logger
from idp.messages.addresses import Blocked
from idp.messages.outbound import GuardedClient, NoAnswer
from idp.settings.certificates import Certificates

PERIOD = 15
"""Seconds between two looks at what is due."""
_ETAG_MOST = 200
_log = get_logger("issuers")


class _Due(NamedTuple):
    id: str
    issuer_id: str
    url: str
    etag: str | None
    fault: str | None
    failures: int
    list_id: str | None


_CLAIM = Statement(
    "UPDATE revocation_source SET claimed_until = :until WHERE id = (SELECT id FROM revocation_source"
    " WHERE due_at <= :now AND claimed_until <= :now ORDER BY due_at, id LIMIT 1) AND claimed_until <= :now"
    f" RETURNING {', '.join(_Due._fields)}",
    _Due,
)
_ANY_DUE = Statement(
    "SELECT id FROM revocation_source WHERE due_at <= :now AND claimed_until <= :now ORDER BY due_at LIMIT 1", str
)
_DONE = Statement[Any](
    "UPDATE revocation_source SET list_id = :list, etag = :etag, fault = NULL, failures = 0, checked_at = :now,"
    " fetched_at = :now, due_at = :due, claimed_until = 0 WHERE id = :id"
)
_FAILED = Statement[Any](
    "UPDATE revocation_source SET fault = :fault, failures = failures + 1, checked_at = :now, due_at = :due,"
    " claimed_until = 0 WHERE id = :id"
)
_NEXT_UPDATE = Statement("SELECT next_update FROM revocation_list WHERE id = :id", int)


class _Brought(NamedTuple):
    """``judged``: None for a list that is the same as before."""

    judged: JudgedList | None
    etag: str | None


class Refreshing:
    """``client``: takes plain http to public hosts as well, for what it fetches is signed; ``jitter``: 0 to 1."""

    def __init__(
        self,
        database: Database,
        client: GuardedClient,
        sm2: Sm2Verifier,
        settings: Certificates,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._client = client
        self._sm2 = sm2
        self._settings = settings
        self._jitter = jitter

    def run_due(self, now: int) -> None:
        """Ask every address that is due, one after the other; another worker may be asking others meanwhile."""
        began = time.monotonic()
        while due := self._claim(now):
            self._refresh(due, now)
            now, began = now + int(time.monotonic() - began), time.monotonic()

    def _claim(self, now: int) -> _Due | None:
        until = now + 2 * int(self._settings.crl_timeout) + 60
        while True:
            with self._database.autocommit() as tx:
                due = tx.one(_CLAIM, until=until, now=now)
                if due is not None or tx.one(_ANY_DUE, now=now) is None:
                    return due  # none, while some is due: another worker was a moment faster

    def _refresh(self, due: _Due, now: int) -> None:
        brought = self._fetch(due, now)
        with self._database.transaction() as tx:
            if isinstance(brought, ListFault):
                self._fail(tx, due, brought, now)
            elif brought.judged is None:
                self._settle(tx, due, due.list_id, due.etag, now)
            else:
                taken = take(tx, due.issuer_id, brought.judged, source=due.id, actor=None, now=now)
                if isinstance(taken, ListFault):
                    self._fail(tx, due, taken, now)
                else:
                    self._settle(tx, due, taken.id, brought.etag, now)

    def _fetch(self, due: _Due, now: int) -> _Brought | ListFault:
        asked = {"If-None-Match": due.etag} if due.etag and due.list_id else {}
        sent = time.monotonic()
        answer = self._client.get(due.url, headers={"Accept": "application/pkix-crl, */*", **asked})
        now += math.ceil(time.monotonic() - sent)  # it may have been made meanwhile
        if isinstance(answer, NoAnswer):
            _log.warning("revocation list not fetched", source=due.id, reason=answer.reason.value)
            return ListFault.TOO_LARGE if answer.reason is Blocked.ANSWER_TOO_LARGE else ListFault.UNREACHABLE
        if answer.status == 304:
            return _Brought(None, due.etag)
        if answer.status != 200:
            return ListFault.STATUS
        judged = self._judged(due, answer.body, now)
        return judged if isinstance(judged, ListFault) else _Brought(judged, _usable(answer.headers.get("etag")))

    def _judged(self, due: _Due, body: bytes, now: int) -> JudgedList | ListFault:
        with self._database.autocommit() as tx:
            issuer = find(tx, due.issuer_id)
        if issuer is None:
            return ListFault.FORGED
        return judge(body, issuer, sm2=self._sm2, most=self._settings.crl_bytes, now=now)

    def _settle(self, tx: Transaction, due: _Due, list_id: str | None, etag: str | None, now: int) -> None:
        at = self._next(tx, list_id, failures=0, now=now)
        tx.run(_DONE, id=due.id, list=list_id, etag=etag, now=now, due=at)

    def _fail(self, tx: Transaction, due: _Due, fault: ListFault, now: int) -> None:
        if fault != due.fault:
            note_refused(tx, due.issuer_id, fault, source=due.id, actor=None, now=now)
        at = self._next(tx, due.list_id, failures=due.failures + 1, now=now)
        tx.run(_FAILED, id=due.id, fault=fault, now=now, due=at)

    def _next(self, tx: Transaction, list_id: str | None, *, failures: int, now: int) -> int:
        ends = tx.one(_NEXT_UPDATE, id=list_id) if list_id else None
        refresh, jitter = self._settings.crl_refresh, self._jitter()
        return next_try(next_update=ends, failures=failures, refresh=refresh, jitter=jitter, now=now)


def _usable(etag: str | None) -> str | None:
    """A validator that may stand in a header of ours."""
    return etag if etag and len(etag) <= _ETAG_MOST and etag.isascii() and etag.isprintable() else None
