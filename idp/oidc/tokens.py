"""The tokens themselves: access token, ID token, logout token, and reading back the ones we made.

Always true: every token names the issuer, its audience, an end and a ``jti``; a person's tokens carry their ``gid``.
"""

from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any

from idp.clients.rules import Client, TokenForm
from idp.crypto.signing import KeyRing
from idp.crypto.tokens import digest, random_token
from idp.db import Database, Statement
from idp.grants.rules import Grant
from idp.oidc.bound import stored

ACCESS = "at+jwt"
"""``typ`` of access tokens (RFC 9068 2.1)."""
DELEGATION = "gov-mandate+jwt"
"""``typ`` of tokens that say whom somebody acts for: who verifies access tokens as RFC 9068 says refuses them."""
LONGEST_DELEGATION = 600
"""Seconds."""
ACTING_ENDED = "urn:tongban:event:acting-ended"
"""In a logout token: what has ended is the acting for somebody, the person's own session has not."""
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_PUT_OPAQUE = Statement[Any](
    "INSERT INTO opaque_token (hash, gid, client_id, scope, audience, cnf, issued_at, expires_at)"
    " VALUES (:hash, :gid, :client_id, :scope, :audience, :cnf, :issued_at, :expires_at)"
)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """Seconds."""

    code: int
    access: int
    id_token: int
    logout: int


class TokenMaker:
    """Makes and signs tokens with the provider's keys."""

    def __init__(self, keys: KeyRing, database: Database, *, issuer: str, lifetimes: Lifetimes) -> None:
        self.keys = keys
        self.issuer = issuer
        self.lifetimes = lifetimes
        self._database = database

    def access_token(
        self,
        client: Client,
        *,
        grant: Grant | None,
        scope: str,
        cnf: dict[str, str] | None,
        resource: str | None = None,
        sub: str | None = None,
        now: int,
    ) -> str:
        """An access token for the person of ``grant``, or for the client itself (client_credentials).

        ``cnf``: what it is bound to (`idp.oidc.bound`); None: whoever bears it may use it. ``resource``: the API it
        is for (RFC 8707), and ``sub``: what that API knows the person as.
        """
        audience = resource or client.audience or self.issuer
        if client.access_token is TokenForm.OPAQUE:
            return self._opaque(client, grant=grant, scope=scope, audience=audience, cnf=cnf, now=now)
        jti = random_token()
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": (sub or grant.sub) if grant else client.client_id,
            "aud": audience,
            "client_id": client.client_id,
            "exp": now + self.lifetimes.access,
            "iat": now,
            "jti": jti,
            "gid": grant.gid if grant else jti,
            "scope": scope,
        }
        if cnf:
            claims["cnf"] = cnf
        if grant:
            claims |= {"auth_time": grant.auth_time, "acr": grant.acr, "ial": grant.ial, "aal": grant.aal}
        return self.keys.sign(claims, alg="ES256", typ=ACCESS)

    def delegation_token(self, claims: dict[str, Any], *, now: int) -> tuple[str, int]:
        """A token for an API that tells who acts from whom they act for, and its life in seconds.

        ``claims``: parties, audience and powers; no scope, and nothing that refreshes it.
        """
        lifetime = min(self.lifetimes.access, LONGEST_DELEGATION)
        times = {"iss": self.issuer, "iat": now, "exp": now + lifetime, "jti": random_token()}
        return self.keys.sign(claims | times, alg="ES256", typ=DELEGATION), lifetime

    def _opaque(
        self, client: Client, *, grant: Grant | None, scope: str, audience: str, cnf: dict[str, str] | None, now: int
    ) -> str:
        token = random_token()
        with self._database.autocommit() as tx:
            tx.run(
                _PUT_OPAQUE,
                hash=digest(token),
                gid=grant.gid if grant else None,
                client_id=client.client_id,
                scope=scope,
                audience=audience,
                cnf=stored(cnf),
                issued_at=now,
                expires_at=now + self.lifetimes.access,
            )
        return token

    def id_token(
        self, client: Client, grant: Grant, *, access_token: str, nonce: str | None, extra: dict[str, Any], now: int
    ) -> str:
        """An ID token (OpenID Connect Core 2); ``extra`` are claims asked for by name."""
        claims = extra | {
            "iss": self.issuer,
            "sub": grant.sub,
            "aud": client.client_id,
            "exp": now + self.lifetimes.id_token,
            "iat": now,
            "jti": random_token(),
            "auth_time": grant.auth_time,
            "sid": grant.sid,
            "acr": grant.acr,
            "amr": grant.amr.split(),
            "ial": grant.ial,
            "aal": grant.aal,
            "at_hash": half_hash(access_token),
        }
        if nonce is not None:
            claims["nonce"] = nonce
        return self.keys.sign(claims, alg=client.id_token_alg, typ="JWT")

    def logout_token(
        self, client: Client, *, sub: str, sid: str, jti: str, handle: str | None = None, now: int
    ) -> str:
        """A logout token (Back-Channel Logout 1.0 2.4). ``jti``: new at each delivery.

        ``handle``: of the acting that is all that has ended; who does not know the event ends the whole session.
        """
        ended = {ACTING_ENDED: {"handle": handle}} if handle else {}
        claims = {
            "iss": self.issuer,
            "sub": sub,
            "aud": client.client_id,
            "iat": now,
            "exp": now + self.lifetimes.logout,
            "jti": jti,
            "sid": sid,
            "events": {LOGOUT_EVENT: {}} | ended,
        }
        return self.keys.sign(claims, alg=client.id_token_alg, typ="logout+jwt")


def half_hash(token: str) -> str:
    """``at_hash`` (Core 3.1.3.6): the left half of SHA-256, base64url."""
    return urlsafe_b64encode(digest(token)[:16]).rstrip(b"=").decode()
