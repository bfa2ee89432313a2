"""The page on which a person sees which department asks for a check of them, and for what, and decides.

Always true: only the person it is about sees it, nothing is asked of anybody before they agree, and they are sent
back to the department's own site or to nowhere.
"""

from dataclasses import dataclass
from functools import partial
from typing import Protocol

from flask import Blueprint, Flask, abort, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Directory, Identity
from idp.admission.pages import keep_parked, parked_here
from idp.admission.rules import FaceOutcome
from idp.capabilities import checks
from idp.capabilities.checks import DepartmentChecks
from idp.capabilities.counter import Counter
from idp.capabilities.endpoints import PERSON
from idp.capabilities.identity_codes import IdentityCodes
from idp.capabilities.name_question import ask_register
from idp.capabilities.rules import Check, CheckResult, CheckState, stands
from idp.checks.actions import Checks
from idp.checks.pages import order_check
from idp.checks.rules import OVER, PAUSES, CheckKind, CheckPurpose, CheckSubject, Passed, Refusal
from idp.checks.rules import CheckState as OutsideState
from idp.clients import permits
from idp.clients.actions import Registry
from idp.clients.capabilities import Capability
from idp.clients.rules import Client
from idp.crypto.fields import FieldCipher
from idp.db import Database, current_transaction, db
from idp.proofing.joining import Joining
from idp.proofing.ports import PopulationRegister
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.headers import allow_form_target, refresh_after
from idp.web.locale import preferences
from idp.web.reasons import capability_words, sentence

EXTENSION = "tongban_capabilities"
CAMERA = "/check/"
"""Where a check made elsewhere is agreed to; its id follows."""
_AGAIN = 3
"""Seconds after which the page of a check under way looks again."""
WAITING, UNDER_WAY = "waiting", "under_way"
_OUTCOMES = {
    CheckResult.PASSED: FaceOutcome.PASSED,
    CheckResult.NOT_PASSED: FaceOutcome.NOT_PASSED,
    CheckResult.DECLINED: FaceOutcome.NOT_PASSED,
}
"""What ended a check for the request that waits for it; one whose time is over is asked for anew."""
blueprint = Blueprint("capabilities", __name__)


