"""Keeping signed texts, and reading them back with everything that was kept beside them.

Always true: what is kept was verified first, the trail tells of it in the same transaction, and nobody changes it
afterwards: closing the account leaves it, sealed, because what was signed still binds.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from idp.audit import Event, record
from idp.crypto import der
from idp.crypto.fields import FieldCipher, FieldUnreadable
from idp.crypto.signed_data import Answer
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.issuers.verifying import Verified
from idp.signatures.rules import Alteration, CanonicalText

_MOST_PATH = 16


class Method(StrEnum):
    """How a text was signed."""

    SIGNED_DATA = "certificate_signed_data"
    BARE = "certificate_signature"


class _Row(NamedTuple):
    id: str
    party_id: str
    purpose: str
    about: str
    method: str
    digest: str
    digest_sm3: str
    issuer: str
    revocation: str
    signed_at: int
    verified_at: int
    text: bytes
    answer: bytes
    path: bytes
    record: bytes


_PLAIN = _Row._fields[:11]
_COLUMNS = ", ".join(_Row._fields)
_KEEP = Statement[Any](
    f"INSERT INTO text_signature ({_COLUMNS}) VALUES ({', '.join(f':{name}' for name in _Row._fields)})"
    " ON CONFLICT (party_id, digest) DO NOTHING"
)
_KEEP_REVOCATION = Statement[Any](
    "INSERT INTO revocation_data (digest, sealed, kept_at) VALUES (:digest, :sealed, :now)"
    " ON CONFLICT (digest) DO NOTHING"
)
_READ = Statement(f"SELECT {_COLUMNS} FROM text_signature WHERE id = :id", _Row)
_REVOCATION = Statement("SELECT sealed FROM revocation_data WHERE digest = :digest", bytes)
_OF_PARTY = Statement("SELECT id FROM text_signature WHERE party_id = :party ORDER BY signed_at, id", str)


@dataclass(frozen=True, slots=True)
class Kept:
    """One signed text in clear. ``revocation``: DER, in the order of the record; ``path``: from root to signer.

    ``record``: what was written beside it, `Verified.named` among it (``person``, ``entity``, ``name``).
    """

    id: str
    party_id: str
    issuer: str
    method: Method
    signed_at: int
    verified_at: int
    content: bytes = field(repr=False)
    answer: Answer = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)
    revocation: tuple[bytes, ...] = field(repr=False)
    record: dict[str, Any] = field(repr=False)


class SignedTexts:
    """May raise `idp.db.DatabaseUnavailable`."""

    def __init__(self, cipher: FieldCipher) -> None:
        self._cipher = cipher

    def keep(
        self, tx: Transaction, *, party_id: str, text: CanonicalText, answer: Answer, verified: Verified, now: int
    ) -> str | None:
        """The id of the evidence; None when the party has signed this very text before.

        The caller had `Verifier.answer` judge ``answer`` over ``text.content`` at ``now``, outside of the
        transaction, and made sure that ``party_id``, a person, may sign by the certificate: theirs, or an entity's
        whose registered holder they are.
        """
        signature_id = new_id("sig")
        plain = _plain(signature_id, party_id, text, answer, verified, now)
        if tx.run(_KEEP, **plain, **self._sealed(signature_id, plain, text, answer, verified)) != 1:
            return None
        for data in verified.revocation:
            self._keep_revocation(tx, data, now)
        detail = {"signature": signature_id, "purpose": text.purpose, "about": text.about, "sha256": text.sha256}
        record(tx, Event.TEXT_SIGNED, actor=party_id, subject=party_id, detail=detail, now=now)
        return signature_id

    def load(self, tx: Transaction, signature_id: str) -> Kept | Alteration | None:
        """What was kept under that id; None: nothing. Whether it still proves anything says `again.verify_again`."""
        row = tx.one(_READ, id=signature_id)
        if row is None:
            return None
        try:
            opened = {name: self._opened(row, name) for name in ("text", "answer", "path", "record")}
        except FieldUnreadable:
            return Alteration.UNREADABLE
        written = orjson.loads(opened["record"])
        if any(written[name] != getattr(row, name) for name in _PLAIN):
            return Alteration.RECORD
        revocation = self._revocation(tx, orjson.loads(row.revocation))
        if revocation is None:
            return Alteration.REVOCATION
        return Kept(
            id=row.id,
            party_id=row.party_id,
            issuer=row.issuer,
            method=Method(row.method),
            signed_at=row.signed_at,
            verified_at=row.verified_at,
            content=opened["text"],
            answer=_read(opened["answer"]),
            path=_certificates(opened["path"]),
            revocation=revocation,
            record=written,
        )

    def of_party(self, tx: Transaction, party_id: str) -> list[str]:
        """The ids of what the party has signed, oldest first."""
        return tx.all(_OF_PARTY, party=party_id)

    def _sealed(
        self, signature_id: str, plain: dict[str, Any], text: CanonicalText, answer: Answer, verified: Verified
    ) -> dict[str, bytes]:
        columns = {
            "text": text.content,
            "answer": _written(answer),
            "path": der.encoded(der.SEQUENCE, *verified.path),
            "record": orjson.dumps(plain | _particulars(verified)),
        }
        return {
            name: self._cipher.seal_bytes(data, context=_place(name, signature_id)) for name, data in columns.items()
        }

    def _keep_revocation(self, tx: Transaction, data: bytes, now: int) -> None:
        digest = _digest(data)
        sealed = self._cipher.seal_bytes(data, context=_shelf(digest))
        tx.run(_KEEP_REVOCATION, digest=digest, sealed=sealed, now=now)

    def _revocation(self, tx: Transaction, digests: Sequence[str]) -> tuple[bytes, ...] | None:
        """None: some of it is gone, or is not what was kept."""
        found = [(digest, tx.one(_REVOCATION, digest=digest)) for digest in digests]
        try:
            return tuple(self._cipher.open_bytes(blob or b"", context=_shelf(digest)) for digest, blob in found)
        except FieldUnreadable:
            return None

    def _opened(self, row: _Row, name: str) -> bytes:
        return self._cipher.open_bytes(getattr(row, name), context=_place(name, row.id))


def _plain(
    signature_id: str, party_id: str, text: CanonicalText, answer: Answer, verified: Verified, now: int
) -> dict[str, Any]:
    """The columns in clear. The record has every one of them as well: who alters one alters a copy only."""
    return {
        "id": signature_id,
        "party_id": party_id,
        "purpose": text.purpose,
        "about": text.about,
        "method": (Method.SIGNED_DATA if answer.signed_data else Method.BARE).value,
        "digest": text.sha256,
        "digest_sm3": text.sm3,
        "issuer": verified.issuer,
        "revocation": orjson.dumps([_digest(data) for data in verified.revocation]).decode(),
        "signed_at": now,
        "verified_at": now,
    }


def _particulars(verified: Verified) -> dict[str, Any]:
    named = verified.named
    return {
        "fingerprint": verified.certificate.fingerprint,
        "person": named.person.value if named.person else None,
        "entity": named.entity.value if named.entity else None,
        "name": named.name,
        "key_protection": verified.key_protection.value,
    }


def _certificates(path: bytes) -> tuple[bytes, ...]:
    return tuple(one.whole for one in der.only(path, der.SEQUENCE).parts.all(most=_MOST_PATH))


def _written(answer: Answer) -> bytes:
    fields = ("signed_data", "signature", "certificate")
    return orjson.dumps({name: base64.b64encode(getattr(answer, name)).decode() for name in fields})


def _read(written: bytes) -> Answer:
    return Answer(**{name: base64.b64decode(value) for name, value in orjson.loads(written).items()})


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _place(column: str, signature_id: str) -> str:
    return f"text_signature.{column}:{signature_id}"


def _shelf(digest: str) -> str:
    return f"revocation_data.sealed:{digest}"
