"""The same small department app in every framework the kit knows, and one way to drive them all: httpx, in process.

Always true: what a test sees of an app goes through the framework's own WSGI or ASGI interface.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Protocol

import django
import flask
import httpx
from django.conf import settings as django_settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from adapters.departments import asgi
from adapters.departments import django as kit_django
from adapters.departments import flask as kit_flask
from adapters.departments.asgi import Person
from adapters.departments.errors import SessionEnded
from adapters.departments.flask_notices import NoticeKind as FlaskNotice
from adapters.departments.flask_views import from_this_app
from adapters.departments.levels import demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import Store

FRAMEWORKS = ("flask", "django", "django-asgi", "starlette", "asgi")
STRONG = demand("aal:2")
_numbers = itertools.count(1)


def told(person: Person) -> dict[str, Any]:
    """What the page `/mine` says."""
    return {
        "sub": person.sub,
        "name": person.profile.get("name"),
        "levels": [person.ial, person.aal],
        "token": person.session.access_token,
    }


class Browser(Protocol):
    """A browser with cookies that follows no redirect."""

    def get(self, path: str, **headers: str) -> httpx.Response: ...

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> httpx.Response: ...

    def cookies(self) -> dict[str, str]: ...


class OverWsgi:
    def __init__(self, app: Any, base: str) -> None:
        self.client = httpx.Client(transport=httpx.WSGITransport(app), base_url=base)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=with_dashes(headers))

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self.client.post(path, data=form or {}, headers=with_dashes(headers))

    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies)


class OverAsgi:
    def __init__(self, app: Any, base: str, runner: asyncio.Runner) -> None:
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)
        self.runner = runner

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.runner.run(self.client.get(path, headers=with_dashes(headers)))

    def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
        return self.runner.run(self.client.post(path, data=form or {}, headers=with_dashes(headers)))

    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies)


def with_dashes(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


@contextmanager
def app_of(
    framework: str, party: RelyingParty, store: Store, clock: Callable[[], int], base: str
) -> Iterator[Callable[[], Browser]]:
    """The app in this framework; gives a maker of browsers."""
    if framework == "flask":
        made = flask_app(party, store, clock)
        yield lambda: OverWsgi(made, base)
    elif framework == "django":
        with django_project(party, store, clock, views=SYNC_VIEWS):
            made = get_wsgi_application()
            yield lambda: OverWsgi(made, base)
    else:
        with asyncio.Runner() as runner, django_project(party, store, clock, views=ASYNC_VIEWS):
            sso = asgi.SingleSignOn(party, name="tax", store=store, clock=clock)
            makers = {
                "django-asgi": get_asgi_application,
                "starlette": lambda: starlette_app(sso),
                "asgi": lambda: bare_app(sso),
            }
            app = makers[framework]()
            yield lambda: OverAsgi(app, base, runner)


# Flask


def flask_app(party: RelyingParty, store: Store, clock: Callable[[], int]) -> flask.Flask:
    app = flask.Flask("department")
    sso = kit_flask.SingleSignOn(app, party, name="tax", store=store, clock=clock)
    person, login_required = kit_flask.current_person, kit_flask.login_required

    @app.get("/")
    def home() -> str:
        return person.sub if person else "nobody"

    @app.get("/mine")
    @login_required
    def mine() -> Any:
        return told(person)

    @app.get("/strong")
    @login_required(level="aal:2")
    def strong() -> str:
        return "strong"

    @app.get("/essential")
    @login_required(level="urn:tongban:aal:2", essential=True)
    def essential() -> str:
        return "essential"

    @app.get("/fresh")
    @login_required(max_age=60)
    def fresh() -> str:
        return "fresh"

    @app.post("/act")
    @login_required
    def act() -> Any:
        if not from_this_app(sso):
            return sso.notice(FlaskNotice.FOREIGN_FORM, target="/")
        return "done"

    @app.post("/again")
    def again() -> str:
        try:
            return sso.refresh().access_token
        except SessionEnded:
            return "nobody"

    @app.get("/raise")
    def raised() -> Any:
        return sso.start(STRONG, target="/strong")

    return app


# Django


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.person.sub if request.person else "nobody")


@kit_django.login_required
def mine(request: HttpRequest) -> HttpResponse:
    return JsonResponse(told(request.person))


@kit_django.login_required(level="aal:2")
def strong(request: HttpRequest) -> HttpResponse:
    return HttpResponse("strong")


@kit_django.login_required(level="urn:tongban:aal:2", essential=True)
def essential(request: HttpRequest) -> HttpResponse:
    return HttpResponse("essential")


@kit_django.login_required(max_age=60)
def fresh(request: HttpRequest) -> HttpResponse:
    return HttpResponse("fresh")


@kit_django.login_required
def act(request: HttpRequest) -> HttpResponse:
    if not request.departments.from_this_app(request):
        return request.departments.notice(request, kit_django.NoticeKind.FOREIGN_FORM, target="/")
    return HttpResponse("done")


def again(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(request.departments.refresh(request).access_token)
    except SessionEnded:
        return HttpResponse("nobody")


def raised(request: HttpRequest) -> HttpResponse:
    return request.departments.start(request, STRONG, target="/strong")


async def ahome(request: HttpRequest) -> HttpResponse:
    person = await kit_django.acurrent_person(request)
    return HttpResponse(person.sub if person else "nobody")


@kit_django.login_required
async def amine(request: HttpRequest) -> HttpResponse:
    return JsonResponse(told(request.person))


@kit_django.login_required(level="aal:2")
async def astrong(request: HttpRequest) -> HttpResponse:
    return HttpResponse("strong")


SYNC_VIEWS: dict[str, Any] = {
    "": home, "mine": mine, "strong": strong, "essential": essential, "fresh": fresh,
    "act": csrf_exempt(act), "again": csrf_exempt(again),
    "raise": raised,
}  # fmt: skip
ASYNC_VIEWS = SYNC_VIEWS | {"": ahome, "mine": amine, "strong": astrong}


@contextmanager
def django_project(
    party: RelyingParty, store: Store, clock: Callable[[], int], *, views: dict[str, Any]
) -> Iterator[None]:
    """Django's settings and URLs for one test, in a module of its own."""
    if not django_settings.configured:
        django_settings.configure(ALLOWED_HOSTS=["*"], DEBUG=False, USE_TZ=True)
        django.setup(set_prefix=False)
    sso = kit_django.SingleSignOn(party, name="tax", store=store, clock=clock)
    module = ModuleType(f"department_project_{next(_numbers)}")
    module.middleware = sso.middleware  # type: ignore[attr-defined]
    module.urlpatterns = [*sso.urls, *(path(name, view) for name, view in views.items())]  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module
    middleware = [
        "django.middleware.security.SecurityMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        f"{module.__name__}.middleware",
    ]
    try:
        with override_settings(ROOT_URLCONF=module.__name__, MIDDLEWARE=middleware):
            yield
    finally:
        del sys.modules[module.__name__]


