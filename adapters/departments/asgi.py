"""Owns what an ASGI app writes: `SingleSignOn(party, name=...)` as middleware, `@requires`, `current_person`.

An endpoint behind `@requires(level=...)` runs only for a person whose newest ID token states that level. Nothing here
waits on the event loop for store or provider: the kit's rules run in threads.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, cast

from adapters.departments.asgi_messages import (
    Application,
    Receive,
    Scope,
    Send,
    form_in,
    headers_of,
    read_body,
    send_reply,
    visit_of,
    with_visit,
)
from adapters.departments.asgi_request import HERE, Answer, Here, acurrent_person, current, current_person
from adapters.departments.banner import Banner
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import SELECT, Power
from adapters.departments.sessions import AppSession, Lifetime, Store
from adapters.departments.web_endpoints import LARGEST_FORM, endpoints
from adapters.departments.web_guard import Representing, guard, refusal
from adapters.departments.web_notices import Notice, NoticeKind, plain_html
from adapters.departments.web_person import Person, leave_loop_alone, person_here
from adapters.departments.web_preferences import preferred_language
from adapters.departments.web_requests import Reply, Visit
from adapters.departments.web_signin import WebSignIn, system_clock

__all__ = [
    "Answer",
    "Notice",
    "NoticeKind",
    "Person",
    "SingleSignOn",
    "acurrent_person",
    "current_person",
    "requires",
]


def browser_language(scope: Scope) -> str:
    """What the browser asks for: "en" or, by default, "zh"."""
    return preferred_language(headers_of(scope).get("accept-language", ""))


class SingleSignOn:
    """Sign-in for one ASGI app: `app.add_middleware(sso.middleware)`, or `app = sso.middleware(app)`.

    name: lower-case word for this app's cookies; two apps on one host need different ones.
    store: where sessions live; in memory by default, which serves one process.
    lifetime: how long the app's own session lasts; 30 minutes idle and 12 hours by default.
    home: path for people who come back without a better place to go.
    notice_page: makes a notice into the HTML of a page in the app's own layout; called in a thread.
    language: "zh" or "en" for a request's scope; by default what the browser prefers.
    clock: Unix seconds.
    """

    def __init__(
        self,
        party: RelyingParty,
        *,
        name: str,
        store: Store | None = None,
        lifetime: Lifetime | None = None,
        home: str = "/",
        notice_page: Callable[[Notice], str] = plain_html,
        language: Callable[[Scope], str] = browser_language,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self.core = WebSignIn(party, name=name, store=store, lifetime=lifetime, home=home, clock=clock)
        self.ended = self.core.ended
        self._notice_page = notice_page
        self._language = language
        self._endpoints = {endpoint.path: endpoint for endpoint in endpoints(party.settings)}

    def middleware(self, app: Application) -> Application:
        """The app behind the kit: its endpoints are answered here, and every other request knows who is signed in.

        WebSockets and lifespan pass through untouched: `requires` and `current_person` fail in them, closed.
        """

        async def signed_on(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await self._serve(app, scope, receive, send)
            else:
                await app(scope, receive, send)

        return signed_on

    async def _serve(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        visit = visit_of(scope, functools.partial(self._language, scope))
        token, sending = HERE.set(Here(self.core, visit, scope)), with_visit(send, visit)
        try:
            reply = await self._own(visit, receive)
            if reply is None:
                await app(scope, receive, sending)
            else:
                await self._send(sending, reply)
        except Answer as answer:
            await self._send(sending, answer.reply)
        finally:
            HERE.reset(token)

    async def _own(self, visit: Visit, receive: Receive) -> Reply | None:
        """The answer of one of the kit's endpoints; None for a request that is the app's."""
        endpoint = self._endpoints.get(visit.path) or self._endpoints.get(visit.path.removeprefix(visit.root))
        if endpoint is None:
            return None
        if ("GET" if visit.method == "HEAD" else visit.method) not in endpoint.methods:
            return Reply(405, allow=endpoint.methods)
        if visit.method == "POST":
            body = await read_body(receive, most=LARGEST_FORM)
            if body is None:
                return Reply(413)
            visit.form = form_in(body)
        return await asyncio.to_thread(endpoint.answer, self.core, visit)

    async def _send(self, send: Send, reply: Reply) -> None:
        notice = reply.notice
        html = await asyncio.to_thread(self._notice_page, notice) if notice is not None else None
        await send_reply(send, reply, html=html)

    # For endpoints; they answer for the request of the running task

    async def start(
        self,
        asked: Demand = NOTHING,
        *,
        target: str,
        prompt: str | None = None,
        matter: str | None = None,
        represent: str | None = None,
        authorization_details: Sequence[Power] = (),
        keep: bool = False,
    ) -> Answer:
        """Raise what this gives to send the browser to the provider, and back to `target`; see `WebSignIn.start`."""
        begin = functools.partial(
            self.core.start,
            current().visit,
            asked,
            target=target,
            prompt=prompt,
            matter=matter,
            represent=represent,
            authorization_details=authorization_details,
            keep=keep,
        )
        return Answer(await asyncio.to_thread(begin))

    async def switch(self, represent: str = SELECT, *, target: str) -> Answer:
        """Raise what this gives to have the person act for somebody else, or themselves; see `WebSignIn.switch`."""
        return Answer(await asyncio.to_thread(self.core.switch, current().visit, represent, target=target))

    async def banner(self) -> Banner | None:
        """For whom the person acts, for the top of a page; None for themselves, or if nobody is signed in."""
        return await asyncio.to_thread(self.core.banner, current().visit)

    async def notice(self, kind: NoticeKind, *, target: str) -> Answer:
        """Raise what this gives to show one of the kit's pages."""
        return Answer(await asyncio.to_thread(self.core.notice, current().visit, kind, target=target))

    async def refresh(self) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        return await asyncio.to_thread(self.core.refresh, current().visit)

    def from_this_app(self) -> bool:
        """True unless the browser says that a page of another origin sent this form."""
        return self.core.from_this_app(current().visit)


