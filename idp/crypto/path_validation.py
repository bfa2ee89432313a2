"""The verdict on a certificate's path: whether an administered issuer stands behind it now.

Always true: paths are built from the given `Authority` alone; whatever goes wrong on the way, including a defect of a
library, refuses.

Clauses: RFC 5280 (6).
"""

from collections.abc import Sequence

from idp.crypto.authority_material import Material, Node, material_of, node_of
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_fields import fields_of
from idp.crypto.x509_types import Accepted, Authority, Certificate, Policies, Reason, Refused

_MOST_KEPT = 256
"""Issuers whose `Material` is kept."""
_TELLING = (
    Reason.REVOKED, Reason.ISSUER_OFF, Reason.EXPIRED, Reason.NOT_YET_VALID, Reason.REVOCATION_UNKNOWN,
    Reason.ALGORITHM, Reason.PATH, Reason.UNKNOWN_ISSUER,
)  # fmt: skip
"""Where several paths are refused, the first of these that one was refused for."""


class PathValidator:
    """``sm2``: who verifies SM2 signatures (`idp.crypto.sm2.Sm2Verifier`). Safe for several threads.

    An `Authority` is made ready once, and again when another of the same id, with other contents, is given.
    """

    def __init__(self, sm2: Sm2Verifier) -> None:
        self._sm2 = sm2
        self._kept: dict[str, Material] = {}

    def validate(
        self,
        certificate: Certificate,
        authorities: Sequence[Authority],
        *,
        now: int,
        policies: Policies = Policies(),  # noqa: B008 - frozen
    ) -> Accepted | Refused:
        """``certificate``: as `idp.crypto.certificates.read_certificate` made it; ``now``: Unix seconds."""
        verdicts = [
            verdict
            for authority in authorities
            if authority.enabled
            for verdict in self._verdicts(certificate, authority, now, policies)
        ]
        best = _best(verdicts)
        if isinstance(best, Accepted) or best.reason is Reason.REVOKED:
            return best
        switched_off = (
            _off(verdict, authority)
            for authority in authorities
            if not authority.enabled
            for verdict in self._verdicts(certificate, authority, now, policies)
        )
        refused = _best([best, *switched_off])
        return refused if isinstance(refused, Refused) else best

    def prepare(self, authority: Authority) -> None:
        """Have an issuer whose lists are new made ready before somebody waits for it.

        May raise `idp.crypto.sm2.Sm2Unavailable`.
        """
        self._material(authority)

    def _verdicts(
        self, certificate: Certificate, authority: Authority, now: int, policies: Policies
    ) -> list[Accepted | Refused]:
        """One for each path to an anchor."""
        try:
            material = self._material(authority)
            paths = material.paths_to(_node(certificate))
            return [self._verdict(certificate, path, material, now, policies) for path in paths]
        except Exception as error:  # a defect, or a server for SM2 that is down, must never accept
            return [Refused(Reason.PATH, type(error).__name__)]

    def _verdict(
        self, certificate: Certificate, path: tuple[bytes, ...], material: Material, now: int, policies: Policies
    ) -> Accepted | Refused:
        # Imported by the first path, since it takes a fifth of a second and tens of megabytes, which a node without
        # certificates is spared.
        from idp.crypto import pkix

        try:
            spoken = pkix.validate_path(pkix.Path(path, material, now), policies, self._sm2)
        except Exception as error:  # the library raises what it likes at data it does not expect
            return Refused(Reason.PATH, type(error).__name__)
        if isinstance(spoken, Refused):
            return spoken
        return Accepted(certificate, material.authority.id, path, spoken)

    def _material(self, authority: Authority) -> Material:
        known = self._kept.get(authority.id)
        # Tuples compare their members by identity first, so that lists which are the same object cost nothing.
        if known is not None and (known.authority is authority or known.authority == authority):
            return known
        made = material_of(authority, self._sm2, known)
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        self._kept[authority.id] = made
        return made


def _node(certificate: Certificate) -> Node:
    return node_of(fields_of(certificate.der))


def _off(verdict: Accepted | Refused, authority: Authority) -> Refused:
    """Nobody refreshes the lists of an issuer that is off: that they are old is no other reason."""
    if isinstance(verdict, Accepted) or verdict.reason is Reason.REVOCATION_UNKNOWN:
        return Refused(Reason.ISSUER_OFF, authority.id)
    return verdict


def _best(verdicts: Sequence[Accepted | Refused]) -> Accepted | Refused:
    """Accepted by one path is accepted, unless the end entity itself is revoked by another's list."""
    refusals = [verdict for verdict in verdicts if isinstance(verdict, Refused)]
    refusals.sort(key=lambda refused: _TELLING.index(refused.reason))
    accepted = next((verdict for verdict in verdicts if isinstance(verdict, Accepted)), None)
    if accepted is not None and not any(_is_revoked(refused) for refused in refusals):
        return accepted
    return refusals[0] if refusals else Refused(Reason.UNKNOWN_ISSUER)


def _is_revoked(refused: Refused) -> bool:
    return refused.reason is Reason.REVOKED and refused.detail.startswith("end entity")
