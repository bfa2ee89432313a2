"""Data about a represented party that a mandate lets out: what the theme releases, less what the principal struck.

Always true: what the theme does not name is not read out, and each datum leaves under the theme's mask.
"""

from collections.abc import Collection
from typing import Any

from idp.accounts.documents import IdNumber, masked
from idp.db import Transaction
from idp.entities.actions import Entities
from idp.mandates import reading
from idp.mandates.power import Chain
from idp.mandates.themes import Theme
from idp.proofing.actions import ial


def released(
    tx: Transaction, entities: Entities, theme: Theme, chain: Chain, *, permitted: Collection[str], now: int
) -> dict[str, Any]:
    """By claim (`idp.mandates.themes.RELEASABLE`); ``permitted``: what the app itself may have."""
    struck = {claim for one in chain.mandates for claim in _struck(tx, one.id)}
    masks = {
        one.claim: one.mask
        for one in theme.releases
        if one.claim in permitted and not (one.optional and one.claim in struck)
    }
    known = party_data(tx, entities, chain.represented, masks, now=now) if masks else {}
    return {claim: _masked(known[claim], mask) for claim, mask in masks.items() if known.get(claim) is not None}


def _struck(tx: Transaction, mandate_id: str) -> list[str]:
    kept = reading.particulars(tx, mandate_id)
    return kept.struck.split() if kept else []


def party_data(
    tx: Transaction, entities: Entities, party: str, wanted: Collection[str], *, now: int
) -> dict[str, Any]:
    """Of an entity what its register says, of a person what was checked."""
    entity = entities.describe(tx, party)
    if entity is not None:
        el = ial(tx, party, now=now) if "el" in wanted else None
        told = {"name": entity.name, "uscc": entity.code.value, "entity_type": entity.type, "status": entity.status}
        return told | {"el": el}
    person = entities.directory.person(tx, party)
    identity = person.identity
    birth = identity.document.birth_date if identity and isinstance(identity.document, IdNumber) else None
    return {
        "name": identity.name.value if identity else None,
        "id_document": identity.document.value if identity else None,
        "birthdate": birth.isoformat() if birth else None,
        "phone": person.mobile.e164 if person.mobile else None,
        "ial": ial(tx, party, now=now) if "ial" in wanted else None,
    }


def _masked(value: Any, mask: str) -> Any:
    if mask == "none" or not isinstance(value, str):
        return value
    if mask == "year":
        return value[:4]
    return masked(value, head=1, tail=1) if len(value) > 2 else value[:1] + "*"
