"""The last step of an activation, and its end: password, user name, agreements; then the account, signed in.

Always true: of several who finish one journey, or one old account, at the same moment one has the account.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.actions import Active, Taken
from idp.accounts.holds import held_until
from idp.accounts.rules import Act, Kind
from idp.activation.actions import Chosen, subject_of
from idp.activation.pages import BEGIN, STEPS, blueprint, end_url, parts, to
from idp.channels.current import current_channel, note
from idp.channels.rules import Step
from idp.credentials.policy import Personal
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import step_names
from idp.proofing.ways import LADDER
from idp.registration.agreement_pages import accept, current_texts
from idp.registration.details_pages import check_details, details_fields
from idp.signin.choosing import password_rules
from idp.signin.loading import authenticated
from idp.signin.pages import client_name
from idp.signin.rules import Method, Session
from idp.web.clock import now
from idp.web.errors import error_page
from idp.web.forms import Form
from idp.web.guards import current_session, public, signed_in
from idp.web.locale import preferences
from idp.web.notices import done_notice
from idp.web.reasons import GENERAL, sentence
from idp.web.visit import carried, onward


@blueprint.route("/activate/details", methods=["GET", "POST"])
@public
@STEPS.at("details")
def details(journey: Journey) -> ResponseReturnValue:
    """Step 6: password, user name, agreements; then the account is there and its person signed in."""
    if request.method == "GET":
        return _details_page(Form(*details_fields()), journey)
    form = Form.submitted(*details_fields())
    user_name = check_details(form, _personal(journey))
    if not form.ok:
        return _details_page(form, journey)
    db.session.rollback()
    hashed = parts().passwords.hash(form["password"])
    return _finish(journey, form, Chosen(hashed, user_name, preferences().lang, current_channel()))


def _personal(journey: Journey) -> Personal:
    subject = subject_of(journey)
    return Personal(phone=journey.facts["mobile"], names=(subject.name.value,), words=(subject.document.value,))


def _finish(journey: Journey, form: Form, chosen: Chosen) -> ResponseReturnValue:
    outcome = parts().activations.finish(current_transaction(), journey, chosen, now=now())
    if not isinstance(outcome, Active):
        db.session.rollback()
        if isinstance(outcome, Taken) and outcome.kind is Kind.USER_NAME:
            form.refuse("user_name", sentence("user_name_taken"))
            return _details_page(form, journey)
        back = parts().activations.step_back(current_transaction(), journey, now=now())
        db.session.commit()
        again = to(back) if back else url_for(BEGIN, **carried())
        return error_page(409, title=sentence("journey_over"), text=GENERAL, again=again)
    accept(outcome.party_id)
    authenticated(outcome.party_id, Method.SMS)
    note(Step.ACTIVATED)
    db.session.commit()
    parts().count("activated")
    return redirect(url_for("activation.done", **carried()), 303)


def _details_page(form: Form, journey: Journey) -> ResponseReturnValue:
    return render_template(
        "activate_details.html",
        form=form,
        password_rules=password_rules(parts().passwords),
        texts=current_texts(),
        notice=done_notice() if form.ok else None,
        end_url=end_url(journey),
        steps=step_names(journey.kind),
    )


@blueprint.get("/activate/done")
@signed_in
def done() -> ResponseReturnValue:
    """The account is active, and what waits for a time if it does; back to the app from here."""
    session: Session = current_session()
    return render_template(
        "activate_done.html",
        client_name=client_name(),
        continue_url=onward(url_for("account.overview")),
        goes_on=bool(onward("")),
        held_until=held_until(current_transaction(), session.party_id, Act.REPRESENT, now=now()),
        ladder_url=url_for(LADDER, **carried()),
    )
