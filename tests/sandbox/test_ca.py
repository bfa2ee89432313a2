"""The demo CAs: who is named, what is wrong with whom, and what the lists say."""

import dataclasses
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from asn1crypto import cms, core, crl, pem, x509
from cryptography import x509 as pyca
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from adapters.sandbox import der, sm2
from adapters.sandbox.ca import DAY, DemoAuthority, List, authorities
from adapters.sandbox.ca_cast import SCENES, cast
from adapters.sandbox.ca_certificates import CREDIT_CODE, ORGANISATION, PERSON
from adapters.sandbox.ca_issuers import demo_issuers
from adapters.sandbox.ca_keys import Kind, load_key
from adapters.sandbox.ca_pkcs12 import PASSWORD, container
from adapters.sandbox.ca_shelf import Shelf
from adapters.sandbox.ca_signed_data import signed_data
from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.settings import SandboxSettings
from tests.sandbox.certificates import AT, NOW, leaf, serial, verifies

ENTRIES = load_entries(SandboxSettings().entries)
ALL = cast(ENTRIES)


@pytest.fixture(params=list(Kind))
def authority(request: pytest.FixtureRequest, demo_shelf: Shelf) -> DemoAuthority:
    return authorities(demo_shelf, ALL, at=AT)[request.param]


@pytest.fixture
def of_sm2(demo_shelf: Shelf) -> DemoAuthority:
    return authorities(demo_shelf, ALL, at=AT)[Kind.SM2]


def extensions(certificate: bytes) -> dict[str, bytes]:
    found = x509.Certificate.load(certificate)["tbs_certificate"]["extensions"]
    return {one["extn_id"].dotted: one["extn_value"].contents for one in found}


def test_a_certificate_stands_on_the_chain_up_to_the_root(authority: DemoAuthority) -> None:
    issued = authority.certificate(authority.cast["person"], now=NOW)
    issuing, root = issued.chain
    assert verifies(issued.held.certificate, issuing)
    assert verifies(issuing, root)
    assert verifies(root, root)
    for certificate in (issued.held.certificate, issuing, root):
        assert pyca.load_der_x509_certificate(certificate).extensions  # another reader takes the encoding


def test_a_person_is_named_in_each_of_the_ways_that_occur(authority: DemoAuthority) -> None:
    value = extensions(leaf(authority, "person"))[PERSON]
    number = b"430105199003070011"
    expected = {Kind.SM2: b"\xa0\x14\x13\x12", Kind.RSA: b"\x80\x12", Kind.P256: b"\x13\x12"}
    assert value == expected[authority.kind] + number


def test_an_entity_is_named_by_both_extensions_and_its_holder_besides(of_sm2: DemoAuthority) -> None:
    code = b"\x13\x1291430100MA0000007Q"
    bare, both = (extensions(leaf(of_sm2, key)) for key in ("enterprise", "enterprise-holder"))
    assert (bare[ORGANISATION], bare[CREDIT_CODE], bare.get(PERSON)) == (code, code, None)
    assert both[PERSON].endswith(b"430105199003070011")
    assert PERSON not in extensions(leaf(of_sm2, "no-identity"))


def test_the_cast_are_people_and_entities_of_the_demo() -> None:
    people = tomllib.loads(SandboxSettings().people.read_text(encoding="utf-8"))
    numbers = {one["document"]["number"] for one in people["person"] if "document" in one}
    codes = {one["uscc"] for one in people["entity"]}
    for scene in SCENES:
        if scene.key != "wrong-number":
            assert not scene.holder.number or scene.holder.number in numbers
        assert not scene.holder.uscc or scene.holder.uscc in codes
    named = {scene.holder.number for scene in ALL.values()}
    assert {one.number for one in ENTRIES.people if one.document_type != "passport"} <= named
    assert {one.uscc for one in ENTRIES.enterprises} <= {scene.holder.uscc for scene in ALL.values()}


def test_what_is_wrong_with_a_certificate_is_wrong_with_it(of_sm2: DemoAuthority) -> None:
    def read(key: str) -> x509.Certificate:
        return x509.Certificate.load(leaf(of_sm2, key))

    assert read("expired").not_valid_after.timestamp() < NOW < read("not-yet-valid").not_valid_before.timestamp()
    assert read("encryption").key_usage_value.native == {"key_encipherment"}
    assert read("authority").basic_constraints_value["ca"].native is True
    assert extensions(leaf(of_sm2, "wrong-number"))[PERSON].endswith(b"430105199003070012")
    renewed, first = (read(key) for key in ("person-renewed", "person"))
    assert renewed.subject == first.subject
    assert (renewed.serial_number, renewed.public_key.dump()) != (first.serial_number, first.public_key.dump())


