"""The library that knows RFC 5280 6, with its gaps closed. Imported by `idp.crypto.path_validation` alone, and late.

Always true: nothing is fetched, and every signature on whatever leads to the verdict is verified by our own means.

The gaps, of pyhanko-certvalidator 0.33:

- unless told to, it leaves out revocation for certificates without a pointer to it (`_REQUIRED`);
- the chain of an OCSP responder is validated in a context of its own, with the library's own verifier (`Context`);
- a list counts for whatever its issuer's own issuer has issued, so that the list of one intermediate would clear
  another (`idp.crypto.pkix_revocation.Held`);
- an entry dated now or later does not revoke when the moment is given (`_timing`);
- an OCSP answer spares the lists, also those that revoke (`_contradicted`).

`check` asserts that the closing of those that are closed by replacing names of the library took.

Clauses: RFC 5280 (6), RFC 6960 (4.2.2.2).
"""

import logging
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from threading import local
from types import ModuleType
from typing import Any

from asn1crypto import x509
from pyhanko_certvalidator import errors, validate
from pyhanko_certvalidator._state import ValProcState
from pyhanko_certvalidator.authority import CertTrustAnchor, TrustQualifiers
from pyhanko_certvalidator.context import ValidationContext
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo, ValidationTimingParams
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import (
    CertRevTrustPolicy,
    PKIXValidationParams,
    RevocationCheckingPolicy,
    RevocationCheckingRule,
)
from pyhanko_certvalidator.registry import CertificateRegistry, SimpleTrustManager
from pyhanko_certvalidator.revinfo import validate_ocsp
from pyhanko_certvalidator.util import ConsList

from idp.crypto.authority_material import Material, material_of
from idp.crypto.pkix_revocation import Held, ocsp_status, verify_crl
from idp.crypto.pkix_signatures import Algorithms, Signatures
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
    held = Held(path.material, chain, path.now)
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


class Context(ValidationContext):
    """Verifies by the `Signatures` of its policy, also where the library makes one of its own."""

    def __init__(self, *, algorithm_usage_policy: Algorithms, **given: Any) -> None:
        super().__init__(
            algorithm_usage_policy=algorithm_usage_policy,
            signature_validator=algorithm_usage_policy.signatures,
            **given,
        )
        self.timing_params = _timing(self.moment)


_REPLACED: tuple[tuple[ModuleType, str, object], ...] = (
    (validate, "verify_crl", verify_crl),
    (validate_ocsp, "ValidationContext", Context),
    (validate_ocsp, "_check_ocsp_status", ocsp_status),
)
for _module, _name, _ours in _REPLACED:
    getattr(_module, _name)  # a name that the library has given up is an error, not a new one
    setattr(_module, _name, _ours)


@cache
def check() -> None:
    """Raises `RuntimeError` unless what was replaced in the library is what it uses."""
    nobody = _Nobody()
    signatures = Signatures(nobody, material_of(Authority("", (), ()), nobody), {})
    made = vars(validate_ocsp)["ValidationContext"](
        trust_roots=[], moment=_moment(0), algorithm_usage_policy=Algorithms(signatures)
    )
    took = all(getattr(module, name) is ours for module, name, ours in _REPLACED)
    if not took or made.sig_validator is not signatures or made.fetching_allowed:
        raise RuntimeError("the library for certificate paths no longer takes what closes its gaps")


class _Nobody:
    def verify(self, **_: object) -> bool:
        return False


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


def _context(path: Path, authorities: Sequence[x509.Certificate], held: Held, signatures: Signatures) -> Context:
    issuers = {signed.crl.issuer_name for signed in path.material.crls}
    others = [_parsed.certificate(der) for der in path.material.named(issuers) if der not in path.certificates]
    return Context(
        trust_manager=SimpleTrustManager.build([CertTrustAnchor(authorities[0])]),
        certificate_registry=CertificateRegistry.build([*authorities, *others]),
        moment=_moment(path.now),
        allow_fetching=False,
        revinfo_policy=CertRevTrustPolicy(_REQUIRED),
        revinfo_manager=held,
        time_tolerance=timedelta(0),
        algorithm_usage_policy=Algorithms(signatures),
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


def _run(work: Coroutine[Any, Any, Any]) -> None:
    """To its end, without an event loop: nothing is fetched, so there is nothing to wait for."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("the library waits for something")


async def _contradicted(context: Context, chain: ValidationPath, held: Held) -> None:
    """A list that revokes counts against an OCSP answer that does not, after which the library asks no further."""
    if not held._ocsps:
        return
    for index, certificate in enumerate(chain.iter_certs(include_root=False), 1):
        state = ValProcState(cert_path_stack=ConsList.sing(chain), init_index=index)
        try:
            await verify_crl(certificate, chain, context, proc_state=state)
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
