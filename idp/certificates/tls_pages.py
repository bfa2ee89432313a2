"""Sign-in by the certificate of a TLS connection, where an installation offers it (settings ``mtls.people``).

Always true: the handshake proves the key and nothing else; the certificate is judged, counted and recorded exactly as
one that has signed a text.

Three steps: the main host begins it and sends the browser to the host name for certificates; there the connection
shows one, for which a ticket is given out, since no cookie of the main host is there; the main host redeems it.
"""

from collections.abc import Callable
from typing import cast

from flask import Blueprint, Flask, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.certificates.asking import judge, parts, refuse
from idp.certificates.rules import Denied, Refusal
from idp.certificates.signin_pages import TLS_BLUEPRINT, admitted, let_in
from idp.certificates.tls_tickets import TlsTickets
from idp.crypto.certificates import Refused
from idp.issuers.verifying import Verified
from idp.signin.pages import client_name
from idp.web.client_certificate import presented_certificate
from idp.web.clock import now
from idp.web.cookies import browser_digest
from idp.web.forms import Field, Form
from idp.web.guards import public
from idp.web.options import options
from idp.web.reasons import sentence
from idp.web.visit import carried, current_visit

EXTENSION = "tongban_certificates_tls"
TICKET = Field("ticket", sentence(Refusal.TICKET_OVER), max_length=64, secret=True)
blueprint = Blueprint(TLS_BLUEPRINT, __name__)


def init_tls_sign_in(app: Flask, tickets: TlsTickets) -> None:
    app.extensions[EXTENSION] = tickets
    app.register_blueprint(blueprint)


def _tickets() -> TlsTickets:
    return cast(TlsTickets, current_app.extensions[EXTENSION])


@blueprint.get("/signin/certificate/connect")
@public
def connect() -> ResponseReturnValue:
    """On the main host: remember which browser it is, and send it where it will be asked for a certificate."""
    current_visit()
    begun = _tickets().begin(browser_digest().hex(), carried(), now=now())
    return redirect(f"https://{_tickets().host}{url_for('.shown', begun=begun)}", 303)


@blueprint.get("/signin/certificate/tls")
@public
def shown() -> ResponseReturnValue:
    """On the host for certificates, which has no other page: back to the main host, with a ticket."""
    issued = _tickets().issue(request.args.get("begun", ""), presented_certificate(), now=now())
    if issued is None:
        return redirect(options().issuer + url_for("certificates.sign_in"), 303)
    return redirect(options().issuer + url_for(".finish", **issued.way), 303)


@blueprint.route("/signin/certificate/ticket", methods=["GET", "POST"])
@public
def finish() -> ResponseReturnValue:
    current_visit()
    if request.method == "GET":
        ticket, form = request.args.get("ticket", ""), Form(TICKET)
        if not ticket:
            form.refuse("", sentence("certificate_not_shown"))
        return _page(form, ticket)
    form = Form.submitted(TICKET)
    if form.ok:
        verified = judge(_redeemed(form["ticket"]), _verdict)
        if isinstance(verified, Denied):
            refuse(form, _worded(verified))
        elif opened := admitted(form, verified):
            return let_in(verified, opened)
    return _page(form, "")


def _redeemed(ticket: str) -> Callable[[], bytes | None]:
    browser = browser_digest().hex()
    return lambda: _tickets().redeem(ticket, browser, now=now())


def _verdict(certificate: bytes) -> Verified | Refused:
    """The handshake has proved that the key is there, so what remains is the certificate itself."""
    return parts().answering.verifier.certificate(certificate, now=now())


def _worded(denied: Denied) -> Denied:
    return Denied(Refusal.TICKET_OVER) if denied.reason is Refusal.CHALLENGE_OVER else denied


def _page(form: Form, ticket: str) -> ResponseReturnValue:
    return render_template(
        "signin_certificate_tls.html",
        form=form,
        ticket=ticket,
        client_name=client_name(),
        again_url=url_for(".connect", **carried()),
        other_url=url_for("certificates.sign_in", **carried()),
    )
