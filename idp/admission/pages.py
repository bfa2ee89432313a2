"""Parking, resuming and finishing requests, and the consent page.

Always true: a decision to admit or refuse is carried out by the protocol that parked the request, once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory
from idp.accounts.parties import hold
from idp.admission.actions import acting_in, decide
from idp.admission.parked import Parked, Parking
from idp.admission.rules import ActingDemand, Admit, Ask, Progress, Reason, Refusal, Refuse, Step
from idp.clients.actions import Registry
from idp.clients.rules import Basis
from idp.db import current_transaction, db
from idp.grants.actions import give_consent
from idp.mandates.contexts import Contexts
from idp.proofing.ways import reach, way_up
from idp.signin.rules import Session
from idp.web.agreements import Agreements
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import expired_page
from idp.web.guards import current_session, forget_session, public, signed_in
from idp.web.locale import preferences
from idp.web.reasons import scope_words
from idp.web.visit import Visit, current_visit, init_visits

EXTENSION = "tongban_admission"
PAGES = {
    Step.SIGN_IN: "signin.password",
    Step.AGREEMENTS: "registration.agreements",
    Step.STRENGTHEN: "signin.confirm",
    Step.REPRESENT: "entities.acting",
    Step.CONSENT: "admission.consent",
    Step.FACE: "capabilities.asked",
}
"""The named route that serves each step; for `Step.PROVE` it is the way to the level."""
Finish = Callable[[Parked, Admit | Refuse, Session | None], ResponseReturnValue]

blueprint = Blueprint("admission", __name__)


@dataclass(frozen=True, slots=True)
class Admission:
    """What the pages work with; ``protocols`` finish what they parked."""

    parking: Parking
    registry: Registry
    directory: Directory
    agreements: Agreements
    contexts: Contexts
    protocols: dict[str, Finish]


def init_admission(
    app: Flask,
    *,
    parking: Parking,
    registry: Registry,
    directory: Directory,
    agreements: Agreements,
    contexts: Contexts,
) -> None:
    app.extensions[EXTENSION] = Admission(parking, registry, directory, agreements, contexts, {})
    app.register_blueprint(blueprint)
    init_visits(app, _load_visit, resume="admission.resume", proved=_note_proof, chose=_note_choice)


def serve_protocol(app: Flask, name: str, finish: Finish) -> None:
    """Let requests parked as ``name`` be finished by ``finish``."""
    app.extensions[EXTENSION].protocols[name] = finish


def _admission() -> Admission:
    found: Admission = current_app.extensions[EXTENSION]
    return found


def _browser() -> str:
    return browser_digest().hex()


def new_parked(**values: object) -> Parked:
    """A request of this browser as it arrives."""
    return Parked(browser=_browser(), **values)  # type: ignore[arg-type]


def enter(parked: Parked, finish: Finish) -> ResponseReturnValue:
    """Answer a request at once by ``finish``, or park it and send the person to the first page that is needed."""
    return _go_on(parked, finish, key=None)


def _go_on(parked: Parked, finish: Finish, *, key: str | None) -> ResponseReturnValue:
    admission = _admission()
    session = _heard_session(admission, parked)
    decision = decide(
        current_transaction(),
        parked.demand,
        session,
        _progress(parked, session),
        contexts=admission.contexts,
        agreements=admission.agreements.versions_in_force(now()),
        recheck=admission.contexts.recheck,
        reach=reach(),
        now=now(),
    )
    if isinstance(decision, Ask):
        db.session.rollback()
        return _ask(admission, parked, decision, key)
    if key is not None and admission.parking.take(key, browser=_browser()) is None:
        return expired_page()
    return finish(parked, decision, session)


def _heard_session(admission: Admission, parked: Parked) -> Session | None:
    """The session; where it acts for somebody and the app is to know, the register has been heard on it lately."""
    session: Session | None = current_session()
    acting = acting_in(parked.demand, session, _progress(parked, session)) if session else None
    if session is None or acting is None:
        return session
    db.session.rollback()
    if admission.contexts.hear(session.party_id, acting, now=now()):
        forget_session()
    found: Session | None = current_session()
    return found


def _ask(admission: Admission, parked: Parked, ask: Ask, key: str | None) -> ResponseReturnValue:
    waiting = replace(parked, reason=ask.reason, target_aal=ask.target.aal, target_ial=ask.target.ial)
    if key is None:
        key = admission.parking.park(waiting)
    elif parked != waiting and not admission.parking.keep(key, waiting):
        return expired_page()
    page = way_up(ask.target.ial) if ask.step is Step.PROVE else PAGES[ask.step]
    return redirect(url_for(page, r=key, ui_locales=parked.ui_locales or None), 303)


def _progress(parked: Parked, session: Session | None) -> Progress:
    """What the person of ``session``, and nobody else, has done for this request."""
    if session is None:
        return replace(parked.progress, consented=False, chosen=False, face=None)
    return replace(
        parked.progress,
        authenticated=session.id == parked.session_id and session.proofs >= parked.proofs,
        consented=parked.progress.consented and session.party_id == parked.consented_by,
        chosen=parked.progress.chosen and session.party_id == parked.chosen_by,
        face=parked.progress.face if session.party_id == parked.checked_by else None,
    )


def _note_proof(key: str, session_id: str, proofs: int) -> None:
    parking = _admission().parking
    if (parked := parking.peek(key, browser=_browser())) is not None:
        parking.keep(key, replace(parked, session_id=session_id, proofs=proofs))


def _note_choice(key: str, person: str) -> None:
    parking = _admission().parking
    if (parked := parking.peek(key, browser=_browser())) is not None:
        parking.keep(key, replace(parked, chosen_by=person), chosen=True)


def _load_visit(key: str) -> Visit | None:
    parked = _admission().parking.peek(key, browser=_browser())
    if parked is None:
        return None
    asked = parked.demand.acting or ActingDemand()
    return Visit(
        key=key,
        client_name=parked.label.get(preferences().lang) or parked.label["zh"],
        reason=parked.reason,
        login_hint=parked.login_hint,
        form_target=parked.form_target,
        declinable=parked.reason == Reason.VOLUNTARY_ACR,
        target_aal=parked.target_aal,
        target_ial=parked.target_ial,
        asks_for_level=parked.reason
        in (
            Reason.CLIENT_MINIMUM,
            Reason.ESSENTIAL_ACR,
            Reason.VOLUNTARY_ACR,
            Reason.FACE_CHECK,
        ),
        asks_for_party=parked.reason in (Reason.REPRESENT_SELECT, Reason.REPRESENT_REQUIRED),
        for_another=asked.for_another,
        details=asked.details,
    )


def parked_here(key: str) -> Parked | None:
    """The request ``key``, if it is this browser's, for a page whose step needs more of it than `Visit` tells."""
    return _admission().parking.peek(key, browser=_browser()) if key else None


