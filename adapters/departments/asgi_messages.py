"""Owns the way between ASGI's messages and the kit's values; it imports no framework and waits for nothing but ASGI.

Knows the HTTP part of the ASGI specification 3.0; other connections never get here.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote

from adapters.departments.web_requests import Reply, Visit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


def headers_of(scope: Scope) -> dict[str, str]:
    """By lower-case names; of a header sent twice the lines are joined, as HTTP/2 splits cookies (RFC 9113 8.2.3)."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        between = "; " if key == "cookie" else ", "
        found[key] = f"{found[key]}{between}{text}" if key in found else text
    return found


def visit_of(scope: Scope, language: Callable[[], str]) -> Visit:
    """The request behind a scope of type `http`."""
    root, path = str(scope.get("root_path", "")), str(scope["path"])
    whole = path if path == root or path.startswith(f"{root}/") else root + path  # servers differ in what they say
    query = scope.get("query_string", b"").decode("ascii", "replace")
    return Visit(str(scope["method"]), quote(root), quote(whole), query, headers_of(scope), language)


async def read_body(receive: Receive, *, most: int) -> bytes | None:
    """The body; None if it has more than `most` bytes."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] != "http.request":  # the other side has gone
            return b""
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            return None
    return body


def form_in(body: bytes) -> dict[str, list[str]]:
    """An `application/x-www-form-urlencoded` body with every value of every name."""
    return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)


async def send_reply(send: Send, reply: Reply, *, html: str | None = None) -> None:
    """Answer in the place of an app. `html`: what the reply's notice has become."""
    headers, body = {"cache-control": "no-store"}, b""
    if reply.location is not None:
        headers["location"] = reply.location
    if reply.allow:
        headers["allow"] = ", ".join(reply.allow)
    if html is not None:
        headers["content-type"], body = "text/html; charset=utf-8", html.encode()
    elif reply.document is not None:
        headers["content-type"], body = reply.content_type, json.dumps(dict(reply.document)).encode()
    headers["content-length"] = str(len(body))
    lines = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": lines})
    await send({"type": "http.response.body", "body": body})


def with_visit(send: Send, visit: Visit) -> Send:
    """`send` that lets the kit's cookies go along with whatever response is made, and keeps private pages private."""

    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            lines = list(message.get("headers", ()))
            lines += [(b"set-cookie", change.header.encode("latin-1")) for change in visit.changes.values()]
            if visit.private and not any(name.lower() == b"cache-control" for name, _ in lines):
                lines.append((b"cache-control", b"no-store"))
            message = {**message, "headers": lines}
        await send(message)

    return sending
