"""Answers to a challenge: SignedData (RFC 5652, GB/T 35275; attached or detached), or a bare signature.

Always true: exactly one signer has signed exactly the given content, or it is refused; certificates that came along
serve to find the signer's own, and nothing else.
"""

import base64
import binascii
import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes

from idp.crypto import cms, der
from idp.crypto.certificates import Certificate, Reason, Refused, read_certificate
from idp.crypto.schemes import Scheme, as_pair, made_by, schemes_of
from idp.crypto.sm2 import Sm2Unavailable, Sm2Verifier

MOST_BYTES = 64 * 1024
_MOST_SIGNATURE = 2048
_LABELS = ("PKCS7", "CMS", "PKCS #7 SIGNED DATA")


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
    signature = as_pair(certificate.algorithm, answer.signature)
    for scheme in schemes_of(certificate.algorithm):
        if made_by(certificate, scheme, message=content, signature=signature, sm2=sm2):
            return certificate
    return Refused(Reason.ANSWER_SIGNATURE)


def _signed(answer: Answer, content: bytes, sm2: Sm2Verifier) -> Certificate | Refused:
    signed = cms.read(_decoded(answer.signed_data))
    if signed.content is not None and not hmac.compare_digest(signed.content, content):
        return Refused(Reason.ANSWER_CONTENT, "attached content")
    extra = answer.certificate
    certificate = read_certificate(cms.certificate_of(signed, (_decoded(extra),) if extra else ()))
    if isinstance(certificate, Refused):
        return certificate
    if signed.attributes is not None and (refused := _attributes(signed, content)):
        return refused
    message = content if signed.attributes is None else signed.covered
    if made_by(certificate, signed.scheme, message=message, signature=signed.signature, sm2=sm2):
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
    digest = hashes.Hash(scheme.digest())
    digest.update(content)
    return digest.finalize()


def _decoded(data: bytes) -> bytes:
    """DER of what is DER, PEM or base64. Raises `idp.crypto.der.Malformed`."""
    if data[:1] == b"\x30":
        return data
    text = data.strip()
    if text.startswith(b"-----BEGIN "):
        text = _unwrapped(text)
    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        raise der.Malformed("neither DER nor PEM nor base64") from None


def _unwrapped(pem: bytes) -> bytes:
    label, found, rest = pem.removeprefix(b"-----BEGIN ").partition(b"-----")
    body, ended, behind = rest.partition(b"-----END " + label + b"-----")
    if not found or not ended or behind.strip() or label.decode("ascii", "replace") not in (*_LABELS, "CERTIFICATE"):
        raise der.Malformed("PEM of something else")
    return body
