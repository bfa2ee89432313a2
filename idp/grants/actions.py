"""Issuing, redeeming, refreshing, ending grants; remembering consent.

Always true: every end of a grant leaves its audit record and, once per client and session, a logout notice in the
outbox of the same transaction.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from idp.accounts.parties import hold
from idp.audit import Event, record
from idp.crypto.tokens import digest, random_token, same
from idp.db import Statement, Transaction
from idp.grants.rules import Code, EndReason, Grant, RefreshToken
from idp.messages.outbox import enqueue

_COLUMNS = ", ".join(Grant._fields)
_INSERT = Statement[Any](
    "INSERT INTO authorization_grant (gid, client_id, party_id, session_id, sub, sid, scope, claims, acr, amr, ial,"
    " aal, auth_time, offline, acting, authorization_details, resource, code_hash, code_redirect_uri, code_challenge,"
    " code_nonce, code_expires_at, created_at)"
    " VALUES (:gid, :client_id, :party_id, :session_id, :sub, :sid, :scope, :claims, :acr, :amr, :ial, :aal,"
    " :auth_time, :offline, :acting, :authorization_details, :resource, :code_hash, :redirect_uri, :challenge,"
    " :nonce, :expires_at, :created_at)"
)
_BY_GID = Statement(f"SELECT {_COLUMNS} FROM authorization_grant WHERE gid = :gid", Grant)
_BY_HANDLE = Statement(f"SELECT {_COLUMNS} FROM authorization_grant WHERE refresh_handle = :handle", Grant)


DEVICE = "device"
"""What a device code is bound to in place of an address and a challenge: no verifier hashes to it."""


class Redeemed(NamedTuple):
    """What the one winner of a code gets."""

    grant: Grant
    nonce: str | None
    refresh: RefreshToken | None


class Bound(NamedTuple):
    """A code that was not redeemed just now: its grant, and what it is bound to."""

    grant: Grant
    redirect_uri: str | None
    challenge: str | None
    redeemed_at: int | None


_CODE = Statement(
    f"SELECT {_COLUMNS}, code_redirect_uri, code_challenge, code_redeemed_at"
    " FROM authorization_grant WHERE code_hash = :code",
    lambda *row: Bound(Grant(*row[:-3]), *row[-3:]),
)
_CLAIM_CODE = Statement(
    "UPDATE authorization_grant SET code_redeemed_at = :now, refresh_handle = :handle, refresh_secret = :secret,"
    " refresh_used_at = :now, cnf = :cnf WHERE code_hash = :code AND client_id = :client"
    " AND code_redirect_uri = :redirect_uri AND COALESCE(code_challenge, '') = :challenge"
    " AND (:resource = '' OR COALESCE(resource, :resource) = :resource) AND code_expires_at > :now"
    f" AND code_redeemed_at IS NULL AND revoked_at IS NULL RETURNING {_COLUMNS}, code_nonce",
    lambda *row: (Grant(*row[:-1]), row[-1]),
)


class Ended(NamedTuple):
    """A grant that has just ended."""

    gid: str
    client_id: str
    party_id: str
    session_id: str
    sub: str
    sid: str
    acting: str | None = None


_ENDED_COLUMNS = ", ".join(Ended._fields)


def _end_where(condition: str) -> Statement[Ended]:
    return Statement(
        "UPDATE authorization_grant SET revoked_at = :now, revoke_reason = :reason"
        f" WHERE {condition} AND revoked_at IS NULL RETURNING {_ENDED_COLUMNS}",
        Ended,
    )


_END_ONE = _end_where("gid = :key")
_END_SESSION = _end_where("session_id = :key")
_END_SESSION_ONLINE = _end_where("session_id = :key AND NOT offline")
_END_PARTY = _end_where("party_id = :key")
_END_ELSEWHERE = _end_where("party_id = :key AND session_id <> :kept")
_END_CLIENT = _end_where("client_id = :key")
_END_CONNECTION = _end_where("party_id = :key AND client_id = :client")
_END_ACTING = _end_where("party_id = :key AND acting LIKE :entity || ' %'")
_END_MANDATE = _end_where("party_id = :key AND acting LIKE '% ' || :mandate")
_CLIENTS_OF_SESSION = Statement(
    "SELECT MIN(gid), client_id, party_id, session_id, MIN(sub), sid, NULL FROM authorization_grant"
    " WHERE session_id = :key GROUP BY client_id, party_id, session_id, sid",
    Ended,
)


def issue(tx: Transaction, grant: Grant, code: Code) -> None:
    """Write the grant that ``code`` will redeem."""
    _issue(tx, grant, code, digest(code.text))


def issue_to_device(tx: Transaction, grant: Grant, device_code: bytes, *, until: int) -> None:
    """Write the grant that a device code, of which this is the SHA-256, redeems; no address or verifier does."""
    _issue(tx, grant, Code("", DEVICE, DEVICE, None, until), device_code)


def _issue(tx: Transaction, grant: Grant, code: Code, hashed: bytes) -> None:
    row = {name: value for name, value in grant._asdict().items() if name in _ISSUED}
    bound = {name: value for name, value in code._asdict().items() if name != "text"}
    tx.send(_INSERT, **row, **bound, code_hash=hashed)
    record(
        tx,
        Event.GRANT_ISSUED,
        actor=grant.party_id,
        subject=grant.gid,
        client=grant.client_id,
        session=grant.session_id,
        detail={"scope": grant.scope, "acr": grant.acr},
        now=grant.created_at,
    )


_ISSUED = frozenset(Grant._fields) - {"refresh_secret", "refresh_used_at", "revoked_at", "cnf"}


def find(tx: Transaction, gid: str) -> Grant | None:
    return tx.one(_BY_GID, gid=gid)


def redeem_code(
    tx: Transaction,
    *,
    code: str,
    client_id: str,
    redirect_uri: str | None,
    challenge: str | None,
    resource: str = "",
    refreshes: bool,
    cnf: str | None = None,
    now: int,
) -> Redeemed | None:
    """Claim the code for the one winner who presents all it is bound to; None for everybody else.

    ``challenge``: what the presented verifier hashes to, empty without one, None when it can match nothing.
    ``resource``: the API named now, which may be no other than the one named before. ``refreshes``: the winner gets
    the first refresh token of a family; ``cnf``: what the family is bound to.
    """
    refresh = RefreshToken(random_token(), random_token()) if refreshes else None
    claimed = tx.one(
        _CLAIM_CODE,
        code=digest(code),
        client=client_id,
        redirect_uri=redirect_uri,
        challenge=challenge,
        resource=resource,
        handle=digest(refresh.handle) if refresh else None,
        secret=digest(refresh.secret) if refresh else None,
        cnf=cnf,
        now=now,
    )
    if claimed is None:
        return None
    grant, nonce = claimed
    record(
        tx,
        Event.CODE_EXCHANGED,
        actor=grant.party_id,
        subject=grant.gid,
        client=grant.client_id,
        session=grant.session_id,
        now=now,
    )
    return Redeemed(grant, nonce, refresh)


def find_code(tx: Transaction, code: str) -> Bound | None:
    """What a code that could not be redeemed is bound to. Where it has been redeemed before, this was a replay."""
    return tx.one(_CODE, code=digest(code))


def find_by_refresh(tx: Transaction, token: RefreshToken) -> Grant | None:
    return tx.one(_BY_HANDLE, handle=digest(token.handle))


def is_current(grant: Grant, token: RefreshToken) -> bool:
    """False for an earlier member of the family."""
    return grant.refresh_secret is not None and same(grant.refresh_secret, digest(token.secret))


_OF_ACTING = frozenset({EndReason.ROLE_ENDED, EndReason.MANDATE_ENDED})


def end_grant(tx: Transaction, gid: str, reason: EndReason, *, now: int) -> None:
    _end(tx, tx.all(_END_ONE, key=gid, reason=reason, now=now), reason, now=now)


def end_session_grants(tx: Transaction, session_id: str, *, keep_offline: bool, now: int) -> list[Ended]:
    """End what the session gave out and tell every app that was entered by it.

    ``keep_offline``: idle and absolute ends leave ``offline_access`` grants alone (OpenID Connect Core 11); a
    sign-out or any forced end does not. Returns one row per client told.
    """
    statement = _END_SESSION_ONLINE if keep_offline else _END_SESSION
    entered = tx.all(_CLIENTS_OF_SESSION, key=session_id)
    for ended in tx.all(statement, key=session_id, reason=EndReason.SESSION_ENDED, now=now):
        _audit_end(tx, ended, EndReason.SESSION_ENDED, now=now)
    _notify(tx, entered, now=now)
    return entered


def end_party_grants(tx: Transaction, party_id: str, reason: EndReason, *, now: int) -> None:
    _end(tx, tx.all(_END_PARTY, key=party_id, reason=reason, now=now), reason, now=now)


def end_grants_elsewhere(tx: Transaction, party_id: str, session_id: str, reason: EndReason, *, now: int) -> None:
    """End the person's grants of every session but ``session_id``: offline ones outlived theirs."""
    _end(tx, tx.all(_END_ELSEWHERE, key=party_id, kept=session_id, reason=reason, now=now), reason, now=now)


