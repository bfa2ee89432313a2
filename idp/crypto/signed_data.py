"""Answers to a challenge: SignedData (RFC 5652, GB/T 35275; attached or detached), or a bare signature.

Always true: exactly one signer has signed exactly the given content, or it is refused; certificates that came along
serve to find the signer's own, and nothing else.
"""

from dataclasses import dataclass, field

from idp.crypto.certificates import Certificate, Refused
from idp.crypto.sm2 import Sm2Verifier

MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came from outside: ``signed_data`` (DER, PEM or base64), or ``signature`` with ``certificate``."""

    signed_data: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)


def verify_answer(answer: Answer, *, content: bytes, sm2: Sm2Verifier) -> Certificate | Refused:
    """Whose key has signed ``content``; the path of the certificate is not looked at.

    A bare signature: DER for ECDSA and SM2 (P1363's r || s as well), PKCS #1 v1.5 or PSS with SHA-256 or better for RSA.
    """
    raise NotImplementedError
