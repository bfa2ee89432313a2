"""Verifying a signed text again, years later, from what was kept alone.

Always true: today's issuers, revocation lists and clocks do not matter; everything is judged as of the moment it was
verified first.
"""

from typing import NamedTuple

from idp.crypto import der
from idp.crypto.certificates import Authority, PathValidator, Refused
from idp.crypto.signed_data import verify_answer
from idp.crypto.sm2 import Sm2Verifier
from idp.signatures.actions import Kept
from idp.signatures.rules import Alteration, CanonicalText, parse

_ENUMERATED = 0x0A
_GRACE = 366 * 86400
"""Seconds: which age of a list was good enough was decided when it was kept."""


class Intact(NamedTuple):
    """It was signed by the certificate's key at ``signed_at``; ``person``, ``entity``: whom that named, in clear."""

    text: CanonicalText
    signed_at: int
    fingerprint: str
    person: str | None
    entity: str | None


class Altered(NamedTuple):
    """``detail``: for operators, ASCII, nothing personal."""

    reason: Alteration
    detail: str = ""


def verify_again(kept: Kept, *, sm2: Sm2Verifier, paths: PathValidator, now: int) -> Intact | Altered:
    """Whether ``kept`` (`SignedTexts.load`) still proves what it did; no transaction need be open."""
    text = parse(kept.content)
    if text is None or not _is_the_text(text, kept):
        return Altered(Alteration.TEXT)
    if kept.verified_at > now or not kept.path:
        return Altered(Alteration.RECORD)
    signer = verify_answer(kept.answer, content=kept.content, sm2=sm2)
    if isinstance(signer, Refused):
        return Altered(Alteration.SIGNATURE, f"{signer.reason.value} {signer.detail}".rstrip())
    if signer.fingerprint != kept.record["fingerprint"] or signer.der != kept.path[-1]:
        return Altered(Alteration.CERTIFICATE)
    accepted = paths.validate(signer, [_then(kept)], now=kept.verified_at)
    if isinstance(accepted, Refused):
        return Altered(Alteration.PATH, f"{accepted.reason.value} {accepted.detail}".rstrip())
    return Intact(text, kept.signed_at, signer.fingerprint, kept.record["person"], kept.record["entity"])


def _is_the_text(text: CanonicalText, kept: Kept) -> bool:
    told = kept.record
    return (text.sha256, text.sm3, text.purpose, text.about) == (
        told["digest"],
        told["digest_sm3"],
        told["purpose"],
        told["about"],
    )


def _then(kept: Kept) -> Authority:
    """The issuer as it was: the root the path ended at, what stood between, and what spoke for revocation."""
    answers = tuple(data for data in kept.revocation if _is_ocsp(data))
    lists = tuple(data for data in kept.revocation if not _is_ocsp(data))
    return Authority("evidence", kept.path[:1], kept.path[1:-1], lists, answers, grace=_GRACE)


def _is_ocsp(data: bytes) -> bool:
    """OCSPResponse begins with its status (RFC 6960 4.2.1), CertificateList with what is signed of it."""
    try:
        return der.only(data, der.SEQUENCE).parts.peek() == _ENUMERATED
    except der.Malformed:
        return False
