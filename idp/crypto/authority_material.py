"""An administered issuer made ready: its certificates by name, its lists checked for who signed them.

Always true: it is made once for an `Authority` and changes only in which signatures it remembers to hold; no parsed
object is in it that threads would have to share.

Clauses: RFC 5280 (5.2.4, 6.3.3), RFC 6960 (4.1.1).
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from asn1crypto import ocsp

from idp.crypto.crls import Crl, read_crl
from idp.crypto.der import Malformed
from idp.crypto.sm2 import Sm2Verifier
from idp.crypto.x509_fields import Fields, fields_of, key_identifiers_of
from idp.crypto.x509_names import comparable
from idp.crypto.x509_types import Authority, Refused

SM3 = "1.2.156.10197.1.401"
_IDENTIFIED_BY = ("sha1", "sha256", SM3)
"""Digests by which an OCSP answer may identify an issuer: no more than a short name for it."""
_LONGEST_PATH = 8
"""Certificates between anchor and end entity."""
_MOST_PATHS = 8
_MOST_STEPS = 256


@dataclass(frozen=True, slots=True)
class Node:
    """A certificate as far as paths are built from it. Names: comparable (RFC 5280 7.1)."""

    der: bytes = field(repr=False)
    subject: str
    issuer: str
    identifier: bytes
    issuer_identifier: bytes
    key: bytes = field(repr=False)
    is_anchor: bool = False

    def may_have_issued(self, other: "Node") -> bool:
        """By key identifiers, which are hints (RFC 5280 4.2.1.1): what they do not say speaks for nobody."""
        return not (self.identifier and other.issuer_identifier) or self.identifier == other.issuer_identifier


@dataclass(frozen=True, slots=True, eq=False)
class SignedCrl:
    """``keys``: of the administered certificates with its issuer's name, those that signed it; never none."""

    crl: Crl
    keys: frozenset[bytes] = field(repr=False)

    @property
    def group(self) -> tuple[str, tuple[bytes, bytes], frozenset[bytes]]:
        """Lists that replace each other, and the deltas that go with them."""
        return self.crl.issuer_name, self.crl.scope, self.keys


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """``nodes``: by subject, anchors first; ``answers``: OCSP, with the serial numbers that each speaks of."""

    authority: Authority
    nodes: dict[str, list[Node]]
    crls: tuple[SignedCrl, ...]
    answers: tuple[tuple[bytes, frozenset[int]], ...]
    _verified: set[tuple[bytes, bytes, bytes]] = field(default_factory=set)
    _administered: frozenset[bytes] = frozenset()

    @property
    def grace(self) -> int:
        return self.authority.grace

    def paths_to(self, end_entity: Node) -> list[tuple[bytes, ...]]:
        """DER from anchor to ``end_entity``, the shortest first; not all of them where there are many."""
        found: list[tuple[bytes, ...]] = []
        waiting: deque[tuple[Node, ...]] = deque([(end_entity,)])
        for _ in range(_MOST_STEPS):
            if not waiting or len(found) == _MOST_PATHS:
                break
            path = waiting.popleft()
            for issuer in self._issuers_of(path[0]):
                if issuer.is_anchor:
                    found.append(tuple(node.der for node in (issuer, *path)))
                elif len(path) <= _LONGEST_PATH and issuer not in path:
                    waiting.append((issuer, *path))
        return found[:_MOST_PATHS]

    def named(self, names: Iterable[str]) -> list[bytes]:
        """DER of the certificates with these subjects."""
        return [node.der for name in names for node in self.nodes.get(name, ())]

    def crls_for(self, issuers: "Issuers", now: int) -> Iterator[tuple[SignedCrl, bool]]:
        """(list, whether it counts with a delta only) of those that may speak of a certificate at ``now``."""
        current = [signed for signed in self._current(now) if issuers.allow(signed.crl)]
        for signed in current:
            if signed.crl.base is None:
                deltas = [one for one in current if one.crl.base is not None and one.group == signed.group]
                fitting = [delta for delta in deltas if _adds_to(delta.crl, signed.crl)]
                outrun = any(_is_outrun(delta.crl, signed.crl) for delta in deltas)
                yield signed, bool(fitting) or (signed.crl.has_freshest and not outrun)
                yield from ((delta, False) for delta in fitting)

    def ocsp_about(self, serials: set[int]) -> list[bytes]:
        return [der for der, spoken_of in self.answers if spoken_of & serials]

    def remembered(self, signature: tuple[bytes, bytes, bytes], verify: Callable[[], bool]) -> bool:
        """``signature``: (what is signed, signature, key); only what is administered, and holds, is kept."""
        if signature in self._verified:
            return True
        holds = verify()
        if holds and signature[0] in self._administered:
            self._verified.add(signature)
        return holds

    def _issuers_of(self, node: Node) -> Iterator[Node]:
        return (one for one in self.nodes.get(node.issuer, ()) if one.may_have_issued(node))

    def _current(self, now: int) -> list[SignedCrl]:
        """The latest of each group, complete and delta, unless even that is too old."""
        latest: dict[object, SignedCrl] = {}
        for signed in self.crls:
            key, held = (signed.group, signed.crl.base is None), signed.crl
            if held.this_update <= now and (key not in latest or _age(latest[key].crl) < _age(held)):
                latest[key] = signed
        return [signed for signed in latest.values() if signed.crl.next_update + self.grace >= now]


