"""The section of CA certificates: how their revocation lists are kept fresh, and how long one counts.

Always true: a list that is older than these say speaks for no certificate.
"""

from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt

from idp.settings.section import Section


class Certificates(Section):
    """CA certificates of people and legal entities (docs/operations.md)."""

    sign_in: bool = True
    """Let people and entities bind their certificates, and sign in by them."""
    agent_url: str = "http://127.0.0.1:8019"
    """Where the agent of a USB key listens on people's own computers (docs/signing.md); empty: pages ask none."""
    challenge: PositiveInt = 120
    """Seconds within which a text that was given out to be signed must come back signed."""
    profiles: tuple[Path, ...] = ()
    """Where issuers write whom a certificate is for: files in the form of config/certificates/example.toml, beside
    the profile ``gmt0015`` that is built in."""
    crl_refresh: PositiveInt = 3600
    """How often the worker asks for a revocation list; sooner when the one held ends before that."""
    crl_bytes: PositiveInt = 16 * 1024 * 1024
    """Largest revocation list, fetched or uploaded."""
    crl_timeout: PositiveFloat = 30.0
    """For fetching one, everything together. Hosts in private networks, and plain http: `outbound.allow`."""
    stale: Literal["refuse", "grace"] = "grace"
    """What a list is worth once its ``nextUpdate`` has passed: nothing, or for as long as its issuer was granted."""
    most_grace: NonNegativeInt = 7 * 86400
    """The longest grace an issuer can be granted."""
