"""``idp mandate signature …``: who signed a mandate, and whether what certificates signed is still what was signed.

Always true: it reads what was kept and nothing else, and prints one JSON object; 0: intact, 1: not.
"""

import json
from typing import Any

import click

from idp.cli.ca_evidence import again
from idp.cli.context import Context, fail
from idp.db import Transaction
from idp.mandates import reading
from idp.mandates.certified import PURPOSES, about, names_hash
from idp.mandates.finding import Signed, signed
from idp.mandates.rules import Side
from idp.signatures.actions import Kept, SignedTexts
from idp.signatures.again import Altered, Intact
from idp.signatures.rules import Alteration


@click.group()
def signature() -> None:
    """Signatures under mandates."""


@signature.command()
@click.argument("mandate")
@click.pass_obj
def verify(context: Context, mandate: str) -> None:
    """Verify every certificate's signature under MANDATE (an id) again, from what was kept of it."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    texts = SignedTexts(provider.cipher)
    with provider.database.autocommit() as tx:
        kept = reading.particulars(tx, mandate)
        found = [(one, _load(tx, texts, one)) for one in signed(tx, mandate)] if kept else []
    if kept is None:
        raise fail(f"no mandate {mandate}")
    told = [_told(one, _judged(context, mandate, one, held)) for one, held in found]
    click.echo(json.dumps({"mandate": mandate, "text_hash": kept.text_hash, "signatures": told}, ensure_ascii=False))
    raise SystemExit(1 if any(one["intact"] is False for one in told) else 0)


def _load(tx: Transaction, texts: SignedTexts, one: Signed) -> Kept | Alteration | None:
    return texts.load(tx, one.signature_id) if one.signature_id else None


def _judged(context: Context, mandate: str, one: Signed, kept: Kept | Alteration | None) -> Intact | Altered | None:
    """None: no certificate has signed. What is sound but under something else is no signature under this mandate."""
    if one.signature_id is None:
        return None
    if not isinstance(kept, Kept):
        return Altered(kept or Alteration.UNREADABLE)
    found = again(context, kept)
    if isinstance(found, Altered):
        return found
    named = (found.text.about, found.text.purpose, kept.party_id)
    theirs = named == (about(mandate), PURPOSES[Side(one.side)], one.person_id)
    this = theirs and names_hash(kept.content, one.text_hash)
    return found if this else Altered(Alteration.TEXT, "of something else")


def _told(one: Signed, found: Intact | Altered | None) -> dict[str, Any]:
    """``intact``: null where no certificate has signed."""
    judged: dict[str, Any] = {"intact": None if found is None else isinstance(found, Intact), "reason": None}
    if isinstance(found, Altered):
        judged |= {"reason": found.reason.value, "detail": found.detail}
    elif found is not None:
        judged |= {"fingerprint": found.fingerprint, "person": found.person, "entity": found.entity}
    plain = {"person_id": one.person_id, "side": one.side, "footing": one.footing, "method": one.method}
    return plain | {"signed_at": one.signed_at, "signature": one.signature_id} | judged
