"""Before any load: each provider shows once that it does the work that is going to be counted.

Always true: a provider that signs nothing, forgets to rotate or takes a wrong secret is not measured.
"""

import json
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet
from joserfc.jwt import Token

from bench.load import expect, wrong
from bench.operations import authorize, member, redeem
from bench.site import Client, Site
from bench.targets import SignedIn


def prove(site: Site) -> None:
    """Raises ``load.WrongAnswer`` or a joserfc error at the first thing that is not as it must be."""
    keys = _keys(site)
    [cookies] = site.sessions(site, 1)
    tokens = authorize(site, site.clients.app, cookies)
    identity = _verified(member(tokens, "id_token"), keys)
    assert identity.header["alg"] == "ES256"
    assert identity.claims["iss"] == site.issuer
    assert identity.claims["aud"] in (site.clients.app.id, [site.clients.app.id])
    assert identity.claims["nonce"]
    access_token = member(tokens, "access_token")
    person = expect(site.exchange(site.get(site.paths.userinfo, Authorization=f"Bearer {access_token}")), 200)
    assert json.loads(person.body)["sub"] == identity.claims["sub"]
    assert _introspected(site, access_token)["active"] is True
    assert _introspected(site, access_token[::-1])["active"] is False
    _services(site, keys)
    _rotation(site)


def _keys(site: Site) -> KeySet:
    document = json.loads(expect(site.exchange(site.get(site.paths.discovery)), 200).body)
    assert document["issuer"] == site.issuer
    return KeySet.import_key_set(json.loads(expect(site.exchange(site.get(site.paths.jwks)), 200).body))


def _verified(token: str, keys: KeySet) -> Token:
    return jwt.decode(token, keys, algorithms=["ES256"])


def _introspected(site: Site, token: str) -> dict[str, Any]:
    request = site.post(site.paths.introspect, {"token": token}, Authorization=site.clients.resource.authorization)
    body: dict[str, Any] = json.loads(expect(site.exchange(request), 200).body)
    return body


def _services(site: Site, keys: KeySet) -> None:
    form = {"grant_type": "client_credentials", "scope": site.clients.jwt_service.scope}

    def ask(client: Client) -> bytes:
        return site.post(site.paths.token, form, Authorization=client.authorization)

    claims = _verified(member(site.exchange(ask(site.clients.jwt_service)), "access_token"), keys).claims
    assert claims["client_id"] == site.clients.jwt_service.id
    assert claims["jti"]
    right = site.clients.service
    expect(site.exchange(ask(Client(right.id, right.secret[::-1], right.scope))), 400, 401)


def _rotation(site: Site) -> None:
    """A used refresh token is refused, and what it had become dies with it (RFC 9700 4.14.2)."""
    [cookies] = SignedIn()(site, 1)  # the peer withdraws the whole consent with it
    first = member(authorize(site, site.clients.keeper, cookies), "refresh_token")
    second = member(expect(site.exchange(redeem(site, first)), 200), "refresh_token")
    for token in (first, second):
        answer = site.exchange(redeem(site, token))
        if answer.status != 400 or b"invalid_grant" not in answer.body:
            wrong("a used refresh token was taken", answer)
