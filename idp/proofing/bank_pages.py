"""The page on which people have themselves confirmed by their bank.

Always true: it tells whether the bank confirmed, never which of the elements was in the way; the card's number goes
back into no page.
"""

from dataclasses import dataclass

from flask import Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.accounts.actions import Directory, Identity
from idp.accounts.rules import Mobile
from idp.accounts.waiting import WaitingAccounts
from idp.db import Database, db
from idp.proofing.bank_check import BankCheck, Holding
from idp.proofing.cards import BankCard
from idp.proofing.checking import Claim
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.pages import blueprint, way_page
from idp.proofing.ports import BankCardVerifier
from idp.proofing.rules import BANK_CARD, CHECKED, ProofRefusal
from idp.proofing.ways import Way, add_way, passed_by
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import sentence
from idp.web.visit import onward

EXTENSION = "tongban_bank_cards"
CARD = Field("card", sentence("bank_card_missing"), max_length=64, secret=True)
PHONE = Field("phone", sentence("bank_phone_missing"), max_length=32)
REFUSED_AS = {
    ProofRefusal.NOT_CONFIRMED: "bank_not_confirmed",
    ProofRefusal.REGISTER_UNAVAILABLE: "bank_unavailable",
}
"""Refusals with other words here than where name and number are checked."""


@dataclass(frozen=True, slots=True)
class BankCards:
    """``fields``: of the form; the phone is one of them where the bank is asked about four elements."""

    check: BankCheck
    fields: tuple[Field, ...]


def init_bank_cards(
    app: Flask,
    database: Database,
    directory: Directory,
    waiting: WaitingAccounts,
    banks: BankCardVerifier | None,
    *,
    daily: int,
    elements: int,
) -> None:
    """Serve this way where there is a switch to ask. ``elements``: 3, or 4 with the phone the bank knows."""
    if banks is None:
        return
    fields = (*FIELDS, CARD, *((PHONE,) if elements == 4 else ()))
    app.extensions[EXTENSION] = BankCards(BankCheck(database, directory, waiting, banks, daily=daily), fields)
    needs = _("本人的身份证件、银行卡和银行预留的手机号") if elements == 4 else _("本人的身份证件和银行卡")
    means = BankCheck.means
    way = Way(BANK_CARD, "proofing.bank_card", CHECKED, needs=needs, counted=means.counted, seconds=means.seconds)
    add_way(app, way)


@blueprint.route("/identity/bank-card", methods=["GET", "POST"])
@signed_in
def bank_card() -> ResponseReturnValue:
    if (answer := passed_by(BANK_CARD)) is not None:
        return answer
    parts: BankCards = current_app.extensions[EXTENSION]
    if request.method == "GET":
        return _page(empty_form(*parts.fields))
    form = Form.submitted(*parts.fields)
    told, holding = read_person(form), _holding(form)
    if told is None or holding is None:
        return _page(form)
    db.session.rollback()
    outcome = parts.check.check(Claim(current_session().party_id, *told), holding, now=now())
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done="identity_checked_by_bank")), 303)
    form.refuse("", sentence(REFUSED_AS.get(outcome.reason, outcome.reason)))
    return _page(form, outcome.reason)


def _holding(form: Form) -> Holding | None:
    """The card, and the phone where the form asks for it; None when the form says why there is none."""
    card, asks_phone = BankCard.parse(form["card"]), PHONE.name in form
    mobile = Mobile.parse(form["phone"]) if asks_phone else None
    if card is None:
        form.refuse("card", sentence("bank_card_invalid"))
    if asks_phone and mobile is None:
        form.refuse("phone", sentence("phone_invalid"))
    return Holding(card, mobile) if form.ok and card else None


def _page(form: Form, refused: ProofRefusal | None = None) -> ResponseReturnValue:
    return render_template("identity_bank_card.html", form=form, **way_page(BANK_CARD, refused))
