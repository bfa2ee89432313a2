"""What the ways to confirm share: the page, and what follows when one has succeeded.

Always true: a form of the page posts to its own address, which carries where one came from and which way was chosen.
"""

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.audit import Event, record
from idp.credentials import password as passwords
from idp.db import current_transaction, db
from idp.signin.loading import authenticated
from idp.signin.pages import client_name
from idp.signin.rules import BY_CERTIFICATE, Method, Session
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.reasons import known_reason, method_word, sentence
from idp.web.visit import carried, current_visit, onward

_ACCEPTED = {
    Method.PASSWORD: Event.PASSWORD_ACCEPTED,
    Method.TOTP: Event.TOTP_ACCEPTED,
    Method.RECOVERY_CODE: Event.RECOVERY_CODE_ACCEPTED,
    Method.PASSKEY: Event.PASSKEY_ACCEPTED,
    **dict.fromkeys(BY_CERTIFICATE, Event.CERTIFICATE_ACCEPTED),
}
"""What the record of the method says; that of a code by text message is written where it is compared."""

REASONS = frozenset({"mandate_prove"})
"""What beside a change of the ways to sign in may have asked for it."""


def confirm_url(**values: Any) -> str:
    return url_for("signin.confirm", **(carried() | values))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One confirmation under way: by ``method``, or by one of ``others``."""

    session: Session
    method: Method
    others: tuple[Method, ...]
    again: bool
    """The person is to prove themselves anew, whatever they have used before."""

    def here(self, **values: Any) -> str:
        """This page, with further parameters."""
        why = request.args.get("why")
        return confirm_url(by=request.args.get("by"), again="yes" if self.again else None, why=why, **values)

    def page(self, form: Form, **shown: Any) -> ResponseReturnValue:
        """``shown``: what the step needs beside the form (`signin_confirm.html`)."""
        asked = {"again": request.args.get("again"), "why": request.args.get("why")}
        others = [(confirm_url(by=way, **asked), method_word(way)) for way in self.others]
        context = {"stage": "enter", "masked_phone": None, "asked": None} | shown
        return render_template(
            "signin_confirm.html",
            form=form,
            client_name=client_name(),
            method=self.method.name.lower(),
            others=others,
            notice=None,
            why=self._why(),
            repeated=self.method in self.session.used,
            decline_action=None,
            decline_fields={},
            leave_url=None if current_visit() else url_for("account.overview"),
            **context,
        )

    def _why(self) -> Any:
        if self.again:
            why = request.args.get("why", "")
            return sentence(why if why in REASONS else "methods_change")
        visit = current_visit()
        return sentence(visit.reason) if visit and known_reason(visit.reason) else None

    def done(self) -> ResponseReturnValue:
        """The person has proved themselves by the method: note it, lift a lock of the password, go on."""
        tx, party_id = current_transaction(), self.session.party_id
        if self.method in _ACCEPTED:
            record(tx, _ACCEPTED[self.method], actor=party_id, subject=party_id, session=self.session.id, now=now())
        if self.method is not Method.PASSWORD and passwords.unlock(tx, party_id=party_id, now=now()):
            record(tx, Event.PASSWORD_UNLOCKED, actor=party_id, subject=party_id, now=now())
        authenticated(party_id, self.method)
        db.session.commit()
        return redirect(onward(url_for("account.overview")), 303)
