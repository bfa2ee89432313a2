"""Pushed authorization requests (RFC 9126): parameters sent by the client itself, which the browser only names.

Always true: a ``request_uri`` is good for the client that pushed it, once and for a minute and a half; what it stands
for has passed every check of an authorization request before anybody is sent there.
"""

from collections.abc import Mapping

from idp.clients.actions import Registry
from idp.clients.rules import Client
from idp.crypto.fields import FieldCipher
from idp.crypto.sealed import SealedValues
from idp.crypto.tokens import random_token
from idp.oidc.client_auth import ASSERTION_PARAMETERS, ClientAuthenticator, Unauthenticated
from idp.oidc.request import AuthorizationRequest, parse
from idp.oidc.terms import Terms
from idp.state.store import Store
from idp.web.protocol import ProtocolRequest, ProtocolResponse, error_response, json_response

PARAMETER = "request_uri"
PREFIX = "urn:ietf:params:oauth:request_uri:"
SECONDS = 90


class PushedRequests:
    """Raises `StateUnavailable`."""

    def __init__(self, store: Store, cipher: FieldCipher) -> None:
        self._values = SealedValues(store, cipher, namespace="pushed", kind="pushed.request", ttl=SECONDS)

    def keep(self, client_id: str, params: Mapping[str, str]) -> str:
        """The ``request_uri`` that finds ``params`` again."""
        key = random_token()
        self._values.put(key, {"client": client_id, "params": dict(params)})
        return PREFIX + key

    def take(self, request_uri: str, *, client_id: str | None) -> dict[str, str] | None:
        """The parameters; None for one that is not there, used, or another client's, which stays where it is."""
        key = request_uri.removeprefix(PREFIX)
        held = self._values.get(key)
        if held is None or held["client"] != client_id or self._values.take(key) is None:
            return None
        params: dict[str, str] = held["params"]
        return params


class PushedEndpoint:
    """``POST /par``."""

    def __init__(
        self,
        registry: Registry,
        authenticator: ClientAuthenticator,
        terms: Terms,
        requests: PushedRequests,
        *,
        issuer: str,
    ) -> None:
        self._terms = terms
        self._registry = registry
        self._authenticator = authenticator
        self._requests = requests
        self._issuer = issuer

    def answer(self, request: ProtocolRequest) -> ProtocolResponse:
        """RFC 9126 2.1 to 2.3."""
        client = self._authenticator.authenticate(request)
        if isinstance(client, Unauthenticated):
            return client.response(self._issuer)
        params = {name: value for name, value in request.form.items() if name not in ASSERTION_PARAMETERS}
        if PARAMETER in params:
            return error_response("invalid_request", "request_uri cannot be pushed")
        return self._push(client, params | {"client_id": client.client_id})

    def _push(self, client: Client, params: Mapping[str, str]) -> ProtocolResponse:
        parsed = parse(params, self._registry.get, pushed=True)
        checked = self._terms.check(parsed) if isinstance(parsed, AuthorizationRequest) else parsed
        if not isinstance(checked, AuthorizationRequest):
            return error_response(checked.error, checked.description)
        answer = {PARAMETER: self._requests.keep(client.client_id, params), "expires_in": SECONDS}
        return json_response(answer, status=201)
