"""Whether a key made a signature, as whatever has to do with certificates asks (RFC 8017, GB/T 32918)."""

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from idp.crypto.certificates import Certificate, read_certificate, verify_signature
from tests.crypto.building import SIGNING, PycaKey, p256_key, root, rsa_key, sm2_key
from tests.crypto.sm2_signing import SlowSm2

_SM2, _MESSAGE = SlowSm2(), b"what is signed"
_MADE = {
    "rsa": (rsa_key("a"), "sha256"),
    "p-256": (p256_key("a"), "sha256"),
    "sha384": (PycaKey(p256_key("a").key, hashes.SHA384()), "sha384"),
    "sm2": (sm2_key("a"), "sm3"),
}


def _holds(key, digest: str, message: bytes = _MESSAGE, **changed) -> bool:
    given = {"signature": key.sign(_MESSAGE), **changed}
    return verify_signature(key.spki, message=message, digest=digest, sm2=_SM2, **given)


@pytest.mark.parametrize("kind", _MADE)
def test_a_signature_holds_for_its_own_key_message_and_digest(kind: str) -> None:
    key, digest = _MADE[kind]

    assert _holds(key, digest)
    assert not _holds(key, digest, b"another message")
    assert not _holds(key, digest, signature=key.sign(_MESSAGE)[:-1])
    assert not any(_holds(key, other) for other in ("sha256", "sha384", "sha512", "sm3", "sha1") if other != digest)
    for other, _ in _MADE.values():
        if other.spki != key.spki:
            assert not _holds(other, digest, signature=key.sign(_MESSAGE))


@pytest.mark.parametrize("kind", ["rsa", "p-256", "sm2"])
def test_a_certificate_stands_for_its_key(kind: str) -> None:
    key, digest = _MADE[kind]
    certificate = read_certificate(root("a", key, (SIGNING,)).der)

    assert isinstance(certificate, Certificate)
    assert verify_signature(certificate, message=_MESSAGE, signature=key.sign(_MESSAGE), digest=digest, sm2=_SM2)


@pytest.mark.parametrize("salt", [0, 32, padding.PSS.MAX_LENGTH])
def test_pss_takes_any_salt_and_is_no_other_padding(salt) -> None:
    key = rsa_key("a").key
    signature = key.sign(_MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())

    assert _holds(rsa_key("a"), "sha256", signature=signature, padding="pss")
    assert not _holds(rsa_key("a"), "sha256", signature=signature)
    assert not _holds(rsa_key("a"), "sha256", padding="pss")


def test_an_sm2_signature_by_the_empty_user_id_is_another_ones() -> None:
    key = sm2_key("a")

    assert not _holds(key, "sm3", signature=key.sign(_MESSAGE, b""))
