"""The citizen agrees: by the code of a text message, their face, their identity code, or their signature on paper.

Always true: what is agreed to is the text whose hash the page showed; none of the ways works without the citizen.
"""

from types import SimpleNamespace
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import Mobile
from idp.assisted.actions import ByCode, ByFace, BySms
from idp.assisted.case_pages import case_page, case_url
from idp.assisted.clerks import refused
from idp.assisted.desk import at_counter, blueprint, find, office_text, parts
from idp.assisted.rules import Case, CaseState, Clerk, Denied, Evidence, Refusal
from idp.assisted.showing import matter_titles
from idp.assisted.waiting import waiting_page
from idp.assisted.words import CONSENTS
from idp.checks.pages import is_offered, order_check, take_check
from idp.checks.rules import CheckKind, CheckPurpose, CheckSubject, Passed
from idp.db import current_transaction, db
from idp.reviews.photos import PhotoFault, cleaned
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.limits import sent_photo, takes_photo
from idp.web.options import options
from idp.web.reasons import sentence

HASH = Field("text_hash", sentence("assisted_text"), max_length=64)
PHONE = Field("phone", required=False, max_length=40)
CODE = Field("code", sentence("code_missing"), max_length=40)
SCAN = Field("code", sentence("assisted_scan_missing"), max_length=200)
PHOTO = Field("photo", required=False)
WITNESS, SMS_CODE = "witness", "sms_code"
_FIELDS = {
    Evidence.SMS: (HASH, PHONE),
    SMS_CODE: (HASH, CODE),
    Evidence.FACE: (HASH,),
    Evidence.IDENTITY_CODE: (HASH, SCAN),
    Evidence.PAPER: (HASH, PHOTO),
    WITNESS: (HASH,),
}


@blueprint.route("/counter/<case_id>/consent", methods=["GET", "POST"])
@takes_photo
@at_counter
def consent(clerk: Clerk, case_id: str) -> ResponseReturnValue:
    """The text, and one way to agree to it; ``by`` names another."""
    case = find(clerk, case_id)
    if case.state is not CaseState.ACCEPTED:
        return _too_late(clerk, case)
    by = _way(case)
    if request.method == "GET":
        if by is Evidence.FACE and "check" in request.args:
            return _faced(clerk, case)
        return _page(case, Form(*_FIELDS[by]), by)
    if request.form.get("resend") == "yes":
        return redirect(_address(case, Evidence.SMS, again="1"), 303)
    form = Form.submitted(*_FIELDS[by])
    return _STEPS[by](clerk, case, form) if form.ok else _page(case, form, by)


def _too_late(clerk: Clerk, case: Case) -> ResponseReturnValue:
    """Who looks is led to the case; whoever brings consent that it does not wait for is told, and it is on record."""
    if request.method == "GET":
        return redirect(case_url(case), 303)
    form, reason = Form(), Refusal.STATE
    refused(current_transaction(), reason, clerk=clerk, citizen=case.citizen, case=case.id, now=now())
    db.session.commit()
    form.refuse("", sentence(reason))
    return case_page(clerk, case, form)


def _way(case: Case) -> str:
    """What the page is about: a way to agree, the code of a message that was sent, or the second clerk's word."""
    tx, asked = current_transaction(), request.args.get("by", "")
    if asked == WITNESS and (request.method == "POST" or parts().assisting.waits_for_witness(tx, case)):
        return WITNESS  # and never a message instead: without a paper there is nothing to witness
    if asked in tuple(Evidence) and asked != Evidence.SMS:
        return Evidence(asked) if asked in _offered() else abort(404)
    sent = parts().assisting.code_sent_to(tx, case, now=now())
    return SMS_CODE if sent and "again" not in request.args else Evidence.SMS


def _offered() -> list[Evidence]:
    faces = is_offered(CheckKind.FACE)
    return [one for one in Evidence if faces or one is not Evidence.FACE]


def _address(case: Case, by: str, **values: Any) -> str:
    return url_for("assisted.consent", case_id=case.id, by=by, **values)


def _page(case: Case, form: Form, by: str) -> ResponseReturnValue:
    tx = current_transaction()
    text = parts().assisting.authority_text(tx, case)
    chosen = Evidence.SMS if by == SMS_CODE else by
    return render_template(
        "assisted/consent.html",
        form=form,
        by=str(by),
        ways=[
            SimpleNamespace(word=CONSENTS[one], url=_address(case, one), chosen=one == chosen) for one in _offered()
        ],
        citizen=parts().assisting.shown(tx, case).name,
        text=text.text,
        text_hash=text.hash,
        print_url=url_for("assisted.authority", case_id=case.id),
        phone=parts().assisting.code_sent_to(tx, case, now=now()),
        megabytes=options().limits.photo_bytes // 1024**2,
        witness=parts().assisting.terms.witness,
        back_url=case_url(case),
    )


def _outcome(case: Case, form: Form, by: str, found: Case | Denied, done: str) -> ResponseReturnValue:
    """Commit, and go on to the case or show what was refused."""
    db.session.commit()
    if isinstance(found, Denied):
        form.refuse("code" if "code" in form and found.reason.startswith("code_") else "", sentence(found.reason))
        return _page(case, form, by)
    return redirect(case_url(found, done=done), 303)


