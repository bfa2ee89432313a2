"""The ring of keys that sign our tokens: next, active and retired, the same on every node.

Always true: a key is published before it signs and stays published until the last token it signed has ended.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import orjson

from idp.crypto import jws
from idp.crypto.fields import FieldCipher
from idp.crypto.jws import ALGORITHMS, Algorithm, Key
from idp.crypto.tokens import new_id
from idp.db import Database, Statement, Transaction
from idp.state.versions import Versioned, bump

_VERIFIED_MOST = 8192
REGISTRY = "signing_key"
"""The name of this registry's version."""


class KeyState(StrEnum):
    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"


class KeyInfo(NamedTuple):
    """What may be shown of a key; times are Unix seconds."""

    kid: str
    alg: Algorithm
    state: str
    created_at: int
    activated_at: int | None
    retired_at: int | None


class _Stored(NamedTuple):
    kid: str
    alg: Algorithm
    state: str
    private_key: bytes
    public_jwk: str


_LOAD = Statement[_Stored](
    "SELECT kid, alg, state, private_key, public_jwk FROM signing_key"
    " ORDER BY CASE state WHEN 'active' THEN 0 WHEN 'next' THEN 1 ELSE 2 END, alg, created_at DESC, kid",
    _Stored,
)
_LIST = Statement[KeyInfo](
    "SELECT kid, alg, state, created_at, activated_at, retired_at FROM signing_key ORDER BY alg, created_at, kid",
    KeyInfo,
)
_INSERT = Statement[int](
    "INSERT INTO signing_key (kid, alg, state, private_key, public_jwk, created_at, activated_at)"
    " VALUES (:kid, :alg, :state, :private_key, :public_jwk, :now, :activated_at) ON CONFLICT DO NOTHING",
    int,
)
_RETIRE = Statement[int](
    "UPDATE signing_key SET state = 'retired', retired_at = :now"
    " WHERE alg = :alg AND state = 'active' AND activated_at <= :until",
    int,
)
_PROMOTE = Statement[int](
    "UPDATE signing_key SET state = 'active', activated_at = :now WHERE alg = :alg AND state = 'next'", int
)
_PRUNE = Statement[int]("DELETE FROM signing_key WHERE state = 'retired' AND retired_at <= :until", int)
_RESEAL = Statement[int](
    "UPDATE signing_key SET private_key = :sealed WHERE kid = :kid AND private_key = :before", int
)


@dataclass(frozen=True, slots=True)
class _Ring:
    """What one version of the registry holds."""

    keys: Mapping[str, Key]
    active: Mapping[Algorithm, Key]
    jwks: bytes = field(repr=False)
    verified: dict[tuple[str, str], tuple[str, dict[str, Any]]] = field(default_factory=dict, repr=False)
    """Tokens whose signature held under these keys, so that a token used often is verified once."""


class KeyRing:
    """The ring of one process: keys are imported once and looked up without a question to the database.

    Every method may raise `idp.db.DatabaseUnavailable` when the ring could not be confirmed for a second.
    """

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._cipher = cipher
        self._imported: dict[str, Key] = {}
        self._ring = Versioned(database, REGISTRY, self._load)

    def sign(self, claims: dict[str, Any], *, alg: Algorithm, typ: str) -> str:
        """A compact JWS over ``claims`` by the active key of ``alg``. Raises ``KeyError`` when there is none."""
        return jws.sign(self._ring.get().active[alg], claims, typ=typ)

    def verify(self, token: str, *, typ: str, algs: Collection[str] = ALGORITHMS) -> dict[str, Any] | None:
        """The claims of a token of ours, else None; ended ones too. Never raises for what stands in the token."""
        ring = self._ring.get()
        known = ring.verified.get((typ, token))
        if known is None:
            claims = jws.verify(ring.keys, token, typ=typ, algs=algs)
            if claims is None:
                return None
            known = (jws.algorithm(token), claims)
            if len(ring.verified) >= _VERIFIED_MOST:
                ring.verified.clear()
            ring.verified[typ, token] = known
        alg, claims = known
        return dict(claims) if alg in algs else None

    def jwks(self) -> bytes:
        """The JSON of the public set; the same object until the ring changes."""
        return self._ring.get().jwks

    def expire(self) -> None:
        """Look for a change at the next use: for ``tx.after_commit``."""
        self._ring.expire()

    def _load(self, tx: Transaction) -> _Ring:
        rows = tx.all(_LOAD)
        keys = {row.kid: self._imported.get(row.kid) or self._import(row) for row in rows}
        self._imported = keys
        active = {row.alg: keys[row.kid] for row in rows if row.state == KeyState.ACTIVE}
        jwks = b'{"keys":[' + b",".join(row.public_jwk.encode() for row in rows) + b"]}"
        return _Ring(keys, active, jwks)

    def _import(self, row: _Stored) -> Key:
        return jws.import_pem(row.kid, row.alg, self._cipher.open(row.private_key, context=_context(row.kid)))


