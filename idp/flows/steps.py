"""The pages of a journey: each is open at its step, and to the browser that began.

Always true: a page that is not open says where to go on, and has done nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.db import current_transaction
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind, open_step
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.guards import current_session, signed_in
from idp.web.reasons import GENERAL, sentence
from idp.web.visit import carried

View = Callable[[Journey], ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class Steps:
    """``begin``: the route where a journey begins; ``address``: of the page that is open in one."""

    kind: FlowKind
    begin: str
    journeys: Callable[[], Journeys]
    address: Callable[[Journey], str]

    def at(self, *steps: str | None) -> Callable[[View], Callable[[], ResponseReturnValue]]:
        """For a view that is open at one of ``steps`` (None: when all are done), and is given the journey."""

        def kept(view: View) -> Callable[[], ResponseReturnValue]:
            @wraps(view)
            def serve() -> ResponseReturnValue:
                journey = self._journey()
                if journey is None:
                    return journey_over(self.begin)
                if open_step(self.kind, journey.facts) not in steps:
                    return not_here(self.address(journey))
                return view(journey)

            return serve

        return kept

    def own(self, *steps: str | None) -> Callable[[View], Callable[[], ResponseReturnValue]]:
        """Like `at`, for journeys of who is signed in (fact ``party_id``): to nobody else in the same browser."""

        def kept(view: View) -> Callable[[], ResponseReturnValue]:
            @signed_in
            @self.at(*steps)
            @wraps(view)
            def serve(journey: Journey) -> ResponseReturnValue:
                mine = journey.facts["party_id"] == current_session().party_id
                return view(journey) if mine else journey_over(self.begin)

            return serve

        return kept

    def _journey(self) -> Journey | None:
        key = request.values.get("f", "")
        if not key:
            return None
        return self.journeys().read(current_transaction(), self.kind, key, browser=browser_digest(), now=now())


def journey_over(begin: str) -> ResponseReturnValue:
    """The journey is done, gone or another browser's; ``begin`` names the route where one begins anew."""
    return not_here(url_for(begin, done="journey_over", **carried()))


def not_here(address: str) -> ResponseReturnValue:
    """The step is not open: who looks is led to ``address``, who acts is told, as the loser of a race (trust 1)."""
    if request.method == "GET":
        return redirect(address, 303)
    return error_page(400, title=sentence("journey_over"), text=GENERAL, again=address)
