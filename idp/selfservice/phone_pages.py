"""The pages that change an account's phone: the new number, its code, and a question when another account has it.

Always true: who has not authenticated within the last minutes does so again before anything is sent; the answer to a
new number is the same whether somebody has it or not, until control of it was shown.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Holder
from idp.accounts.holds import held_until
from idp.accounts.rules import Act, Mobile
from idp.audit import Event, record
from idp.credentials.rules import Purpose
from idp.credentials.sms_code import Denied
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import FlowKind, open_step
from idp.flows.steps import journey_over, not_here
from idp.selfservice.pages import blueprint, parts
from idp.selfservice.phone import Change, change_phone
from idp.signin.code_step import CodeStep
from idp.signin.codes import send_code
from idp.signin.confirm_pages import confirm_without_phone
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import GENERAL, sentence

KIND = FlowKind.PHONE_CHANGE
BEGIN = "account.phone"
PHONE = Field("phone", sentence("phone_missing"), max_length=32)
CODE_STEP = CodeStep(Purpose.BIND, "account/phone_code.html", endpoint="account.phone_code", change=BEGIN)
STEPS = {"code": "account.phone_code", "confirm": "account.phone_confirm"}


@blueprint.route("/phone", methods=["GET", "POST"])
@signed_in
def phone() -> ResponseReturnValue:
    """Step 1: the new number."""
    session: Session = current_session()
    held = held_until(current_transaction(), session.party_id, Act.CHANGE_PHONE, now=now())
    if (first := confirm_without_phone(session)) is not None:
        return first
    refused = "phone_change_held" if held else None
    form = Form.submitted(PHONE) if request.method == "POST" else Form(PHONE)
    if refused and request.method == "POST":
        form.refuse("", sentence(refused))
    if request.method == "GET" or not form.ok:
        return _number_page(session, form, held)
    return _ask(session, form)


def _ask(session: Session, form: Form) -> ResponseReturnValue:
    mobile = Mobile.parse(form["phone"])
    if mobile is None:
        form.refuse("phone", sentence("phone_invalid"))
    elif mobile == parts().directory.mobile(current_transaction(), session.party_id):
        form.refuse("phone", sentence("phone_unchanged"))
    if mobile is None or not form.ok:
        return _number_page(session, form, None)
    db.session.rollback()
    issued = send_code(parts().codes, Purpose.BIND, mobile, session.party_id, deliver=True)
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _number_page(session, form, None)
    facts = {"party_id": session.party_id, "mobile": mobile.value, "challenge": issued.challenge_id}
    journey = parts().journeys.begin(current_transaction(), KIND, facts, browser=browser_digest(), now=now())
    db.session.commit()
    return redirect(url_for("account.phone_code", f=journey.id), 303)


def _number_page(session: Session, form: Form, held: int | None) -> ResponseReturnValue:
    mobile = parts().directory.mobile(current_transaction(), session.party_id)
    return render_template(
        "account/phone.html",
        form=form,
        masked_phone=mobile.masked if mobile else None,
        held_until=held,
        holds=(parts().phones.change_hold // 3600, parts().phones.reset_hold // 3600),
        notice=done_notice() if form.ok else None,
    )


def _journey(session: Session) -> Journey | None:
    """The journey of this browser, if it is of the person who is signed in here."""
    key = request.values.get("f", "")
    found = parts().journeys.read(current_transaction(), KIND, key, browser=browser_digest(), now=now())
    return found if found and found.facts["party_id"] == session.party_id else None


@blueprint.route("/phone/code", methods=["GET", "POST"])
@signed_in
def phone_code() -> ResponseReturnValue:
    """Step 2: the code shows control of the new number."""
    session: Session = current_session()
    journey = _journey(session)
    if journey is None:
        return journey_over(BEGIN)
    if (step := open_step(KIND, journey.facts)) != "code":
        return not_here(url_for(STEPS[str(step)], f=journey.id))
    if request.method == "POST" and confirm_without_phone(session) is not None:
        return redirect(url_for(BEGIN), 303)
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    """Who holds the new phone may learn that another account has its number, and is asked first (trust 7)."""
    tx, mobile = current_transaction(), Mobile(journey.facts["mobile"])
    session: Session = current_session()
    record(tx, Event.PHONE_VERIFIED, actor=session.party_id, subject=journey.id, now=now())
    held = parts().directory.holder(tx, mobile)
    if held is None:
        return _change(journey, Change(session, mobile, None))
    parts().journeys.move(tx, journey, {**journey.facts, "proved": True, "holder": list(held)})
    db.session.commit()
    return redirect(url_for("account.phone_confirm", f=journey.id), 303)


@blueprint.route("/phone/confirm", methods=["GET", "POST"])
@signed_in
def phone_confirm() -> ResponseReturnValue:
    """Step 3, only for a number that another account has: it leaves that account."""
    session: Session = current_session()
    journey = _journey(session)
    if journey is None:
        return journey_over(BEGIN)
    if (step := open_step(KIND, journey.facts)) != "confirm":
        return not_here(url_for(STEPS[str(step)], f=journey.id))
    mobile = Mobile(journey.facts["mobile"])
    if request.method == "GET" or request.form.get("confirm") != "yes":
        return render_template(
            "account/phone_confirm.html", masked_phone=mobile.masked, cancel_url=url_for("account.profile")
        )
    if confirm_without_phone(session) is not None:
        return redirect(url_for(BEGIN), 303)
    db.session.rollback()  # the change reads what it decides on in its own transaction
    return _change(journey, Change(session, mobile, Holder(*journey.facts["holder"])))


def _change(journey: Journey, change: Change) -> ResponseReturnValue:
    tx = current_transaction()
    ended = {**journey.facts, "proved": True, "changed": True}
    first = parts().directory.mobile(tx, change.session.party_id) is None
    moved = parts().journeys.move(tx, journey, ended, ended_at=now())
    if not moved or not change_phone(
        tx, parts().directory, change, parts().phones, locale=preferences().lang, now=now()
    ):
        db.session.rollback()
        return error_page(409, title=sentence("phone_missed"), text=GENERAL, again=url_for(BEGIN))
    db.session.commit()
    return redirect(url_for("account.profile", done="phone_bound" if first else "phone_changed"), 303)
