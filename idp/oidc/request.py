"""The authorization request: parsed once into a typed value, every check in the order written here.

Always true: an error is redirected only to a redirect URI registered for the client that asked (RFC 6749 4.1.2.1).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from idp.admission.rules import ActingDemand
from idp.clients.rules import Basis, Client
from idp.oidc.claims import NO_CLAIMS, ClaimsRequest, parse_claims

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
_MAX_AGE = re.compile(r"[0-9]{1,9}")
PROMPTS = frozenset({"none", "login", "consent", "select_account"})
RESPONSE_MODES = ("query", "form_post")
_MAX_LENGTH = {"state": 2048, "nonce": 512, "login_hint": 256, "acr_values": 1024, "ui_locales": 256}


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationRequest:
    """A request of the code flow (OpenID Connect Core 3.1.2.1) that may be answered to ``redirect_uri``."""

    client: Client
    redirect_uri: str
    params: Mapping[str, str]
    response_mode: str = "query"
    state: str | None = None
    nonce: str | None = None
    scopes: frozenset[str] = frozenset()
    challenge: str | None = None
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    claims: ClaimsRequest = NO_CLAIMS
    acr: tuple[str, ...] = ()
    login_hint: str = ""
    id_token_hint: str | None = None
    acting: ActingDemand | None = None
    """For whom the person is to act (`idp.oidc.terms`)."""
    resource: str | None = None
    """The API that access tokens are to be for (RFC 8707)."""
    pushed: bool = False
    """It came from the client itself (RFC 9126), not by way of the browser."""

    @property
    def scope(self) -> str:
        """The granted scopes in the client's order."""
        return " ".join(s for s in dict.fromkeys(self.params.get("scope", "").split()) if s in self.scopes)

    @property
    def asks_of_acting(self) -> bool:
        return self.acting is not None

    @property
    def form_target(self) -> str:
        """Origin of the redirect URI."""
        scheme, _, rest = self.redirect_uri.partition("://")
        return f"{scheme}://{rest.partition('/')[0].partition('?')[0]}"


@dataclass(frozen=True, slots=True)
class PageError:
    """An error that may only be shown to the person: client or redirect URI cannot be trusted."""

    error: str
    description: str


@dataclass(frozen=True, slots=True)
class RedirectError:
    """An error for the client."""

    request: AuthorizationRequest
    error: str
    description: str


_Checked = AuthorizationRequest | RedirectError


def parse(
    params: Mapping[str, str], find_client: Callable[[str], Client | None], *, pushed: bool = False
) -> AuthorizationRequest | PageError | RedirectError:
    """The typed request, or the first error found."""
    client_id = params.get("client_id")
    client = find_client(client_id) if client_id else None
    if client is None:
        return PageError("invalid_request", "client_id is missing or names no registered client")
    if not client.served:
        return PageError("unauthorized_client", "the client is not in service")
    redirect_uri = params.get("redirect_uri")
    if redirect_uri is None or redirect_uri not in client.redirect_uris:
        return PageError("invalid_request", "redirect_uri is missing or not registered for this client")
    request = AuthorizationRequest(
        client=client,
        redirect_uri=redirect_uri,
        params=params,
        state=params.get("state"),
        nonce=params.get("nonce"),
        pushed=pushed,
    )
    for check in _CHECKS:
        checked = check(request)
        if isinstance(checked, RedirectError):
            return checked
        request = checked
    return request


def _response_mode(request: AuthorizationRequest) -> _Checked:
    mode = request.params.get("response_mode", "query")
    if mode not in RESPONSE_MODES:
        return RedirectError(request, "invalid_request", "response_mode is not supported")
    return replace(request, response_mode=mode)


def _lengths(request: AuthorizationRequest) -> _Checked:
    for name, most in _MAX_LENGTH.items():
        if len(request.params.get(name, "")) > most:
            return RedirectError(request, "invalid_request", f"{name} is too long")
    return request


def _unsupported(request: AuthorizationRequest) -> _Checked:
    for name in ("request", "request_uri", "registration"):
        if name in request.params:
            return RedirectError(request, f"{name}_not_supported", f"{name} is not supported")
    return request