@dataclass(frozen=True, slots=True)
class FreshKey:
    """A key pair that is in no ring yet; made outside a transaction, as RSA takes its time."""

    kid: str
    alg: Algorithm
    private: jws.PrivateKey = field(repr=False)


def fresh_key(alg: Algorithm) -> FreshKey:
    return FreshKey(new_id("key"), alg, jws.generate(alg))


def ensure_keys(database: Database, cipher: FieldCipher, *, now: int) -> list[str]:
    """Give every algorithm an active and a next key at the first start; the kids of the keys made.

    Of several processes that start together one wins each place, and the others' keys are forgotten.
    """
    with database.autocommit() as tx:
        held = {(row.alg, row.state) for row in tx.all(_LOAD)}
    wanted = [(alg, state) for alg in ALGORITHMS for state in (KeyState.ACTIVE, KeyState.NEXT)]
    missing = [(fresh_key(alg), state) for alg, state in wanted if (alg, state.value) not in held]
    if not missing:
        return []
    with database.transaction() as tx:
        made = [key.kid for key, state in missing if _insert(tx, cipher, key, state, now)]
        if made:
            bump(tx, REGISTRY)
    return made


def rotate(tx: Transaction, cipher: FieldCipher, key: FreshKey, *, now: int, min_age: int = 0) -> bool:
    """Retire the active key of ``key.alg``, let the next one sign, and publish ``key`` as the one after it.

    False, and nothing changed, when the active key signs for less than ``min_age`` seconds (another node rotated).
    """
    if not tx.run(_RETIRE, alg=key.alg, now=now, until=now - min_age):
        return False
    if not tx.run(_PROMOTE, alg=key.alg, now=now):
        raise LookupError(f"no next key for {key.alg}")
    _insert(tx, cipher, key, KeyState.NEXT, now)
    bump(tx, REGISTRY)
    return True


def due(keys: Iterable[KeyInfo], *, now: int, max_age: int) -> list[Algorithm]:
    """The algorithms whose active key signs for ``max_age`` seconds or longer."""
    return [key.alg for key in keys if key.state == KeyState.ACTIVE and now - (key.activated_at or 0) >= max_age]


def prune(tx: Transaction, *, now: int, longest_token: int) -> int:
    """Forget keys retired so long ago that no token of theirs is valid; how many."""
    removed = tx.run(_PRUNE, until=now - longest_token)
    if removed:
        bump(tx, REGISTRY)
    return removed


def list_keys(tx: Transaction) -> list[KeyInfo]:
    return tx.all(_LIST)


def reseal(tx: Transaction, cipher: FieldCipher) -> int:
    """Seal private keys anew that an older field key sealed; how many. May be interrupted and repeated."""
    old = [row for row in tx.all(_LOAD) if cipher.needs_rotation(row.private_key)]
    for row in old:
        pem = cipher.open(row.private_key, context=_context(row.kid))
        tx.run(_RESEAL, kid=row.kid, before=row.private_key, sealed=cipher.seal(pem, context=_context(row.kid)))
    return len(old)


def _insert(tx: Transaction, cipher: FieldCipher, key: FreshKey, state: KeyState, now: int) -> bool:
    inserted = tx.run(
        _INSERT,
        kid=key.kid,
        alg=key.alg,
        state=state.value,
        private_key=cipher.seal(jws.export_pem(key.private), context=_context(key.kid)),
        public_jwk=orjson.dumps(jws.public_jwk(key.kid, key.alg, key.private)).decode(),
        now=now,
        activated_at=now if state is KeyState.ACTIVE else None,
    )
    return inserted == 1


def _context(kid: str) -> str:
    return f"signing_key.private_key:{kid}"
