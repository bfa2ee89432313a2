"""The section of CA certificates: whose are accepted, who verifies what is signed, how lists are kept fresh.

Always true: with the defaults nothing outside verifies anything, and a list that is older than these say speaks for
no certificate.
"""

from pathlib import Path
from typing import Literal

from pydantic import NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from idp.settings.outside import Register
from idp.settings.section import Section


class Sm2Server(Register):
    """A signature-verification server, asked like a register (docs/providers.md)."""

    url: str = ""
    """Needed where `certificates.sm2` is `server`."""
    secret: str = "sandbox-sm2-secret-not-for-production"
    timeout: PositiveFloat = 2.0


class Certificates(Section):
    """CA certificates of people and legal entities (docs/operations.md)."""

    sign_in: bool = True
    """Let people and entities bind their certificates, and sign in by them."""
    agent_url: str = "http://127.0.0.1:8019"
    """Where the agent of a USB key listens on people's own computers (docs/providers.md); empty: pages ask none."""
    challenge: PositiveInt = 120
    """Seconds within which a text that was given out to be signed must come back signed."""
    profiles: tuple[Path, ...] = ()
    """Where issuers write whom a certificate is for: files in the form of config/certificates/example.toml, beside
    the profile ``gmt0015`` that is built in."""
    sm2: Literal["pure", "gmssl", "server"] = "pure"
    """Who verifies SM2 signatures: code of the house, the package `gmssl-pyx` (faster; the extra `sm2`), or a
    signature-verification server."""
    sm2_server: Sm2Server = Sm2Server()
    crl_refresh: PositiveInt = 3600
    """How often the worker asks for a revocation list; sooner when the one held ends before that."""
    crl_bytes: PositiveInt = 16 * 1024 * 1024
    """Largest revocation list, fetched or uploaded."""
    crl_timeout: PositiveFloat = 30.0
    """For fetching one, everything together. Hosts in private networks are listed in `outbound.allow`."""
    stale: Literal["refuse", "grace"] = "grace"
    """What a list is worth once its ``nextUpdate`` has passed: nothing, or for as long as its issuer was granted."""
    most_grace: NonNegativeInt = 7 * 86400
    """The longest grace an issuer can be granted."""

    @model_validator(mode="after")
    def _server_has_an_address(self) -> "Certificates":
        if self.sm2 == "server" and not self.sm2_server.url:
            raise ValueError("certificates.sm2_server.url: `server` needs the address of one")
        return self
