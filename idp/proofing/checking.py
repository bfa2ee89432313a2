"""A question about a person's claim to somebody outside: counted, asked, judged, written down.

Always true: only a clear yes records anything, every question was counted before it was asked, and no transaction is
open while somebody outside thinks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from idp.accounts.actions import Directory, Identity, Taken
from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.parties import hold
from idp.accounts.waiting import WaitingAccounts
from idp.audit import Event, record
from idp.credentials import attempts
from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.db import Database, Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.ports import CardRefused, Deceased, Match, Mismatch, NotFound, Unavailable, Unusable
from idp.proofing.rules import CHECKED, ProofRefusal
from idp.proofing.second import complete
from idp.web.locale import CHINA_TIME

OF_DOCUMENT = 3
"""Times ``daily``: how often all together may ask about one document. A guesser with many accounts gets no further,
and needs as many of them to keep its holder out."""
Counted = tuple[bytes, AttemptPolicy]
"""Under what an attempt is counted, and how many there may be."""
Answer = Match | Deceased | Mismatch | NotFound | CardRefused | Unusable | Unavailable


@dataclass(frozen=True, slots=True)
class Claim:
    """Who ``party_id`` says to be."""

    party_id: str
    name: PersonName
    document: Document


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody outside said yes. ``valid_to``: when the document ends, in seconds."""

    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Denied:
    reason: ProofRefusal


@dataclass(frozen=True, slots=True)
class Means:
    """By what a claim is checked: the ``kind`` of evidence it gives, its ``source``, what tries are ``counted`` as.

    ``knows_document``: whether a yes tells when the document ends; one that does not leaves the record of a document
    as it is. ``seconds``: whether a yes completes a face that passed with a new phone.
    """

    kind: str
    source: str
    counted: AttemptKind
    knows_document: bool = True
    seconds: bool = False


class Proving:
    """What a claim may be, and what is written down of it, whoever is asked about it."""

    means: Means

    def __init__(self, database: Database, directory: Directory, waiting: WaitingAccounts) -> None:
        self._database = database
        self._directory = directory
        self._waiting = waiting

    def _objection(self, tx: Transaction, claim: Claim, now: int) -> ProofRefusal | None:
        """Verified data is not edited: an account that was somebody's stays theirs."""
        known = self._directory.person(tx, claim.party_id).identity
        if known is None:
            return None
        if (known.name.key, known.document) != (claim.name.key, claim.document):
            return ProofRefusal.NOT_CONFIRMED
        ended = known.valid_to is not None and known.valid_to <= now
        return ProofRefusal.DOCUMENT_EXPIRED if ended and not self.means.knows_document else None

    def record(
        self, tx: Transaction, claim: Claim, confirmed: Confirmed, *, now: int, check_id: str | None = None
    ) -> Identity | Denied:
        """Write down what was said of ``claim``. On `Denied` nothing was written. ``check_id``: as `add_evidence`."""
        if self._awaits(tx, claim):
            return Denied(ProofRefusal.NOT_CONFIRMED)
        found = self._identify(tx, claim, confirmed, now=now)
        if isinstance(found, Identity):
            add_evidence(
                tx,
                claim.party_id,
                kind=self.means.kind,
                level=CHECKED,
                source=self.means.source,
                expires_at=found.valid_to,
                check_id=check_id,
                now=now,
            )
            if self.means.seconds:
                complete(tx, claim.party_id, now=now)
        return found

    def _awaits(self, tx: Transaction, claim: Claim) -> bool:
        """Whether an account of an older platform waits for the person claimed, who is not known to be here: theirs
        is the face; what can be known of somebody (a name, a number, a card) is not enough.
        """
        waits = self._waiting.find_by_document(tx, claim.document)
        return bool(waits) and self._directory.person(tx, claim.party_id).identity is None

    def _identify(self, tx: Transaction, claim: Claim, confirmed: Confirmed, *, now: int) -> Identity | Denied:
        """The account is its person's from now on, if it was nobody's."""
        found: Identity | Taken | None = None
        if not self.means.knows_document:
            found = self._directory.person(tx, claim.party_id).identity
        if found is None:
            found = self._directory.record_document(
                tx,
                claim.party_id,
                document=claim.document,
                name=claim.name,
                valid_to=confirmed.valid_to,
                source=self.means.source,
                now=now,
            )
        if isinstance(found, Taken):  # another account's; whose, or that it is, is nobody's business here
            return Denied(ProofRefusal.NOT_CONFIRMED)
        return found

    def _tell(
        self,
        tx: Transaction,
        actor: str | None,
        subject: str,
        answer: object,
        outcome: Identity | Confirmed | Denied,
        now: int,
    ) -> None:
        """Leave the audit record of a refusal, with the kind of ``answer`` it rests on, None: nobody was asked."""
        if not isinstance(outcome, Denied):
            return
        record(
            tx,
            Event.IDENTITY_REFUSED,
            actor=actor,
            subject=subject,
            result="refused",
            reason=outcome.reason,
            detail=({"answer": type(answer).__name__.lower()} if answer is not None else {})
            | {"source": self.means.source},
            now=now,
        )


