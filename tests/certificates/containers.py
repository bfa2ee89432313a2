"""Certificate files as people have them: of one key, of the pair of a USB key, of several, of none."""

from collections.abc import Sequence
from functools import cache

from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509 import load_der_x509_certificate

from adapters.sandbox import ca_pkcs12, der
from adapters.sandbox.ca import DemoAuthority, Issued, authorities
from adapters.sandbox.ca_cast import SCENES
from adapters.sandbox.ca_keys import Kind
from adapters.sandbox.ca_shelf import Shelf

PASSWORD = ca_pkcs12.PASSWORD
_CAST = {scene.key: scene for scene in SCENES}
_SHELF = Shelf()


@cache
def _authority(kind: Kind) -> DemoAuthority:
    return authorities(_SHELF, _CAST)[kind]


def issued(kind: Kind, key: str, *, now: int) -> Issued:
    return _authority(kind).certificate(_CAST[key], now=now)


def several(held: Sequence[Issued]) -> bytes:
    """A file of the keys and certificates of all of ``held``, which no key says its certificate in."""
    keys = []
    for one in held:
        scheme, sealed = ca_pkcs12._encrypt(one.held.key.pkcs8, PASSWORD)
        keys.append(ca_pkcs12._bag(2, der.sequence(scheme, der.octets(sealed))))
    certificates = [ca_pkcs12._bag(3, ca_pkcs12._certificate(one.held.certificate)) for one in held]
    contents = der.sequence(ca_pkcs12._data(der.sequence(*keys, *certificates)))
    return der.sequence(der.integer(3), ca_pkcs12._data(contents), ca_pkcs12._mac(contents, PASSWORD))


def without_key(one: Issued) -> bytes:
    certificate = load_der_x509_certificate(one.held.certificate)
    sealing = BestAvailableEncryption(PASSWORD.encode())
    return pkcs12.serialize_key_and_certificates(None, None, certificate, None, sealing)
