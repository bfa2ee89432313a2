"""Filing, withdrawing and answering disputes, and the queue of those that wait.

Always true: of an answer and a withdrawal at the same moment one wins, and the other learns that it came too late.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

from idp.accounts.actions import Directory
from idp.accounts.parties import hold
from idp.audit import Event, record
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.disputes.rules import MOST_WAITING, Calendar, Decision, Item, Refusal, State, last_second, local_day
from idp.log import get_logger
from idp.messages.sms import enqueue_sms

_log = get_logger("disputes")


class Stored(NamedTuple):
    id: str
    party_id: str
    item: str
    text: bytes | None
    locale: str
    state: str
    filed_at: int
    due_at: int
    settled_at: int | None
    operator: str | None
    answer: bytes | None


_COLUMNS = ", ".join(Stored._fields)
_FILE = Statement[Any](
    "INSERT INTO dispute (id, party_id, item, text, locale, state, filed_at, due_at)"
    " VALUES (:id, :party, :item, :text, :locale, 'filed', :now, :due_at)"
)
_BY_ID = Statement(f"SELECT {_COLUMNS} FROM dispute WHERE id = :id", Stored)
_COUNT = Statement("SELECT COUNT(*) FROM dispute WHERE party_id = :party AND state = 'filed'", int)
_OF_PARTY = Statement(
    f"SELECT {_COLUMNS} FROM dispute WHERE party_id = :party ORDER BY filed_at DESC, id DESC", Stored
)
_WAITING = Statement(
    f"SELECT {_COLUMNS} FROM dispute WHERE state = 'filed' AND (due_at, id) > (:due_at, :id)"
    " ORDER BY due_at, id LIMIT :limit",
    Stored,
)
_SETTLE = Statement(
    "UPDATE dispute SET state = :state, settled_at = :now, operator = :operator, answer = :answer"
    f" WHERE id = :id AND state = 'filed' RETURNING {_COLUMNS}",
    Stored,
)
_WITHDRAW = Statement[Any](
    "UPDATE dispute SET state = 'withdrawn', settled_at = :now"
    " WHERE id = :id AND party_id = :party AND state = 'filed'"
)
_ERASE = Statement[Any](
    "UPDATE dispute SET text = NULL, answer = NULL, settled_at = COALESCE(settled_at, :now),"
    " state = CASE WHEN state = 'filed' THEN 'withdrawn' ELSE state END WHERE party_id = :party"
)
_OVERDUE = Statement("SELECT COUNT(*) FROM dispute WHERE state = 'filed' AND due_at < :now", int)


class Place(NamedTuple):
    """Where a dispute stands in the queue; the most urgent stands first."""

    due_at: int
    id: str


FIRST = Place(0, "")
"""Before the whole queue."""


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute in clear, for its person or the operator who answers it."""

    id: str
    party_id: str
    item: Item
    text: str
    state: State
    filed_at: int
    due_at: int
    settled_at: int | None
    operator: str | None
    answer: str

    @property
    def place(self) -> Place:
        return Place(self.due_at, self.id)

    def is_overdue(self, *, now: int) -> bool:
        return self.state is State.FILED and self.due_at < now

    def __repr__(self) -> str:
        return f"Dispute({self.id}, {self.item}, {self.state})"


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal


