"""Asking for a check of the signed-in person, deciding on it, and its answer.

Always true: every move is one conditional statement with one winner; quota, meter and audit stand in its transaction.
"""

from typing import Any, NamedTuple

import orjson

from idp.audit import Event, record
from idp.capabilities.rules import LIFETIME, Check, CheckResult, CheckState
from idp.clients import permits
from idp.clients.capabilities import Capability, Permit
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.grants import spent


class _Row(NamedTuple):
    id: str
    client_id: str
    capability: str
    permit_id: str
    party_id: str
    sub: str
    sealed: bytes
    outside: str | None
    state: str
    result: str | None
    created_at: int
    expires_at: int
    judged_at: int | None


_COLUMNS = ", ".join(_Row._fields)
_ADD = Statement[Any](
    "INSERT INTO department_check"
    " (id, client_id, capability, permit_id, party_id, sub, sealed, state, created_at, expires_at)"
    " VALUES (:id, :client, :capability, :permit, :party, :sub, :sealed, 'waiting', :now, :expires_at)"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM department_check WHERE id = :id", _Row)
_AGREE = Statement[Any](
    "UPDATE department_check SET state = 'agreed', outside = :outside WHERE id = :id AND expires_at > :now"
    " AND (state = 'waiting' OR (state = 'agreed' AND outside = :seen))"
)
_REOPEN = Statement[Any](
    "UPDATE department_check SET state = 'waiting', outside = NULL WHERE id = :id AND state = 'agreed'"
    " AND COALESCE(outside, '') = :seen"
)
_END = Statement[Any](
    "UPDATE department_check SET state = 'done', result = :result, judged_at = :at"
    " WHERE id = :id AND state = :before AND (expires_at > :now OR :overdue = 1)"
)
_PURGE = Statement[Any]("DELETE FROM department_check WHERE expires_at < :before")


class DepartmentChecks:
    """The questions, with the key that opens them."""

    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def start(
        self,
        tx: Transaction,
        permit: Permit,
        *,
        party_id: str,
        sub: str,
        matter: str,
        nonce: str,
        return_uri: str | None = None,
        request: str | None = None,
        now: int,
    ) -> Check | int:
        """Lay the question before the person; the seconds to wait when the day's quota is used up.

        What comes with a ``request`` is asked by whoever opens an address: it costs nothing before `spend`.
        """
        wait = None if request else permits.spend(tx, permit, now=now)
        if wait is not None:
            return wait
        key = new_id("cck")
        told = {"matter": matter, "nonce": nonce, "return_uri": return_uri, "request": request}
        tx.run(
            _ADD,
            id=key,
            client=permit.client_id,
            capability=permit.terms.capability,
            permit=permit.id,
            party=party_id,
            sub=sub,
            sealed=self._cipher.seal(orjson.dumps(told).decode(), context=_context(key)),
            now=now,
            expires_at=now + LIFETIME,
        )
        check = self.find(tx, key)
        assert check is not None  # noqa: S101 - written just now
        _record(tx, Event.DEPARTMENT_CHECK_ASKED, check, now=now)
        return check

    def find(self, tx: Transaction, key: str) -> Check | None:
        row = tx.one(_FIND, id=key)
        if row is None:
            return None
        told = orjson.loads(self._cipher.open(row.sealed, context=_context(row.id)))
        return Check(
            id=row.id,
            client_id=row.client_id,
            capability=Capability(row.capability),
            permit_id=row.permit_id,
            party_id=row.party_id,
            sub=row.sub,
            matter=told["matter"],
            nonce=told["nonce"],
            return_uri=told["return_uri"],
            request=told.get("request"),
            outside=row.outside,
            state=CheckState(row.state),
            result=CheckResult(row.result) if row.result else None,
            created_at=row.created_at,
            expires_at=row.expires_at,
            judged_at=row.judged_at,
        )

    def answered(self, tx: Transaction, key: str, *, now: int) -> Check | None:
        """The check as its client sees it: one whose time has passed is over."""
        check = self.find(tx, key)
        if check is not None and check.overdue(now):
            _end(tx, check, CheckResult.EXPIRED, before=check.state, at=check.expires_at, overdue=True, now=now)
            return self.find(tx, key)
        return check


def agree(tx: Transaction, check: Check, *, outside: str | None = None, now: int) -> bool:
    """The person has agreed; True for the one who is to ask now.

    ``outside``: the check they are sent to, in place of none or of the one that ``check`` was read with.
    """
    return tx.run(_AGREE, id=check.id, outside=outside, seen=check.outside or "", now=now) == 1


def spend(tx: Transaction, check: Check, permit: Permit, *, now: int) -> int | None:
    """Take out of the quota what `start` did not, once for a check however often it is reopened; as `permits.spend`.

    In the transaction of `agree`: who is late there spends nothing.
    """
    key = f"department-check:{check.id}"
    if check.request is None or spent.is_spent(tx, key):
        return None
    wait = permits.spend(tx, permit, now=now)
    if wait is None:
        spent.spend(tx, key, until=check.expires_at)
    return wait


def reopen(tx: Transaction, check: Check) -> None:
    """Nobody could be asked: the person may try again."""
    tx.run(_REOPEN, id=check.id, seen=check.outside or "")


def decline(tx: Transaction, check: Check, *, now: int) -> bool:
    before = check.state if check.open else CheckState.WAITING
    return _end(tx, check, CheckResult.DECLINED, before=before, at=now, now=now)


def finish(tx: Transaction, check: Check, *, passed: bool, now: int) -> bool:
    """What came of it, once the person has agreed. False when its time was over by then."""
    result = CheckResult.PASSED if passed else CheckResult.NOT_PASSED
    return _end(tx, check, result, before=CheckState.AGREED, at=now, now=now)


def note_release(tx: Transaction, check: Check, *, now: int) -> None:
    """The client has fetched the answer."""
    _record(tx, Event.DEPARTMENT_CHECK_RELEASED, check, result=check.result, now=now)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)


def reseal_department_checks(database: Database, cipher: FieldCipher) -> int:
    """Bring questions under the current key; the number changed."""
    return reseal_column(database, cipher, "department_check", "sealed")


def _end(
    tx: Transaction,
    check: Check,
    result: CheckResult,
    *,
    before: CheckState,
    at: int,
    overdue: bool = False,
    now: int,
) -> bool:
    if tx.run(_END, id=check.id, result=result, before=before, at=at, overdue=int(overdue), now=now) != 1:
        return False
    permits.meter(tx, check.client_id, check.capability, result, now=now)
    actor = None if overdue else check.party_id
    _record(tx, Event.DEPARTMENT_CHECK_ANSWERED, check, actor=actor, result=result, now=now)
    return True


def _record(
    tx: Transaction,
    event: Event,
    check: Check,
    *,
    actor: str | None = None,
    result: CheckResult | None = None,
    now: int,
) -> None:
    detail = {"capability": check.capability.value, "check": check.id, "permit": check.permit_id}
    record(
        tx,
        event,
        actor=actor,
        subject=check.party_id,
        client=check.client_id,
        detail=detail | ({"answer": result.value} if result else {}),
        now=now,
    )


def _context(key: str) -> str:
    return f"department_check.sealed:{key}"
