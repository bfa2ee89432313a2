"""Identity codes: shown by a person, redeemed by a counter, answered by the person, fetched by the counter.

Always true: each step is one conditional statement with one winner; every redemption, answer and release is audited
with the clerk as its actor and the person as its subject, or the other way round.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

import orjson

from idp.accounts.actions import Directory
from idp.accounts.parties import hold
from idp.audit import Event, record
from idp.capabilities.identity_code_rules import (
    DECISION,
    FETCHING,
    LIFETIME,
    Asked,
    CodeState,
    IdentityCode,
    Redemption,
    fault_of,
)
from idp.capabilities.rules import Refused, Wait
from idp.clients import permits
from idp.clients.capabilities import Capability, Permit
from idp.clients.rules import Client
from idp.crypto.fields import FieldCipher
from idp.crypto.resealing import reseal_column
from idp.crypto.tokens import digest, new_id, random_token
from idp.db import Database, Statement, Transaction
from idp.oidc.claims import release
from idp.proofing.actions import ial
from idp.proofing.rules import Level
from idp.signin.rules import Session

_COLUMNS = ", ".join(IdentityCode._fields)


def _code(key: str, party: str, session: str, state: str, *rest: Any) -> IdentityCode:
    return IdentityCode(key, party, session, CodeState(state), *rest)


_SHOW = Statement[Any](
    "INSERT INTO identity_code (id, party_id, session_id, state, code_hash, sealed, begun_at, expires_at)"
    " VALUES (:id, :party, :session, 'shown', :hash, :sealed, :begun, :expires_at)"
)
_HIDE = Statement[Any](
    "UPDATE identity_code SET expires_at = :now WHERE party_id = :party AND state = 'shown' AND expires_at > :now"
)
_FIND = Statement(f"SELECT {_COLUMNS} FROM identity_code WHERE id = :id", _code)
_BY_HASH = Statement(f"SELECT {_COLUMNS} FROM identity_code WHERE code_hash = :hash", _code)
_REDEEM = Statement(
    "UPDATE identity_code SET state = 'redeemed', client_id = :client, clerk_id = :clerk, permit_id = :permit,"
    " sealed = :sealed, expires_at = :until WHERE id = :id AND state = 'shown' AND expires_at > :now"
    f" RETURNING {_COLUMNS}",
    _code,
)
_ANSWER = Statement(
    "UPDATE identity_code SET state = :state, confirmed = :confirmed, expires_at = :until WHERE id = :id"
    " AND session_id = :session AND state = 'redeemed' AND expires_at > :now"
    f" RETURNING {_COLUMNS}",
    _code,
)
_FETCH = Statement(
    "UPDATE identity_code SET state = 'fetched' WHERE id = :id AND state = 'confirmed' AND expires_at > :now"
    f" RETURNING {_COLUMNS}",
    _code,
)
_FORGET = Statement[Any]("DELETE FROM identity_code WHERE party_id = :party")
_PURGE = Statement[Any]("DELETE FROM identity_code WHERE expires_at < :before")


class Told(NamedTuple):
    """What a counter gets. ``claims``: of the confirmed scopes alone."""

    sub: str
    level: Level
    scopes: list[str]
    claims: dict[str, Any]


class IdentityCodes:
    """What a person and a counter do with them."""

    def __init__(self, cipher: FieldCipher, directory: Directory) -> None:
        self._cipher = cipher
        self._directory = directory

    def show(self, tx: Transaction, session: Session, *, begun: int | None = None, now: int) -> str:
        """The id of a new code; the person's others are no longer good. ``begun``: when the page began with them."""
        hold(tx, session.party_id)  # before its codes, as where an account closes
        tx.run(_HIDE, party=session.party_id, now=now)
        key, token = new_id("idc"), random_token()
        tx.run(
            _SHOW,
            id=key,
            party=session.party_id,
            session=session.id,
            hash=digest(token),
            sealed=self._seal(key, {"code": token}),
            begun=begun or now,
            expires_at=now + LIFETIME,
        )
        return key

    def text(self, code: IdentityCode) -> str:
        """What stands in the picture of a code that is shown."""
        return str(self._open(code)["code"])

    def asked(self, code: IdentityCode) -> Asked:
        """What the counter that has redeemed it asks."""
        held = self._open(code)
        return Asked(held["office"], tuple(held["matters"]), tuple(held["scopes"]))

    def redeem(
        self, tx: Transaction, permit: Permit, clerk_id: str, sent: Redemption, *, now: int
    ) -> IdentityCode | Refused | Wait:
        found = tx.one(_BY_HASH, hash=digest(sent.code))
        fault = fault_of(found, clerk_id=clerk_id, now=now)
        if found is None or fault is not None:
            return _refused(tx, permit, clerk_id, found, fault or Refused.CODE, now=now)
        if (wait := permits.spend(tx, permit, now=now)) is not None:
            return Wait(Refused.QUOTA_USED_UP, wait)
        asked = {"office": sent.office, "matters": sent.matters, "scopes": sent.scopes}
        redeemed = tx.one(
            _REDEEM,
            id=found.id,
            client=permit.client_id,
            clerk=clerk_id,
            permit=permit.id,
            sealed=self._seal(found.id, asked),
            until=now + DECISION,
            now=now,
        )
        if redeemed is None:
            return _refused(tx, permit, clerk_id, found, Refused.CODE_USED, now=now)
        detail = {"code": found.id, "permit": permit.id}
        _record(tx, Event.IDENTITY_CODE_REDEEMED, redeemed, actor=clerk_id, detail=detail, now=now)
        return redeemed

    def redeem_here(
        self, tx: Transaction, clerk_id: str, code: str, *, office: str, matters: tuple[str, ...], now: int
    ) -> IdentityCode | Refused:
        """The same at a counter of our own, for no client: nothing but who it is, and that they agree."""
        found = tx.one(_BY_HASH, hash=digest(code))
        fault = fault_of(found, clerk_id=clerk_id, now=now)
        redeemed = None
        if found is not None and fault is None:
            redeemed = tx.one(
                _REDEEM,
                id=found.id,
                client=None,
                clerk=clerk_id,
                permit=None,
                sealed=self._seal(found.id, {"office": office, "matters": matters, "scopes": []}),
                until=now + DECISION,
                now=now,
            )
        if redeemed is None:
            why = fault or Refused.CODE_USED
            _note_refused(tx, None, clerk_id, found, why, now=now)
            return why
        _record(tx, Event.IDENTITY_CODE_REDEEMED, redeemed, actor=clerk_id, detail={"code": redeemed.id}, now=now)
        return redeemed

    def take_here(
        self, tx: Transaction, key: str, clerk_id: str, *, of: str | None = None, now: int
    ) -> IdentityCode | None:
        """What a person (``of``, if given) has confirmed to this clerk at a counter of our own, once; `asked` tells
        what. Their account is held before their code, as where it closes.
        """
        code = find(tx, key)
        if code is None or code.clerk_id != clerk_id or code.client_id is not None:
            return None
        if of not in (None, code.party_id) or not hold(tx, code.party_id):
            return None
        return tx.one(_FETCH, id=key, now=now)

    def answer(
        self, tx: Transaction, code: IdentityCode, session: Session, scopes: Collection[str] | None, *, now: int
    ) -> bool:
        """The person confirms ``scopes`` of those asked for, or (None) declines; False when it is too late."""
        told = None if scopes is None else [one for one in self.asked(code).scopes if one in scopes]
        level = [ial(tx, session.party_id, now=now), session.aal]
        answered = tx.one(
            _ANSWER,
            id=code.id,
            session=session.id,
            state=CodeState.DECLINED if told is None else CodeState.CONFIRMED,
            confirmed=None if told is None else orjson.dumps([*level, told]).decode(),
            until=now + FETCHING,
            now=now,
        )
        if answered is None:
            return False
        _record(
            tx,
            Event.IDENTITY_CODE_ANSWERED,
            answered,
            actor=code.party_id,
            refusal="declined" if told is None else None,
            detail={"code": code.id, "clerk": code.clerk_id, "scopes": " ".join(told or [])},
            now=now,
        )
        return True

    def fetch(self, tx: Transaction, code: IdentityCode, client: Client, *, now: int) -> Told | Refused:
        """What was confirmed, once."""
        if code.state is CodeState.DECLINED:
            return Refused.CODE_DECLINED
        if code.state is CodeState.FETCHED:
            return Refused.CODE_FETCHED
        if not hold(tx, code.party_id):
            return Refused.CODE_UNANSWERED
        taken = tx.one(_FETCH, id=code.id, now=now)
        if taken is None or taken.confirmed is None:
            return Refused.CODE_UNANSWERED if now >= code.expires_at else Refused.CODE_FETCHED
        level, aal, scopes = orjson.loads(taken.confirmed)
        scopes = [one for one in scopes if one in client.scopes]
        person = self._directory.person(tx, code.party_id)
        claims = release(person, scopes=scopes, named=frozenset(), granted=frozenset(scopes), ial=level, now=now)
        permits.meter(tx, client.client_id, Capability.IDENTITY_CODE, "confirmed", now=now)
        detail = {"code": code.id, "claims": " ".join(sorted(claims))}
        _record(tx, Event.PERSONAL_DATA_RELEASED, taken, actor=code.clerk_id, detail=detail, now=now)
        sub = self._directory.subjects.of(tx, sector=client.sector, party_id=code.party_id)
        return Told(sub, Level(level, aal), scopes, claims)

    def _seal(self, key: str, value: dict[str, Any]) -> bytes:
        return self._cipher.seal(orjson.dumps(value).decode(), context=f"identity_code.sealed:{key}")

    def _open(self, code: IdentityCode) -> dict[str, Any]:
        text = self._cipher.open(code.sealed or b"", context=f"identity_code.sealed:{code.id}")
        found: dict[str, Any] = orjson.loads(text)
        return found


