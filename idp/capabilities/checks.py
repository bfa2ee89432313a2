"""Asking for a check of the signed-in person, deciding on it, and its answer.

Always true: every move is one conditional statement with one winner; quota, meter and audit stand in its transaction.
"""

from functools import partial
from typing import Any, NamedTuple

import orjson

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.capabilities.rules import LIFETIME, Check, CheckResult, CheckState, Refused, Wait
from idp.checks.ending import refused_at
from idp.clients import permits
from idp.clients.capabilities import Capability, Permit
from idp.credentials import attempts
from idp.credentials.rules import DAY, AttemptKind, AttemptPolicy, Locked, Reserved
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.grants import spent

TOO_OFTEN = "asked_too_often"


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
    " WHERE id = :id AND state = :before AND (expires_at > :now OR :by_itself = 1)"
)
_OVERDUE = Statement(
    "SELECT id FROM department_check WHERE state <> 'done' AND expires_at <= :now ORDER BY expires_at LIMIT 100", str
)
_ABANDON = Statement[tuple[str, str, str, str]](
    "UPDATE department_check SET state = 'done', result = 'declined', judged_at = :now"
    " WHERE party_id = :party AND state <> 'done' RETURNING id, client_id, capability, permit_id"
)
_ERASE = Statement[Any]("DELETE FROM department_check WHERE party_id = :party")
_PURGE = Statement[Any]("DELETE FROM department_check WHERE expires_at < :before AND state = 'done'")


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
        most: int,
        now: int,
    ) -> Check | Wait:
        """Lay the question before the person; what there is to wait for when the day's quota is used up, or ``most``
        were asked of them by this client in a day.

        What comes with a ``request`` is asked by whoever opens an address: it costs nothing before `spend`.
        """
        wait = None if request else _pay(tx, permit, party_id, most=most, now=now)
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
        """The check as its client sees it: what the vendor has refused is over, wherever its person is, and so is one
        whose time has passed.
        """
        check = self.find(tx, key)
        return self.find(tx, key) if check is not None and _settle(tx, check, now=now) else check

    def end_stale(self, database: Database, *, now: int) -> int:
        """End, and meter, what nobody fetched in time, a hundred in a transaction; how many."""
        ended = 0
        while True:
            with database.transaction() as tx:
                overdue = tx.all(_OVERDUE, now=now)
                for check in map(partial(self.find, tx), overdue):
                    ended += check is not None and _settle(tx, check, now=now)
            if not overdue:
                return ended


def agree(tx: Transaction, check: Check, *, outside: str | None = None, now: int) -> bool:
    """The person has agreed; True for the one who is to ask now.

    ``outside``: the check they are sent to, in place of none or of the one that ``check`` was read with.
    """
    return tx.run(_AGREE, id=check.id, outside=outside, seen=check.outside or "", now=now) == 1


def spend(tx: Transaction, check: Check, permit: Permit, *, most: int, now: int) -> Wait | None:
    """Take out of the quota what `start` did not, once for a check however often it is reopened; ``most`` as there.

    In the transaction of `agree`: who is late there spends nothing.
    """
    key = f"department-check:{check.id}"
    if check.request is None or not spent.spend(tx, key, until=check.expires_at):
        return None
    wait = _pay(tx, permit, check.party_id, most=most, now=now)
    if wait is not None:
        spent.give_back(tx, key)
    return wait


def _pay(tx: Transaction, permit: Permit, party_id: str, *, most: int, now: int) -> Wait | None:
    """One use out of the client's quota, and one of those it may have of this person."""
    policy = AttemptPolicy(limit=most, window=DAY, lock_steps=(DAY,))
    key = attempts.asked_key(permit.client_id, permit.terms.capability, party_id)
    counted: dict[str, Any] = {"key": key, "kind": AttemptKind.MATTER, "policy": policy}
    got = attempts.reserve(tx, now=now, **counted)
    if not isinstance(got, Reserved):
        permits.meter(tx, permit.client_id, permit.terms.capability, TOO_OFTEN, now=now)
        return Wait(Refused.ASKED_TOO_OFTEN, max(1, got.until - now) if isinstance(got, Locked) else 1)
    wait = permits.spend(tx, permit, now=now)
    attempts.settle(tx, at=got.at, success=wait is not None, now=now, **counted)
    return None if wait is None else Wait(Refused.QUOTA_USED_UP, wait)


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


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Decline what is under way for an account that closes, and forget all it was asked: as `Eraser`."""
    for key, client_id, capability, permit_id in tx.all(_ABANDON, party=party_id, now=now):
        permits.meter(tx, client_id, Capability(capability), CheckResult.DECLINED, now=now)
        detail: Detail = {"capability": capability, "check": key, "permit": permit_id, "answer": CheckResult.DECLINED}
        who: dict[str, Any] = {"actor": party_id, "subject": party_id, "client": client_id}
        record(tx, Event.DEPARTMENT_CHECK_ANSWERED, detail=detail, now=now, **who)
    tx.run(_ERASE, party=party_id)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)


def reseal_department_checks(database: Database, cipher: FieldCipher) -> int:
    """Bring questions under the current key; the number changed."""
    return reseal_column(database, cipher, "department_check", "sealed")


def _settle(tx: Transaction, check: Check, *, now: int) -> bool:
    """End what needs its person no more: a vendor's no, or that there was none in time. Whether there was such."""
    if check.state is CheckState.DONE:
        return False
    refused = refused_at(tx, check.outside) if check.outside else None
    if refused is not None and refused < check.expires_at:
        _end(tx, check, CheckResult.NOT_PASSED, before=check.state, at=refused, by_itself=True, now=now)
        return True
    if check.overdue(now):
        _end(tx, check, CheckResult.EXPIRED, before=check.state, at=check.expires_at, by_itself=True, now=now)
        return True
    return False


def _end(
    tx: Transaction,
    check: Check,
    result: CheckResult,
    *,
    before: CheckState,
    at: int,
    by_itself: bool = False,
    now: int,
) -> bool:
    """``by_itself``: nobody does so now; then it may be late."""
    if tx.run(_END, id=check.id, result=result, before=before, at=at, by_itself=int(by_itself), now=now) != 1:
        return False
    permits.meter(tx, check.client_id, check.capability, result, now=now)
    actor = None if by_itself else check.party_id
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
