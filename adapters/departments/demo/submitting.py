"""Owns the way from a pressed button to a record: ask whether it may be done, and have it done in the party's name.

Always true: every no is the same to the person, and a service that is away files nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from adapters.departments.authority import AuthorityChecks, Checked, Question
from adapters.departments.demo.filings import Book, Filing
from adapters.departments.demo.represented import RepresentedMatter
from adapters.departments.errors import DepartmentError, ProviderRefused
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession
from adapters.departments.transport import Request, Transport

_log = logging.getLogger(__name__)


class Unfiled(StrEnum):
    """Why nothing was filed."""

    DENIED = "denied"
    UNAVAILABLE = "unavailable"


Submit = Callable[[AppSession, RepresentedMatter, str | None], Filing | Unfiled]
"""Files what the session's person submits, up to an amount, or says why not."""
_GONE = frozenset({"invalid_request", "invalid_authorization_details", "invalid_grant"})
"""What an exchange answers when the power is gone, or less than was wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The department's own API: what it is registered as, where it answers, and the wire to it."""

    identifier: str
    address: str
    transport: Transport


class Submission:
    """Files for whom a session acts. Without an API the department does it itself.

    checks: the provider's word on the very act. clock: Unix seconds.
    """

    def __init__(
        self,
        party: RelyingParty,
        checks: AuthorityChecks,
        book: Book,
        *,
        clock: Callable[[], int],
        api: Api | None = None,
    ) -> None:
        self._party = party
        self._checks = checks
        self._book = book
        self._clock = clock
        self._api = api

    def __call__(self, session: AppSession, matter: RepresentedMatter, amount: str | None) -> Filing | Unfiled:
        try:
            allowed = self._asked(session, matter, amount)
            if not allowed:
                return Unfiled.UNAVAILABLE if allowed.away else Unfiled.DENIED
            return (
                self._by_api(self._api, session, matter, amount) if self._api else self._own(session, matter, amount)
            )
        except ProviderRefused as refusal:
            _log.info("not filed: %s", refusal)
            return Unfiled.DENIED if refusal.error in _GONE else Unfiled.UNAVAILABLE
        except DepartmentError as failure:
            _log.warning("not filed: %s", failure)
            return Unfiled.UNAVAILABLE

    def _asked(self, session: AppSession, matter: RepresentedMatter, amount: str | None) -> Checked:
        question = Question(
            subject=session.sub,
            action="submit",
            handle=session.acting.handle or "",
            service=matter.service,
            amount=amount,
        )
        return self._checks.may(question, now=self._clock())

    def _own(self, session: AppSession, matter: RepresentedMatter, amount: str | None) -> Filing:
        mandate = session.claims["mandate"]
        return self._book.file(
            matter,
            represented=session.claims["represented"]["sub"],
            human=session.sub,
            agency=None,
            office=mandate.get("office"),
            mandate=mandate.get("id"),
            amount=amount,
            now=self._clock(),
        )

    def _by_api(
        self, api: Api, session: AppSession, matter: RepresentedMatter, amount: str | None
    ) -> Filing | Unfiled:
        """With a token that says for whom: what the session's own could do is the human's."""
        token = self._party.exchange(
            session.acting.handle or "",
            api.identifier,
            [matter.power("submit", amount=amount)],
            access_token=session.access_token,
            now=self._clock(),
        )
        headers = {"Authorization": f"Bearer {token.access_token}"}
        answer = api.transport.send(Request(url=api.address, headers=headers, document={"amount": amount}))
        if answer.status in (401, 403):
            return Unfiled.DENIED
        filed = self._book.find(str(answer.json_object().get("number"))) if answer.status == 201 else None
        return filed or Unfiled.UNAVAILABLE
