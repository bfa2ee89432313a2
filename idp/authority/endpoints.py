"""The endpoints of checks: evaluations (OpenID AuthZEN 1.0) and the state of a mandate.

Always true: the answer says yes or no and for how long, never why; a question about what this client was not told of
runs the statements of one whose person holds nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from idp.accounts.rules import Act
from idp.audit import Event, record
from idp.audit.rules import Counted
from idp.authority.rules import (
    SCOPE,
    Question,
    Wrong,
    answered,
    read_batch,
    read_question,
    state_of,
    ttl,
)
from idp.clients.rules import Client
from idp.db import Database, Statement, Transaction
from idp.log import request_id
from idp.mandates import reading
from idp.mandates.deciding import Deciding
from idp.mandates.power import Asked, Chain
from idp.mandates.scopes import Action
from idp.oidc.callers import Callers
from idp.oidc.evidence import china_day
from idp.oidc.server import Count
from idp.web.protocol import ProtocolRequest, ProtocolResponse, json_response, problem_response

EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"
MANDATE = "/mandates/{id}/status"
NOBODY = "pty_nobody"
"""A party that does not exist, of whom the same is asked as of any."""


class Known(NamedTuple):
    """Whom and what the caller was told of; ``theme``: of the mandate, which is empty for an office.

    ``held``: 1 while the person's account, just recovered, speaks for nobody.
    """

    person: str
    represented: str | None
    theme: str | None
    mandate: str | None
    held: int

    def covers(self, theme: str | None) -> bool:
        """Whether it was told of acting in this theme: by an office one acts in all of them."""
        return self.represented is not None and (not self.mandate or self.theme == theme)


_KNOWN = Statement(
    "SELECT s.party_id, h.represented_id, m.theme, h.mandate_id, (SELECT COUNT(*) FROM party_hold p"
    f" WHERE p.party_id = s.party_id AND p.act = '{Act.REPRESENT}' AND p.held_until > :now) FROM pairwise_subject s"
    " LEFT JOIN represented_handle h ON h.handle = :handle AND h.client_id = :client AND h.person_id = s.party_id"
    " LEFT JOIN mandate m ON m.id = h.mandate_id WHERE s.sector = :sector AND s.sub = :sub",
    Known,
)
_CONCERNS = Statement[tuple[int | None, int | None]](
    "SELECT (SELECT MAX(at) FROM mandate_event WHERE mandate_id = :mandate),"
    " (SELECT 1 FROM represented_handle WHERE mandate_id = :mandate AND client_id = :client LIMIT 1)"
)


def configuration(issuer: str) -> dict[str, Any]:
    """Metadata of the decision point (AuthZEN 1.0 9.1)."""
    return {
        "policy_decision_point": issuer,
        "access_evaluation_endpoint": f"{issuer}{EVALUATION}",
        "access_evaluations_endpoint": f"{issuer}{EVALUATIONS}",
    }


class AuthorityEndpoints:
    """``longest``: seconds for which a permission may be relied on."""

    def __init__(
        self, database: Database, deciding: Deciding, callers: Callers, count: Count, *, longest: int
    ) -> None:
        self._database = database
        self._deciding = deciding
        self._callers = callers
        self._count = count
        self._longest = longest

    def routes(self) -> Iterator[tuple[str, tuple[str, ...], Callable[[ProtocolRequest], ProtocolResponse]]]:
        yield EVALUATION, ("POST",), self._evaluate
        yield EVALUATIONS, ("POST",), self._evaluate_several
        yield MANDATE, ("GET",), self._mandate

    def _evaluate(self, request: ProtocolRequest) -> ProtocolResponse:
        asked = read_question(request.json)
        with self._database.autocommit() as tx:
            caller = self._callers.caller(tx, request, SCOPE, Counted.AUTHORITY_CHECK)
            if not isinstance(caller, Client):
                return caller
            if isinstance(asked, Wrong):
                return self._refuse(asked, caller, request.now)
            decision = self._decide(tx, caller, asked, request.now)
        return json_response(answered([decision], request_id.get())[0])

    def _evaluate_several(self, request: ProtocolRequest) -> ProtocolResponse:
        asked, decisions = read_batch(request.json), []
        with self._database.autocommit() as tx:
            caller = self._callers.caller(tx, request, SCOPE, Counted.AUTHORITY_CHECK)
            if not isinstance(caller, Client):
                return caller
            if isinstance(asked, Wrong):
                return self._refuse(asked, caller, request.now)
            for question in asked.questions:
                decisions.append(self._decide(tx, caller, question, request.now))
                if asked.semantic.ends(decisions[-1][0]):
                    break
        told = answered(decisions, request_id.get())
        return json_response({"evaluations": told} if "evaluations" in request.json else told[0])

    def _decide(self, tx: Transaction, client: Client, question: Question, now: int) -> tuple[bool, int]:
        """Whether, and for how many seconds that is good; written down before it is told."""
        themes = self._deciding.themes
        matter = question.matter(current=themes.current, serving=themes.serving)
        known = tx.one(
            _KNOWN,
            handle=question.handle,
            client=client.client_id,
            sector=client.sector,
            sub=question.subject[1],
            now=now,
        )
        told_of = known if known is not None and known.covers(matter.theme) else None
        chain = self._deciding.may(
            tx,
            agent=told_of.person if told_of and not told_of.held else NOBODY,
            represented=(told_of.represented if told_of else None) or NOBODY,
            theme=matter.theme or "",
            asked=matter.asked or Asked(Action.MANAGE),  # which no department is ever permitted
            now=now,
        )
        self._note(tx, client, told_of, chain, matter.detail, now)
        return chain is not None, ttl(chain.until, most=self._longest, now=now) if chain is not None else 0

    def _note(
        self,
        tx: Transaction,
        client: Client,
        known: Known | None,
        chain: Chain | None,
        detail: dict[str, str | int | bool | None],
        now: int,
    ) -> None:
        link = chain.mandates[-1].id if chain is not None and chain.mandates else None
        record(
            tx,
            Event.AUTHORITY_CHECKED,
            actor=known.person if known else None,
            subject=known.represented if known else None,
            client=client.client_id,
            mandate=link or (known.mandate or None if known else None),
            result="ok" if chain is not None else "refused",
            reason=None if chain is not None else "not-held" if known else "not-told",
            detail=detail,
            now=now,
        )
        self._count(Counted.AUTHORITY_CHECK, client.client_id, "permitted" if chain is not None else "denied", now)

    def _refuse(self, wrong: Wrong, client: Client, now: int) -> ProtocolResponse:
        self._count(Counted.AUTHORITY_CHECK, client.client_id, "invalid-request", now)
        return problem_response("invalid_request", wrong.why)

    def _mandate(self, request: ProtocolRequest) -> ProtocolResponse:
        """What a client that was told of somebody's acting by it may know of a mandate, whatever became of it."""
        with self._database.autocommit() as tx:
            caller = self._callers.caller(tx, request, SCOPE, Counted.AUTHORITY_CHECK)
            if not isinstance(caller, Client):
                return caller
            concerns = tx.one(_CONCERNS, mandate=request.below, client=caller.client_id)
            mandate = reading.find(tx, request.below)
        changed_at, told = concerns or (None, None)
        if mandate is None or told is None:
            self._count(Counted.AUTHORITY_CHECK, caller.client_id, "not-found", request.now)
            return problem_response("not_found", status=404)
        return json_response(
            {
                "id": mandate.id,
                "state": state_of(mandate, now=request.now).value,
                "valid_from": china_day(mandate.valid_from),
                "valid_to": china_day(mandate.valid_to - 1),
                "changed_at": changed_at,
            }
        )
