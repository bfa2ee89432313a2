"""The check of name and number against the population register: how an account becomes somebody's own.

Always true: only a clear yes of the register records anything, every question was counted before it was asked, and
no transaction is open while the register thinks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from idp.accounts.actions import Directory, Identity, Taken, hold
from idp.accounts.documents import Document
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile
from idp.audit import Event, record
from idp.credentials import attempts
from idp.credentials.attempts import account_key, unknown_key
from idp.credentials.rules import AttemptKind, AttemptPolicy, Reserved
from idp.crypto.tokens import new_id
from idp.db import Database, Transaction
from idp.proofing.actions import add_evidence
from idp.proofing.ports import (
    Deceased,
    Match,
    Mismatch,
    NameNumberQuestion,
    NotFound,
    PopulationRegister,
    Unavailable,
    Unusable,
)
from idp.proofing.rules import NAME_AND_NUMBER, ProofRefusal
from idp.web.locale import CHINA_TIME

SOURCE = "population-register"
_KIND = AttemptKind.NAME_CHECK
Answer = Match | Deceased | Mismatch | NotFound | Unusable | Unavailable


@dataclass(frozen=True, slots=True)
class Claim:
    """Who ``party_id`` says to be."""

    party_id: str
    name: PersonName
    document: Document


@dataclass(frozen=True, slots=True)
class Stranger:
    """Who somebody without an account says to be. ``phone`` is proved theirs; ``journey`` is what the audit names."""

    name: PersonName
    document: Document
    phone: Mobile
    journey: str


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The register said yes. ``valid_to``: when the document ends, in seconds."""

    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Denied:
    reason: ProofRefusal


