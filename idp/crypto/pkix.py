"""The library that knows RFC 5280 6, with its gaps closed. Imported by `idp.crypto.path_validation` alone, and late.

Always true: nothing is fetched; every signature, on whatever leads to the verdict, is verified by `made_by`; a list
speaks of a certificate only when its issuer is the certificate's own, or one the certificate names for that.

The gaps, of pyhanko-certvalidator 0.33:

- unless told to, it leaves out revocation for certificates without a pointer to it (`_REQUIRED`);
- the chain of an OCSP responder is validated in a context of its own, with the library's own verifier (`_Context`);
- a list counts for whatever its issuer's own issuer has issued, so that of one intermediate would clear another
  (`_Held`);
- an entry dated now or later does not revoke when the moment is given (`_timing`).

`check` asserts that the closing of those that are closed by replacing names of the library took.

Clauses: RFC 5280 (6), RFC 6960 (4.2.2.2).
"""

import logging
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import local
from types import ModuleType
from typing import Any

from asn1crypto import algos, crl, keys, ocsp, x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from pyhanko_certvalidator import errors, validate
from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.ltv.poe import POEManager
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo, ValidationTimingParams
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    AlgorithmUsageConstraint,
    AlgorithmUsagePolicy,
    CertRevTrustPolicy,
    PKIXValidationParams,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.revinfo import validate_crl, validate_ocsp
from pyhanko_certvalidator.revinfo.archival import (
    CRLContainer,
    OCSPContainer,
    RevinfoUsability,
    RevinfoUsabilityRating,
)
from pyhanko_certvalidator.revinfo.manager import RevinfoManager
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    SignatureValidationContext,
    SignatureValidator,
)
from pyhanko_certvalidator.util import ConsList

from idp.crypto.authority_material import SM3, Issuers, Material, SignedCrl, material_of
from idp.crypto.der import Malformed
from idp.crypto.public_keys import algorithm_of, made_by, scheme_of
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_types import Authority, Policies, Reason, Refused

_REQUIRED = RevocationCheckingPolicy(
    ee_certificate_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
    intermediate_ca_cert_rule=RevocationCheckingRule.CRL_OR_OCSP_REQUIRED,
)
_LARGEST_POLICY_GRAPH = 512
_MOST_PARSED = 256
_ANY = "any_policy"

# The library writes subjects into its log lines.
logging.getLogger("pyhanko_certvalidator").setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class Path:
    """``certificates``: from the anchor to the end entity; ``now``: Unix seconds."""

    certificates: tuple[bytes, ...]
    material: Material
    now: int


def validate_path(path: Path, policies: Policies, sm2: Sm2Verifier) -> tuple[bytes, ...] | Refused:
    """DER of the lists and OCSP answers that spoke for the path. May raise whatever malformed data makes the library
    raise, and `idp.crypto.sm2.Sm2Unavailable`.
    """
    check()
    anchor, *between = [_parsed.certificate(der) for der in path.certificates[:-1]]
    chain = ValidationPath(_anchor(anchor), between, x509.Certificate.load(path.certificates[-1], strict=True))
    held = _Held(path, chain)
    context = _context(path, [anchor, *between], held, Signatures(sm2, path.material, held.shown))
    parameters = PKIXValidationParams(
        user_initial_policy_set=policies.acceptable or frozenset({_ANY}),
        initial_policy_mapping_inhibit=policies.inhibit_mapping,
        initial_explicit_policy=policies.explicit,
        initial_any_policy_inhibit=policies.inhibit_any,
        max_policy_graph_nodes=_LARGEST_POLICY_GRAPH,
    )
    try:
        _run(validate.async_validate_path(context, chain, parameters))
        _run(_contradicted(context, chain, held))
    except errors.PathValidationError as error:
        return _refused(error)
    return tuple(held.spoken)


class _Parsed(local):
    """Administered certificates, for each thread its own: reading one of their members writes into them."""

    def __init__(self) -> None:
        self._kept: dict[bytes, x509.Certificate] = {}

    def certificate(self, der: bytes) -> x509.Certificate:
        if (found := self._kept.get(der)) is None:
            if len(self._kept) >= _MOST_PARSED:
                self._kept.clear()
            found = self._kept[der] = x509.Certificate.load(der, strict=True)
        return found


_parsed = _Parsed()


