"""Owns the address at which a Django project has security events pushed to it; the rules stand in `web_events`."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.views.decorators.csrf import csrf_exempt

from adapters.departments.django_http import response_of, too_long
from adapters.departments.events import EventReceiver
from adapters.departments.web_events import LARGEST_EVENT, authorized, take, unauthorized
from adapters.departments.web_requests import Reply
from adapters.departments.web_signin import system_clock


def events_view(
    receiver: EventReceiver, *, authorization: str | None = None, clock: Callable[[], int] = system_clock
) -> Callable[[HttpRequest], HttpResponse]:
    """A view for `path("events", ...)`; it needs no form token.

    authorization: the whole header given to `open_stream`. A handler that raises is answered as Django answers
    errors, and the event comes again.
    """

    def security_events(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if not authorized(request.META.get("HTTP_AUTHORIZATION", ""), agreed=authorization):
            return response_of(request, unauthorized())
        if too_long(request, LARGEST_EVENT):
            return response_of(request, Reply(413))
        kind = request.META.get("CONTENT_TYPE", "")
        return response_of(request, take(receiver, request.body, content_type=kind, now=clock()))

    exempt: Callable[[HttpRequest], HttpResponse] = csrf_exempt(security_events)
    return exempt