class NameCheck:
    """What somebody does to have name and number checked. ``daily``: unsuccessful checks of an account in a day."""

    def __init__(self, database: Database, directory: Directory, register: PopulationRegister, *, daily: int) -> None:
        self._database = database
        self._directory = directory
        self._register = register
        self._policy = AttemptPolicy(limit=daily, window=86400, lock_steps=(86400,))

    def check(self, claim: Claim, *, now: int) -> Identity | Denied:
        """Ask the register and record its yes. May take seconds. Raises `DatabaseUnavailable`."""
        with self._database.transaction() as tx:
            refused = self._objection(tx, claim)
            attempt = None if refused else self._reserve(tx, claim, now)
        if attempt is None:
            return Denied(refused or ProofRefusal.TRIES_USED_UP)
        answer = self._ask(claim)
        with self._database.transaction() as tx:
            outcome = self._judge(tx, claim, answer, now)
            self._settle(tx, account_key(claim.party_id), attempt, outcome, now)
            _tell(tx, claim.party_id, claim.party_id, answer, outcome, now)
        return outcome

    def _objection(self, tx: Transaction, claim: Claim) -> ProofRefusal | None:
        """Verified data is not edited: an account that was somebody's stays theirs."""
        known = self._directory.person(tx, claim.party_id).identity
        if known is None or (known.name.key, known.document) == (claim.name.key, claim.document):
            return None
        return ProofRefusal.NOT_CONFIRMED

    def _reserve(self, tx: Transaction, claim: Claim, now: int) -> Reserved | None:
        key = account_key(claim.party_id)
        outcome = attempts.reserve(tx, key=key, kind=_KIND, now=now, policy=self._policy)
        return outcome if isinstance(outcome, Reserved) else None

    def check_stranger(self, claim: Stranger, *, now: int) -> Confirmed | Denied:
        """Ask the register before there is an account. May take seconds. Raises `DatabaseUnavailable`.

        Counted on the document and on the phone. A document that some account has is `NOT_CONFIRMED` as one that the
        register does not confirm, after the same statements (trust 3).
        """
        keys = sorted(unknown_key(self._directory.blind(one)) for one in (claim.document, claim.phone))
        with self._database.transaction() as tx:
            attempt = self._reserve_all(tx, keys, now)
        if attempt is None:
            return Denied(ProofRefusal.TRIES_USED_UP)
        answer = self._ask(claim)
        with self._database.transaction() as tx:
            outcome = _verdict(answer, now)
            if self._directory.is_held(tx, claim.document) and isinstance(outcome, Confirmed):
                outcome = Denied(ProofRefusal.NOT_CONFIRMED)
            for key in keys:
                self._settle(tx, key, attempt, outcome, now)
            _tell(tx, None, claim.journey, answer, outcome, now)
        return outcome

    def _reserve_all(self, tx: Transaction, keys: Sequence[bytes], now: int) -> Reserved | None:
        got = [attempts.reserve(tx, key=key, kind=_KIND, now=now, policy=self._policy) for key in keys]
        taken = [(key, one) for key, one in zip(keys, got, strict=True) if isinstance(one, Reserved)]
        if len(taken) == len(keys):
            return taken[0][1]
        for key, one in taken:
            attempts.settle(tx, key=key, kind=_KIND, at=one.at, success=True, now=now, policy=self._policy)
        return None

    def record(self, tx: Transaction, claim: Claim, confirmed: Confirmed, *, now: int) -> Identity | Denied:
        """Write down what the register said of ``claim``. On `Denied` nothing was written."""
        ends = confirmed.valid_to
        found = self._directory.record_document(
            tx, claim.party_id, document=claim.document, name=claim.name, valid_to=ends, source=SOURCE, now=now
        )
        if isinstance(found, Taken):  # another account's; whose, or that it is, is nobody's business here
            return Denied(ProofRefusal.NOT_CONFIRMED)
        add_evidence(tx, claim.party_id, kind=NAME_AND_NUMBER, level=2, source=SOURCE, expires_at=ends, now=now)
        return found

    def _ask(self, claim: Claim | Stranger) -> Answer:
        return self._register.check(
            NameNumberQuestion(
                name=claim.name.value,
                document_type=claim.document.type,
                number=claim.document.value,
                reference=new_id("chk"),
            )
        )

    def _judge(self, tx: Transaction, claim: Claim, answer: Answer, now: int) -> Identity | Denied:
        """The account may have become somebody's, or have closed, while the register thought."""
        verdict = _verdict(answer, now)
        if isinstance(verdict, Denied):
            return verdict
        if not hold(tx, claim.party_id) or self._objection(tx, claim):
            return Denied(ProofRefusal.NOT_CONFIRMED)
        return self.record(tx, claim, verdict, now=now)

    def _settle(
        self, tx: Transaction, key: bytes, attempt: Reserved, outcome: Identity | Confirmed | Denied, now: int
    ) -> None:
        """A register that did not answer costs the person no attempt."""
        back = not isinstance(outcome, Denied) or outcome.reason is ProofRefusal.REGISTER_UNAVAILABLE
        attempts.settle(tx, key=key, kind=_KIND, at=attempt.at, success=back, now=now, policy=self._policy)


def _verdict(answer: Answer, now: int) -> Confirmed | Denied:
    if isinstance(answer, Unavailable | Unusable):
        return Denied(ProofRefusal.REGISTER_UNAVAILABLE)
    if not isinstance(answer, Match):
        return Denied(ProofRefusal.NOT_CONFIRMED)
    ends = end_of(answer.valid_to) if answer.valid_to else None
    if ends is not None and ends <= now:
        return Denied(ProofRefusal.DOCUMENT_EXPIRED)
    return Confirmed(ends)


def _tell(
    tx: Transaction,
    actor: str | None,
    subject: str,
    answer: Answer,
    outcome: Identity | Confirmed | Denied,
    now: int,
) -> None:
    """Leave the audit record of a refusal."""
    if not isinstance(outcome, Denied):
        return
    detail = {"answer": type(answer).__name__.lower(), "source": SOURCE}
    record(
        tx,
        Event.IDENTITY_REFUSED,
        actor=actor,
        subject=subject,
        result="refused",
        reason=outcome.reason,
        detail=detail,
        now=now,
    )


def end_of(last_day: date) -> int:
    """The second at which a document whose last day is ``last_day`` is valid no more: midnight in China."""
    return int(datetime.combine(last_day + timedelta(days=1), time(), CHINA_TIME).timestamp())


def china_time(now: int) -> datetime:
    """``now`` as clocks in China show it."""
    return datetime.fromtimestamp(now, CHINA_TIME)
