"""What is held against a certificate before any other is looked at (RFC 5280 4.1, 4.2; GB/T 20518)."""

import base64
from dataclasses import replace
from hashlib import sha256

import pytest
from asn1crypto import algos, core, keys, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from idp.crypto import der
from idp.crypto.certificates import (
    MOST_BYTES,
    Algorithm,
    Certificate,
    Reason,
    Refused,
    check_anchor,
    read_certificate,
)
from tests.crypto.building import (
    DAY,
    NOW,
    OF_AUTHORITIES,
    SIGNING,
    Key,
    Made,
    PycaKey,
    basic,
    extension,
    p256_key,
    purposes,
    root,
    rsa_key,
    sm2_key,
    usage,
)
from tests.crypto.sm2_signing import SlowSm2

_SM2 = SlowSm2()
_ISSUER = root("issuer", sm2_key("issuer"))
_PLAIN = _ISSUER.issue("plain").der
_UNKNOWN = "1.2.156.112570.11.205"


def _refusal(data: bytes) -> Reason | None:
    read = read_certificate(data)
    return read.reason if isinstance(read, Refused) else None


def _spoiled(data: bytes, old: bytes, new: bytes) -> bytes:
    assert data.count(old) == 1
    return data.replace(old, new)


def _wrapped(data: bytes, label: str = "CERTIFICATE") -> bytes:
    text = base64.encodebytes(data).decode()
    return f"-----BEGIN {label}-----\n{text}-----END {label}-----\n".encode()


def _spki(identifier: str, bits: bytes, parameters: bytes = b"") -> bytes:
    algorithm = der.encoded(der.SEQUENCE, core.ObjectIdentifier(identifier).dump(), parameters)
    return der.encoded(der.SEQUENCE, algorithm, der.encoded(der.BIT_STRING, b"\0", bits))


@pytest.mark.parametrize(
    "form", [bytes, _wrapped, base64.b64encode, base64.encodebytes], ids=["der", "pem", "base64", "lines"]
)
def test_der_pem_and_base64_are_one_certificate(form) -> None:
    read = read_certificate(form(_PLAIN))

    assert isinstance(read, Certificate)
    assert read.der == _PLAIN
    assert read.fingerprint == sha256(_PLAIN).hexdigest()


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (sm2_key("x"), Algorithm.SM2),
        (p256_key("x"), Algorithm.P256),
        (PycaKey(ec.derive_private_key(7, ec.SECP384R1()), hashes.SHA384()), Algorithm.P384),
        (PycaKey(ec.derive_private_key(7, ec.SECP521R1()), hashes.SHA512()), Algorithm.P521),
        (rsa_key("x"), Algorithm.RSA),
    ],
    ids=lambda one: one.value if isinstance(one, Algorithm) else "",
)
def test_what_is_read_is_what_stands_there(key: Key, algorithm: Algorithm) -> None:
    made = root("自己", key, (SIGNING,), serial=0xAB)
    read = read_certificate(made.der)

    assert isinstance(read, Certificate)
    assert (read.algorithm, read.serial, read.key) == (algorithm, "ab", key.spki)
    assert read.subject == read.issuer == "CN=自己,O=示例,C=CN"
    assert (read.not_before, read.not_after) == (NOW - 30 * DAY, NOW + 365 * DAY)
    assert read.key_hash == sha256(key.spki).hexdigest()
    assert "自己" not in repr(replace(read, issuer=""))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"0",
        b"\x30\x80" + _PLAIN[4:] + b"\0\0",
        _PLAIN + b"\0",
        _PLAIN[:-1],
        _wrapped(_PLAIN) * 2,
        _wrapped(_PLAIN, "PRIVATE KEY"),
        _wrapped(_PLAIN) + b"x",
        b"MII!",
        "证书".encode(),
        _spoiled(_PLAIN, b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x01"),
        _spoiled(_PLAIN, b"\x06\x03\x55\x1d\x0f\x01\x01\xff", b"\x06\x03\x55\x1d\x0f\x01\x01\x01"),
        der.encoded(der.SEQUENCE, b"\x30\x00" * 3),
    ],
    ids=range(13),
)
def test_what_is_not_one_certificate_in_der_is_malformed(data: bytes) -> None:
    assert _refusal(data) is Reason.MALFORMED


def test_nesting_is_not_followed_for_ever() -> None:
    nested = b""
    while len(nested) < MOST_BYTES - 8:
        nested = der.encoded(der.SEQUENCE, nested)

    assert _refusal(nested) is Reason.MALFORMED


@pytest.mark.parametrize("data", [b"\x30" * (MOST_BYTES + 1), b"M" * (2 * MOST_BYTES + 1)])
def test_what_is_too_large_is_not_read(data: bytes) -> None:
    assert _refusal(data) is Reason.TOO_LARGE


