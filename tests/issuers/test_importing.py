"""Certificates of authorities as operators bring them: read, checked, and shown to be compared."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from idp.issuers.importing import Imported, ImportRefused, certificates_in, checked, grouped
from idp.issuers.rules import MOST_CERTIFICATES, CertificateKind, IssuerRefusal
from tests.issuers.making import NOW, SM2, House, a_ca, a_leaf

SM2_ROOT = Path(__file__).parents[1] / "crypto" / "answers" / "sm2-root.pem"


def refused(anchors: list[bytes], intermediates: list[bytes]) -> ImportRefused:
    found = checked(anchors, intermediates, sm2=SM2)
    assert isinstance(found, ImportRefused), found
    return found


def test_every_certificate_of_a_text_is_read_with_what_stands_between(house: House) -> None:
    text = f"subject=CN=Example\n{house.root.pem}\r\n{house.issuing.pem}trailing words"
    assert certificates_in(text.encode()) == [house.root.der, house.issuing.der]
    assert certificates_in(house.root.der) == [house.root.der]
    assert certificates_in(b" \n") == []


def test_what_is_shown_is_what_an_authority_publishes(house: House) -> None:
    found = checked([house.root.der], [house.issuing.der], sm2=SM2)
    assert isinstance(found, tuple)
    root, below = found
    assert (root.kind, below.kind) == (CertificateKind.ANCHOR, CertificateKind.INTERMEDIATE)
    assert root.subject == "CN=Example Root"
    assert root.algorithm == "p-256"
    assert root.not_before < NOW < root.not_after
    assert root.sha256 == hashlib.sha256(house.root.der).hexdigest()


def test_an_sm2_root_has_the_fingerprint_openssl_prints() -> None:
    found = checked(certificates_in(SM2_ROOT.read_bytes()), [], sm2=SM2)
    assert isinstance(found, tuple)
    said = subprocess.run(
        ["openssl", "x509", "-in", SM2_ROOT, "-noout", "-fingerprint", "-sm3"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert found[0].sm3 == said.partition("=")[2].strip().replace(":", "").lower()
    assert found[0].algorithm == "sm2"


def test_a_fingerprint_is_written_to_be_compared_by_eye() -> None:
    assert grouped("00ffab12c") == "00FF AB12 C"


def test_the_same_certificate_twice_is_one(house: House) -> None:
    found = checked([house.root.der, house.root.der], [house.issuing.der], sm2=SM2)
    assert isinstance(found, tuple)
    assert len(found) == 2


def test_without_a_root_nothing_is_trusted(house: House) -> None:
    assert refused([], [house.issuing.der]).reason is IssuerRefusal.NO_ANCHOR


def test_what_is_in_the_wrong_place_is_refused(house: House) -> None:
    for anchors, below in (([house.issuing.der], []), ([house.root.der], [house.root.der])):
        found = refused(anchors, below)
        assert found.reason is IssuerRefusal.CERTIFICATE
        assert found.detail.startswith("no ")


def test_what_ends_at_no_root_that_came_with_it_is_refused(house: House) -> None:
    orphan = a_ca("Orphan CA", a_ca("Other Root"))
    assert refused([house.root.der], [orphan.der]).detail.startswith("nothing above it")


def test_who_is_no_authority_is_refused(house: House) -> None:
    leaf = a_leaf("Somebody", house.issuing)
    assert "not an authority" in refused([house.root.der], [house.issuing.der, leaf.der]).detail


@pytest.mark.parametrize(
    "garbage", [b"", b"\x30\x03abc", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_refused(garbage: bytes) -> None:
    assert refused([garbage], []).reason is IssuerRefusal.CERTIFICATE


def test_a_root_that_did_not_sign_itself_is_refused(house: House) -> None:
    der = bytearray(house.root.certificate.public_bytes(Encoding.DER))
    der[-1] ^= 1
    assert refused([bytes(der)], []).reason is IssuerRefusal.CERTIFICATE


def test_too_many_certificates_cost_nothing(house: House) -> None:
    text = (house.root.pem * 100).encode()
    assert len(certificates_in(text)) == MOST_CERTIFICATES + 1
    assert refused(certificates_in(text), []).reason is IssuerRefusal.TOO_MANY


def test_an_imported_certificate_is_stored_by_its_fingerprint(house: House) -> None:
    found = checked([house.root.der], [], sm2=SM2)
    assert isinstance(found, tuple)
    assert isinstance(found[0], Imported)
    assert found[0].stored == (CertificateKind.ANCHOR, hashlib.sha256(house.root.der).hexdigest(), house.root.der)
