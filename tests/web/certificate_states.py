"""The pages of certificates in every state, with sample data; `tests.web.states` takes them in."""

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from flask import render_template

from idp.certificates.rules import Challenge, Purpose, challenge_text
from idp.certificates.signers import allow_signers
from idp.web.forms import Field, Form
from idp.web.notices import Notice
from idp.web.reasons import role_word, sentence

NOW = 1795413600
FIELDS = (
    *(Field(name, secret=True) for name in ("challenge", "signed_data", "signature", "certificate")),
    Field("holder"),
)
NOBODY_WAITS = {"client_name": None, "declinable": False, "later_url": "#", "all_url": None}
AN_APP_WAITS = {"client_name": "湖南省税务局", "declinable": True, "later_url": None, "all_url": "#"}
LINKS = {"password_url": "#", "code_url": "#", "register_url": "#", "tls_url": "#", "notice": None}
ENTITY = "长沙某某贸易有限公司"


def page(template: str, **context: Any) -> Callable[[], str]:
    def render() -> str:
        if "asked" in context:
            allow_signers("http://127.0.0.1:8019")
        return render_template(template, **{k: v() if callable(v) else v for k, v in context.items()})

    return render


def asked(purpose: Purpose) -> Challenge:
    key, nonce, until = "k" * 43, "n" * 43, NOW + 120
    text = challenge_text(purpose, origin="https://id.example.gov.cn", key=key, nonce=nonce, expires_at=until)
    return Challenge(key, text, until)


def refused(**errors: str) -> Form:
    form = Form(*FIELDS)
    for name, reason in errors.items():
        form.refuse("" if name == "whole" else name, sentence(reason))
    return form


def certificate(number: int, **changes: Any) -> SimpleNamespace:
    shown = {
        "id": f"crt_{number}",
        "name": "欧阳清岚",
        "issuer": "演示证书认证中心",
        "serial": f"4f2a{number}",
        "algorithm": "SM2",
        "bound_at": NOW - 9_000_000,
        "used_at": NOW - 9_000,
        "ends_at": NOW + 9_000_000,
        "over": False,
        "renew_url": "#",
    }
    return SimpleNamespace(**shown | changes)


def _own() -> list[SimpleNamespace]:
    return [certificate(1), certificate(2, algorithm="RSA", used_at=None, ends_at=NOW - 90_000, over=True)]


def _of_entity() -> list[SimpleNamespace]:
    return [certificate(1, name=ENTITY, holder="***岚"), certificate(2, name=ENTITY, holder=None)]


def _holders() -> list[SimpleNamespace]:
    people = (("r1", "***岚"), ("r2", "**文"))
    return [SimpleNamespace(id=key, name=name, role=role_word("legal_representative")) for key, name in people]


SIGN_IN = {"asked": asked(Purpose.SIGN_IN), "confirming": False, "client_name": "湖南省税务局", **LINKS}
BIND = {"asked": asked(Purpose.BIND_PERSON), "renewing": False}
OF_ENTITY = {
    "asked": asked(Purpose.BIND_ENTITY),
    "entity": ENTITY,
    "holders": _holders,
    "chosen": "r1",
    "renewing": False,
    "back_url": "#",
}
REFUSALS = {
    "expired": "certificate_expired",
    "revoked": "certificate_revoked",
    "encryption-only": "certificate_not_for_signing",
    "foreign": "certificate_unknown_issuer",
    "unbound": "certificate_not_bound",
}
_NEW = lambda: Form(*FIELDS)  # noqa: E731


def _refused(reason: str) -> Callable[[], Form]:
    return lambda: refused(whole=reason)


CERTIFICATE_STATES: Mapping[str, Callable[[], str]] = {
    "certificate-sign-in": page("signin_certificate.html", form=_NEW, **SIGN_IN),
    "certificate-sign-in-empty": page(
        "signin_certificate.html", form=lambda: refused(signed_data="certificate_answer_missing"), **SIGN_IN
    ),
    **{
        f"certificate-sign-in-{name}": page("signin_certificate.html", form=_refused(reason), **SIGN_IN)
        for name, reason in REFUSALS.items()
    },
    "certificate-confirm": page(
        "signin_certificate.html",
        form=_NEW,
        **SIGN_IN | {"asked": asked(Purpose.CONFIRM), "confirming": True, "client_name": None},
    ),
    "certificate-bind": page("certificate_bind.html", form=_NEW, **BIND, **NOBODY_WAITS),
    "certificate-bind-for-app": page("certificate_bind.html", form=_NEW, **BIND, **AN_APP_WAITS),
    "certificate-bind-refused": page(
        "certificate_bind.html", form=_refused("certificate_other_person"), **BIND, **NOBODY_WAITS
    ),
    "certificate-renew": page("certificate_bind.html", form=_NEW, **BIND | {"renewing": True}, **NOBODY_WAITS),
    "account-certificates": page(
        "account/certificates.html",
        certificates=_own,
        new_url="#",
        notice=lambda: Notice("info", sentence("certificate_bound")),
    ),
    "account-certificates-none": page("account/certificates.html", certificates=[], new_url="#", notice=None),
    "entity-certificates": page(
        "entity_certificates.html", entity=ENTITY, certificates=_of_entity, new_url="#", notice=None
    ),
    "entity-certificates-none": page(
        "entity_certificates.html", entity=ENTITY, certificates=[], new_url="#", notice=None
    ),
    "entity-certificate-bind": page("entity_certificate_bind.html", form=_NEW, **OF_ENTITY),
    "entity-certificate-bind-refused": page(
        "entity_certificate_bind.html", form=_refused("certificate_other_entity"), **OF_ENTITY
    ),
}
