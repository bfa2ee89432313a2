"""Certificates and revocation lists of the demo CAs, written field by field (RFC 5280, GB/T 20518, GM/T 0015).

Always true: whatever is asked for is made, mistakes included; who made it is a demo CA that nobody should trust.
"""

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from adapters.sandbox import der, sm2
from adapters.sandbox.ca_keys import Key

PERSON = "1.2.156.10260.4.1.1"
"""GM/T 0015: the number of a person's document."""
ORGANISATION = "1.2.156.10260.4.1.4"
"""GM/T 0015: the organisation code; carries the unified social credit code nowadays."""
CREDIT_CODE = "1.2.156.10260.4.4"
DIGITAL_SIGNATURE, NON_REPUDIATION, KEY_ENCIPHERMENT, KEY_CERT_SIGN, CRL_SIGN = 0, 1, 2, 5, 6
OCSP_SIGNING = "1.3.6.1.5.5.7.3.9"
_COUNTRY, _ORGANISATION_NAME, _UNIT, _COMMON_NAME = "2.5.4.6", "2.5.4.10", "2.5.4.11", "2.5.4.3"


@dataclass(frozen=True, slots=True)
class Held:
    """A certificate with its private key. ``name``: its subject, DER."""

    certificate: bytes
    key: Key = field(repr=False)
    name: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a certificate is to say. Times: Unix seconds; ``extensions``: DER of each."""

    subject: bytes
    not_before: int
    not_after: int
    extensions: tuple[bytes, ...] = ()
    user_id: bytes = sm2.USER_ID
    """With which the issuer signs; SM2 alone."""


def name(common: str, *, organisation: str = "", unit: str = "") -> bytes:
    """A distinguished name, in the order of GB/T 20518."""
    parts = [(_COUNTRY, der.printable("CN"))]
    parts += [(_ORGANISATION_NAME, der.utf8(organisation))] if organisation else []
    parts += [(_UNIT, der.utf8(unit))] if unit else []
    parts.append((_COMMON_NAME, der.utf8(common)))
    return der.sequence(*(der.set_of(der.sequence(der.oid(kind), value)) for kind, value in parts))


def issue(plan: Plan, key: Key, *, issuer: Held | None) -> Held:
    """The certificate of ``plan`` for ``key``; without ``issuer`` it is signed by itself."""
    signer = issuer.key if issuer else key
    serial = secrets.randbits(126) | 1 << 126
    to_be_signed = der.sequence(
        der.explicit(0, der.integer(2)),
        der.integer(serial),
        signer.algorithm,
        issuer.name if issuer else plan.subject,
        der.sequence(der.time(plan.not_before), der.time(plan.not_after)),
        plan.subject,
        key.public_info,
        der.explicit(
            3, der.sequence(authority_key(signer), extension("2.5.29.14", _key_id_octets(key)), *plan.extensions)
        ),
    )
    return Held(_sealed(to_be_signed, signer, plan.user_id), key, plan.subject, serial)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A serial number on a list, and since when."""

    serial: int
    since: int


def revocation_list(
    issuer: Held, withdrawn: Iterable[Withdrawn], *, this_update: int, next_update: int, signer: Key | None = None
) -> bytes:
    """A CRL, DER; ``signer`` in place of the issuer's key forges it. Its number is the time."""
    signer = signer or issuer.key
    rows = [der.sequence(der.integer(one.serial), der.time(one.since)) for one in withdrawn]
    to_be_signed = der.sequence(
        der.integer(1),
        signer.algorithm,
        issuer.name,
        der.time(this_update),
        der.time(next_update),
        *([der.sequence(*rows)] if rows else []),
        der.explicit(0, der.sequence(authority_key(issuer.key), extension("2.5.29.20", der.integer(this_update)))),
    )
    return _sealed(to_be_signed, signer, sm2.USER_ID)


def _sealed(to_be_signed: bytes, signer: Key, user_id: bytes) -> bytes:
    signature = signer.sign(to_be_signed, user_id=user_id)
    return der.sequence(to_be_signed, signer.algorithm, der.bits(signature))


def key_id(key: Key) -> bytes:
    """RFC 5280 4.2.1.2 (1)."""
    return hashlib.sha1(key.public_bits).digest()  # noqa: S324 - a name, not a seal


def _key_id_octets(key: Key) -> bytes:
    return der.octets(key_id(key))


def extension(dotted: str, value: bytes, *, critical: bool = False) -> bytes:
    return der.sequence(der.oid(dotted), *([der.boolean(True)] if critical else []), der.octets(value))


def authority_key(key: Key) -> bytes:
    return extension("2.5.29.35", der.sequence(der.implicit(0, key_id(key))))


def basic_constraints(*, authority: bool, path_length: int | None = None) -> bytes:
    parts = [der.boolean(True)] if authority else []
    parts += [] if path_length is None else [der.integer(path_length)]
    return extension("2.5.29.19", der.sequence(*parts), critical=True)


def key_usage(*bits: int) -> bytes:
    return extension("2.5.29.15", der.flags(*bits), critical=True)


def extended_key_usage(*purposes: str) -> bytes:
    return extension("2.5.29.37", der.sequence(*(der.oid(purpose) for purpose in purposes)))


def no_check() -> bytes:
    """RFC 6960 4.2.2.2.1: nobody asks whether a responder's certificate is revoked."""
    return extension("1.3.6.1.5.5.7.48.1.5", der.null())


def revocation_pointers(*, crl: str, ocsp: str = "") -> tuple[bytes, ...]:
    """Where the list is, and who answers about single ones."""
    at = der.explicit(0, der.explicit(0, der.implicit(6, crl.encode())))
    points = (extension("2.5.29.31", der.sequence(der.sequence(at))),)
    if not ocsp:
        return points
    access = der.sequence(der.oid("1.3.6.1.5.5.7.48.1"), der.implicit(6, ocsp.encode()))
    return (*points, extension("1.3.6.1.5.5.7.1.1", der.sequence(access)))
