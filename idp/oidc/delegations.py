"""Tokens that say whom somebody acts for, read back: whether one still counts, and what it says.

Always true: such a token is active only while its grant, its session and every link of its chain stand, whatever
time it has left.
"""

from typing import Any

from idp.accounts.actions import Directory
from idp.clients.actions import Registry
from idp.clients.resources import Resources
from idp.clients.rules import Client
from idp.db import Transaction
from idp.entities.rules import Acting
from idp.mandates.contexts import Contexts
from idp.mandates.details import granted, read_details
from idp.mandates.power import Chain
from idp.oidc import live
from idp.oidc.tokens import DELEGATION, TokenMaker


class Delegations:
    """``idle``: seconds after which an unused session is over."""

    def __init__(
        self,
        registry: Registry,
        resources: Resources,
        contexts: Contexts,
        directory: Directory,
        maker: TokenMaker,
        *,
        idle: int,
    ) -> None:
        self._registry = registry
        self._resources = resources
        self._contexts = contexts
        self._directory = directory
        self._maker = maker
        self._idle = idle

    def described(self, tx: Transaction, token: str, caller: Client, *, now: int) -> dict[str, Any] | None:
        """For introspection (RFC 7662) by the API it is for, or by the client it was given to; None: not active.

        Parties are named in the caller's sector.
        """
        claims = self._maker.keys.verify(token, typ=DELEGATION, algs=("ES256",)) if "." in token else None
        if claims is None or claims.get("iss") != self._maker.issuer or claims["exp"] <= now:
            return None
        server, client = self._resources.get(claims["aud"]), self._registry.get(claims["client_id"])
        if server is None or not server.aware or client is None or not client.served:
            return None
        if caller.client_id not in (server.client_id, client.client_id):
            return None
        footing = live.by_gid(tx, claims["gid"], jti=claims["jti"])
        if footing is None or not footing.stands(idle=self._idle, now=now):
            return None
        return self._told(tx, claims, footing, caller, now)

    def _told(
        self, tx: Transaction, claims: dict[str, Any], footing: live.Footing, caller: Client, now: int
    ) -> dict[str, Any] | None:
        grant = footing.grant
        acting = Acting.parse(grant.acting)
        if acting is None or not self._contexts.judge(tx, grant.party_id, acting, now=now).current:
            return None

        def subject(party: str) -> str:
            return self._directory.subjects.of(tx, sector=caller.sector, party_id=party)

        details: list[dict[str, Any]] = []
        chain: Chain | None = None
        for one in read_details(claims["authorization_details"]):
            power = self._contexts.power(tx, grant.party_id, acting, one.theme, now=now)
            if power is None or one.exceeds(power.chain.scope):
                return None
            chain, scope = power.chain, one.narrows(power.chain.scope)
            details += granted(scope, power.theme, chain, subject=subject, mandate=acting.mandate)
        if chain is None:
            return None
        told = {name: claims[name] for name in ("iss", "aud", "client_id", "iat", "exp", "jti", "gid")}
        act = claims["act"] | {"sub": subject(grant.party_id)}
        if chain.intermediary and "act" in act:
            act["act"] = act["act"] | {"sub": subject(chain.intermediary)}
        about = {"sub": subject(acting.entity), "act": act, "authorization_details": details}
        return {"active": True, "token_type": "Bearer"} | told | about
