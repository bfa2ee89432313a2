"""X.509 certificates from outside: reading one, what is refused before anything is computed, and its path.

Always true: a path is built from administered issuers alone, never from certificates that came with an answer, and
whatever is not understood is refused.

Clauses: RFC 5280 (4.1, 4.2, 5, 6), GB/T 20518-2018 (SM2 certificates), GM/T 0015.
"""

from idp.crypto.crls import Crl, read_crl, verify_crl
from idp.crypto.path_validation import PathValidator
from idp.crypto.public_keys import verify_signature
from idp.crypto.x509_reading import check_anchor, read_certificate
from idp.crypto.x509_types import (
    MOST_BYTES,
    Accepted,
    Algorithm,
    Authority,
    Certificate,
    Policies,
    Reason,
    Refused,
)

__all__ = [
    "MOST_BYTES",
    "Accepted",
    "Algorithm",
    "Authority",
    "Certificate",
    "Crl",
    "PathValidator",
    "Policies",
    "Reason",
    "Refused",
    "check_anchor",
    "read_certificate",
    "read_crl",
    "verify_crl",
    "verify_signature",
]
