"""The way between a check and the provider: one request, one answer, nothing remembered.

Always true: a wire follows no redirect, keeps no cookie and adds no header; whoever sends decides all of it.
"""

from collections.abc import Iterable
from typing import Protocol
from urllib.parse import urlencode

import httpx

TIMEOUT = 15.0
FORM = "application/x-www-form-urlencoded"


class Wire(Protocol):
    def send(self, request: httpx.Request) -> httpx.Response: ...


class HttpWire:
    """The real network, with kept connections; certificates of a test installation are not what is tested."""

    def __init__(self) -> None:
        self._transport = httpx.HTTPTransport(verify=False, trust_env=False)

    def send(self, request: httpx.Request) -> httpx.Response:
        request.extensions.setdefault("timeout", httpx.Timeout(TIMEOUT).as_dict())
        response = self._transport.handle_request(request)
        response.request = request
        response.read()
        response.close()
        return response

    def close(self) -> None:
        self._transport.close()


def get(url: str, headers: dict[str, str] | None = None) -> httpx.Request:
    return httpx.Request("GET", url, headers=headers)


def post(url: str, pairs: Iterable[tuple[str, str]], headers: dict[str, str] | None = None) -> httpx.Request:
    """A form as a browser posts it."""
    body = urlencode(list(pairs)).encode("ascii")
    return httpx.Request("POST", url, content=body, headers={"Content-Type": FORM, **(headers or {})})
