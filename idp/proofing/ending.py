"""Telling people in time that something ends: thirty days, a week and a day before (`rules.next_notice`).

Always true: nobody is told at night, each is told in a transaction of its own, and one that cannot be told keeps
nobody else waiting.
"""

from collections.abc import Callable
from typing import TypeVar

from idp.accounts.actions import Directory
from idp.accounts.telling import own_locale
from idp.crypto.fields import FieldUnreadable
from idp.db import Database, Statement, Transaction
from idp.log import get_logger
from idp.messages.sms import enqueue_sms
from idp.proofing.checking import china_time

D = TypeVar("D")
_DAYTIME = range(9, 20)
"""Hours in China in which a notice may reach a telephone."""
_BATCH = 100
_log = get_logger("proofing")


def tell_due(database: Database, due: Statement[D], tell: Callable[[Transaction, D], None], *, now: int) -> None:
    """Hand each row of ``due`` to ``tell``, which claims it: another worker may have it too.

    ``due`` takes ``now`` and ``limit``, and no longer finds what was claimed. Raises `idp.db.DatabaseUnavailable`.
    """
    if china_time(now).hour not in _DAYTIME:
        return
    while True:
        with database.autocommit() as tx:
            batch = tx.all(due, now=now, limit=_BATCH)
        for one in batch:
            with database.transaction() as tx:
                tell(tx, one)
        if len(batch) < _BATCH:
            return


def last_day(ends: int) -> str:
    """The day in China of the last second before ``ends``, as messages name it."""
    return china_time(ends - 1).date().isoformat()


def tell_if_reachable(
    tx: Transaction, directory: Directory, party_id: str, template: str, *, now: int, **params: str
) -> bool:
    """Queue ``template``; False: there is no phone, or an account whose fields cannot be read."""
    try:
        person = directory.person(tx, party_id)
    except FieldUnreadable:
        _log.error("account unreadable, not told", template=template, party=party_id)
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
