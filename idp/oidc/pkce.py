"""Proof keys for codes (RFC 7636): S256, and nothing else.

Always true: a verifier is compared in a time that does not tell where it differs.
"""

import base64
import hashlib
import re

from idp.crypto.tokens import same

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")


def verifier_fault(challenge: str | None, verifier: str | None) -> str | None:
    """What is wrong with a code verifier (RFC 7636 4.6, RFC 9700 4.8.2), or None."""
    if challenge is None:
        return "code_verifier without a code_challenge" if verifier is not None else None
    if not verifier or (hashed := challenge_of(verifier)) is None:
        return "code_verifier is missing or malformed"
    return None if same(hashed, challenge) else "code_verifier does not match"


def challenge_of(verifier: str | None) -> str | None:
    """The S256 challenge of a verifier (RFC 7636 4.2): empty without one, None for one that is malformed."""
    if verifier is None:
        return ""
    if not _VERIFIER.fullmatch(verifier):
        return None
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
