"""The page of the identity level: what proves it, until when, and what the person can do.

Always true: it shows the level as the next token would tell it.
"""

from types import SimpleNamespace

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from idp.db import current_transaction
from idp.proofing.actions import proofs_of
from idp.proofing.rules import Proof, carrying, identity_level
from idp.proofing.ways import LADDER, offered_to, useful
from idp.selfservice.pages import blueprint
from idp.signin.rules import Session
from idp.web.clock import now
from idp.web.guards import current_session, signed_in
from idp.web.reasons import evidence_word, source_word


@blueprint.get("/identity")
@signed_in
def identity() -> ResponseReturnValue:
    session: Session = current_session()
    proofs = proofs_of(current_transaction(), session.party_id)
    ends = _end(proofs)
    return render_template(
        "account/identity.html",
        ial=identity_level(proofs, now=now()),
        ends=ends,
        ial_after=identity_level(proofs, now=ends) if ends is not None else None,
        proofs=[_shown(proof) for proof in proofs],
        raise_url=_raise_url(proofs),
    )


def _end(proofs: list[Proof]) -> int | None:
    carrier = carrying(proofs, now=now())
    return carrier.expires_at if carrier else None


def _raise_url(proofs: list[Proof]) -> str | None:
    """Where the person proves more, or the same for longer; None where nothing more can be proved here."""
    found = useful(offered_to(current_session().party_id), proofs)
    return url_for(found[0].endpoint if len(found) == 1 else LADDER) if found else None


def _shown(proof: Proof) -> SimpleNamespace:
    return SimpleNamespace(
        kind=evidence_word(proof.kind),
        source=source_word(proof.source),
        level=proof.level,
        proved_at=proof.proved_at,
        expires_at=proof.expires_at,
        valid=proof.valid(now()),
    )
