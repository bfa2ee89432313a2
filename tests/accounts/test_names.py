"""Names: rare characters stay what they are, dots become one dot, and nothing invisible passes."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.names import PersonName

han = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF) | st.characters(
    min_codepoint=0x20000, max_codepoint=0x2A6DF
)
han_names = st.lists(st.text(han, min_size=1, max_size=6), min_size=1, max_size=3).map("·".join)
DOTS = "·•‧・･∙⋅.．\u0387"


@pytest.mark.parametrize("name", ["周𪚥文", "龚䶮", "李一", "古丽娜·阿依丁", "赵〇", "𰻞", "﨎田", "Maria Fernandes"])
def test_a_name_is_kept_as_it_is_written(name: str) -> None:
    found = PersonName.parse(name)
    assert found == PersonName(name)


@given(han_names, st.sampled_from(DOTS))
def test_every_dot_is_the_middle_dot(name, dot):
    assert PersonName.parse(name.replace("·", dot)) == PersonName(name)


@given(han_names)
def test_blanks_in_a_han_name_do_not_count(name):
    assert PersonName.parse(f" {'　 '.join(name)} ") == PersonName(name)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_canonical_or_nothing(text):
    found = PersonName.parse(text)
    if found:
        assert PersonName.parse(found.value) == found
        assert unicodedata.is_normalized("NFC", found.value)
        kinds = {unicodedata.category(char) for char in found.value if char != " "}
        assert kinds.isdisjoint({"Cc", "Cf", "Co", "Cs", "Zs", "Zl", "Zp"})


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("  Maria   Fernandes ", "Maria Fernandes"),
        ("ＭＡＲＩＡ　ＦＥＲＮＡＮＤＥＳ", "MARIA FERNANDES"),
        ("Sinéad O’Connor", "Sinéad O'Connor"),
        ("Nguye\u0302\u0303n Văn", "Nguyễn Văn"),
        ("J. R. Smith-Jones", "J. R. Smith-Jones"),
    ],
)
def test_a_latin_name_has_one_form(typed: str, name: str) -> None:
    assert PersonName.parse(typed) == PersonName(name)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "·",
        "·李",
        "李·",
        "李··一",
        "张\u200b三",
        "张\ufe00三",
        "张\n三\x00",
        "李\ue001",
        "张三3",
        "Maria2",
        "Мария",
        "-Maria",
        "Maria <b>",
        "张" * 51,
        "a" * 101,
        "A\u0301\u0302\u0303\u0304",
    ],
)
def test_what_is_no_name_is_none(text: str) -> None:
    assert PersonName.parse(text) is None


def test_case_and_blanks_do_not_tell_names_apart() -> None:
    names = [PersonName.parse(text) for text in ("MARIA FERNANDES", "Maria Fernandes", "mariaFernandes")]
    assert len({name.key for name in names if name}) == 1
    assert PersonName("李一").key != PersonName("李二").key


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "*三"),
        ("周𪚥文", "**文"),
        ("古丽娜·阿依丁", "***·**丁"),
        ("周", "*"),
        ("Maria Fernandes", "M*** F***"),
    ],
)
def test_a_name_is_masked_wherever_it_is_printed(name: str, masked: str) -> None:
    assert PersonName(name).masked == masked
    assert repr(PersonName(name)) == str(PersonName(name)) == f"PersonName({masked})"