# Starlette


def starlette_app(sso: asgi.SingleSignOn) -> Any:
    requires = asgi.requires

    async def home(request: Request) -> Response:
        person = await asgi.acurrent_person()
        return PlainTextResponse(person.sub if person else "nobody")

    @requires()
    async def mine(request: Request) -> Response:
        return JSONResponse(told(asgi.current_person()))

    @requires(level="aal:2")
    def strong(request: Request) -> Response:  # Starlette runs it in a thread
        assert asgi.current_person()
        return PlainTextResponse("strong")

    @requires(level="urn:tongban:aal:2", essential=True)
    async def essential(request: Request) -> Response:
        return PlainTextResponse("essential")

    @requires(max_age=60)
    async def fresh(request: Request) -> Response:
        return PlainTextResponse("fresh")

    @requires()
    async def act(request: Request) -> Response:
        if not sso.from_this_app():
            raise await sso.notice(asgi.NoticeKind.FOREIGN_FORM, target="/")
        return PlainTextResponse("done")

    async def again(request: Request) -> Response:
        try:
            return PlainTextResponse((await sso.refresh()).access_token)
        except SessionEnded:
            return PlainTextResponse("nobody")

    async def raised(request: Request) -> Response:
        raise await sso.start(STRONG, target="/strong")

    async def passed_on(request: Request, call_next: Any) -> Response:
        found: Response = await call_next(request)
        return found

    reading: dict[str, Any] = {
        "/": home, "/mine": mine, "/strong": strong, "/essential": essential, "/fresh": fresh, "/raise": raised
    }  # fmt: skip
    routes = [Route(address, endpoint) for address, endpoint in reading.items()]
    routes += [
        Route(address, endpoint, methods=["POST"]) for address, endpoint in {"/act": act, "/again": again}.items()
    ]
    # A middleware of the app's own between the kit and the endpoints: answers raised behind it come through.
    own = Middleware(BaseHTTPMiddleware, dispatch=passed_on)
    return Starlette(routes=routes, middleware=[Middleware(sso.middleware), own])


# No framework at all


def bare_app(sso: asgi.SingleSignOn) -> Any:
    def text(said: Callable[[], Any]) -> Any:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            found = await said()
            body = (json.dumps(found) if isinstance(found, dict) else str(found)).encode()
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

        return app

    async def home() -> str:
        person = await asgi.acurrent_person()
        return person.sub if person else "nobody"

    async def mine() -> dict[str, Any]:
        return told(asgi.current_person())

    async def word(said: str = "strong") -> str:
        return said

    async def act() -> str:
        if not sso.from_this_app():
            raise await sso.notice(asgi.NoticeKind.FOREIGN_FORM, target="/")
        return "done"

    async def again() -> str:
        try:
            return (await sso.refresh()).access_token
        except SessionEnded:
            return "nobody"

    async def raised() -> str:
        raise await sso.start(STRONG, target="/strong")

    requires, essential = asgi.requires, asgi.requires(level="urn:tongban:aal:2", essential=True)
    pages = {
        "/": text(home),
        "/mine": requires()(text(mine)),
        "/strong": requires(level="aal:2")(text(word)),
        "/essential": essential(text(lambda: word("essential"))),
        "/fresh": requires(max_age=60)(text(lambda: word("fresh"))),
        "/act": requires()(text(act)),
        "/again": text(again),
        "/raise": text(raised),
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await pages[scope["path"]](scope, receive, send)

    return sso.middleware(app)
