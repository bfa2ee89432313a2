"""Proofing at a counter: the person's one-time number, the clerks, and writing down whom a clerk has seen.

Always true: a number is good once, for ten minutes, and no account is found by anything else; who is a clerk proves
nobody but others; what is recorded, the number's end, audit and word to the person stand in one transaction.
"""

import hashlib
import secrets
from typing import Any

from idp.accounts.actions import Taken
from idp.accounts.parties import hold
from idp.accounts.telling import tell
from idp.audit import Event, record
from idp.capabilities.proofing import (
    NUMBER_DIGITS,
    NUMBER_LIFETIME,
    WRONG_NUMBERS,
    Seen,
)
from idp.capabilities.rules import Refused, Wait
from idp.clients import permits
from idp.clients.capabilities import Permit
from idp.clients.rules import Client
from idp.credentials import attempts
from idp.credentials.attempts import account_key
from idp.credentials.rules import AttemptKind, Locked, Reserved
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.proofing.checking import end_of
from idp.proofing.joining import Joining
from idp.proofing.second import complete

KIND = "counter"
_ATTEMPT = AttemptKind.COUNTER_NUMBER
_DRAWS = 3
"""Numbers drawn before it is a fault: that even one is somebody's already is as good as impossible."""
_FORGET = Statement[Any]("DELETE FROM counter_number WHERE party_id = :party")
_SHOW = Statement[Any](
    "INSERT INTO counter_number (party_id, blind, expires_at) VALUES (:party, :blind, :expires_at)"
    " ON CONFLICT (blind) DO NOTHING"
)
_WHOSE = Statement("SELECT party_id FROM counter_number WHERE blind IN (:a, :b) AND expires_at > :now", str)
_TAKE = Statement("DELETE FROM counter_number WHERE blind IN (:a, :b) AND expires_at > :now RETURNING party_id", str)
_PURGE = Statement[Any]("DELETE FROM counter_number WHERE expires_at <= :now")
_OF_SUB = Statement("SELECT party_id FROM pairwise_subject WHERE sector = :sector AND sub = :sub", str)
_ADD_CLERK = Statement[Any](
    "INSERT INTO counter_clerk (client_id, party_id, added_at) VALUES (:client, :party, :now) ON CONFLICT DO NOTHING"
)
_REMOVE_CLERK = Statement[Any]("DELETE FROM counter_clerk WHERE client_id = :client AND party_id = :party")
_IS_CLERK = Statement("SELECT 1 FROM counter_clerk WHERE client_id = :client AND party_id = :party", int)
_CLERKS = Statement(
    "SELECT s.sub FROM counter_clerk c JOIN pairwise_subject s ON s.party_id = c.party_id AND s.sector = :sector"
    " WHERE c.client_id = :client ORDER BY s.sub",
    str,
)
_KNOWN = Statement("SELECT 1 FROM counter_proofing WHERE client_id = :client AND reference = :reference", int)
_RECORD = Statement[Any](
    "INSERT INTO counter_proofing (id, client_id, clerk_id, party_id, means, reference, created_at)"
    " VALUES (:id, :client, :clerk, :party, :means, :reference, :now) ON CONFLICT (client_id, reference) DO NOTHING"
)
_UNRECORD = Statement[Any]("DELETE FROM counter_proofing WHERE id = :id")


