"""Answers about single certificates (OCSP, RFC 6960), signed by a responder of the issuing CA.

Always true: whoever is not on the fresh revocation list is good, and what is not understood gets an unsigned error.
"""

from asn1crypto import ocsp

from adapters.sandbox import der
from adapters.sandbox.ca import DemoAuthority
from adapters.sandbox.ca_certificates import extension, key_id

_MALFORMED = der.sequence(der.enumerated(1))
_BASIC = "1.3.6.1.5.5.7.48.1.1"
_NONCE = "1.3.6.1.5.5.7.48.1.2"
_GOOD_FOR = 3600


def answer(authority: DemoAuthority, question: bytes, *, now: int) -> bytes:
    """An OCSPResponse, DER, to ``question`` (an OCSPRequest); good for an hour."""
    try:
        asked = ocsp.OCSPRequest.load(question, strict=True)
        wanted = [
            (one["req_cert"].dump(), one["req_cert"]["serial_number"].native)
            for one in asked["tbs_request"]["request_list"]
        ]
        nonce = asked.nonce_value.native if asked.nonce_value else None
    except (ValueError, TypeError, KeyError):
        return _MALFORMED
    revoked = {one.serial: one.since for one in authority.revoked(now=now)}
    singles = [_single(name, revoked.get(serial), now) for name, serial in wanted]
    return _sealed(authority, singles, nonce, now)


def _single(name: bytes, since: int | None, now: int) -> bytes:
    status = der.implicit(0, b"") if since is None else der.tlv(0xA1, der.generalized_time(since))
    until = der.explicit(0, der.generalized_time(now + _GOOD_FOR))
    return der.sequence(name, status, der.generalized_time(now), until)


def _sealed(authority: DemoAuthority, singles: list[bytes], nonce: bytes | None, now: int) -> bytes:
    responder = authority.responder(now=now)
    key = responder.key
    echoed = [] if nonce is None else [der.explicit(1, der.sequence(extension(_NONCE, der.octets(nonce))))]
    to_be_signed = der.sequence(
        der.explicit(2, der.octets(key_id(key))), der.generalized_time(now), der.sequence(*singles), *echoed
    )
    basic = der.sequence(
        to_be_signed,
        key.algorithm,
        der.bits(key.sign(to_be_signed)),
        der.explicit(0, der.sequence(responder.certificate)),
    )
    inner = der.sequence(der.oid(_BASIC), der.octets(basic))
    return der.sequence(der.enumerated(0), der.explicit(0, inner))
