"""What of the trusted issuers needs two operators: trusting one, changing what is said of it, and trusting it again.

Always true: both operators are shown the fingerprint, computed anew, of every certificate that would be trusted.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from idp.console.four_eyes import Act, Done
from idp.console.rules import Change, Denied, Operator, Proposal, Reason, Role
from idp.db import Transaction
from idp.issuers import actions
from idp.issuers.importing import Imported, grouped, sm3
from idp.issuers.rules import (
    CertificateKind,
    Declaration,
    Issuer,
    IssuerCertificateDer,
    IssuerRefusal,
    IssuerState,
    Usage,
)
from idp.web.locale import iso_time

ISSUER_ROLES = (Role.PLATFORM,)
ADD, CHANGE, ON = "add-issuer", "change-issuer", "issuer-on"
NOTHING = "nothing"
HOUR = 3600


def add_payload(declared: Declaration, certificates: Sequence[Imported]) -> dict[str, Any]:
    return {"declared": asdict(declared), "certificates": [_told(one) for one in certificates]}


def change_payload(issuer: Issuer, declared: Declaration, further: Sequence[Imported]) -> dict[str, Any]:
    return {"issuer": issuer.id, **add_payload(declared, further)}


@dataclass(frozen=True, slots=True)
class AddIssuerAct:
    """Accepting the certificates of another issuer."""

    roles: tuple[Role, ...] = ISSUER_ROLES

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        if actions.is_known(tx, _stored(proposal)):
            return ()
        return (*_declared_lines(None, _declared(proposal)), *_certificate_lines(proposal))

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        actions.hold(tx)
        done = actions.add(tx, _declared(proposal), _stored(proposal), actor=decider.party_id, now=now)
        return Denied(Reason.CHANGED) if isinstance(done, IssuerRefusal) else Done()


@dataclass(frozen=True, slots=True)
class ChangeIssuerAct:
    """Declaring an issuer anew, with further certificates or without."""

    roles: tuple[Role, ...] = ISSUER_ROLES

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        issuer = actions.find(tx, proposal.payload["issuer"])
        if issuer is None:
            return ()
        return (
            Change("issuer_title", issuer.declared.title_zh, _declared(proposal).title_zh),
            *(line for line in _declared_lines(issuer.declared, _declared(proposal)) if line.what != "issuer_title"),
            *_certificate_lines(proposal),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        actions.hold(tx)
        issuer = actions.find(tx, proposal.payload["issuer"])
        if issuer is None or self.difference(tx, proposal) != proposal.changes:
            return Denied(Reason.CHANGED)  # by another approval at this very moment
        by = decider.party_id
        done = actions.change(tx, issuer, _declared(proposal), _stored(proposal), actor=by, now=now)
        return Denied(Reason.CHANGED) if isinstance(done, IssuerRefusal) else Done()


@dataclass(frozen=True, slots=True)
class IssuerOnAct:
    """Accepting the certificates of an issuer again that was switched off."""

    roles: tuple[Role, ...] = ISSUER_ROLES

    def difference(self, tx: Transaction, proposal: Proposal) -> tuple[Change, ...]:
        issuer = actions.find(tx, proposal.payload["issuer"])
        if issuer is None or issuer.state is not IssuerState.OFF:
            return ()
        return (
            Change("issuer_state", "issuer_off", "issuer_active"),
            Change("issuer_title", "", issuer.declared.title_zh),
            *(
                Change("fingerprint", "", f"SHA-256 {grouped(one.fingerprint)}")
                for one in issuer.certificates
                if one.kind is CertificateKind.ANCHOR
            ),
        )

    def carry_out(self, tx: Transaction, proposal: Proposal, *, decider: Operator, now: int) -> Done | Denied:
        key, by = proposal.payload["issuer"], decider.party_id
        refused = actions.switch(tx, key, IssuerState.ACTIVE, actor=by, because=proposal.id, now=now)
        return Denied(Reason.CHANGED) if refused else Done()


ISSUER_ACTS: Mapping[str, Act] = {ADD: AddIssuerAct(), CHANGE: ChangeIssuerAct(), ON: IssuerOnAct()}


def _told(one: Imported) -> dict[str, Any]:
    """In a proposal, which is sealed: what was found when it was checked goes with it."""
    return {**one._asdict(), "der": base64.b64encode(one.der).decode()}


def _declared(proposal: Proposal) -> Declaration:
    told = proposal.payload["declared"]
    return Declaration(**{**told, "usage": Usage(told["usage"]), "crl_urls": tuple(told["crl_urls"])})


def _stored(proposal: Proposal) -> list[IssuerCertificateDer]:
    ders = [(one["kind"], base64.b64decode(one["der"])) for one in proposal.payload["certificates"]]
    return [IssuerCertificateDer(CertificateKind(kind), hashlib.sha256(der).hexdigest(), der) for kind, der in ders]


def _certificate_lines(proposal: Proposal) -> list[Change]:
    lines = []
    for told, (kind, fingerprint, der) in zip(proposal.payload["certificates"], _stored(proposal), strict=True):
        days = "-".join(iso_time(told[end])[:10].replace("-", ".") for end in ("not_before", "not_after"))
        lines += [
            Change(f"issuer_{kind}", NOTHING, f"{told['subject']} ({told['algorithm']}, {days})"),
            Change("fingerprint", "", f"SHA-256 {grouped(fingerprint)}"),
            Change("fingerprint", "", f"SM3 {grouped(sm3(der))}"),
        ]
    return lines


def _declared_lines(before: Declaration | None, after: Declaration) -> list[Change]:
    """What is said otherwise than before."""
    old, new = _texts(before) if before else {}, _texts(after)
    lines = [
        Change(what, old.get(what, NOTHING) or NOTHING, new[what] or NOTHING)
        for what in new
        if new[what] != old.get(what, "")
    ]
    was = before.crl_urls if before else ()
    lines += [Change("issuer_crl_url", NOTHING, url) for url in after.crl_urls if url not in was]
    return lines + [Change("issuer_crl_url", url, NOTHING) for url in was if url not in after.crl_urls]


def _texts(declared: Declaration) -> dict[str, str]:
    return {
        "issuer_title": declared.title_zh,
        "issuer_title_en": declared.title_en,
        "issuer_usage": f"usage_{declared.usage}",
        "issuer_profile": declared.profile,
        "issuer_grace": f"{declared.grace / HOUR:g}",
        "issuer_ocsp": declared.ocsp_url or "",
    }
