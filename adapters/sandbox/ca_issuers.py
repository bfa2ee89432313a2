"""The demo CAs as a provider has to be told of them.

Always true: what is told is public: certificates and addresses, never a key.
"""

from pathlib import Path
from typing import TypedDict

from asn1crypto import pem

from adapters.sandbox.ca import TITLES, DemoAuthority, authorities
from adapters.sandbox.ca_shelf import Shelf


class Issuer(TypedDict):
    """``anchors``, ``intermediates``: PEM; ``crls``: addresses of the issuing CA's list and the root's."""

    title: str
    title_en: str
    kind: str
    anchors: list[str]
    intermediates: list[str]
    crls: list[str]
    ocsp: str


def demo_issuers(sandbox_url: str, *, directory: Path, now: int) -> list[Issuer]:
    """What `GET /ca/issuers.json` of a sandbox that keeps its CAs in ``directory`` says, before it runs or while."""
    demo = authorities(Shelf(directory), {}, at=f"{sandbox_url}/ca")
    return [issuer(one, now=now) for one in demo.values()]


def issuer(authority: DemoAuthority, *, now: int) -> Issuer:
    """One demo CA, made if it is not there yet."""
    lists = f"{authority.at}/{authority.kind}"
    return Issuer(
        title=f"演示 CA（{TITLES[authority.kind]}）",
        title_en=f"Demo CA ({TITLES[authority.kind]})",
        kind=authority.kind,
        anchors=[armored(authority.root(now=now).certificate)],
        intermediates=[armored(authority.issuing(now=now).certificate)],
        crls=[f"{lists}.crl", f"{lists}-root.crl"],
        ocsp=f"{lists}/ocsp",
    )


def armored(certificate: bytes) -> str:
    """PEM."""
    text: bytes = pem.armor("CERTIFICATE", certificate)
    return text.decode("ascii")
