"""Which certificate is a client's: by a name its authority has put there, or because it was registered itself.

Always true: names are compared in full, one for one - no wildcard, no part of one - and a certificate by all of it.

Clauses: RFC 8705 2.1.2 (``tls_client_auth_*``), 2.2.2 (keys with ``x5c``), RFC 7517 4.7, 4.9.
"""

import base64
import binascii
from collections.abc import Iterable, Mapping
from hashlib import sha256
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.x509.oid import NameOID

from idp.crypto.tokens import same

SUBJECT_DN = "tls_client_auth_subject_dn"
SAN_DNS = "tls_client_auth_san_dns"
SAN_URI = "tls_client_auth_san_uri"
SAN_IP = "tls_client_auth_san_ip"
SAN_EMAIL = "tls_client_auth_san_email"
NAMES = (SUBJECT_DN, SAN_DNS, SAN_URI, SAN_IP, SAN_EMAIL)
_WRITTEN = {
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SERIALNUMBER": NameOID.SERIAL_NUMBER,
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "EMAILADDRESS": NameOID.EMAIL_ADDRESS,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
}
"""What OpenSSL and Java call attributes for which RFC 4514 has no name."""
_Rdns = tuple[frozenset[tuple[str, str | bytes]], ...]


def thumbprint(der: bytes) -> str:
    """``x5t#S256`` (RFC 8705 3.1): base64url of SHA-256 over the whole certificate."""
    return base64.urlsafe_b64encode(sha256(der).digest()).rstrip(b"=").decode()


def name_fault(kind: str, value: str) -> str | None:
    """Why ``value`` can be no client's name of this kind, or None."""
    if not isinstance(value, str) or not value or len(value) > 512:
        return "a text of 512 characters at most"
    try:
        if kind == SUBJECT_DN:
            return None if _rdns(_named(value)) else "empty"
        if kind == SAN_IP:
            ip_address(value)
    except ValueError:
        return "no distinguished name (RFC 4514)" if kind == SUBJECT_DN else "no IP address"
    if kind != SUBJECT_DN and (not value.isascii() or "*" in value or " " in value):
        return "no name in ASCII without wildcard"
    return None


def bears(certificate: x509.Certificate, kind: str, value: str) -> bool:
    """Whether ``certificate`` is for the subject ``value``. Raises `ValueError` for one that cannot be read."""
    if kind == SUBJECT_DN:
        return _rdns(certificate.subject) == _rdns(_named(value))
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    if kind == SAN_DNS:
        return value.lower() in {name.lower() for name in names.get_values_for_type(x509.DNSName)}
    if kind == SAN_URI:
        return value in names.get_values_for_type(x509.UniformResourceIdentifier)
    if kind == SAN_IP:
        return ip_address(value) in names.get_values_for_type(x509.IPAddress)
    return _mailbox(value) in {_mailbox(name) for name in names.get_values_for_type(x509.RFC822Name)}


def _mailbox(address: str) -> str:
    """RFC 5280 7.5: the host in any case, what stands before it exactly."""
    local, at, host = address.rpartition("@")
    return f"{local}{at}{host.lower()}"


def _named(text: str) -> x509.Name:
    return x509.Name.from_rfc4514_string(text, _WRITTEN)


def _rdns(name: x509.Name) -> _Rdns:
    return tuple(frozenset((part.oid.dotted_string, part.value) for part in rdn) for rdn in name.rdns)


def is_registered(der: bytes, keys: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of a client's JSON Web Keys is for exactly this certificate."""
    return any(_is_of(der, key) for key in keys)


def _is_of(der: bytes, key: Mapping[str, Any]) -> bool:
    chain, print_ = key.get("x5c"), key.get("x5t#S256")
    if chain is not None:
        return _first(chain) == der
    return isinstance(print_, str) and same(print_, thumbprint(der))


def _first(chain: Any) -> bytes | None:
    """DER of the certificate a key's ``x5c`` begins with."""
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return None
    try:
        return base64.b64decode(chain[0], validate=True)
    except (binascii.Error, ValueError):
        return None


def key_certificate_fault(key: Mapping[str, Any]) -> str | None:
    """Why a registered key names no certificate that its client could show, or None (RFC 7517 4.7)."""
    if "x5c" not in key and not isinstance(key.get("x5t#S256"), str):
        return "jwks: a key without x5c and x5t#S256 names no certificate"
    if "x5c" not in key:
        return None
    try:
        der = _first(key["x5c"])
        x509.load_der_x509_certificate(der or b"")
    except ValueError:
        return "jwks: x5c is no certificate"
    if "x5t#S256" in key and key["x5t#S256"] != thumbprint(der or b""):
        return "jwks: x5c and x5t#S256 are of two certificates"
    return None
