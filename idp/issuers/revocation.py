"""Revocation lists: read, judged against the issuer that should have signed them, and stored.

Always true: nothing is stored whose signature was not verified, and no list is replaced by an older one.

Clauses: RFC 5280 5 (profile of the list), 6.3 (which of them count).
"""

import hashlib
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.crypto.certificates import Crl, Refused, read_crl, verify_crl
from idp.crypto.sm2 import Sm2Unavailable, Sm2Verifier
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.issuers.actions import VERSION, find
from idp.issuers.rules import Issuer, ListFault, RevocationFacts
from idp.state.versions import bump

UPLOAD = "upload"
"""In place of the id of an address."""
_NUMBER = 40
"""Hexadecimal digits of 20 octets (RFC 5280 5.2.3)."""
_TAKE = Statement(
    "INSERT INTO revocation_list (id, issuer_id, scope, number, this_update, next_update, entries, fingerprint, der,"
    " taken_at) VALUES (:id, :issuer, :scope, :number, :this_update, :next_update, :entries, :fingerprint, :der,"
    " :now) ON CONFLICT (issuer_id, scope) DO UPDATE SET number = excluded.number,"
    " this_update = excluded.this_update, next_update = excluded.next_update, entries = excluded.entries,"
    " fingerprint = excluded.fingerprint, der = excluded.der, taken_at = excluded.taken_at"
    " WHERE excluded.this_update >= revocation_list.this_update AND (excluded.number = ''"
    " OR revocation_list.number = '' OR excluded.number >= revocation_list.number)"
    " AND excluded.fingerprint <> revocation_list.fingerprint RETURNING id",
    str,
)
_PURGE = Statement[Any](
    "DELETE FROM revocation_list WHERE next_update < :before"
    " AND NOT EXISTS (SELECT 1 FROM revocation_source s WHERE s.list_id = revocation_list.id)"
)
_SAME = Statement(
    "SELECT id FROM revocation_list WHERE issuer_id = :issuer AND scope = :scope AND fingerprint = :fingerprint", str
)


@dataclass(frozen=True, slots=True)
class JudgedList:
    """A list its issuer has signed. ``der``: without whatever it came wrapped in."""

    facts: RevocationFacts
    der: bytes = field(repr=False)


class Taken(NamedTuple):
    """``changed``: False for a list that is held already."""

    id: str
    changed: bool


def judge(data: bytes, issuer: Issuer, *, sm2: Sm2Verifier, most: int, now: int) -> JudgedList | ListFault:
    """DER or PEM of a list of ``issuer``. Takes as long as its size asks: no transaction may be open."""
    if len(data) > most:
        return ListFault.TOO_LARGE
    crl = read_crl(data)
    if isinstance(crl, Refused) or not 0 <= (crl.number or 0) < 1 << 4 * _NUMBER:
        return ListFault.MALFORMED
    if crl.is_indirect:
        return ListFault.KIND
    try:
        signed = any(verify_crl(crl, one.der, sm2=sm2) for one in issuer.certificates)
    except Sm2Unavailable:
        return ListFault.UNVERIFIED
    if not signed:
        return ListFault.FORGED
    return ListFault.FUTURE if crl.this_update > now else JudgedList(_facts(crl), crl.der)


def _facts(crl: Crl) -> RevocationFacts:
    return RevocationFacts(
        scope=_scope(crl),
        number="" if crl.number is None else f"{crl.number:0{_NUMBER}x}",
        this_update=crl.this_update,
        next_update=crl.next_update,
        entries=crl.entries,
        fingerprint=hashlib.sha256(crl.der).hexdigest(),
    )


def _scope(crl: Crl) -> str:
    """A delta adds to a complete list and never takes its place."""
    seen = hashlib.sha256(b"complete" if crl.base is None else b"delta")
    for part in (crl.issuer_name.encode(), *crl.scope):
        seen.update(len(part).to_bytes(4, "big") + part)
    return seen.hexdigest()


def take(
    tx: Transaction, issuer_id: str, judged: JudgedList, *, source: str, actor: str | None, now: int
) -> Taken | ListFault:
    """Store a judged list unless a newer one is held. ``source``: the id of the address, or `UPLOAD`."""
    facts = judged.facts
    key = tx.one(_TAKE, id=new_id("crl"), issuer=issuer_id, **facts._asdict(), der=judged.der, now=now)
    if key is None:
        same = tx.one(_SAME, issuer=issuer_id, scope=facts.scope, fingerprint=facts.fingerprint)
        return Taken(same, changed=False) if same else ListFault.OLDER
    detail: Detail = {"list": key, "source": source, "this_update": facts.this_update, "entries": facts.entries}
    record(tx, Event.REVOCATION_LIST_TAKEN, actor=actor, subject=issuer_id, detail=detail, now=now)
    bump(tx, VERSION)
    return Taken(key, changed=True)


def note_refused(
    tx: Transaction, issuer_id: str, fault: ListFault, *, source: str, actor: str | None, now: int
) -> None:
    record(
        tx,
        Event.REVOCATION_LIST_REFUSED,
        actor=actor,
        subject=issuer_id,
        result="refused",
        reason=fault,
        detail={"source": source},
        now=now,
    )


def purge(tx: Transaction, *, before: int) -> None:
    """Forget lists that ended before ``before`` and that no address gives any more, as after a change of keys."""
    if tx.run(_PURGE, before=before):
        bump(tx, VERSION)


class ListIntake:
    """Lists that are brought by hand, for authorities nobody can reach from here."""

    def __init__(self, database: Database, sm2: Sm2Verifier, *, most: int) -> None:
        self._database = database
        self._sm2 = sm2
        self.most = most

    def bring(self, issuer_id: str, data: bytes, *, actor: str | None, now: int) -> Taken | ListFault | None:
        """Judge and store a list; a refusal is recorded. None: no such issuer. No transaction may be open."""
        with self._database.autocommit() as tx:
            issuer = find(tx, issuer_id)
        if issuer is None:
            return None
        judged = judge(data, issuer, sm2=self._sm2, most=self.most, now=now)
        done: Taken | ListFault
        with self._database.transaction() as tx:
            if isinstance(judged, JudgedList):
                done = take(tx, issuer_id, judged, source=UPLOAD, actor=actor, now=now)
            else:
                done = judged
            if isinstance(done, ListFault):
                note_refused(tx, issuer_id, done, source=UPLOAD, actor=actor, now=now)
        return done
