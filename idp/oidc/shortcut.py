"""/authorize for a browser that needs no page: an app entered with a session that already meets its demand.

Always true: nothing is written before everything is met, and what is answered here is what the page would have
answered; every other request, faulty ones included, is left to the page untouched.
"""

from collections.abc import Callable, Mapping

from idp.accounts.actions import Directory
from idp.admission.actions import acting_in, asks_el, facts_of_visitor, standing
from idp.admission.rules import NOTHING_DONE, Admit, next_step
from idp.clients.actions import Registry
from idp.db import Database, Transaction
from idp.entities.rules import RepresentedStatus
from idp.oidc.authorize import demand, grant_code
from idp.oidc.request import AuthorizationRequest, parse
from idp.oidc.terms import Terms
from idp.oidc.tokens import TokenMaker
from idp.signin import sessions
from idp.signin.rules import Session, expiry
from idp.web.cookies import session_secret_in
from idp.web.options import Limits
from idp.web.protocol import NO_STORE, Malformed, ProtocolResponse, parse_form

MAX_QUERY = Limits().query_bytes
"""A longer one is refused, by a page."""


class Shortcut:
    """Answers what it can. ``agreements(now)`` gives the versions in force, by document."""

    def __init__(
        self,
        *,
        database: Database,
        registry: Registry,
        directory: Directory,
        maker: TokenMaker,
        terms: Terms,
        session_idle: int,
        agreements: Callable[[int], Mapping[str, str]],
        recheck: int,
        reach: Callable[[], int],
        https: bool,
    ) -> None:
        self._database = database
        self._registry = registry
        self._directory = directory
        self._maker = maker
        self._terms = terms
        self._idle = session_idle
        self._agreements = agreements
        self._recheck = recheck
        self._reach = reach
        self._https = https

    def authorize(self, query: str, cookies: str, now: int) -> ProtocolResponse | None:
        """The redirect to the client, or None: a page has to answer. ``cookies``: the header."""
        secret = session_secret_in(cookies, https=self._https)
        if secret is None or len(query) > MAX_QUERY:
            return None
        params = parse_form(query.encode("latin-1"))
        if isinstance(params, Malformed):
            return None
        request = parse(params, self._registry.get)
        if not isinstance(request, AuthorizationRequest):
            return None
        if request.response_mode != "query" or request.id_token_hint:
            return None
        checked = self._terms.check(request)
        if not isinstance(checked, AuthorizationRequest) or checked.asks_of_acting:
            return None
        request = checked
        with self._database.transaction() as tx:
            admitted = self._admit(tx, request, secret, now)
        if admitted is None:
            return None
        location, session = admitted
        if sessions.needs_touch(session, idle=self._idle, now=now):
            # not while it is held: of two requests that hold it, neither could write to it
            with self._database.autocommit() as tx:
                sessions.touch(tx, session.id, now=now)
        return ProtocolResponse(303, b"", "text/html", (("Location", location), *NO_STORE))

    def _admit(
        self, tx: Transaction, request: AuthorizationRequest, secret: str, now: int
    ) -> tuple[str, Session] | None:
        client = request.client
        wanted = demand(tx, request, hint_sub=None)
        held = sessions.ask_held(tx, secret, client.client_id)
        facts = facts_of_visitor(tx, secret, wanted)  # as they are once the account is held
        session = next(iter(held()), None)
        if session is None or expiry(session, idle=self._idle, now=now):
            return None
        acting = acting_in(wanted, session)
        if asks_el(wanted) or (acting is not None and acting.mandate is not None):
            return None  # what mandates give is judged by more than these facts
        who = standing(
            facts,
            session,
            agreements=self._agreements(now),
            acting=acting,
            recheck=self._recheck,
            reach=self._reach(),
            now=now,
        )
        if who.represented is RepresentedStatus.REGISTER_UNAVAILABLE:
            return None  # asking the register takes its time: not while the session is held
        decision = next_step(wanted, who, NOTHING_DONE, now=now)
        if not isinstance(decision, Admit):
            return None
        answer = grant_code(tx, self._directory, self._maker, request, decision, session, now=now)
        return answer.location, session
