"""Owns the code flow from the app's side; a `SignIn` exists only after every check on its tokens has passed.

Knows no web framework, session or clock: callers pass `now` in Unix seconds. Safe to share between threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import quote, urlsplit

from adapters.departments.authorization import (
    AuthorizationRequest,
    Parameters,
    PendingSignIn,
    authorization_code,
    authorization_request,
    printable,
)
from adapters.departments.calls import ClientCalls
from adapters.departments.checks import (
    CheckResult,
    Expected,
    StartedCheck,
    UseOnce,
    check_address_of,
    check_refusal,
    read_answer,
    read_started,
    verify_check_result,
)
from adapters.departments.client_auth import ClientCredential
from adapters.departments.delegation import DelegationToken, exchange_form, read_details, read_exchanged
from adapters.departments.discovery import Discovery, ProviderMetadata
from adapters.departments.errors import InvalidToken, ProviderRefused, ProviderUnavailable, TokenFault
from adapters.departments.jws import FindKey
from adapters.departments.keys import ProviderKeys
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.logout import LogoutNotice, logout_url, verify_logout_token
from adapters.departments.representing import Power
from adapters.departments.settings import ClientAuthentication, ClientSettings
from adapters.departments.tokens import IdToken, verify_id_token, verify_refreshed_id_token
from adapters.departments.transport import HttpTransport, Request, Response, Transport


@dataclass(frozen=True, slots=True)
class TokenSet:
    """What the token endpoint gave. `expires_at` is by our own clock; None if the provider named no life time."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_at: int | None
    scope: str | None
    details: Sequence[Mapping[str, Any]] | None = field(default=None, repr=False)
    """What is held of the `authorization_details` asked for (RFC 9396 7); None where none were."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """One completed sign-in."""

    tokens: TokenSet
    id_token: IdToken


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What a refresh brought; a provider may leave the ID token out (OIDC Core 12.2)."""

    tokens: TokenSet
    id_token: IdToken | None