def keep_parked(key: str, parked: Parked, **done: Any) -> bool:
    """`Parking.keep`, for such a page."""
    return _admission().parking.keep(key, parked, **done)


def _restart(parked: Parked | None) -> ResponseReturnValue:
    return expired_page(restart=None if parked is None else parked.form_target)


@blueprint.get("/continue")
@public
def resume() -> ResponseReturnValue:
    """Take the next step of a parked request."""
    key = request.args.get("r", "")
    parked = _admission().parking.peek(key, browser=_browser()) if key else None
    if parked is None:
        return _restart(parked)
    return _go_on(parked, _admission().protocols[parked.protocol], key=key)


@blueprint.post("/continue/decline")
@public
def decline() -> ResponseReturnValue:
    """Not this: ``what=strengthen`` goes on without the stronger sign-in, anything else goes back to the app."""
    admission, key = _admission(), request.values.get("r", "")
    parked = admission.parking.peek(key, browser=_browser()) if key else None
    if parked is None:
        return _restart(parked)
    if request.values.get("what") == "strengthen":
        if not admission.parking.keep(key, parked, declined=True):
            return expired_page()
        return redirect(url_for("admission.resume", r=key), 303)
    return _refuse(parked, key)


def _refuse(parked: Parked, key: str) -> ResponseReturnValue:
    if _admission().parking.take(key, browser=_browser()) is None:
        return expired_page()
    refusal = Refuse(Refusal.ACCESS_DENIED, Reason(parked.reason or Reason.NO_SESSION))
    return _admission().protocols[parked.protocol](parked, refusal, current_session())


@blueprint.route("/consent", methods=["GET", "POST"])
@signed_in
def consent() -> ResponseReturnValue:
    admission, session, key = _admission(), current_session(), request.values.get("r", "")
    parked = admission.parking.peek(key, browser=_browser()) if key else None
    client = admission.registry.get(parked.demand.client_id) if parked else None
    if parked is None or client is None or current_visit() is None:
        return _restart(parked)
    if request.method == "GET":
        return _consent_page(admission, parked, session)
    if request.form.get("decision") != "allow":
        return _refuse(parked, key)
    if not hold(current_transaction(), session.party_id):  # and what is withdrawn at this moment is not written again
        return _restart(parked)
    give_consent(
        current_transaction(),
        party_id=session.party_id,
        client_id=client.client_id,
        scopes=parked.demand.consent,
        now=now(),
    )
    db.session.commit()
    if not admission.parking.keep(key, replace(parked, consented_by=session.party_id), consented=True):
        return expired_page()
    return redirect(url_for("admission.resume", r=key), 303)


def _consent_page(admission: Admission, parked: Parked, session: Session) -> ResponseReturnValue:
    client = admission.registry.get(parked.demand.client_id)
    assert client is not None  # noqa: S101 - the view looked
    person = admission.directory.person(current_transaction(), session.party_id)
    statutory = client.needing(frozenset(client.scopes), Basis.STATUTORY) & parked.scopes
    items = [_item(scope, Basis.CONSENT) for scope in sorted(parked.demand.consent)]
    items += [_item(scope, Basis.STATUTORY) for scope in sorted(statutory)]
    language = preferences().lang
    return render_template(
        "consent.html",
        client_name=client.label(language),
        department_name=client.department.get(language) or client.label(language),
        account_label=person.user_name.masked if person.user_name else person.mobile.masked if person.mobile else "",
        items=items,
        law=client.law,
        notice=None,
    )


def _item(scope: str, basis: Basis) -> SimpleNamespace:
    label, detail = scope_words(scope)
    return SimpleNamespace(label=label, detail=detail, basis=basis.value)
