"""Tickets of certificates that were shown by TLS on the host name for them, good for one sign-in on the main one.

Always true: a ticket comes of a sign-in that a browser began on the main host, and is good in that browser alone,
once and for a minute; the certificate in it is judged when it is redeemed, and never before.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.crypto.fields import FieldCipher
from idp.crypto.sealed import SealedValues
from idp.crypto.tokens import random_token, same
from idp.state.store import Store

LIFETIME = 60
"""Seconds of a ticket."""


@dataclass(frozen=True, slots=True)
class Issued:
    """``way``: the parameters of the page the browser goes on to; the ticket is among them if there is one."""

    way: Mapping[str, Any]


class TlsTickets:
    """``host``: where certificates are asked for, ``name[:port]``; ``choosing``: seconds in which one is chosen.

    Methods may raise `idp.state.store.StateUnavailable`; no transaction need be open.
    """

    def __init__(self, store: Store, cipher: FieldCipher, *, host: str, choosing: int) -> None:
        self.host = host
        self._choosing = choosing
        self._begun = SealedValues(store, cipher, namespace="certificate-tls", kind="certificates.tls", ttl=choosing)
        self._tickets = SealedValues(
            store, cipher, namespace="certificate-ticket", kind="certificates.ticket", ttl=LIFETIME
        )

    def begin(self, browser: str, way: Mapping[str, str], *, now: int) -> str:
        """What the browser takes along to the other host. ``browser``: digest of its name, hexadecimal."""
        key = random_token()
        self._begun.put(key, {"browser": browser, "way": dict(way), "until": now + self._choosing})
        return key

    def issue(self, begun: str, certificate: bytes | None, *, now: int) -> Issued | None:
        """What became of a sign-in whose connection showed ``certificate`` (DER); None when none was begun."""
        held = self._begun.take(begun)
        if held is None or held["until"] <= now:
            return None
        if certificate is None:
            return Issued(held["way"])
        ticket = random_token()
        shown = base64.b64encode(certificate).decode()
        self._tickets.put(ticket, {"browser": held["browser"], "certificate": shown, "until": now + LIFETIME})
        return Issued({**held["way"], "ticket": ticket})

    def redeem(self, ticket: str, browser: str, *, now: int) -> bytes | None:
        """DER of the certificate, used up; None when there is no such ticket for this browser."""
        held = self._tickets.get(ticket)
        if held is None or not same(held["browser"], browser) or held["until"] <= now:
            return None
        return base64.b64decode(held["certificate"]) if self._tickets.take(ticket) == held else None
