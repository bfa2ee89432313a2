"""The one verdict on a certificate and an answer made with it: for sign-in, binding, signed texts and the command.

Always true: signature, path, revocation and identity have all been judged, in this order, or it is refused.

Of several reasons the first in this order is told: the size and form of the answer, its signers, its content, what is
wrong with the certificate by itself, the signature; then issuer, path, validity and revocation as
`idp.crypto.certificates.PathValidator` orders them; last, whom it names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Protocol

from idp.crypto.certificates import (
    Accepted,
    Authority,
    Certificate,
    PathValidator,
    Reason,
    Refused,
    read_certificate,
)
from idp.crypto.signed_data import Answer, verify_answer
from idp.crypto.sm2 import Sm2Verifier
from idp.issuers.identity import Named, Profile, named_by
from idp.issuers.profiles import KeyProtection
from idp.issuers.rules import Usage

_CHINA = timezone(timedelta(hours=8), "CST")
Trusted = Callable[[], Sequence[tuple[Authority, Profile]]]
"""The administered issuers as they stand now. May raise `idp.db.DatabaseUnavailable`."""


@dataclass(frozen=True, slots=True)
class Verified:
    """``path`` and ``revocation`` (DER) are what it takes to verify it again years later."""

    certificate: Certificate
    issuer: str
    """The id of the administered issuer."""
    named: Named
    path: tuple[bytes, ...] = field(repr=False)
    revocation: tuple[bytes, ...] = field(repr=False)
    key_protection: KeyProtection = KeyProtection.UNKNOWN
    """As the issuer's profile says."""


class Verifier(Protocol):
    """What binding, sign-in and signed texts ask; tests script it (`tests/certificates/scripted.py`)."""

    def answer(self, answer: Answer, *, content: bytes, now: int) -> Verified | Refused:
        """Who has signed ``content``. May raise `idp.db.DatabaseUnavailable`."""
        ...

    def certificate(self, data: bytes, *, now: int) -> Verified | Refused:
        """Whom a certificate (DER, PEM or base64) names. That its key is there is not looked at: the caller knows it
        from a TLS handshake, or signs nobody in (operators in doubt). May raise `idp.db.DatabaseUnavailable`.
        """
        ...


class CertificateVerifier:
    """A `Verifier` over ``trusted``. Nothing it is given makes it raise anything but what ``trusted`` raises."""

    def __init__(
        self,
        trusted: Trusted,
        *,
        sm2: Sm2Verifier,
        paths: PathValidator,
        usage: Callable[[str], Usage | None] = lambda _issuer: Usage.BOTH,
    ) -> None:
        """``usage``: whose certificates of an issuer, by its id, are accepted."""
        self._trusted = trusted
        self._usage = usage
        self._sm2 = sm2
        self._paths = paths

    def answer(self, answer: Answer, *, content: bytes, now: int) -> Verified | Refused:
        signer = verify_answer(answer, content=content, sm2=self._sm2)
        return signer if isinstance(signer, Refused) else self._judged(signer, now)

    def certificate(self, data: bytes, *, now: int) -> Verified | Refused:
        read = read_certificate(data)
        return read if isinstance(read, Refused) else self._judged(read, now)

    def _judged(self, certificate: Certificate, now: int) -> Verified | Refused:
        trusted = self._trusted()
        accepted = self._paths.validate(certificate, [authority for authority, _ in trusted], now=now)
        if isinstance(accepted, Refused):
            return accepted
        profile = next((profile for authority, profile in trusted if authority.id == accepted.authority), None)
        named = named_by(certificate, profile, today=datetime.fromtimestamp(now, _CHINA).date()) if profile else None
        if profile is None or named is None:
            return Refused(Reason.NO_IDENTITY)
        if not _serves(self._usage(accepted.authority), named):
            return Refused(Reason.UNKNOWN_ISSUER, "not trusted for whom it names")
        return _verified(accepted, named, profile)


def _serves(usage: Usage | None, named: Named) -> bool:
    """An entity's certificate may name its holder; a person's names no entity."""
    return usage in (Usage.BOTH, Usage.PEOPLE if named.entity is None else Usage.ENTITIES)


def _verified(accepted: Accepted, named: Named, profile: Profile) -> Verified:
    return Verified(
        accepted.certificate, accepted.authority, named, accepted.path, accepted.revocation, profile.key_protection
    )
