"""Owns what an app reads about who is signed in; `sub` is always the human, whoever they act for."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.departments.levels import level_of
from adapters.departments.representing import Acting
from adapters.departments.sessions import AppSession
from adapters.departments.web_requests import Visit
from adapters.departments.web_signin import WebSignIn


@dataclass(frozen=True, slots=True)
class Person:
    """The signed-in human, as the provider vouches for them. `sub` is the stable key for this department."""

    session: AppSession

    @property
    def sub(self) -> str:
        return self.session.sub

    @property
    def claims(self) -> Mapping[str, Any]:
        """The claims of the newest ID token: levels, `auth_time`, `amr`."""
        return self.session.claims

    @property
    def profile(self) -> Mapping[str, Any]:
        """What userinfo said at sign-in, as far as the scope allows."""
        return self.session.profile

    @property
    def ial(self) -> int:
        """How well the person is known, 1 to 4; 0 if the provider does not say."""
        return level_of(self.claims, "ial")

    @property
    def aal(self) -> int:
        """How the person signed in, 1 to 3; 0 if the provider does not say."""
        return level_of(self.claims, "aal")

    @property
    def legacy_sub(self) -> str | None:
        """The person's account in the app's own earlier users (scope `legacy_sub`); None unless it is certain."""
        found = self.claims.get("legacy_sub")
        return found if isinstance(found, str) and found else None

    @property
    def represented(self) -> Mapping[str, Any] | None:
        """The entity the person acts for (scope `represented`); None for themselves, or while acting has no power."""
        found = self.claims.get("represented")
        current = self.represented_status == "current" and isinstance(found, Mapping)
        return found if current else None

    @property
    def acting(self) -> Acting:
        """For whom the person acts, with the handle to ask about and the powers that were held at sign-in."""
        return self.session.acting

    @property
    def represented_status(self) -> str | None:
        """What has become of acting for somebody else; None when the person acts for themselves."""
        status = self.claims.get("represented_status")
        return status if isinstance(status, str) else None


def person_here(sign_in: WebSignIn, visit: Visit) -> Person | None:
    """The person behind a request. Raises `RuntimeError` rather than hold an event loop with a question to the store.

    In a coroutine it answers once somebody has asked elsewhere, as every guard does.
    """
    if not visit.looked_up:
        leave_loop_alone("await acurrent_person() here")
    session = sign_in.session(visit)
    return Person(session) if session else None


def leave_loop_alone(instead: str) -> None:
    """Raise `RuntimeError` where an event loop runs; what comes next waits for store or provider."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise RuntimeError(f"{instead}: the event loop would be held while store or provider is asked")
