"""The small app in Django, with views of both kinds: functions, and coroutines under ASGI."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.test import override_settings
from django.urls import path
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from adapters.departments.django import NoticeKind, SingleSignOn, acurrent_person, current_person, login_required
from adapters.departments.django_events import events_view
from adapters.departments.errors import SessionEnded

from .pages import AGREED, DEMANDS, STRONG, Given, by_handle, told

if not settings.configured:  # once for a process; each test has URLs and middleware of its own
    settings.configure(ALLOWED_HOSTS=["*"], USE_TZ=True)
    django.setup(set_prefix=False)
_numbers = itertools.count(1)
_TEMPLATE = "{% if acting_banner %}{{ acting_banner }}{% else %}no banner{% endif %}"


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.person.sub if request.person else "nobody")


def page(request: HttpRequest, **_: str) -> HttpResponse:
    return JsonResponse(told(request.person))


@login_required
def banner(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(_TEMPLATE).render({}, request))


@csrf_exempt
@login_required
def act(request: HttpRequest) -> HttpResponse:
    sso = request.departments
    if not sso.from_this_app(request):
        return sso.notice(request, NoticeKind.FOREIGN_FORM, target="/")
    return HttpResponse("done")


@csrf_exempt
def again(request: HttpRequest) -> HttpResponse:
    try:
        return HttpResponse(request.departments.refresh(request).access_token)
    except SessionEnded:
        return HttpResponse("nobody")


def raised(request: HttpRequest) -> HttpResponse:
    return request.departments.start(request, STRONG, target="/strong")


async def ahome(request: HttpRequest) -> HttpResponse:
    person = await acurrent_person(request)
    return HttpResponse(person.sub if person else "nobody")


async def apage(request: HttpRequest, **_: str) -> HttpResponse:
    return JsonResponse(told(current_person(request)))


class Class(View):
    """A view as a class, whose method is a coroutine."""

    async def get(self, request: HttpRequest) -> HttpResponse:
        return await apage(request)


def _views(home: Callable[..., Any], page: Callable[..., Any]) -> dict[str, Any]:
    guarded = {name: login_required(**asked)(page) for name, asked in DEMANDS.items()}
    plain = {"": home, "banner": banner, "act": act, "again": again, "raise": raised}
    return {**plain, **guarded, "by/<handle>": login_required(represent=by_handle)(page)}


SYNC_VIEWS = _views(home, page)
ASYNC_VIEWS = _views(ahome, apage) | {"fresh": login_required(**DEMANDS["fresh"])(Class.as_view())}


@contextmanager
def django_project(given: Given, views: dict[str, Any]) -> Iterator[None]:
    """Django's settings and URLs for one test, in a module of its own."""
    sso = SingleSignOn(given.party, **given.options)
    sso.ended.append(given.heard.append)
    events = events_view(given.events, authorization=AGREED, clock=given.clock)
    module: Any = ModuleType(f"department_project_{next(_numbers)}")
    module.middleware = sso.middleware
    module.urlpatterns = [*sso.urls, path("events", events), *(path(name, view) for name, view in views.items())]
    sys.modules[module.__name__] = module
    try:
        with override_settings(**_settings(module.__name__)):
            yield
    finally:
        del sys.modules[module.__name__]


def _settings(project: str) -> dict[str, Any]:
    return {
        "ROOT_URLCONF": project,
        "MIDDLEWARE": [
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            f"{project}.middleware",
        ],
        "TEMPLATES": [
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {"context_processors": ["adapters.departments.django.acting_banner"]},
            }
        ],
    }