def end_acting_grants(tx: Transaction, party_id: str, entity_id: str, *, now: int) -> None:
    """End what the person was given while acting for this entity, and tell the apps."""
    reason = EndReason.ROLE_ENDED
    _end(tx, tx.all(_END_ACTING, key=party_id, entity=entity_id, reason=reason, now=now), reason, now=now)


def end_mandate_grants(tx: Transaction, party_id: str, mandate_id: str, *, now: int) -> None:
    """End what the person was given while acting by this mandate, and tell the apps."""
    reason = EndReason.MANDATE_ENDED
    _end(tx, tx.all(_END_MANDATE, key=party_id, mandate=mandate_id, reason=reason, now=now), reason, now=now)


def end_client_grants(tx: Transaction, client_id: str, reason: EndReason, *, now: int) -> None:
    _end(tx, tx.all(_END_CLIENT, key=client_id, reason=reason, now=now), reason, now=now)


def _end(tx: Transaction, grants: list[Ended], reason: EndReason, *, now: int) -> None:
    for ended in grants:
        _audit_end(tx, ended, reason, now=now)
    apps = {(ended.client_id, ended.sid): ended for ended in grants}.values()
    _notify(tx, apps, scoped=reason in _OF_ACTING, now=now)


def _audit_end(tx: Transaction, ended: Ended, reason: EndReason, *, now: int) -> None:
    record(
        tx,
        Event.GRANT_ENDED,
        subject=ended.gid,
        client=ended.client_id,
        session=ended.session_id,
        actor=ended.party_id,
        reason=reason,
        now=now,
    )


