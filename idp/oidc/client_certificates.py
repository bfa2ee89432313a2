"""Clients that authenticate by the certificate of their TLS connection (RFC 8705 2).

Always true: the certificate is the registered client's by its whole name or by itself, and is in force now; what the
front end thought of it counts for nothing.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.jwk import KeySet

from idp.clients.certificates import bears, is_registered, thumbprint
from idp.clients.rules import LEAST_RSA, AuthMethod, Client
from idp.log import get_logger
from idp.oidc.client_authorities import ClientAuthorities

_log = get_logger("client_certificates")
FetchJwks = Callable[[str, str | None, int], KeySet | None]


class ClientCertificates:
    """``fetch_jwks``: the key set at a ``jwks_uri``."""

    def __init__(self, authorities: ClientAuthorities, fetch_jwks: FetchJwks) -> None:
        self._authorities = authorities
        self._fetch_jwks = fetch_jwks

    def is_of(self, client: Client, der: bytes, *, now: int) -> bool:
        """Whether ``der`` came from ``client``, which registered one of `TLS_METHODS`."""
        try:
            certificate = x509.load_der_x509_certificate(der)
            if client.auth_method is AuthMethod.SELF_SIGNED_TLS:
                return _is_sound(certificate, now) and self._is_registered(client, der, now)
            named = bears(certificate, *client.certificate_name)
        except Exception:  # whatever is not understood is refused (certificates of strangers have many ways to fail)
            return False
        # the name first: a path is computed only for who could be the client
        return named and self._vouched_for(client, der, now)

    def _vouched_for(self, client: Client, der: bytes, now: int) -> bool:
        refused = self._authorities.refusal(der, now=now)
        if refused is not None:
            _log.warning("client_certificate_refused", client=client.client_id, reason=refused.reason.value)
        return refused is None

    def _is_registered(self, client: Client, der: bytes, now: int) -> bool:
        if client.jwks:
            return is_registered(der, orjson.loads(client.jwks)["keys"])
        # one that is not there may have been published since: a key nobody has heard of is asked for again
        return any(is_registered(der, self._fetched(client, kid, now)) for kid in (None, thumbprint(der)))

    def _fetched(self, client: Client, kid: str | None, now: int) -> list[Mapping[str, Any]]:
        keys = self._fetch_jwks(client.jwks_uri, kid, now) if client.jwks_uri else None
        return [key.as_dict(private=False) for key in keys.keys] if keys else []


def _is_sound(certificate: x509.Certificate, now: int) -> bool:
    """In force, and its key no weaker than a registered one may be."""
    moment, key = datetime.fromtimestamp(now, UTC), certificate.public_key()
    if isinstance(key, RSAPublicKey) and key.key_size < LEAST_RSA:
        return False
    return certificate.not_valid_before_utc <= moment <= certificate.not_valid_after_utc
