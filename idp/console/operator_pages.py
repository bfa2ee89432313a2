"""The operators of the platform, and inviting another one.

Always true: an invitation is a proposal like any other; nobody opens an operator's account here alone.
"""

from types import SimpleNamespace

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.console.acts import INVITE
from idp.console.guards import current_operator, operator
from idp.console.loading import parts
from idp.console.pages import blueprint, page, role_words
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import (
    NAME_LENGTH,
    Assignment,
    Denied,
    Operator,
    OperatorState,
    Reason,
    Role,
    assignments,
    canonical_name,
)
from idp.console.words import word
from idp.credentials.totp import enrolled_at
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.reasons import sentence

NAME = Field("name", sentence("operator_name_missing"), max_length=2 * NAME_LENGTH)
ROLE = Field("role", sentence("operator_role_missing"), max_length=16)
SECTOR = Field("sector", max_length=80, required=False)


@blueprint.get("/operators")
@operator(Role.PLATFORM)
def operators() -> str:
    tx = current_transaction()
    found = parts().operators.all(tx)
    return page("operators", "operators", operators=[_line(one) for one in found])


def _line(found: Operator) -> SimpleNamespace:
    enrolled = enrolled_at(current_transaction(), found.party_id) is not None
    active = found.state is OperatorState.ACTIVE
    state = "operator_active" if active and enrolled else "operator_waiting" if active else "operator_disabled"
    return SimpleNamespace(
        name=found.name,
        roles=[role_words(role, scope) for role, scope in sorted(found.assignments)],
        state=word(state),
        created_at=found.created_at,
    )


@blueprint.route("/operators/invite", methods=["GET", "POST"])
@operator(Role.PLATFORM)
def invite() -> ResponseReturnValue:
    fields = (NAME, ROLE, SECTOR, REASON, TICKET)
    if request.method == "GET":
        return _page(Form(*fields))
    form = Form.submitted(*fields)
    why = stated(form)
    roles = _checked(form)
    if why is None or roles is None:
        return _page(form)
    made = parts().four_eyes.propose(
        current_transaction(),
        INVITE,
        subject=None,
        payload={
            "name": canonical_name(form["name"]),
            "roles": sorted({role for role, _ in roles}),
            "sectors": sorted(scope for _, scope in roles if scope),
        },
        reason=f"{why.text} [{why.ticket}]",
        proposer=current_operator().operator,
        now=now(),
    )
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return _page(form)
    db.session.commit()
    return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)


def _checked(form: Form) -> frozenset[Assignment] | None:
    """The roles a sound form asks for, or None with what is wrong said in it."""
    if not form.ok:
        return None
    if canonical_name(form["name"]) is None:
        form.refuse("name", sentence(Reason.NAME_INVALID))
    elif parts().operators.named(current_transaction(), form["name"]) is not None:
        form.refuse("name", sentence(Reason.NAME_TAKEN))
    if form["role"] not in tuple(Role):
        form.refuse("role", sentence("operator_role_missing"))
        return None
    roles = assignments([Role(form["role"])], [form["sector"]] if form["sector"] else [])
    if isinstance(roles, Denied):
        form.refuse("sector", sentence(roles.reason))
        return None
    return roles if form.ok else None


def _page(form: Form) -> ResponseReturnValue:
    roles = [(role.value, word(f"role_{role}"), None) for role in Role]
    return page("operator_invite", "operators", form=form, roles=roles)
