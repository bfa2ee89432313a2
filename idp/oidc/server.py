"""The token endpoint: Authlib's grant grammar over our own client authentication, claims and tokens.

Always true: a code or refresh token is claimed by one conditional statement before anything is issued, and whoever
loses that race has replayed it: the grant then ends, the winner's tokens included (RFC 9700 2.1.1, 4.14.2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from authlib.oauth2.rfc6749 import AuthorizationServer, OAuth2Request, grants
from authlib.oauth2.rfc6749.errors import (
    InvalidGrantError,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Error,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from idp.accounts.actions import Directory
from idp.audit import Event, record
from idp.audit.rules import Counted
from idp.clients.rules import DEVICE_CODE, PERSONAL_SCOPES, TOKEN_EXCHANGE, Client
from idp.crypto.tokens import digest
from idp.db import Database
from idp.grants import actions
from idp.grants.rules import EndReason, Grant, RefreshToken
from idp.oidc import live
from idp.oidc.bound import confirmation, stored
from idp.oidc.client_auth import ClientAuthenticator, Unauthenticated
from idp.oidc.exchange import TokenExchange
from idp.oidc.pkce import challenge_of, verifier_fault
from idp.oidc.terms import Terms
from idp.oidc.tokens import TokenMaker
from idp.web.protocol import ProtocolRequest, ProtocolResponse, error_response, json_response

Count = Callable[[Counted, str | None, str, int], None]
_COUNTED = {
    "authorization_code": Counted.CODE,
    "client_credentials": Counted.CLIENT_CREDENTIALS,
    "refresh_token": Counted.REFRESH,
    TOKEN_EXCHANGE: Counted.EXCHANGE,
    DEVICE_CODE: Counted.DEVICE_CODE,
}


class _Request(OAuth2Request):
    """A machine request in Authlib's clothes. Its URI is a constant: transport is judged when settings are read."""

    def __init__(self, request: ProtocolRequest) -> None:
        super().__init__(request.method, "https://provider.invalid/token")
        self.protocol = request
        form = dict(request.form)
        if "scope" in form:  # blanks and repetitions say nothing; nothing but blanks is no scope
            form["scope"] = " ".join(dict.fromkeys(form["scope"].split()))
        self.payload = BasicOAuth2Payload(form)

    @property
    def form(self) -> Any:
        return self.protocol.form


class InvalidTargetError(OAuth2Error):
    """RFC 8707 2."""

    error = "invalid_target"


