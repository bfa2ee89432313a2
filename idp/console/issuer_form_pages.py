"""Trusting another issuer of certificates, and changing what is said of one: forms that end in a proposal.

Always true: every certificate has been checked before it is laid before a second operator.
"""

from collections.abc import Sequence

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from idp.console.guards import current_operator, file_gate, operator
from idp.console.issuer_acts import ADD, CHANGE, HOUR, ISSUER_ROLES, add_payload, change_payload
from idp.console.issuer_pages import present_issuer
from idp.console.loading import parts
from idp.console.pages import blueprint, page
from idp.console.reasons_form import REASON, TICKET, stated
from idp.console.rules import Denied, Proposal
from idp.console.words import word
from idp.db import current_transaction, db
from idp.issuers import actions
from idp.issuers.importing import MOST_BYTES, Imported, ImportRefused, certificates_in, checked
from idp.issuers.rules import (
    TITLE_MOST,
    CertificateKind,
    Declaration,
    Issuer,
    IssuerRefusal,
    Usage,
    crl_addresses,
    declaration_fault,
)
from idp.web.clock import now
from idp.web.forms import Field, Form
from idp.web.limits import sent_photo, takes_file
from idp.web.reasons import sentence

PEM_MOST = 8000
TITLE = Field("title", sentence(IssuerRefusal.TITLE), max_length=TITLE_MOST)
TITLE_EN = Field("title_en", max_length=TITLE_MOST, required=False)
USAGE = Field("usage", sentence("issuer_usage_missing"), max_length=16)
PROFILE = Field("profile", sentence(IssuerRefusal.PROFILE), max_length=64)
GRACE = Field("grace", sentence(IssuerRefusal.GRACE), max_length=4)
CRL_URLS = Field("crl_urls", max_length=4000, required=False, lines=True)
OCSP_URL = Field("ocsp_url", max_length=2000, required=False)
ANCHORS = Field("anchors", max_length=PEM_MOST, required=False, lines=True)
INTERMEDIATES = Field("intermediates", max_length=PEM_MOST, required=False, lines=True)
FILES = (Field("anchors_file", required=False), Field("intermediates_file", required=False))
FIELDS = (
    TITLE, TITLE_EN, USAGE, PROFILE, ANCHORS, FILES[0], INTERMEDIATES, FILES[1], CRL_URLS, OCSP_URL, GRACE, REASON,
    TICKET,
)  # fmt: skip
_FIELD_OF = {
    IssuerRefusal.TITLE: "title",
    IssuerRefusal.PROFILE: "profile",
    IssuerRefusal.GRACE: "grace",
    IssuerRefusal.ADDRESS: "crl_urls",
    IssuerRefusal.NO_ANCHOR: "anchors",
    IssuerRefusal.CERTIFICATE: "anchors",
    IssuerRefusal.TOO_MANY: "anchors",
}


@blueprint.route("/issuers/add", methods=["GET", "POST"])
@takes_file(most=lambda: 2 * MOST_BYTES, gate=file_gate)
@operator(*ISSUER_ROLES)
def add_issuer() -> ResponseReturnValue:
    if request.method == "GET":
        return _page(Form(*FIELDS, values={"grace": "0"}), None)
    form = Form.submitted(*FIELDS)
    declared, found = _declared(form), _certificates(form, ())
    why = stated(form)
    if why is None or declared is None or isinstance(found, str):
        return _page(form, None, found)
    tx = current_transaction()
    if actions.is_known(tx, [one.stored for one in found]):
        form.refuse("anchors", sentence(IssuerRefusal.KNOWN))
        return _page(form, None)
    reason, here = f"{why.text} [{why.ticket}]", current_operator().operator
    payload = add_payload(declared, found)
    made = parts().four_eyes.propose(tx, ADD, subject=None, payload=payload, reason=reason, proposer=here, now=now())
    return _proposed(made, form, None)