def test_the_empty_user_id_is_another_signature(of_sm2: DemoAuthority) -> None:
    certificate, issuer = leaf(of_sm2, "empty-user-id"), of_sm2.issuing(now=NOW).certificate
    assert not verifies(certificate, issuer)
    assert verifies(certificate, issuer, user_id=b"")
    assert not next(scene for scene in SCENES if scene.key == "empty-user-id").is_of(Kind.RSA)


def test_the_foreign_root_is_another_one(of_sm2: DemoAuthority) -> None:
    issued = of_sm2.certificate(of_sm2.cast["foreign"], now=NOW)
    assert verifies(issued.held.certificate, issued.chain[0])
    assert not verifies(issued.held.certificate, of_sm2.issuing(now=NOW).certificate)
    assert not x509.Certificate.load(issued.held.certificate).ca


def lists(authority: DemoAuthority, which: List) -> crl.CertificateList:
    return crl.CertificateList.load(authority.revocation_list(which, now=NOW))


def named(found: crl.CertificateList) -> set[int]:
    revoked = found["tbs_cert_list"]["revoked_certificates"]
    return {one["user_certificate"].native for one in revoked} if revoked.native else set()


def test_the_fresh_list_names_the_revoked_ones(authority: DemoAuthority) -> None:
    made = authority.revocation_list(now=NOW)
    assert named(crl.CertificateList.load(made)) == {
        serial(authority, "revoked"),
        serial(authority, "enterprise-revoked"),
    }
    if authority.kind is not Kind.SM2:  # pyca does not know SM2
        key = pyca.load_der_x509_certificate(authority.issuing(now=NOW).certificate).public_key()
        assert pyca.load_der_x509_crl(made).is_signature_valid(key)  # type: ignore[arg-type]


def test_the_other_lists_are_stale_forged_and_earlier(of_sm2: DemoAuthority) -> None:
    def verified(found: crl.CertificateList) -> bool:
        point = sm2.public_point(of_sm2.issuing(now=NOW).key.secret)  # type: ignore[attr-defined]
        return sm2.verify(point=point, message=found["tbs_cert_list"].dump(), signature=found["signature"].native)

    def ends(found: crl.CertificateList) -> float:
        return float(found["tbs_cert_list"]["next_update"].native.timestamp())

    fresh, stale, forged, earlier = (lists(of_sm2, which) for which in List)
    assert [verified(one) for one in (fresh, stale, forged, earlier)] == [True, True, False, True]
    assert ends(stale) == NOW - DAY < NOW < ends(fresh)
    assert ends(earlier) > NOW
    assert named(earlier) == set()
    assert earlier.crl_number_value.native < fresh.crl_number_value.native
    assert forged.issuer == fresh.issuer


def test_a_certificate_is_revoked_and_restored_by_the_switch() -> None:
    authority = authorities(Shelf(), ALL)[Kind.P256]
    authority.shelf.switch(Kind.P256, "person", revoked=True, now=NOW)
    authority.shelf.switch(Kind.SM2, "person", revoked=True, now=NOW)
    assert serial(authority, "person") in named(lists(authority, List.FRESH))
    authority.shelf.switch(Kind.P256, "person", revoked=False, now=NOW)
    assert serial(authority, "person") not in named(lists(authority, List.FRESH))


def test_a_shelf_keeps_certificates_over_a_restart(tmp_path: Path) -> None:
    kept = [authorities(Shelf(tmp_path), ALL)[Kind.SM2].certificate(ALL["person"], now=NOW) for _ in range(2)]
    assert kept[0] == kept[1]
    Shelf(tmp_path).switch(Kind.SM2, "person", revoked=True, now=NOW)
    assert Shelf(tmp_path).revoked() == {"sm2/person": NOW}
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {path.name for path in (tmp_path / "sm2").iterdir()} == {"root.pem", "issuing.pem", "person.pem"}