class _ClientView:
    """What Authlib's grants ask of a client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type in self.client.grant_types


class _Refused(Exception):
    def __init__(self, response: ProtocolResponse) -> None:
        self.response = response


@dataclass(frozen=True, slots=True)
class _Claimed:
    """What the winner of a claim issues tokens from; of a code also what Authlib asks of one."""

    grant: Grant
    refresh: RefreshToken | None
    nonce: str | None = None
    redirect_uri: str = ""

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.grant.scope


class TokenServer(AuthorizationServer):
    """Answers the token endpoint. ``claims_for`` gives the ID token's claims asked for by name, ``details_for`` the
    authorization details that are granted.
    """

    def __init__(
        self,
        *,
        database: Database,
        authenticator: ClientAuthenticator,
        maker: TokenMaker,
        endurance: live.Endurance,
        claims_for: Callable[[Client, Grant, str, int], dict[str, Any]],
        details_for: Callable[[Client, Grant, int], list[dict[str, Any]] | None],
        terms: Terms,
        directory: Directory,
        exchange: TokenExchange,
        count: Count,
    ) -> None:
        super().__init__()
        self.database = database
        self.authenticator = authenticator
        self.maker = maker
        self.endurance = endurance
        self.claims_for = claims_for
        self.details_for = details_for
        self.terms = terms
        self.directory = directory
        self.exchange = exchange
        self.count = count
        for grant in (_CodeGrant, _RefreshGrant, _ClientCredentialsGrant):
            self.register_grant(grant)

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        if "grant_type" not in request.form:
            return self.handle_error_response(None, InvalidRequestError("grant_type is missing"))
        if request.form["grant_type"] == TOKEN_EXCHANGE:
            return self._exchanged(request)
        wrapped = _Request(request)
        try:
            response: ProtocolResponse = self.create_token_response(wrapped)
        except _Refused as refused:
            response = refused.response
        if kind := _COUNTED.get(request.form["grant_type"]):
            client_id = wrapped.client.client.client_id if wrapped.client else None
            self.count(kind, client_id, "ok" if response.status == 200 else "refused", request.now)
        return response

    def _exchanged(self, request: ProtocolRequest) -> ProtocolResponse:
        response, client = self.exchange.answer(request)
        result = "ok" if response.status == 200 else "refused"
        self.count(Counted.EXCHANGE, client.client_id if client else None, result, request.now)
        return response

    def create_oauth2_request(self, request: Any) -> Any:
        return request

    def authenticate_client(self, request: Any, methods: Any, endpoint: str = "token") -> Any:
        del methods, endpoint
        client = self.authenticator.authenticate(request.protocol)
        if isinstance(client, Unauthenticated):
            raise _Refused(client.response(self.maker.issuer))
        if client.tls_client_certificate_bound_access_tokens and request.protocol.certificate is None:
            raise _Refused(error_response("invalid_request", "this client's tokens are bound to a certificate"))
        return _ClientView(client)

    def handle_response(self, status: int, body: Any, headers: Any) -> ProtocolResponse:
        del headers
        return json_response(body, status=status)

    def handle_error_response(self, request: Any, error: OAuth2Error) -> ProtocolResponse:
        del request
        return json_response(dict(error.get_body()), status=error.status_code)

    def get_error_uri(self, request: Any, error: Any) -> None:
        del request, error

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def save_token(self, token: Any, request: Any) -> None:
        """Nothing is kept per token: the grant is the record."""

    def end_replayed(self, grant: Grant, reason: EndReason, *, now: int) -> None:
        """A code or refresh token came a second time: nothing that grew from it stays valid."""
        event = Event.CODE_REPLAYED if reason is EndReason.CODE_REPLAYED else Event.REFRESH_REPLAYED
        with self.database.transaction() as tx:
            record(
                tx,
                event,
                actor=grant.party_id,
                subject=grant.gid,
                client=grant.client_id,
                session=grant.session_id,
                result="refused",
                now=now,
            )
            actions.end_grant(tx, grant.gid, reason, now=now)


class _TokenGrant:
    """How every grant of ours makes its answer; mixed into Authlib's classes."""

    server: TokenServer
    request: Any

    @property
    def now(self) -> int:
        return int(self.request.protocol.now)

    def resource(self, client: Client) -> str:
        """The API named in this request, empty without one; judged before anything is used up (RFC 8707 2.2)."""
        resource: str = self.request.form.get("resource", "")
        if resource and (fault := self.server.terms.target_fault(client, resource)):
            raise InvalidTargetError(fault)
        return resource

    def cnf_for(self, client: Client) -> dict[str, str] | None:
        """What tokens of this answer are bound to: the certificate that came, for who registered so (RFC 8705 3)."""
        shown = self.request.protocol.certificate
        return confirmation(shown) if shown and client.tls_client_certificate_bound_access_tokens else None

    def _access_token(self, client: Client, grant: Grant | None, scope: str) -> str:
        """For the API named now, else for the one named at the sign-in, which knows the person by its own ``sub``."""
        resource = self.resource(client) or (grant.resource if grant else None) or None
        sector = self.server.terms.sector_of(resource) if resource and grant else None
        sub = None
        if grant and sector not in (None, client.sector):
            with self.server.database.autocommit() as tx:
                sub = self.server.directory.subjects.of(tx, sector=sector or "", party_id=grant.party_id)
        return self.server.maker.access_token(
            client,
            grant=grant,
            scope=scope,
            cnf=self.cnf_for(client),
            resource=resource,
            sub=sub,
            now=self.now,
        )

    def generate_token(self, user: _Claimed | None = None, scope: str = "", **_: Any) -> dict[str, Any]:
        client: Client = self.request.client.client
        maker, grant = self.server.maker, user.grant if user else None
        access = self._access_token(client, grant, scope)
        answer = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": maker.lifetimes.access,
            "scope": scope,
        }
        if user and user.refresh:
            answer["refresh_token"] = str(user.refresh)
        if grant and (details := self.server.details_for(client, grant, self.now)) is not None:
            answer["authorization_details"] = details
        if user and "openid" in scope.split():
            answer["id_token"] = maker.id_token(
                client,
                user.grant,
                access_token=access,
                nonce=user.nonce,
                extra=self.server.claims_for(client, user.grant, scope, self.now),
                now=self.now,
            )
        return answer


class _CodeGrant(_TokenGrant, grants.AuthorizationCodeGrant):
    """RFC 6749 4.1.3 with RFC 7636."""

    def query_authorization_code(self, code: str, client: _ClientView) -> _Claimed:
        """Claim the code: one statement checks all it is bound to, and only a refusal has to ask why."""
        form = self.request.form
        redirect_uri, resource = form.get("redirect_uri"), self.resource(client.client)
        with self.server.database.transaction() as tx:
            won = actions.redeem_code(
                tx,
                code=code,
                client_id=client.client.client_id,
                redirect_uri=redirect_uri,
                challenge=challenge_of(form.get("code_verifier")),
                resource=resource,
                refreshes=client.check_grant_type("refresh_token"),
                cnf=self._family_of(client.client),
                now=self.now,
            )
        if won is None:
            raise InvalidGrantError(self._fault(code, client))
        return _Claimed(won.grant, won.refresh, won.nonce, redirect_uri)

    def _family_of(self, client: Client) -> str | None:
        """What its refresh tokens are bound to: a public client's, others prove who they are (RFC 8705 7.1)."""
        return None if client.confidential else stored(self.cnf_for(client))

    def _fault(self, code: str, client: _ClientView) -> str:
        """Why the code was not redeemed. One that had been is a replay, whatever else is wrong with it."""
        form = self.request.form
        with self.server.database.autocommit() as tx:
            bound = actions.find_code(tx, code)
        if bound is None or bound.grant.client_id != client.client.client_id:
            return "the code is not valid"
        if bound.redeemed_at is not None:
            self.server.end_replayed(bound.grant, EndReason.CODE_REPLAYED, now=self.now)
        elif bound.redirect_uri != form.get("redirect_uri"):
            return "redirect_uri is not the one of the authorization request"
        elif fault := verifier_fault(bound.challenge, form.get("code_verifier")):
            return fault
        else:
            _refuse_other(bound.grant, self.resource(client.client))
        return "the code is not valid"

    def authenticate_user(self, authorization_code: _Claimed) -> _Claimed:
        return authorization_code

    def delete_authorization_code(self, authorization_code: _Claimed) -> None:
        """Claiming it left no use in it."""


