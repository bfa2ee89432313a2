"""Stopping a recovery or an activation that somebody else asked for, by who has the phone of before.

Always true: a try is counted on the number that was typed before its code is looked at, whoever has the number; after
a stop no approval of before is good, and nobody gets in until operators have looked at the account.
"""

import secrets
from typing import Any, NamedTuple

from idp.accounts import closing
from idp.accounts.actions import Directory
from idp.accounts.parties import hold, move_status
from idp.accounts.rules import Kind, Mobile, PartyStatus
from idp.accounts.telling import own_locale, tell_phone
from idp.accounts.waiting import reject
from idp.audit import Event, record
from idp.credentials import attempts, trials
from idp.credentials import password as passwords
from idp.credentials.purge import erase_factors
from idp.credentials.rules import AttemptKind, AttemptPolicy, Denied, Refusal
from idp.db import Database, Statement, Transaction
from idp.grants.actions import end_party_grants
from idp.grants.rules import EndReason
from idp.recovery.rules import State, Way, stop_text
from idp.signin import sessions
from idp.signin.rules import SessionEnd

KIND = AttemptKind.RECOVERY_STOP
POLICY = AttemptPolicy(limit=100, window=3600, lock_steps=(300,))
"""Loose and short: who knows the number should not easily keep its owner from stopping, and eight digits stand this
for as long as they are good (a chance in a thousand or so, with captchas all the way)."""


class _Found(NamedTuple):
    id: str
    party_id: str
    filed_at: int


# Of whatever state: a request whose place a later one took keeps its code, for the later one is stopped by it.
_FIND = Statement(
    "SELECT id, party_id, filed_at FROM recovery_request WHERE stop IN (:b0, :b1) AND keep_until > :now", _Found
)
_USE = Statement("UPDATE recovery_request SET stop = NULL WHERE id = :id AND stop IN (:b0, :b1) RETURNING id", str)
_END_ALL = Statement[Any](
    "UPDATE recovery_request SET state = 'stopped', sealed = NULL, stop = NULL WHERE party_id = :party"
)

_ARM = Statement[Any](
    "INSERT INTO recovery_request (id, way, locale, state, filed_at, due_at, party_id, stop, keep_until, mismatches)"
    " VALUES (:id, :way, 'zh', :state, :now, :now, :party, :stop, :until, 0)"
)


def arm(tx: Transaction, directory: Directory, party_id: str, mobile: Mobile, *, until: int, now: int) -> str:
    """Let who has ``mobile`` stop, until then, what has just opened this account. The eight digits to tell it."""
    code = f"{secrets.randbelow(10**8):08}"
    tx.run(
        _ARM,
        id=f"{secrets.randbelow(10**12):012}",
        way=Way.FACE,
        state=State.DONE,
        party=party_id,
        stop=directory.blind_text(stop_text(mobile, code)),
        until=until,
        now=now,
    )
    return code


class Stopping:
    """`stop` opens transactions of its own: none of the caller may be open on SQLite meanwhile."""

    def __init__(self, database: Database, directory: Directory) -> None:
        self._database = database
        self._directory = directory

    def stop(self, mobile: Mobile, code: str, *, now: int) -> Denied | None:
        """None when it is stopped. ``code``: the eight digits that ``mobile`` was told."""
        key = attempts.unknown_key(self._directory.blind(mobile))
        reserved = trials.reserve(self._database, key=key, kind=KIND, policy=POLICY, now=now)
        if isinstance(reserved, Denied):
            return reserved
        with self._database.transaction() as tx:
            used = self._use(tx, mobile, code, now)
            if used is not None:
                self._close(tx, used.party_id, mobile, now)
                _take_back(tx, used, now)
            right = used is not None
            attempts.settle(tx, key=key, kind=KIND, at=reserved.at, success=right, now=now, policy=POLICY)
        return None if right else Denied(Refusal.RECOVERY_STOP_WRONG)

    def _use(self, tx: Transaction, mobile: Mobile, code: str, now: int) -> _Found | None:
        """Whose account the code stops, once; the account is held before its request is touched."""
        blinds = self._directory.blinds_of_text(stop_text(mobile, code))
        found = tx.one(_FIND, b0=blinds[0], b1=blinds[-1], now=now)
        if found is None:
            return None
        hold(tx, found.party_id)
        return found if tx.one(_USE, id=found.id, b0=blinds[0], b1=blinds[-1]) else None

    def _close(self, tx: Transaction, party_id: str, mobile: Mobile, now: int) -> None:
        tx.run(_END_ALL, party=party_id)
        person, held = self._directory.person(tx, party_id), self._directory.own(tx, party_id, Kind.MOBILE)
        if held:
            self._directory.drop_identifier(tx, held)
        if closing.keep(tx, party_id):  # who asked for that may not have been the account's person
            record(tx, Event.ACCOUNT_KEPT, subject=party_id, now=now)
        passwords.require_reset(tx, party_id=party_id, now=now)
        erase_factors(tx, party_id, now=now)  # the approval ended the owner's: what there is since is the other one's
        move_status(tx, party_id, before=PartyStatus.ACTIVE, after=PartyStatus.SUSPENDED)
        sessions.end_all(tx, party_id, SessionEnd.ACCOUNT_SUSPENDED, now=now)
        end_party_grants(tx, party_id, EndReason.ACCOUNT_SUSPENDED, now=now)
        record(tx, Event.RECOVERY_STOPPED, subject=party_id, now=now)
        for phone in filter(None, (mobile, person.mobile)):
            tell_phone(tx, phone, "account_suspended", party_id=party_id, locale=own_locale(person), now=now)


def _take_back(tx: Transaction, used: _Found, now: int) -> None:
    """What the activation that is stopped has brought in; what the account had before belongs to it."""
    if count := reject(tx, used.party_id, since=used.filed_at, now=now):
        record(tx, Event.OLD_ACCOUNTS_REJECTED, subject=used.party_id, detail={"count": count}, now=now)
