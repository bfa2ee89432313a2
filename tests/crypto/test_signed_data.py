"""Answers: what OpenSSL makes and what GB/T 35275 has is taken, everything else is refused and nothing is raised."""

import base64
from pathlib import Path
from unittest.mock import patch

import pytest

from idp.crypto import cms, der, signed_data
from idp.crypto.certificates import Algorithm, Certificate, Reason, Refused
from idp.crypto.signed_data import MOST_BYTES, Answer, verify_answer
from idp.crypto.sm2 import PureSm2
from tests.crypto.signing import (
    CMS,
    CONTENT,
    CONTENT_TYPE,
    GM,
    HERE,
    HOLDERS,
    MESSAGE_DIGEST,
    NULL,
    SHA256,
    SHA384,
    SM3,
    Holder,
    algorithm,
    attribute,
    judged,
    octets,
    oid,
    pem,
    pss_scheme,
    reason,
    signer,
    sm2_holder,
    usual,
)
from tests.crypto.signing import signed_data as made

TAKEN = {
    "rsa-attached.cms": "rsa",
    "rsa-detached.cms": "rsa",
    "rsa-no-attributes.cms": "rsa",
    "rsa-detached-no-attributes.cms": "rsa",
    "rsa-sha512.cms": "rsa",
    "rsa-pss.cms": "rsa",
    "rsa-pss-long-salt.cms": "rsa",
    "rsa-pss-sha384.cms": "rsa",
    "rsa-key-identifier.cms": "rsa",
    "rsa-with-root.cms": "rsa",
    "rsa-pkcs7.cms": "rsa",
    "rsa-attached.pem": "rsa",
    "p256-attached.cms": "p256",
    "p256-detached.cms": "p256",
    "p256-no-attributes.cms": "p256",
    "p384-sha384.cms": "p384",
}
REFUSED = {
    "rsa-no-certificates.cms": Reason.ANSWER_SIGNERS,
    "two-signers.cms": Reason.ANSWER_SIGNERS,
    "rsa-indefinite.cms": Reason.ANSWER_MALFORMED,
    "no-signed-data.cms": Reason.ANSWER_MALFORMED,
    "rsa-sha1.cms": Reason.ALGORITHM,
    "rsa-pss-sha1.cms": Reason.ALGORITHM,
}


@pytest.mark.parametrize(("file", "holder"), TAKEN.items())
def test_what_openssl_signs_is_taken(file: str, holder: str) -> None:
    found = judged((HERE / file).read_bytes())
    assert isinstance(found, Certificate)
    assert found.der == pem(f"{holder}.pem")


@pytest.mark.parametrize("file", TAKEN)
def test_it_is_no_answer_to_another_content(file: str) -> None:
    data = (HERE / file).read_bytes()
    other = CONTENT.replace(b"sign-in", b"bind-person")
    has_nothing_else = "detached-no-attributes" in file
    assert reason(data, other) is (Reason.ANSWER_SIGNATURE if has_nothing_else else Reason.ANSWER_CONTENT)
    assert reason(data, CONTENT + b"\n") is not None
    assert reason(data, b"") is not None


@pytest.mark.parametrize(("file", "expected"), REFUSED.items())
def test_what_openssl_can_also_make_is_refused(file: str, expected: Reason) -> None:
    assert reason((HERE / file).read_bytes()) is expected


def test_a_certificate_beside_the_answer_may_be_the_signers() -> None:
    data = (HERE / "rsa-no-certificates.cms").read_bytes()
    assert reason(data, certificate=pem("rsa.pem")) is None
    assert reason(data, certificate=(HERE / "rsa.pem").read_bytes()) is None
    assert reason(data, certificate=pem("p256.pem")) is Reason.ANSWER_SIGNERS


def test_der_pem_and_base64_are_the_same_answer() -> None:
    data = (HERE / "p256-attached.cms").read_bytes()
    lines = base64.encodebytes(data)
    for label in (b"PKCS7", b"CMS"):
        assert reason(b"-----BEGIN " + label + b"-----\n" + lines + b"-----END " + label + b"-----\n") is None
    assert reason(base64.b64encode(data)) is None
    assert reason(b"\n" + lines.replace(b"\n", b"\r\n")) is None


@pytest.mark.parametrize(
    "data",
    [
        b"-----BEGIN CMS-----\n",
        b"-----BEGIN CMS-----\nMIIB\n-----END PKCS7-----\n",
        b"-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n",
        b"-----BEGIN CMS-----\nMIIB\n-----END CMS-----\nmore",
        b"neither",
        b"MIIB====",
        b"\x30",
        b"\x30\x80\x00\x00",
        b"\xff" * 100,
    ],
)
def test_what_is_no_answer_at_all_is_malformed(data: bytes) -> None:
    assert reason(data) is Reason.ANSWER_MALFORMED


