"""Owns what a Django project writes: `SingleSignOn(party, name=...)`, `@login_required`, `request.person`.

A view behind `@login_required(level=...)` runs only for a person whose newest ID token states that level. Nothing of
Django's own users, sessions or database is used.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import path
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString
from django.views.decorators.csrf import csrf_exempt

from adapters.departments.banner import Banner
from adapters.departments.django_http import (
    NoticePage,
    browser_language,
    new_visit,
    plain_page,
    response_of,
    said_along,
    too_long,
    visit_of,
)
from adapters.departments.levels import NOTHING, Demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import SELECT, Power
from adapters.departments.sessions import AppSession, Lifetime, Store
from adapters.departments.web_endpoints import LARGEST_FORM, Endpoint, endpoints
from adapters.departments.web_guard import Representing, guard, refusal
from adapters.departments.web_notices import Notice, NoticeKind
from adapters.departments.web_person import Person, person_here
from adapters.departments.web_requests import Reply
from adapters.departments.web_signin import WebSignIn, system_clock

__all__ = [
    "Notice",
    "NoticeKind",
    "Person",
    "SingleSignOn",
    "acting_banner",
    "acurrent_person",
    "current_person",
    "login_required",
]
View = Callable[..., Any]


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
        notice_page: NoticePage = plain_page,
        language: Callable[[HttpRequest], str] = browser_language,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        self.core = WebSignIn(party, name=name, store=store, lifetime=lifetime, home=home, clock=clock)
        self.ended = self.core.ended
        self._notice_page = notice_page
        self._language = language

    @property
    def urls(self) -> list[Any]:
        """The kit's endpoints. They see by themselves whose form it is, and so need no form token of Django's."""
        return [
            path(one.path.lstrip("/"), self._view(one), name=f"departments-{one.name.replace('_', '-')}")
            for one in endpoints(self.core.party.settings)
        ]

    def _view(self, endpoint: Endpoint) -> View:
        heads = ("HEAD",) if "GET" in endpoint.methods else ()

        def view(request: HttpRequest) -> HttpResponse:
            visit = visit_of(request)
            if visit.method not in (*endpoint.methods, *heads):
                return HttpResponseNotAllowed(endpoint.methods)
            if visit.method == "POST":
                if too_long(request, LARGEST_FORM):
                    return self._response(request, Reply(413))
                visit.form = dict(request.POST.lists())
            return self._response(request, endpoint.answer(self.core, visit))

        exempt: View = csrf_exempt(view)
        return exempt

    def middleware(self, get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
        """Gives every request its `person`, and the kit's cookies to its response."""
        if iscoroutinefunction(get_response):

            async def answering(request: HttpRequest) -> HttpResponse:
                self._meet(request)
                return said_along(request, await get_response(request))

            return answering

        def answer(request: HttpRequest) -> HttpResponse:
            self._meet(request)
            return said_along(request, get_response(request))

        return answer

    middleware.sync_capable = middleware.async_capable = True  # type: ignore[attr-defined]

    def _meet(self, request: HttpRequest) -> None:
        request.departments = self
        request.departments_visit = new_visit(request, self._language)
        request.person = SimpleLazyObject(functools.partial(current_person, request))

    def _response(self, request: HttpRequest, reply: Reply) -> HttpResponse:
        return response_of(request, reply, self._notice_page)

    # For views; coroutines call them by `sync_to_async`

    def guard(self, request: HttpRequest, asked: Demand) -> HttpResponse | None:
        """None if the signed-in person meets the demand, else the answer that gets them there."""
        reply = refusal(self.core, visit_of(request), asked)
        return None if reply is None else self._response(request, reply)

    def start(
        self,
        request: HttpRequest,
        asked: Demand = NOTHING,
        *,
        target: str,
        prompt: str | None = None,
        matter: str | None = None,
        represent: str | None = None,
        authorization_details: Sequence[Power] = (),
        keep: bool = False,
    ) -> HttpResponse:
        """Send the browser to the provider, and back to `target`; see `WebSignIn.start`."""
        reply = self.core.start(
            visit_of(request),
            asked,
            target=target,
            prompt=prompt,
            matter=matter,
            represent=represent,
            authorization_details=authorization_details,
            keep=keep,
        )
        return self._response(request, reply)

    def switch(self, request: HttpRequest, represent: str = SELECT, *, target: str) -> HttpResponse:
        """Have the person act for somebody else, or for themselves; see `WebSignIn.switch`."""
        return self._response(request, self.core.switch(visit_of(request), represent, target=target))

    def banner(self, request: HttpRequest) -> Banner | None:
        """For whom the person acts, for the top of a page; None for themselves, or if nobody is signed in."""
        return self.core.banner(visit_of(request))

    def notice(self, request: HttpRequest, kind: NoticeKind, *, target: str) -> HttpResponse:
        """One of the kit's pages; its button signs in and goes on to `target`, where that makes sense."""
        return self._response(request, self.core.notice(visit_of(request), kind, target=target))

    def refresh(self, request: HttpRequest) -> AppSession:
        """Refresh now, whatever the token's age. Raises `SessionEnded`, `ProviderUnavailable`, `ProviderRefused`."""
        return self.core.refresh(visit_of(request))

    def from_this_app(self, request: HttpRequest) -> bool:
        """True unless the browser says that a page of another origin sent this form."""
        return self.core.from_this_app(visit_of(request))


def current_person(request: HttpRequest) -> Person | None:
    """The person behind the request; `request.person` is the same, false in a condition when nobody is signed in.

    In a coroutine only behind `login_required`, where it is known; elsewhere there use `acurrent_person`.
    """
    visit = visit_of(request)
    return person_here(request.departments.core, visit)


async def acurrent_person(request: HttpRequest) -> Person | None:
    """The person behind the request, looked up in a thread."""
    found: Person | None = await sync_to_async(current_person)(request)
    return found


def acting_banner(request: HttpRequest) -> dict[str, Callable[[], str]]:
    """A context processor: `{{ acting_banner }}` says for whom the person acts, and is empty for themselves."""
    visit_of(request)

    def html() -> str:
        banner = request.departments.banner(request)
        found: str = SafeString(banner.__html__() if banner else "")
        return found

    return {"acting_banner": html}


def login_required(
    view: View | None = None,
    /,
    *,
    level: str | tuple[str, ...] = (),
    essential: bool = False,
    max_age: int | None = None,
    represent: Representing | None = None,
) -> Any:
    """Run the view only for a signed-in person who meets the demand; others are sent to sign in and come back.

    Arguments as in `web_guard.guard`; a `represent` that is called gets what the address captured, by keyword. The
    view may be a coroutine.
    """
    wanted = guard(level, essential=essential, max_age=max_age, represent=represent)

    def refused(request: HttpRequest, arguments: dict[str, Any]) -> HttpResponse | None:
        visit_of(request)
        answer: HttpResponse | None = request.departments.guard(request, wanted.demand(arguments))
        return answer

    def decorated(inner: View) -> View:
        if iscoroutinefunction(inner):

            @functools.wraps(inner)
            async def guarded_on_loop(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                answer = await sync_to_async(refused)(request, kwargs)
                return answer if answer is not None else await inner(request, *args, **kwargs)

            return guarded_on_loop

        @functools.wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            answer = refused(request, kwargs)
            return answer if answer is not None else inner(request, *args, **kwargs)

        return guarded

    return decorated if view is None else decorated(view)