def find(tx: Transaction, key: str) -> IdentityCode | None:
    return tx.one(_FIND, id=key)


def erase(tx: Transaction, party_id: str, *, now: int) -> None:
    """Nobody is known by the code of an account that closes: as `Eraser`."""
    del now
    tx.run(_FORGET, party=party_id)


def purge(tx: Transaction, *, before: int) -> None:
    tx.run(_PURGE, before=before)


def reseal_identity_codes(database: Database, cipher: FieldCipher) -> int:
    return reseal_column(database, cipher, "identity_code", "sealed")


def _refused(
    tx: Transaction, permit: Permit, clerk_id: str, code: IdentityCode | None, why: Refused, *, now: int
) -> Refused:
    permits.meter(tx, permit.client_id, permit.terms.capability, "not_passed", now=now)
    _note_refused(tx, permit, clerk_id, code, why, now=now)
    return why


def _note_refused(
    tx: Transaction, permit: Permit | None, clerk_id: str, code: IdentityCode | None, why: Refused, *, now: int
) -> None:
    record(
        tx,
        Event.IDENTITY_CODE_REFUSED,
        actor=clerk_id,
        subject=code.party_id if code else None,
        client=permit.client_id if permit else None,
        result="refused",
        reason=why,
        detail={"permit": permit.id} if permit else None,
        now=now,
    )


def _record(
    tx: Transaction,
    event: Event,
    code: IdentityCode,
    *,
    actor: str | None,
    detail: dict[str, Any],
    refusal: str | None = None,
    now: int,
) -> None:
    record(
        tx,
        event,
        actor=actor,
        subject=code.party_id,
        client=code.client_id,
        session=code.session_id,
        result="refused" if refusal else "ok",
        reason=refusal,
        detail=detail,
        now=now,
    )
