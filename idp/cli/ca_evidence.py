"""``idp ca evidence``: whether a text that somebody signed, perhaps years ago, is still what was signed.

Always true: it reads what was kept and nothing else, and prints one JSON object; 0: intact, 1: not.
"""

import json
from typing import Any

import click

from idp.cli.context import Context, fail
from idp.cli.outside import sm2_verifier
from idp.crypto.certificates import PathValidator
from idp.signatures.actions import Kept, SignedTexts
from idp.signatures.again import Altered, Intact, verify_again
from idp.signatures.rules import Alteration


@click.command()
@click.argument("signature")
@click.pass_obj
def evidence(context: Context, signature: str) -> None:
    """Verify the signed text SIGNATURE (an id, as the audit trail has it) again from what was kept of it."""
    from idp.app import provider_of

    provider = provider_of(context.app)
    with provider.database.autocommit() as tx:
        kept = SignedTexts(provider.cipher).load(tx, signature)
    if kept is None:
        raise fail(f"no signature {signature}")
    found = Altered(kept) if isinstance(kept, Alteration) else again(context, kept)
    click.echo(json.dumps({"signature": signature} | _told(found), ensure_ascii=False))
    raise SystemExit(0 if isinstance(found, Intact) else 1)


def again(context: Context, kept: Kept) -> Intact | Altered:
    """Whether it still proves what it did, as this installation judges."""
    sm2 = sm2_verifier(context.settings)
    return verify_again(kept, sm2=sm2, paths=PathValidator(sm2), now=context.now)


def _told(found: Intact | Altered) -> dict[str, Any]:
    if isinstance(found, Altered):
        return {"intact": False, "reason": found.reason.value, "detail": found.detail}
    return {
        "intact": True,
        "reason": None,
        "detail": "",
        "purpose": found.text.purpose,
        "about": found.text.about,
        "sha256": found.text.sha256,
        "sm3": found.text.sm3,
        "signed_at": found.signed_at,
        "fingerprint": found.fingerprint,
        "person": found.person,
        "entity": found.entity,
    }
