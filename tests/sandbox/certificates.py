"""What the tests of the demo CAs share.

Always true: keys are made once for all of them, for RSA keys take their time.
"""

from asn1crypto import x509
from cryptography import x509 as pyca

from adapters.sandbox import sm2
from adapters.sandbox.ca import DemoAuthority

NOW = 1_790_000_000
AT = "http://localhost:8009/ca"
"""Where all of them say that their lists are, for they share their issuers."""


def verifies(certificate: bytes, issuer: bytes, *, user_id: bytes = sm2.USER_ID) -> bool:
    """Has the key of ``issuer`` signed ``certificate``?"""
    signed, above = x509.Certificate.load(certificate), x509.Certificate.load(issuer)
    point = above["tbs_certificate"]["subject_public_key_info"]["public_key"]
    if above["tbs_certificate"]["subject_public_key_info"]["algorithm"]["parameters"].native == "1.2.156.10197.1.301":
        message, signature = signed["tbs_certificate"].dump(), signed["signature_value"].native
        return sm2.verify(point=bytes(point), message=message, signature=signature, user_id=user_id)
    pyca.load_der_x509_certificate(certificate).verify_directly_issued_by(pyca.load_der_x509_certificate(issuer))
    return True


def leaf(authority: DemoAuthority, key: str) -> bytes:
    return authority.certificate(authority.cast[key], now=NOW).held.certificate


def serial(authority: DemoAuthority, key: str) -> int:
    return authority.certificate(authority.cast[key], now=NOW).held.serial
