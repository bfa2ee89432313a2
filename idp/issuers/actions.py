"""Administered issuers: added, changed, switched off and on again, and read.

Always true: each change bumps the version in its own transaction: every node sees it within a second.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from idp.audit import Event, record
from idp.audit.rules import Detail
from idp.crypto.tokens import new_id
from idp.db import Statement, Transaction
from idp.issuers.rules import (
    MOST_CERTIFICATES,
    CertificateKind,
    Declaration,
    HeldList,
    Issuer,
    IssuerCertificateDer,
    IssuerRefusal,
    IssuerState,
    Source,
    Usage,
)
from idp.state.versions import bump

VERSION = "issuers"


class _Row(NamedTuple):
    id: str
    title_zh: str
    title_en: str
    profile: str
    usage: str
    ocsp_url: str | None
    grace: int
    state: str
    created_at: int
    updated_at: int


_COLUMNS = ", ".join(_Row._fields)
_ALL = Statement(f"SELECT {_COLUMNS} FROM certificate_issuer ORDER BY id", _Row)
_ONE = Statement(f"SELECT {_COLUMNS} FROM certificate_issuer WHERE id = :id", _Row)
_CERTIFICATES = Statement[tuple[str, str, str, bytes]](
    "SELECT issuer_id, kind, fingerprint, der FROM issuer_certificate ORDER BY issuer_id, kind, fingerprint"
)
_URLS = Statement[tuple[str, str]]("SELECT issuer_id, url FROM revocation_source ORDER BY id")
_SOURCES = Statement(f"SELECT {', '.join(Source._fields)} FROM revocation_source ORDER BY id", Source)
_LISTS = Statement(f"SELECT {', '.join(HeldList._fields)} FROM revocation_list ORDER BY id", HeldList)
_ADD = Statement[Any](
    "INSERT INTO certificate_issuer (id, title_zh, title_en, profile, usage, ocsp_url, grace, state, created_at,"
    " updated_at) VALUES (:id, :title_zh, :title_en, :profile, :usage, :ocsp_url, :grace, 'active', :now, :now)"
)
_CHANGE = Statement[Any](
    "UPDATE certificate_issuer SET title_zh = :title_zh, title_en = :title_en, profile = :profile, usage = :usage,"
    " ocsp_url = :ocsp_url, grace = :grace, updated_at = :now WHERE id = :id"
)
_SWITCH = Statement[Any](
    "UPDATE certificate_issuer SET state = :state, updated_at = :now WHERE id = :id AND state <> :state"
)
_ADD_CERTIFICATE = Statement[Any](
    "INSERT INTO issuer_certificate (issuer_id, fingerprint, kind, der, added_at)"
    " VALUES (:issuer, :fingerprint, :kind, :der, :now) ON CONFLICT DO NOTHING"
)
_ADD_SOURCE = Statement[Any](
    "INSERT INTO revocation_source (id, issuer_id, url, failures, due_at, claimed_until)"
    " VALUES (:id, :issuer, :url, 0, :now, 0) ON CONFLICT DO NOTHING"
)
_HOLD = Statement[Any]("UPDATE registry_version SET version = version WHERE name = :name")
_DROP_SOURCE = Statement[Any]("DELETE FROM revocation_source WHERE issuer_id = :issuer AND url = :url")


def all_issuers(tx: Transaction) -> list[Issuer]:
    """In the order they were added."""
    certificates: dict[str, list[IssuerCertificateDer]] = {}
    for issuer, kind, fingerprint, der in tx.all(_CERTIFICATES):
        one = IssuerCertificateDer(CertificateKind(kind), fingerprint, bytes(der))
        certificates.setdefault(issuer, []).append(one)
    urls: dict[str, list[str]] = {}
    for issuer, url in tx.all(_URLS):
        urls.setdefault(issuer, []).append(url)
    return [_issuer(row, tuple(certificates.get(row.id, ())), tuple(urls.get(row.id, ()))) for row in tx.all(_ALL)]


def _issuer(row: _Row, certificates: tuple[IssuerCertificateDer, ...], urls: tuple[str, ...]) -> Issuer:
    declared = Declaration(row.title_zh, row.title_en, row.profile, Usage(row.usage), row.grace, urls, row.ocsp_url)
    return Issuer(row.id, declared, IssuerState(row.state), certificates, row.created_at, row.updated_at)


def find(tx: Transaction, issuer_id: str) -> Issuer | None:
    return next((one for one in all_issuers(tx) if one.id == issuer_id), None)  # there are few


def sources(tx: Transaction) -> list[Source]:
    return tx.all(_SOURCES)


def held_lists(tx: Transaction) -> list[HeldList]:
    return tx.all(_LISTS)


def hold(tx: Transaction) -> None:
    """Let nobody else change an issuer until this transaction ends: what is read from here on stays so."""
    tx.run(_HOLD, name=VERSION)


def is_known(tx: Transaction, certificates: Sequence[IssuerCertificateDer]) -> bool:
    """One root may stand above several issuers, as a national one does; the same certificates are the same issuer."""
    wanted = {one.fingerprint for one in certificates}
    return any({one.fingerprint for one in known.certificates} == wanted for known in all_issuers(tx))


def add(
    tx: Transaction,
    declared: Declaration,
    certificates: Sequence[IssuerCertificateDer],
    *,
    actor: str | None,
    now: int,
) -> Issuer | IssuerRefusal:
    """Trust an issuer, whose certificates and declaration have been checked (`importing`)."""
    if refused := _refusal(certificates):
        return refused
    if is_known(tx, certificates):
        return IssuerRefusal.KNOWN
    key = new_id("cai")
    tx.run(_ADD, id=key, **_values(declared), now=now)
    _put(tx, key, certificates, declared.crl_urls, now=now)
    anchor = next(one.fingerprint for one in certificates if one.kind is CertificateKind.ANCHOR)
    detail: Detail = {"certificates": len(certificates), "anchor": anchor}
    record(tx, Event.ISSUER_ADDED, actor=actor, subject=key, detail=detail, now=now)
    bump(tx, VERSION)
    return Issuer(key, declared, IssuerState.ACTIVE, tuple(certificates), now, now)


def change(
    tx: Transaction,
    issuer: Issuer,
    declared: Declaration,
    further: Sequence[IssuerCertificateDer] = (),
    *,
    actor: str | None,
    now: int,
) -> Issuer | IssuerRefusal:
    """Declare anew; ``further``: checked certificates beside those it has. None is ever taken away: see `switch`."""
    fresh = tuple(one for one in further if one not in issuer.certificates)
    if declared == issuer.declared and not fresh:
        return IssuerRefusal.NOTHING_NEW
    certificates = (*issuer.certificates, *fresh)
    if refused := _refusal(certificates):
        return refused
    tx.run(_CHANGE, id=issuer.id, **_values(declared), now=now)
    _put(tx, issuer.id, fresh, declared.crl_urls, now=now)
    for url in set(issuer.declared.crl_urls) - set(declared.crl_urls):
        tx.run(_DROP_SOURCE, issuer=issuer.id, url=url)
    detail = {"certificates": len(certificates), "sources": len(declared.crl_urls), "grace": declared.grace}
    record(tx, Event.ISSUER_CHANGED, actor=actor, subject=issuer.id, detail=detail, now=now)
    bump(tx, VERSION)
    return Issuer(issuer.id, declared, issuer.state, certificates, issuer.created_at, now)


def switch(
    tx: Transaction, issuer_id: str, state: IssuerState, *, actor: str | None, because: str | None = None, now: int
) -> IssuerRefusal | None:
    """The kill switch. ``because``: the id of the stated reason. Once on again, lists are asked for at once."""
    if tx.one(_ONE, id=issuer_id) is None:
        return IssuerRefusal.NOT_FOUND
    if not tx.run(_SWITCH, id=issuer_id, state=state, now=now):
        return IssuerRefusal.STATE
    event = Event.ISSUER_OFF if state is IssuerState.OFF else Event.ISSUER_ON
    detail = {"because": because} if because else None
    record(tx, event, actor=actor, subject=issuer_id, detail=detail, now=now)
    bump(tx, VERSION)
    return None


def _refusal(certificates: Sequence[IssuerCertificateDer]) -> IssuerRefusal | None:
    if not any(one.kind is CertificateKind.ANCHOR for one in certificates):
        return IssuerRefusal.NO_ANCHOR
    return IssuerRefusal.TOO_MANY if len(certificates) > MOST_CERTIFICATES else None


def _values(declared: Declaration) -> dict[str, Any]:
    return {
        "title_zh": declared.title_zh,
        "title_en": declared.title_en,
        "profile": declared.profile,
        "usage": declared.usage,
        "ocsp_url": declared.ocsp_url,
        "grace": declared.grace,
    }


def _put(
    tx: Transaction, key: str, certificates: Sequence[IssuerCertificateDer], urls: Sequence[str], *, now: int
) -> None:
    for one in certificates:
        tx.run(_ADD_CERTIFICATE, issuer=key, fingerprint=one.fingerprint, kind=one.kind, der=one.der, now=now)
    for url in urls:
        tx.run(_ADD_SOURCE, id=new_id("crs"), issuer=key, url=url, now=now)
