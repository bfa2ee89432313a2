"""Sending photos, filing, withdrawing and deciding on reviews, and forgetting what nobody decided on.

Always true: whatever ends a review takes its photos away in the same transaction, and of two that would end it one
wins. Accounts are held first, then reviews are written.
"""

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import orjson

from idp.accounts.actions import Taken
from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.credentials import attempts
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.db import Database, Dialect, Statement, Transaction
from idp.disputes.actions import Disputes
from idp.flows.numbers import new_number
from idp.proofing.joining import Joining
from idp.reviews.keeping import Photos, drop, drop_all, drop_unfiled, purge, reseal_photos
from idp.reviews.rules import (
    DAY,
    EVIDENCE,
    Cause,
    Claim,
    Deciders,
    Denied,
    Past,
    Policy,
    Refusal,
    Review,
    Side,
    State,
    digest_of,
    objection,
    proved_until,
)

T = TypeVar("T")


class _Row(NamedTuple):
    id: str
    party_id: str
    sealed: bytes | None
    locale: str
    state: str
    filed_at: int
    due_at: int
    decided_at: int | None
    cause: str | None
    digest: str
    journey: str


_COLUMNS = ", ".join(_Row._fields)
_EARLIER = Statement(
    "SELECT filed_at, decided_at, state, cause FROM review WHERE party_id = :party"
    " AND (state = 'filed' OR filed_at > :since OR decided_at > :since)",
    lambda filed, decided, state, cause: Past(filed, decided, State(state), Cause(cause) if cause else None),
)
_FILE = Statement[Any](
    "INSERT INTO review (id, party_id, sealed, locale, state, filed_at, due_at, lapses_at, journey, digest)"
    " VALUES (:id, :party, :sealed, :locale, 'filed', :now, :due_at, :lapses_at, :journey, :digest)"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM review WHERE id = :id", _Row)
_CLAIM_SQL = f"SELECT {_COLUMNS} FROM review WHERE id = :id AND state = 'filed'"
# On SQLite writers stand in line from their first statement on; nothing need be locked.
_CLAIM: dict[Dialect, Statement[_Row]] = {
    "sqlite": Statement(_CLAIM_SQL, _Row),
    "postgresql": Statement(_CLAIM_SQL + " FOR UPDATE", _Row),
}
_OF_PARTY = Statement(
    f"SELECT {_COLUMNS} FROM review WHERE party_id = :party ORDER BY filed_at DESC, id DESC LIMIT 20", _Row
)
_WAITING = Statement(
    f"SELECT {_COLUMNS} FROM review WHERE state = 'filed' ORDER BY due_at, id LIMIT :limit",
    _Row,
)
_END = Statement(
    "UPDATE review SET state = :state, sealed = NULL, decided_at = :now, cause = :cause, proposer = :proposer,"
    f" decider = :decider WHERE id = :id AND state = 'filed' RETURNING {_COLUMNS}",
    _Row,
)
_OVERDUE = Statement("SELECT COUNT(*) FROM review WHERE state = 'filed' AND due_at < :now", int)
_OPEN_OF = Statement("SELECT id FROM review WHERE party_id = :party AND state = 'filed'", str)
_LAPSING = Statement("SELECT id FROM review WHERE state = 'filed' AND lapses_at <= :now LIMIT 100", str)
_ALL_OF = Statement(f"SELECT {_COLUMNS} FROM review WHERE party_id = :party ORDER BY filed_at, id", _Row)


class Reviews:
    """The reviews, with the key that opens them. ``disputes``: whose calendar their days are counted by."""

    def __init__(self, cipher: FieldCipher, joining: Joining, disputes: Disputes, policy: Policy) -> None:
        self._cipher = cipher
        self._joining = joining
        self._directory = joining.directory
        self._policy = policy
        self.photos = Photos(cipher)
        self._attempts = AttemptPolicy(limit=policy.photos, window=DAY, lock_steps=(DAY,))
        self.working_days = disputes.working_days
        self.due_at = disputes.due_at

    def objection(self, tx: Transaction, party_id: str, *, now: int) -> Refusal | None:
        """Why this person may not ask for a review now."""
        return objection(tx.all(_EARLIER, party=party_id, since=now - DAY), self._policy, now=now)

    def begin(self, tx: Transaction, party_id: str, *, now: int) -> Denied | None:
        """Photos of an earlier try that were never filed go; that their person agreed to send some is recorded."""
        if not hold(tx, party_id):
            return Denied(Refusal.ACCOUNT_CLOSED)
        if refused := self.objection(tx, party_id, now=now):
            return Denied(refused)
        drop_unfiled(tx, party_id)
        record(tx, Event.REVIEW_BEGUN, actor=party_id, subject=party_id, detail={"consent": "photos"}, now=now)
        return None

    def count_photo(self, database: Database, party_id: str, look: Callable[[], T], *, now: int) -> T | Denied:
        """What ``look`` makes of a file. That costs a try, taken before, unless it raises: nobody has looked then."""
        key, kind, policy = account_key(party_id), AttemptKind.PHOTO, self._attempts
        with database.transaction() as tx:
            taken = attempts.reserve(tx, key=key, kind=kind, now=now, policy=policy)
        if not isinstance(taken, Reserved):
            return Denied(Refusal.TOO_MANY_PHOTOS)
        looked = False
        try:
            found = look()
            looked = True
        finally:
            with database.transaction() as tx:
                attempts.settle(tx, key=key, kind=kind, at=taken.at, success=not looked, now=now, policy=policy)
        return found

    def file(
        self, tx: Transaction, party_id: str, claim: Claim, journey: str, *, locale: str, now: int
    ) -> Review | Denied:
        """Lay claim and photos before the operators. ``locale``: the language its person is told the outcome in."""
        if not hold(tx, party_id):
            return Denied(Refusal.ACCOUNT_CLOSED)
        if refused := self.objection(tx, party_id, now=now):
            return Denied(refused)
        if self._edits(tx, party_id, claim):
            return Denied(Refusal.KNOWN_OTHERWISE)
        photos = self.photos.digests(tx, journey, now=now)
        if set(photos) != set(Side):
            return Denied(Refusal.PHOTOS_GONE)
        key, due_at, lapses_at = new_number(), self.due_at(now), now + self._policy.keep
        self.photos.keep(tx, journey, until=lapses_at, now=now)
        told = {"name": claim.name.value, "document": [claim.document.type, claim.document.value]}
        sealed = self._cipher.seal(orjson.dumps(told).decode(), context=_context(key))
        filed = {"due_at": due_at, "lapses_at": lapses_at, "journey": journey, "digest": digest_of(photos)}
        tx.run(_FILE, id=key, party=party_id, sealed=sealed, locale=locale, now=now, **filed)
        record(tx, Event.REVIEW_FILED, actor=party_id, subject=party_id, detail={"review": key}, now=now)
        digest = str(filed["digest"])
        return Review(key, party_id, claim, locale, State.FILED, now, due_at, None, None, digest, journey)

    def withdraw(self, tx: Transaction, party_id: str, *, now: int) -> bool:
        """Take back the one that waits; False when none does."""
        if not hold(tx, party_id):
            return False
        key = tx.one(_OPEN_OF, party=party_id)
        if key is None or self._end(tx, key, State.WITHDRAWN, now=now) is None:
            return False
        record(tx, Event.REVIEW_WITHDRAWN, actor=party_id, subject=party_id, detail={"review": key}, now=now)
        return True

    def reject(self, tx: Transaction, review: Review, cause: Cause, by: Deciders, *, now: int) -> bool:
        """False when it waits no longer. The person reads the cause, and may send better photos."""
        hold(tx, review.party_id)
        if self._end(tx, review.id, State.REJECTED, cause=cause, by=by, now=now) is None:
            return False
        self._note(tx, Event.REVIEW_REJECTED, review, by, cause=cause, now=now)
        tell(tx, self._directory, review.party_id, "review_rejected", locale=review.locale, now=now)
        return True

    def approve(self, tx: Transaction, key: str, *, valid_to: int | None, by: Deciders, now: int) -> bool:
        """Record document and evidence; False, and nothing done, when that is no longer to be. The party is held.

        ``valid_to``: when the document ends, Unix seconds; None when it does not.
        """
        row = tx.one(_CLAIM[tx.dialect], id=key)
        review = self._opened(row) if row else None
        if review is None or review.claim is None or (valid_to is not None and valid_to <= now):
            return False
        party, claim = review.party_id, review.claim
        if self._edits(tx, party, claim):
            return False
        recorded = self._directory.record_document(
            tx, party, document=claim.document, name=claim.name, valid_to=valid_to, source=EVIDENCE, now=now
        )
        if isinstance(recorded, Taken):  # another account's, or the account has closed
            return False
        ends = proved_until(self._policy, valid_to, now=now)
        self._joining.prove(
            tx,
            party,
            name=claim.name,
            document=claim.document,
            kind=EVIDENCE,
            source=EVIDENCE,
            expires_at=ends,
            now=now,
            by_people=True,
        )
        self._end(tx, key, State.APPROVED, by=by, now=now)
        self._note(tx, Event.REVIEW_APPROVED, review, by, now=now)
        tell(tx, self._directory, party, "review_approved", locale=review.locale, now=now)
        return True

    def run_due(self, database: Database, *, now: int) -> None:
        """Delete photos whose time is over; tell people that nobody decided on what they sent."""
        with database.autocommit() as tx:
            lapsing = tx.all(_LAPSING, now=now)
        for key in lapsing:
            with database.transaction() as tx:
                self._lapse(tx, key, now=now)
        with database.autocommit() as tx:
            purge(tx, now=now)

    def _lapse(self, tx: Transaction, key: str, *, now: int) -> None:
        ended = self._end(tx, key, State.LAPSED, now=now)
        if ended is None:
            return
        record(tx, Event.REVIEW_LAPSED, subject=ended.party_id, detail={"review": key}, now=now)
        tell(tx, self._directory, ended.party_id, "review_lapsed", locale=ended.locale, now=now)

    def _end(
        self,
        tx: Transaction,
        key: str,
        state: State,
        *,
        cause: Cause | None = None,
        by: Deciders | None = None,
        now: int,
    ) -> _Row | None:
        """What it was, with its claim and photos gone; None when it waits no longer."""
        deciders = {"proposer": by.proposer if by else None, "decider": by.operator if by else None}
        row = tx.one(_END, id=key, state=state, cause=cause, now=now, **deciders)
        if row is not None:
            drop(tx, row.journey)
        return row

    def of_party(self, tx: Transaction, party_id: str) -> list[Review]:
        """Those this person has filed, the newest first."""
        return [self._opened(row) for row in tx.all(_OF_PARTY, party=party_id)]

    def find(self, tx: Transaction, key: str) -> Review | None:
        row = tx.one(_FIND, id=key)
        return self._opened(row) if row else None

    def waiting(self, tx: Transaction, *, limit: int) -> list[Review]:
        """Those that wait, the most urgent first."""
        return [self._opened(row) for row in tx.all(_WAITING, limit=limit)]

    def bar(self, tx: Transaction, review: Review) -> Refusal | None:
        """Why this one can only be rejected."""
        if review.claim is None:
            return None
        if self._edits(tx, review.party_id, review.claim):
            return Refusal.KNOWN_OTHERWISE
        owner = self._directory.owner(tx, review.claim.document)
        return None if owner in (None, review.party_id) else Refusal.ELSEWHERE

    def _edits(self, tx: Transaction, party_id: str, claim: Claim) -> bool:
        known = self._directory.person(tx, party_id).identity
        return known is not None and not known.is_of(claim.name, claim.document)

    def export(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        """Its part of the file of one's data; photos are no part of it, for they are gone soon."""
        return "reviews", [_told(self._opened(row)) for row in tx.all(_ALL_OF, party=party_id)]

    def _note(
        self, tx: Transaction, event: Event, review: Review, by: Deciders, *, cause: Cause | None = None, now: int
    ) -> None:
        detail = {"because": by.because, "review": review.id, "photos": review.digest, "cause": cause}
        record(tx, event, actor=by.operator, subject=review.party_id, detail=detail, now=now)

    def _opened(self, row: _Row) -> Review:
        claim = None
        if row.sealed:
            told = orjson.loads(self._cipher.open(row.sealed, context=_context(row.id)))
            kind, number = told["document"]
            claim = Claim(PersonName(told["name"]), stored_document(DocumentType(kind), number))
        cause = Cause(row.cause) if row.cause else None
        return Review(
            row.id, row.party_id, claim, row.locale, State(row.state), row.filed_at, row.due_at, row.decided_at,
            cause, row.digest, row.journey,
        )  # fmt: skip


def overdue(tx: Transaction, *, now: int) -> int:
    """How many wait although their day has passed."""
    return tx.one(_OVERDUE, now=now) or 0


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Forget claim and photos of an account that closes."""
    for key in tx.all(_OPEN_OF, party=party_id):
        tx.one(_END, id=key, state=State.WITHDRAWN, cause=None, proposer=None, decider=None, now=now)
    drop_all(tx, party_id)


def reseal_reviews(database: Database, cipher: FieldCipher) -> int:
    """Bring reviews and their photos under the current key; the number changed."""
    return reseal_column(database, cipher, "review", "sealed") + reseal_photos(database, cipher)


def _told(review: Review) -> dict[str, Any]:
    return {
        "id": review.id,
        "state": review.state.value,
        "filed_at": review.filed_at,
        "due_at": review.due_at,
        "decided_at": review.decided_at,
        "cause": review.cause.value if review.cause else None,
    }


def _context(key: str) -> str:
    return f"review.sealed:{key}"
