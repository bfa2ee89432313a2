"""The other machine endpoints: introspection, revocation, userinfo, keys and metadata.

Always true: a token is honoured only after its signature or hash, its end, its client and its footing were checked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from idp.accounts.actions import Directory, Person, person_where
from idp.audit import Event, record
from idp.audit.rules import Counted
from idp.clients.actions import Registry
from idp.clients.resources import Resources
from idp.clients.rules import Client
from idp.crypto.tokens import digest
from idp.db import Database, Statement, Transaction
from idp.entities.rules import SCOPE, Acting
from idp.grants import actions
from idp.grants.rules import EndReason, Grant, RefreshToken
from idp.grants.spent import is_spent, spend
from idp.mapping.actions import Links
from idp.mapping.rules import SCOPE as LEGACY
from idp.oidc import live
from idp.oidc.bearer import bearer, bearer_error
from idp.oidc.bound import is_holder, read_back
from idp.oidc.claims import SCOPE_CLAIMS, ClaimsRequest, carriers, parse_claims, release
from idp.oidc.client_auth import ClientAuthenticator, Unauthenticated
from idp.oidc.delegations import Delegations
from idp.oidc.represented import Representation
from idp.oidc.server import Count
from idp.oidc.tokens import ACCESS, DELEGATION, TokenMaker
from idp.web.protocol import NO_STORE, ProtocolRequest, ProtocolResponse, error_response, json_response


class _Opaque(NamedTuple):
    gid: str | None
    client_id: str
    scope: str
    audience: str
    issued_at: int
    expires_at: int
    cnf: str | None


_OPAQUE = Statement(
    "SELECT gid, client_id, scope, audience, issued_at, expires_at, cnf FROM opaque_token WHERE hash = :hash", _Opaque
)
_DROP_OPAQUE = Statement[Any]("DELETE FROM opaque_token WHERE hash = :hash AND client_id = :client")


_PERSON_OF_GRANT = person_where("(SELECT party_id FROM authorization_grant WHERE gid = :gid)")


def _nobody() -> None:
    """Nobody was asked for beforehand."""


@dataclass(frozen=True, slots=True)
class Access:
    """An access token of ours, read; ``footing`` is None for client_credentials."""

    jti: str
    client_id: str
    scope: str
    audience: str
    issued_at: int
    expires_at: int
    footing: live.Footing | None
    cnf: dict[str, Any] | None = None
    """What it is bound to (RFC 8705 3)."""

    @property
    def grant(self) -> Grant | None:
        return self.footing.grant if self.footing else None


class MachineEndpoints:
    """What `idp.lane` serves besides the token endpoint."""

    def __init__(
        self,
        *,
        database: Database,
        registry: Registry,
        directory: Directory,
        authenticator: ClientAuthenticator,
        maker: TokenMaker,
        representation: Representation,
        resources: Resources,
        delegations: Delegations,
        links: Links,
        endurance: live.Endurance,
        count: Count,
    ) -> None:
        self._representation = representation
        self._resources = resources
        self._delegations = delegations
        self._links = links
        self._database = database
        self._registry = registry
        self._directory = directory
        self._authenticator = authenticator
        self._maker = maker
        self._endurance = endurance
        self._idle = endurance.session_idle
        self._count = count

    # -- reading tokens

    def read(self, tx: Transaction, token: str, *, certificate: bytes | None, now: int) -> Access | None:
        """The access token, if everything it rests on stands and who brings it may use it (RFC 8705 3).

        ``certificate``: DER of the one that came with the request.
        """
        access = self._standing(tx, token, now=now)
        return access if access and is_holder(access.cnf, certificate) else None

    def _standing(self, tx: Transaction, token: str, *, now: int) -> Access | None:
        """Whoever brings it."""
        return self._read_jwt(tx, token, now=now) if "." in token else self._read_opaque(tx, token, now=now)

    def _read_jwt(self, tx: Transaction, token: str, *, now: int) -> Access | None:
        claims = self._maker.keys.verify(token, typ=ACCESS, algs=("ES256",))
        if claims is None or claims.get("iss") != self._maker.issuer or claims["exp"] <= now:
            return None
        client = self._registry.get(claims["client_id"])
        if client is None or not client.served:
            return None
        jti, footing = claims["jti"], None
        if claims["gid"] != jti:
            footing = live.by_gid(tx, claims["gid"], jti=jti)
            if footing is None or not footing.stands(idle=self._idle, now=now):
                return None
        elif is_spent(tx, jti):
            return None
        times = claims["iat"], claims["exp"]
        return Access(jti, client.client_id, claims["scope"], claims["aud"], *times, footing, claims.get("cnf"))

    def _read_opaque(self, tx: Transaction, token: str, *, now: int) -> Access | None:
        row = tx.one(_OPAQUE, hash=digest(token))
        if row is None or row.expires_at <= now:
            return None
        client = self._registry.get(row.client_id)
        if client is None or not client.served:
            return None
        footing = None
        if row.gid:
            footing = live.by_gid(tx, row.gid, jti="")
            if footing is None or not footing.stands(idle=self._idle, now=now):
                return None
        times = row.issued_at, row.expires_at
        return Access("", row.client_id, row.scope, row.audience, *times, footing, read_back(row.cnf))

    # -- introspection (RFC 7662)

    def introspect(self, request: ProtocolRequest) -> ProtocolResponse:
        client = self._authenticator.authenticate(request)
        if isinstance(client, Unauthenticated):
            return client.response(self._maker.issuer)
        if not client.confidential:
            return error_response("invalid_client", "client authentication failed", status=401)
        token = request.form.get("token")
        if token is None:
            return error_response("invalid_request", "token is missing")
        with self._database.autocommit() as tx:
            answer = self._described(tx, token, client, now=request.now)
        self._count(Counted.INTROSPECTION, client.client_id, "active" if answer else "inactive", request.now)
        return json_response(answer or {"active": False})

    def _described(self, tx: Transaction, token: str, caller: Client, *, now: int) -> dict[str, Any] | None:
        if refresh := RefreshToken.parse(token):
            return self._described_refresh(tx, refresh, caller, now=now)
        access = self._standing(tx, token, now=now)  # its holder is for the caller to know, by the answer's cnf
        if access is None:
            return self._delegations.described(tx, token, caller, now=now)
        if not self._may_introspect(caller, access):
            return None
        answer: dict[str, Any] = {
            "active": True,
            "iss": self._maker.issuer,
            "client_id": access.client_id,
            "token_type": "Bearer",
            "scope": access.scope,
            "aud": access.audience,
            "iat": access.issued_at,
            "exp": access.expires_at,
        }
        if access.jti:
            answer["jti"] = access.jti
        if access.cnf:
            answer["cnf"] = access.cnf
        if grant := access.grant:
            answer |= {
                "sub": self._subject(tx, grant, caller),
                "gid": grant.gid,
                "acr": grant.acr,
                "auth_time": grant.auth_time,
                "ial": grant.ial,
                "aal": grant.aal,
            }
            acting = Acting.parse(grant.acting)
            if grant.authorization_details and acting:
                held = self._representation.granted(tx, caller.sector, grant, acting, now)
                answer["authorization_details"] = held
        else:
            answer["sub"] = access.client_id
        return answer

    def _may_introspect(self, caller: Client, access: Access) -> bool:
        """Who got the token, or who it is for."""
        if caller.client_id == access.client_id or caller.audience == access.audience:
            return True
        server = self._resources.get(access.audience)
        return server is not None and server.client_id == caller.client_id

    def _subject(self, tx: Transaction, grant: Grant, caller: Client) -> str:
        """``sub`` in the caller's sector."""
        if caller.client_id == grant.client_id:
            return grant.sub
        return self._directory.subjects.of(tx, sector=caller.sector, party_id=grant.party_id)

    def _described_refresh(
        self, tx: Transaction, token: RefreshToken, caller: Client, *, now: int
    ) -> dict[str, Any] | None:
        footing = live.by_refresh_handle(tx, digest(token.handle))
        if footing is None or footing.grant.client_id != caller.client_id:
            return None
        grant = footing.grant
        if not footing.refreshes(self._endurance, now=now) or not actions.is_current(grant, token):
            return None
        return {
            "active": True,
            "iss": self._maker.issuer,
            "client_id": grant.client_id,
            "token_type": "refresh_token",
            "scope": grant.scope,
            "sub": grant.sub,
            "iat": grant.refresh_used_at or grant.created_at,
        }

    # -- revocation (RFC 7009)

    def revoke(self, request: ProtocolRequest) -> ProtocolResponse:
        """End a refresh token's whole grant, or one access token; unknown tokens are answered alike (2.2)."""
        client = self._authenticator.authenticate(request)
        if isinstance(client, Unauthenticated):
            return client.response(self._maker.issuer)
        token = request.form.get("token")
        if token is None:
            return error_response("invalid_request", "token is missing")
        with self._database.transaction() as tx:
            if refresh := RefreshToken.parse(token):
                self._revoke_refresh(tx, refresh, client, now=request.now)
            else:
                self._revoke_access(tx, token, client, now=request.now)
        return ProtocolResponse(200, b"", headers=NO_STORE)

    def _revoke_refresh(self, tx: Transaction, token: RefreshToken, client: Client, *, now: int) -> None:
        grant = actions.find_by_refresh(tx, token)
        if grant and grant.client_id == client.client_id:
            actions.end_grant(tx, grant.gid, EndReason.REVOKED_BY_CLIENT, now=now)

    def _revoke_access(self, tx: Transaction, token: str, client: Client, *, now: int) -> None:
        claims = self._signed(token) if "." in token else None
        if claims and claims["client_id"] == client.client_id and claims["exp"] > now:
            spend(tx, claims["jti"], until=claims["exp"])
            subject_id: str | None = claims["gid"]
        elif claims is None and tx.run(_DROP_OPAQUE, hash=digest(token), client=client.client_id):
            subject_id = None
        else:
            return
        record(tx, Event.TOKEN_REVOKED, client=client.client_id, subject=subject_id, now=now)

    def _signed(self, token: str) -> dict[str, Any] | None:
        """The claims of an access token, or of one that says whom somebody acts for."""
        keys = self._maker.keys
        return keys.verify(token, typ=ACCESS, algs=("ES256",)) or keys.verify(token, typ=DELEGATION, algs=("ES256",))

    # -- userinfo (OpenID Connect Core 5.3)

    def userinfo(self, request: ProtocolRequest) -> ProtocolResponse:
        token = bearer(request)
        if isinstance(token, ProtocolResponse):
            return token
        with self._database.autocommit() as tx:
            person = self._ask_person(tx, token)
            access = self.read(tx, token, certificate=request.certificate, now=request.now)
            if access is None or access.footing is None:
                return bearer_error("invalid_token", "the access token is not valid", 401)
            if "openid" not in access.scope.split():
                return bearer_error("insufficient_scope", "the access token lacks scope openid", 403)
            live.note_activity(tx, access.footing, idle=self._idle, now=request.now)
            client = self._registry.get(access.client_id)
            if client is None:
                return bearer_error("invalid_token", "the access token is not valid", 401)
            if access.audience in client.resources and access.audience != client.audience:
                return bearer_error("invalid_token", "the access token is for another API", 401)
            grant = access.footing.grant
            claims = {"sub": grant.sub} | self._released(tx, client, grant, access.scope, request.now, person)
        told = frozenset(access.scope.split()) | carriers(_asked(grant).userinfo)
        claims |= self._representation.claims(client, grant, told, request.now)
        return self._userinfo_answer(client, claims, request.now)

    def _ask_person(self, tx: Transaction, token: str) -> Callable[[], Person | None]:
        """The person of a token that is ours, asked for beside the grant it rests on; what follows judges that."""
        claims = self._maker.keys.verify(token, typ=ACCESS, algs=("ES256",)) if "." in token else None
        if claims is None or SCOPE_CLAIMS.keys().isdisjoint(claims["scope"].split()):
            return _nobody
        return self._directory.ask_person(tx, _PERSON_OF_GRANT, gid=claims["gid"])

    def _userinfo_answer(self, client: Client, claims: dict[str, Any], now: int) -> ProtocolResponse:
        if client.userinfo_alg is None:
            return json_response(claims)
        claims |= {"iss": self._maker.issuer, "aud": client.client_id, "iat": now}
        signed = self._maker.keys.sign(claims, alg=client.userinfo_alg, typ="JWT")
        return ProtocolResponse(200, signed.encode(), "application/jwt")

    def _released(
        self,
        tx: Transaction,
        client: Client,
        grant: Grant,
        scope: str,
        now: int,
        person: Callable[[], Person | None],
    ) -> dict[str, Any]:
        """What userinfo tells beside ``sub``; telling anything personal leaves an audit record."""
        asked = _asked(grant)
        scopes = [s for s in scope.split() if s in SCOPE_CLAIMS and s in client.scopes]
        if not scopes and not asked.userinfo:
            self._count(Counted.USERINFO, client.client_id, "ok", now)
            return {}
        return self._release(tx, client, grant, scopes, asked.userinfo, now, person)

    def id_token_claims(self, client: Client, grant: Grant, scope: str, now: int) -> dict[str, Any]:
        """Claims named for the ID token (Core 5.5), and those of ``represented`` and ``legacy_sub`` (5.4)."""
        asked = _asked(grant)
        told = (frozenset(scope.split()) & {SCOPE}) | carriers(asked.id_token)
        represented = self._representation.claims(client, grant, told, now)
        scopes = [LEGACY] if LEGACY in scope.split() and LEGACY in client.scopes else []
        if not scopes and not any(asked.id_token):
            return represented
        with self._database.autocommit() as tx:
            return self._release(tx, client, grant, scopes, asked.id_token, now) | represented

    def _release(
        self,
        tx: Transaction,
        client: Client,
        grant: Grant,
        scopes: list[str],
        named: frozenset[str],
        now: int,
        asked: Callable[[], Person | None] = _nobody,
    ) -> dict[str, Any]:
        """The claims of the person ``asked`` for already, or asked for now.

        Their record is written before they leave: one write, which needs no transaction around it.
        """
        granted = (frozenset(grant.scope.split()) | _asked(grant).scopes()) & set(client.scopes)
        person = asked() or self._directory.person(tx, grant.party_id)
        claims = release(person, scopes=scopes, named=named, granted=granted, ial=grant.ial, now=now)
        if LEGACY in scopes or (LEGACY in named and LEGACY in granted):
            local_id = self._links.local_id(tx, client.client_id, person, ial=grant.ial)
            claims |= {LEGACY: local_id} if local_id is not None else {}
        if claims:
            record(
                tx,
                Event.PERSONAL_DATA_RELEASED,
                actor=grant.party_id,
                subject=grant.party_id,
                client=client.client_id,
                session=grant.session_id,
                detail={"claims": " ".join(sorted(claims))},
                now=now,
            )
        return claims


def _asked(grant: Grant) -> ClaimsRequest:
    return (parse_claims(grant.claims) if grant.claims else None) or ClaimsRequest()
