"""What a certificate, its administered issuer and a verdict on it are; `idp.crypto.certificates` is the door to all.

Always true: nothing here has been verified by being there, but what `Accepted` holds.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

MOST_BYTES = 16 * 1024
"""Of one certificate, DER."""


class Reason(StrEnum):
    """Why a certificate, or an answer made with one, is refused; `idp.web` has the sentence for each."""

    MALFORMED = "certificate_malformed"
    TOO_LARGE = "certificate_too_large"
    ALGORITHM = "certificate_algorithm"
    """A signature or key algorithm that is weak (MD5, SHA-1) or unknown here."""
    WEAK_KEY = "certificate_weak_key"
    NOT_FOR_SIGNING = "certificate_not_for_signing"
    """The encryption certificate of a pair, for the most part: no ``digitalSignature``."""
    IS_AUTHORITY = "certificate_is_authority"
    UNKNOWN_ISSUER = "certificate_unknown_issuer"
    ISSUER_OFF = "certificate_issuer_off"
    PATH = "certificate_path"
    """RFC 5280 6.1 does not hold, and none of the others says why."""
    NOT_YET_VALID = "certificate_not_yet_valid"
    EXPIRED = "certificate_expired"
    REVOKED = "certificate_revoked"
    REVOCATION_UNKNOWN = "certificate_revocation_unknown"
    """No revocation data that is valid now: missing, forged, or older than the policy allows."""
    NO_IDENTITY = "certificate_no_identity"
    ANSWER_MALFORMED = "answer_malformed"
    ANSWER_SIGNERS = "answer_signers"
    """Not exactly one signer."""
    ANSWER_CONTENT = "answer_content"
    """It signs something else than what was asked for."""
    ANSWER_SIGNATURE = "answer_signature"


class Algorithm(StrEnum):
    """Of a public key."""

    RSA = "rsa"
    P256 = "p-256"
    P384 = "p-384"
    P521 = "p-521"
    SM2 = "sm2"


class Refused(NamedTuple):
    """``detail``: what exactly, in ASCII for operators and the audit; nothing personal."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Certificate:
    """One that passed every check that needs no other. Times: Unix seconds; ``not_after``: the last valid second."""

    der: bytes = field(repr=False)
    issuer: str
    """RFC 4514."""
    serial: str
    """Lower-case hexadecimal without leading zeros."""
    subject: str = field(repr=False)
    not_before: int
    not_after: int
    key: bytes = field(repr=False)
    """SubjectPublicKeyInfo, DER."""
    key_hash: str
    """SHA-256 of ``key``, hexadecimal."""
    fingerprint: str
    """SHA-256 of ``der``, hexadecimal."""
    algorithm: Algorithm


@dataclass(frozen=True, slots=True)
class Authority:
    """One administered issuer, as far as validation needs it.

    ``anchors``: DER of self-signed roots it ends at; ``intermediates``: DER of what may stand between; ``crls`` and
    ``ocsp``: DER of what is held of their revocation data; ``grace``: seconds beyond a CRL's ``nextUpdate`` for which
    it still counts; ``enabled``: the kill switch.
    """

    id: str
    anchors: tuple[bytes, ...]
    intermediates: tuple[bytes, ...]
    crls: tuple[bytes, ...] = ()
    ocsp: tuple[bytes, ...] = ()
    grace: int = 0
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Accepted:
    """``path``: DER from anchor to the certificate; ``revocation``: DER of the CRLs and OCSP answers that spoke."""

    certificate: Certificate
    authority: str
    path: tuple[bytes, ...] = field(repr=False)
    revocation: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Policies:
    """What RFC 5280 6.1.1 (c), (e), (f) and (g) start with. ``acceptable``: dotted identifiers, empty: any policy."""

    acceptable: frozenset[str] = frozenset()
    explicit: bool = False
    """A path without an acceptable policy is refused."""
    inhibit_mapping: bool = False
    inhibit_any: bool = False
