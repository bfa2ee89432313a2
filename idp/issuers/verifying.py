"""The one verdict on a certificate and an answer made with it: for sign-in, binding, signed texts and the command.

Always true: signature, path, revocation and identity have all been judged, in this order, or it is refused.
"""

from dataclasses import dataclass, field
from typing import Protocol

from idp.crypto.certificates import Certificate, Refused
from idp.crypto.signed_data import Answer
from idp.issuers.identity import Named


@dataclass(frozen=True, slots=True)
class Verified:
    """``path`` and ``revocation`` (DER) are what it takes to verify it again years later."""

    certificate: Certificate
    issuer: str
    """The id of the administered issuer."""
    named: Named
    path: tuple[bytes, ...] = field(repr=False)
    revocation: tuple[bytes, ...] = field(repr=False)


class Verifier(Protocol):
    """What binding, sign-in and signed texts ask; tests script it (`tests/certificates/scripted.py`)."""

    def answer(self, answer: Answer, *, content: bytes, now: int) -> Verified | Refused:
        """Who has signed ``content``. May raise `idp.db.DatabaseUnavailable`."""
        ...

    def certificate(self, data: bytes, *, now: int) -> Verified | Refused:
        """Whom a certificate (DER, PEM or base64) names, without a proof that its key is there: for renewal notices,
        and operators in doubt. It signs nobody in. May raise `idp.db.DatabaseUnavailable`.
        """
        ...