class Ask(Protocol):
    """Asks what a check is about; None when nobody could say."""

    def __call__(self, check: Check, identity: Identity, *, now: int) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the pages work with; ``asks``: who answers which question; ``most``: as of `DepartmentChecks.start`."""

    checks: DepartmentChecks
    counter: Counter
    codes: IdentityCodes
    faces: Checks
    registry: Registry
    directory: Directory
    asks: dict[Capability, Ask]
    most: int


def init_capabilities(
    app: Flask,
    database: Database,
    cipher: FieldCipher,
    registry: Registry,
    joining: Joining,
    population: PopulationRegister,
    faces: Checks,
    *,
    most: int,
) -> None:
    from idp.capabilities import counter_pages, identity_code_pages, signin_pages  # noqa: F401 - their views join it

    asks: dict[Capability, Ask] = {Capability.NAME_CHECK: partial(ask_register, population)}
    app.extensions[EXTENSION] = Capabilities(
        DepartmentChecks(cipher),
        Counter(database, joining),
        IdentityCodes(cipher, joining.directory),
        faces,
        registry,
        joining.directory,
        asks,
        most,
    )
    app.register_blueprint(blueprint)


def parts() -> Capabilities:
    found: Capabilities = current_app.extensions[EXTENSION]
    return found


@blueprint.route(f"{PERSON}<key>", methods=["GET", "POST"])
@signed_in
def matter(key: str) -> ResponseReturnValue:
    check, client = _own(key)
    if check.return_uri:
        allow_form_target(check.return_uri)
    if check.request and (parked := parked_here(check.request)) and parked.form_target:
        allow_form_target(parked.form_target)
    form = Form()
    if check.outside and _state(check, client) == WAITING:
        if _is_elsewhere(check):
            return _page(form, check, client, UNDER_WAY)
        if _came_back(check):
            return _back(check)
        check, client = _own(key)
    if check.request and _state(check, client) not in (WAITING, UNDER_WAY):
        return _back(check)
    if request.method == "GET" or _state(check, client) != WAITING:
        return _page(form, check, client)
    if request.form.get("decision") != "agree":
        checks.decline(current_transaction(), check, now=now())
        db.session.commit()
        return _back(check)
    identity = parts().directory.person(current_transaction(), check.party_id).identity
    if check.capability is Capability.FACE_CHECK and identity:
        return _to_camera(check, client, identity)
    if not checks.agree(current_transaction(), check, now=now()):
        return redirect(url_for("capabilities.matter", key=key), 303)
    db.session.commit()
    return _asked(form, check, client, identity)


def _to_camera(check: Check, client: Client, identity: Identity) -> ResponseReturnValue:
    """To the consent of the face check, which leads on to whoever makes it, and back here."""
    tx, language = current_transaction(), preferences().lang
    if check.outside and (waiting := _ordered(check.outside)):
        return redirect(f"{CAMERA}{waiting}", 303)
    permit = permits.find(tx, check.permit_id)
    assert permit is not None  # noqa: S101 - permits are never deleted
    here = url_for("capabilities.matter", key=check.id)
    if checks.spend(tx, check, permit, most=parts().most, now=now()) is not None:
        db.session.commit()
        return _to_request(check, FaceOutcome.USED_UP)
    there = order_check(
        CheckKind.FACE,
        CheckPurpose.MATTER,
        CheckSubject(identity.name, identity.document),
        party_id=check.party_id,
        back=here,
        elsewhere=here,
        asked_by=client.department.get(language) or client.label(language),
        matter=permit.terms.label(language),
    )
    if not checks.agree(tx, check, outside=there.removeprefix(CAMERA), now=now()):
        db.session.rollback()
        return redirect(here, 303)
    db.session.commit()
    return redirect(there, 303)


def _ordered(outside: str) -> str | None:
    """The check made elsewhere that nobody has agreed to yet, to go on with; in another browser that one ends."""
    tx, faces = current_transaction(), parts().faces
    if faces.stands(tx, outside, now=now())[0] is not OutsideState.ORDERED:
        return None
    if faces.read(tx, outside, browser=browser_digest(), now=now()):
        return outside
    work = faces.load(tx, outside)
    if work:
        faces.give_up(tx, work, Refusal.ABANDONED, now=now())
    return None


def _is_elsewhere(check: Check) -> bool:
    """Whether the vendor has the person, or what it found is on its way: then nothing else takes its place."""
    tx, outside = current_transaction(), check.outside or ""
    state, _ = parts().faces.stands(tx, outside, now=now())
    if state is OutsideState.OPEN and "again" not in request.args:  # the page that looks again asks nobody
        here = parts().faces.read(tx, outside, browser=browser_digest(), now=now())
        pause = here.pause(now()) if here else PAUSES[-1][1]  # somebody else's browser hurries nobody
        parts().faces.expect_result(tx, outside, now=now(), pause=pause)
        db.session.commit()
    return state in (OutsideState.AGREED, OutsideState.OPEN)


def _came_back(check: Check) -> bool:
    """Use what the check made elsewhere found; whether that answers the department.

    A no is one in whichever browser it was said; a yes counts in the one it was ordered in.
    """
    tx, faces, outside = current_transaction(), parts().faces, check.outside or ""
    state, reason = faces.stands(tx, outside, now=now())
    identity = parts().directory.person(tx, check.party_id).identity
    if state not in OVER or identity is None:
        return False
    passed = False
    if state is OutsideState.PASSED:
        browser = browser_digest()
        taken = faces.take(
            tx,
            outside,
            kind=CheckKind.FACE,
            purpose=CheckPurpose.MATTER,
            subject=CheckSubject(identity.name, identity.document),
            party_id=check.party_id,
            back=url_for("capabilities.matter", key=check.id),
            browser=browser,
            now=now(),
        )
        if not isinstance(taken, Passed) and not faces.read(tx, outside, browser=browser, now=now()):
            return False  # another browser's, which may still come back
        passed = isinstance(taken, Passed)
    if not passed and reason is not Refusal.NOT_PASSED:
        checks.reopen(tx, check)  # nobody has judged, or it was used already: the person may try again
        db.session.commit()
        return False
    ended = checks.finish(tx, check, passed=passed, now=now())
    db.session.commit()
    return ended


def _own(key: str) -> tuple[Check, Client]:
    """The check, if it is about the person of this session."""
    check = parts().checks.find(current_transaction(), key)
    client = parts().registry.get(check.client_id) if check else None
    if check is None or client is None or check.party_id != current_session().party_id:
        abort(404)
    return check, client


def _asked(form: Form, check: Check, client: Client, identity: Identity | None) -> ResponseReturnValue:
    passed = parts().asks[check.capability](check, identity, now=now()) if identity else False
    tx = current_transaction()
    if passed is None:
        checks.reopen(tx, check)
        db.session.commit()
        form.refuse("", sentence("matter_unanswered"))
        return _page(form, check._replace(state=CheckState.WAITING), client)
    checks.finish(tx, check, passed=passed, now=now())
    db.session.commit()
    return _back(check)


def _back(check: Check) -> ResponseReturnValue:
    """To the department's site, which fetches the answer by itself, to its request, or to what came of it."""
    if check.request:
        ended = parts().checks.find(current_transaction(), check.id)
        return _to_request(check, _OUTCOMES.get(ended.result) if ended and ended.result else None)
    return redirect(_home(check) or url_for("capabilities.matter", key=check.id), 303)