class Signatures(SignatureValidator):
    """By `made_by`, what is administered once only. An extract of a list is as good as the list it was taken from."""

    def __init__(self, sm2: Sm2Verifier, material: Material, shown: Mapping[bytes, SignedCrl]) -> None:
        self._sm2 = sm2
        self._material = material
        self._shown = shown

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: keys.PublicKeyInfo,
        signature_algorithm: algos.SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        key = public_key_info.dump()
        if (whole := self._shown.get(signed_data)) is not None:
            holds = key in whole.keys
        else:
            holds = self._material.remembered(
                (signed_data, signature, key), lambda: self._verify(signature, signed_data, key, signature_algorithm)
            )
        if context.prehashed or not holds:
            raise InvalidSignature

    def _verify(self, signature: bytes, message: bytes, key: bytes, algorithm: algos.SignedDigestAlgorithm) -> bool:
        try:
            scheme = scheme_of(algorithm.dump())
            return scheme is not None and made_by(key, scheme, message=message, signature=signature, sm2=self._sm2)
        except Malformed:
            return False


class _Algorithms(AlgorithmUsagePolicy):
    """``signatures`` goes along, since the library hands its policy, and nothing else, to every context it makes."""

    def __init__(self, signatures: Signatures) -> None:
        self.signatures = signatures

    def digest_algorithm_allowed(
        self,
        algo: algos.DigestAlgorithm,  # noqa: ARG002 - the library's
        moment: datetime | None,  # noqa: ARG002
    ) -> AlgorithmUsageConstraint:
        return AlgorithmUsageConstraint(allowed=False)

    def signature_algorithm_allowed(
        self,
        algo: algos.SignedDigestAlgorithm,
        moment: datetime | None,  # noqa: ARG002 - the library's
        public_key: keys.PublicKeyInfo | None,
    ) -> AlgorithmUsageConstraint:
        try:
            if public_key is None or scheme_of(algo.dump()) is None:
                return AlgorithmUsageConstraint(allowed=False)
            return AlgorithmUsageConstraint(not isinstance(algorithm_of(public_key.dump()), Refused))
        except Malformed:
            return AlgorithmUsageConstraint(allowed=False)


class _Context(ValidationContext):
    """Verifies by the `Signatures` of its policy, also where the library makes one of its own."""

    def __init__(self, *, algorithm_usage_policy: _Algorithms, **given: Any) -> None:
        super().__init__(
            algorithm_usage_policy=algorithm_usage_policy,
            signature_validator=algorithm_usage_policy.signatures,
            **given,
        )
        self.timing_params = _timing(self.moment)


@dataclass(frozen=True)
class _Extract(CRLContainer):
    """Tells when it has spoken: the library asks for its age once it has found that it may."""

    whole: bytes = b""
    spoken: list[bytes] = field(default_factory=list)

    def usable_at(self, policy: CertRevTrustPolicy, timing_params: ValidationTimingParams) -> RevinfoUsability:
        return _noted(super().usable_at(policy, timing_params), self.whole, self.spoken)


@dataclass(frozen=True)
class _Answer(OCSPContainer):
    whole: bytes = b""
    spoken: list[bytes] = field(default_factory=list)

    def usable_at(self, policy: CertRevTrustPolicy, timing_params: ValidationTimingParams) -> RevinfoUsability:
        return _noted(super().usable_at(policy, timing_params), self.whole, self.spoken)


class _Held(RevinfoManager):
    """What is held of revocation data, as far as it concerns the certificate that was asked about last."""

    def __init__(self, path: Path, chain: ValidationPath) -> None:
        self.spoken: list[bytes] = []
        self.shown: dict[bytes, SignedCrl] = {}
        self.asked: x509.Certificate | None = None
        self._path = path
        serials = {certificate.serial_number for certificate in chain.iter_certs(include_root=False)}
        answers = [
            _Answer(one.ocsp_response_data, one.index, der, self.spoken)
            for der in path.material.ocsp_about(serials)
            for one in OCSPContainer.load_multi(ocsp.OCSPResponse.load(der))
        ]
        # A registry that is thrown away: what came with an OCSP answer is no issuer of anything but the answer.
        super().__init__(CertificateRegistry(), POEManager(), crls=(), ocsps=answers)

    def currently_available_crls(self) -> list[CRLContainer]:
        if self.asked is None:
            return []
        serial = self.asked["tbs_certificate"]["serial_number"].dump()
        return [
            self._extract(*one, serial) for one in self._path.material.crls_for(_issuers(self.asked), self._path.now)
        ]

    def _extract(self, signed: SignedCrl, freshest: bool, serial: bytes) -> CRLContainer:
        until = signed.crl.next_update + self._path.material.grace
        tbs, whole = signed.crl.extract(serial, until=until, freshest=freshest)
        self.shown[tbs] = signed
        return _Extract(crl.CertificateList.load(whole, strict=True), signed.crl.der, self.spoken)


