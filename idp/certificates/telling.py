"""Telling people in time that a certificate of theirs ends.

Always true: each is told of by one winner, whatever other workers do; who has a certificate hears of its end from
here alone, and of an entity's its registered holder does.
"""

from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.accounts.telling import own_locale
from idp.audit import Event, record
from idp.crypto.fields import FieldUnreadable
from idp.db import Database, Statement, Transaction
from idp.log import get_logger
from idp.messages.sms import enqueue_sms
from idp.proofing.checking import china_time
from idp.proofing.notices import DAYTIME
from idp.proofing.rules import next_notice

_BATCH = 100
_log = get_logger("certificates")


class _Due(NamedTuple):
    id: str
    owner: str
    person: str
    not_after: int
    notice_at: int


_DUE = Statement(
    "SELECT id, party_id, COALESCE(holder_id, party_id), not_after, notice_at FROM certificate_binding"
    " WHERE notice_at <= :now AND ended_at IS NULL ORDER BY notice_at, id LIMIT :limit",
    _Due,
)
_CLAIM = Statement[Any](
    "UPDATE certificate_binding SET notice_at = :next WHERE id = :id AND notice_at = :seen AND ended_at IS NULL"
)


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
    told = tell_owner(tx, directory, due.person, "certificate_ends", now=now, date=last_day)
    record(
        tx,
        Event.CERTIFICATE_ENDING,
        subject=due.owner,
        result="ok" if told else "failed",
        reason=None if told else "no_phone",
        detail={"certificate": due.id, "ends": due.not_after},
        now=now,
    )


def tell_owner(
    tx: Transaction, directory: Directory, party_id: str, template: str, *, now: int, **params: str
) -> bool:
    """Whether there is a phone to tell. An account that cannot be read must not keep the others from being told."""
    try:
        person = directory.person(tx, party_id)
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
