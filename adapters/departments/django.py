"""Owns what a Django project writes: `SingleSignOn(party, name=...)`, `@login_required`, `request.person`.

A view behind `@login_required(level=...)` runs only for a person whose newest ID token states that level. Nothing of
Django's own users, sessions or database is used.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import path
from django.utils.functional import SimpleLazyObject
from django.views.decorators.csrf import csrf_exempt

from adapters.departments.levels import NOTHING, Demand, demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession, Lifetime, Store
from adapters.departments.web_endpoints import BACKCHANNEL, LARGEST_NOTICE, Page, backchannel_logout, pages
from adapters.departments.web_guard import refusal
from adapters.departments.web_notices import Notice, NoticeKind, plain_html
from adapters.departments.web_person import Person
from adapters.departments.web_preferences import preferred_language
from adapters.departments.web_requests import Reply, Visit
from adapters.departments.web_signin import WebSignIn, system_clock

__all__ = ["Notice", "NoticeKind", "Person", "SingleSignOn", "acurrent_person", "current_person", "login_required"]
View = Callable[..., Any]


def plain_page(_request: HttpRequest, notice: Notice) -> HttpResponse:
    """The kit's own page."""
    return HttpResponse(plain_html(notice), status=notice.status)


def _preferred(request: HttpRequest) -> str:
    return preferred_language(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))


class SingleSignOn:
    """Sign-in for one Django project. `sso.urls` go into the URL configuration, at its top; a module of yours says
    `middleware = sso.middleware`, and that name stands in `MIDDLEWARE`.

    name: lower-case word for this app's cookies; two apps on one host need different ones.
    store: where sessions live; in memory by default, which serves one process.
    lifetime: how long the app's own session lasts; 30 minutes idle and 12 hours by default.
    home: path for people who come back without a better place to go.
    notice_page: renders the kit's notices in the app's own layout.
    language: "zh" or "en" for a request; by default what the browser prefers.
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
        notice_page: Callable[[HttpRequest, Notice], HttpResponse] = plain_page,
        language: Callable[[HttpRequest], str] = _preferred,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self.sign_in = WebSignIn(party, name=name, store=store, lifetime=lifetime, home=home, clock=clock)
        self._notice_page = notice_page
        self._language = language

    @property
    def urls(self) -> list[Any]:
        """The kit's endpoints. They check by themselves who sent a form, and so need no form token of Django's."""
        found = [path(page.path.lstrip("/"), self._view(page), name=f"departments-{page.name}")
                 for page in pages(self.sign_in.party.settings)]  # fmt: skip
        return [*found, path(BACKCHANNEL.lstrip("/"), csrf_exempt(self._notified), name="departments-backchannel")]

    def _view(self, page: Page) -> View:
        def view(request: HttpRequest) -> HttpResponse:
            if request.method not in (*page.methods, "HEAD"):
                return HttpResponseNotAllowed(page.methods)
            return self._answer(request, page.answer(self.sign_in, visit_of(request)))

        return csrf_exempt(view)  # type: ignore[no-any-return]

    def _notified(self, request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if not declared.isdecimal() or int(declared) > LARGEST_NOTICE or len(request.body) > LARGEST_NOTICE:
            return self._answer(request, Reply(413))
        return self._answer(request, backchannel_logout(self.sign_in, request.POST.getlist("logout_token")))

    def middleware(self, get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
        """Gives every request its `person`, and the kit's cookies to its response."""
        if inspect.iscoroutinefunction(get_response):

            async def answering(request: HttpRequest) -> HttpResponse:
                self._meet(request)
                return _finished(request, await get_response(request))

            return answering

        def answer(request: HttpRequest) -> HttpResponse:
            self._meet(request)
            return _finished(request, get_response(request))

        return answer

    middleware.sync_capable = middleware.async_capable = True  # type: ignore[attr-defined]

    def _meet(self, request: HttpRequest) -> None:
        language = functools.partial(self._language, request)
        root = request.path.removesuffix(request.path_info)
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = request.META.get("QUERY_STRING", "")
        request.departments = self
        request.departments_visit = Visit(
            request.method or "GET", quote(root), quote(request.path), query, headers, language
        )
        request.person = SimpleLazyObject(functools.partial(current_person, request))

    def _answer(self, request: HttpRequest, reply: Reply) -> HttpResponse:
        if reply.notice is not None:
            response = self._notice_page(request, reply.notice)
        elif reply.document is not None:
            response = JsonResponse(dict(reply.document), status=reply.status, content_type=reply.content_type)
        else:
            response = HttpResponse(status=reply.status)
        if reply.location is not None:
            response.headers["Location"] = reply.location
        response.headers["Cache-Control"] = "no-store"
        return response

    # For views

    def guard(self, request: HttpRequest, asked: Demand) -> HttpResponse | None:
        """None if the signed-in person meets the demand, else the answer that gets them there."""
        reply = refusal(self.sign_in, visit_of(request), asked)
        return None if reply is None else self._answer(request, reply)

    def start(
        self,
        request: HttpRequest,
        asked: Demand = NOTHING,
        *,
        target: str,
        prompt: str | None = None,
        matter: str | None = None,
    ) -> HttpResponse:
        """Send the browser to the provider, and back to `target`; see `WebSignIn.start`."""
        reply = self.sign_in.start(visit_of(request), asked, target=target, prompt=prompt, matter=matter)
        return self._answer(request, reply)

    def notice(self, request: HttpRequest, kind: NoticeKind, *, target: str) -> HttpResponse:
        """One of the kit's pages; its button signs in and goes on to `target`, where that makes sense."""
        return self._answer(request, self.sign_in.notice(visit_of(request), kind, target=target))

    def refresh(self, request: HttpRequest) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        return self.sign_in.refresh(visit_of(request))

    def from_this_app(self, request: HttpRequest) -> bool:
        """True unless the browser says that a page of another origin sent this form."""
        return self.sign_in.from_this_app(visit_of(request))


