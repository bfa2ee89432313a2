"""The certificates and lists of PKITS over again, with SM2 keys and signatures in place of their own.

Always true: nothing but keys, algorithms and signatures differs, and a signature holds where that of the original
does.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping

from asn1crypto import crl, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from idp.crypto import der
from tests.crypto.sm2_signing import ALGORITHM, N, Sm2Key


class Twins(dict[str, bytes]):
    """By the name of the original; made when asked for."""

    def __init__(self, originals: Mapping[str, bytes]) -> None:
        self._originals = originals
        self._keys: dict[str, set[bytes]] = defaultdict(set)
        for name, content in originals.items():
            if name.endswith(".crt"):
                certificate = x509.Certificate.load(content)
                self._keys[certificate.subject.hashable].add(certificate.public_key.dump())

    def __missing__(self, name: str) -> bytes:
        original = self._originals[name]
        kind = x509.Certificate if name.endswith(".crt") else crl.CertificateList
        issuer = kind.load(original).issuer.hashable
        tbs, _, signature = der.only(original, der.SEQUENCE).parts.all(der.SEQUENCE, der.BIT_STRING, most=3)
        signer = next((key for key in self._keys[issuer] if _holds(key, tbs.whole, signature.value)), None)
        twin = _twin_of(tbs)
        made = _key(signer or b"nobody").sign(twin)
        if signer is None:
            made = made[:-1] + bytes((made[-1] ^ 1,))
        self[name] = der.encoded(der.SEQUENCE, twin, ALGORITHM, der.encoded(der.BIT_STRING, b"\0", made))
        return self[name]


def _twin_of(tbs: der.Element) -> bytes:
    """The first SEQUENCE is the algorithm; the fifth of a certificate, which has a version, its key."""
    parts, members, sequences = tbs.parts, [], 0
    is_certificate = parts.peek() == der.context(0)
    while parts.peek() is not None:
        member = parts.take()
        sequences += member.tag == der.SEQUENCE
        if member.tag == der.SEQUENCE and sequences == 1:
            members.append(ALGORITHM)
        elif member.tag == der.SEQUENCE and sequences == 5 and is_certificate:
            members.append(_key(member.whole).spki)
        else:
            members.append(member.whole)
    return der.encoded(der.SEQUENCE, *members)


def _key(original: bytes) -> Sm2Key:
    return Sm2Key(int.from_bytes(hashlib.sha512(original).digest()) % (N - 2) + 1)


def _holds(key: bytes, signed: bytes, bits: bytes) -> bool:
    if bits[0] != 0:
        return False
    try:
        public = load_der_public_key(key)
    except ValueError:  # DSA whose parameters stand in another certificate
        return True
    if not isinstance(public, rsa.RSAPublicKey):
        return True
    try:
        public.verify(bits[1:], signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True
