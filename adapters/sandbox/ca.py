"""The demo CAs, one per kind of key: root, issuing CA, certificates of the cast, revocation lists.

Always true: a certificate is made when it is first asked for, and stays the same as long as the shelf is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from adapters.sandbox import ca_certificates as x509
from adapters.sandbox import der
from adapters.sandbox.ca_cast import Holder, Quirk, Scene
from adapters.sandbox.ca_certificates import Held, Plan, Withdrawn
from adapters.sandbox.ca_keys import Kind, make_key
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.sm2 import USER_ID

DAY = 86_400
TITLES = {Kind.SM2: "SM2", Kind.RSA: "RSA-2048", Kind.P256: "ECDSA P-256"}
_ORGANISATION = "Tongban demo, not for production"
_BEFORE = 300
"""Seconds by which a list is dated back, as CAs do for clocks that go otherwise than theirs."""
_YEARS = 365 * DAY


class List(StrEnum):
    """Which revocation list; as it stands in addresses and file names."""

    FRESH = "fresh"
    STALE = "stale"
    """Ran out a day ago."""
    FORGED = "forged"
    """By another key."""
    EARLIER = "earlier"
    """Still good, but an hour older than the fresh one and without anybody on it: nobody may go back to it."""


@dataclass(frozen=True, slots=True)
class Issued:
    """``held`` and the certificates above it, DER, the issuing CA's first."""

    held: Held
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class DemoAuthority:
    """``at``: the address under which its lists are served, "" for certificates that name none."""

    kind: Kind
    shelf: Shelf
    cast: Mapping[str, Scene]
    at: str = ""

    def root(self, *, now: int) -> Held:
        return self._root("root", "Root CA", now)

    def issuing(self, *, now: int) -> Held:
        """Signs the cast; its own certificate names the root's list."""

        def made() -> Held:
            pointers = x509.revocation_pointers(crl=f"{self.at}/{self.kind}-root.crl") if self.at else ()
            return self._made(self._authority("Issuing CA", now, *pointers, path_length=0), self.root(now=now))

        return self.shelf.keep(self.kind, "issuing", made)

    def responder(self, *, now: int) -> Held:
        """Signs answers about single certificates."""
        usage = (
            x509.basic_constraints(authority=False),
            x509.key_usage(x509.DIGITAL_SIGNATURE),
            x509.extended_key_usage(x509.OCSP_SIGNING),
            x509.no_check(),
        )
        plan = Plan(self._name("OCSP responder"), now - DAY, now + 10 * _YEARS, usage)
        return self.shelf.keep(self.kind, "responder", lambda: self._made(plan, self.issuing(now=now)))

    def certificate(self, scene: Scene, *, now: int) -> Issued:
        foreign = scene.quirk is Quirk.FOREIGN
        issuer = self._root("elsewhere", "Elsewhere CA", now) if foreign else self.issuing(now=now)
        held = self.shelf.keep(self.kind, scene.key, lambda: self._made(self._plan(scene, now), issuer))
        above = (issuer.certificate,) if foreign else (issuer.certificate, self.root(now=now).certificate)
        return Issued(held, above)

    def revoked(self, *, now: int) -> tuple[Withdrawn, ...]:
        """What the list of the issuing CA names: the revoked ones of the cast, and those switched by hand."""
        since = {scene.key: now - DAY for scene in self.cast.values() if scene.revoked and scene.is_of(self.kind)}
        for name, moment in self.shelf.revoked().items():
            kind, _, key = name.partition("/")
            since |= {key: moment} if kind == self.kind and key in self.cast else {}
        return tuple(
            Withdrawn(self.certificate(self.cast[key], now=now).held.serial, moment) for key, moment in since.items()
        )

    def revocation_list(self, which: List = List.FRESH, *, now: int, days: int = 1) -> bytes:
        """The issuing CA's, DER; good for ``days``."""
        issuer = self.issuing(now=now)
        made = now - {List.STALE: 8 * DAY, List.EARLIER: 3600}.get(which, _BEFORE)
        ends = now - DAY if which is List.STALE else now + days * DAY
        forger = self._root("elsewhere", "Elsewhere CA", now).key if which is List.FORGED else None
        named = () if which is List.EARLIER else self.revoked(now=now)
        return x509.revocation_list(issuer, named, this_update=made, next_update=ends, signer=forger)

    def root_list(self, *, now: int, days: int = 1) -> bytes:
        """The root's: nobody is on it."""
        return x509.revocation_list(self.root(now=now), (), this_update=now - _BEFORE, next_update=now + days * DAY)

    def _root(self, key: str, title: str, now: int) -> Held:
        return self.shelf.keep(self.kind, key, lambda: self._made(self._authority(title, now), None))

    def _made(self, plan: Plan, issuer: Held | None) -> Held:
        return x509.issue(plan, make_key(self.kind), issuer=issuer)

    def _name(self, title: str) -> bytes:
        return x509.name(f"Tongban demo {TITLES[self.kind]} {title}", organisation=_ORGANISATION)

    def _authority(self, title: str, now: int, *more: bytes, path_length: int | None = None) -> Plan:
        usage = (
            x509.basic_constraints(authority=True, path_length=path_length),
            x509.key_usage(x509.KEY_CERT_SIGN, x509.CRL_SIGN),
        )
        return Plan(self._name(title), now - 5 * _YEARS, now + 15 * _YEARS, (*usage, *more))

    def _plan(self, scene: Scene, now: int) -> Plan:
        begin, end = (now + days * DAY for days in scene.days)
        user_id = b"" if scene.quirk is Quirk.EMPTY_USER_ID else USER_ID
        pointers: tuple[bytes, ...] = ()
        if self.at:
            lists = f"{self.at}/{self.kind}"
            pointers = x509.revocation_pointers(crl=f"{lists}.crl", ocsp=f"{lists}/ocsp")
        return Plan(
            _subject(scene.holder),
            begin,
            end,
            (*_usage(scene.quirk), *self._identity(scene.holder), *pointers),
            user_id,
        )

    def _identity(self, holder: Holder) -> tuple[bytes, ...]:
        """GM/T 0015; the three ways of writing a person's number occur among real CAs, so each kind has one."""
        found = []
        if holder.number:
            written = {
                Kind.SM2: der.explicit(0, der.printable(holder.number)),
                Kind.RSA: der.implicit(0, holder.number.encode()),
                Kind.P256: der.printable(holder.number),
            }
            found.append(x509.extension(x509.PERSON, written[self.kind]))
        if holder.uscc:
            found.append(x509.extension(x509.ORGANISATION, der.printable(holder.uscc)))
            found.append(x509.extension(x509.CREDIT_CODE, der.printable(holder.uscc)))
        return tuple(found)


def authorities(shelf: Shelf, cast: Mapping[str, Scene], *, at: str = "") -> dict[Kind, DemoAuthority]:
    """One per kind."""
    return {kind: DemoAuthority(kind, shelf, cast, at) for kind in Kind}


def _subject(holder: Holder) -> bytes:
    return x509.name(holder.name or holder.entity, organisation=holder.entity)


def _usage(quirk: Quirk | None) -> tuple[bytes, ...]:
    constraints = x509.basic_constraints(authority=quirk is Quirk.AUTHORITY)
    if quirk is Quirk.ENCRYPTION:
        return (constraints, x509.key_usage(x509.KEY_ENCIPHERMENT))
    if quirk is Quirk.AUTHORITY:
        return (constraints, x509.key_usage(x509.DIGITAL_SIGNATURE, x509.KEY_CERT_SIGN))
    return (constraints, x509.key_usage(x509.DIGITAL_SIGNATURE, x509.NON_REPUDIATION))
