"""The page that shows the ways to a higher level, and the one that checks name and number.

Always true: they tell whether a check succeeded, never which of name, number or another account was in the way.
"""

from types import SimpleNamespace

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from idp.accounts.actions import Identity
from idp.db import current_transaction, db
from idp.proofing.actions import proofs_of
from idp.proofing.checking import Claim
from idp.proofing.forms import FIELDS, empty_form, read_person
from idp.proofing.name_check import NameCheck
from idp.proofing.rules import CHECKED, NAME_AND_NUMBER, ProofRefusal, identity_level
from idp.proofing.ways import LADDER, Way, add_way, declined, offered_to, others, passed_by, used_up, useful, wanted
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import current_session, signed_in
from idp.web.reasons import evidence_word, sentence
from idp.web.visit import carried, current_visit, onward

EXTENSION = "tongban_proofing"
blueprint = Blueprint("proofing", __name__)


def init_proofing(app: Flask, name_check: NameCheck) -> None:
    app.extensions[EXTENSION] = name_check
    app.register_blueprint(blueprint)
    add_way(
        app,
        Way(
            NAME_AND_NUMBER,
            "proofing.name",
            CHECKED,
            needs=_("本人的身份证件"),
            counted=NameCheck.means.counted,
        ),
    )


@blueprint.route("/identity/raise", methods=["GET", "POST"])
@signed_in
def ladder() -> ResponseReturnValue:
    """Which ways there are, what each needs and gives, what the person has. For an app only those to its level."""
    if (answer := declined()) is not None:
        return answer
    party_id = current_session().party_id
    proofs = proofs_of(current_transaction(), party_id)
    level, least = identity_level(proofs, now=now()), wanted()
    if least and level >= least:
        return redirect(onward(url_for("account.profile")), 303)
    ways = offered_to(party_id)
    open_ways, spent = useful(ways, proofs, least=least), used_up(party_id)
    held = {proof.kind for proof in proofs if proof.valid(now())}
    shown = [way for way in ways if way in open_ways or (way.name in held and way.level >= least)]
    return render_template(
        "identity_raise.html",
        ial=level,
        wanted=least,
        ways=[
            SimpleNamespace(
                title=evidence_word(way.name),
                needs=way.needs,
                level=way.level,
                url=url_for(way.endpoint, **carried()) if way in open_ways and way.name not in spent else None,
                held=way.name in held,
                used_up=way.name in spent and way in open_ways,
            )
            for way in shown
        ],
        **app_waiting(url_for("account.identity")),
    )


@blueprint.route("/identity/name", methods=["GET", "POST"])
@signed_in
def name() -> ResponseReturnValue:
    if (answer := passed_by(NAME_AND_NUMBER)) is not None:
        return answer
    if request.method == "GET":
        return _page(empty_form())
    form = Form.submitted(*FIELDS)
    told = read_person(form)
    if told is None:
        return _page(form)
    check: NameCheck = current_app.extensions[EXTENSION]
    db.session.rollback()
    outcome = check.check(Claim(current_session().party_id, *told), now=now())
    if isinstance(outcome, Identity):
        return redirect(onward(url_for("account.profile", done="identity_checked")), 303)
    form.refuse("", sentence(outcome.reason))
    return _page(form, outcome.reason)


def _page(form: Form, refused: ProofRefusal | None = None) -> ResponseReturnValue:
    return render_template("identity_name.html", form=form, **way_page(NAME_AND_NUMBER, refused))


def way_page(name: str, refused: ProofRefusal | None) -> dict[str, object]:
    """What the page of the way ``name`` knows besides its form.

    ``failed``: why the check did not succeed is told; ``elsewhere``: it was a no, and the service counter is named.
    ``ways``: the others there are, ``all_url``: where they stand. And what `app_waiting` tells.
    """
    ways = [
        SimpleNamespace(title=evidence_word(way.name), url=url_for(way.endpoint, **carried())) for way in others(name)
    ]
    return {
        "failed": refused is not None,
        "elsewhere": refused not in (None, ProofRefusal.REGISTER_UNAVAILABLE),
        "ways": ways,
        "all_url": url_for(LADDER, **carried()) if ways else None,
        **app_waiting(url_for("account.profile")),
    }


def app_waiting(home: str) -> dict[str, object]:
    """The app that asks, or where to go on to without an answer: ``client_name``, ``declinable``, ``later_url``.

    Whoever puts it off goes to the app or to ``home``, never to a page of ours that only sends them back here.
    """
    visit = current_visit()
    demanded = visit is not None and visit.asks_for_level
    return {
        "client_name": visit.client_name if visit and demanded else None,
        "declinable": demanded,
        "later_url": None if demanded else onward(home) if visit else home,
    }
