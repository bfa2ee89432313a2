"""The small app in Starlette, with endpoints of both kinds and a middleware of its own before them."""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters.departments.asgi import NoticeKind, SingleSignOn, acurrent_person, current_person, requires
from adapters.departments.asgi_events import EventsApp
from adapters.departments.errors import SessionEnded

from .pages import AGREED, DEMANDS, STRONG, Given, by_handle, shown, told


async def home(request: Request) -> Response:
    person = await acurrent_person()
    return PlainTextResponse(person.sub if person else "nobody")


async def page(request: Request) -> Response:
    return JSONResponse(told(current_person()))


def page_in_thread(request: Request) -> Response:
    return JSONResponse(told(current_person()))


async def passed_on(request: Request, call_next: Any) -> Response:
    """Answers that are raised behind it come through."""
    found: Response = await call_next(request)
    return found


def starlette_app(given: Given) -> Starlette:
    sso = SingleSignOn(given.party, **given.options)
    sso.ended.append(given.heard.append)

    @requires()
    async def banner(request: Request) -> Response:
        return PlainTextResponse(shown(await sso.banner()))

    @requires()
    async def act(request: Request) -> Response:
        if not sso.from_this_app():
            raise await sso.notice(NoticeKind.FOREIGN_FORM, target="/")
        return PlainTextResponse("done")

    async def again(request: Request) -> Response:
        try:
            return PlainTextResponse((await sso.refresh()).access_token)
        except SessionEnded:
            return PlainTextResponse("nobody")

    async def raised(request: Request) -> Response:
        raise await sso.start(STRONG, target="/strong")

    guarded = {
        name: requires(**asked)(page_in_thread if name in ("strong", "filing") else page)
        for name, asked in DEMANDS.items()
    }
    routes = [Route(f"/{name}", endpoint) for name, endpoint in guarded.items()]
    events = EventsApp(given.events, authorization=AGREED, clock=given.clock)
    routes += [
        Route("/", home),
        Route("/banner", banner),
        Route("/by/{handle}", requires(represent=by_handle)(page)),
        Route("/act", act, methods=["POST"]),
        Route("/again", again, methods=["POST"]),
        Route("/raise", raised),
    ]
    own = Middleware(BaseHTTPMiddleware, dispatch=passed_on)
    return Starlette(routes=[*routes, Route("/events", events)], middleware=[Middleware(sso.middleware), own])
