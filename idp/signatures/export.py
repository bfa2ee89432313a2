"""The texts a person has signed, for the file of their data.

Always true: the text is in it as it was signed, and the signature's own bytes, so that anybody can verify it.
"""

import base64
from typing import Any

from idp.db import Transaction
from idp.signatures.actions import Kept, SignedTexts


class SignatureExport:
    def __init__(self, texts: SignedTexts) -> None:
        self._texts = texts

    def __call__(self, tx: Transaction, party_id: str) -> tuple[str, Any]:
        found = [self._texts.load(tx, signature_id) for signature_id in self._texts.of_party(tx, party_id)]
        return "signatures", [_told(kept) for kept in found if isinstance(kept, Kept)]


def _told(kept: Kept) -> dict[str, Any]:
    return {
        "id": kept.id,
        "text": kept.content.decode(),
        "sha256": kept.record["digest"],
        "sm3": kept.record["digest_sm3"],
        "signed_at": kept.signed_at,
        "method": kept.method.value,
        "signature": base64.b64encode(kept.answer.signed_data or kept.answer.signature).decode(),
        "certificate": base64.b64encode(kept.path[-1]).decode() if kept.path else None,
    }
