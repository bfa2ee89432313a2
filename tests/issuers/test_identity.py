"""Whom a certificate names: each encoding, each place, and nobody where it is not certain."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
from cryptography.x509.oid import NameOID, ObjectIdentifier

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.crypto.certificates import Certificate, read_certificate
from idp.crypto.der import encoded
from idp.issuers.identity import Named, named_by
from idp.issuers.profiles import GMT_0015, Profile, profile_of
from tests.issuers.chain import (
    BMP,
    CODE,
    CREDIT_CODE,
    EXPLICIT,
    IA5,
    IMPLICIT,
    NUMBER,
    OCTETS,
    ORGANISATION,
    OTHER_CODE,
    OTHER_NUMBER,
    PERSON,
    UTF8,
    Chain,
    printable,
)

TODAY = date(2026, 11, 26)
CHAIN = Chain()
ORGANISATION_OF_CODE, OF_ANOTHER = CODE[8:17], OTHER_CODE[8:17]
OID_ORGANISATION_IDENTIFIER = ObjectIdentifier("2.5.4.97")


def named(
    extensions: Mapping[str, bytes],
    profile: Profile = GMT_0015,
    *,
    today: date = TODAY,
    subject: list[tuple[ObjectIdentifier, str]] | None = None,
) -> Named | None:
    made = CHAIN.holder(extensions, subject=subject or [(NameOID.COMMON_NAME, "欧阳清岚")])
    read = read_certificate(made.certificate)
    assert isinstance(read, Certificate)
    return named_by(read, profile, today=today)


def numbers(extensions: Mapping[str, bytes], profile: Profile = GMT_0015, **given: Any) -> tuple[Any, Any] | None:
    found = named(extensions, profile, **given)
    return found and (found.person, found.entity)


def person(extensions: Mapping[str, bytes], profile: Profile = GMT_0015, **given: Any) -> str | None:
    found = named(extensions, profile, **given)
    return found.person.value if found and found.person else None


def profile(*sources: Mapping[str, Any]) -> Profile:
    return profile_of({"name": "test", "source": list(sources)})


ENCODED = {
    "explicit, PrintableString": encoded(EXPLICIT, printable(NUMBER)),
    "explicit, UTF8String": encoded(EXPLICIT, encoded(UTF8, NUMBER.encode())),
    "implicit": encoded(IMPLICIT, NUMBER.encode()),
    "PrintableString": printable(NUMBER),
    "UTF8String": encoded(UTF8, NUMBER.encode()),
    "IA5String": encoded(IA5, NUMBER.encode()),
    "BMPString": encoded(BMP, NUMBER.encode("utf-16-be")),
    "OCTET STRING of text": encoded(OCTETS, NUMBER.encode()),
    "OCTET STRING of a string": encoded(OCTETS, printable(NUMBER)),
    "OCTET STRING of explicit": encoded(OCTETS, encoded(EXPLICIT, printable(NUMBER))),
    "full width": encoded(UTF8, "４３０１０５１９９００３０７００１１".encode()),
    "with blanks": printable(f" {NUMBER[:6]} {NUMBER[6:]} "),
}


@pytest.mark.parametrize("value", ENCODED.values(), ids=list(ENCODED))
def test_a_number_in_each_encoding(value: bytes) -> None:
    assert numbers({PERSON: value}) == (IdNumber(NUMBER), None)


@pytest.mark.parametrize(
    "value",
    [
        encoded(0xA1, printable(NUMBER)),  # the choice of an officer's card
        encoded(0xA2, printable(NUMBER)),  # and of a passport
        encoded(0x30, printable(NUMBER)),
        encoded(EXPLICIT, printable(NUMBER), printable(OTHER_NUMBER)),
        encoded(EXPLICIT, encoded(0x30, printable(NUMBER))),
        NUMBER.encode(),
        printable(NUMBER) + printable(OTHER_NUMBER),
        encoded(IMPLICIT, b"\xff" + NUMBER.encode()),
        encoded(UTF8, NUMBER.encode() + b"\0"),
        encoded(BMP, NUMBER.encode()),
        printable(NUMBER[:-1] + "2"),
        printable(NUMBER + "0"),
        printable("43010519900230001" + "1"),
        printable(""),
        printable("1" * 300),
        printable("430105900307001"),  # 15 digits of before 1999
        printable("USA840198808080"),  # a foreigner's, of before 2023: no check character
        b"",
    ],
)
def test_anything_else_names_nobody(value: bytes) -> None:
    assert named({PERSON: value}) is None


def test_only_the_encodings_of_the_profile_count() -> None:
    strict = profile({"kind": "person", "extension": PERSON, "encodings": ["explicit"]})
    assert [person({PERSON: value}, strict) for value in ENCODED.values()] == [NUMBER] * 2 + [None] * 10


def test_a_number_of_somebody_not_born_yet_is_none() -> None:
    assert named({PERSON: printable(NUMBER)}, today=date(1990, 3, 6)) is None


def test_lower_case_x_is_the_same_number() -> None:
    assert person({PERSON: printable(OTHER_NUMBER.lower())}) == OTHER_NUMBER


def test_an_entity_and_its_holder() -> None:
    subject = [(NameOID.COMMON_NAME, "欧阳清岚"), (NameOID.ORGANIZATION_NAME, "长沙岳麓示例科技有限公司")]
    found = named({PERSON: printable(NUMBER), ORGANISATION: printable(CODE)}, subject=subject)
    assert (found.person, found.entity, found.name) == (
        IdNumber(NUMBER),
        CreditCode(CODE),
        "长沙岳麓示例科技有限公司",
    )
    assert named({PERSON: printable(NUMBER)}, subject=subject).name == "欧阳清岚"
    assert NUMBER not in repr(found)
    assert "欧阳" not in repr(found)


def test_an_organisation_code_alone_names_nobody() -> None:
    assert named({ORGANISATION: printable(ORGANISATION_OF_CODE)}) is None
    both = {ORGANISATION: printable(ORGANISATION_OF_CODE), CREDIT_CODE: printable(CODE)}
    assert numbers(both) == (None, CreditCode(CODE))


def test_an_organisation_code_of_another_entity_is_a_conflict() -> None:
    assert named({ORGANISATION: printable(OF_ANOTHER), CREDIT_CODE: printable(CODE)}) is None


def test_two_sources_that_agree_are_one_and_two_that_do_not_are_nobody() -> None:
    assert numbers({ORGANISATION: printable(CODE), CREDIT_CODE: printable(CODE)}) == (None, CreditCode(CODE))
    assert named({ORGANISATION: printable(CODE), CREDIT_CODE: printable(OTHER_CODE)}) is None
    two = profile({"kind": "person", "extension": PERSON}, {"kind": "person", "subject": "serialNumber"})
    subject = [(NameOID.COMMON_NAME, "x"), (NameOID.SERIAL_NUMBER, OTHER_NUMBER)]
    assert person({PERSON: printable(NUMBER)}, two, subject=subject) is None
    assert person({}, two, subject=subject) == OTHER_NUMBER
    subject[1] = (NameOID.SERIAL_NUMBER, NUMBER)
    assert person({PERSON: printable(NUMBER)}, two, subject=subject) == NUMBER


def test_a_conflict_of_one_kind_spoils_the_other() -> None:
    both = profile({"kind": "person", "subject": "OU"}, {"kind": "entity", "subject": "O"})
    subject = [
        (NameOID.ORGANIZATION_NAME, CODE),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, NUMBER),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, OTHER_NUMBER),
    ]
    assert named({}, both, subject=subject) is None


def test_a_source_without_a_valid_number_leaves_it_to_the_others() -> None:
    subject = [(NameOID.ORGANIZATIONAL_UNIT_NAME, f"USCC:{CODE}"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "综合部")]
    by_unit = profile(
        {"kind": "entity", "extension": ORGANISATION}, {"kind": "entity", "subject": "OU", "prefix": "USCC:"}
    )
    found = numbers({ORGANISATION: printable("none")}, by_unit, subject=subject)
    assert found == (None, CreditCode(CODE))


def test_the_vendors_form_of_a_number() -> None:
    """``<n>@<4 digits>SF0<number>``."""
    vendor = "1.2.156.112570.11.205"
    form = profile({"kind": "person", "extension": vendor, "split": "@", "part": 2, "skip": 4, "prefix": "SF0"})
    assert person({vendor: printable(f"1@0001SF0{NUMBER}")}, form) == NUMBER
    for wrong in (f"0001SF0{NUMBER}", f"1@0001XX0{NUMBER}", f"1@01SF0{NUMBER}", f"1@2@0001SF0{NUMBER}", NUMBER, "@"):
        assert person({vendor: printable(wrong)}, form) is None


def test_parts_are_counted_from_either_end_and_suffixes_taken_off() -> None:
    form = profile({"kind": "person", "subject": "CN", "split": "-", "part": -1, "suffix": "(sign)"})
    for text, expected in ((f"a-b-{NUMBER}(sign)", NUMBER), (f"{NUMBER}(sign)", NUMBER), (f"{NUMBER}", None)):
        assert person({}, form, subject=[(NameOID.COMMON_NAME, text)]) == expected


def test_each_attribute_of_a_subject_may_be_named() -> None:
    for short, kind in (("serialNumber", NameOID.SERIAL_NUMBER), ("UID", NameOID.USER_ID), ("title", NameOID.TITLE)):
        assert person({}, profile({"kind": "person", "subject": short}), subject=[(kind, NUMBER)]) == NUMBER
    by_identifier = profile({"kind": "entity", "subject": "organizationIdentifier"})
    found = numbers({}, by_identifier, subject=[(OID_ORGANISATION_IDENTIFIER, CODE)])
    assert found == (None, CreditCode(CODE))


def test_what_the_profile_does_not_look_at_names_nobody() -> None:
    assert named({"1.2.86.11.7.1": printable(NUMBER)}) is None
    assert named({}, subject=[(NameOID.COMMON_NAME, NUMBER), (NameOID.SERIAL_NUMBER, NUMBER)]) is None
