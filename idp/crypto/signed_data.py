"""Answers to a challenge: SignedData (RFC 5652, GB/T 35275; attached or detached), or a bare signature.

Always true: exactly one signer has signed exactly the given content, or it is refused; certificates that came along
serve to find the signer's own, and nothing else.
"""

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes

from idp.crypto import cms, der
from idp.crypto.certificates import Algorithm, Certificate, Reason, Refused, read_certificate
from idp.crypto.public_keys import Digest, Scheme, made_by
from idp.crypto.sm2 import Sm2Unavailable, Sm2Verifier
from idp.crypto.x509_fields import unwrapped

MOST_BYTES = 64 * 1024
_MOST_SIGNATURE = 2048
_LABELS = (b"PKCS7", b"CMS")
_HASHES: dict[Digest, type[hashes.HashAlgorithm]] = {
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sm3": hashes.SM3,
}
_SHA2: tuple[Digest, ...] = ("sha256", "sha384", "sha512")
_COORDINATE = {Algorithm.P256: 32, Algorithm.P384: 48, Algorithm.P521: 66, Algorithm.SM2: 32}
"""Bytes of r, and of s."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came from outside: ``signed_data`` (DER, PEM or base64), or ``signature`` with ``certificate``.

    A ``certificate`` beside ``signed_data`` is one more that the signer may mean.
    """

    signed_data: bytes = field(default=b"", repr=False)
    signature: bytes = field(default=b"", repr=False)
    certificate: bytes = field(default=b"", repr=False)


def verify_answer(answer: Answer, *, content: bytes, sm2: Sm2Verifier) -> Certificate | Refused:
    """Whose key has signed ``content``; the path of the certificate is not looked at.

    A bare signature: DER for ECDSA and SM2 (P1363's r || s as well), PKCS #1 v1.5 or PSS with SHA-256 or better for
    RSA. Nothing is raised, whatever came.
    """
    if max(len(answer.signed_data), len(answer.signature), len(answer.certificate)) > MOST_BYTES:
        return Refused(Reason.TOO_LARGE, "answer")
    if bool(answer.signed_data) == bool(answer.signature):
        return Refused(Reason.ANSWER_MALFORMED, "neither or both of SignedData and signature")
    try:
        if answer.signature:
            return _bare(answer, content, sm2)
        return _signed(answer, content, sm2)
    except der.Malformed as error:
        return Refused(Reason.ANSWER_MALFORMED, str(error))
    except cms.Unsupported as error:
        return Refused(Reason.ALGORITHM, str(error))
    except cms.Signers as error:
        return Refused(Reason.ANSWER_SIGNERS, str(error))
    except Sm2Unavailable:
        return Refused(Reason.ANSWER_SIGNATURE, "nobody there to verify SM2")
    except Exception as error:  # whatever a parser trips over is the sender's, and refused
        return Refused(Reason.ANSWER_MALFORMED, type(error).__name__)


def _bare(answer: Answer, content: bytes, sm2: Sm2Verifier) -> Certificate | Refused:
    if not answer.certificate or len(answer.signature) > _MOST_SIGNATURE:
        return Refused(Reason.ANSWER_MALFORMED, "a signature and its certificate")
    certificate = read_certificate(answer.certificate)
    if isinstance(certificate, Refused):
        return certificate
    signature = _as_der(certificate.algorithm, answer.signature)
    for scheme in _schemes(certificate.algorithm):
        if made_by(certificate.key, scheme, message=content, signature=signature, sm2=sm2):
            return certificate
    return Refused(Reason.ANSWER_SIGNATURE)


def _signed(answer: Answer, content: bytes, sm2: Sm2Verifier) -> Certificate | Refused:
    signed = cms.read(unwrapped(answer.signed_data, *_LABELS))
    if signed.content is not None and not hmac.compare_digest(signed.content, content):
        return Refused(Reason.ANSWER_CONTENT, "attached content")
    extra = (unwrapped(answer.certificate, b"CERTIFICATE"),) if answer.certificate else ()
    certificate = read_certificate(cms.certificate_of(signed, extra))
    if isinstance(certificate, Refused):
        return certificate
    if signed.attributes is not None and (refused := _attributes(signed, content)):
        return refused
    message = content if signed.attributes is None else signed.covered
    if made_by(certificate.key, signed.scheme, message=message, signature=signed.signature, sm2=sm2):
        return certificate
    return Refused(Reason.ANSWER_SIGNATURE)


def _attributes(signed: cms.Signed, content: bytes) -> Refused | None:
    """RFC 5652 11.1 and 11.2: both there, each with one value, and they speak of this content."""
    values = {one.type: one.values for one in signed.attributes or ()}
    kinds, digests = values.get(cms.CONTENT_TYPE, ()), values.get(cms.MESSAGE_DIGEST, ())
    if len(kinds) != 1 or len(digests) != 1 or digests[0].tag != der.OCTET_STRING:
        return Refused(Reason.ANSWER_MALFORMED, "contentType and messageDigest")
    if der.oid(kinds[0]) != signed.content_type:
        return Refused(Reason.ANSWER_CONTENT, "contentType")
    if not hmac.compare_digest(digests[0].value, _digest(signed.scheme, content)):
        return Refused(Reason.ANSWER_CONTENT, "messageDigest")
    return None


def _digest(scheme: Scheme, content: bytes) -> bytes:
    digest = hashes.Hash(_HASHES[scheme.digest]())
    digest.update(content)
    return digest.finalize()


def _schemes(algorithm: Algorithm) -> tuple[Scheme, ...]:
    """Those a bare signature may have been made by, which does not name its own."""
    if algorithm is Algorithm.SM2:
        return (Scheme((algorithm,), "sm3"),)
    usual = tuple(Scheme((algorithm,), digest) for digest in _SHA2)
    return usual + tuple(Scheme((algorithm,), digest, "pss") for digest in _SHA2 if algorithm is Algorithm.RSA)


def _as_der(algorithm: Algorithm, signature: bytes) -> bytes:
    """Of a signature that may be IEEE P1363's r || s; of RSA the signature as it is."""
    size = _COORDINATE.get(algorithm)
    if size is None or len(signature) != 2 * size or _is_pair(signature):
        return signature
    numbers = (int.from_bytes(half) for half in (signature[:size], signature[size:]))
    return der.encoded(der.SEQUENCE, *(der.integer(number) for number in numbers))


def _is_pair(signature: bytes) -> bool:
    try:
        return len(der.only(signature, der.SEQUENCE).parts.all(der.INTEGER, most=2)) == 2
    except der.Malformed:
        return False
