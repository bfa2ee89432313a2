"""Revocation lists: read, judged against the issuer that should have signed them, and stored.

Always true: nothing is stored whose signature was not verified, and no list is replaced by an older one.

Clauses: RFC 5280 5 (profile of the list), 6.3 (which of them count).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.issuers.actions import VERSION, find
from idp.issuers.rules import Issuer, ListFault, RevocationFacts
from idp.state.versions import bump

VerifyList = Callable[[bytes, Sequence[bytes]], bool]
"""Whether one of these certificates (DER) has signed the list (DER), and may sign lists (RFC 5280 4.2.1.3)."""
UPLOAD = "upload"
"""In place of the id of an address."""
_PEM = b"-----BEGIN X509 CRL-----"
_BROKEN = (ValueError, TypeError, OverflowError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
"""What pyca raises, now or at the first use of a part, for a list that is none."""
_OF_SCOPE = (x509.AuthorityKeyIdentifier, x509.IssuingDistributionPoint)
_NUMBER = 40
"""Hexadecimal digits of 20 octets (RFC 5280 5.2.3)."""
_TAKE = Statement(
    "INSERT INTO revocation_list (id, issuer_id, scope, number, this_update, next_update, entries, fingerprint, der,"
    " taken_at) VALUES (:id, :issuer, :scope, :number, :this_update, :next_update, :entries, :fingerprint, :der,"
    " :now) ON CONFLICT (issuer_id, scope) DO UPDATE SET number = excluded.number,"
    " this_update = excluded.this_update, next_update = excluded.next_update, entries = excluded.entries, fingerprint = excluded.fingerprint,"
    " der = excluded.der, taken_at = excluded.taken_at"
    " WHERE excluded.this_update >= revocation_list.this_update AND (excluded.number = ''"
    " OR revocation_list.number = '' OR excluded.number >= revocation_list.number)"
    " AND excluded.fingerprint <> revocation_list.fingerprint RETURNING id",
    str,
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


def judge(data: bytes, issuer: Issuer, *, verify: VerifyList, most: int, now: int) -> JudgedList | ListFault:
    """DER or PEM of a list of ``issuer``. Takes as long as its size asks: no transaction may be open."""
    if len(data) > most:
        return ListFault.TOO_LARGE
    try:
        found = x509.load_pem_x509_crl(data) if _PEM in data[:4096] else x509.load_der_x509_crl(data)
        facts = _facts(found)
    except _BROKEN:
        return ListFault.MALFORMED
    if isinstance(facts, ListFault):
        return facts
    der = _der(found)
    if not verify(der, [one.der for one in issuer.certificates]):
        return ListFault.FORGED
    return ListFault.FUTURE if facts.this_update > now else JudgedList(facts, der)


def _der(found: x509.CertificateRevocationList) -> bytes:
    return found.public_bytes(Encoding.DER)


def _facts(found: x509.CertificateRevocationList) -> RevocationFacts | ListFault:
    if found.next_update_utc is None:  # RFC 5280 5.1.2.5
        return ListFault.MALFORMED
    if any(_is_beyond(one) for one in found.extensions):
        return ListFault.KIND
    number = _number(found)
    if number is None:
        return ListFault.MALFORMED
    spoken_for = [one.value.public_bytes() for one in found.extensions if isinstance(one.value, _OF_SCOPE)]
    return RevocationFacts(
        scope=_scope([found.issuer.public_bytes(), *spoken_for]),
        number=number,
        this_update=int(found.last_update_utc.timestamp()),
        next_update=int(found.next_update_utc.timestamp()),
        entries=len(found),
        fingerprint=hashlib.sha256(_der(found)).hexdigest(),
    )


def _is_beyond(one: x509.Extension[x509.ExtensionType]) -> bool:
    """Whether it makes of the list something that is not understood here."""
    if isinstance(one.value, x509.IssuingDistributionPoint):
        return one.value.indirect_crl
    understood = isinstance(one.value, x509.CRLNumber | x509.AuthorityKeyIdentifier)
    return isinstance(one.value, x509.DeltaCRLIndicator) or (one.critical and not understood)


def _number(found: x509.CertificateRevocationList) -> str | None:
    """Empty for a list without a number, None for a number that may not be."""
    number = next((one.value.crl_number for one in found.extensions if isinstance(one.value, x509.CRLNumber)), None)
    if number is None:
        return ""
    return f"{number:0{_NUMBER}x}" if 0 <= number < 1 << 4 * _NUMBER else None


def _scope(parts: Iterable[bytes]) -> str:
    seen = hashlib.sha256()
    for part in parts:
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


class ListIntake:
    """Lists that are brought by hand, for authorities nobody can reach from here."""

    def __init__(self, database: Database, verify: VerifyList, *, most: int) -> None:
        self._database = database
        self.verify = verify
        self.most = most

    def bring(self, issuer_id: str, data: bytes, *, actor: str | None, now: int) -> Taken | ListFault | None:
        """Judge and store a list; a refusal is recorded. None: no such issuer. No transaction may be open."""
        with self._database.autocommit() as tx:
            issuer = find(tx, issuer_id)
        if issuer is None:
            return None
        judged = judge(data, issuer, verify=self.verify, most=self.most, now=now)
        done: Taken | ListFault
        with self._database.transaction() as tx:
            if isinstance(judged, JudgedList):
                done = take(tx, issuer_id, judged, source=UPLOAD, actor=actor, now=now)
            else:
                done = judged
            if isinstance(done, ListFault):
                note_refused(tx, issuer_id, done, source=UPLOAD, actor=actor, now=now)
        return done
