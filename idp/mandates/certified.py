"""A mandate's text signed by a certificate: what exactly is signed, and who has one to sign it by.

Always true: the content holds the text in both languages and its hash, and says for which mandate and on which side,
so that a signature under it is none under anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.certificates import bindings
from idp.crypto.signed_data import Answer
from idp.db import Transaction
from idp.issuers.verifying import Verified
from idp.mandates.rules import Side
from idp.signatures.rules import CanonicalText, canonical

METHOD = "certificate"
"""How a signature was confirmed (`models.MandateSignature`), where the kept one stands beside it."""
PURPOSES: Mapping[Side, str] = {Side.PRINCIPAL: "mandate.grant", Side.AGENT: "mandate.accept"}


@dataclass(frozen=True, slots=True)
class Certified:
    """What somebody has signed, as a verifier judged it just now: ``answer`` over ``text.content``.

    The caller made sure that the certificate is the signer's to sign by (`Certificates.signs`).
    """

    text: CanonicalText
    answer: Answer = field(repr=False)
    verified: Verified


def about(mandate_id: str) -> str:
    """What a signed text says it is about."""
    return f"mandate:{mandate_id}"


def certificate_text(
    mandate_id: str, texts: Mapping[str, str], text_hash: str, *, side: Side, origin: str
) -> CanonicalText | None:
    """``texts``: by language; ``origin``: the issuer. None where they hold what no signed text may, or are gone."""
    body = "\n".join((*texts.values(), f"SHA-256: {text_hash}")) if texts else ""
    made = canonical(purpose=PURPOSES[side], origin=origin, about=about(mandate_id), body=body)
    return made if isinstance(made, CanonicalText) else None


def names_hash(content: bytes, text_hash: str) -> bool:
    """Whether what was signed is the text of this hash, by its own last line."""
    return content.endswith(f"\nSHA-256: {text_hash}\n".encode())


def has_certificate(tx: Transaction, person: str, party: str, *, now: int) -> bool:
    """Whether a certificate of their own, or of the party whose registered holder they are, is bound and not over."""
    held = (one for one in bindings.of_party(tx, party) if one.holder_id == person)
    return any(one.not_after >= now for one in (*bindings.of_party(tx, person), *held))
