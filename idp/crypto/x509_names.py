"""Distinguished names: as they are read by people (RFC 4514), and as they are compared (RFC 5280 7.1).

Always true: a name whose strings are in no encoding they claim is still read, by its bytes, and is equal to no other.
"""

from asn1crypto import x509

from idp.crypto import der
from idp.crypto.der import Malformed

_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_TELETEX = 0x14
_ENCODINGS = {
    0x0C: "utf-8",
    0x12: "ascii",
    0x13: "utf-8",  # PrintableString, into which issuers have written what they liked
    _TELETEX: "gb18030",  # T.61 is what it claims to be; what Chinese issuers wrote into it is this
    0x16: "utf-8",
    0x1A: "ascii",
    0x1C: "utf-32-be",
    0x1E: "utf-16-be",
}
_MOST = 64
"""Relative names, and attributes of one."""
_ESCAPED = frozenset('\\"+,;<>')


def readable(name: bytes) -> str:
    """``name``: DER. Raises `idp.crypto.der.Malformed`."""
    relative = der.only(name, der.SEQUENCE).parts.all(der.SET, most=_MOST)
    return ",".join("+".join(map(_attribute, one.parts.all(der.SEQUENCE, most=_MOST))) for one in reversed(relative))


def comparable(name: bytes) -> str:
    """``name``: DER. Raises `idp.crypto.der.Malformed`."""
    try:
        return str(x509.Name.load(name).hashable)
    except (ValueError, TypeError, KeyError):
        raise Malformed("name") from None


def _attribute(attribute: der.Element) -> str:
    parts = attribute.parts
    kind = der.oid(parts.take(der.OID))
    value = parts.take()
    parts.end()
    return f"{_SHORT.get(kind, kind)}={_value(value)}"


def _value(value: der.Element) -> str:
    try:
        text = value.value.decode(_ENCODINGS[value.tag])
    except (KeyError, ValueError):
        return f"#{value.whole.hex()}"
    escaped = "".join(f"\\{one}" if one in _ESCAPED else one for one in text).replace("\0", "\\00")
    if escaped[:1] in (" ", "#"):
        escaped = f"\\{escaped}"
    return f"{escaped[:-1]}\\ " if len(text) > 1 and text.endswith(" ") else escaped
