"""Identifiers: one canonical form, whatever the spelling, and nothing in clear where it might be printed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.rules import Mobile, UserName, parse_identifier

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
    found = parse_identifier(spelling(number))
    assert found == Mobile(number)
    assert found.e164 == f"+86{number}"


@given(st.text(max_size=40))
def test_whatever_is_typed_is_canonical_or_nothing(text):
    mobile, name = Mobile.parse(text), UserName.parse(text)
    assert mobile is None or (
        len(mobile.value) == 11 and mobile.value.isascii() and Mobile.parse(mobile.value) == mobile
    )
    assert name is None or (name.value.isascii() and UserName.parse(name.value) == name)
    assert parse_identifier(text) == (mobile or name)


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
