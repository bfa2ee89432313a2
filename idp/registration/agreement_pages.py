"""The agreements: reading them, accepting them at registration, accepting them again.

Always true: what is accepted is the version the page showed.
"""

from types import SimpleNamespace

from flask import abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.acceptances import accept_agreements
from idp.audit import Event, record
from idp.db import current_transaction, db
from idp.registration.pages import blueprint, parts
from idp.signin.pages import client_name
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.guards import current_session, public, signed_in
from idp.web.locale import preferences
from idp.web.reasons import sentence
from idp.web.visit import onward

AGREEMENTS = Field("agreements", sentence("agreements_missing"), max_length=8)
VERSIONS = Field("agreement_versions", required=False, max_length=200)


def check_versions(form: Form) -> None:
    current = " ".join(f"{text.kind}:{text.version}" for text in parts().agreements.current(now=now()))
    if form["agreements"] and form["agreement_versions"] != current:
        form.refuse("agreements", sentence("agreements_changed"))


def accept(party_id: str) -> None:
    versions = {text.kind: text.version for text in parts().agreements.current(now=now())}
    accept_agreements(current_transaction(), party_id, versions, now=now())
    record(
        current_transaction(),
        Event.AGREEMENT_ACCEPTED,
        actor=party_id,
        subject=party_id,
        detail=versions,
        now=now(),
    )


def current_texts() -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            kind=text.kind,
            title=text.titles[preferences().lang],
            version=text.version,
            url=url_for("registration.agreement_text", kind=text.kind, version=text.version),
        )
        for text in parts().agreements.current(now=now())
    ]


@blueprint.route("/agreements", methods=["GET", "POST"])
@signed_in
def agreements() -> ResponseReturnValue:
    """Accept the current versions again; who declines is signed out and loses nothing."""
    if request.method == "GET":
        return _agreements_page(Form(AGREEMENTS, VERSIONS))
    if request.form.get("decline") == "yes":
        return redirect(url_for("signout.confirm"), 307)
    form = Form.submitted(AGREEMENTS, VERSIONS)
    check_versions(form)
    if not form.ok:
        return _agreements_page(form)
    session: Session = current_session()
    accept(session.party_id)
    db.session.commit()
    return redirect(onward(url_for("account.overview")), 303)


def _agreements_page(form: Form) -> ResponseReturnValue:
    return render_template(
        "agreements.html",
        form=form,
        texts=current_texts(),
        client_name=client_name(),
        notice=None,
        decline_action=None,
        decline_fields={"confirm": "yes"},
    )


@blueprint.get("/agreements/<kind>/<version>")
@public
def agreement_text(kind: str, version: str) -> ResponseReturnValue:
    text = parts().agreements.find(kind, version)
    if text is None:
        abort(404)
    language = preferences().lang
    shown = SimpleNamespace(
        title=text.titles[language], version=text.version, body=text.bodies[language], lang=preferences().tag
    )
    versions = [
        (known, url_for("registration.agreement_text", kind=kind, version=known))
        for known in parts().agreements.versions(kind, now=now())
    ]
    return render_template("agreement_text.html", agreement=shown, versions=versions)
