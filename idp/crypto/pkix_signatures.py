"""Every signature that the library for paths wants verified, and every algorithm it asks about (`idp.crypto.pkix`).

Always true: `idp.crypto.public_keys` decides; nothing of the library's own verifies anything.
"""

from collections.abc import Mapping
from datetime import datetime

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature
from pyhanko_certvalidator.policy_decl import AlgorithmUsageConstraint, AlgorithmUsagePolicy
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    SignatureValidationContext,
    SignatureValidator,
)

from idp.crypto.authority_material import Material, SignedCrl
from idp.crypto.der import Malformed
from idp.crypto.public_keys import algorithm_of, made_by, scheme_of
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_types import Refused


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


class Algorithms(AlgorithmUsagePolicy):
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
