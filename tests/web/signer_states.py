"""The pages of a signature on a phone, in every state."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, render_template

from idp.certificates.signers import allow_signers
from idp.web.forms import Field, Form
from idp.web.headers import allow_connection, allow_own_script
from idp.web.qr import qr_svg
from idp.web.reasons import certificate_purpose, sentence

NOW = 1795413600
FIELDS = tuple(Field(name, required=False) for name in ("number", "signed_data", "signature", "certificate"))
DESK = {
    "number": "47",
    "seconds": 3,
    "refreshing": True,
    "state_url": "#",
    "refresh_url": "#",
    "pause_url": "#",
    "back_url": "#",
    "fields": {"challenge": "c", "phone": "t"},
}
TEXT = "tongban-certificate\nsign-in\nhttps://idp.example.org\nk\nn\n1795413720"


def _desk(state: str, **changes: Any) -> Callable[[], str]:
    def render() -> str:
        allow_own_script()
        allow_connection("/")
        qr = qr_svg("https://idp.example.org/certificate/qr/t") if state == "created" else None
        return render_template("certificate_qr.html", state=state, qr=qr, **DESK | changes)

    return render


def _phone(refused: Mapping[str, str] = {}, **changes: Any) -> Callable[[], str]:
    def render() -> str:
        allow_signers()
        form = Form(*FIELDS)
        for name, reason in refused.items():
            form.refuse(name, sentence(reason))
        given = {
            "purpose": certificate_purpose("sign-in"),
            "binding": False,
            "client_name": "湖南省税务局",
            "address": "192.0.2.7",
            "same_network": False,
            "asked_at": NOW,
            "numbers": ("47", "12", "83"),
            "text": TEXT,
        }
        return render_template("certificate_phone.html", form=form, **given | changes)

    return render


SIGNER_STATES: Mapping[str, Callable[[], str | Response]] = {
    "certificate-qr": _desk("created"),
    "certificate-qr-paused": _desk("created", refreshing=False),
    "certificate-qr-scanned": _desk("scanned"),
    "certificate-qr-signed": _desk("signed"),
    "certificate-phone": _phone(),
    "certificate-phone-alike": _phone(client_name=None, same_network=True),
    "certificate-phone-binding": _phone(purpose=certificate_purpose("text"), binding=True),
    "certificate-phone-refused": _phone({"number": "qr_number_missing", "": "qr_empty"}),
    "certificate-phone-done": lambda: render_template("certificate_phone_done.html"),
}
