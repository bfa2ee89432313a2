"""Owns the address at which an ASGI app has security events pushed to it; the rules stand in `web_events`."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable

from adapters.departments.asgi_messages import Receive, Scope, Send, headers_of, read_body, send_reply
from adapters.departments.events import EventReceiver
from adapters.departments.web_events import LARGEST_EVENT, authorized, take, unauthorized
from adapters.departments.web_requests import Reply
from adapters.departments.web_signin import system_clock


class EventsApp:
    """An ASGI app for where events are pushed to, such as by Starlette's `Route("/events", EventsApp(receiver))`.

    authorization: the whole header given to `open_stream`. Handlers run in a thread; one that raises is answered as
    the app answers its errors, and the event comes again.
    """

    def __init__(
        self,
        receiver: EventReceiver,
        *,
        authorization: str | None = None,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self._receiver = receiver
        self._authorization = authorization
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send_reply(send, await self._answer(scope, receive))

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        headers = headers_of(scope)
        if scope["method"] != "POST":
            return Reply(405, allow=("POST",))
        if not authorized(headers.get("authorization", ""), agreed=self._authorization):
            return unauthorized()
        body = await read_body(receive, most=LARGEST_EVENT)
        if body is None:
            return Reply(413)
        kind, now = headers.get("content-type", ""), self._clock()
        return await asyncio.to_thread(functools.partial(take, self._receiver, body, content_type=kind, now=now))
