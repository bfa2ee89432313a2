"""What happens to bound certificates by themselves: told of before they end, ended when they are over or revoked."""

from idp.certificates.bindings import end_since
from idp.certificates.export import CertificateExport
from idp.certificates.rotation import rotate_certificates
from idp.certificates.sweeping import Sweeping, _integer
from idp.certificates.telling import tell_of_ends
from idp.crypto.certificates import Authority, Reason, Refused
from idp.proofing.notices import tell_of_ends as tell_of_evidence
from tests.certificates.conftest import BIND, ONE, SIGN_IN, answer, bound
from tests.certificates.scripted import Scripted, verified
from tests.certificates.test_binding import levels, owner
from tests.provider import Browser, Site

__all__ = ["owner"]
DAY = 86400


def texts(site: Site, template: str) -> list[dict[str, str]]:
    return [message["params"] for message in site.outbox("sms") if message["template"] == template]


def noon(site: Site, days: int) -> int:
    """In so many days at twelve o'clock in China."""
    return (site.now() + 8 * 3600) // DAY * DAY + days * DAY + 4 * 3600


def sweep(site: Site, verifier: Scripted, *serials: str, later: int = 0) -> int:
    """With lists that have these serial numbers in them."""
    swept = Sweeping(
        site.provider.database,
        site.provider.certificates,
        verifier,
        lambda: [Authority("iss_demo", (), (), crls=(b"a list",))],
    )
    swept._serials = {}
    known = {site_digest(b"a list"): frozenset(_integer(one) for one in serials)}
    swept._serials = known
    return swept.run(site.now() + later)


def site_digest(der: bytes) -> bytes:
    from hashlib import sha256

    return sha256(der).digest()


def test_the_owner_is_told_30_7_and_1_days_before_and_of_each_once(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    database, directory = site.provider.database, site.provider.directory
    for day in range(300, 370):
        tell_of_ends(database, directory, now=noon(site, day))
        tell_of_ends(database, directory, now=noon(site, day))
        tell_of_evidence(database, directory, now=noon(site, day))
    assert len(texts(site, "certificate_ends")) == 3
    assert texts(site, "identity_ends") == []  # who has a certificate hears of its end once
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:certificate:ending_told'") == 3


def test_nobody_is_told_at_night(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    tell_of_ends(site.provider.database, site.provider.directory, now=noon(site, 340) + 12 * 3600)
    assert texts(site, "certificate_ends") == []


def test_what_a_list_revokes_ends_with_its_proof_and_what_it_signed_in(
    site: Site, owner: Browser, verifier: Scripted
) -> None:
    answer(owner, BIND)
    entered = site.browser()
    answer(entered, SIGN_IN)
    assert (entered.signed_in, owner.signed_in) == (True, True)
    verifier.certificates["mine"] = Refused(Reason.REVOKED)
    assert sweep(site, verifier, "a1") == 1
    assert (entered.signed_in, owner.signed_in) == (False, True)
    assert (bound(site), levels(site)) == (0, 2)
    assert texts(site, "certificate_revoked") == [{}]
    assert site.one("SELECT certificate FROM certificate_binding") is None
    assert site.one("SELECT reason FROM audit_event WHERE event = 'person:certificate:ended'") == "revoked"
    assert sweep(site, verifier, "a1") == 0


def test_what_no_list_has_is_not_even_asked_about(site: Site, owner: Browser, verifier: Scripted) -> None:
    answer(owner, BIND)
    verifier.certificates["mine"] = Refused(Reason.REVOKED)
    assert sweep(site, verifier, "a2") == 0
    assert bound(site) == 1


def test_the_number_of_somebody_elses_certificate_on_a_list_ends_nothing(
    site: Site, owner: Browser, verifier: Scripted
) -> None:
    """Two authorities of one issuer may give out one number; a list that is forged or stale is no verdict either."""
    answer(owner, BIND)
    for verdict in (verified("a1", now=site.now()), Refused(Reason.REVOCATION_UNKNOWN)):
        verifier.certificates["mine"] = verdict
        assert sweep(site, verifier, "a1") == 0
    assert bound(site) == 1


def test_what_is_over_ends_by_itself_and_signs_nobody_out(site: Site, owner: Browser, verifier: Scripted) -> None:
    answer(owner, BIND)
    entered = site.browser()
    answer(entered, SIGN_IN)
    assert sweep(site, verifier, later=364 * DAY) == 0
    assert sweep(site, verifier, later=366 * DAY) == 1
    assert entered.signed_in
    assert site.one("SELECT end_reason FROM certificate_binding") == "expired"
    assert texts(site, "certificate_revoked") == []


def test_a_serial_number_stands_in_a_list_as_der_has_it() -> None:
    assert [_integer(one).hex() for one in ("0", "7f", "80", "100", "ff00")] == [
        "020100",
        "02017f",
        "02020080",
        "02020100",
        "020300ff00",
    ]


def test_a_person_who_disowns_a_sign_in_is_rid_of_what_was_bound_since(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    with site.provider.database.transaction() as tx:
        assert end_since(tx, site.party(ONE), since=site.now() + 60, now=site.now()) == 0
        assert end_since(tx, site.party(ONE), since=site.now() - 60, now=site.now()) == 1
    assert bound(site) == 0


def test_the_file_of_ones_data_has_ones_certificates(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    with site.provider.database.autocommit() as tx:
        name, held = CertificateExport(site.provider.certificates)(tx, site.party(ONE))
    assert name == "certificates"
    assert (held[0]["name"], held[0]["serial"], held[0]["ended_at"]) == ("欧阳清岚", "a1", None)


def test_sealed_fields_come_under_the_current_key(site: Site, owner: Browser) -> None:
    answer(owner, BIND)
    assert rotate_certificates(site.provider.database, site.provider.cipher) == 0
