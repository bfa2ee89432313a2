"""Distinguished names as people read them (RFC 4514)."""

import pytest
from asn1crypto import core
from asn1crypto import x509 as asn1
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from idp.crypto import der
from idp.crypto.x509_names import readable

_KINDS = [NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME, NameOID.SERIAL_NUMBER, NameOID.DOMAIN_COMPONENT]
_TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)


def _name(value: bytes, tag: int) -> bytes:
    kind = core.ObjectIdentifier("2.5.4.3").dump()
    one = der.encoded(der.SEQUENCE, kind, der.encoded(tag, value))
    return der.encoded(der.SEQUENCE, der.encoded(der.SET, one))


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(_KINDS), _TEXTS), max_size=3))
def test_a_name_is_written_as_another_library_writes_it(attributes: list[tuple[x509.ObjectIdentifier, str]]) -> None:
    name = x509.Name([x509.NameAttribute(kind, text) for kind, text in attributes])

    assert readable(name.public_bytes()) == name.rfc4514_string()


def test_attributes_that_stand_together_are_written_together() -> None:
    name = asn1.Name.build({"common_name": "a", "organization_name": "b"}).chosen
    both = der.encoded(der.SEQUENCE, der.encoded(der.SET, *(bytes(one.contents) for one in name)))

    assert readable(both) == "O=b+CN=a"


@pytest.mark.parametrize(
    ("tag", "value", "text"),
    [
        (0x1E, "示例".encode("utf-16-be"), "CN=示例"),
        (0x1C, "示例".encode("utf-32-be"), "CN=示例"),
        (0x14, "示例".encode("gb18030"), "CN=示例"),
        (0x13, "示例".encode(), "CN=示例"),
        (0x0C, b"\xff", "CN=#0c01ff"),
        (0x03, b"\x00\x01", "CN=#03020001"),
        (0x0C, b" # ", "CN=\\ #\\ "),
        (0x0C, b" ", "CN=\\ "),
        (0x0C, b"", "CN="),
    ],
    ids=range(9),
)
def test_strings_of_old_certificates_are_read_as_they_were_meant(tag: int, value: bytes, text: str) -> None:
    assert readable(_name(value, tag)) == text


def test_a_name_of_the_builder_is_read_from_the_end() -> None:
    assert readable(asn1.Name.build({"country_name": "CN", "common_name": "甲"}).dump()) == "CN=甲,C=CN"
