"""Asking an issuer's status service (OCSP) about a certificate of which no list that is held speaks.

Always true: a list comes first; an answer counts once path validation has judged it like any revocation data, and
without one the certificate is refused as before.

Nobody is asked about a certificate whose path does not hold, and the address is the one that operators gave: a
stranger cannot make this provider ask. Certificates say whether their issuer has such a service (RFC 5280 4.2.2.1);
about those that do not, path validation takes no answer.

Clauses: RFC 6960 (4), RFC 9654 (nonce).
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from idp.crypto.certificates import Accepted, Authority, Certificate, PathValidator, Policies, Reason, Refused
from idp.crypto.sm2 import Sm2Verifier
from idp.log import get_logger
from idp.messages.outbound import Answer, GuardedClient

PAUSE = 30.0
"""Seconds in which a service that gave nothing usable is not asked again: certificates are refused at once then."""
_NONCE = 32
_ASKED = " by its status service"
"""What the id of an authority goes on with, while it is judged with an answer: what is held of it stays as it is."""
_TYPE = "application/ocsp-request"
_log = get_logger("issuers")


class AskingValidator(PathValidator):
    """A `PathValidator` that asks. ``address``: of an issuer's status service, by its id; None: it has none."""

    def __init__(self, sm2: Sm2Verifier, client: GuardedClient, address: Callable[[str], str | None]) -> None:
        super().__init__(sm2)
        self._client = client
        self._address = address
        self._lock = threading.Lock()
        self._away: dict[str, float] = {}

    def validate(
        self,
        certificate: Certificate,
        authorities: Sequence[Authority],
        *,
        now: int,
        policies: Policies = Policies(),  # noqa: B008 - frozen
    ) -> Accepted | Refused:
        """No transaction may be open: this may take as long as the client waits."""
        verdict = super().validate(certificate, authorities, now=now, policies=policies)
        if isinstance(verdict, Accepted) or verdict.reason is not Reason.REVOCATION_UNKNOWN:
            return verdict
        for authority in authorities:
            answer = self._ask(certificate, authority) if authority.enabled else None
            if answer is None:
                continue
            told = replace(authority, id=authority.id + _ASKED, ocsp=(*authority.ocsp, answer))
            again = super().validate(certificate, [told], now=now, policies=policies)
            if isinstance(again, Accepted):
                return replace(again, authority=authority.id)
            if again.reason is Reason.REVOKED:
                return again
        return verdict

    def _ask(self, certificate: Certificate, authority: Authority) -> bytes | None:
        """DER of an answer to this very question, as far as can be told without judging it."""
        url = self._address(authority.id)
        issuer = _issuer_of(certificate, authority)
        if url is None or issuer is None or self._is_away(url):
            return None
        nonce = secrets.token_bytes(_NONCE)
        answer = self._client.post(url, question(certificate, issuer, nonce), headers={"Content-Type": _TYPE})
        if isinstance(answer, Answer) and answer.status == 200 and answers(answer.body, nonce):
            return answer.body
        _log.warning("status service gave no usable answer", issuer=authority.id)
        with self._lock:
            self._away[url] = time.monotonic() + PAUSE
        return None

    def _is_away(self, url: str) -> bool:
        with self._lock:
            return self._away.get(url, 0) > time.monotonic()


def question(certificate: Certificate, issuer: bytes, nonce: bytes) -> bytes:
    """DER of an OCSP request. ``issuer``: DER of the certificate that issued ``certificate``."""
    named = asn1.Certificate.load(issuer)
    return (
        ocsp.OCSPRequestBuilder()
        .add_certificate_by_hash(
            named.subject.sha1,
            named.public_key.sha1,
            int(certificate.serial, 16),
            hashes.SHA1(),  # noqa: S303 - a name
        )
        .add_extension(x509.OCSPNonce(nonce), critical=False)
        .build()
        .public_bytes(Encoding.DER)
    )


def answers(body: bytes, nonce: bytes) -> bool:
    """Whether ``body`` is a successful answer, and to no other question. One without a nonce was made beforehand."""
    try:
        read = ocsp.load_der_ocsp_response(body)
        if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return False
        found = [one.value for one in read.extensions if isinstance(one.value, x509.OCSPNonce)]
    except (ValueError, TypeError, x509.DuplicateExtension):
        return False
    return not found or found[0].nonce == nonce


def _issuer_of(certificate: Certificate, authority: Authority) -> bytes | None:
    """By name: whose key it was has been found out by then, and the answer is judged by it. None: nobody to ask."""
    asked_about = asn1.Certificate.load(certificate.der)
    services = asked_about.authority_information_access_value or ()
    if not any(one["access_method"].native == "ocsp" for one in services):
        return None
    known = ((der, asn1.Certificate.load(der)) for der in (*authority.intermediates, *authority.anchors))
    return next((der for der, read in known if read.subject == asked_about.issuer), None)
