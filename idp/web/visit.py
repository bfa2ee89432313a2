"""The department app one is on the way to, as step pages see it, and the way on when a page's one job is done.

Always true: a page never names the next page; it goes `onward`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for

from idp.web.headers import allow_form_target
from idp.web.locale import local_path

EXTENSION = "tongban_visits"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A parked request in the words of a page. ``reason``: why the person is asked (admission's vocabulary)."""

    key: str
    client_name: str
    reason: str
    login_hint: str = ""
    form_target: str | None = None
    declinable: bool = False
    """Going on without the stronger sign-in is possible."""
    target_aal: int = 0
    """The strength to reach, where that is why."""
    target_ial: int = 0
    """The identity level to reach, likewise."""
    asks_for_level: bool = False
    """The app asks for more than a sign-in: who does not want to give it declines, and the app hears of it."""
    asks_for_party: bool = False
    """It asks for whom the person acts; who does not want to say goes back to it."""
    for_another: bool = False
    """Acting for oneself is no answer."""
    details: str = ""
    """What whoever is chosen must let the person do (`idp.mandates.details`); empty: anything."""


def init_visits(
    app: Flask,
    load: Callable[[str], Visit | None],
    *,
    resume: str,
    proved: Callable[[str, str, int], None],
    chose: Callable[[str, str], None],
) -> None:
    """``load`` reads a parked request of this browser; ``resume`` names the view that goes on with it.

    ``proved`` is told the request, the session and how often its person has proved themselves in it by now; ``chose``
    the request and the person who has said for whom they act.
    """
    app.extensions[EXTENSION] = (load, resume, proved, chose)


def current_visit() -> Visit | None:
    """The request that parameter ``r`` names, once per request; its answer's origin is then allowed for forms."""
    if "tb_visit" not in g:
        load, *_ = current_app.extensions[EXTENSION]
        key = request.values.get("r", "")
        g.tb_visit = load(key) if key else None
        if g.tb_visit and g.tb_visit.form_target:
            allow_form_target(g.tb_visit.form_target)
    visit: Visit | None = g.tb_visit
    return visit


def onward(default: str) -> str:
    """Where to go when this page is done: back to the parked request, else ``next``, else ``default``."""
    _, resume, *_ = current_app.extensions[EXTENSION]
    if key := request.values.get("r", ""):
        return url_for(resume, r=key)
    return local_path(request.values.get("next")) or default


def note_proof(session_id: str, proofs: int) -> None:
    """The person on the way has just proved themselves; a session that was there before proves nothing new."""
    _, _, proved, _ = current_app.extensions[EXTENSION]
    if key := request.values.get("r", ""):
        proved(key, session_id, proofs)


def note_choice(person: str) -> None:
    """The person on the way has just said for whom they act."""
    *_, chose = current_app.extensions[EXTENSION]
    if key := request.values.get("r", ""):
        chose(key, person)


def carried() -> dict[str, Any]:
    """The parameters that forms and links of a step page carry along."""
    return {name: value for name in ("r", "next") if (value := request.values.get(name, ""))}