class RelyingParty:
    """One registered client of one provider."""

    def __init__(self, settings: ClientSettings, transport: Transport | None = None) -> None:
        self.settings = settings
        self._transport = transport or HttpTransport(
            connect_to=settings.connect_to,
            ca_file=settings.ca_file,
            certificate_file=settings.certificate_file,
            certificate_key_file=settings.certificate_key_file,
            timeout=settings.timeout,
        )
        self._discovery = Discovery(settings, self._transport)
        self._keys = ProviderKeys(settings, self._transport, self._discovery)
        self._credential = ClientCredential(settings)
        self._calls = ClientCalls(
            settings,
            self._transport,
            basic=self._credential.headers,
            origin=self._origin,
            request_token=self._token_request,
        )

    def metadata(self, now: int) -> ProviderMetadata:
        """What the provider says about itself, cached."""
        return self._discovery.metadata(now)

    def begin(
        self,
        *,
        asked: Demand = NOTHING,
        prompt: str | None = None,
        login_hint: str | None = None,
        ui_locales: str | None = None,
        matter: str | None = None,
        represent: str | None = None,
        now: int,
    ) -> AuthorizationRequest:
        """Start a sign-in: redirect the browser to `url`, keep `pending` on the server, bound to this browser.

        With `matter`, the person's face is checked on the way, for this matter of yours; `finish` insists on it.
        represent: for whom they act (`self`, `select`, `required` or a handle), in place of what `asked.acting` says.
        Powers are pushed (RFC 9126), where the provider takes that; then `ProviderRefused` may be raised, too.
        """
        endpoint = self._pushing(now) if asked.acting.powers else None
        return authorization_request(
            self.metadata(now),
            self.settings,
            asked=asked,
            prompt=prompt,
            login_hint=login_hint,
            ui_locales=ui_locales,
            matter=matter,
            represent=represent,
            push=(lambda parameters: self._push(endpoint, parameters, now)) if endpoint else None,
            now=now,
        )

    def _pushing(self, now: int) -> str | None:
        """Where to push to; None where nobody takes it from who is known by a certificate alone."""
        name = "pushed_authorization_request_endpoint"
        known_by_tls = self.settings.authentication in (
            ClientAuthentication.TLS,
            ClientAuthentication.SELF_SIGNED_TLS,
        )
        return None if known_by_tls and name not in self.metadata(now).aliases else self._endpoint(name, now)

    def _push(self, endpoint: str, parameters: Mapping[str, str], now: int) -> dict[str, str]:
        name = self._post(endpoint, parameters, now).get("request_uri")
        if not isinstance(name, str) or not name:
            raise ProviderUnavailable("the answer to a pushed request cannot be read")
        return {"client_id": self.settings.client_id, "request_uri": name}

    def exchange(
        self, handle: str, resource: str, details: Sequence[Power] | None = None, *, access_token: str, now: int
    ) -> DelegationToken:
        """A token for an API that knows about acting (RFC 8693), of the acting that `handle` names.

        access_token: the person's own, in force, given while they acted so. details: what for; None means what was
        asked at the sign-in, else all the mandate holds. Raises `ProviderRefused` as `docs/acting.md` lists.
        """
        form = exchange_form(handle, resource, details, access_token=access_token)
        return read_exchanged(self._token_request(form, now), now=now)

    def finish(self, parameters: Parameters, pending: PendingSignIn, *, now: int) -> SignIn:
        """Redeem the response to `pending`, once. Raises `InvalidCallback`, `ProviderRefused`, `InvalidToken`
        or `ProviderUnavailable`; after any of them the sign-in starts again with `begin`.
        """
        code = authorization_code(parameters, pending, settings=self.settings, metadata=self.metadata(now))
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.redirect_uri,
            "code_verifier": pending.verifier,
        }
        answer = self._token_request(form, now)
        tokens = _token_set(answer, now=now)
        id_token = verify_id_token(
            _id_token(answer),
            settings=self.settings,
            find_key=lambda kid: self._keys.find(kid, now),
            nonce=pending.nonce,
            access_token=tokens.access_token,
            asked=pending.asked,
            matter=pending.matter,
            now=now,
        )
        return SignIn(tokens, id_token)

    def refresh(self, refresh_token: str, *, subject: str, auth_time: int | None, now: int) -> Refreshed:
        """Use a refresh token, once: the provider rotates it and ends the grant if it is seen again, so callers
        serialise (`refresh.Refresher`). `ProviderRefused("invalid_grant")` means the grant is over.
        """
        answer = self._token_request({"grant_type": "refresh_token", "refresh_token": refresh_token}, now)
        tokens = _token_set(answer, now=now, kept=refresh_token)
        if "id_token" not in answer:
            return Refreshed(tokens, None)
        id_token = verify_refreshed_id_token(
            _id_token(answer),
            settings=self.settings,
            find_key=lambda kid: self._keys.find(kid, now),
            subject=subject,
            auth_time=auth_time,
            access_token=tokens.access_token,
            now=now,
        )
        return Refreshed(tokens, id_token)

    def userinfo(self, access_token: str, *, subject: str, now: int) -> Mapping[str, Any]:
        """The claims about the signed-in person; refused unless they are about `subject` (OIDC Core 5.3.2)."""
        endpoint = self._endpoint("userinfo_endpoint", now)
        if endpoint is None:
            return {}
        response = self._transport.send(Request(url=endpoint, headers={"Authorization": f"Bearer {access_token}"}))
        if response.status in (401, 403):
            raise ProviderRefused("invalid_token", "userinfo refused the access token", status=response.status)
        if response.status != 200:
            raise ProviderUnavailable(f"userinfo answered {response.status}")
        claims = response.json_object()
        if claims.get("sub") != subject:
            raise InvalidToken(TokenFault.SUBJECT)
        return claims

    def logout_notice(self, logout_token: str, *, now: int) -> LogoutNotice:
        """Verify a back-channel logout token; the session store then ends what it names, and only once."""
        return verify_logout_token(
            logout_token, settings=self.settings, find_key=lambda kid: self._keys.find(kid, now), now=now
        )

    def start_check(
        self, check: str, *, access_token: str, matter: str, nonce: str, return_uri: str | None = None, now: int
    ) -> StartedCheck:
        """Ask for a `name_check` or `face_check` of the person of `access_token`: send the browser to `person_url`.

        Keep matter and nonce for `check_result`. Raises `ProviderRefused` with the name of the problem.
        """
        asked = {"access_token": access_token, "matter": matter, "nonce": nonce, "return_uri": return_uri}
        question = {name: value for name, value in asked.items() if value is not None}
        return read_started(self._ask(self._check_address(check, now), question, now), self.settings)

    def fetch_check(self, check: str, key: str, *, now: int) -> str | None:
        """The signed answer to a check that was started, for `check_result`; None while it waits for the person."""
        return read_answer(self._ask(f"{self._check_address(check, now)}/{quote(key, safe='')}", {}, now))

    def ask_as_client(self, path: str, document: Mapping[str, Any] | None, *, scope: str, now: int) -> dict[str, Any]:
        """What the provider answers this app itself, who has to be registered for `scope`: as `ClientCalls.send`."""
        return self._calls.send(path, document, scope=scope, now=now)

    def ask_for_list(self, path: str, *, scope: str, now: int) -> list[Any]:
        """The same of what is answered with a list."""
        return self._calls.listed(path, scope=scope, now=now)

    def find_key(self, now: int) -> FindKey:
        """The provider's keys, for what is verified elsewhere."""
        return lambda kid: self._keys.find(kid, now)

    def _check_address(self, check: str, now: int) -> str:
        return check_address_of(self.settings, check, origin=self._origin(now))

    def _origin(self, now: int) -> str:
        """With a certificate, the host where one is asked for: these endpoints stand beside the token endpoint."""
        if not self.settings.certificate_file:
            return self.settings.issuer.rstrip("/")
        token = urlsplit(self._endpoint("token_endpoint", now) or "")
        return f"{token.scheme}://{token.netloc}"

    def _endpoint(self, name: str, now: int) -> str | None:
        """An endpoint's address for this app: who has a certificate goes where one is asked for (RFC 8705 5)."""
        metadata = self.metadata(now)
        alias = metadata.aliases.get(name) if self.settings.certificate_file else None
        found: str | None = alias or getattr(metadata, name)
        return found

    def _ask(self, address: str, question: Mapping[str, str], now: int) -> dict[str, Any]:
        credential = self._credential
        document = {**question, **credential.fields(self.metadata(now), now=now)}
        response = self._transport.send(Request(url=address, headers=credential.headers(), document=document))
        if response.status not in (200, 201):
            raise check_refusal(response)
        return response.json_object()

    def check_result(self, token: str, *, expected: Expected, use_once: UseOnce, now: int) -> CheckResult:
        """Verify the answer to a check this app asked for; `use_once` remembers which were used."""
        return verify_check_result(
            token,
            settings=self.settings,
            find_key=lambda kid: self._keys.find(kid, now),
            expected=expected,
            use_once=use_once,
            now=now,
        )

    def logout_url(
        self, *, id_token_hint: str | None, state: str, ui_locales: str | None = None, now: int
    ) -> str | None:
        """Where to send the browser after the app's own session was ended; None if the provider has no such page."""
        return logout_url(
            self.metadata(now), self.settings, id_token_hint=id_token_hint, state=state, ui_locales=ui_locales
        )

    def _token_request(self, form: Mapping[str, str], now: int) -> dict[str, Any]:
        return self._post(self._endpoint("token_endpoint", now) or "", form, now)

    def _post(self, endpoint: str, form: Mapping[str, str], now: int) -> dict[str, Any]:
        fields = self._credential.fields(self.metadata(now), now=now)
        response = self._transport.send(
            Request(url=endpoint, headers=self._credential.headers(), form={**form, **fields})
        )
        if response.status not in (200, 201):
            raise _refusal(response)
        return response.json_object()


