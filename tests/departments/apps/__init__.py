"""The same small department app in every framework the kit knows, and one way to drive them all: httpx, in process.

Always true: what a test sees of an app goes through the framework's own WSGI or ASGI interface.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import httpx
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from .bare_app import bare_app
from .django_app import ASYNC_VIEWS, SYNC_VIEWS, django_project
from .flask_app import flask_app
from .pages import Given
from .starlette_app import starlette_app

__all__ = ["FRAMEWORKS", "Browser", "Given", "app_of"]

FRAMEWORKS = ("flask", "django", "django-asgi", "starlette", "asgi")


class Browser(Protocol):
    """A browser with cookies that follows no redirect. Headers are written with underscores."""

    def get(self, path: str, **headers: str) -> httpx.Response: ...

    def post(self, path: str, form: dict[str, Any] | bytes = b"", **headers: str) -> httpx.Response: ...

    def cookies(self) -> dict[str, str]: ...


class OverWsgi:
    def __init__(self, app: Any, base: str) -> None:
        self.client = httpx.Client(transport=httpx.WSGITransport(app), base_url=base)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=with_dashes(headers))

    def post(self, path: str, form: dict[str, Any] | bytes = b"", **headers: str) -> httpx.Response:
        return self.client.post(path, **body_of(form), headers=with_dashes(headers))

    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies)


class OverAsgi:
    def __init__(self, app: Any, base: str, runner: asyncio.Runner) -> None:
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)
        self.runner = runner

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.runner.run(self.client.get(path, headers=with_dashes(headers)))

    def post(self, path: str, form: dict[str, Any] | bytes = b"", **headers: str) -> httpx.Response:
        return self.runner.run(self.client.post(path, **body_of(form), headers=with_dashes(headers)))

    def cookies(self) -> dict[str, str]:
        return dict(self.client.cookies)


def with_dashes(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def body_of(form: dict[str, Any] | bytes) -> dict[str, Any]:
    return {"content": form} if isinstance(form, bytes) else {"data": form}


@contextmanager
def app_of(framework: str, given: Given, base: str) -> Iterator[Callable[[], Browser]]:
    """The app in this framework; gives a maker of browsers."""
    if framework == "flask":
        app: Any = flask_app(given)
        yield lambda: OverWsgi(app, base)
    elif framework == "django":
        with django_project(given, SYNC_VIEWS):
            app = get_wsgi_application()
            yield lambda: OverWsgi(app, base)
    elif framework == "django-asgi":
        with django_project(given, ASYNC_VIEWS), asyncio.Runner() as runner:
            app = get_asgi_application()
            yield lambda: OverAsgi(app, base, runner)
    else:
        app = {"starlette": starlette_app, "asgi": bare_app}[framework](given)
        with asyncio.Runner() as runner:
            yield lambda: OverAsgi(app, base, runner)
