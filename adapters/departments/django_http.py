"""Owns the way between Django's requests and responses and the kit's values; no rule stands here.

Always true: a request that did not come through the kit's middleware is refused, never taken for one of nobody.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, JsonResponse

from adapters.departments.web_notices import Notice, plain_html
from adapters.departments.web_preferences import preferred_language
from adapters.departments.web_requests import Reply, Visit

NoticePage = Callable[[HttpRequest, Notice], HttpResponse]


def plain_page(_request: HttpRequest, notice: Notice) -> HttpResponse:
    """The kit's own page."""
    return HttpResponse(plain_html(notice), status=notice.status)


def browser_language(request: HttpRequest) -> str:
    """What the browser asks for: "en" or, by default, "zh"."""
    return preferred_language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


def new_visit(request: HttpRequest, language: Callable[[HttpRequest], str]) -> Visit:
    """The request as the kit's rules see it."""
    return Visit(
        request.method or "GET",
        quote(request.path.removesuffix(request.path_info)),
        quote(request.path),
        request.META.get("QUERY_STRING", ""),
        {name.lower(): value for name, value in request.headers.items()},
        functools.partial(language, request),
    )


def visit_of(request: HttpRequest) -> Visit:
    """What the middleware has made of a request. Raises `ImproperlyConfigured` without it."""
    visit = getattr(request, "departments_visit", None)
    if not isinstance(visit, Visit):
        raise ImproperlyConfigured("the department kit's middleware is not in MIDDLEWARE")
    return visit


def too_long(request: HttpRequest, most: int) -> bool:
    """True for a body of more than `most` bytes, told unread where the request says its length."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    return not declared.isdecimal() or int(declared) > most or len(request.body) > most


def response_of(request: HttpRequest, reply: Reply, page: NoticePage = plain_page) -> HttpResponse:
    """What Django answers."""
    if reply.notice is not None:
        response: Any = page(request, reply.notice)
    elif reply.document is not None:
        response = JsonResponse(dict(reply.document), status=reply.status, content_type=reply.content_type)
    else:
        response = HttpResponse(status=reply.status)
    if reply.location is not None:
        response.headers["Location"] = reply.location
    response.headers["Cache-Control"] = "no-store"
    return response


def said_along(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Cookies go along; a signed-in page stays out of the browser's memory: Back shows nothing after signing out."""
    visit = visit_of(request)
    for change in visit.changes.values():
        response.set_cookie(
            change.name,
            change.value,
            max_age=change.max_age,
            path="/",
            secure=change.secure,
            httponly=True,
            samesite="Lax",
        )
    if visit.private:
        response.headers.setdefault("Cache-Control", "no-store")
    return response
