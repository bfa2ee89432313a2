"""Bare signatures: each kind of key, either encoding, and no scheme that does not count."""

import pytest

from idp.crypto import der
from idp.crypto.certificates import Certificate, Reason, Refused
from idp.crypto.signed_data import Answer, verify_answer
from idp.crypto.sm2 import Sm2Unavailable
from tests.crypto.signing import CONTENT, HERE, judged, pem, signer

BARE = {
    "rsa-pkcs1.sig": "rsa",
    "rsa-pss.sig": "rsa",
    "p256.sig": "p256",
    "p384.sig": "p384",
    "sm2.sig": "sm2",
}


@pytest.mark.parametrize(("file", "holder"), BARE.items())
def test_a_bare_signature_with_its_certificate(file: str, holder: str) -> None:
    signature = (HERE / file).read_bytes()
    for certificate in (pem(f"{holder}.pem"), (HERE / f"{holder}.pem").read_bytes()):
        assert isinstance(judged(signature=signature, certificate=certificate), Certificate)
    altered = bytearray(signature)
    altered[-1] ^= 1
    for wrong, content in ((bytes(altered), CONTENT), (signature, CONTENT + b" "), (signature + b"\0", CONTENT)):
        found = judged(content=content, signature=wrong, certificate=pem(f"{holder}.pem"))
        assert isinstance(found, Refused)
        assert found.reason is Reason.ANSWER_SIGNATURE


@pytest.mark.parametrize(("file", "holder", "size"), [("p256.sig", "p256", 32), ("p384.sig", "p384", 48),
                                                      ("sm2.sig", "sm2", 32)])  # fmt: skip
def test_r_and_s_side_by_side(file: str, holder: str, size: int) -> None:
    """As IEEE P1363 and WebCrypto have them."""
    parts = der.only((HERE / file).read_bytes()).parts.all(der.INTEGER, most=2)
    plain = b"".join(int.from_bytes(part.value).to_bytes(size) for part in parts)
    assert isinstance(judged(signature=plain, certificate=pem(f"{holder}.pem")), Certificate)
    for wrong in (plain[size:] + plain[:size], plain[1:], plain + b"\0", bytes(2 * size), b"\xff" * 2 * size):
        assert isinstance(judged(signature=wrong, certificate=pem(f"{holder}.pem")), Refused)


@pytest.mark.parametrize(("file", "holder"), [("rsa-sha1.sig", "rsa"), ("sm2-empty-id.sig", "sm2")])
def test_a_bare_signature_by_a_scheme_that_does_not_count(file: str, holder: str) -> None:
    found = judged(signature=(HERE / file).read_bytes(), certificate=pem(f"{holder}.pem"))
    assert found == Refused(Reason.ANSWER_SIGNATURE)


def test_neither_nothing_nor_both_is_an_answer() -> None:
    whole = (HERE / "rsa-attached.cms").read_bytes()
    signature = (HERE / "rsa-pkcs1.sig").read_bytes()
    for found in (
        judged(),
        judged(certificate=pem("rsa.pem")),
        judged(signature=signature),
        judged(whole, signature=signature, certificate=pem("rsa.pem")),
    ):
        assert isinstance(found, Refused)
        assert found.reason is Reason.ANSWER_MALFORMED


class Away:
    def verify(self, *, point: bytes, message: bytes, signature: bytes, user_id: bytes = b"") -> bool:
        raise Sm2Unavailable


def test_nobody_there_to_verify_sm2_refuses() -> None:
    for answer in (
        Answer(signer("sm2")),
        Answer(b"", (HERE / "sm2.sig").read_bytes(), pem("sm2.pem")),
    ):
        found = verify_answer(answer, content=CONTENT, sm2=Away())
        assert isinstance(found, Refused)
        assert found.reason is Reason.ANSWER_SIGNATURE
