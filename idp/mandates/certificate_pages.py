"""Signing a mandate's text by a certificate: where it is given, signed with others, and accepted.

Always true: what is signed is the text the page shows, to the byte; the signature is judged while no transaction is
open, and kept in the one in which the mandate is signed.
"""

from dataclasses import dataclass, replace
from types import SimpleNamespace

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from idp.accounts.parties import hold as hold_account
from idp.certificates.asking import ANSWER, answer_in, ask, read_form, refuse, verify
from idp.certificates.asking import parts as certificate_parts
from idp.certificates.rules import Denied, Purpose
from idp.db import current_transaction
from idp.flows.actions import Journey
from idp.mandates.actions import Signer, Text
from idp.mandates.certified import METHOD, Certified, certificate_text
from idp.mandates.desk import Behalf, blueprint, parts, prove_first, signer
from idp.mandates.finding import Looked, look
from idp.mandates.giving import draft_of, replaced
from idp.mandates.grant_pages import address, at
from idp.mandates.rules import Side
from idp.mandates.text_pages import (
    SHOWN,
    SIGNED,
    ends_of,
    fields_of,
    given,
    must_be_signable,
    offers_certificate,
    replaced_one,
    signed,
)
from idp.signatures.rules import CanonicalText
from idp.web.clock import now
from idp.web.forms import Form
from idp.web.guards import signed_in
from idp.web.limits import takes_signed
from idp.web.options import options
from idp.web.visit import carried


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be signed, as ``content`` and as people read it. ``back``: the page of the same text without it;
    ``parties``: whose accounts signing it will hold.
    """

    mine: Behalf
    text: Text
    content: CanonicalText
    back: str
    parties: frozenset[str]
    accepts: bool = False


def _asked(mandate_id: str, mine: Behalf, text: Text, side: Side, back: str, *, principal: str) -> _Asked | None:
    """None where there is no certificate to sign by, or what a signed text may hold is not all there is in this."""
    content = certificate_text(mandate_id, text.by_language, text.hash, side=side, origin=options().issuer)
    accepts = side is Side.AGENT
    parties = frozenset({mine.party, principal})
    return _Asked(mine, text, content, back, parties, accepts) if content and offers_certificate(mine) else None


@blueprint.route("/account/mandates/new/certificate", methods=["GET", "POST"])
@takes_signed
@at("text", "give_by_certificate")
def give_by_certificate(journey: Journey, mine: Behalf) -> ResponseReturnValue:
    """The text as it will be kept; with the certificate's signature under it the mandate is given."""
    draft, back = draft_of(journey.facts), address(journey)
    text = parts().granting.text(current_transaction(), draft)
    asked = _asked(draft.id, mine, text, Side.PRINCIPAL, back, principal=mine.party) if text else None
    if asked is None:
        return redirect(back, 303)
    here = url_for("mandates.give_by_certificate", f=journey.id, **carried())
    if (first := prove_first(here)) is not None:
        return redirect(first, 303)
    form = read_form(*SIGNED) if request.method == "POST" else Form(*ANSWER, *SIGNED)
    by = _certified(form, asked) if request.method == "POST" else None
    answer = given(form, journey, mine, by) if by else None
    tx = current_transaction()
    return answer or _page(form, asked, replaced_one(tx, replaced(tx, draft)))


@blueprint.route("/account/mandates/<mandate_id>/<any(sign, accept):step>/certificate", methods=["GET", "POST"])
@signed_in
@takes_signed
def sign_by_certificate(mandate_id: str, step: str) -> ResponseReturnValue:
    """One more of the principal's people signs, or the agent accepts, by a certificate."""
    seen = look(mandate_id)
    must_be_signable(seen, step)
    back, asked = seen.mine.url("sign", mandate_id=mandate_id, step=step), _kept(seen, step)
    if asked is None:
        return redirect(back, 303)
    if (first := prove_first(seen.mine.url("sign_by_certificate", mandate_id=mandate_id, step=step))) is not None:
        return redirect(first, 303)
    fields = fields_of(step)
    form = read_form(*fields) if request.method == "POST" else Form(*ANSWER, *fields)
    by = _certified(form, asked) if request.method == "POST" else None
    answer = signed(form, seen, step, by) if by else None
    return answer or _page(form, asked, ends_of(seen, step))


def _kept(seen: Looked, step: str) -> _Asked | None:
    key, told = seen.mandate.id, parts().granting.opened(seen.mandate.id, seen.kept)["text"]
    side = Side.PRINCIPAL if step == "sign" else Side.AGENT
    back = seen.mine.url("sign", mandate_id=key, step=step)
    text = Text(told, seen.kept.text_hash)
    return _asked(key, seen.mine, text, side, back, principal=seen.mandate.principal)


def _certified(form: Form, asked: _Asked) -> Signer | None:
    """Who signs, with what they have signed; None when the form says why it does not count.

    The transaction that is open afterwards has the certificate noted as used, and is the one to sign in.
    """
    if not form.ok:
        return None
    verified, answer = verify(form, Purpose.TEXT, about=asked.content.sha256), answer_in(form)
    if isinstance(verified, Denied):
        refuse(form, verified)
        return None
    assert answer is not None  # noqa: S101 - it was verified
    tx, by, mine = current_transaction(), signer(), asked.mine
    for party in sorted(asked.parties):  # before the certificate, as where it is unbound or an account closes
        hold_account(tx, party)
    found = certificate_parts().certificates.signs(tx, verified, person=mine.person, party=mine.party, now=now())
    if isinstance(found, Denied):
        refuse(form, found)
        return None
    return replace(by, method=METHOD, certified=Certified(asked.content, answer, verified))


def _page(form: Form, asked: _Asked, ends: SimpleNamespace | None) -> ResponseReturnValue:
    content = asked.content.content.decode()
    return render_template(
        "mandates/certificate.html",
        form=form,
        asked=ask(Purpose.TEXT, about=asked.content.sha256, text=content),
        accepts=asked.accepts,
        texts=asked.text.by_language,
        text_hash=asked.text.hash,
        short_hash=asked.text.hash[:SHOWN],
        replaces=ends,
        back_url=asked.back,
    )