def _refusal(response: Response) -> ProviderRefused | ProviderUnavailable:
    """A 4xx with an OAuth error is the provider's decision; everything else says nothing about the request."""
    if not 400 <= response.status < 500 or response.status == 429:
        return ProviderUnavailable(f"the token endpoint answered {response.status}")
    document = response.json_object()
    error, description = document.get("error"), document.get("error_description", "")
    if not isinstance(error, str) or not isinstance(description, str):
        return ProviderUnavailable(f"the token endpoint answered {response.status} without an error")
    return ProviderRefused(printable(error), printable(description), status=response.status)


def _token_set(answer: Mapping[str, Any], *, now: int, kept: str | None = None) -> TokenSet:
    access_token, token_type = answer.get("access_token"), answer.get("token_type")
    refresh_token, scope = answer.get("refresh_token", kept), answer.get("scope")
    if not _is_token(access_token) or not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise ProviderUnavailable("the token answer carries no bearer token")
    if not (refresh_token is None or _is_token(refresh_token)) or not isinstance(scope, str | None):
        raise ProviderUnavailable("the token answer is malformed")
    life = answer.get("expires_in")
    expires_at = now + life if isinstance(life, int) and life >= 0 else None
    return TokenSet(access_token, refresh_token, expires_at, scope, read_details(answer))


def _is_token(value: object) -> TypeGuard[str]:
    """Printable ASCII without spaces (RFC 6749 A.12), so that it can stand in a header."""
    return isinstance(value, str) and value != "" and value.isascii() and value.isprintable() and " " not in value


def _id_token(answer: Mapping[str, Any]) -> str:
    text = answer.get("id_token")
    if not isinstance(text, str):
        raise InvalidToken(TokenFault.MALFORMED)
    return text
