"""One certificate, and everything that can be held against it without looking at another.

Always true: who passes `read_certificate` is an end entity with a sound key that is meant for signing; who passes
`check_anchor` is an authority; neither is trusted by that.

Clauses: RFC 5280 (4.1, 4.2), GB/T 20518-2018.
"""

import hashlib

from idp.crypto import der
from idp.crypto.public_keys import algorithm_of, made_by, scheme_of
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_fields import (
    BASIC_CONSTRAINTS,
    KEY_USAGE,
    Fields,
    check_strict,
    constraints_of,
    fields_of,
    unwrapped,
    usages_of,
)
from idp.crypto.x509_names import readable
from idp.crypto.x509_types import MOST_BYTES, Algorithm, Certificate, Reason, Refused

_DIGITAL_SIGNATURE, _KEY_CERT_SIGN = 0, 5
_LONGEST_SERIAL = 160
"""Bits (RFC 5280 4.1.2.2)."""
_UNDERSTOOD = frozenset({
    BASIC_CONSTRAINTS, KEY_USAGE, "2.5.29.37", "2.5.29.32", "2.5.29.17", "2.5.29.31", "2.5.29.14", "2.5.29.35",
    "2.5.29.46", "1.3.6.1.5.5.7.1.1",
})  # fmt: skip
"""Extensions that are either acted upon or do not limit what a certificate is for: these alone may be critical."""
_OF_AUTHORITIES = _UNDERSTOOD | {"2.5.29.30", "2.5.29.33", "2.5.29.36", "2.5.29.54"}
_LABELS = (b"CERTIFICATE", b"X509 CERTIFICATE", b"TRUSTED CERTIFICATE")


def read_certificate(data: bytes) -> Certificate | Refused:
    """DER, PEM or bare base64 of one certificate, after every check that needs no other certificate."""
    try:
        fields = _fields(data)
        return fields if isinstance(fields, Refused) else _end_entity(fields)
    except der.Malformed as error:
        return Refused(Reason.MALFORMED, str(error))


def check_anchor(data: bytes, *, sm2: Sm2Verifier) -> Certificate | Refused:
    """A root or intermediate as it is imported: RFC 5280 4.2.1.9, key, algorithm, own signature of a root.

    May raise `idp.crypto.sm2.Sm2Unavailable`.
    """
    try:
        fields = _fields(data)
        return fields if isinstance(fields, Refused) else _authority(fields, sm2)
    except der.Malformed as error:
        return Refused(Reason.MALFORMED, str(error))


def certificate_of(fields: Fields, algorithm: Algorithm) -> Certificate:
    """Raises `idp.crypto.der.Malformed`."""
    return Certificate(
        der=fields.der,
        issuer=readable(fields.issuer),
        serial=f"{fields.serial:x}",
        subject=readable(fields.subject),
        not_before=fields.not_before,
        not_after=fields.not_after,
        key=fields.key,
        key_hash=hashlib.sha256(fields.key).hexdigest(),
        fingerprint=hashlib.sha256(fields.der).hexdigest(),
        algorithm=algorithm,
    )


def _fields(data: bytes) -> Fields | Refused:
    if len(data) > 2 * MOST_BYTES:
        return Refused(Reason.TOO_LARGE)
    decoded = unwrapped(data, *_LABELS)
    if len(decoded) > MOST_BYTES:
        return Refused(Reason.TOO_LARGE)
    return fields_of(decoded)


def _end_entity(fields: Fields) -> Certificate | Refused:
    algorithm = _sound(fields, _UNDERSTOOD)
    if isinstance(algorithm, Refused):
        return algorithm
    usages = usages_of(fields)
    if constraints_of(fields).authority or (usages and _KEY_CERT_SIGN in usages):
        return Refused(Reason.IS_AUTHORITY)
    if not usages or _DIGITAL_SIGNATURE not in usages:
        return Refused(Reason.NOT_FOR_SIGNING, "keyUsage")
    return certificate_of(fields, algorithm)


def _authority(fields: Fields, sm2: Sm2Verifier) -> Certificate | Refused:
    algorithm = _sound(fields, _OF_AUTHORITIES)
    if isinstance(algorithm, Refused):
        return algorithm
    usages = usages_of(fields)
    if not constraints_of(fields).authority or (usages is not None and _KEY_CERT_SIGN not in usages):
        return Refused(Reason.PATH, "not an authority")
    if fields.issuer == fields.subject and not _is_signed_by(fields, fields.key, sm2):
        return Refused(Reason.PATH, "own signature")
    return certificate_of(fields, algorithm)


def _sound(fields: Fields, understood: frozenset[str]) -> Algorithm | Refused:
    if fields.serial <= 0 or fields.serial.bit_length() > _LONGEST_SERIAL:
        return Refused(Reason.MALFORMED, "serial number")
    if scheme_of(fields.algorithm) is None:
        return Refused(Reason.ALGORITHM, "signature algorithm")
    for kind, extension in fields.extensions.items():
        if kind in _OF_AUTHORITIES:
            check_strict(extension.value)
        if extension.critical and kind not in understood:
            return Refused(Reason.PATH, f"critical extension {kind}")
    return algorithm_of(fields.key)


def _is_signed_by(fields: Fields, key: bytes, sm2: Sm2Verifier) -> bool:
    scheme = scheme_of(fields.algorithm)
    if scheme is None:
        return False
    return made_by(key, scheme, message=fields.tbs, signature=fields.signature, sm2=sm2)
