"""Owns what has been filed for somebody, and the tax app's little API that files it.

Always true: the API records what a verified delegation token says of who acts and for whom, and nothing that was sent
beside it; one that does not hold the very act is refused.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from threading import Lock

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from adapters.departments.delegation import Delegation
from adapters.departments.demo.represented import RepresentedMatter
from adapters.departments.errors import InvalidToken, ProviderUnavailable
from adapters.departments.representing import Power
from adapters.departments.resource_server import ResourceServer, bearer_token

PATH = "/represented/filings"
_MOST = 10_000
_AMOUNT = re.compile(r"[0-9]{1,12}\.[0-9]{2}")
_INVALID, _BEYOND = 'Bearer error="invalid_token"', 'Bearer error="insufficient_scope"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Filing:
    """One thing that was done for ``represented`` by ``human``, through ``agency`` if there is one: all `sub`.

    office: where the human works, of staff and clerks.
    """

    number: str
    matter: str
    at: int
    amount: str | None
    represented: str
    human: str
    agency: str | None
    office: str | None
    mandate: str | None


@dataclass(slots=True)
class Book:
    """In memory, as everything of the demo. names: what this department calls parties it has met, by `sub`."""

    filings: list[Filing] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock, repr=False)

    def file(
        self,
        matter: RepresentedMatter,
        *,
        represented: str,
        human: str,
        agency: str | None,
        office: str | None,
        mandate: str | None,
        amount: str | None,
        now: int,
    ) -> Filing:
        filing = Filing(
            number=secrets.token_hex(4),
            matter=matter.key,
            at=now,
            amount=amount,
            represented=represented,
            human=human,
            agency=agency,
            office=office,
            mandate=mandate,
        )
        with self.lock:
            self.filings.append(filing)
            del self.filings[:-_MOST]
        return filing

    def of(self, represented: str, matter: RepresentedMatter) -> list[Filing]:
        """What was filed for the party in the matter, newest first."""
        with self.lock:
            found = [one for one in self.filings if (one.represented, one.matter) == (represented, matter.key)]
        return found[::-1]

    def find(self, number: str) -> Filing | None:
        with self.lock:
            return next((one for one in reversed(self.filings) if one.number == number), None)

    def meet(self, sub: str, name: str | None) -> None:
        if name:
            with self.lock:
                if len(self.names) >= _MOST:
                    self.names.clear()
                self.names[sub] = name


def filing_api(book: Book, matter: RepresentedMatter, server: ResourceServer, clock: Callable[[], int]) -> Blueprint:
    """`GET /represented/filings`: what was filed for the token's party; `POST` with `amount`: files that for it."""
    api = Blueprint("filings", __name__)

    @api.get(PATH)
    def listed() -> ResponseReturnValue:
        delegation = _held(server, matter.power("view"), clock())
        if isinstance(delegation, Response):
            return delegation
        return jsonify(filings=[asdict(one) for one in book.of(delegation.represented, matter)])

    @api.post(PATH)
    def add() -> ResponseReturnValue:
        sent = request.get_json(silent=True)
        amount = sent.get("amount") if isinstance(sent, dict) else None
        if not isinstance(amount, str) or not _AMOUNT.fullmatch(amount):
            return _refused(400, "invalid_request")
        delegation = _held(server, matter.power("submit", amount=amount), clock())
        if isinstance(delegation, Response):
            return delegation
        filed = book.file(
            matter,
            represented=delegation.represented,
            human=delegation.human,
            agency=delegation.chain[0] if delegation.chain else None,
            office=delegation.office,
            mandate=next((one["mandate"] for one in delegation.powers if "mandate" in one), None),
            amount=amount,
            now=clock(),
        )
        return jsonify(asdict(filed)), 201

    return api


def _held(server: ResourceServer, wanted: Power, now: int) -> Delegation | Response:
    """Who acts for whom by this request's token, if it holds what is wanted; else the answer."""
    token = bearer_token(request.headers.get("Authorization"))
    if token is None:
        return _refused(401, "invalid_token", "Bearer")
    try:
        delegation = server.verify_delegation(token, now=now)
    except InvalidToken:
        return _refused(401, "invalid_token", _INVALID)
    except ProviderUnavailable:
        return _refused(503, "temporarily_unavailable")
    return delegation if delegation.allows(wanted) else _refused(403, "insufficient_scope", _BEYOND)


def _refused(status: int, error: str, challenge: str | None = None) -> Response:
    answer = jsonify(error=error)
    answer.status_code = status
    if challenge:
        answer.headers["WWW-Authenticate"] = challenge
    return answer