class requires:
    """Run an endpoint only for a signed-in person who meets the demand; others are sent to sign in and come back.

    `@requires(level="aal:2")` stands nearest to the function, below what registers it; the function may be a
    coroutine or not, or an ASGI app. With FastAPI, `Depends(requires(level="aal:2").person)` does the same and gives
    the `Person`.

    Arguments as in `web_guard.guard`; a `represent` that is called gets the path parameters that the router has left
    in the scope, by keyword.
    """

    def __init__(
        self,
        level: str | tuple[str, ...] = (),
        *,
        essential: bool = False,
        max_age: int | None = None,
        represent: Representing | None = None,
    ) -> None:
        self._wanted = guard(level, essential=essential, max_age=max_age, represent=represent)

    def __call__(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(endpoint) or inspect.iscoroutinefunction(type(endpoint).__call__):

            @functools.wraps(endpoint)
            async def guarded(*args: Any, **kwargs: Any) -> Any:
                await self.person()
                return await endpoint(*args, **kwargs)

            return guarded

        @functools.wraps(endpoint)
        def guarded_in_thread(*args: Any, **kwargs: Any) -> Any:
            self._check()
            return endpoint(*args, **kwargs)

        return guarded_in_thread

    async def person(self) -> Person:
        """The person who meets the demand; for anybody else it raises what sends them to do so."""
        return await asyncio.to_thread(self._check)

    def _check(self) -> Person:
        here = current()
        leave_loop_alone("guard a coroutine, or call this in a thread")
        asked = self._wanted.demand(here.scope.get("path_params", {}))
        reply = refusal(here.sign_in, here.visit, asked)
        if reply is not None:
            raise Answer(reply)
        return cast("Person", person_here(here.sign_in, here.visit))
