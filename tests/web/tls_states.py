"""The page after a certificate was shown by TLS: with it, without one, refused.

Always true: the ticket is no secret of anybody.
"""

from collections.abc import Callable
from typing import Any

from flask import render_template

from idp.web.forms import Field, Form
from idp.web.reasons import sentence

_TICKET = Field("ticket", secret=True)


def _page(ticket: str = "", refused: str = "", client_name: str | None = None) -> Callable[[], Any]:
    def render() -> str:
        form = Form(_TICKET)
        if refused:
            form.refuse("", sentence(refused))
        return render_template(
            "signin_certificate_tls.html",
            form=form,
            ticket=ticket,
            client_name=client_name,
            again_url="#",
            other_url="#",
        )

    return render


TLS_STATES: dict[str, Callable[[], Any]] = {
    "signin-certificate-tls": _page("ticket"),
    "signin-certificate-tls-app": _page("ticket", client_name="湖南省税务局"),
    "signin-certificate-tls-none": _page(refused="certificate_not_shown"),
    "signin-certificate-tls-over": _page(refused="certificate_ticket_over"),
    "signin-certificate-tls-refused": _page(refused="certificate_not_for_signing"),
}
