"""The shape of SignedData, as RFC 5652 and GB/T 35275 have it, read strictly and before anything is computed.

Always true: no more than `MOST_CERTIFICATES` are looked at, and a certificate is not read further than to see whether
the signer means it.

Clauses: RFC 5652 (5, 11), RFC 5280 (4.1), GB/T 35275-2017 (8), RFC 4055 (3).
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from idp.crypto import der
from idp.crypto.der import Element, Malformed, Reader, context
from idp.crypto.public_keys import Digest, Scheme
from idp.crypto.x509_fields import KEY_IDENTIFIER
from idp.crypto.x509_types import Algorithm

MOST_CERTIFICATES = 8
MOST_ATTRIBUTES = 32
_MOST_EXTENSIONS = 64
DATA = "1.2.840.113549.1.7.1"
GM_DATA = "1.2.156.10197.6.1.4.2.1"
_CONTENTS = {"1.2.840.113549.1.7.2": (DATA,), "1.2.156.10197.6.1.4.2.2": (GM_DATA, DATA)}
"""SignedData -> what it may hold."""
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_DIGESTS: dict[str, Digest] = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
    "1.2.156.10197.1.401": "sm3",
    "1.2.156.10197.1.401.1": "sm3",  # GM/T 0006: "without a key"
}
_RSA, _SM2 = (Algorithm.RSA,), (Algorithm.SM2,)
_NIST = (Algorithm.P256, Algorithm.P384, Algorithm.P521)
_PSS, _MGF1 = "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.8"
_SHA2: tuple[Digest, ...] = ("sha256", "sha384", "sha512")
_SIGNATURES: dict[str, tuple[tuple[Algorithm, ...], tuple[Digest, ...]]] = {
    "1.2.840.113549.1.1.1": (_RSA, _SHA2),
    "1.2.840.113549.1.1.11": (_RSA, ("sha256",)),
    "1.2.840.113549.1.1.12": (_RSA, ("sha384",)),
    "1.2.840.113549.1.1.13": (_RSA, ("sha512",)),
    _PSS: (_RSA, _SHA2),
    "1.2.840.10045.4.3.2": (_NIST, ("sha256",)),
    "1.2.840.10045.4.3.3": (_NIST, ("sha384",)),
    "1.2.840.10045.4.3.4": (_NIST, ("sha512",)),
    "1.2.156.10197.1.501": (_SM2, ("sm3",)),
    "1.2.156.10197.1.301.1": (_SM2, ("sm3",)),
    "1.2.156.10197.1.301": (_SM2, ("sm3",)),  # the curve's, which middleware writes instead of sm2sign
}
"""Signature algorithm -> keys that make it, and the digests it goes with."""


class Unsupported(Exception):
    """An algorithm that counts for nothing here."""


class Signers(Exception):
    """There is not exactly one signer, or not exactly one certificate it may mean."""


class Sid(NamedTuple):
    """Whom the signer means: DER of issuer and serialNumber, or the key identifier."""

    issuer: bytes = b""
    serial: bytes = b""
    key_identifier: bytes = b""


class Attribute(NamedTuple):
    type: str
    values: tuple[Element, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """``content``: None when it is detached; ``attributes``: None when there are none, else ``covered`` is what the
    signature covers of them: the DER of the SET they are.
    """

    content: bytes | None = field(repr=False)
    content_type: str
    certificates: tuple[bytes, ...] = field(repr=False)
    sid: Sid = field(repr=False)
    scheme: Scheme
    attributes: tuple[Attribute, ...] | None = field(repr=False)
    covered: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def read(data: bytes) -> Signed:
    """DER of one ContentInfo. Raises `idp.crypto.der.Malformed`, `Unsupported`, `Signers`."""
    outer = der.only(data, der.SEQUENCE).parts
    kind = der.oid(outer.take(der.OID))
    if kind not in _CONTENTS:
        raise Malformed("not SignedData")
    body = der.only(outer.take(context(0)).value, der.SEQUENCE).parts
    outer.end()
    if der.small(body.take(der.INTEGER)) not in (1, 3):  # the others have what nobody here makes
        raise Malformed("version of SignedData")
    named = _only_one(body.take(der.SET), der.SEQUENCE)
    content_type, content = _content(body.take(der.SEQUENCE).parts)
    if content_type not in _CONTENTS[kind]:
        raise Malformed("type of the content")
    certificates = _certificates(body.maybe(context(0)))
    body.maybe(context(1))
    signer = _only_one(body.take(der.SET), der.SEQUENCE)
    body.end()
    return _signer(signer.parts, _digest(named), content, content_type, certificates)


def certificate_of(signed: Signed, extra: tuple[bytes, ...] = ()) -> bytes:
    """DER of the one certificate among the embedded and ``extra`` that the signer means. Raises `Signers`."""
    meant = {one for one in (*signed.certificates, *extra) if _is_meant(one, signed.sid)}
    if len(meant) != 1:
        raise Signers("certificate of the signer")
    return meant.pop()


def _only_one(of: Element, tag: int) -> Element:
    found = Reader(of.value)
    if found.peek() is None:
        raise Signers("none")
    one = found.take(tag)
    if found.peek() is not None:
        raise Signers("several")
    return one


def _content(encapsulated: Reader) -> tuple[str, bytes | None]:
    content_type = der.oid(encapsulated.take(der.OID))
    held = encapsulated.maybe(context(0))
    encapsulated.end()
    return content_type, der.only(held.value, der.OCTET_STRING).value if held else None


def _certificates(held: Element | None) -> tuple[bytes, ...]:
    if held is None:
        return ()
    return tuple(one.whole for one in held.parts.all(der.SEQUENCE, most=MOST_CERTIFICATES))


def _signer(
    signer: Reader, named: Digest, content: bytes | None, content_type: str, certificates: tuple[bytes, ...]
) -> Signed:
    version = der.small(signer.take(der.INTEGER))
    sid = _sid(signer.take(der.SEQUENCE, context(0, constructed=False)), version)
    digest = _digest(signer.take(der.SEQUENCE))
    held = signer.maybe(context(0))
    scheme = _scheme(signer.take(der.SEQUENCE), digest)
    signature = signer.take(der.OCTET_STRING).value
    signer.end()  # unsigned attributes would be bytes that nobody answers for
    if named != digest:
        raise Malformed("digest algorithms differ")
    attributes = _attributes(held) if held else None
    covered = bytes((der.SET,)) + held.whole[1:] if held else b""
    return Signed(content, content_type, certificates, sid, scheme, attributes, covered, signature)


def _sid(element: Element, version: int) -> Sid:
    if (element.tag == der.SEQUENCE) != (version == 1) or version not in (1, 3):
        raise Malformed("version of SignerInfo")
    if version == 3:
        return Sid(key_identifier=element.value)
    parts = element.parts
    sid = Sid(parts.take(der.SEQUENCE).whole, parts.take(der.INTEGER).whole)
    parts.end()
    return sid


def _attributes(held: Element) -> tuple[Attribute, ...]:
    """Each type once, in the order of a SET OF (X.690 11.6): what is hashed is the one encoding they have."""
    found = held.parts.all(der.SEQUENCE, most=MOST_ATTRIBUTES)
    encodings = [one.whole for one in found]
    if not found or encodings != sorted(encodings):
        raise Malformed("signed attributes are not the DER of a SET")
    read = tuple(_attribute(one.parts) for one in found)
    if len({one.type for one in read}) != len(read):
        raise Malformed("a signed attribute stands twice")
    return read


def _attribute(parts: Reader) -> Attribute:
    kind = der.oid(parts.take(der.OID))
    values = parts.take(der.SET).parts.all(most=MOST_ATTRIBUTES)
    parts.end()
    return Attribute(kind, tuple(values))


def _digest(identifier: Element) -> Digest:
    algorithm, parameters = _algorithm(identifier)
    if algorithm not in _DIGESTS:
        raise Unsupported("digest algorithm")
    _absent_or_null(parameters)
    return _DIGESTS[algorithm]


def _scheme(identifier: Element, digest: Digest) -> Scheme:
    algorithm, parameters = _algorithm(identifier)
    if algorithm not in _SIGNATURES:
        raise Unsupported("signature algorithm")
    keys, digests = _SIGNATURES[algorithm]
    if digest not in digests:
        raise Malformed("signature and digest algorithms do not go together")
    if algorithm == _PSS:
        return Scheme(keys, digest, "pss", _salt(parameters, digest))
    if keys is _NIST and parameters is not None:
        raise Malformed("parameters of ECDSA")  # RFC 5758 3.2
    _absent_or_null(parameters)
    return Scheme(keys, digest)


def _salt(parameters: Element | None, digest: Digest) -> int:
    """RFC 4055 3.1, where the defaults are of SHA-1 and therefore refused."""
    if parameters is None or parameters.tag != der.SEQUENCE:
        raise Malformed("parameters of PSS")
    parts = parameters.parts
    hashed = _digest(der.only(parts.take(context(0)).value, der.SEQUENCE))
    mask, inner = _algorithm(der.only(parts.take(context(1)).value, der.SEQUENCE))
    salt = der.only(parts.take(context(2)).value, der.INTEGER).value
    parts.end()  # trailerField has one value, the default, which DER leaves out
    if mask != _MGF1 or inner is None or hashed != digest or _digest(inner) != digest:
        raise Malformed("hashes of PSS differ")
    if not 1 <= len(salt) <= 2 or salt[0] & 0x80:
        raise Malformed("salt of PSS")
    return int.from_bytes(salt)


def _algorithm(identifier: Element) -> tuple[str, Element | None]:
    if identifier.tag != der.SEQUENCE:
        raise Malformed("algorithm")
    parts = identifier.parts
    algorithm = der.oid(parts.take(der.OID))
    parameters = parts.take() if parts.peek() is not None else None
    parts.end()
    return algorithm, parameters


def _absent_or_null(parameters: Element | None) -> None:
    if parameters is not None and parameters.whole != b"\x05\x00":
        raise Malformed("parameters of an algorithm")


def _is_meant(certificate: bytes, sid: Sid) -> bool:
    """What cannot be read is not the signer's: a chain may bring old roots that nobody here would take."""
    try:
        body = der.only(certificate, der.SEQUENCE).parts.take(der.SEQUENCE).parts
        body.maybe(context(0))
        serial = body.take(der.INTEGER).whole
        body.take(der.SEQUENCE)
        issuer = body.take(der.SEQUENCE).whole
        if not sid.key_identifier:
            return (issuer, serial) == (sid.issuer, sid.serial)
        return _key_identifier(body) == sid.key_identifier
    except Malformed:
        return False


def _key_identifier(body: Reader) -> bytes | None:
    """Of a certificate whose validity is next; nothing else of it is read, unlike by `x509_fields`: one of many."""
    for _ in ("validity", "subject", "subjectPublicKeyInfo"):
        body.take(der.SEQUENCE)
    for unique_id in (1, 2):
        body.maybe(context(unique_id, constructed=False))
    held = der.only(body.take(context(3)).value, der.SEQUENCE).parts.all(der.SEQUENCE, most=_MOST_EXTENSIONS)
    for parts in (one.parts for one in held):
        if der.oid(parts.take(der.OID)) == KEY_IDENTIFIER:
            parts.maybe(der.BOOLEAN)
            return der.only(parts.take(der.OCTET_STRING).value, der.OCTET_STRING).value
    return None