@pytest.mark.parametrize("serial", [0, -1, 1 << 160])
def test_a_serial_number_is_positive_and_has_twenty_octets_at_most(serial: int) -> None:
    assert _refusal(_ISSUER.issue("x", serial=serial).der) is Reason.MALFORMED
    assert _refusal(_ISSUER.issue("x", serial=(1 << 160) - 1).der) is None


def test_an_end_before_the_beginning_is_malformed() -> None:
    assert _refusal(_ISSUER.issue("x", days=(1, 0)).der) is Reason.MALFORMED


@pytest.mark.parametrize("bad", [b"261322080000Z", b"2601220800Z\x00\x00", b"260122080000+"])
def test_a_date_that_is_none_is_malformed(bad: bytes) -> None:
    made = _ISSUER.issue("x", days=(0, 20 * 365)).der
    [at] = [n for n in range(len(made)) if made[n : n + 2] == b"\x17\x0d"][:1]

    assert _refusal(made[: at + 2] + bad + made[at + 15 :]) is Reason.MALFORMED


@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ((), Reason.NOT_FOR_SIGNING),
        ((usage("key_encipherment", "data_encipherment"),), Reason.NOT_FOR_SIGNING),
        ((usage("non_repudiation"),), Reason.NOT_FOR_SIGNING),
        (OF_AUTHORITIES, Reason.IS_AUTHORITY),
        ((SIGNING, basic()), Reason.IS_AUTHORITY),
        ((usage("digital_signature", "key_cert_sign"),), Reason.IS_AUTHORITY),
        ((SIGNING, SIGNING), Reason.MALFORMED),
        ((SIGNING, (_UNKNOWN, True, b"\x05\x00")), Reason.PATH),
        ((SIGNING, ("2.5.29.15.1", False, b"\x05\x00")), None),
        ((SIGNING, (_UNKNOWN, False, b"not DER at all")), None),
        ((SIGNING, basic(False)), None),
        ((SIGNING, purposes("server_auth")), None),
        ((("2.5.29.15", True, b"\x03\x02\x00\x80\x00"),), Reason.MALFORMED),
        ((("2.5.29.15", True, b"\x04\x02\x00\x80"),), Reason.MALFORMED),
    ],
    ids=range(14),
)
def test_extensions_decide_what_a_certificate_is_for(extensions, reason: Reason | None) -> None:
    assert _refusal(_ISSUER.issue("x", extensions=extensions).der) is reason


_P256 = "06082a8648ce3d030107"
_EC = "1.2.840.10045.2.1"
_RSA = "1.2.840.113549.1.1.1"


def _rsa(modulus: int, exponent: int) -> bytes:
    return _spki(_RSA, keys.RSAPublicKey({"modulus": modulus, "public_exponent": exponent}).dump(), b"\x05\x00")


_MODULUS = rsa_key("x").key.public_key().public_numbers().n


@pytest.mark.parametrize(
    ("spki", "reason"),
    [
        (_rsa(_MODULUS, 65537), None),
        (_rsa(_MODULUS >> 1024 | 1, 65537), Reason.WEAK_KEY),
        (_rsa(_MODULUS << 8192 | 1, 65537), Reason.WEAK_KEY),
        (_rsa(_MODULUS - 1, 65537), Reason.WEAK_KEY),
        (_rsa(_MODULUS, 3), Reason.WEAK_KEY),
        (_rsa(_MODULUS, 65538), Reason.WEAK_KEY),
        (_rsa(_MODULUS, (1 << 64) + 1), Reason.WEAK_KEY),
        (_spki(_RSA, b"", b"\x05\x00"), Reason.MALFORMED),
        (_spki(_EC, sm2_key("x").point, bytes.fromhex("06082a811ccf5501822d")), None),
        (_spki(_EC, sm2_key("x").point, bytes.fromhex(_P256)), Reason.WEAK_KEY),
        (_spki(_EC, b"\x04" + bytes(64), bytes.fromhex(_P256)), Reason.WEAK_KEY),
        (_spki(_EC, b"\x04" + bytes(64), bytes.fromhex("06082a811ccf5501822d")), Reason.WEAK_KEY),
        (_spki(_EC, p256_key("x").spki[-65:], bytes.fromhex("06082a811ccf5501822d")), Reason.WEAK_KEY),
        (_spki(_EC, b"\x02" + p256_key("x").spki[-64:-32], bytes.fromhex(_P256)), Reason.WEAK_KEY),
        (_spki(_EC, p256_key("x").spki[-65:], bytes.fromhex("06052b8104000a")), Reason.ALGORITHM),
        (_spki(_EC, p256_key("x").spki[-65:], b"\x30\x00"), Reason.ALGORITHM),
        (_spki("1.3.101.112", bytes(32)), Reason.ALGORITHM),
    ],
    ids=range(17),
)
def test_only_sound_keys_of_known_kinds_are_taken(spki: bytes, reason: Reason | None) -> None:
    assert _refusal(_ISSUER.issue("x", spki=spki).der) is reason


