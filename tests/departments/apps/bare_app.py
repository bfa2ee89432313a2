"""The small app as functions of the ASGI interface, without any framework."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from adapters.departments.asgi import NoticeKind, SingleSignOn, acurrent_person, current_person, requires
from adapters.departments.asgi_events import EventsApp
from adapters.departments.errors import SessionEnded

from .pages import AGREED, DEMANDS, STRONG, Given, by_handle, shown, told


def saying(say: Callable[[], Awaitable[Any]]) -> Any:
    """An ASGI app that says this."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        found = await say()
        body = json.dumps(found) if isinstance(found, dict) else str(found)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})

    return app


async def home() -> str:
    person = await acurrent_person()
    return person.sub if person else "nobody"


async def page() -> dict[str, Any]:
    return told(current_person())


def bare_app(given: Given) -> Any:
    sso = SingleSignOn(given.party, **given.options)
    sso.ended.append(given.heard.append)

    async def banner() -> str:
        return shown(await sso.banner())

    async def act() -> str:
        if not sso.from_this_app():
            raise await sso.notice(NoticeKind.FOREIGN_FORM, target="/")
        return "done"

    async def again() -> str:
        try:
            return (await sso.refresh()).access_token
        except SessionEnded:
            return "nobody"

    async def raised() -> str:
        raise await sso.start(STRONG, target="/strong")

    guarded = {f"/{name}": requires(**asked)(saying(page)) for name, asked in DEMANDS.items()}
    apps = guarded | {
        "/": saying(home),
        "/banner": requires()(saying(banner)),
        "/by": requires(represent=by_handle)(saying(page)),
        "/act": requires()(saying(act)),
        "/again": saying(again),
        "/raise": saying(raised),
        "/events": EventsApp(given.events, authorization=AGREED, clock=given.clock),
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        address, _, handle = scope["path"].partition("/by/")
        if handle:
            scope["path_params"] = {"handle": handle}
        await apps[address or "/by"](scope, receive, send)

    return sso.middleware(app)
