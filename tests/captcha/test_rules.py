"""How typed digits are read."""

from hypothesis import given
from hypothesis import strategies as st

from idp.captcha.rules import DIGITS, LENGTH, read

digits = st.text(DIGITS, min_size=LENGTH, max_size=LENGTH)
blanks = st.text(" \t\u00a0\u3000", max_size=2)


@given(digits, st.lists(blanks, min_size=LENGTH + 1, max_size=LENGTH + 1), st.data())
def test_full_width_digits_and_blanks_read_the_same(code: str, between: list[str], data: st.DataObject) -> None:
    wide = [chr(ord(digit) + 0xFEE0) if data.draw(st.booleans()) else digit for digit in code]
    typed = between[0] + "".join(digit + blank for digit, blank in zip(wide, between[1:], strict=True))
    assert read(typed) == code


@given(st.text(st.characters(categories=["L", "P", "Z"]), max_size=40))
def test_letters_and_signs_never_read_as_digits(typed: str) -> None:
    assert not set(read(typed)) & set(DIGITS)


@given(digits, digits)
def test_other_digits_stay_other_digits(one: str, other: str) -> None:
    assert (read(one) == read(other)) == (one == other)
