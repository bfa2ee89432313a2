"""Holders of the certificates in `tests/crypto/answers`, and SignedData put together by hand, rightly or wrongly."""

import base64
import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from idp.crypto import der
from idp.crypto.certificates import Certificate, Reason, Refused
from idp.crypto.signed_data import Answer, verify_answer
from idp.crypto.sm2 import USER_ID, PureSm2
from idp.crypto.x509_fields import fields_of
from tests.crypto.sm2_signing import Sm2Key

HERE = Path(__file__).parent / "answers"
CONTENT = (HERE / "content.txt").read_bytes()
CMS, GM = ("1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"), ("1.2.156.10197.6.1.4.2.2", "1.2.156.10197.6.1.4.2.1")
"""The types of SignedData and of data."""
SHA256, SHA384, SM3 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "1.2.156.10197.1.401"
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME = (f"1.2.840.113549.1.9.{last}" for last in (3, 4, 5))
NULL = b"\x05\x00"


def oid(dotted: str) -> bytes:
    first, second, *others = map(int, dotted.split("."))
    return der.encoded(der.OID, b"".join(_base128(arc) for arc in (40 * first + second, *others)))


def _base128(arc: int) -> bytes:
    digits = [arc & 0x7F]
    while arc := arc >> 7:
        digits.append(arc & 0x7F | 0x80)
    return bytes(reversed(digits))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    return der.encoded(der.SEQUENCE, oid(dotted), parameters)


def attribute(dotted: str, *values: bytes) -> bytes:
    return der.encoded(der.SEQUENCE, oid(dotted), der.encoded(der.SET, *values))


def octets(value: bytes) -> bytes:
    return der.encoded(der.OCTET_STRING, value)


def pem(name: str) -> bytes:
    """The DER inside of a PEM file."""
    return base64.b64decode(b"".join((HERE / name).read_bytes().split(b"\n")[1:-2]))


def sm3(data: bytes) -> bytes:
    made = hashes.Hash(hashes.SM3())
    made.update(data)
    return made.finalize()


@dataclass(frozen=True)
class Holder:
    certificate: bytes
    sign: Callable[[bytes], bytes]
    digest: str
    scheme: bytes
    types: tuple[str, str] = CMS

    def hashed(self, content: bytes) -> bytes:
        return sm3(content) if self.digest == SM3 else hashlib.sha256(content).digest()


