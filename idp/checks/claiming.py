"""A journey in which somebody says who they are and is checked for it: what leads to the check, and back from it.

Always true: what the check is taken for is the claim the journey holds, in the browser that made it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request, url_for

from idp.accounts.documents import DocumentType, stored_document
from idp.accounts.names import PersonName
from idp.checks.pages import order_check, take_check
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Passed
from idp.db import current_transaction
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import FlowKind
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.visit import carried


@dataclass(frozen=True, slots=True)
class CameBack:
    """The check of ``subject`` has passed; the journey has still to be moved on."""

    journey: Journey
    subject: CheckSubject
    passed: Passed


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """``check``: the kind of check; ``endpoint``: the page that asks who it is, and to which the person comes back;
    ``elsewhere``: where other ways stand. Both are names of routes.
    """

    check: CheckKind
    kind: FlowKind
    purpose: CheckPurpose
    endpoint: str
    elsewhere: str

    def begin(
        self,
        journeys: Journeys,
        subject: CheckSubject,
        facts: Mapping[str, Any] | None = None,
        *,
        party_id: str | None = None,
    ) -> str:
        """Begin the journey, with further ``facts``; the address of its check. The view commits."""
        document = subject.document
        told = {"name": subject.name.value, "document": [document.type, document.value], **(facts or {})}
        journey = journeys.begin(current_transaction(), self.kind, told, browser=browser_digest(), now=now())
        return order_check(
            self.check,
            self.purpose,
            subject,
            party_id=party_id,
            back=url_for(self.endpoint, f=journey.id, **carried()),
            elsewhere=url_for(self.elsewhere, **carried()),
        )

    def came_back(self, journeys: Journeys, *, party_id: str | None = None) -> CameBack | None:
        """Take the check this browser came back with; None when it counts for nothing here. The view commits."""
        tx, key = current_transaction(), request.args.get("f", "")
        journey = journeys.read(tx, self.kind, key, browser=browser_digest(), now=now())
        if journey is None:
            return None
        kind, number = journey.facts["document"]
        subject = CheckSubject(PersonName(journey.facts["name"]), stored_document(DocumentType(kind), number))
        passed = take_check(self.check, self.purpose, subject, party_id=party_id)
        return CameBack(journey, subject, passed) if isinstance(passed, Passed) else None

    def over(self) -> str:
        """Where somebody goes whose check counts for nothing: to begin anew."""
        return url_for(self.endpoint, done="check_over", **carried())
