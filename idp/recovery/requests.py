"""Requests of people who have lost password, phone and every other factor: filed, decided on by operators, completed.

Always true: filing asks nothing about accounts, so it is the same whoever is named; an approved request is completed
once, or stopped, and from its approval on nobody gets into the account but by completing it. Accounts are held first,
in one order, then requests are written.
"""

import secrets
from typing import Any, NamedTuple

import orjson

from idp.accounts import closing
from idp.accounts.actions import Directory
from idp.accounts.documents import Document, DocumentType, stored_document
from idp.accounts.holds import place_hold
from idp.accounts.names import PersonName
from idp.accounts.parties import hold, status
from idp.accounts.rules import Act, Kind, Mobile, PartyStatus
from idp.accounts.telling import own_locale, tell_phone
from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.credentials.purge import erase_factors
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database, Statement, Transaction
from idp.disputes.actions import Disputes
from idp.flows.actions import Journey, Journeys
from idp.flows.numbers import new_number
from idp.grants.actions import end_party_grants
from idp.grants.rules import EndReason
from idp.messages.sms import enqueue_sms
from idp.proofing.rules import PhonePolicy
from idp.recovery.rules import (
    APPROVAL_LIFETIME,
    MISMATCHES,
    UNANSWERED_KEPT,
    Claim,
    Decider,
    Match,
    Request,
    State,
    Way,
    stop_text,
)
from idp.signin import sessions
from idp.signin.phones import release
from idp.signin.rules import SessionEnd

HELD = (Act.CHANGE_PHONE, Act.RESET_PASSWORD, Act.CHANGE_METHODS, Act.REPRESENT)
"""What waits after an account was recovered so."""


class _Row(NamedTuple):
    id: str
    sealed: bytes | None
    way: str
    locale: str
    state: str
    filed_at: int
    due_at: int
    party_id: str | None
    mismatches: int


class _Ended(NamedTuple):
    party_id: str
    locale: str