def rsa_holder(*, pss: bool = False) -> Holder:
    key = load_pem_private_key((HERE / "rsa.key.pem").read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    how = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else padding.PKCS1v15()
    scheme = pss_scheme() if pss else algorithm("1.2.840.113549.1.1.1", NULL)
    return Holder(pem("rsa.pem"), lambda message: key.sign(message, how, hashes.SHA256()), SHA256, scheme)


def pss_scheme(digest: str = SHA256, mask: str = SHA256, salt: bytes = der.integer(32), behind: bytes = b"") -> bytes:
    parts = algorithm(digest, NULL), algorithm("1.2.840.113549.1.1.8", algorithm(mask, NULL)), salt
    wrapped = (der.encoded(der.context(number), part) for number, part in enumerate(parts))
    return algorithm("1.2.840.113549.1.1.10", der.encoded(der.SEQUENCE, *wrapped, behind))


def p256_holder() -> Holder:
    key = load_pem_private_key((HERE / "p256.key.pem").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    scheme = algorithm("1.2.840.10045.4.3.2")
    return Holder(pem("p256.pem"), lambda message: key.sign(message, ec.ECDSA(hashes.SHA256())), SHA256, scheme)


def sm2_holder(user_id: bytes = USER_ID, scheme: str = "1.2.156.10197.1.301.1") -> Holder:
    """GB/T 35275 as middleware makes it."""
    held = der.only(pem("sm2.key.pem")).parts
    held.take(der.INTEGER)
    held.take(der.SEQUENCE)
    inner = der.only(held.take(der.OCTET_STRING).value).parts
    inner.take(der.INTEGER)
    key = Sm2Key(int.from_bytes(inner.take(der.OCTET_STRING).value))
    return Holder(pem("sm2.pem"), lambda message: key.sign(message, user_id), SM3, algorithm(scheme, NULL), GM)


@dataclass(frozen=True)
class Plan:
    """What is to stand in SignedData; what is None stands as it should."""

    attached: bytes | None = CONTENT
    attributes: Sequence[bytes] | None = None
    signs_attributes: bool = True
    in_order: bool = True
    digest: bytes | None = None
    named: bytes | None = None
    scheme: bytes | None = None
    certificates: Sequence[bytes] | None = None
    version: int = 1
    signer_version: int = 1
    sid: bytes | None = None
    types: tuple[str, str] | None = None
    message: bytes | None = None
    behind_signer: bytes = b""
    behind: bytes = b""
    signers: int = 1
    digest_of: bytes = CONTENT


def signed_data(holder: Holder, plan: Plan | None = None, **changes: object) -> bytes:
    plan = replace(plan or Plan(), **changes)
    types = plan.types or holder.types
    named = plan.named or algorithm(holder.digest, NULL)
    held = [] if plan.attached is None else [der.encoded(der.context(0), octets(plan.attached))]
    certificates = [holder.certificate] if plan.certificates is None else list(plan.certificates)
    return der.encoded(
        der.SEQUENCE,
        oid(types[0]),
        der.encoded(
            der.context(0),
            der.encoded(
                der.SEQUENCE,
                der.integer(plan.version),
                der.encoded(der.SET, named),
                der.encoded(der.SEQUENCE, oid(types[1]), *held),
                *([der.encoded(der.context(0), *certificates)] if certificates else []),
                der.encoded(der.SET, *[_signer(holder, plan, types[1])] * plan.signers),
                plan.behind,
            ),
        ),
    )


def _signer(holder: Holder, plan: Plan, content_type: str) -> bytes:
    attributes = list(plan.attributes) if plan.attributes is not None else usual(holder, content_type, plan.digest_of)
    if plan.in_order:
        attributes.sort()
    covered = der.encoded(der.SET, *attributes) if plan.signs_attributes else CONTENT
    seen = fields_of(holder.certificate)
    return der.encoded(
        der.SEQUENCE,
        der.integer(plan.signer_version),
        plan.sid or der.encoded(der.SEQUENCE, seen.issuer, der.integer(seen.serial)),
        plan.digest or algorithm(holder.digest, NULL),
        der.encoded(der.context(0), *attributes) if plan.signs_attributes else b"",
        plan.scheme or holder.scheme,
        octets(holder.sign(covered if plan.message is None else plan.message)),
        plan.behind_signer,
    )


def usual(holder: Holder, content_type: str | None = None, content: bytes = CONTENT) -> list[bytes]:
    """contentType, messageDigest and signingTime."""
    return [
        attribute(CONTENT_TYPE, oid(content_type or holder.types[1])),
        attribute(MESSAGE_DIGEST, octets(holder.hashed(content))),
        attribute(SIGNING_TIME, der.encoded(0x17, b"261126080000Z")),
    ]


HOLDERS = {"rsa": rsa_holder(), "rsa-pss": rsa_holder(pss=True), "p256": p256_holder(), "sm2": sm2_holder()}


def signer(name: str, **changes: object) -> bytes:
    return signed_data(HOLDERS[name], **changes)


def judged(
    data: bytes = b"", content: bytes = CONTENT, *, signature: bytes = b"", certificate: bytes = b""
) -> Certificate | Refused:
    return verify_answer(Answer(data, signature, certificate), content=content, sm2=PureSm2())


def reason(data: bytes, content: bytes = CONTENT, *, certificate: bytes = b"") -> Reason | None:
    found = judged(data, content, certificate=certificate)
    return found.reason if isinstance(found, Refused) else None


def mutated(data: bytes, chance: random.Random) -> bytes:
    """One to three bytes changed, put in, taken out or doubled."""
    changed = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(changed))
        kind = chance.randrange(5)
        if kind == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[at] = chance.choice((0x00, 0x01, 0x30, 0x31, 0x7F, 0x80, 0x84, 0xA0, 0xFF))
        elif kind == 2:
            del changed[at : at + chance.randint(1, 8)]
        elif kind == 3:
            changed[at:at] = chance.randbytes(chance.randint(1, 8))
        else:
            end = min(len(changed), at + chance.randint(1, 200))
            changed[at:at] = changed[at:end]
    return bytes(changed)
