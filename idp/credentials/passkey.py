"""Passkeys: discoverable credentials (Web Authentication 3) a person signs in with, without typing an identifier.

Always true: a challenge is answered once, in the browser and for the purpose and person it was made for, and a
signature counter that does not grow is refused.

Failures are not counted: a signature cannot be guessed, and a lock could be put on by whoever has seen an identifier.
"""

import base64
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from idp.credentials.relying_party import CHALLENGE_LIFETIME, Assertion, Ceremony, RelyingParty
from idp.credentials.rules import Refusal
from idp.crypto.fields import FieldCipher
from idp.crypto.tokens import new_id, random_token, same
from idp.db import Statement, Transaction
from idp.state.store import Store

MOST = 20
"""Passkeys of one person."""
_NS = "passkey"


class Purpose(StrEnum):
    REGISTER = "register"
    SIGN_IN = "signin"
    CONFIRM = "confirm"
    ENTITY_SIGN_IN = "entity-signin"


class _Row(NamedTuple):
    id: str
    name: bytes
    created_at: int
    last_used_at: int | None


class _Credential(NamedTuple):
    id: str
    party_id: str
    public_key: bytes
    handle: bytes


_MAKE_HANDLE = Statement[int](
    "INSERT INTO passkey_user (party_id, handle) VALUES (:party, :handle) ON CONFLICT (party_id) DO NOTHING", int
)
_HANDLE = Statement("SELECT handle FROM passkey_user WHERE party_id = :party", bytes)
_IDS = Statement("SELECT credential_id FROM passkey WHERE party_id = :party ORDER BY created_at", bytes)
_ADD = Statement[int](
    "INSERT INTO passkey (id, party_id, credential_id, public_key, sign_count, name, created_at)"
    " VALUES (:id, :party, :credential, :public_key, :sign_count, :name, :now)"
    " ON CONFLICT (credential_id) DO NOTHING",
    int,
)
_FIND = Statement(
    "SELECT k.id, k.party_id, k.public_key, u.handle FROM passkey k JOIN passkey_user u ON u.party_id = k.party_id"
    " JOIN party p ON p.id = k.party_id WHERE k.credential_id = :credential AND p.status = 'active'",
    _Credential,
)
_USE = Statement[int](
    "UPDATE passkey SET sign_count = :count, last_used_at = :now"
    " WHERE id = :id AND (sign_count < :count OR (sign_count = 0 AND :count = 0))",
    int,
)
_OF_PARTY = Statement(
    "SELECT id, name, created_at, last_used_at FROM passkey WHERE party_id = :party ORDER BY created_at, id", _Row
)
_RENAME = Statement[int]("UPDATE passkey SET name = :name WHERE id = :id AND party_id = :party", int)
_REMOVE = Statement[int]("DELETE FROM passkey WHERE id = :id AND party_id = :party", int)


@dataclass(frozen=True, slots=True)
class Asked:
    """``options``: JSON for the browser's own call; ``key`` comes back with its answer."""

    key: str
    options: str


@dataclass(frozen=True, slots=True)
class Passkey:
    id: str
    name: str = field(repr=False)
    created_at: int
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Proved:
    """An authenticator has verified its user, who is ``party_id``."""

    party_id: str
    passkey_id: str


@dataclass(frozen=True, slots=True)
class Denied:
    reason: Refusal
    party_id: str | None = None
    """Whose passkey it was, where that is certain."""


