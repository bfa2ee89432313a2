"""Making, scanning, matching, confirming and consuming scans.

Always true: each step is one conditional statement on a row of the main database, so that on all nodes together it
happens once; wrong numbers, denials and confirmations are audited.
"""

from typing import Any

import orjson

from idp.audit import Event, record
from idp.crypto.fields import BlindIndex, FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.scans.rules import (
    GRACE,
    INTERVAL,
    LIFETIME,
    SLOWER,
    Facts,
    Kind,
    Made,
    Refusal,
    Scan,
    State,
    draw_code,
    draw_numbers,
)

CODE = "code"
"""The member of the facts that holds the code, for the screen that shows it again."""
_DRAWS = 3
"""Codes drawn before it is a fault: that even one stands already is as good as impossible."""
_COLUMNS = ", ".join(Scan._fields)


def _scan(key: str, kind: str, state: str, *rest: Any) -> Scan:
    return Scan(key, Kind(kind), State(state), *rest)


_MAKE = Statement[Any](
    "INSERT INTO scan (id, kind, state, client_id, code_blind, holder, number, numbers, sealed, pace, created_at,"
    " expires_at) VALUES (:id, :kind, 'waiting', :client, :blind, :holder, :number, :numbers, :sealed, :pace, :now,"
    " :expires_at) ON CONFLICT (code_blind) DO NOTHING"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM scan WHERE id = :id", _scan)
_BY_CODE = Statement(f"SELECT {_COLUMNS} FROM scan WHERE code_blind IN (:a, :b) AND expires_at > :now", _scan)
_BY_HOLDER = Statement(f"SELECT {_COLUMNS} FROM scan WHERE holder = :holder AND client_id = :client", _scan)


def _moved(to: State, condition: str) -> Statement[Scan]:
    """One step of the scan ``:id``, in its time, for the one who is first."""
    return Statement(
        f"UPDATE scan SET state = '{to}' WHERE id = :id AND {condition} AND expires_at > :now RETURNING {_COLUMNS}",
        _scan,
    )


_OWN = "party_id = :party AND session_id = :session"
_SCAN = Statement(
    "UPDATE scan SET state = 'scanned', party_id = :party, session_id = :session"
    f" WHERE id = :id AND state = 'waiting' AND expires_at > :now RETURNING {_COLUMNS}",
    _scan,
)
_MATCH = _moved(State.MATCHED, f"state = 'scanned' AND number = :number AND {_OWN}")
_MISMATCH = _moved(State.WRONG_NUMBER, f"state = 'scanned' AND number <> :number AND {_OWN}")
_CONFIRM = _moved(State.CONFIRMED, f"state = 'matched' AND {_OWN}")
_DENY = _moved(State.DENIED, f"state IN ('scanned', 'matched') AND {_OWN}")
_CONSUME = Statement(
    "UPDATE scan SET state = 'consumed' WHERE id = :id AND state = 'confirmed' AND holder = :holder"
    f" AND expires_at > :late RETURNING {_COLUMNS}",
    _scan,
)
# A second is left to clocks that count whole ones.
_POLL = Statement(
    "UPDATE scan SET polled_at = :now WHERE id = :id AND (polled_at IS NULL OR polled_at + pace - 1 <= :now)"
    " RETURNING id",
    str,
)
_SLOW_DOWN = Statement[Any]("UPDATE scan SET polled_at = :now, pace = pace + :more WHERE id = :id")
_FORGET = Statement[Any]("DELETE FROM scan WHERE party_id = :party")
_PURGE = Statement[Any]("DELETE FROM scan WHERE expires_at < :before")


class Scans:
    """Makes them, and finds them by their codes."""

    def __init__(self, cipher: FieldCipher, index: BlindIndex) -> None:
        self._cipher = cipher
        self._index = index

    def make(
        self,
        tx: Transaction,
        kind: Kind,
        *,
        holder: bytes,
        facts: Facts,
        client_id: str | None = None,
        shows_number: bool = True,
        now: int,
    ) -> Made:
        """A code to show. ``holder``: SHA-256 of what the screen will come back with."""
        key = new_id("scn")
        number, numbers = draw_numbers() if shows_number else ("", ())
        for _ in range(_DRAWS):
            code = draw_code()
            told = orjson.dumps({**facts, CODE: code}).decode()
            made = tx.run(
                _MAKE,
                id=key,
                kind=kind,
                client=client_id,
                blind=self._index.current("scan", code),
                holder=holder,
                number=number,
                numbers=" ".join(numbers),
                sealed=self._cipher.seal(told, context=f"scan.sealed:{key}"),
                pace=INTERVAL,
                now=now,
                expires_at=now + LIFETIME,
            )
            if made == 1:
                return Made(key, code, number, now + LIFETIME)
        raise RuntimeError("every code drawn stands already")

    def by_code(self, tx: Transaction, code: str, *, now: int) -> Scan | None:
        """``code``: as `rules.read_code` gives it."""
        blinds = self._index.candidates("scan", code)
        return tx.one(_BY_CODE, a=blinds[0], b=blinds[-1], now=now)

    def facts(self, scan: Scan) -> Facts:
        found: Facts = orjson.loads(self._cipher.open(scan.sealed, context=f"scan.sealed:{scan.id}"))
        return found


def find(tx: Transaction, key: str) -> Scan | None:
    return tx.one(_FIND, id=key)


def scan(tx: Transaction, found: Scan, *, party_id: str, session_id: str, now: int) -> Scan | Refusal:
    """The first session that scans takes it; it may look again."""
    taken = tx.one(_SCAN, id=found.id, party=party_id, session=session_id, now=now)
    return taken or own(find(tx, found.id), party_id=party_id, session_id=session_id, now=now)


def own(found: Scan | None, *, party_id: str, session_id: str, now: int) -> Scan | Refusal:
    """The scan, if this session has taken it and something can still come of it."""
    if found is None:
        return Refusal.OVER
    if (found.party_id, found.session_id) != (party_id, session_id):
        return Refusal.ELSEWHERE
    return Refusal.OVER if found.over(now) else found


def match(tx: Transaction, key: str, *, number: str, party_id: str, session_id: str, now: int) -> Scan | Refusal:
    """Say which number stands on the other screen; a wrong one ends the scan."""
    who: dict[str, Any] = {"id": key, "number": number, "party": party_id, "session": session_id, "now": now}
    right = tx.one(_MATCH, **who)
    if right is not None:
        return right
    wrong = tx.one(_MISMATCH, **who)
    if wrong is None:
        return Refusal.OVER
    _record(tx, Event.SCAN_REFUSED, wrong, reason=Refusal.WRONG_NUMBER, now=now)
    return Refusal.WRONG_NUMBER


def confirm(tx: Transaction, key: str, *, party_id: str, session_id: str, now: int) -> Scan | None:
    """Confirm once; None when there is nothing to be confirmed, or somebody did."""
    done = tx.one(_CONFIRM, id=key, party=party_id, session=session_id, now=now)
    if done is not None:
        _record(tx, Event.SCAN_CONFIRMED, done, now=now)
    return done


def deny(tx: Transaction, key: str, *, reason: str, party_id: str, session_id: str, now: int) -> bool:
    ended = tx.one(_DENY, id=key, party=party_id, session=session_id, now=now)
    if ended is not None:
        _record(tx, Event.SCAN_REFUSED, ended, reason=reason, now=now)
    return ended is not None


def of_holder(tx: Transaction, holder: bytes, *, client_id: str) -> Scan | None:
    """The scan whose screen comes back with this, as this client."""
    return tx.one(_BY_HOLDER, holder=holder, client=client_id)


def poll(tx: Transaction, found: Scan, *, now: int) -> bool:
    """Note that the screen has asked; False, and it is to ask less often from now on, when that was too soon."""
    if tx.one(_POLL, id=found.id, now=now) is not None:
        return True
    tx.run(_SLOW_DOWN, id=found.id, now=now, more=SLOWER)
    return False


def consume(tx: Transaction, key: str, *, holder: bytes, now: int) -> Scan | None:
    """What was confirmed, for the screen it was confirmed for, once."""
    return tx.one(_CONSUME, id=key, holder=holder, late=now - GRACE)


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Nobody goes on by what somebody confirmed whose account closes: as `Eraser`."""
    del now
    tx.run(_FORGET, party=party_id)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)


def reseal_scans(database: Database, cipher: FieldCipher) -> int:
    return reseal_column(database, cipher, "scan", "sealed")


def _record(tx: Transaction, event: Event, about: Scan, *, reason: str | None = None, now: int) -> None:
    record(
        tx,
        event,
        actor=about.party_id,
        subject=about.party_id,
        client=about.client_id,
        session=about.session_id,
        result="refused" if reason else "ok",
        reason=reason,
        detail={"scan": about.id, "kind": about.kind.value},
        now=now,
    )
