"""Settings of certificates from outside: who verifies what is signed with them.

Always true: with the defaults nothing outside is asked.
"""

from typing import Literal

from pydantic import PositiveFloat, model_validator

from idp.settings.outside import Register
from idp.settings.section import Section


class Sm2Server(Register):
    """A signature-verification server, asked like a register (docs/providers.md)."""

    url: str = ""
    """Needed where `certificates.sm2` is `server`."""
    secret: str = "sandbox-sm2-secret-not-for-production"
    timeout: PositiveFloat = 2.0


class Certificates(Section):
    sm2: Literal["pure", "gmssl", "server"] = "pure"
    """Who verifies SM2 signatures: code of the house, the package `gmssl-pyx` (faster; the extra `sm2`), or a
    signature-verification server."""
    sm2_server: Sm2Server = Sm2Server()

    @model_validator(mode="after")
    def _server_has_an_address(self) -> "Certificates":
        if self.sm2 == "server" and not self.sm2_server.url:
            raise ValueError("certificates.sm2_server.url: `server` needs the address of one")
        return self
