"""The members of a certificate as they stand in its bytes (RFC 5280 4.1), for whom only some of them matter.

Always true: nothing is judged here; what is not DER, or has an extension twice, raises `idp.crypto.der.Malformed`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from idp.crypto import der
from idp.crypto.der import Element, Malformed, Reader, context

_MOST = 64
"""Extensions of a certificate, and relative names of a subject."""


@dataclass(frozen=True, slots=True)
class Outline:
    """``issuer``, ``serial``, ``subject``: DER; ``extensions``: extnValue without its OCTET STRING, by identifier."""

    issuer: bytes = field(repr=False)
    serial: bytes
    subject: bytes = field(repr=False)
    extensions: Mapping[str, bytes] = field(repr=False)


def outline(certificate: bytes) -> Outline:
    """``certificate``: DER."""
    body = der.only(certificate, der.SEQUENCE).parts.take(der.SEQUENCE).parts
    body.maybe(context(0))
    serial = body.take(der.INTEGER).whole
    body.take(der.SEQUENCE)
    issuer = body.take(der.SEQUENCE).whole
    body.take(der.SEQUENCE)
    subject = body.take(der.SEQUENCE).whole
    body.take(der.SEQUENCE)
    for unique_id in (1, 2):
        body.maybe(context(unique_id, constructed=False))
    return Outline(issuer, serial, subject, _extensions(body))


def attributes(name: bytes) -> list[tuple[str, Element]]:
    """(type, value) of every attribute of a Name (DER), in order."""
    found: list[tuple[str, Element]] = []
    for relative in der.only(name, der.SEQUENCE).parts.all(der.SET, most=_MOST):
        for one in relative.parts.all(der.SEQUENCE, most=_MOST):
            parts = one.parts
            found.append((der.oid(parts.take(der.OID)), parts.take()))
            parts.end()
    return found


def _extensions(body: Reader) -> Mapping[str, bytes]:
    held = body.maybe(context(3))
    body.end()
    found: dict[str, bytes] = {}
    listed = der.only(held.value, der.SEQUENCE).parts.all(der.SEQUENCE, most=_MOST) if held else []
    for one in listed:
        parts = one.parts
        kind = der.oid(parts.take(der.OID))
        parts.maybe(der.BOOLEAN)
        if kind in found:
            raise Malformed("an extension stands twice")
        found[kind] = parts.take(der.OCTET_STRING).value
    return found