def _pushed(request: AuthorizationRequest) -> _Checked:
    """RFC 9126 6: who registered for it is asked for nothing that the browser could have changed."""
    if request.client.require_pushed_authorization_requests and not request.pushed:
        return RedirectError(request, "invalid_request", "this client pushes its requests")
    return request


def _response_type(request: AuthorizationRequest) -> _Checked:
    wanted = request.params.get("response_type")
    if wanted is None:
        return RedirectError(request, "invalid_request", "response_type is missing")
    if wanted != "code":
        return RedirectError(request, "unsupported_response_type", "only response_type code is served")
    if "authorization_code" not in request.client.grant_types:
        return RedirectError(request, "unauthorized_client", "the client is not registered for the code flow")
    return request


def _scopes(request: AuthorizationRequest) -> _Checked:
    """Scopes that are unknown or not registered are left out (Core 3.1.2.1); nothing left is an error."""
    scopes = granted_scopes(request.client, request.params)
    if scopes is None:
        return RedirectError(request, "invalid_scope", "scope is missing or malformed")
    if not scopes:
        return RedirectError(request, "invalid_scope", "none of the requested scopes is registered for this client")
    return replace(request, scopes=scopes)


def granted_scopes(client: Client, params: Mapping[str, str]) -> frozenset[str] | None:
    """Those asked for that are registered; None when ``scope`` is missing or malformed."""
    text = params.get("scope", "")
    if not _SCOPE.fullmatch(text):
        return None
    registered = set(client.scopes) | {"openid"}
    if "refresh_token" not in client.grant_types:
        registered.discard("offline_access")
    return frozenset(text.split()) & registered


def _prompt(request: AuthorizationRequest) -> _Checked:
    prompts = frozenset(request.params.get("prompt", "").split())
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        return RedirectError(request, "invalid_request", "prompt holds an unknown value or none beside another")
    return replace(request, prompts=prompts)


def _max_age(request: AuthorizationRequest) -> _Checked:
    text = request.params.get("max_age")
    if text is None:
        return request
    if not _MAX_AGE.fullmatch(text):
        return RedirectError(request, "invalid_request", "max_age is not a number of seconds")
    return replace(request, max_age=int(text))


def _pkce(request: AuthorizationRequest) -> _Checked:
    """S256 only, from everybody who is not exempt (RFC 7636, RFC 9700 2.1.1)."""
    challenge, method = request.params.get("code_challenge"), request.params.get("code_challenge_method")
    if challenge is None:
        if method is not None or request.client.pkce == "required":
            return RedirectError(request, "invalid_request", "code_challenge is required")
        return request
    if method != "S256" or not _CHALLENGE.fullmatch(challenge):
        return RedirectError(
            request, "invalid_request", "code_challenge needs method S256 and 43 base64url characters"
        )
    return replace(request, challenge=challenge)


def _claims(request: AuthorizationRequest) -> _Checked:
    text = request.params.get("claims")
    claims = NO_CLAIMS if text is None else parse_claims(text)
    if claims is None:
        return RedirectError(request, "invalid_request", "claims is not a claims request")
    acr = claims.acr or tuple(dict.fromkeys(request.params.get("acr_values", "").split()))
    return replace(request, claims=claims, acr=acr)


def _hints(request: AuthorizationRequest) -> _Checked:
    params = request.params
    return replace(request, login_hint=params.get("login_hint", ""), id_token_hint=params.get("id_token_hint"))


_CHECKS = (
    _lengths,
    _response_mode,
    _unsupported,
    _pushed,
    _response_type,
    _scopes,
    _prompt,
    _max_age,
    _pkce,
    _claims,
    _hints,
)


def scopes_to_release(request: AuthorizationRequest) -> frozenset[str]:
    """The scopes whose data this request would release: those asked, and the carriers of claims asked by name."""
    return request.scopes | (request.claims.scopes() & set(request.client.scopes))


def scopes_needing(request: AuthorizationRequest, basis: Basis) -> frozenset[str]:
    return request.client.needing(scopes_to_release(request), basis)
