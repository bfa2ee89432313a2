"""Owns the front-channel half of the code flow; a response is accepted only for the one request it answers.

Pure: what must be remembered between request and response is the value `PendingSignIn`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from adapters.departments.discovery import ProviderMetadata
from adapters.departments.errors import CallbackFault, InvalidCallback, ProviderRefused
from adapters.departments.levels import Demand
from adapters.departments.logout import with_parameters
from adapters.departments.settings import ClientSettings

Parameters = Mapping[str, Sequence[str]]
"""A parsed query or form with every value of every name, for example Werkzeug's `args.to_dict(flat=False)`."""

Push = Callable[[Mapping[str, str]], Mapping[str, str]]

_ONCE = ("state", "iss", "code", "error", "error_description")


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """What was asked: kept on the server from the redirect to the provider until its answer."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    asked: Demand
    begun_at: int
    matter: str | None = None
    """For which the person's face is to be checked on the way."""
    represent: str | None = None
    """What was asked about for whom the person acts: a word or a handle."""


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """Where to send the browser, and what to remember meanwhile."""

    url: str
    pending: PendingSignIn


def authorization_request(
    metadata: ProviderMetadata,
    settings: ClientSettings,
    *,
    asked: Demand,
    prompt: str | None,
    login_hint: str | None,
    ui_locales: str | None,
    matter: str | None = None,
    represent: str | None = None,
    push: Push | None = None,
    now: int,
) -> AuthorizationRequest:
    """A code-flow request with PKCE S256 (RFC 7636), state and nonce, all new and 256 bit.

    represent: for whom, in place of what `asked` says. push: hands the parameters to the provider beforehand
    (RFC 9126), and gives those that name them to it.
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    parameters = {
        "response_type": "code",
        "client_id": settings.client_id,
        "redirect_uri": settings.redirect_uri,
        "scope": settings.scope,
        "state": state,
        "nonce": nonce,
        "code_challenge": code_challenge(verifier),
        "code_challenge_method": "S256",
        "prompt": prompt,
        "login_hint": login_hint,
        "ui_locales": ui_locales,
        "max_age": None if asked.max_age is None else str(asked.max_age),
        "represent": represent or asked.acting.represent,
        **_demands(asked, matter),
    }
    sent = {name: value for name, value in parameters.items() if value is not None}
    named = push(sent) if push is not None else sent
    url = with_parameters(metadata.authorization_endpoint, named)
    return AuthorizationRequest(url, PendingSignIn(state, nonce, verifier, asked, now, matter, sent.get("represent")))


def code_challenge(verifier: str) -> str:
    """BASE64URL(SHA256(verifier)) (RFC 7636 4.2)."""
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _demands(asked: Demand, matter: str | None) -> dict[str, str]:
    parameters: dict[str, str] = {}
    claims: dict[str, object] = {}
    if asked.values and asked.essential:
        claims["acr"] = {"essential": True, "values": list(asked.values)}
    elif asked.values:
        parameters["acr_values"] = " ".join(asked.values)
    if matter is not None:
        claims["face_check"] = {"essential": True, "matter": matter}
    if asked.acting.powers:
        parameters["authorization_details"] = json.dumps(asked.acting.details, separators=(",", ":"))
    if claims:
        parameters["claims"] = json.dumps({"id_token": claims}, separators=(",", ":"))
    return parameters


def authorization_code(
    parameters: Parameters, pending: PendingSignIn, *, settings: ClientSettings, metadata: ProviderMetadata
) -> str:
    """The code in a response, after the checks of state (RFC 6749 10.12) and issuer (RFC 9207 2.4).

    Raises `InvalidCallback`, or `ProviderRefused` with the provider's error once it is known to be the provider's.
    """
    if any(len(parameters.get(name, ())) > 1 for name in _ONCE):
        raise InvalidCallback(CallbackFault.REPEATED_PARAMETER)
    sent = {name: parameters[name][0] for name in _ONCE if parameters.get(name)}
    state = sent.get("state", "").encode("utf-8", "replace")
    if not hmac.compare_digest(state, pending.state.encode()):
        raise InvalidCallback(CallbackFault.STATE_MISMATCH)
    if "iss" not in sent and metadata.names_itself_in_responses:
        raise InvalidCallback(CallbackFault.ISSUER_MISSING)
    if sent.get("iss", settings.issuer) != settings.issuer:
        raise InvalidCallback(CallbackFault.ISSUER_MISMATCH)
    if "error" in sent:
        raise ProviderRefused(printable(sent["error"]), printable(sent.get("error_description", "")))
    if not sent.get("code"):
        raise InvalidCallback(CallbackFault.CODE_MISSING)
    return sent["code"]


def printable(text: str) -> str:
    """Foreign text cut and cleaned so that it can stand in a log line."""
    return "".join(c if " " <= c <= "~" else "?" for c in text[:200])
