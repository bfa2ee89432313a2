"""What is trusted just now, as validation needs it: held in process, and never more than a second old.

Always true: an issuer that is switched off is still known, so that its certificates are refused for that; one whose
profile is not configured any more is not trusted at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from idp.crypto.certificates import Authority
from idp.db import Database, Statement, Transaction
from idp.issuers import actions
from idp.issuers.profiles import BUILT_IN, Profile, parse_profile
from idp.issuers.rules import CertificateKind, HeldList, Issuer, IssuerState, Usage, effective_grace
from idp.log import get_logger
from idp.settings.certificates import Certificates
from idp.state.versions import Versioned

_DER = Statement[tuple[str, bytes]]("SELECT fingerprint, der FROM revocation_list WHERE id = :id")
_log = get_logger("issuers")


def load_profiles(files: Iterable[Path]) -> Mapping[str, Profile]:
    """The built-in profiles and those of ``files``, by name. Raises `BadProfile`, ``OSError``."""
    read = [parse_profile(file.read_text("utf-8")) for file in files]
    return {**BUILT_IN, **{profile.name: profile for profile in read}}


class _Snapshot(NamedTuple):
    trusted: tuple[tuple[Authority, Profile], ...]
    usages: Mapping[str, Usage]
    services: Mapping[str, str]


class Authorities:
    """The administered issuers. ``profiles``: by the name that issuers were given."""

    def __init__(self, database: Database, profiles: Mapping[str, Profile], settings: Certificates) -> None:
        self.profiles = profiles
        self._settings = settings
        self._lists: Mapping[tuple[str, str], bytes] = {}
        self._held = Versioned(database, actions.VERSION, self._load)

    def get(self) -> Sequence[tuple[Authority, Profile]]:
        """Every issuer with the profile that reads its certificates. Raises `DatabaseUnavailable`."""
        return self._held.get().trusted

    def usage(self, issuer_id: str) -> Usage | None:
        """Whose certificates of this issuer are accepted; None for an issuer that is not trusted."""
        return self._held.get().usages.get(issuer_id)

    def status_service(self, issuer_id: str) -> str | None:
        """The address of an issuer's OCSP service; None for an issuer without."""
        return self._held.get().services.get(issuer_id)

    def expire(self) -> None:
        """Ask the database at the next use."""
        self._held.expire()

    def _load(self, tx: Transaction) -> _Snapshot:
        issuers = [one for one in actions.all_issuers(tx) if self._profile(one) is not None]
        lists = self._load_lists(tx, [one.id for one in issuers if one.state is IssuerState.ACTIVE])
        trusted = tuple(
            (self._authority(one, lists.get(one.id, ())), self.profiles[one.declared.profile]) for one in issuers
        )
        usages = {one.id: one.declared.usage for one in issuers}
        services = {one.id: url for one in issuers if (url := one.declared.ocsp_url)}
        return _Snapshot(trusted, usages, services)

    def _profile(self, issuer: Issuer) -> Profile | None:
        found = self.profiles.get(issuer.declared.profile)
        if found is None:
            _log.error("issuer without its profile is not trusted", issuer=issuer.id, profile=issuer.declared.profile)
        return found

    def _authority(self, issuer: Issuer, crls: tuple[bytes, ...]) -> Authority:
        declared, settings = issuer.declared, self._settings
        return Authority(
            id=issuer.id,
            anchors=issuer.ders(CertificateKind.ANCHOR),
            intermediates=issuer.ders(CertificateKind.INTERMEDIATE),
            crls=crls,
            grace=effective_grace(declared.grace, stale=settings.stale, most=settings.most_grace),
            enabled=issuer.state is IssuerState.ACTIVE,
        )

    def _load_lists(self, tx: Transaction, active: Sequence[str]) -> dict[str, tuple[bytes, ...]]:
        """The lists of ``active`` issuers; megabytes that have not changed are not read again."""
        held: dict[tuple[str, str], bytes] = {}
        found: dict[str, tuple[bytes, ...]] = {}
        for one in actions.held_lists(tx):
            if one.issuer_id in active and (read := self._read(tx, one)) is not None:
                fingerprint, der = read
                held[one.id, fingerprint] = der
                found[one.issuer_id] = (*found.get(one.issuer_id, ()), der)
        self._lists = held
        return found

    def _read(self, tx: Transaction, one: HeldList) -> tuple[str, bytes] | None:
        known = self._lists.get((one.id, one.fingerprint))
        if known is not None:
            return one.fingerprint, known
        row = tx.one(_DER, id=one.id)
        return (row[0], bytes(row[1])) if row else None
