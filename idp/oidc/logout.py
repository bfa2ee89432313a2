"""RP-initiated logout as a request, and the delivery of back-channel logout notices.

Always true: a redirect after sign-out goes only to a URI registered for the client that a valid hint names.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.db import Database
from idp.entities.rules import SCOPE, Acting
from idp.mandates.handles import known_handle
from idp.messages.claims import Message
from idp.messages.outbound import GuardedClient, NoAnswer
from idp.messages.worker import Failed, Handler, Outcome, Retry, Settled
from idp.oidc.tokens import TokenMaker


@dataclass(frozen=True, slots=True)
class Hint:
    """A verified id_token_hint; its end is not looked at (RP-Initiated Logout 1.0 4)."""

    client: Client
    sub: str
    sid: str


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """``target`` is set only when it is registered for the hint's client."""

    hint: Hint | None
    client: Client | None
    target: str | None
    faulty: bool
    """Something was sent that could not be honoured: ask, never redirect."""


def read_hint(maker: TokenMaker, registry: Registry, token: str | None) -> Hint | None:
    """The hint, if we signed it for a client we know; ``alg=none`` and foreign signatures are nothing to us."""
    claims = maker.keys.verify(token, typ="JWT", algs=("ES256", "RS256")) if token else None
    if claims is None or claims.get("iss") != maker.issuer or not isinstance(claims.get("aud"), str):
        return None
    if not isinstance(claims.get("sid"), str):  # a signed answer of userinfo: ours, and no ID token
        return None
    client = registry.get(claims["aud"])
    return Hint(client, claims["sub"], claims["sid"]) if client else None


def parse(params: Mapping[str, str], maker: TokenMaker, registry: Registry) -> LogoutRequest:
    token, client_id, uri = (params.get(n) for n in ("id_token_hint", "client_id", "post_logout_redirect_uri"))
    hint = read_hint(maker, registry, token)
    named = registry.get(client_id) if client_id else None
    mismatch = bool(hint and client_id and hint.client.client_id != client_id)
    registered = uri is not None and hint is not None and uri in hint.client.post_logout_redirect_uris
    faulty = (token is not None and hint is None) or mismatch or (uri is not None and not registered)
    target = None
    if registered and not mismatch and uri is not None:
        state = params.get("state")
        joint = "&" if "?" in uri else "?"
        target = f"{uri}{joint}{urlencode({'state': state})}" if state else uri
    return LogoutRequest(hint, hint.client if hint else named, target, faulty)


def _acting_ended(database: Database, client: Client, payload: Mapping[str, Any]) -> str | None:
    """The handle of the acting that has ended, if that is all, and the client was told of it."""
    acting = Acting.parse(payload.get("acting"))
    if acting is None or SCOPE not in client.scopes:
        return None
    with database.autocommit() as tx:
        return known_handle(tx, client.client_id, payload["party"], acting)


def deliver_logout(
    database: Database, registry: Registry, maker: TokenMaker, outbound: GuardedClient, clock: Callable[[], int]
) -> Handler:
    """The worker's handler of outbox kind ``logout``: one signed POST to the client (Back-Channel Logout 1.0 2.5)."""

    def deliver(message: Message, payload: Mapping[str, Any]) -> Outcome:
        client = registry.get(payload["client_id"])
        if client is None or client.backchannel_logout_uri is None:
            return Settled("no-address")
        jti = f"{message.id}.{message.attempt}"
        handle = _acting_ended(database, client, payload)
        token = maker.logout_token(
            client, sub=payload["sub"], sid=payload["sid"], jti=jti, handle=handle, now=clock()
        )
        answer = outbound.post(
            client.backchannel_logout_uri,
            urlencode({"logout_token": token}).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        if isinstance(answer, NoAnswer):
            return Retry(answer.reason)
        if answer.status in (200, 204):
            return Settled("delivered")
        return Failed(f"status-{answer.status}") if answer.status == 400 else Retry(f"status-{answer.status}")

    return deliver