def _context(path: Path, authorities: Sequence[x509.Certificate], held: _Held, signatures: Signatures) -> _Context:
    issuers = {signed.crl.issuer_name for signed in path.material.crls}
    others = [_parsed.certificate(der) for der in path.material.named(issuers) if der not in path.certificates]
    return _Context(
        trust_manager=SimpleTrustManager.build([CertTrustAnchor(authorities[0])]),
        certificate_registry=CertificateRegistry.build([*authorities, *others]),
        moment=_moment(path.now),
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(_REQUIRED),
        revinfo_manager=held,
        time_tolerance=timedelta(0),
        algorithm_usage_policy=_Algorithms(signatures),
    )


def _anchor(certificate: x509.Certificate) -> CertTrustAnchor:
    """RFC 5280 leaves out what an anchor says of itself; its end and the length of its paths are heeded here."""
    longest = certificate.max_path_length
    limits = TrustQualifiers(
        max_path_length=longest,
        max_aa_path_length=longest,
        valid_from=certificate.not_valid_before,
        valid_until=certificate.not_valid_after,
    )
    return CertTrustAnchor(certificate, limits)


def _moment(now: int) -> datetime:
    return datetime.fromtimestamp(now, UTC)


def _timing(moment: datetime) -> ValidationTimingParams:
    """Not "of a point in time", by which the library means that what was revoked later was still good then."""
    return ValidationTimingParams(ValidationTimingInfo(moment, moment, False), timedelta(0))


def _noted(usable: RevinfoUsability, whole: bytes, spoken: list[bytes]) -> RevinfoUsability:
    if usable.rating is RevinfoUsabilityRating.OK and whole not in spoken:
        spoken.append(whole)
    return usable


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


def _run(work: Coroutine[Any, Any, Any]) -> None:
    """To its end, without an event loop: nothing is fetched, so there is nothing to wait for."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("the library waits for something")


async def _contradicted(context: _Context, chain: ValidationPath, held: _Held) -> None:
    """A list that revokes counts against an OCSP answer that does not, after which the library asks no further."""
    if not held._ocsps:
        return
    for index, certificate in enumerate(chain.iter_certs(include_root=False), 1):
        state = ValProcState(cert_path_stack=ConsList.sing(chain), init_index=index)
        try:
            await _verify_crl(certificate, chain, context, proc_state=state)
        except (errors.CRLNoMatchesError, errors.CRLValidationIndeterminateError):
            continue


def _refused(error: errors.PathValidationError) -> Refused:
    kind = type(error).__name__
    whose = "end entity" if error.is_ee_cert and not error.is_side_validation else "authority"
    detail = f"{whose}: {kind}"
    match error:
        case errors.RevokedError():
            return Refused(Reason.REVOKED, detail)
        case errors.InsufficientRevinfoError():
            return Refused(Reason.REVOCATION_UNKNOWN, detail)
        case errors.ExpiredError() if whose == "end entity":
            return Refused(Reason.EXPIRED, detail)
        case errors.NotYetValidError() if whose == "end entity":
            return Refused(Reason.NOT_YET_VALID, detail)
        case errors.DisallowedAlgorithmError():
            return Refused(Reason.ALGORITHM, detail)
        case _:
            return Refused(Reason.PATH, detail)


async def _verify_crl(
    cert: x509.Certificate, path: ValidationPath, validation_context: ValidationContext, **given: Any
) -> None:
    if isinstance(held := validation_context.revinfo_manager, _Held):
        held.asked = cert
    await validate_crl.verify_crl(cert, path, validation_context, **given)


def _sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


# OCSP responders of SM2 issuers identify issuers by SM3, which the library looks up as an attribute of this name.
setattr(x509.Name, SM3, property(lambda name: _sm3(name.dump())))
setattr(keys.PublicKeyInfo, SM3, property(lambda key: _sm3(bytes(key["public_key"]))))

_REPLACED: tuple[tuple[ModuleType, str, object], ...] = (
    (validate, "verify_crl", _verify_crl),
    (validate_ocsp, "ValidationContext", _Context),
)
for _module, _name, _ours in _REPLACED:
    getattr(_module, _name)  # a name that the library has given up is an error, not a new one
    setattr(_module, _name, _ours)


class _Nobody:
    def verify(self, **_: object) -> bool:
        return False


@cache
def check() -> None:
    """Raises `RuntimeError` unless what was replaced in the library is what it uses."""
    nobody = _Nobody()
    signatures = Signatures(nobody, material_of(Authority("", (), ()), nobody), {})
    context = vars(validate_ocsp)["ValidationContext"]
    made = context(trust_roots=[], moment=_moment(0), algorithm_usage_policy=_Algorithms(signatures))
    if (
        made.sig_validator is not signatures
        or made.fetching_allowed
        or vars(validate)["verify_crl"] is not _verify_crl
    ):
        raise RuntimeError("the library for certificate paths no longer takes what closes its gaps")