@pytest.mark.parametrize("name", HOLDERS)
@pytest.mark.parametrize("attached", [CONTENT, None], ids=["attached", "detached"])
@pytest.mark.parametrize("signs_attributes", [True, False], ids=["attributes", "content"])
def test_each_kind_of_key_attached_and_detached_with_and_without_attributes(
    name: str, attached: bytes | None, signs_attributes: bool
) -> None:
    found = judged(signer(name, attached=attached, signs_attributes=signs_attributes))
    assert isinstance(found, Certificate)
    assert found.algorithm is {"p256": Algorithm.P256, "sm2": Algorithm.SM2}.get(name, Algorithm.RSA)


@pytest.mark.parametrize("scheme", ["1.2.156.10197.1.501", "1.2.156.10197.1.301.1", "1.2.156.10197.1.301"])
@pytest.mark.parametrize("types", [GM, CMS, (GM[0], CMS[1])])
def test_sm2_under_each_name_it_goes_by(scheme: str, types: tuple[str, str]) -> None:
    assert reason(made(sm2_holder(scheme=scheme), types=types)) is None
    assert reason(made(sm2_holder(scheme=scheme), types=types, digest=algorithm(f"{SM3}.1"))) is None
    assert reason(made(sm2_holder(), types=(CMS[0], GM[1]))) is Reason.ANSWER_MALFORMED


def test_sm2_signed_with_the_empty_user_id_is_refused() -> None:
    assert reason(made(sm2_holder(user_id=b""))) is Reason.ANSWER_SIGNATURE
    assert reason(made(sm2_holder(user_id=b""), signs_attributes=False)) is Reason.ANSWER_SIGNATURE


def test_attributes_are_hashed_as_a_set_and_not_as_they_stand() -> None:
    held = der.encoded(der.context(0), *sorted(usual(HOLDERS["sm2"])))
    assert reason(signer("sm2", message=held)) is Reason.ANSWER_SIGNATURE
    assert reason(signer("sm2", message=CONTENT)) is Reason.ANSWER_SIGNATURE


def test_a_signature_over_attributes_is_none_over_a_content_that_looks_like_them() -> None:
    """The signed attributes of one answer, taken for the content of another that has none."""
    attributes = der.encoded(der.SET, *sorted(usual(HOLDERS["p256"])))
    turned = made(HOLDERS["p256"], attached=attributes, signs_attributes=False, message=attributes)
    assert reason(turned) is Reason.ANSWER_CONTENT


@pytest.mark.parametrize("name", HOLDERS)
def test_the_attached_content_counts_not_only_its_hash(name: str) -> None:
    assert reason(signer(name, attached=CONTENT + b" ")) is Reason.ANSWER_CONTENT
    assert reason(signer(name, digest_of=b"something else")) is Reason.ANSWER_CONTENT
    assert reason(signer(name, attached=b"", signs_attributes=False)) is Reason.ANSWER_CONTENT