class Check(Proving):
    """What checks have in common that are counted here. ``daily``: unsuccessful ones of an account in a day; see
    `OF_DOCUMENT`.
    """

    def __init__(self, database: Database, directory: Directory, waiting: WaitingAccounts, *, daily: int) -> None:
        super().__init__(database, directory, waiting)
        self._policy = AttemptPolicy(limit=daily, window=86400, lock_steps=(86400,))
        self._of_document = replace(self._policy, limit=daily * OF_DOCUMENT)

    def _check(self, claim: Claim, ask: Callable[[], Answer], *, now: int) -> Identity | Denied:
        """``ask`` and record its yes. May take seconds. Raises `DatabaseUnavailable`."""
        counted = self._counted(account_key(claim.party_id), claim.document)
        with self._database.transaction() as tx:
            refused = self._objection(tx, claim, now)
            attempt = None if refused else self._reserve(tx, counted, now)
        if attempt is None:
            return Denied(refused or ProofRefusal.TRIES_USED_UP)
        answer = ask()
        with self._database.transaction() as tx:
            outcome = self._judge(tx, claim, answer, now)
            self._settle(tx, counted, attempt, outcome, now)
            self._tell(tx, claim.party_id, claim.party_id, answer, outcome, now)
        return outcome

    def _counted(self, who: bytes, document: Document) -> list[Counted]:
        """In the order of the keys, so that of two checks that meet neither waits for the other for ever."""
        about = unknown_key(self._directory.blind(document))
        return sorted([(who, self._policy), (about, self._of_document)], key=lambda one: one[0])

    def _reserve(self, tx: Transaction, counted: Sequence[Counted], now: int) -> Reserved | None:
        """One attempt under each key, or none."""
        kind = self.means.counted
        got = [attempts.reserve(tx, key=key, kind=kind, now=now, policy=policy) for key, policy in counted]
        taken = [(place, one) for place, one in zip(counted, got, strict=True) if isinstance(one, Reserved)]
        if len(taken) == len(counted):
            return taken[0][1]
        for (key, policy), one in taken:
            attempts.settle(tx, key=key, kind=kind, at=one.at, success=True, now=now, policy=policy)
        return None

    def _judge(self, tx: Transaction, claim: Claim, answer: Answer, now: int) -> Identity | Denied:
        """The account may have become somebody's, or have closed, while somebody outside thought."""
        verdict = verdict_of(answer, now)
        if isinstance(verdict, Denied):
            self._awaits(tx, claim)  # whoever was named, it is asked (trust 3)
            return verdict
        if not hold(tx, claim.party_id):
            return Denied(ProofRefusal.NOT_CONFIRMED)
        if refused := self._objection(tx, claim, now):
            return Denied(refused)
        return self.record(tx, claim, verdict, now=now)

    def _settle(
        self,
        tx: Transaction,
        counted: Sequence[Counted],
        attempt: Reserved,
        outcome: Identity | Confirmed | Denied,
        now: int,
    ) -> None:
        """Who did not answer costs the person no attempt."""
        back = not isinstance(outcome, Denied) or outcome.reason is ProofRefusal.REGISTER_UNAVAILABLE
        kind = self.means.counted
        for key, policy in counted:
            attempts.settle(tx, key=key, kind=kind, at=attempt.at, success=back, now=now, policy=policy)


def verdict_of(answer: Answer, now: int) -> Confirmed | Denied:
    if isinstance(answer, Unavailable | Unusable):
        return Denied(ProofRefusal.REGISTER_UNAVAILABLE)
    if not isinstance(answer, Match):
        return Denied(ProofRefusal.NOT_CONFIRMED)
    ends = end_of(answer.valid_to)
    if ends is not None and ends <= now:
        return Denied(ProofRefusal.DOCUMENT_EXPIRED)
    return Confirmed(ends)


def end_of(last_day: date | None) -> int | None:
    """The second at which a document whose last day is ``last_day`` is valid no more: midnight in China.

    None: it has no end. A day in the year 9999 is how machines and forms write that.
    """
    if last_day is None or last_day.year == date.max.year:
        return None
    return int(datetime.combine(last_day + timedelta(days=1), time(), CHINA_TIME).timestamp())


def china_time(now: int) -> datetime:
    """``now`` as clocks in China show it."""
    return datetime.fromtimestamp(now, CHINA_TIME)
