"""Identifiers: one canonical form, whatever the spelling, and nothing in clear where it might be printed."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.identifiers import MOST, is_like_document, parse_identifiers
from idp.accounts.rules import Kind, Mobile, UserName

TODAY = date(2026, 1, 1)
numbers = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
FULL_WIDTH = str.maketrans("0123456789+", "０１２３４５６７８９＋")
SPELLINGS = {
    "plain": lambda n: n,
    "country code": lambda n: f"+86{n}",
    "country code with blanks": lambda n: f" +86 {n[:3]} {n[3:7]} {n[7:]} ",
    "international prefix": lambda n: f"0086-{n[:3]}-{n[3:7]}-{n[7:]}",
    "bare country code": lambda n: f"86{n}",
    "full width": lambda n: n.translate(FULL_WIDTH),
    "full width with country code": lambda n: f"+86 {n}".translate(FULL_WIDTH),
    "brackets and dots": lambda n: f"(+86){n[:3]}.{n[3:7]}·{n[7:]}",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS.keys())
@given(numbers)
def test_every_spelling_is_the_same_number(spelling, number):
    found = parse_identifiers(spelling(number), today=TODAY)
    assert found == (Mobile(number),)
    assert found[0].e164 == f"+86{number}"


@given(st.text(max_size=40))
def test_whatever_is_typed_is_canonical_or_nothing(text):
    mobile, name = Mobile.parse(text), UserName.parse(text)
    assert mobile is None or (
        len(mobile.value) == 11 and mobile.value.isascii() and Mobile.parse(mobile.value) == mobile
    )
    assert name is None or (name.value.isascii() and UserName.parse(name.value) == name)
    found = parse_identifiers(text, today=TODAY)
    assert [one for one in found if isinstance(one, Mobile | UserName)] == [one for one in (mobile, name) if one]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1381234000",
        "138123400011",
        "12812340001",
        "+8513812340001",
        "٠١٣٨١٢٣٤٠٠٠",
        "1381234000a",
        "13812340001\x00",
    ],
)
def test_what_is_no_mainland_mobile_number_is_none(text):
    assert Mobile.parse(text) is None


@pytest.mark.parametrize("text", ["Harbour_Lamp", " harbour_lamp ", "ＨＡＲＢＯＵＲ＿ＬＡＭＰ"])
def test_case_blanks_and_width_do_not_tell_user_names_apart(text):
    assert UserName.parse(text) == UserName("harbour_lamp")


@pytest.mark.parametrize(
    "text", ["short", "1lamplamp", "_lamplamp", "a" * 21, "har bour", "harbour-lamp", "hаrbour", "灯灯灯灯灯灯"]
)
def test_what_is_no_user_name_is_none(text):
    assert UserName.parse(text) is None


@given(numbers)
def test_a_number_is_masked_wherever_it_is_printed(number):
    for text in (repr(Mobile(number)), str(Mobile(number)), f"{Mobile(number)}", Mobile(number).masked):
        assert number not in text
        assert text.count("*") == 4


def test_a_user_name_is_masked_wherever_it_is_printed():
    name = UserName("harbour_lamp")
    assert name.masked == "ha***p"
    assert "harbour" not in repr(name) + str(name)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("11010519491231002x", [Kind.ID_NUMBER]),
        ("ＵＳＡ３１００８８０８０８１２", [Kind.ID_NUMBER, Kind.USER_NAME]),
        ("91430100ma0000007q", [Kind.CREDIT_CODE]),
        ("H 1234 5678", [Kind.TRAVEL_PERMIT, Kind.PASSPORT]),
        ("h12345678", [Kind.TRAVEL_PERMIT, Kind.PASSPORT, Kind.USER_NAME]),
        ("12345678", [Kind.TRAVEL_PERMIT, Kind.PASSPORT]),
        ("e12345678", [Kind.PASSPORT, Kind.USER_NAME]),
        ("harbour_lamp", [Kind.USER_NAME]),
        ("no~identifier", []),
    ],
)
def test_what_is_typed_may_be_several_things_and_a_user_name_comes_last(text, kinds):
    assert [found.kind for found in parse_identifiers(text, today=TODAY)] == kinds


@given(st.text("0123456789ABCDEHMXabehmx", max_size=20) | st.from_regex(r"[HMhm]?[0-9]{8}", fullmatch=True))
def test_nothing_is_more_kinds_at_once_than_are_looked_up(text):
    found = parse_identifiers(text, today=TODAY)
    assert len(found) == len({one.kind for one in found}) <= MOST


@pytest.mark.parametrize("name", ["h12345678", "m1234567801", "e12345678", "ab1234567", "usa310088080812"])
def test_a_name_that_could_be_a_documents_number_is_not_for_choosing(name):
    assert is_like_document(UserName(name), today=TODAY)


@pytest.mark.parametrize("name", ["harbour_lamp", "gongyan88", "zhang123", "li20240101a", "usa310088133312"])
def test_other_names_with_digits_are(name):
    assert not is_like_document(UserName(name), today=TODAY)
