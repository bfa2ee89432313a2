"""Telling people in time that what carries their identity level ends.

Always true: the note that somebody was told and the message are written in one transaction, by one winner, so that
workers who meet, stop or start again tell everybody once.
"""

from typing import Any, NamedTuple

from idp.accounts.actions import Directory, Person
from idp.audit import Event, record
from idp.crypto.fields import FieldUnreadable
from idp.db import Database, Statement, Transaction
from idp.log import get_logger
from idp.messages.sms import enqueue_sms
from idp.proofing.actions import proofs_of
from idp.proofing.checking import china_time
from idp.proofing.rules import carrying, next_notice

DAYTIME = range(9, 20)
"""Hours in China in which a notice may reach a telephone."""
_BATCH = 100
_log = get_logger("proofing")


class _Due(NamedTuple):
    id: str
    party_id: str
    status: str
    expires_at: int
    notice_at: int


_DUE = Statement(
    "SELECT evidence.id, party_id, status, expires_at, notice_at FROM evidence JOIN party ON party.id = party_id"
    " WHERE notice_at <= :now AND ended_at IS NULL ORDER BY notice_at, evidence.id LIMIT :limit",
    _Due,
)
_CLAIM = Statement[Any](
    "UPDATE evidence SET notice_at = :next WHERE id = :id AND notice_at = :seen AND ended_at IS NULL"
)


def tell_of_ends(database: Database, directory: Directory, *, locale: str, now: int) -> None:
    """Tell everybody who is due, in the daytime. ``locale``: for people whose language is not known."""
    if china_time(now).hour not in DAYTIME:
        return
    while True:
        with database.autocommit() as tx:
            due = tx.all(_DUE, now=now, limit=_BATCH)
        for one in due:
            with database.transaction() as tx:
                _tell(tx, directory, one, locale=locale, now=now)
        if len(due) < _BATCH:
            return


def _tell(tx: Transaction, directory: Directory, due: _Due, *, locale: str, now: int) -> None:
    """Note it, and tell the person if the level does fall at that end: other evidence may carry it further."""
    upcoming = next_notice(due.expires_at, after=now)
    if tx.run(_CLAIM, id=due.id, seen=due.notice_at, next=upcoming) != 1:
        return
    carrier = carrying(proofs_of(tx, due.party_id), now=now)
    if due.status != "active" or carrier is None or carrier.id != due.id:
        return
    person = _readable(directory, tx, due)
    told = person is not None and _text(tx, person, due.expires_at, locale=locale, now=now)
    record(
        tx,
        Event.EVIDENCE_ENDING,
        subject=due.party_id,
        result="ok" if told else "failed",
        reason=None if told else "no_phone",
        detail={"evidence": due.id, "ends": due.expires_at},
        now=now,
    )


def _readable(directory: Directory, tx: Transaction, due: _Due) -> Person | None:
    """The person; an account whose fields cannot be read must not keep everybody else from being told."""
    try:
        return directory.person(tx, due.party_id)
    except FieldUnreadable:
        _log.error("evidence ends, account unreadable", evidence_id=due.id)
        return None


def _text(tx: Transaction, person: Person, expires_at: int, *, locale: str, now: int) -> bool:
    if person.mobile is None:
        return False
    last_day = china_time(expires_at - 1).date().isoformat()
    enqueue_sms(
        tx,
        to=person.mobile.e164,
        template="identity_ends",
        params={"date": last_day},
        locale=str(person.profile.get("locale") or locale),
        party_id=person.party_id,
        now=now,
    )
    return True