def _send(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    phone = Mobile.parse(form["phone"]) if form["phone"] else None
    if form["phone"] and phone is None:
        form.refuse("phone", sentence("phone_invalid"))
        return _page(case, form, Evidence.SMS)
    sent = parts().assisting.ask_sms(
        current_transaction(), clerk, case.id, phone=phone, text_hash=form["text_hash"], now=now()
    )
    db.session.commit()
    if isinstance(sent, Denied):
        form.refuse("", sentence(sent.reason))
        return _page(case, form, Evidence.SMS)
    return redirect(_address(case, Evidence.SMS), 303)


def _by_sms(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    code = "".join(form["code"].split())
    return _authorise(clerk, case, form, SMS_CODE, BySms(code))


def _authorise(
    clerk: Clerk, case: Case, form: Form, by: str, evidence: BySms | ByFace | ByCode
) -> ResponseReturnValue:
    found = parts().assisting.authorise(
        current_transaction(), clerk, case.id, evidence, text_hash=form["text_hash"], now=now()
    )
    return _outcome(case, form, by, found, "assisted_authorised")


def _to_face(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    """To the face check, for these matters; the hash of the text comes back with its result."""
    address = order_check(
        CheckKind.FACE,
        CheckPurpose.ASSISTED,
        _subject(case),
        party_id=case.citizen,
        back=_address(case, Evidence.FACE, text=form["text_hash"]),
        elsewhere=_address(case, Evidence.PAPER),
        asked_by=office_text(clerk),
        matter=", ".join(matter_titles(case.matters)),
    )
    db.session.commit()
    return redirect(address, 303)


def _subject(case: Case) -> CheckSubject:
    identity = parts().directory.person(current_transaction(), case.citizen).identity
    if identity is None:
        abort(404)
    return CheckSubject(identity.name, identity.document)


def _faced(clerk: Clerk, case: Case) -> ResponseReturnValue:
    passed = take_check(CheckKind.FACE, CheckPurpose.ASSISTED, _subject(case), party_id=case.citizen)
    form = Form(HASH, values={"text_hash": request.args.get("text", "")[:64]})
    return _authorise(clerk, case, form, Evidence.FACE, ByFace(passed if isinstance(passed, Passed) else None))


def _scan(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    code = parts().assisting.ask_code(current_transaction(), clerk, form["code"], case.matters, now=now())
    db.session.commit()
    if isinstance(code, Denied):
        form.refuse("code", sentence(code.reason))
        return _page(case, form, Evidence.IDENTITY_CODE)
    here = url_for("assisted.consent_on_phone", case_id=case.id, code_id=code, text=form["text_hash"])
    return redirect(here, 303)


@blueprint.route("/counter/<case_id>/consent/<code_id>", methods=["GET", "POST"])
@at_counter
def consent_on_phone(clerk: Clerk, case_id: str, code_id: str) -> ResponseReturnValue:
    """Waits for the citizen's answer, and authorises the case by it."""
    case, text = find(clerk, case_id), request.args.get("text", "")[:64]
    if case.state is not CaseState.ACCEPTED:
        return _too_late(clerk, case)
    state = parts().assisting.code_state(current_transaction(), clerk, code_id, now=now())
    if request.method == "GET" or state == "waiting":  # a code that is over or used is refused, and recorded
        here = url_for("assisted.consent_on_phone", case_id=case.id, code_id=code_id, text=text)
        return waiting_page(state, here, back=_address(case, Evidence.IDENTITY_CODE))
    form = Form(HASH, SCAN, values={"text_hash": text})
    return _authorise(clerk, case, form, Evidence.IDENTITY_CODE, ByCode(code_id))


def _bring(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    """The picture is painted anew before a transaction is open: it may take a second."""
    db.session.rollback()
    scan = cleaned(sent_photo("photo"), most=options().limits.photo_bytes)
    if isinstance(scan, PhotoFault):
        form.refuse("photo", sentence(scan))
        return _page(case, form, Evidence.PAPER)
    found = parts().assisting.bring_paper(
        current_transaction(), clerk, case.id, scan, text_hash=form["text_hash"], now=now()
    )
    waits = not isinstance(found, Denied) and found.state is CaseState.ACCEPTED
    return _outcome(case, form, Evidence.PAPER, found, "assisted_paper_kept" if waits else "assisted_authorised")


def _bear_witness(clerk: Clerk, case: Case, form: Form) -> ResponseReturnValue:
    found = parts().assisting.witness(current_transaction(), clerk, case.id, text_hash=form["text_hash"], now=now())
    return _outcome(case, form, WITNESS, found, "assisted_authorised")


_STEPS = {
    Evidence.SMS: _send,
    SMS_CODE: _by_sms,
    Evidence.FACE: _to_face,
    Evidence.IDENTITY_CODE: _scan,
    Evidence.PAPER: _bring,
    WITNESS: _bear_witness,
}
