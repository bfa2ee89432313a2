"""Who may open a page of the console: operators with one of the roles the view names.

Always true: a view declared personal never answers 200 without an audit record of the look, written in the same
transaction; the guard commits it before the page leaves.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import g, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.console.loading import Present, present
from idp.console.rules import Role
from idp.db import current_transaction, db
from idp.web.clock import now
from idp.web.errors import error_page
from idp.web.guards import Guard, declare

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]
_ROLES, _PERSONAL = "__tongban_roles__", "__tongban_personal__"


def operator(*roles: Role, personal: bool = False) -> Callable[[View[P]], View[P]]:
    """Keep a view for operators with one of ``roles``; ``personal``: it shows something of a person."""

    def keep(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
            found = present()
            if found is None:
                here = request.full_path.rstrip("?") if request.method == "GET" else request.path
                return redirect(url_for("console.signin", next=here), 303)
            if not found.operator.has(*roles):
                return _refuse(found)
            answer = view(*args, **kwargs)
            return _told(answer) if personal else answer

        declare(guarded, Guard.OPERATOR)
        setattr(guarded, _ROLES, roles)
        setattr(guarded, _PERSONAL, personal)
        return guarded

    return keep


def file_gate() -> ResponseReturnValue | None:
    """For `idp.web.limits.takes_file`: none but operators send files to the console."""
    return None if present() else redirect(url_for("console.signin", next=request.path), 303)


def _refuse(found: Present) -> ResponseReturnValue:
    record(
        current_transaction(),
        Event.OPERATOR_PAGE_REFUSED,
        actor=found.operator.party_id,
        session=found.session.id,
        result="refused",
        reason="role",
        detail={"page": request.endpoint},
        now=now(),
    )
    db.session.commit()
    return error_page(403, again=url_for("console.home"))


def _told(answer: ResponseReturnValue) -> ResponseReturnValue:
    response = make_response(answer)
    if response.status_code == 200 and "tb_looked" not in g:
        raise RuntimeError(f"{request.endpoint} shows a person without an audit record")
    db.session.commit()
    return response


def looked(event: Event, subject: str | None, *, because: str, result: str = "ok") -> None:
    """Record that the present operator looks at ``subject``. ``because``: the id of the reason or the proposal."""
    found = current_operator()
    record(
        current_transaction(),
        event,
        actor=found.operator.party_id,
        subject=subject,
        session=found.session.id,
        result=result,
        detail={"because": because},
        now=now(),
    )
    g.tb_looked = True


def current_operator() -> Present:
    """The operator behind the guard of this view."""
    found = present()
    if found is None:
        raise RuntimeError("the view is not kept by @operator")
    return found


def roles_of(view: Callable[..., object]) -> tuple[Role, ...]:
    """The roles a view declares; empty for one that `operator` does not keep."""
    found: tuple[Role, ...] = getattr(view, _ROLES, ())
    return found


def is_personal(view: Callable[..., object]) -> bool:
    return bool(getattr(view, _PERSONAL, False))
