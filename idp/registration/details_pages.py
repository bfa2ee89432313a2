"""The last step of registration, and its end: password, user name, agreements; then the account.

Always true: the account, its password, what a register confirmed of its person and the end of the journey are one
transaction.
"""

from dataclasses import replace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Holder, Taken
from idp.accounts.identifiers import is_like_document
from idp.accounts.rules import Kind, Mobile, UserName
from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.channels.current import note
from idp.channels.rules import Step
from idp.credentials.password import store_password
from idp.credentials.policy import Personal
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import step_names
from idp.proofing.actions import ial
from idp.proofing.checking import Claim, Confirmed, Denied
from idp.proofing.rules import CHECKED
from idp.proofing.ways import LADDER, way_to_name
from idp.registration.agreement_pages import AGREEMENTS, VERSIONS, accept, check_versions, current_texts
from idp.registration.identity_pages import confirm_elsewhere, told_in
from idp.registration.pages import blueprint, current_journey, is_at, lead_on, parts
from idp.signin.choosing import password_rules, refuse_unfit
from idp.signin.loading import authenticated
from idp.signin.pages import PASSWORD, certificates_offered, client_name
from idp.signin.phones import is_idle, release
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.errors import error_page
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.locale import china_date
from idp.web.notices import Notice, done_notice
from idp.web.reasons import GENERAL, sentence
from idp.web.visit import carried, onward

USER_NAME = Field("user_name", required=False, max_length=64)


def details_fields() -> tuple[Field, ...]:
    """What is asked for before an account is opened."""
    names = (USER_NAME,) if parts().user_names else ()
    return (PASSWORD, *names, AGREEMENTS, VERSIONS)


@blueprint.route("/register/details", methods=["GET", "POST"])
@public
def details() -> ResponseReturnValue:
    """Password, optional user name, agreements; then the account exists and its person is signed in."""
    journey = current_journey()
    if journey is None or not is_at("details", journey):
        return lead_on(journey)
    if request.method == "GET":
        return _details_page(Form(*details_fields()), journey)
    form = Form.submitted(*details_fields())
    user_name = check_details(form, _personal(journey))
    if not form.ok:
        return _details_page(form, journey)
    db.session.rollback()
    hashed = parts().passwords.hash(form["password"])
    return _open(journey, form, user_name, hashed)


def check_details(form: Form, of_person: Personal) -> UserName | None:
    """Find every fault at once; the user name, when one was chosen. ``of_person``: what else is known of them."""
    typed = form["user_name"] if parts().user_names else ""
    user_name = UserName.parse(typed) if typed else None
    if typed and user_name is None:
        form.refuse("user_name", sentence("user_name_invalid"))
    if user_name and is_like_document(user_name, today=china_date(now())):
        form.refuse("user_name", sentence("user_name_like_document"))
    chosen = user_name.value if user_name else ""
    refuse_unfit(form, "password", parts().passwords, replace(of_person, user_name=chosen))
    check_versions(form)
    return user_name


def _personal(journey: Journey) -> Personal:
    told = told_in(journey)
    return Personal(
        phone=journey.facts["mobile"],
        names=(told[0].value,) if told else (),
        words=(told[1].value,) if told else (),
    )


def _open(journey: Journey, form: Form, user_name: UserName | None, hashed: str) -> ResponseReturnValue:
    tx, mobile = current_transaction(), Mobile(journey.facts["mobile"])
    if not _released(journey):
        db.session.rollback()
        return error_page(409, title=sentence("phone_registered"), text=GENERAL, again=url_for("signin.password"))
    opened = parts().directory.open_person(tx, mobile=mobile, user_name=user_name, now=now())
    moved = parts().journeys.move(tx, journey, {**journey.facts, "party_id": "-"}, ended_at=now())
    if isinstance(opened, Taken) or not moved:
        db.session.rollback()
        if isinstance(opened, Taken) and opened.kind is Kind.USER_NAME:
            form.refuse("user_name", sentence("user_name_taken"))
            return _details_page(form, journey)
        return redirect(url_for("signin.password", done="phone_registered", **carried()), 303)
    party_id = opened.party_id
    if not _recorded(journey, party_id):
        db.session.rollback()
        return confirm_elsewhere(journey)
    store_password(tx, party_id=party_id, hashed=hashed, now=now())
    channel = note(Step.REGISTERED)
    detail: Detail | None = {"channel": channel} if channel else None
    record(tx, Event.PERSON_REGISTERED, actor=party_id, subject=party_id, detail=detail, now=now())
    accept(party_id)
    authenticated(party_id, Method.SMS)
    db.session.commit()
    return redirect(url_for("registration.done", **carried()), 303)


def _recorded(journey: Journey, party_id: str) -> bool:
    """Write down what the register confirmed, if it was asked; False when another account got the document first."""
    told = told_in(journey)
    if told is None:
        return True
    claim, confirmed = Claim(party_id, *told), Confirmed(journey.facts["valid_to"])
    return not isinstance(parts().name_check.record(current_transaction(), claim, confirmed, now=now()), Denied)


def _released(journey: Journey) -> bool:
    """Take the number from the idle account that had it when it was proved; False when it is in use by now."""
    if not journey.facts.get("holder"):
        return True
    tx, held = current_transaction(), Holder(*journey.facts["holder"])
    idle = is_idle(tx, held.party_id, parts().phones, now=now())
    return idle and release(tx, parts().directory, held, now=now())


def _details_page(form: Form, journey: Journey) -> ResponseReturnValue:
    recycled = bool(journey.facts.get("holder"))
    return render_template(
        "register_details.html",
        form=form,
        password_rules=password_rules(parts().passwords),
        texts=current_texts(),
        notice=_of_before(journey) or (done_notice() if form.ok else None),
        signin_url=url_for("signin.password", **carried()) if recycled else None,
        activate_url=url_for("activation.person", **carried()) if journey.facts.get("waits") else None,
        steps=step_names(journey.kind),
    )


def _of_before(journey: Journey) -> Notice | None:
    """What the number was before, if anything: it may be this person's or somebody else's."""
    if journey.facts.get("holder"):
        return Notice("warn", sentence("phone_recycled"))
    return Notice("warn", sentence("activation_waits_here")) if journey.facts.get("waits") else None


@blueprint.get("/register/done")
@signed_in
def done() -> ResponseReturnValue:
    """The account is there. Where the installation says so, the next thing is offered, and may be skipped; so is what
    joins the old account that has the phone on file, which was just shown to be this person's (trust 3).
    """
    session: Session = current_session()
    tx = current_transaction()
    mobile = parts().directory.mobile(tx, session.party_id)
    waits = mobile is not None and parts().waiting.phone_waits(tx, mobile)
    offered = parts().offers_identity and ial(tx, session.party_id, now=now()) < CHECKED
    return render_template(
        "register_done.html",
        client_name=client_name(),
        continue_url=onward(url_for("account.overview")),
        goes_on=bool(onward("")),
        certificate_url=url_for("certificates.bind") if certificates_offered() else None,
        waits=waits,  # name and number confirm nobody then, so all ways are shown
        identity_url=url_for(LADDER if waits else way_to_name(), **carried()) if offered or waits else None,
    )
