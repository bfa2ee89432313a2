"""The shell of the console: its blueprint, its frame, and the home page with what waits.

Always true: the menu shows what the operator's roles open, and the guards of the pages decide.
"""

from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Flask, render_template, request, url_for

from idp.console.acts import CASEWORK, RECOVERERS, REVIEWERS
from idp.console.guards import current_operator, operator
from idp.console.loading import Console, keep_parts, parts
from idp.console.rules import Change, Proposal, Role
from idp.console.words import word
from idp.db import current_transaction
from idp.web.clock import now
from idp.web.notices import Notice
from idp.web.reasons import known_reason, sentence

PROPOSERS = (Role.PLATFORM, Role.REVIEW, Role.COUNTER)
"""Every role of any act that needs two; which act is for which, the act says."""
MENU: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("home", "console.home", tuple(Role)),
    ("people", "console.people", CASEWORK),
    ("disputes", "console.disputes", CASEWORK),
    ("recoveries", "console.recoveries", RECOVERERS),
    ("reviews", "console.reviews", REVIEWERS),
    ("proposals", "console.proposals", PROPOSERS),
    ("clients", "console.clients", (Role.DEPARTMENT, Role.PLATFORM)),
    ("channels", "console.channels", (Role.PLATFORM,)),
    ("issuers", "console.issuers", (Role.PLATFORM,)),
    ("operators", "console.operators", (Role.PLATFORM,)),
    ("audit", "console.audit", (Role.AUDIT,)),
)
"""Name, view and roles of each place."""
blueprint = Blueprint("console", __name__, url_prefix="/console")


def init_console(app: Flask, made_of: Console) -> None:
    from idp.console import (  # noqa: F401 - their views join the blueprint
        audit_pages,
        capability_pages,
        channel_pages,
        client_pages,
        dispute_pages,
        enrolment_pages,
        guardian_pages,
        issuer_form_pages,
        issuer_pages,
        operator_pages,
        people_pages,
        proposal_pages,
        recovery_pages,
        review_pages,
        signin_pages,
    )

    keep_parts(app, made_of)
    app.register_blueprint(blueprint)


def page(template: str, section: str, **context: Any) -> str:
    """A page inside the frame. ``section``: where in the menu it stands."""
    here = current_operator().operator
    menu = [
        SimpleNamespace(name=name, url=url_for(view), label=word(f"menu_{name}"))
        for name, view, roles in MENU
        if here.has(*roles)
    ]
    frame = SimpleNamespace(operator=here.name, menu=menu, section=section)
    return render_template(f"console/{template}.html", console=frame, **context)


def done_notice() -> Notice | None:
    """What the redirect that led here says was done."""
    reason = request.args.get("done", "")
    return Notice("info", sentence(reason)) if known_reason(reason) else None


def operator_name(party_id: str | None) -> str:
    """How an operator is called; the id of one who cannot be found."""
    found = parts().operators.get(current_transaction(), party_id) if party_id else None
    return found.name if found else party_id or ""


def proposal_line(proposal: Proposal) -> SimpleNamespace:
    """A proposal as a line of a list: nothing in it is about the person."""
    return SimpleNamespace(
        url=url_for("console.proposal", key=proposal.id),
        kind=word(f"act_{proposal.kind}"),
        proposer=operator_name(proposal.proposer),
        created_at=proposal.created_at,
        expires_at=proposal.expires_at,
        state=word(f"proposal_{proposal.state_at(now())}"),
    )


def change_line(change: Change) -> tuple[str, str, str]:
    """What would change, in words."""
    what, before, after = (str(word(text)) for text in change)
    return what, before, after


@blueprint.get("")
@operator(*Role)
def home() -> str:
    here, tx = current_operator(), current_transaction()
    waiting = parts().four_eyes.waiting_for(tx, here.operator, now=now())
    return page(
        "home",
        "home",
        waiting=[proposal_line(proposal) for proposal in waiting],
        roles=[role_words(assignment.role, assignment.scope) for assignment in sorted(here.operator.assignments)],
        since=here.session.created_at,
        notice=done_notice(),
    )


def role_words(role: Role, scope: str) -> str:
    name = str(word(f"role_{role}"))
    return f"{name} ({scope})" if scope else name