class Counter:
    """What a person and a clerk do at a counter. ``record`` opens transactions of its own."""

    def __init__(self, database: Database, joining: Joining) -> None:
        self._database = database
        self._joining = joining
        self._directory = joining.directory

    def show_number(self, tx: Transaction, party_id: str, *, now: int) -> str:
        """A new number for the person to show; the one before is no longer good."""
        hold(tx, party_id)  # of two at once the later one replaces what the earlier one wrote
        tx.run(_FORGET, party=party_id)
        for _ in range(_DRAWS):
            number = f"{secrets.randbelow(10**NUMBER_DIGITS):0{NUMBER_DIGITS}}"
            blind = self._directory.blind_text(_number(number))
            if tx.run(_SHOW, party=party_id, blind=blind, expires_at=now + NUMBER_LIFETIME) == 1:
                return number
        raise RuntimeError("every number drawn is somebody's already")

    def record(self, permit: Permit, clerk_id: str, seen: Seen, *, now: int) -> str | Refused | Wait:
        """Write down whom the clerk has seen: the proof's id."""
        key = account_key(clerk_id)
        with self._database.transaction() as tx:
            if self._is_recorded(tx, permit.client_id, seen.reference):
                return Refused.REFERENCE
            got = attempts.reserve(tx, key=key, kind=_ATTEMPT, now=now, policy=WRONG_NUMBERS)
        if not isinstance(got, Reserved):
            return Wait(Refused.TOO_MANY, max(1, got.until - now) if isinstance(got, Locked) else 1)
        with self._database.transaction() as tx:
            outcome = self._record(tx, permit, clerk_id, seen, now=now)
            right = outcome is not Refused.NUMBER
            attempts.settle(tx, key=key, kind=_ATTEMPT, at=got.at, success=right, now=now, policy=WRONG_NUMBERS)
        return outcome

    def _record(
        self, tx: Transaction, permit: Permit, clerk_id: str, seen: Seen, *, now: int
    ) -> str | Refused | Wait:
        blinds = self._directory.blinds_of_text(_number(seen.number))
        a, b = blinds[0], blinds[-1]
        party = tx.one(_WHOSE, a=a, b=b, now=now)
        held = party is not None and hold(tx, party)  # before the number, as where it is shown: no deadlock
        taken = tx.one(_TAKE, a=a, b=b, now=now)
        if party is None or not held or taken != party or party == clerk_id:
            return self._refused(tx, permit, clerk_id, None, Refused.NUMBER, now=now)
        wait = permits.spend(tx, permit, now=now)
        if wait is not None:
            return Wait(Refused.QUOTA_USED_UP, wait)
        ends = end_of(seen.valid_to)
        if ends is not None and ends <= now:
            return self._refused(tx, permit, clerk_id, party, Refused.DOCUMENT_EXPIRED, now=now)
        proof = new_id("cpf")
        reference = _reference(permit.client_id, seen.reference)
        facts = {"client": permit.client_id, "clerk": clerk_id, "party": party, "means": seen.means}
        if tx.run(_RECORD, id=proof, reference=reference, now=now, **facts) != 1:
            return self._refused(tx, permit, clerk_id, party, Refused.REFERENCE, now=now)
        if not self._write(tx, permit.client_id, party, seen, ends, now=now):
            tx.run(_UNRECORD, id=proof)
            return self._refused(tx, permit, clerk_id, party, Refused.CONFLICT, now=now)
        permits.meter(tx, permit.client_id, permit.terms.capability, "passed", now=now)
        detail = {"proof": proof, "means": seen.means.value, "permit": permit.id}
        who = {"actor": clerk_id, "subject": party, "client": permit.client_id}
        record(tx, Event.COUNTER_PROOFED, detail=detail, now=now, **who)
        tell(tx, self._directory, party, "counter_proofed", now=now)
        return proof

    def _write(self, tx: Transaction, client_id: str, party: str, seen: Seen, ends: int | None, *, now: int) -> bool:
        """Document and evidence; False, and nothing is written, when the account or the document is another's."""
        known = self._directory.person(tx, party).identity
        if known and not known.is_of(seen.name, seen.document):
            return False  # verified data is not edited: an account that was somebody's stays theirs
        found = self._directory.record_document(
            tx, party, document=seen.document, name=seen.name, valid_to=ends, source=client_id, now=now
        )
        if isinstance(found, Taken):
            return False
        self._joining.prove(
            tx,
            party,
            name=seen.name,
            document=seen.document,
            kind=KIND,
            source=client_id,
            expires_at=ends,
            now=now,
            by_people=True,
        )
        complete(tx, party, now=now)
        return True

    def _is_recorded(self, tx: Transaction, client_id: str, reference: str) -> bool:
        return tx.one(_KNOWN, client=client_id, reference=_reference(client_id, reference)) is not None

    def _refused(
        self,
        tx: Transaction,
        permit: Permit,
        clerk_id: str,
        party: str | None,
        why: Refused,
        *,
        now: int,
    ) -> Refused:
        """The number is used up all the same: whoever tries it again needs a new one from its person."""
        permits.meter(tx, permit.client_id, permit.terms.capability, "not_passed", now=now)
        record(
            tx,
            Event.COUNTER_REFUSED,
            actor=clerk_id,
            subject=party,
            client=permit.client_id,
            result="refused",
            reason=why,
            detail={"permit": permit.id},
            now=now,
        )
        return why


def is_clerk(tx: Transaction, client_id: str, party_id: str) -> bool:
    return tx.one(_IS_CLERK, client=client_id, party=party_id) is not None


def clerks(tx: Transaction, client: Client) -> list[str]:
    """Who they are to this client."""
    return tx.all(_CLERKS, client=client.client_id, sector=client.sector)


def add_clerk(tx: Transaction, client: Client, sub: str, *, now: int) -> bool:
    """Let the person whom the client knows as ``sub`` record proofs for it; False when it knows nobody so."""
    party = tx.one(_OF_SUB, sector=client.sector, sub=sub)
    if party is None:
        return False
    if tx.run(_ADD_CLERK, client=client.client_id, party=party, now=now):
        record(tx, Event.CLERK_ADDED, client=client.client_id, subject=party, now=now)
    return True


def remove_clerk(tx: Transaction, client: Client, sub: str, *, now: int) -> bool:
    party = tx.one(_OF_SUB, sector=client.sector, sub=sub)
    if party is None or not tx.run(_REMOVE_CLERK, client=client.client_id, party=party):
        return False
    record(tx, Event.CLERK_REMOVED, client=client.client_id, subject=party, now=now)
    return True


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Nobody shows the number of an account that closes: as `Eraser`."""
    del now
    tx.run(_FORGET, party=party_id)


def purge(tx: Transaction, *, now: int) -> None:
    tx.run(_PURGE, now=now)


def _number(text: str) -> str:
    return f"counter-number:{text}"


def _reference(client_id: str, text: str) -> bytes:
    """The counter's own name for it tells of nobody: no key, and nothing that a rotation would change."""
    return hashlib.sha256(f"{client_id}\n{text}".encode()).digest()