_COLUMNS = ", ".join(_Row._fields)
_FILE = Statement[Any](
    "INSERT INTO recovery_request (id, sealed, way, locale, state, filed_at, due_at, mismatches)"
    " VALUES (:id, :sealed, :way, :locale, 'filed', :now, :due_at, 0)"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM recovery_request WHERE id = :id", _Row)
# Who chose the counter may never come, or is found by the number they bring: they hide nobody who waits for a review.
_WAITING = Statement(
    f"SELECT {_COLUMNS} FROM recovery_request WHERE state = 'filed'"
    " ORDER BY CASE way WHEN 'review' THEN 0 ELSE 1 END, due_at, id LIMIT :limit",
    _Row,
)
# Of tries at once each is counted before the next one is answered.
_COMPARE = Statement(
    "UPDATE recovery_request SET mismatches = mismatches + :missed"
    " WHERE id = :id AND state = 'filed' AND mismatches < :most RETURNING id",
    str,
)
_REJECT = Statement(
    "UPDATE recovery_request SET state = 'rejected', sealed = NULL, keep_until = :now"
    " WHERE id = :id AND state = 'filed' RETURNING id",
    str,
)
_APPROVE = Statement(
    "UPDATE recovery_request SET state = 'approved', party_id = :party, stop = :stop, expires_at = :expires_at,"
    " keep_until = :keep_until WHERE id = :id AND state = 'filed' RETURNING id",
    str,
)
_REPLACE = Statement[Any](
    "UPDATE recovery_request SET state = 'stopped', sealed = NULL"
    " WHERE party_id = :party AND state = 'approved' AND id <> :id"
)
# Who had the phone was told one code: it stops whatever is approved as long as there is something to stop.
_PROLONG_STOPS = Statement[Any](
    "UPDATE recovery_request SET keep_until = :keep_until"
    " WHERE party_id = :party AND stop IS NOT NULL AND keep_until > :now"
)
_APPROVED = Statement(
    f"SELECT {_COLUMNS} FROM recovery_request WHERE id = :id AND state = 'approved' AND expires_at > :now", _Row
)
_COMPLETE = Statement(
    "UPDATE recovery_request SET state = 'done', sealed = NULL"
    " WHERE id = :id AND state = 'approved' AND expires_at > :now RETURNING party_id, locale",
    _Ended,
)
_FORGET = Statement[Any]("UPDATE recovery_request SET sealed = NULL WHERE sealed IS NOT NULL AND expires_at <= :now")
_PURGE = Statement[Any]("DELETE FROM recovery_request WHERE keep_until <= :now")
_PURGE_UNANSWERED = Statement[Any]("DELETE FROM recovery_request WHERE state = 'filed' AND due_at < :before")


class Requests:
    """The requests, with the key that opens them. ``disputes``: whose calendar their days are counted by."""

    def __init__(self, cipher: FieldCipher, directory: Directory, disputes: Disputes, policy: PhonePolicy) -> None:
        self._cipher = cipher
        self._directory = directory
        self._policy = policy
        self.working_days = disputes.working_days
        self.due_at = disputes.due_at

    def file(self, tx: Transaction, claim: Claim, way: Way, *, locale: str, now: int) -> Request:
        """``claim.mobile`` was proved by the caller. ``locale``: the language its person is told the answer in."""
        key, due_at = new_number(), self.due_at(now)
        told = {
            "name": claim.name.value,
            "document": [claim.document.type, claim.document.value],
            "mobile": claim.mobile.value,
        }
        sealed = self._cipher.seal(orjson.dumps(told).decode(), context=_context(key))
        tx.run(_FILE, id=key, sealed=sealed, way=way, locale=locale, now=now, due_at=due_at)
        record(tx, Event.RECOVERY_REQUESTED, subject=key, detail={"way": way.value}, now=now)
        return Request(key, claim, way, locale, State.FILED, now, due_at, None)

    def find(self, tx: Transaction, key: str) -> Request | None:
        row = tx.one(_FIND, id=key)
        return self._opened(row) if row else None

    def waiting(self, tx: Transaction, *, limit: int) -> list[Request]:
        """Those that wait for an answer: for a review before those for the counter, the most urgent first."""
        return [self._opened(row) for row in tx.all(_WAITING, limit=limit)]

    def match(self, tx: Transaction, request: Request) -> Match | None:
        """Whose document it is, as the accounts stand now."""
        party = self._directory.owner(tx, request.claim.document) if request.claim else None
        stands = status(tx, party) if party else None
        return Match(party, stands) if party and stands else None

    def is_number_of(
        self, tx: Transaction, request: Request, number: Document | None, by: Decider, *, now: int
    ) -> bool:
        """Whether the number read from the document in the operator's hand is the one that was stated.

        One that is not is counted and in the audit trail; once there were `MISMATCHES`, no number is right any more.
        """
        match, same = self.match(tx, request), request.claim is not None and number == request.claim.document
        if tx.one(_COMPARE, id=request.id, missed=0 if same else 1, most=MISMATCHES) is None:
            return False
        if not same:
            subject = match.party_id if match else request.id
            self._note(tx, Event.RECOVERY_NUMBER_DIFFERED, by, subject, request.id, now=now)
        return same

    def phone_barred(self, tx: Transaction, request: Request) -> bool:
        """Whether the new phone belongs to an account that is suspended, and so cannot leave it."""
        owner = self._directory.owner(tx, request.claim.mobile) if request.claim else None
        return owner is not None and status(tx, owner) is not PartyStatus.ACTIVE

    def reject(self, tx: Transaction, request: Request, by: Decider, *, now: int) -> bool:
        """False when it waits no longer. The same neutral text whatever the reason is (trust 3)."""
        if request.claim is None or tx.one(_REJECT, id=request.id, now=now) is None:
            return False
        match, locale = self.match(tx, request), request.locale
        self._note(tx, Event.RECOVERY_REJECTED, by, match.party_id if match else request.id, request.id, now=now)
        self._text(tx, request.claim.mobile, "recovery_rejected", {"reference": request.id}, locale, now=now)
        return True

    def approve(self, tx: Transaction, request: Request, party_id: str, by: Decider, *, now: int) -> bool:
        """Close the account to everybody but the new phone; False, and nothing done, when that is no longer to be.

        Phone, password and every other factor end with all sessions and grants, and the account is not closed. The
        old phone is told, in its person's language, how to stop it; nobody tries to reach it for longer than a day
        (messages.rules), so what was told is good for as long as there is something to stop.
        """
        if not hold(tx, party_id):
            return False
        match, claim = self.match(tx, request), request.claim
        if claim is None or match is None or match.party_id != party_id or self.phone_barred(tx, request):
            return False
        person, held = self._directory.person(tx, party_id), self._directory.own(tx, party_id, Kind.MOBILE)
        old, stop = person.mobile, f"{secrets.randbelow(10**8):08}"
        until = now + APPROVAL_LIFETIME
        keep_until = until + self._policy.change_hold
        won = tx.one(
            _APPROVE,
            id=request.id,
            party=party_id,
            stop=self._directory.blind_text(stop_text(old, stop)) if old else None,
            expires_at=until,
            keep_until=keep_until,
        )
        if won is None:
            return False
        tx.run(_REPLACE, party=party_id, id=request.id)
        tx.run(_PROLONG_STOPS, party=party_id, keep_until=keep_until, now=now)
        if closing.keep(tx, party_id):
            record(tx, Event.ACCOUNT_KEPT, actor=by.operator, subject=party_id, now=now)
        if held:
            release(tx, self._directory, held, now=now)
        if passwords.require_reset(tx, party_id=party_id, now=now):
            record(tx, Event.PASSWORD_RESET_REQUIRED, actor=by.operator, subject=party_id, now=now)
        erase_factors(tx, party_id, now=now)
        sessions.end_all(tx, party_id, SessionEnd.OPERATOR, now=now)
        end_party_grants(tx, party_id, EndReason.OPERATOR, now=now)
        self._note(tx, Event.RECOVERY_APPROVED, by, party_id, request.id, now=now)
        said = {"reference": request.id}
        self._text(tx, claim.mobile, "recovery_approved", said, request.locale, party_id, now=now)
        if old:
            said = {"tail": claim.mobile.value[-4:], "stop": stop}
            self._text(tx, old, "recovery_notice", said, own_locale(person), party_id, now=now)
        return True

    def approved(self, tx: Transaction, key: str, *, now: int) -> Request | None:
        """The request whose person may set the new password now."""
        row = tx.one(_APPROVED, id=key, now=now)
        return self._opened(row) if row else None

    def complete(self, tx: Transaction, journeys: Journeys, journey: Journey, *, hashed: str, now: int) -> bool:
        """The new phone, the new password and what waits after them; when False, the caller rolls back."""
        party_id, mobile = journey.facts["party_id"], Mobile(journey.facts["mobile"])
        parties = {party_id, self._directory.owner(tx, mobile) or party_id}
        open_ones = {party for party in sorted(parties) if hold(tx, party)}  # as `change_phone` does
        if party_id not in open_ones:
            return False
        if not journeys.move(tx, journey, {**journey.facts, "reset": True}, ended_at=now):
            return False
        ended = tx.one(_COMPLETE, id=journey.facts["request"], now=now)
        if ended is None or ended.party_id != party_id:
            return False
        others = self._directory.holder(tx, mobile)
        if others and (others.party_id not in open_ones or not release(tx, self._directory, others, now=now)):
            return False
        if not self._directory.add_identifier(tx, party_id, mobile, verified=True, now=now):
            return False
        passwords.store_password(tx, party_id=party_id, hashed=hashed, now=now)
        passwords.unlock(tx, party_id=party_id, now=now)
        for act in HELD:
            place_hold(tx, party_id, act, until=now + self._policy.change_hold, now=now)
        record(tx, Event.PHONE_CHANGED, actor=party_id, subject=party_id, now=now)
        record(tx, Event.PASSWORD_RESET, actor=party_id, subject=party_id, reason="recovery-request", now=now)
        sessions.end_all(tx, party_id, SessionEnd.PASSWORD_RESET, now=now)
        tell_phone(tx, mobile, "phone_bound", party_id=party_id, locale=ended.locale, now=now)
        return True

    def _note(self, tx: Transaction, event: Event, by: Decider, subject: str, key: str, *, now: int) -> None:
        detail = {"because": by.because, "request": key}
        record(tx, event, actor=by.operator, subject=subject, detail=detail, now=now)

    def _text(
        self,
        tx: Transaction,
        to: Mobile,
        template: str,
        params: dict[str, str],
        locale: str,
        party_id: str | None = None,
        *,
        now: int,
    ) -> None:
        enqueue_sms(tx, to=to.e164, template=template, params=params, locale=locale, party_id=party_id, now=now)

    def _opened(self, row: _Row) -> Request:
        claim = None
        if row.sealed:
            told = orjson.loads(self._cipher.open(row.sealed, context=_context(row.id)))
            kind, number = told["document"]
            document = stored_document(DocumentType(kind), number)
            claim = Claim(PersonName(told["name"]), document, Mobile(told["mobile"]))
        return Request(row.id, claim, Way(row.way), row.locale, State(row.state), *row[5:])


def purge(tx: Transaction, *, now: int) -> None:
    """Forget what was said in requests that were not completed in time, and delete those that are of no more use."""
    tx.run(_FORGET, now=now)
    tx.run(_PURGE, now=now)
    tx.run(_PURGE_UNANSWERED, before=now - UNANSWERED_KEPT)


def _context(key: str) -> str:
    return f"recovery_request.sealed:{key}"


def reseal_requests(database: Database, cipher: FieldCipher) -> int:
    """Bring requests under the current key; the number changed."""
    return reseal_column(database, cipher, "recovery_request", "sealed")
