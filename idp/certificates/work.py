"""What the worker does about bound certificates: tells of their end in time, and ends those that are over or revoked.

Always true: each is told of, and ended, by one winner, whatever other workers do; who has a certificate hears of its
end from here alone.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.accounts.rules import PartyKind
from idp.accounts.telling import own_locale
from idp.audit import Event, record
from idp.certificates import bindings
from idp.certificates.rules import EndReason
from idp.crypto.fields import FieldUnreadable
from idp.db import Database, Statement, Transaction
from idp.entities import roles
from idp.entities.rules import Acting, Via
from idp.log import get_logger
from idp.messages.sms import enqueue_sms
from idp.proofing.checking import china_time
from idp.proofing.notices import DAYTIME
from idp.proofing.rules import next_notice
from idp.signin.rules import BY_CERTIFICATE, SessionEnd
from idp.signin.sessions import end_entered_by, end_signed_in_by

_BATCH = 100
_log = get_logger("certificates")
Revoked = Callable[[str, str, str], bool]
"""``(issuer_id, issuer_name, serial)``: whether a held list revokes it. May raise `DatabaseUnavailable`."""


class _Due(NamedTuple):
    id: str
    owner: str
    person: str | None
    not_after: int
    notice_at: int


class _Living(NamedTuple):
    id: str
    issuer_id: str
    issuer_name: str
    serial: str
    not_after: int


_DUE = Statement(
    "SELECT id, party_id, COALESCE(holder_id, party_id), not_after, notice_at FROM certificate_binding"
    " WHERE notice_at <= :now AND ended_at IS NULL ORDER BY notice_at, id LIMIT :limit",
    _Due,
)
_CLAIM = Statement[Any](
    "UPDATE certificate_binding SET notice_at = :next WHERE id = :id AND notice_at = :seen AND ended_at IS NULL"
)
_LIVING = Statement(
    "SELECT id, issuer_id, issuer_name, serial, not_after FROM certificate_binding"
    " WHERE ended_at IS NULL AND id > :after ORDER BY id LIMIT :limit",
    _Living,
)
_KIND = Statement("SELECT kind FROM party WHERE id = :party", str)


def tell_of_ends(database: Database, directory: Directory, *, now: int) -> None:
    """Tell everybody whose certificate ends in 30, 7 or 1 days, in the daytime."""
    if china_time(now).hour not in DAYTIME:
        return
    while True:
        with database.autocommit() as tx:
            due = tx.all(_DUE, now=now, limit=_BATCH)
        for one in due:
            with database.transaction() as tx:
                _tell_of_end(tx, directory, one, now=now)
        if len(due) < _BATCH:
            return


def _tell_of_end(tx: Transaction, directory: Directory, due: _Due, *, now: int) -> None:
    upcoming = next_notice(due.not_after + 1, after=now)
    if tx.run(_CLAIM, id=due.id, seen=due.notice_at, next=upcoming) != 1 or due.not_after < now:
        return
    last_day = china_time(due.not_after).date().isoformat()
    told = _text(tx, directory, due.person, "certificate_ends", now=now, date=last_day)
    record(
        tx,
        Event.CERTIFICATE_ENDING,
        subject=due.owner,
        result="ok" if told else "failed",
        reason=None if told else "no_phone",
        detail={"certificate": due.id, "ends": due.not_after},
        now=now,
    )


def sweep(database: Database, directory: Directory, revoked: Revoked, *, now: int) -> int:
    """End what its issuer has revoked, and what is over; how many. Each in a transaction of its own."""
    ended, after = 0, ""
    while True:
        with database.autocommit() as tx:
            living = tx.all(_LIVING, after=after, limit=_BATCH)
        for one in living:
            reason = _over(one, revoked, now)
            if reason is not None:
                with database.transaction() as tx:
                    ended += _end(tx, directory, one.id, reason, now=now)
        if len(living) < _BATCH:
            return ended
        after = living[-1].id


def _over(one: _Living, revoked: Revoked, now: int) -> EndReason | None:
    if revoked(one.issuer_id, one.issuer_name, one.serial):
        return EndReason.REVOKED
    return EndReason.EXPIRED if one.not_after < now else None


def _end(tx: Transaction, directory: Directory, binding_id: str, reason: EndReason, *, now: int) -> bool:
    """Whether this worker ended it. What was signed in by a revoked one ends with it."""
    found = bindings.live(tx, binding_id)
    owner = bindings.end(tx, binding_id, reason, now=now) if found else None
    if owner is None or found is None:
        return False
    record(tx, Event.CERTIFICATE_ENDED, subject=owner, reason=reason, detail={"certificate": binding_id}, now=now)
    if reason is EndReason.REVOKED:
        end_sessions(tx, owner, now=now)
        _text(tx, directory, found.holder_id or owner, "certificate_revoked", now=now)
    return True


def end_sessions(tx: Transaction, owner: str, *, now: int) -> None:
    """End what was signed in by a certificate of ``owner``, or came into the entity by one."""
    if tx.one(_KIND, party=owner) == PartyKind.PERSON:
        end_signed_in_by(tx, owner, BY_CERTIFICATE, SessionEnd.CERTIFICATE_ENDED, now=now)
        return
    for one in roles.of_entity(tx, owner):
        entered = Acting(owner, one.role, Via.ENTITY_CERTIFICATE).text
        end_entered_by(tx, one.person, entered, SessionEnd.CERTIFICATE_ENDED, now=now)


def _text(
    tx: Transaction, directory: Directory, party_id: str | None, template: str, *, now: int, **params: str
) -> bool:
    """Whether there is a phone to tell. An account that cannot be read must not keep the others from being told."""
    try:
        person = directory.person(tx, party_id or "")
    except FieldUnreadable:
        _log.error("certificate ends, account unreadable", party=party_id)
        return False
    if person.mobile is None:
        return False
    enqueue_sms(
        tx,
        to=person.mobile.e164,
        template=template,
        params=params,
        locale=own_locale(person),
        party_id=person.party_id,
        now=now,
    )
    return True
