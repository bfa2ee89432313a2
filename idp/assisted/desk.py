"""What every page of assisted handling has at hand: who is at the counter, and which office it is.

Always true: a page of the counter is served to a clerk who acts for their office now; everybody else is led to where
one says so, and has done nothing; that they sent something is on record.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from types import SimpleNamespace
from typing import Concatenate, ParamSpec

from flask import Blueprint, Flask, abort, current_app, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory
from idp.assisted.actions import Assisting
from idp.assisted.clerks import refused
from idp.assisted.rules import Case, Clerk, Denied, Refusal
from idp.db import current_transaction, db
from idp.entities.pages import Offering
from idp.entities.rules import Acting
from idp.flows.actions import Journeys
from idp.flows.steps import not_here
from idp.mandates.power import Capacity
from idp.mandates.registry import Themes
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.guards import current_session, signed_in

EXTENSION = "tongban_assisted"
blueprint = Blueprint("assisted", __name__)
P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class AssistedParts:
    assisting: Assisting
    offering: Offering
    directory: Directory
    themes: Themes
    journeys: Journeys


def init_assisted(app: Flask, made_of: AssistedParts) -> None:
    from idp.assisted import (  # noqa: F401 - their views join the blueprint
        case_pages,
        citizen_pages,
        consent_pages,
        counter_pages,
        opening_pages,
        paper_pages,
    )

    app.extensions[EXTENSION] = made_of
    app.register_blueprint(blueprint)


def parts() -> AssistedParts:
    found: AssistedParts = current_app.extensions[EXTENSION]
    return found


@blueprint.app_context_processor
def _counter_words() -> dict[str, object]:
    return {"at_a_counter": at_a_counter}


def at_a_counter() -> bool:
    """Whether this session acts as a clerk, for the office or for a citizen; pages then lead to the counter."""
    session: Session | None = current_session()
    acting = Acting.parse(session.acting) if session else None
    if session is None or acting is None:
        return False
    if acting.role == Capacity.CLERK:
        return True
    return isinstance(parts().assisting.clerk_of(current_transaction(), session, now=now()), Clerk)


def at_counter(view: Callable[Concatenate[Clerk, P], ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """For a view of the counter, which is given the clerk."""

    @signed_in
    @wraps(view)
    def serve(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        session: Session = current_session()
        clerk = parts().assisting.clerk_of(current_transaction(), session, now=now())
        if isinstance(clerk, Denied):
            if clerk.reason is Refusal.NOT_CLERK and request.method != "GET":
                refused(current_transaction(), clerk.reason, person=session.party_id, now=now())
            db.session.commit()
            return not_here(url_for("assisted.office", done=clerk.reason))
        return view(clerk, *args, **kwargs)

    return serve


def office_of(clerk: Clerk | Case) -> SimpleNamespace:
    """Organ and unit, in words."""
    name = parts().offering.name_of(current_transaction(), clerk.organ)
    return SimpleNamespace(organ=name or "", unit=clerk.unit)


def office_text(clerk: Clerk | Case) -> str:
    """Both on one line."""
    office = office_of(clerk)
    return " · ".join(part for part in (office.organ, office.unit) if part)


def find(clerk: Clerk, case_id: str) -> Case:
    """The case of this office, or 404; that it was looked for from elsewhere stays on record."""
    return _found(parts().assisting.case(current_transaction(), clerk, case_id, now=now()))


def find_mine(case_id: str) -> Case:
    """The same for a citizen, of their own."""
    session: Session = current_session()
    return _found(parts().assisting.mine(current_transaction(), session.party_id, case_id, now=now()))


def _found(case: Case | Denied) -> Case:
    if isinstance(case, Denied):
        db.session.commit()
        abort(404)
    return case
