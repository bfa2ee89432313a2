"""What binds a token to the certificate it was fetched with (RFC 8705 3): its ``cnf``.

Always true: a token with a confirmation this house does not know is nobody's.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from idp.clients.certificates import thumbprint


def confirmation(certificate: bytes) -> dict[str, str]:
    """``cnf`` (RFC 7800 3.1) of what is bound to ``certificate`` (DER)."""
    return {"x5t#S256": thumbprint(certificate)}


def stored(cnf: Mapping[str, str] | None) -> str | None:
    """As a row keeps it: equal confirmations are equal texts."""
    return orjson.dumps(dict(cnf), option=orjson.OPT_SORT_KEYS).decode() if cnf else None


def read_back(text: str | None) -> dict[str, Any] | None:
    found: dict[str, Any] | None = orjson.loads(text) if text else None
    return found


def is_holder(cnf: Mapping[str, Any] | None, certificate: bytes | None) -> bool:
    """Whether who shows ``certificate`` may use a token with ``cnf``; one without is a bearer's."""
    if cnf is None:
        return True
    return certificate is not None and cnf == confirmation(certificate)
