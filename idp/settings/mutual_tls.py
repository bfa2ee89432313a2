"""The section of certificates that come with a TLS connection, which ends at the front end (docs/operations.md).

Always true: unless a host name and the secret shared with the front end are set, no certificate is taken.
"""

import re
from pathlib import Path

from pydantic import NonNegativeInt, field_validator, model_validator

from idp.settings.section import Section

LEAST_SECRET = 32
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?(:[0-9]{1,5})?")


class MutualTls(Section):
    """TLS client certificates: of departments' apps (RFC 8705), and of people who sign in with theirs."""

    host: str = ""
    """The host name, ``name[:port]``, where the front end asks for certificates; empty: there is none."""
    secret: str = ""
    """What the front end sends beside a certificate; 32 characters or more, known to nobody else."""
    client_ca: Path | None = None
    """PEM of the authorities of departments' certificates, roots and what stands between; unset: no client enters by
    ``tls_client_auth``. They have nothing to do with the issuers of people's certificates."""
    client_crls: tuple[Path, ...] = ()
    """Their revocation lists, PEM or DER, read again when they change; where none speaks a certificate is refused."""
    crl_grace: NonNegativeInt = 0
    """Seconds for which a list counts beyond the moment its next one was due."""
    people: bool = False
    """Let people show a certificate they have bound by the TLS connection, too, when they sign in."""

    @field_validator("host")
    @classmethod
    def _name(cls, value: str) -> str:
        if value and not _HOST.fullmatch(value):
            raise ValueError("host is a name in lower case, with a port where it is not 443")
        return value

    @model_validator(mode="after")
    def _complete(self) -> "MutualTls":
        if self.host and len(self.secret) < LEAST_SECRET:
            raise ValueError(f"mtls.secret: {LEAST_SECRET} characters or more, once mtls.host is set")
        if self.client_ca and not self.client_crls:
            raise ValueError(
                "mtls.client_crls: without revocation lists no certificate of mtls.client_ca is accepted"
            )
        return self