_P256 = HOLDERS["p256"]
_TYPE, _DIGEST, _TIME = usual(_P256)
WRONG = {
    "none at all": ([], Reason.ANSWER_MALFORMED),
    "no contentType": ([_DIGEST, _TIME], Reason.ANSWER_MALFORMED),
    "no messageDigest": ([_TYPE, _TIME], Reason.ANSWER_MALFORMED),
    "contentType twice": ([_TYPE, _TYPE, _DIGEST], Reason.ANSWER_MALFORMED),
    "messageDigest twice": (
        [_TYPE, _DIGEST, attribute(MESSAGE_DIGEST, octets(b"x" * 32))],
        Reason.ANSWER_MALFORMED,
    ),
    "an unknown one twice": ([_TYPE, _DIGEST, _TIME, _TIME], Reason.ANSWER_MALFORMED),
    "two values": (
        [_TYPE, attribute(MESSAGE_DIGEST, octets(_P256.hashed(CONTENT)), octets(b"y" * 32))],
        Reason.ANSWER_MALFORMED,
    ),
    "no value": ([_TYPE, attribute(MESSAGE_DIGEST)], Reason.ANSWER_MALFORMED),
    "not octets": ([_TYPE, attribute(MESSAGE_DIGEST, der.encoded(0x0C, _P256.hashed(CONTENT)))],
                   Reason.ANSWER_MALFORMED),
    "another contentType": ([attribute(CONTENT_TYPE, oid(GM[1])), _DIGEST], Reason.ANSWER_CONTENT),
    "a cut digest": ([_TYPE, attribute(MESSAGE_DIGEST, octets(_P256.hashed(CONTENT)[:31]))], Reason.ANSWER_CONTENT),
    "too many": (
        [_TYPE, _DIGEST, *(attribute(f"1.2.3.{number}", NULL) for number in range(40))],
        Reason.ANSWER_MALFORMED,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("attributes", "expected"), WRONG.values(), ids=list(WRONG))
def test_signed_attributes_say_what_they_have_to_once(attributes: list[bytes], expected: Reason) -> None:
    assert reason(made(_P256, attributes=attributes)) is expected


def test_signed_attributes_stand_in_the_order_of_der() -> None:
    backwards = sorted(usual(_P256), reverse=True)
    assert reason(made(_P256, attributes=backwards)) is None
    assert reason(made(_P256, attributes=backwards, in_order=False)) is Reason.ANSWER_MALFORMED
    assert (
        reason(
            made(
                _P256,
                attributes=backwards,
                in_order=False,
                message=der.encoded(der.SET, *sorted(backwards)),
            )
        )
        is Reason.ANSWER_MALFORMED
    )


SHAPES = {
    "no signer": ({"signers": 0}, Reason.ANSWER_SIGNERS),
    "the signer twice": ({"signers": 2}, Reason.ANSWER_SIGNERS),
    "version 5": ({"version": 5}, Reason.ANSWER_MALFORMED),
    "signer's version 3 with issuer": ({"signer_version": 3}, Reason.ANSWER_MALFORMED),
    "unsigned attributes": (
        {"behind_signer": der.encoded(der.context(1), attribute("1.2.3.4", NULL))},
        Reason.ANSWER_MALFORMED,
    ),
    "bytes behind the signers": ({"behind": NULL}, Reason.ANSWER_MALFORMED),
    "another certificate": ({"certificates": [pem("rsa.pem")]}, Reason.ANSWER_SIGNERS),
    "another key identifier": (
        {"signer_version": 3, "sid": der.encoded(der.context(0, constructed=False), b"k" * 20)},
        Reason.ANSWER_SIGNERS,
    ),
    "digest algorithms differ": ({"named": algorithm(SHA384, NULL)}, Reason.ANSWER_MALFORMED),
    "SHA-384 with ecdsa-with-SHA256": (
        {"named": algorithm(SHA384), "digest": algorithm(SHA384)},
        Reason.ANSWER_MALFORMED,
    ),
    "SHA-1": ({"named": algorithm("1.3.14.3.2.26"), "digest": algorithm("1.3.14.3.2.26")}, Reason.ALGORITHM),
    "MD5": ({"named": algorithm("1.2.840.113549.2.5", NULL)}, Reason.ALGORITHM),
    "ecdsa-with-SHA1": ({"scheme": algorithm("1.2.840.10045.4.1")}, Reason.ALGORITHM),
    "parameters of ecdsa": ({"scheme": algorithm("1.2.840.10045.4.3.2", NULL)}, Reason.ANSWER_MALFORMED),
    "RSA with a key of P-256": ({"scheme": algorithm("1.2.840.113549.1.1.11", NULL)}, Reason.ANSWER_SIGNATURE),
    "SM2 with a key of P-256": (
        {
            "scheme": algorithm("1.2.156.10197.1.501"),
            "named": algorithm(SM3),
            "digest": algorithm(SM3),
            "signs_attributes": False,
        },
        Reason.ANSWER_SIGNATURE,
    ),
    "SM3 with ECDSA": ({"named": algorithm(SM3), "digest": algorithm(SM3)}, Reason.ANSWER_MALFORMED),
    "another type of content": ({"types": (CMS[0], "1.2.840.113549.1.7.3")}, Reason.ANSWER_MALFORMED),
    "enveloped data": ({"types": ("1.2.840.113549.1.7.3", CMS[1])}, Reason.ANSWER_MALFORMED),
}


@pytest.mark.parametrize(("changes", "expected"), SHAPES.values(), ids=list(SHAPES))
def test_each_departure_from_the_form_is_refused(changes: dict[str, object], expected: Reason) -> None:
    assert reason(made(_P256)) is None
    assert reason(made(_P256, **changes)) is expected


PSS = {
    "another mask": (pss_scheme(mask=SHA384), Reason.ANSWER_MALFORMED),
    "another hash": (pss_scheme(SHA384, SHA384), Reason.ANSWER_MALFORMED),
    "another salt": (pss_scheme(salt=der.integer(20)), Reason.ANSWER_SIGNATURE),
    "a salt below zero": (pss_scheme(salt=b"\x02\x01\xff"), Reason.ANSWER_MALFORMED),
    "a salt of megabytes": (pss_scheme(salt=der.integer(1 << 30)), Reason.ANSWER_MALFORMED),
    "a trailer": (
        pss_scheme(behind=der.encoded(der.context(3), der.integer(2))),
        Reason.ANSWER_MALFORMED,
    ),
    "no parameters, which is SHA-1": (algorithm("1.2.840.113549.1.1.10"), Reason.ANSWER_MALFORMED),
    "NULL": (algorithm("1.2.840.113549.1.1.10", NULL), Reason.ANSWER_MALFORMED),
    "empty": (algorithm("1.2.840.113549.1.1.10", der.encoded(der.SEQUENCE)), Reason.ANSWER_MALFORMED),
}


@pytest.mark.parametrize(("scheme", "expected"), PSS.values(), ids=list(PSS))
def test_parameters_of_pss(scheme: bytes, expected: Reason) -> None:
    assert reason(signer("rsa-pss", scheme=scheme)) is expected


def test_padding_is_not_exchanged() -> None:
    assert reason(signer("rsa", scheme=pss_scheme())) is Reason.ANSWER_SIGNATURE
    assert reason(signer("rsa-pss", scheme=algorithm("1.2.840.113549.1.1.11", NULL))) is Reason.ANSWER_SIGNATURE


def test_the_public_certificate_without_its_key_signs_nothing() -> None:
    """Everybody who has seen the certificate can put another key's signature beside it."""
    stolen = made(Holder(pem("p256.pem"), sm2_holder().sign, SHA256, _P256.scheme))
    assert reason(stolen) is Reason.ANSWER_SIGNATURE
    other = made(Holder(pem("rsa.pem"), _P256.sign, SHA256, HOLDERS["rsa"].scheme))
    assert reason(other) is Reason.ANSWER_SIGNATURE
    bare = judged(signature=(HERE / "p256.sig").read_bytes(), certificate=pem("p384.pem"))
    assert isinstance(bare, Refused)


def test_what_is_too_large_is_not_looked_at() -> None:
    large = b"\x30" * (MOST_BYTES + 1)
    with patch.object(signed_data, "cms", None):
        for answer in (Answer(large), Answer(b"", large, b"x"), Answer(b"", b"x", large)):
            found = verify_answer(answer, content=CONTENT, sm2=PureSm2())
            assert isinstance(found, Refused)
            assert found.reason is Reason.TOO_LARGE


def test_a_hostile_bundle_of_certificates_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No certificate of it is read: the ninth ends it."""
    looked: list[bytes] = []
    monkeypatch.setattr(cms, "_is_meant", lambda data, _: looked.append(data))
    monkeypatch.setattr(signed_data, "read_certificate", lambda data: looked.append(data))
    small = der.encoded(der.SEQUENCE, der.encoded(der.SEQUENCE, b"\x05\x00" * 40))
    assert reason(signer("p256", certificates=[*[small] * 500, pem("p256.pem")])) is Reason.ANSWER_MALFORMED
    assert looked == []


@pytest.mark.parametrize("inside", [b"\x05\x00", b"\x30\x00", b"\x30\x80"])
def test_what_is_inside_of_certificates_that_came_along_is_not_walked(
    monkeypatch: pytest.MonkeyPatch, inside: bytes
) -> None:
    """Some kilobytes of the smallest elements there are, in each of eight."""
    read: list[object] = []
    header = der._header
    monkeypatch.setattr(der, "_header", lambda data, start: read.append(start) or header(data, start))
    hostile = der.encoded(der.SEQUENCE, der.encoded(der.SEQUENCE, inside * 3500))
    identifier = der.encoded(der.context(0, constructed=False), b"k" * 20)
    data = signer("p256", signer_version=3, sid=identifier, certificates=[hostile] * 8)
    assert len(data) > 50_000
    read.clear()
    assert reason(data) is Reason.ANSWER_SIGNERS
    assert len(read) < 200


def test_eight_certificates_are_looked_through() -> None:
    others = [pem("root.pem"), pem("sm2-root.pem"), pem("rsa.pem"), pem("p384.pem"), pem("sm2.pem")]
    assert reason(signer("p256", certificates=[*others, pem("p256.pem")])) is None
    assert reason(signer("p256", certificates=[*others, *others[:3], pem("p256.pem")])) is Reason.ANSWER_MALFORMED


def test_the_signers_certificate_twice_is_one_and_two_of_the_same_name_are_none() -> None:
    own = pem("p256.pem")
    altered = own[:-1] + bytes([own[-1] ^ 1])
    assert reason(signer("p256", certificates=[own, own])) is None
    assert reason(signer("p256", certificates=[own, altered])) is Reason.ANSWER_SIGNERS


def test_a_bug_behind_a_parser_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: bytes) -> Certificate:
        raise ZeroDivisionError

    monkeypatch.setattr(signed_data, "read_certificate", fails)
    assert judged(signer("p256")) == Refused(Reason.ANSWER_MALFORMED, "ZeroDivisionError")


def test_nothing_personal_is_told_of_a_refusal() -> None:
    for file in sorted(Path(HERE).glob("*.cms")):
        found = judged(file.read_bytes(), b"430105199003070011")
        assert isinstance(found, Refused)
        assert "430105" not in found.detail
        assert found.detail.isascii()