def _notify(tx: Transaction, apps: Iterable[Ended], *, scoped: bool = False, now: int) -> None:
    """``scoped``: what ended is the acting for somebody, which an app that was told of it can end by itself."""
    for app in apps:
        payload = {"client_id": app.client_id, "sub": app.sub, "sid": app.sid}
        if scoped and app.acting:
            payload |= {"acting": app.acting, "party": app.party_id}
        enqueue(tx, "logout", payload, session_id=app.session_id, client_id=app.client_id, now=now)


class ConsentRow(NamedTuple):
    client_id: str
    scope: str
    given_at: int


_CONSENT = Statement("SELECT scope FROM consent WHERE party_id = :party AND client_id = :client", str)
_CONSENTS = Statement("SELECT client_id, scope, given_at FROM consent WHERE party_id = :party", ConsentRow)
_CONNECTED = Statement[tuple[str, int]](
    "SELECT client_id, MIN(since) FROM ("
    " SELECT client_id, created_at AS since FROM authorization_grant WHERE party_id = :party AND revoked_at IS NULL"
    " UNION ALL SELECT client_id, given_at AS since FROM consent WHERE party_id = :party"
    ") AS held GROUP BY client_id ORDER BY client_id"
)
_GIVE = Statement[Any](
    "INSERT INTO consent (party_id, client_id, scope, given_at) VALUES (:party, :client, :scope, :now)"
    " ON CONFLICT (party_id, client_id) DO UPDATE SET scope = excluded.scope, given_at = excluded.given_at"
)
_ERASE = Statement[Any]("DELETE FROM consent WHERE party_id = :party")
_WITHDRAW = Statement[Any]("DELETE FROM consent WHERE party_id = :party AND client_id = :client")


def consented(tx: Transaction, *, party_id: str, client_id: str) -> frozenset[str]:
    """The scopes this person has agreed to, or been told of, for this client."""
    return frozenset((tx.one(_CONSENT, party=party_id, client=client_id) or "").split())


def consents(tx: Transaction, party_id: str) -> list[ConsentRow]:
    return tx.all(_CONSENTS, party=party_id)


def connected_clients(tx: Transaction, party_id: str) -> list[tuple[str, int]]:
    """Clients that hold a living grant or a consent of this person, and since when."""
    return tx.all(_CONNECTED, party=party_id)


def give_consent(
    tx: Transaction, *, party_id: str, client_id: str, scopes: Iterable[str], told_only: bool = False, now: int
) -> None:
    """Remember agreement to further scopes; ``told_only`` for scopes with a statutory basis (notice, no form)."""
    known = consented(tx, party_id=party_id, client_id=client_id)
    scope = " ".join(sorted(known.union(scopes)))
    tx.run(_GIVE, party=party_id, client=client_id, scope=scope, now=now)
    event = Event.CONSENT_NOTICED if told_only else Event.CONSENT_GIVEN
    record(tx, event, actor=party_id, subject=party_id, client=client_id, detail={"scope": scope}, now=now)


def erase_consents(tx: Transaction, party_id: str, *, now: int) -> None:
    """Forget what the person of a closing account agreed to; the audit trail keeps that they did."""
    del now
    tx.run(_ERASE, party=party_id)


def withdraw(tx: Transaction, *, party_id: str, client_id: str, now: int) -> None:
    """Forget the consent and end everything this client holds for this person; grants under way are waited for."""
    hold(tx, party_id)
    tx.run(_WITHDRAW, party=party_id, client=client_id)
    record(tx, Event.CONSENT_WITHDRAWN, actor=party_id, subject=party_id, client=client_id, now=now)
    ended = tx.all(_END_CONNECTION, key=party_id, client=client_id, reason=EndReason.WITHDRAWN, now=now)
    _end(tx, ended, EndReason.WITHDRAWN, now=now)
