"""The demo CAs as a provider has to be told of them.

Always true: what is told is public: certificates and addresses, never a key.
"""

from typing import TypedDict

from asn1crypto import pem

from adapters.sandbox.ca import TITLES, DemoAuthority


class Issuer(TypedDict):
    """``anchors``, ``intermediates``: PEM; ``crls``: addresses of the issuing CA's list and the root's."""

    title: str
    title_en: str
    kind: str
    anchors: list[str]
    intermediates: list[str]
    crls: list[str]
    ocsp: str


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