class Passkeys:
    """Register and verify. ``browser``: a digest of the browser's name.

    Methods may raise `idp.state.store.StateUnavailable` and `idp.db.DatabaseUnavailable`.
    """

    def __init__(self, store: Store, cipher: FieldCipher, relying_party: RelyingParty) -> None:
        self._store = store
        self._cipher = cipher
        self._rp = relying_party

    def registration(self, tx: Transaction, *, party_id: str, label: str) -> Ceremony:
        """What the browser is asked to make a passkey by. ``label``: the account as the authenticator shows it."""
        tx.run(_MAKE_HANDLE, party=party_id, handle=random_token().encode())
        handle = tx.one(_HANDLE, party=party_id) or b""
        return self._rp.ask_registration(handle=bytes(handle), label=label, known=tx.all(_IDS, party=party_id))

    def anybody(self) -> Ceremony:
        """What a browser is asked to find out by who is there: any passkey of anybody will do."""
        return self._rp.ask()

    def this_person(self, tx: Transaction, *, party_id: str) -> Ceremony:
        """What the browser is asked to find out by whether it is still this person."""
        return self._rp.ask(allowed=[bytes(found) for found in tx.all(_IDS, party=party_id)])

    def hold(self, ceremony: Ceremony, purpose: Purpose, *, browser: str, party_id: str | None = None) -> Asked:
        """Remember the challenge until it is answered; no transaction need be open."""
        key, challenge = random_token(), base64.b64encode(ceremony.challenge).decode()
        held = {"purpose": purpose.value, "browser": browser, "party": party_id, "challenge": challenge}
        self._store.put(_NS, key, held, CHALLENGE_LIFETIME)
        return Asked(key, ceremony.options)

    def redeem(self, key: str, purpose: Purpose, *, browser: str, party_id: str | None = None) -> bytes | None:
        """The challenge, used up; None when there is none for this browser, purpose and person."""
        held = self._store.get(_NS, key)
        if held is None or held["purpose"] != purpose.value or not same(held["browser"], browser):
            return None
        if held["party"] != party_id or self._store.take(_NS, key) != held:
            return None
        return base64.b64decode(held["challenge"])

    def register(
        self, tx: Transaction, challenge: bytes | None, *, party_id: str, response: str, name: str, now: int
    ) -> Passkey | Denied:
        """Keep the credential that answers ``challenge`` (`redeem`)."""
        if challenge is None:
            return Denied(Refusal.PASSKEY_EXPIRED, party_id)
        registered = self._rp.registered(response, challenge)
        if registered is None:
            return Denied(Refusal.PASSKEY_REFUSED, party_id)
        if len(tx.all(_IDS, party=party_id)) >= MOST:
            return Denied(Refusal.PASSKEY_TOO_MANY, party_id)
        made = Passkey(new_id("pky"), name, now, None)
        added = tx.run(
            _ADD,
            id=made.id,
            party=party_id,
            credential=registered.credential_id,
            public_key=registered.public_key,
            sign_count=registered.sign_count,
            name=self._cipher.seal(name, context=_context(made.id)),
            now=now,
        )
        return made if added == 1 else Denied(Refusal.PASSKEY_KNOWN, party_id)

    def answer(
        self, tx: Transaction, challenge: bytes | None, *, response: str, party_id: str | None = None, now: int
    ) -> Proved | Denied:
        """Whose passkey answered ``challenge`` (`redeem`); of ``party_id`` alone, if given."""
        if challenge is None:
            return Denied(Refusal.PASSKEY_EXPIRED, party_id)
        assertion = self._rp.read(response)
        found = tx.one(_FIND, credential=assertion.credential_id) if assertion else None
        if assertion is None or found is None or not _is_of(assertion, found, party_id):
            return Denied(Refusal.PASSKEY_REFUSED, party_id)
        count = self._rp.verified(assertion, challenge, bytes(found.public_key))
        if count is None:
            return Denied(Refusal.PASSKEY_REFUSED, party_id)
        if tx.run(_USE, id=found.id, count=count, now=now) != 1:  # 7.2 step 22
            return Denied(Refusal.PASSKEY_COPIED, found.party_id)
        return Proved(found.party_id, found.id)

    def of_party(self, tx: Transaction, party_id: str) -> list[Passkey]:
        """The person's passkeys, oldest first."""
        return [
            Passkey(row.id, self._cipher.open(row.name, context=_context(row.id)), row.created_at, row.last_used_at)
            for row in tx.all(_OF_PARTY, party=party_id)
        ]

    def rename(self, tx: Transaction, *, party_id: str, passkey_id: str, name: str) -> bool:
        """Whether the person has such a passkey."""
        sealed = self._cipher.seal(name, context=_context(passkey_id))
        return tx.run(_RENAME, id=passkey_id, party=party_id, name=sealed) == 1


def remove(tx: Transaction, *, party_id: str, passkey_id: str) -> bool:
    """Whether the person had it. The caller asks `rules.may_remove` first."""
    return tx.run(_REMOVE, id=passkey_id, party=party_id) == 1


def _context(passkey_id: str) -> str:
    return f"passkey.name:{passkey_id}"


def _is_of(assertion: Assertion, found: _Credential, party_id: str | None) -> bool:
    """7.2 step 6: the handle tells who it is; where that is known beforehand, an authenticator may leave it out."""
    if party_id is not None and found.party_id != party_id:
        return False
    if assertion.user_handle is None:
        return party_id is not None
    return same(assertion.user_handle, bytes(found.handle))