@dataclass(frozen=True, slots=True)
class Issuers:
    """Who may say that a certificate is revoked: its ``own`` issuer, and those that its distribution points name."""

    own: str
    named: frozenset[str]

    def allow(self, crl: Crl) -> bool:
        """RFC 5280 6.3.3 (b)."""
        return crl.issuer_name == self.own or (crl.is_indirect and crl.issuer_name in self.named)


def node_of(fields: Fields, *, is_anchor: bool = False) -> Node:
    """Raises `idp.crypto.der.Malformed`."""
    own, issuers = key_identifiers_of(fields)
    return Node(
        fields.der, comparable(fields.subject), comparable(fields.issuer), own, issuers, fields.key, is_anchor
    )


def material_of(authority: Authority, sm2: Sm2Verifier, known: Material | None = None) -> Material:
    """``known``: what was made of the same issuer before; what has not changed is taken from there.

    What is malformed, and lists that nobody administered has signed, are left out. May raise
    `idp.crypto.sm2.Sm2Unavailable`.
    """
    if known is not None and _certificates(known.authority) != _certificates(authority):
        known = None
    made = known or _of_certificates(authority)
    held = {signed.crl.der: signed for signed in made.crls}
    crls = (held.get(one) or _signed(one, made, sm2) for one in authority.crls)
    answers = tuple((one, serials) for one in authority.ocsp if (serials := _spoken_of(one)))
    return replace(made, authority=authority, crls=tuple(one for one in crls if one is not None), answers=answers)


def _certificates(authority: Authority) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    return authority.anchors, authority.intermediates


def _of_certificates(authority: Authority) -> Material:
    nodes: dict[str, list[Node]] = {}
    administered: set[bytes] = set()
    for certificates, is_anchor in ((authority.anchors, True), (authority.intermediates, False)):
        for certificate in certificates:
            try:
                fields = fields_of(certificate)
                node = node_of(fields, is_anchor=is_anchor)
            except Malformed:
                continue
            nodes.setdefault(node.subject, []).append(node)
            administered.add(fields.tbs)
    return Material(authority, nodes, (), (), _administered=frozenset(administered))


def _signed(data: bytes, made: Material, sm2: Sm2Verifier) -> SignedCrl | None:
    crl = read_crl(data)
    if isinstance(crl, Refused):
        return None
    candidates = {node.key for node in made.nodes.get(crl.issuer_name, ())}
    keys = frozenset(key for key in candidates if _is_signed_by(crl, key, sm2))
    return SignedCrl(crl, keys) if keys else None


def _is_signed_by(crl: Crl, key: bytes, sm2: Sm2Verifier) -> bool:
    try:
        return crl.is_signed_by(key, sm2)
    except Malformed:
        return False


def _spoken_of(answer: bytes) -> frozenset[int]:
    """Serial numbers; none: nothing that can be used."""
    try:
        response = ocsp.OCSPResponse.load(answer, strict=True)
        if response["response_status"].native != "successful":
            return frozenset()
        told = response["response_bytes"]["response"].parsed["tbs_response_data"]["responses"]
        identifiers = [one["cert_id"] for one in told]
        if any(one["hash_algorithm"]["algorithm"].native not in _IDENTIFIED_BY for one in identifiers):
            return frozenset()
        return frozenset(one["serial_number"].native for one in identifiers)
    except (ValueError, TypeError, KeyError, AttributeError):
        return frozenset()


def _age(crl: Crl) -> tuple[int, int]:
    return crl.this_update, crl.number or 0


def _adds_to(delta: Crl, complete: Crl) -> bool:
    """RFC 5280 5.2.4 (c) and (d)."""
    if delta.base is None or delta.number is None or complete.number is None:
        return False
    return delta.base <= complete.number <= delta.number


def _is_outrun(delta: Crl, complete: Crl) -> bool:
    """The complete list is newer, and says all that the delta does."""
    return delta.number is not None and complete.number is not None and delta.number < complete.number