def test_who_comes_second_takes_what_the_first_has_made(tmp_path: Path) -> None:
    first, second = (authorities(Shelf(tmp_path), ALL)[Kind.SM2] for _ in range(2))
    held: list[object] = []

    def meanwhile() -> object:
        held.append(first.root(now=NOW))
        return dataclasses.replace(first.root(now=NOW), serial=1)

    assert second.shelf.keep(Kind.SM2, "root", meanwhile) == held[0]  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["../root", "", "A", "a/b"])
def test_a_shelf_takes_no_path_for_a_name(tmp_path: Path, key: str) -> None:
    with pytest.raises(ValueError, match="lower-case"):
        Shelf(tmp_path).keep(Kind.SM2, key, lambda: pytest.fail("made"))


def by_openssl(made: bytes, password: str) -> subprocess.CompletedProcess[bytes]:
    command = ["openssl", "pkcs12", "-nodes", "-passin", f"pass:{password}"]
    return subprocess.run(command, input=made, capture_output=True, check=False)


def test_openssl_opens_a_container_with_its_password_alone(authority: DemoAuthority) -> None:
    issued = authority.certificate(authority.cast["person"], now=NOW)
    made = container(issued, label="欧阳清岚")
    opened = dict[str, list[bytes]]()
    for label, _, data in pem.unarmor(by_openssl(made, PASSWORD).stdout, multiple=True):
        opened.setdefault(label, []).append(data)
    assert opened["CERTIFICATE"] == [issued.held.certificate, *issued.chain]
    assert load_key(authority.kind, opened["PRIVATE KEY"][0]).public_info == issued.held.key.public_info
    assert by_openssl(made, "another").returncode != 0


@pytest.mark.parametrize("kind", [Kind.RSA, Kind.P256])
def test_another_library_opens_a_container_too(demo_shelf: Shelf, kind: Kind) -> None:
    issued = authorities(demo_shelf, ALL, at=AT)[kind].certificate(ALL["person"], now=NOW)
    made = container(issued, label="欧阳清岚")
    opened = pkcs12.load_pkcs12(made, PASSWORD.encode())
    assert opened.cert
    assert opened.cert.friendly_name == "欧阳清岚".encode()
    assert opened.cert.certificate.public_bytes(Encoding.DER) == issued.held.certificate
    assert {one.certificate.public_bytes(Encoding.DER) for one in opened.additional_certs} == set(issued.chain)
    assert opened.key


@pytest.mark.parametrize("with_attributes", [True, False])
@pytest.mark.parametrize("detached", [True, False])
def test_signed_data_signs_the_content_or_its_attributes(
    of_sm2: DemoAuthority, with_attributes: bool, detached: bool
) -> None:
    issued = of_sm2.certificate(of_sm2.cast["person"], now=NOW)
    made = cms.ContentInfo.load(signed_data(issued, b"text", now=NOW if with_attributes else None, detached=detached))
    assert made["content_type"].native == "1.2.156.10197.6.1.4.2.2"
    signed = made["content"].parse(cms.SignedData)
    signer = signed["signer_infos"][0]
    message = signer["signed_attrs"].untag().dump() if with_attributes else b"text"
    point = issued.held.key.public_bits
    assert sm2.verify(point=point, message=message, signature=signer["signature"].native)
    assert (signed["encap_content_info"]["content"].native is None) == detached
    if with_attributes:
        digest = next(one for one in signer["signed_attrs"] if one["type"].native == "message_digest")
        assert digest["values"][0].native == sm2.sm3(b"text")
    assert isinstance(signed["certificates"][0].chosen, x509.Certificate)


def test_the_issuers_are_told_before_the_sandbox_runs(demo_directory: Path) -> None:
    told = demo_issuers("http://localhost:8009", directory=demo_directory, now=NOW)
    assert [one["kind"] for one in told] == ["sm2", "rsa", "p256"]
    assert told[0]["crls"] == [f"{AT}/sm2.crl", f"{AT}/sm2-root.crl"]
    assert "PRIVATE" not in str(told)
    again = demo_issuers("http://localhost:8009", directory=demo_directory, now=NOW + DAY)
    assert again == told


def test_times_after_2049_are_written_in_full() -> None:
    assert core.UTCTime.load(der.time(NOW)).native.timestamp() == NOW
    later = 2_600_000_000
    assert core.GeneralizedTime.load(der.time(later)).native.timestamp() == later