def _to_request(check: Check, outcome: FaceOutcome | None) -> ResponseReturnValue:
    """On with the request that waits; what came of it counts for that if it waits for this very check."""
    key = check.request or ""
    parked = parked_here(key)
    if parked is not None and parked.check == check.id and outcome is not None:
        keep_parked(key, parked, face=outcome)
    return redirect(url_for("admission.resume", r=key), 303)


def _home(check: Check) -> str | None:
    if check.return_uri is None:
        return None
    return f"{check.return_uri}{'&' if '?' in check.return_uri else '?'}check={check.id}"


def _page(form: Form, check: Check, client: Client, state: str | None = None) -> ResponseReturnValue:
    permit = permits.find(current_transaction(), check.permit_id)
    assert permit is not None  # noqa: S101 - permits are never deleted
    state = state or _state(check, client)
    if state == UNDER_WAY and form.ok:
        refresh_after(_AGAIN, url_for("capabilities.matter", key=check.id, again=1))
    language = preferences().lang
    label, about = capability_words(check.capability)
    return render_template(
        "department_check.html",
        form=form,
        client_name=client.label(language),
        department_name=client.department.get(language) or client.label(language),
        purpose=permit.terms.label(language),
        law=permit.terms.law,
        matter=check.matter,
        label=label,
        about=about,
        state=state,
        outcome=None if state == WAITING else sentence(f"matter_{state}"),
        back_url=_home(check),
        wait_url=_wait_url(check) if state == UNDER_WAY else None,
    )


def _wait_url(check: Check) -> str | None:
    outside = check.outside or ""
    here = parts().faces.read(current_transaction(), outside, browser=browser_digest(), now=now())
    return f"{CAMERA}{outside}/wait" if here else None


def _state(check: Check, client: Client) -> str:
    if check.overdue(now()):
        return "expired"
    if check.result is not None:
        return check.result.value
    if not stands(check, client):
        return "withdrawn"
    return WAITING if check.open else UNDER_WAY
