"""What an administered issuer is, what a revocation list is worth now, and when it is asked for again.

Always true: of two lists that speak for the same certificates the newer counts, whoever brought which.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from idp.messages.addresses import Target, parse_target

MOST_CERTIFICATES = 16
"""Of one issuer, roots and intermediates together."""
MOST_SOURCES = 16
"""Addresses of revocation lists of one issuer."""
TITLE_MOST = 60
SOON = 60
"""Seconds from one attempt to the next while a list is missing, or about to end; doubled by every failure."""
AHEAD = 600
"""Seconds before its next update at which a list is asked for again at the latest."""


class IssuerState(StrEnum):
    ACTIVE = "active"
    OFF = "off"
    """The kill switch: none of its certificates is accepted anywhere."""


class Usage(StrEnum):
    """Whose certificates of this issuer are accepted."""

    PEOPLE = "people"
    ENTITIES = "entities"
    BOTH = "both"


class CertificateKind(StrEnum):
    ANCHOR = "anchor"
    INTERMEDIATE = "intermediate"


class IssuerRefusal(StrEnum):
    """Why an issuer was not taken or changed, or a list not taken; `idp.web` has the sentence for each."""

    TITLE = "issuer_title_invalid"
    NO_ANCHOR = "issuer_no_anchor"
    CERTIFICATE = "issuer_certificate_refused"
    """`idp.crypto.certificates.Refused` says why."""
    TOO_MANY = "issuer_too_many"
    PROFILE = "issuer_profile_unknown"
    ADDRESS = "issuer_address_invalid"
    GRACE = "issuer_grace_invalid"
    KNOWN = "issuer_known"
    """Another issuer has the very same certificates."""
    NOTHING_NEW = "issuer_nothing_new"
    NOT_FOUND = "issuer_not_found"
    STATE = "issuer_state_already"


class ListFault(StrEnum):
    """Why an attempt brought no revocation list; what was held before stays."""

    UNREACHABLE = "list_unreachable"
    """No answer, or none that may be had: `idp.messages.addresses.Blocked` is in the log."""
    STATUS = "list_status"
    """An answer that is not 200."""
    TOO_LARGE = "list_too_large"
    MALFORMED = "list_malformed"
    KIND = "list_kind"
    """An indirect list, which speaks for other issuers as well (RFC 5280 5.2.5)."""
    FORGED = "list_forged"
    """No certificate of the issuer that may sign lists has signed it."""
    UNVERIFIED = "list_unverified"
    """Nobody was there to verify it."""
    FUTURE = "list_future"
    OLDER = "list_older"
    """Than the one held: somebody plays back an old one, or a mirror lags behind."""


class ListState(StrEnum):
    """Of what is held, for the status page and the metrics."""

    FRESH = "fresh"
    GRACE = "grace"
    """Past its next update, within the grace of its issuer."""
    STALE = "stale"
    MISSING = "missing"
    """An address that never gave one."""
    FORGED = "forged"
    """An address that gave one last that its issuer has not signed."""


class IssuerCertificateDer(NamedTuple):
    kind: CertificateKind
    fingerprint: str
    der: bytes


@dataclass(frozen=True, slots=True)
class Declaration:
    """What operators say of an issuer. ``grace``: seconds; ``crl_urls``: http or https, sorted."""

    title_zh: str
    title_en: str = ""
    profile: str = ""
    usage: Usage = Usage.BOTH
    grace: int = 0
    crl_urls: tuple[str, ...] = ()
    ocsp_url: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "crl_urls", tuple(sorted(self.crl_urls)))


@dataclass(frozen=True, slots=True)
class Issuer:
    """An administered issuer as it stands."""

    id: str
    declared: Declaration
    state: IssuerState
    certificates: tuple[IssuerCertificateDer, ...] = field(repr=False)
    created_at: int
    updated_at: int

    def title(self, language: str) -> str:
        return self.declared.title_en if language == "en" and self.declared.title_en else self.declared.title_zh

    def ders(self, kind: CertificateKind) -> tuple[bytes, ...]:
        return tuple(one.der for one in self.certificates if one.kind is kind)


class RevocationFacts(NamedTuple):
    """What a verified list says of itself.

    ``scope``: SHA-256, hexadecimal, of kind, issuer, key and distribution point: lists of one scope supersede each
    other. ``number``: 40 hexadecimal digits (RFC 5280 5.2.3), empty for a list without. Times: Unix seconds.
    """

    scope: str
    number: str
    this_update: int
    next_update: int
    entries: int
    fingerprint: str


class HeldList(NamedTuple):
    """A row of ``revocation_list`` without the list itself."""

    id: str
    issuer_id: str
    number: str
    this_update: int
    next_update: int
    entries: int
    fingerprint: str
    taken_at: int


class Source(NamedTuple):
    """A row of ``revocation_source``."""

    id: str
    issuer_id: str
    url: str
    list_id: str | None
    etag: str | None
    fault: str | None
    failures: int
    checked_at: int | None
    fetched_at: int | None


def held_state(next_update: int, *, grace: int, now: int) -> ListState:
    """Of a list that is held, by its own end."""
    if now <= next_update:
        return ListState.FRESH
    return ListState.GRACE if now <= next_update + grace else ListState.STALE


def source_state(source: Source, held: HeldList | None, *, grace: int, now: int) -> ListState:
    """Of an address: what it gave last, unless that was forged or nothing."""
    if source.fault == ListFault.FORGED:
        return ListState.FORGED
    return ListState.MISSING if held is None else held_state(held.next_update, grace=grace, now=now)


def next_try(*, next_update: int | None, failures: int, refresh: int, jitter: float, now: int) -> int:
    """When an address is asked again: after ``refresh`` seconds, sooner if the list ends before that.

    ``next_update``: of the list it gave, None for none; ``jitter``: 0 to 1, takes up to a tenth off, so that many
    addresses do not fall due at once. After failures the pause begins at `SOON` and doubles up to ``refresh``.
    """
    if failures:
        pause = min(SOON << min(failures - 1, 20), refresh)
    elif next_update is None:
        pause = min(SOON, refresh)
    else:
        ends = max(next_update - AHEAD - now, SOON)
        pause = min(refresh, ends)
    return now + max(1, pause - int(pause * jitter / 10))


def effective_grace(granted: int, *, stale: str, most: int) -> int:
    """The seconds for which an issuer's lists still count: settings may have been made stricter since."""
    return 0 if stale == "refuse" else min(granted, most)


def declaration_fault(declared: Declaration, *, profiles: frozenset[str], most_grace: int) -> IssuerRefusal | None:
    """What is wrong with what an operator says of an issuer."""
    titles = (declared.title_zh, declared.title_en)
    if not declared.title_zh or any(len(one) > TITLE_MOST or not one.isprintable() for one in titles if one):
        return IssuerRefusal.TITLE
    if declared.profile not in profiles:
        return IssuerRefusal.PROFILE
    if not 0 <= declared.grace <= most_grace:
        return IssuerRefusal.GRACE
    if len(declared.crl_urls) > MOST_SOURCES or len(set(declared.crl_urls)) != len(declared.crl_urls):
        return IssuerRefusal.ADDRESS
    addresses = (*declared.crl_urls, *((declared.ocsp_url,) if declared.ocsp_url else ()))
    return None if all(isinstance(parse_target(one), Target) for one in addresses) else IssuerRefusal.ADDRESS


def crl_addresses(text: str) -> tuple[str, ...]:
    """The addresses in ``text``, one to a line as certificates name them, without those of directories (LDAP)."""
    return tuple(one for one in text.split() if not one.lower().startswith(("ldap:", "ldaps:")))
