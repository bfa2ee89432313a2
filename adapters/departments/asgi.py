"""Owns what an ASGI app writes: `SingleSignOn(party, name=...)` as middleware, `@requires`, `current_person`.

An endpoint behind `@requires(level=...)` runs only for a person whose newest ID token states that level. Nothing here
waits on the event loop for store or provider: the kit's rules run in threads.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from adapters.departments.asgi_messages import (
    Application,
    Receive,
    Scope,
    Send,
    read_form,
    send_reply,
    visit_of,
    with_visit,
)
from adapters.departments.levels import NOTHING, Demand, demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession, Lifetime, Store
from adapters.departments.web_endpoints import BACKCHANNEL, LARGEST_NOTICE, backchannel_logout, pages
from adapters.departments.web_guard import refusal
from adapters.departments.web_notices import Notice, NoticeKind, plain_html
from adapters.departments.web_person import Person
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


class Answer(Exception):
    """What the kit answers in place of an endpoint: raise it, and the middleware sends it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class _Here:
    """The request of the running task, and whose sign-in it belongs to."""

    sso: SingleSignOn
    visit: Visit


_here: ContextVar[_Here] = ContextVar("tongban_departments")


def _preferred(scope: Scope) -> str:
    sent = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept-language")
    return preferred_language(sent.decode("latin-1"))


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
        language: Callable[[Scope], str] = _preferred,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self.sign_in = WebSignIn(party, name=name, store=store, lifetime=lifetime, home=home, clock=clock)
        self._notice_page = notice_page
        self._language = language
        self._pages = {page.path: page for page in pages(party.settings)}

    def middleware(self, app: Application) -> Application:
        """The app behind the kit: its endpoints are answered here, and every other request knows who is signed in.

        WebSockets and lifespan pass through untouched: `requires` and `current_person` fail in them, closed.
        """

        async def signed_on(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
            else:
                await self._serve(app, scope, receive, send)

        return signed_on

    async def _serve(self, app: Application, scope: Scope, receive: Receive, send: Send) -> None:
        visit = visit_of(scope, functools.partial(self._language, scope))
        token, sending = _here.set(_Here(self, visit)), with_visit(send, visit)
        try:
            reply = await self._own(visit, receive)
            if reply is None:
                await app(scope, receive, sending)
            else:
                await self._send(sending, reply)
        except Answer as answer:
            await self._send(sending, answer.reply)
        finally:
            _here.reset(token)

    async def _own(self, visit: Visit, receive: Receive) -> Reply | None:
        """The answer of one of the kit's endpoints; None for a request that is the app's."""
        if visit.path == visit.root + BACKCHANNEL:
            return await self._notified(visit, receive)
        page = self._pages.get(visit.path) or self._pages.get(visit.path.removeprefix(visit.root))
        if page is None:
            return None
        if visit.method not in page.methods and not (visit.method == "HEAD" and "GET" in page.methods):
            return Reply(405)
        return await asyncio.to_thread(page.answer, self.sign_in, visit)

    async def _notified(self, visit: Visit, receive: Receive) -> Reply:
        if visit.method != "POST":
            return Reply(405)
        form = await read_form(receive, most=LARGEST_NOTICE)
        if form is None:
            return Reply(413)
        return await asyncio.to_thread(backchannel_logout, self.sign_in, form.get("logout_token", []))

    async def _send(self, send: Send, reply: Reply) -> None:
        if reply.notice is not None:
            html = await asyncio.to_thread(self._notice_page, reply.notice)
            await send_reply(send, reply, page=lambda _: html)
        else:
            await send_reply(send, reply, page=plain_html)

    # For endpoints; they answer for the request of the running task

    async def start(
        self, asked: Demand = NOTHING, *, target: str, prompt: str | None = None, matter: str | None = None
    ) -> Answer:
        """Raise what this gives to send the browser to the provider, and back to `target`; see `WebSignIn.start`."""
        visit = _current().visit
        reply = await asyncio.to_thread(self.sign_in.start, visit, asked, target=target, prompt=prompt, matter=matter)
        return Answer(reply)

    async def notice(self, kind: NoticeKind, *, target: str) -> Answer:
        """Raise what this gives to show one of the kit's pages."""
        return Answer(await asyncio.to_thread(self.sign_in.notice, _current().visit, kind, target=target))

    async def refresh(self) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        return await asyncio.to_thread(self.sign_in.refresh, _current().visit)

    def from_this_app(self) -> bool:
        """True unless the browser says that a page of another origin sent this form."""
        return self.sign_in.from_this_app(_current().visit)


def _current() -> _Here:
    try:
        return _here.get()
    except LookupError:
        raise RuntimeError("no request of the kit's middleware is being answered here") from None


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def current_person() -> Person | None:
    """The person behind the request. In a coroutine only behind `requires`, where it is known, or `RuntimeError`."""
    here = _current()
    if not here.visit.looked_up and _on_event_loop():
        raise RuntimeError("await acurrent_person() here: looking up a session would hold the event loop")
    session = here.sso.sign_in.session(here.visit)
    return Person(session) if session else None


async def acurrent_person() -> Person | None:
    """The person behind the request, looked up in a thread."""
    here = _current()
    session = await asyncio.to_thread(here.sso.sign_in.session, here.visit)
    return Person(session) if session else None


class requires:
    """Run an endpoint only for a signed-in person who meets the demand; others are sent to sign in and come back.

    `@requires(level="aal:2")` stands nearest to the function, below what registers it. With FastAPI,
    `Depends(requires(level="aal:2").person)` does the same and gives the `Person`.

    level: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or alternatives in order.
    essential: demand it from the provider, which then issues nothing less, instead of asking for it.
    max_age: seconds since the person last actively signed in.
    """

    def __init__(
        self, level: str | tuple[str, ...] = (), *, essential: bool = False, max_age: int | None = None
    ) -> None:
        self._asked = demand(level, essential=essential, max_age=max_age)

    def __call__(self, endpoint: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.iscoroutinefunction(endpoint) or inspect.iscoroutinefunction(getattr(endpoint, "__call__", None)):  # noqa: B004

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
        """The person who meets the demand; whoever does not never gets this far."""
        return await asyncio.to_thread(self._check)

    def _check(self) -> Person:
        here = _current()
        reply = refusal(here.sso.sign_in, here.visit, self._asked)
        if reply is not None:
            raise Answer(reply)
        session = here.sso.sign_in.session(here.visit)
        assert session is not None  # noqa: S101 - `refusal` lets nobody else through
        return Person(session)
