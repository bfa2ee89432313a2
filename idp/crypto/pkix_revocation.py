"""Revocation data as the library for paths is given it (`idp.crypto.pkix`): by certificate, and in extracts of lists.

Always true: a list speaks of a certificate only when its issuer is the certificate's own, or one that the certificate
names for that; what came with an OCSP answer serves for that answer alone.

Clauses: RFC 5280 (6.3), RFC 6960 (4.2.2.2).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from asn1crypto import crl, keys, ocsp, x509
from cryptography.hazmat.primitives import hashes
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.ltv.types import ValidationTimingParams
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy
from pyhanko_certvalidator.registry import CertificateRegistry
from pyhanko_certvalidator.revinfo import validate_crl, validate_ocsp
from pyhanko_certvalidator.revinfo.archival import (
    CRLContainer,
    OCSPContainer,
    RevinfoUsability,
    RevinfoUsabilityRating,
)
from pyhanko_certvalidator.revinfo.manager import RevinfoManager

from idp.crypto.authority_material import SM3, Issuers, Material, SignedCrl


@dataclass(frozen=True)
class _Extract(CRLContainer):
    """Tells when it has spoken: the library asks for its age once it has found that it may."""

    whole: bytes = b""
    spoken: list[bytes] = field(default_factory=list)

    def usable_at(self, policy: CertRevTrustPolicy, timing_params: ValidationTimingParams) -> RevinfoUsability:
        usable = super().usable_at(policy, timing_params)
        if usable.rating is RevinfoUsabilityRating.OK:
            _note(self.spoken, self.whole)
        return usable


@dataclass(frozen=True)
class _Answer(OCSPContainer):
    """Tells when it has said "good" (`ocsp_status`)."""

    whole: bytes = b""
    spoken: list[bytes] = field(default_factory=list)


class Held(RevinfoManager):
    """What is held of revocation data, as far as it concerns the certificate that was asked about last."""

    def __init__(self, material: Material, chain: ValidationPath, now: int) -> None:
        self.spoken: list[bytes] = []
        self.shown: dict[bytes, SignedCrl] = {}
        self.asked: x509.Certificate | None = None
        self._material = material
        self._now = now
        serials = {certificate.serial_number for certificate in chain.iter_certs(include_root=False)}
        answers = [
            _Answer(one.ocsp_response_data, one.index, der, self.spoken)
            for der in material.ocsp_about(serials)
            for one in OCSPContainer.load_multi(ocsp.OCSPResponse.load(der))
        ]
        # A registry that is thrown away: what came with an OCSP answer is no issuer of anything but the answer.
        super().__init__(CertificateRegistry(), POEManager(), crls=(), ocsps=answers)

    def currently_available_crls(self) -> list[CRLContainer]:
        if self.asked is None:
            return []
        serial = self.asked["tbs_certificate"]["serial_number"].dump()
        return [self._extract(*one, serial) for one in self._material.crls_for(_issuers(self.asked), self._now)]

    def _extract(self, signed: SignedCrl, freshest: bool, serial: bytes) -> CRLContainer:
        until = signed.crl.next_update + self._material.grace
        tbs, whole = signed.crl.extract(serial, until=until, freshest=freshest)
        self.shown[tbs] = signed
        return _Extract(crl.CertificateList.load(whole, strict=True), signed.crl.der, self.spoken)


async def verify_crl(
    cert: x509.Certificate, path: ValidationPath, validation_context: ValidationContext, **given: Any
) -> None:
    """The library's own, when it has been noted what certificate it is about."""
    if isinstance(held := validation_context.revinfo_manager, Held):
        held.asked = cert
    await validate_crl.verify_crl(cert, path, validation_context, **given)


_own_status = vars(validate_ocsp)["_check_ocsp_status"]


def ocsp_status(ocsp_response: OCSPContainer, *given: Any) -> bool:
    """The library's own, which it asks last of all; who has said "good" is noted."""
    good = bool(_own_status(ocsp_response, *given))
    if good and isinstance(ocsp_response, _Answer):
        _note(ocsp_response.spoken, ocsp_response.whole)
    return good


def _note(spoken: list[bytes], whole: bytes) -> None:
    if whole not in spoken:
        spoken.append(whole)


def _issuers(certificate: x509.Certificate) -> Issuers:
    points: Iterable[x509.DistributionPoint] = certificate.crl_distribution_points_value or ()
    named = {
        name.chosen.hashable
        for point in points
        if point["crl_issuer"].native is not None
        for name in point["crl_issuer"]
        if name.name == "directory_name"
    }
    return Issuers(certificate.issuer.hashable, frozenset(named))


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


# OCSP responders of SM2 issuers identify issuers by SM3, which the library looks up as an attribute of this name.
setattr(x509.Name, SM3, property(lambda name: _sm3(name.dump())))
setattr(keys.PublicKeyInfo, SM3, property(lambda key: _sm3(bytes(key["public_key"]))))
