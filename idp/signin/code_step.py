"""The page of a journey in which a code is typed: entering, wrong answers, sending another.

Always true: it serves journeys whose facts hold ``mobile`` and ``challenge``, and ``party_id`` when the code is for
an account ("" for one that does not exist); what a right answer leads to is the caller's.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.rules import Mobile
from idp.captcha.pages import (
    asked_after_failures,
    asked_before_sms,
    note_failure,
    passed,
    question,
    sent_form,
)
from idp.credentials.rules import Purpose, Refusal
from idp.credentials.sms_code import Denied, SmsCodes
from idp.db import current_transaction, db
from idp.flows.actions import Journey, Journeys
from idp.flows.rules import step_names, undone
from idp.flows.steps import journey_over
from idp.signin.codes import answer_code, send_code
from idp.signin.pages import CODE
from idp.web.forms import Form
from idp.web.notices import done_notice
from idp.web.reasons import sentence
from idp.web.visit import carried

Proved = Callable[[Journey], ResponseReturnValue]


PER_NUMBER = frozenset({Refusal.SMS_TOO_SOON, Refusal.SMS_DAILY_LIMIT})
"""Refusals that say something of a number, and so are not told to who typed none: it may be somebody's phone."""


@dataclass(frozen=True, slots=True)
class CodeStep:
    """``template`` is told ``masked_phone``, which is None unless ``shows_phone``.

    ``endpoint`` is the page itself, ``change`` the one where the journey begins, both names of routes.
    """

    purpose: Purpose
    template: str
    endpoint: str
    change: str
    shows_phone: bool = True
    to_accounts_only: bool = False
    """Without a ``party_id`` nothing is sent, unless an account ``waits`` to be activated with that phone."""
    change_goes_on: bool = False
    """Who changes the number goes on with the same journey."""

    def serve(self, codes: SmsCodes, journeys: Journeys, journey: Journey, proved: Proved) -> ResponseReturnValue:
        """Answer a request to the page; ``proved`` goes on after a right answer, and commits."""
        if request.method == "GET":
            return self._resend_page(Form(), journey) if "resend" in request.args else self.page(Form(CODE), journey)
        if request.form.get("resend") == "yes":
            return self._resend(codes, journeys, journey)
        form = sent_form(CODE, asked=asked_after_failures())
        if not passed(form):
            return self.page(form, journey)
        challenge, party_id = journey.facts["challenge"], journey.facts.get("party_id") or None
        answered = answer_code(codes, self.purpose, challenge, form["code"], party_id=party_id)
        if not isinstance(answered, Denied):
            return proved(journey)
        db.session.commit()
        note_failure()
        form.refuse("code", sentence(answered.reason))
        return self.page(form, journey)

    def _resend(self, codes: SmsCodes, journeys: Journeys, journey: Journey) -> ResponseReturnValue:
        sent = sent_form(asked=asked_before_sms())
        if not passed(sent):
            return self._resend_page(sent, journey)
        party_id, mobile = journey.facts.get("party_id") or None, Mobile(journey.facts["mobile"])
        db.session.rollback()
        issued = send_code(
            codes,
            self.purpose,
            mobile,
            party_id,
            deliver=party_id is not None or bool(journey.facts.get("waits")) or not self.to_accounts_only,
            replaces=journey.facts["challenge"],
        )
        if isinstance(issued, Denied) and journey.facts.get("hidden") and issued.reason in PER_NUMBER:
            return redirect(self._here(journey, done="code_sent"), 303)
        if isinstance(issued, Denied):
            form = Form(CODE)
            form.refuse("", sentence(issued.reason))
            return self.page(form, journey)
        facts = {**undone(journey.kind, "code", journey.facts), "challenge": issued.challenge_id}
        moved = journeys.move(current_transaction(), journey, facts)
        db.session.commit()
        return redirect(self._here(journey, done="code_sent"), 303) if moved else journey_over(self.change)

    def _here(self, journey: Journey, *, done: str | None = None, resend: str | None = None) -> str:
        return url_for(self.endpoint, f=journey.id, done=done, resend=resend, **carried())

    def page(self, form: Form, journey: Journey) -> ResponseReturnValue:
        return render_template(
            self.template,
            form=form,
            captcha=question(form, asked=asked_after_failures()),
            resend_url=self._here(journey, resend="yes") if asked_before_sms() else None,
            masked_phone=self._masked(journey),
            notice=done_notice() if form.ok else None,
            change_url=url_for(self.change, f=journey.id if self.change_goes_on else None, **carried()),
            steps=step_names(journey.kind),
        )

    def _resend_page(self, form: Form, journey: Journey) -> ResponseReturnValue:
        return render_template(
            "code_resend.html",
            form=form,
            captcha=question(form, asked=asked_before_sms()),
            masked_phone=self._masked(journey),
            enter_url=self._here(journey),
        )

    def _masked(self, journey: Journey) -> str | None:
        return Mobile(journey.facts["mobile"]).masked if self.shows_phone else None
