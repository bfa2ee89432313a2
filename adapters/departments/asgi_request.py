"""Owns which request a task or thread of an ASGI app is answering, and who is behind it.

Always true: outside of a request that came through the kit's middleware, to ask who is signed in is an error.
"""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass

from adapters.departments.asgi_messages import Scope
from adapters.departments.web_person import Person, person_here
from adapters.departments.web_requests import Reply, Visit
from adapters.departments.web_signin import WebSignIn


class Answer(Exception):
    """What the kit answers in place of an endpoint: raise it, and the middleware sends it."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Here:
    """The request of the running task, and whose sign-in it belongs to."""

    sign_in: WebSignIn
    visit: Visit
    scope: Scope


HERE: ContextVar[Here] = ContextVar("tongban_departments")


def current() -> Here:
    """Raises `RuntimeError` outside of the kit's middleware."""
    try:
        return HERE.get()
    except LookupError:
        raise RuntimeError("no request of the kit's middleware is being answered here") from None


def current_person() -> Person | None:
    """The person behind the request. In a coroutine only behind `requires`, where it is known, or `RuntimeError`."""
    here = current()
    return person_here(here.sign_in, here.visit)


async def acurrent_person() -> Person | None:
    """The person behind the request, looked up in a thread."""
    return await asyncio.to_thread(current_person)