def visit_of(request: HttpRequest) -> Visit:
    """The kit's view of a request. Raises `ImproperlyConfigured` without the kit's middleware."""
    visit = getattr(request, "departments_visit", None)
    if not isinstance(visit, Visit):
        raise ImproperlyConfigured("the department kit's middleware is not in MIDDLEWARE")
    return visit


def _finished(request: HttpRequest, response: HttpResponse) -> HttpResponse:
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


def current_person(request: HttpRequest) -> Person | None:
    """The person behind the request; `request.person` is the same, false in a condition when nobody is signed in.

    In a coroutine only behind `login_required`, where it is known; elsewhere there use `acurrent_person`.
    """
    visit = visit_of(request)
    if not visit.looked_up and _on_event_loop():
        raise RuntimeError("await acurrent_person(request) here: looking up a session would hold the event loop")
    session = request.departments.sign_in.session(visit)
    return Person(session) if session else None


async def acurrent_person(request: HttpRequest) -> Person | None:
    """The person behind the request, looked up in a thread."""
    found: Person | None = await sync_to_async(current_person)(request)
    return found


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def login_required(
    view: View | None = None,
    /,
    *,
    level: str | tuple[str, ...] = (),
    essential: bool = False,
    max_age: int | None = None,
) -> Any:
    """Run the view only for a signed-in person who meets the demand; others are sent to sign in and come back.

    level: `"aal:2"`, `"ial:3"`, `"urn:tongban:ial:3:aal:2"`, any other `acr`, or alternatives in order.
    essential: demand it from the provider, which then issues nothing less, instead of asking for it.
    max_age: seconds since the person last actively signed in.
    """
    asked = demand(level, essential=essential, max_age=max_age)

    def decorated(inner: View) -> View:
        if inspect.iscoroutinefunction(inner):

            @functools.wraps(inner)
            async def guarded_on_loop(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                refused = await sync_to_async(_guard)(request, asked)
                return refused if refused is not None else await inner(request, *args, **kwargs)

            return guarded_on_loop

        @functools.wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            refused = _guard(request, asked)
            return refused if refused is not None else inner(request, *args, **kwargs)

        return guarded

    return decorated if view is None else decorated(view)


def _guard(request: HttpRequest, asked: Demand) -> HttpResponse | None:
    visit_of(request)
    refused: HttpResponse | None = request.departments.guard(request, asked)
    return refused