def _pss(digest: str, masked: str, salt: int = 32) -> bytes:
    return algos.SignedDigestAlgorithm({
        "algorithm": "rsassa_pss",
        "parameters": algos.RSASSAPSSParams({
            "hash_algorithm": {"algorithm": digest},
            "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": masked}},
            "salt_length": salt,
        }),
    }).dump()  # fmt: skip


def _algorithm(name: str, parameters: bytes | None = None) -> bytes:
    identifier = core.ObjectIdentifier(name).dump()
    return der.encoded(der.SEQUENCE, identifier, parameters or b"")


@pytest.mark.parametrize(
    ("algorithm", "reason"),
    [
        (_algorithm("1.2.156.10197.1.501"), None),
        (_algorithm("1.2.156.10197.1.501", b"\x05\x00"), None),
        (_algorithm("1.2.156.10197.1.501", b"\x30\x00"), Reason.ALGORITHM),
        (_algorithm("1.2.840.113549.1.1.11", b"\x05\x00"), None),
        (_algorithm("1.2.840.113549.1.1.11"), None),
        (_algorithm("1.2.840.113549.1.1.5", b"\x05\x00"), Reason.ALGORITHM),
        (_algorithm("1.2.840.113549.1.1.4", b"\x05\x00"), Reason.ALGORITHM),
        (_algorithm("1.2.840.113549.1.1.14", b"\x05\x00"), Reason.ALGORITHM),
        (_algorithm("1.2.840.10045.4.1"), Reason.ALGORITHM),
        (_algorithm("1.2.840.10045.4.3.1"), Reason.ALGORITHM),
        (_algorithm("1.2.840.10045.4.3.2"), None),
        (_algorithm("1.2.840.10045.4.3.2", b"\x05\x00"), Reason.ALGORITHM),
        (_algorithm("1.2.156.10197.1.504"), Reason.ALGORITHM),
        (_pss("sha256", "sha256"), None),
        (_pss("sha256", "sha512"), Reason.ALGORITHM),
        (_pss("sha224", "sha224"), Reason.ALGORITHM),
        (_algorithm("1.2.840.113549.1.1.10", b"\x30\x00"), Reason.MALFORMED),
    ],
    ids=range(17),
)
def test_weak_and_unknown_signature_algorithms_are_refused(algorithm: bytes, reason: Reason | None) -> None:
    assert _refusal(_ISSUER.issue("x", algorithm=algorithm).der) is reason


def test_the_algorithm_outside_is_that_which_is_signed() -> None:
    other = _algorithm("1.2.156.10197.1.501", b"\x05\x00")

    assert _refusal(_ISSUER.issue("x", outer=other).der) is Reason.MALFORMED


@pytest.mark.parametrize("key", [sm2_key("root"), p256_key("root"), rsa_key("root")], ids=["sm2", "p-256", "rsa"])
def test_a_root_and_an_intermediate_may_be_imported(key: Key) -> None:
    made = root("root", key)

    assert isinstance(check_anchor(made.der, sm2=_SM2), Certificate)
    assert isinstance(check_anchor(_wrapped(made.authority("between").der), sm2=_SM2), Certificate)


@pytest.mark.parametrize("key", [sm2_key("root"), p256_key("root"), rsa_key("root")], ids=["sm2", "p-256", "rsa"])
def test_a_root_that_another_has_signed_is_not_imported(key: Key) -> None:
    other = p256_key("other") if key is not p256_key("root") else sm2_key("other")
    forged = Made(x509.Certificate.load(root("root", key).der).subject, other, b"", 0).authority("root", key=key)

    assert check_anchor(forged.der, sm2=_SM2) == Refused(Reason.PATH, "own signature")


@pytest.mark.parametrize(
    ("extensions", "reason"),
    [
        ((basic(),), None),
        ((basic(), usage("key_cert_sign")), None),
        ((basic(), extension("name_constraints", b"\x30\x00", critical=True)), None),
        ((basic(False), usage("key_cert_sign")), Reason.PATH),
        ((usage("key_cert_sign"),), Reason.PATH),
        ((basic(), usage("crl_sign")), Reason.PATH),
        ((*OF_AUTHORITIES, (_UNKNOWN, True, b"\x05\x00")), Reason.PATH),
    ],
    ids=range(7),
)
def test_an_authority_says_that_it_is_one(extensions, reason: Reason | None) -> None:
    checked = check_anchor(root("root", sm2_key("root"), extensions).der, sm2=_SM2)

    assert (checked.reason if isinstance(checked, Refused) else None) is reason


def test_an_authority_with_a_weak_key_is_not_imported() -> None:
    weak = PycaKey(rsa.generate_private_key(65537, 1024))  # noqa: S505 - that is what is refused

    assert check_anchor(root("root", weak).der, sm2=_SM2) == Refused(Reason.WEAK_KEY, "rsa 1024")
