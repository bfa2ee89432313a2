"""The certificate a TLS connection was made with, as the front end hands it on.

Always true: it counts only from a configured proxy that sends the shared secret; from anybody else the headers say
nothing, as if no certificate had come. That its holder has the private key is the handshake's proof; whether it is
worth anything is for who asks.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import request

from idp.crypto.certificates import MOST_BYTES
from idp.crypto.tokens import same
from idp.web.limits import is_proxy
from idp.web.options import options

_CERTIFICATE = "HTTP_X_CLIENT_CERT"
_SECRET = "HTTP_X_CLIENT_CERT_SECRET"  # noqa: S105 - a header's name
_LONGEST = 2 * MOST_BYTES
"""Characters of the header: base64 and escapes need less."""
_ESCAPED = re.compile(r"(?:[A-Za-z0-9._~/+=-]|%[0-9A-Fa-f]{2})+")
_PEM = re.compile(
    rb"-----BEGIN CERTIFICATE-----\n"
    rb"((?:[A-Za-z0-9+/]{1,76}\n)*[A-Za-z0-9+/]{1,76}={0,2}\n)"
    rb"-----END CERTIFICATE-----\n?"
)


@dataclass(frozen=True, slots=True)
class FrontEnd:
    """Who may hand certificates on: addresses or networks of the proxies, and what they know."""

    proxies: tuple[str, ...]
    secret: str = field(repr=False)

    def certificate(self, environ: Mapping[str, Any]) -> bytes | None:
        """DER of the certificate that came with this WSGI request; what cannot be read is no certificate."""
        escaped = environ.get(_CERTIFICATE, "")
        if not escaped or not is_proxy(environ.get("REMOTE_ADDR", ""), self.proxies):
            return None
        if not same(environ.get(_SECRET, ""), self.secret):
            return None
        return _decoded(escaped)


def _decoded(escaped: str) -> bytes | None:
    """The one PEM block of nginx's ``$ssl_client_escaped_cert``."""
    if len(escaped) > _LONGEST or not _ESCAPED.fullmatch(escaped):
        return None
    block = _PEM.fullmatch(unquote_to_bytes(escaped))
    if block is None:
        return None
    try:
        der = base64.b64decode(block[1].replace(b"\n", b""), validate=True)
    except binascii.Error:
        return None
    return der if 0 < len(der) <= MOST_BYTES else None


def presented_certificate() -> bytes | None:
    """DER of the certificate this browser's connection was made with, for a page."""
    front = options().front_end
    return front.certificate(request.environ) if front else None