class Disputes:
    """The disputes, with the keys that open them and the calendar they are counted by."""

    def __init__(self, cipher: FieldCipher, directory: Directory, calendar: Calendar, *, working_days: int) -> None:
        self._cipher = cipher
        self._directory = directory
        self._calendar = calendar
        self.working_days = working_days

    def due_at(self, now: int) -> int:
        """When a dispute filed ``now`` is due."""
        return last_second(self._calendar.due(local_day(now), self.working_days).day)

    def file(
        self, tx: Transaction, party_id: str, *, item: Item, text: str, locale: str, now: int
    ) -> Dispute | Denied:
        """``locale``: the language its person is to be told the answer in.

        When the calendar does not know a year on the way to the due day, that is logged as an alarm.
        """
        if not hold(tx, party_id):
            return Denied(Refusal.ACCOUNT_CLOSED)
        if (tx.one(_COUNT, party=party_id) or 0) >= MOST_WAITING:
            return Denied(Refusal.TOO_MANY_OPEN)
        due = self._calendar.due(local_day(now), self.working_days)
        for year in due.missing:
            _log.error("calendar_year_missing", year=year)
        key, due_at = new_id("dsp"), last_second(due.day)
        sealed = self._cipher.seal(text, context=text_context(key))
        tx.run(_FILE, id=key, party=party_id, item=item, text=sealed, locale=locale, now=now, due_at=due_at)
        detail = {"dispute": key, "item": item.value}
        record(tx, Event.DISPUTE_FILED, actor=party_id, subject=party_id, detail=detail, now=now)
        return Dispute(key, party_id, item, text, State.FILED, now, due_at, None, None, "")

    def withdraw(self, tx: Transaction, party_id: str, dispute_id: str, *, now: int) -> bool:
        """False when it is not this person's, or waits no longer."""
        if tx.run(_WITHDRAW, id=dispute_id, party=party_id, now=now) == 0:
            return False
        record(tx, Event.DISPUTE_WITHDRAWN, actor=party_id, subject=party_id, detail={"dispute": dispute_id}, now=now)
        return True

    def answer(
        self, tx: Transaction, dispute_id: str, *, operator: str, decision: Decision, reason: str, now: int
    ) -> Dispute | Denied:
        """Settle a dispute that waits, and tell its person that there is an answer. ``reason``: for its person."""
        if not reason.strip():
            return Denied(Refusal.REASON_MISSING)
        sealed = self._cipher.seal(reason, context=answer_context(dispute_id))
        row = tx.one(_SETTLE, id=dispute_id, state=decision, operator=operator, answer=sealed, now=now)
        if row is None:
            return Denied(Refusal.NOT_WAITING)
        detail = {"dispute": dispute_id, "decision": decision.value}
        record(tx, Event.DISPUTE_ANSWERED, actor=operator, subject=row.party_id, detail=detail, now=now)
        self._tell(tx, row, now=now)
        return self._opened(row)

    def _tell(self, tx: Transaction, row: Stored, *, now: int) -> None:
        mobile = self._directory.mobile(tx, row.party_id)
        enqueue_sms(
            tx,
            to=mobile.e164 if mobile else "",
            template="dispute_answered",
            params={},
            locale=row.locale,
            send=mobile is not None,
            party_id=row.party_id,
            now=now,
        )

    def of_party(self, tx: Transaction, party_id: str) -> list[Dispute]:
        """Everything this person has filed, newest first."""
        return [self._opened(row) for row in tx.all(_OF_PARTY, party=party_id)]

    def find(self, tx: Transaction, dispute_id: str) -> Dispute | None:
        row = tx.one(_BY_ID, id=dispute_id)
        return self._opened(row) if row else None

    def waiting(self, tx: Transaction, place: Place = FIRST, *, limit: int = 50) -> list[Dispute]:
        """The disputes behind ``place`` in the queue of operators, those due first at its head."""
        return [self._opened(row) for row in tx.all(_WAITING, **place._asdict(), limit=limit)]

    def _opened(self, row: Stored) -> Dispute:
        text = self._cipher.open(row.text, context=text_context(row.id)) if row.text else ""
        answer = self._cipher.open(row.answer, context=answer_context(row.id)) if row.answer else ""
        return Dispute(
            row.id, row.party_id, Item(row.item), text, State(row.state), row.filed_at, row.due_at, row.settled_at,
            row.operator, answer,
        )  # fmt: skip


def text_context(dispute_id: str) -> str:
    return f"dispute.text:{dispute_id}"


def answer_context(dispute_id: str) -> str:
    return f"dispute.answer:{dispute_id}"


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Forget what was written in the disputes of an account that closes; those that wait are withdrawn."""
    tx.run(_ERASE, party=party_id, now=now)


def overdue(tx: Transaction, *, now: int) -> int:
    """How many disputes wait although their day has passed."""
    return tx.one(_OVERDUE, now=now) or 0
