"""Owns what an app asks of the provider in its own name, about no session: JSON there, JSON back.

Always true: who has a secret shows it, everybody else a token of their own, asked for anew once it is old or was not
taken. Safe to share between threads.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from adapters.departments.errors import ProviderRefused, ProviderUnavailable
from adapters.departments.settings import ClientAuthentication, ClientSettings
from adapters.departments.transport import Request, Response, Transport

_EARLY = 30  # seconds before a token ends, in which it is not sent any more
TokenRequest = Callable[[Mapping[str, str], int], dict[str, Any]]
"""Posts a form to the token endpoint, with this client's proof, at this time."""


class ClientCalls:
    """Calls of one client. basic: gives the header of client_secret_basic; origin: where the endpoints stand."""

    def __init__(
        self,
        settings: ClientSettings,
        transport: Transport,
        *,
        basic: Callable[[], dict[str, str]],
        origin: Callable[[int], str],
        request_token: TokenRequest,
    ) -> None:
        self._by_secret = settings.authentication is ClientAuthentication.SECRET_BASIC
        self._transport = transport
        self._basic = basic
        self._origin = origin
        self._request_token = request_token
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[str, int]] = {}

    def send(self, path: str, document: Mapping[str, Any] | None, *, scope: str, now: int) -> dict[str, Any]:
        """The answer to a question, or with document None to a GET.

        Raises `ProviderRefused` with the name and status of the problem, or `ProviderUnavailable`.
        """
        return self._sent(path, document, scope, now).json_object()

    def listed(self, path: str, *, scope: str, now: int) -> list[Any]:
        """The list that is the answer to a GET; raises as `send`."""
        return self._sent(path, None, scope, now).json_list()

    def _sent(self, path: str, document: Mapping[str, Any] | None, scope: str, now: int) -> Response:
        url = self._origin(now) + path
        response = self._transport.send(Request(url=url, headers=self._headers(scope, now), document=document))
        if response.status == 401 and not self._by_secret:
            with self._lock:
                self._tokens.pop(scope, None)
            response = self._transport.send(Request(url=url, headers=self._headers(scope, now), document=document))
        if response.status not in (200, 201):
            raise refusal_of(response)
        return response

    def _headers(self, scope: str, now: int) -> dict[str, str]:
        return self._basic() if self._by_secret else {"Authorization": f"Bearer {self._token(scope, now)}"}

    def _token(self, scope: str, now: int) -> str:
        with self._lock:
            token, until = self._tokens.get(scope, ("", 0))
            if now < until:
                return token
        answer = self._request_token({"grant_type": "client_credentials", "scope": scope}, now)
        token, life = answer.get("access_token", ""), answer.get("expires_in", 0)
        if not isinstance(token, str) or not token or not token.isascii() or type(life) is not int:
            raise ProviderUnavailable("the token answer cannot be read")
        with self._lock:
            self._tokens[scope] = (token, now + life - _EARLY)
        return token


def refusal_of(response: Response) -> ProviderRefused | ProviderUnavailable:
    """A problem of the 4xx (RFC 9457) is a decision, named by the last part of its type; all else says nothing."""
    if not 400 <= response.status < 500 or response.status == 429:
        return ProviderUnavailable(f"answered {response.status}")
    problem = response.json_object().get("type")
    if not isinstance(problem, str):
        return ProviderUnavailable(f"answered {response.status} without a problem")
    return ProviderRefused(problem.rpartition(":")[2][:60], status=response.status)