@blueprint.route("/issuers/<key>/change", methods=["GET", "POST"])
@takes_file(most=lambda: 2 * MOST_BYTES, gate=file_gate)
@operator(*ISSUER_ROLES)
def change_issuer(key: str) -> ResponseReturnValue:
    issuer = present_issuer(key)
    if request.method == "GET":
        return _page(Form(*FIELDS, values=_values(issuer.declared)), issuer)
    form = Form.submitted(*FIELDS)
    declared, found = _declared(form), _certificates(form, [(one.kind, one.der) for one in issuer.certificates])
    why = stated(form)
    if why is None or declared is None or isinstance(found, str):
        return _page(form, issuer, found)
    further = [one for one in found if one.stored not in issuer.certificates]
    if declared == issuer.declared and not further:
        form.refuse("", sentence(IssuerRefusal.NOTHING_NEW))
        return _page(form, issuer)
    reason, here = f"{why.text} [{why.ticket}]", current_operator().operator
    payload, tx = change_payload(issuer, declared, further), current_transaction()
    made = parts().four_eyes.propose(
        tx, CHANGE, subject=None, payload=payload, reason=reason, proposer=here, now=now()
    )
    return _proposed(made, form, issuer)


def _proposed(made: Proposal | Denied, form: Form, issuer: Issuer | None) -> ResponseReturnValue:
    if isinstance(made, Denied):
        form.refuse("", sentence(made.reason))
        return _page(form, issuer)
    db.session.commit()
    return redirect(url_for("console.proposal", key=made.id, done="proposal_made"), 303)


def _declared(form: Form) -> Declaration | None:
    if not form.ok:
        return None
    usage = next((one for one in Usage if one == form["usage"]), None)
    if usage is None:
        form.refuse("usage", sentence("issuer_usage_missing"))
        return None
    hours = form["grace"]
    declared = Declaration(
        title_zh=form["title"],
        title_en=form["title_en"],
        profile=form["profile"],
        usage=usage,
        grace=int(hours) * HOUR if hours.isascii() and hours.isdigit() else -1,
        crl_urls=crl_addresses(form["crl_urls"]),
        ocsp_url=form["ocsp_url"] or None,
    )
    made_of = parts().issuers
    profiles = frozenset(made_of.authorities.profiles)
    fault = declaration_fault(declared, profiles=profiles, most_grace=made_of.settings.most_grace)
    if fault:
        form.refuse(_FIELD_OF[fault], sentence(fault))
    return None if fault else declared


def _certificates(form: Form, held: Sequence[tuple[CertificateKind, bytes]]) -> tuple[Imported, ...] | str:
    """Those that were sent, checked together with those ``held``; or, for operators, what exactly is wrong.

    Signatures are verified outside any transaction.
    """
    if not form.ok:
        return ""
    given = {kind: [der for of, der in held if of is kind] for kind in CertificateKind}
    for kind, name in ((CertificateKind.ANCHOR, "anchors"), (CertificateKind.INTERMEDIATE, "intermediates")):
        for data in (form[name].encode(), sent_photo(f"{name}_file")):
            given[kind] += certificates_in(data)
    db.session.rollback()
    found = checked(given[CertificateKind.ANCHOR], given[CertificateKind.INTERMEDIATE], sm2=parts().issuers.sm2)
    if isinstance(found, ImportRefused):
        form.refuse(_FIELD_OF[found.reason], sentence(found.reason))
        return found.detail
    return found


def _values(declared: Declaration) -> dict[str, str]:
    return {
        "title": declared.title_zh,
        "title_en": declared.title_en,
        "usage": declared.usage.value,
        "profile": declared.profile,
        "grace": str(declared.grace // HOUR),
        "crl_urls": "\n".join(declared.crl_urls),
        "ocsp_url": declared.ocsp_url or "",
    }


def _page(form: Form, issuer: Issuer | None, detail: object = "") -> str:
    label = Markup('<span translate="no">{}</span>')
    profiles = [(name, label.format(name), None) for name in sorted(parts().issuers.authorities.profiles)]
    usages = [(one.value, word(f"usage_{one}"), None) for one in Usage]
    most, back = parts().issuers.settings.most_grace // HOUR, url_for("console.issuers")
    return page(
        "issuer_form",
        "issuers",
        form=form,
        fresh=issuer is None,
        detail=detail if isinstance(detail, str) else "",
        profiles=profiles,
        usages=usages,
        most_grace=most,
        back_url=url_for("console.issuer", key=issuer.id) if issuer else back,
    )