class _RefreshGrant(_TokenGrant, grants.RefreshTokenGrant):
    """RFC 6749 6 with rotation at every use and reuse detection."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def _validate_request_token(self, client: _ClientView) -> _Claimed:
        """Claim this member of the family and bring its successor; only a refusal has to ask why."""
        text = self.request.form.get("refresh_token")
        if text is None:
            raise InvalidRequestError("refresh_token is missing")
        token = RefreshToken.parse(text)
        won = self._rotated(token, client.client.client_id) if token else None
        if won is None:
            raise InvalidGrantError("the refresh token is not valid")
        return won

    def _rotated(self, token: RefreshToken, client_id: str) -> _Claimed | None:
        asked, resource = self.request.payload.scope, self.resource(self.request.client.client)
        with self.server.database.autocommit() as tx:
            if asked and self._exceeds(asked, actions.find_by_refresh(tx, token), token, client_id):
                raise InvalidScopeError("scope exceeds what was granted")
            rotated = live.rotate(
                tx,
                token,
                client_id=client_id,
                resource=resource,
                cnf=self._shown(),
                endurance=self.server.endurance,
                now=self.now,
            )
            if rotated is not None:
                return _Claimed(*rotated)
            footing = live.by_refresh_handle(tx, digest(token.handle))
        self._end_replayed(footing, token, client_id)
        if footing is not None and footing.grant.client_id == client_id and actions.is_current(footing.grant, token):
            _refuse_other(footing.grant, resource)
        return None

    def _shown(self) -> str | None:
        """What the family would have to be bound to, whatever the client has registered since it was."""
        certificate = self.request.protocol.certificate
        return stored(confirmation(certificate)) if certificate else None

    @staticmethod
    def _exceeds(asked: str, grant: Grant | None, token: RefreshToken, client_id: str) -> bool:
        """Judged before the token is used up, and only for who holds it."""
        if grant is None or grant.client_id != client_id or not actions.is_current(grant, token):
            return False
        return not set(asked.split()) <= set(grant.scope.split())

    def _end_replayed(self, footing: live.Footing | None, token: RefreshToken, client_id: str) -> None:
        """An earlier member of a family that stands ends it."""
        if footing is None or footing.grant.client_id != client_id:
            return
        stands = footing.stands(idle=self.server.endurance.session_idle, now=self.now)
        if stands and not actions.is_current(footing.grant, token):
            self.server.end_replayed(footing.grant, EndReason.REFRESH_REPLAYED, now=self.now)

    def _validate_token_scope(self, token: _Claimed) -> None:
        """Judged before the claim."""

    def authenticate_user(self, refresh_token: _Claimed) -> _Claimed:
        return refresh_token

    def issue_token(self, user: _Claimed, refresh_token: _Claimed) -> dict[str, Any]:
        return self.generate_token(user=user, scope=self.request.payload.scope or refresh_token.grant.scope)

    def revoke_old_credential(self, refresh_token: _Claimed) -> None:
        """Already replaced by the claim."""


class _ClientCredentialsGrant(_TokenGrant, grants.ClientCredentialsGrant):
    """RFC 6749 4.4. The scopes of people's data (``openid`` and the like) mean nothing without a person."""

    def validate_requested_scope(self) -> None:
        asked = set((self.request.payload.scope or "").split())
        if not asked <= self._own():
            raise InvalidScopeError("scope is not registered for this client")

    def _own(self) -> set[str]:
        return set(self.request.client.client.scopes) - PERSONAL_SCOPES

    def generate_token(self, user: _Claimed | None = None, scope: str | None = None, **_: Any) -> dict[str, Any]:
        """No scope named: all that are the client's own (RFC 6749 3.3)."""
        return super().generate_token(user, scope or " ".join(sorted(self._own())))


def _refuse_other(grant: Grant, resource: str) -> None:
    """Another API than the one of the sign-in."""
    if resource and grant.resource not in (None, resource):
        raise InvalidTargetError("resource is not the one of the authorization request")
