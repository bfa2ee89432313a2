"""The phone of an account being activated: the one on file, or a new one; and the code to it.

Always true: a phone on file is named, masked, only while nobody has it; a number in use is told of to who holds it.
"""

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import Mobile
from idp.activation.pages import BEGIN, KIND, STEPS, blueprint, end_url, parts, to
from idp.captcha.pages import asked_before_sms, passed, question, sent_form
from idp.credentials.rules import Purpose
from idp.credentials.sms_code import Denied
from idp.db import current_transaction, db
from idp.flows.actions import Journey
from idp.flows.rules import step_names, undone
from idp.flows.steps import journey_over
from idp.signin.code_step import CodeStep
from idp.signin.codes import send_code
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.visit import carried

NEW = "new"
WHICH = Field("which", sentence("activation_phone_missing"), max_length=8)
PHONE = Field("phone", required=False, max_length=32)
CODE_STEP = CodeStep(
    Purpose.ACTIVATE,
    "activate_code.html",
    endpoint="activation.code",
    change="activation.phone",
    change_goes_on=True,
)


@blueprint.route("/activate/phone", methods=["GET", "POST"])
@public
@STEPS.at("phone", "code")
def phone(journey: Journey) -> ResponseReturnValue:
    """Step 4: the phone on file, or a new one when it is no longer used. Coming back to it undoes what followed."""
    offered = parts().activations.offered(current_transaction(), journey)
    if request.method == "GET":
        return _phone_page(Form(WHICH, PHONE, values={"which": "0" if offered else NEW}), journey, offered)
    form = sent_form(WHICH, PHONE, asked=asked_before_sms())
    mobile = _chosen(form, offered)
    if mobile is None or not passed(form):
        return _phone_page(form, journey, offered)
    db.session.rollback()
    issued = send_code(
        parts().codes, Purpose.ACTIVATE, mobile, None, deliver=True, replaces=journey.facts.get("challenge")
    )
    if isinstance(issued, Denied):
        form.refuse("", sentence(issued.reason))
        return _phone_page(form, journey, offered)
    facts = undone(KIND, "phone", journey.facts) | {
        "mobile": mobile.value,
        "challenge": issued.challenge_id,
        "on_file": mobile in offered,
    }
    moved = parts().journeys.move(current_transaction(), journey, facts)
    db.session.commit()
    there = Journey(journey.id, KIND, facts, journey.version + 1)
    return redirect(to(there), 303) if moved else journey_over(BEGIN)


def _chosen(form: Form, offered: list[Mobile]) -> Mobile | None:
    """The number meant; what is wrong with it stands in the form."""
    which = form["which"]
    if which in (str(n) for n in range(len(offered))):
        return offered[int(which)]
    if which and which != NEW:
        form.refuse("which", sentence("activation_phone_missing"))
    mobile = Mobile.parse(form["phone"]) if form["phone"] else None
    if which == NEW and mobile is None:
        form.refuse("phone", sentence("phone_invalid" if form["phone"] else "phone_missing"))
    return mobile if form.ok else None


def _phone_page(form: Form, journey: Journey, offered: list[Mobile]) -> ResponseReturnValue:
    return render_template(
        "activate_phone.html",
        form=form,
        on_file=[(str(n), mobile.masked) for n, mobile in enumerate(offered)],
        held_hours=parts().phones.change_hold // 3600,
        captcha=question(form, asked=asked_before_sms()),
        notice=done_notice() if form.ok else None,
        end_url=end_url(journey),
        elsewhere_url=url_for("activation.elsewhere", **carried()),
        steps=step_names(journey.kind),
    )


@blueprint.route("/activate/code", methods=["GET", "POST"])
@public
@STEPS.at("code")
def code(journey: Journey) -> ResponseReturnValue:
    """Step 5: the code shows control of the phone."""
    return CODE_STEP.serve(parts().codes, parts().journeys, journey, _proved)


def _proved(journey: Journey) -> ResponseReturnValue:
    tx = current_transaction()
    if parts().activations.bind_phone(tx, journey, now=now()):
        db.session.commit()
        parts().count("phone_on_file" if journey.facts["on_file"] else "phone_new")
        return redirect(url_for("activation.details", f=journey.id, **carried()), 303)
    parts().journeys.move(tx, journey, undone(KIND, "phone", journey.facts))
    db.session.commit()
    return redirect(url_for("activation.phone", f=journey.id, done="activation_phone_taken", **carried()), 303)
