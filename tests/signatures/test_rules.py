"""The canonical text: one sequence of bytes for what people read as the same, and nothing unseen in it."""

import hashlib
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.issuers.purposes import Purpose, is_for
from idp.signatures.rules import MOST_BYTES, CanonicalText, Denied, TextRefusal, canonical, parse
from tests.crypto.signing import sm3

ORIGIN = "https://id.example.gov.cn"


def made(body: str = "我授权", **heads: str) -> CanonicalText | Denied:
    return canonical(**({"purpose": "mandate.grant", "origin": ORIGIN, "about": "mandate:mnd_1"} | heads), body=body)


def content(body: str) -> bytes:
    text = made(body)
    assert isinstance(text, CanonicalText)
    return text.content


def test_the_form() -> None:
    expected = f"tongban-text\n1\nmandate.grant\n{ORIGIN}\nmandate:mnd_1\n\n第一行\n\n第二行\n".encode()
    text = made("第一行\n\n第二行")
    assert isinstance(text, CanonicalText)
    assert text.content == expected
    assert text.sha256 == hashlib.sha256(expected).hexdigest()
    assert text.sm3 == sm3(expected).hex()
    assert parse(expected) == text


@pytest.mark.parametrize("body", ["甲\r\n乙", "甲\r乙", "\n\n甲\n乙\n\n", "甲  \n乙\u3000", "甲\t\n乙 \t"])
def test_ends_of_lines_and_blanks_there_make_no_difference(body: str) -> None:
    assert content(body) == content("甲\n乙")


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert content("café") == content(unicodedata.normalize("NFD", "café"))


@pytest.mark.parametrize(
    "body",
    ["", " \n\t\n", "a\0b", "a\tb", "a\u202eb", "a\u200bb", "a\u2066b", "a\ufeffb", "a\u2028b", "a\x1b[0m", "a\ue000",
     "a\udc80", "a\u0378"],
)  # fmt: skip
def test_what_nobody_sees_is_in_no_text(body: str) -> None:
    assert made(body) == Denied(TextRefusal.MALFORMED)


@pytest.mark.parametrize(
    "heads",
    [
        {"purpose": "a\nb"},
        {"purpose": ""},
        {"purpose": "Grant"},
        {"about": "a\nb"},
        {"about": ""},
        {"about": "x" * 101},
        {"origin": "id.example.gov.cn"},
        {"origin": f"{ORIGIN}\n"},
        {"origin": f"{ORIGIN}/path"},
    ],
)
def test_heads_have_their_form(heads: dict[str, str]) -> None:
    assert made(**heads) == Denied(TextRefusal.MALFORMED)


def test_a_text_is_no_longer_than_an_answer_can_hold() -> None:
    assert made("字" * (MOST_BYTES // 3)) == Denied(TextRefusal.TOO_LONG)
    assert isinstance(made("字" * (MOST_BYTES // 3 - 40)), CanonicalText)


def test_a_text_is_no_challenge_and_a_challenge_no_text() -> None:
    """Whoever signs the one has not signed the other."""
    text = content("tongban-certificate\nsign-in\nhttps://id.example.gov.cn")
    assert is_for(text, Purpose.TEXT)
    assert not is_for(text, Purpose.SIGN_IN)
    assert not is_for(text, Purpose.BINDING)
    challenge = b"tongban-certificate\nsign-in\nhttps://id.example.gov.cn\nc\nn\n1\n"
    assert parse(challenge) is None
    assert not is_for(challenge, Purpose.TEXT)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"tongban-text\n1\n", b"tongban-text\n2\n"),
        (b"tongban-text\n", b"tongban-certificate\n"),
        (b"\n\n", b"\n"),
        (b"\n\n", b"\nx\n"),
        (b"body\n", b"body"),
        (b"body\n", b"body\n\n"),
        (b"body\n", b"body \n"),
        (b"body\n", b"body\r\n"),
        (b"body\n", b"cafe\xcc\x81\n"),
        (b"body\n", b"\xff\n"),
        (b"body\n", b"\n"),
    ],
)
def test_only_the_one_form_is_read_back(before: bytes, after: bytes) -> None:
    whole = content("body")
    assert parse(whole) is not None
    assert before in whole
    assert parse(whole.replace(before, after, 1)) is None


@given(st.text(max_size=200))
def test_what_was_made_is_read_back_and_is_its_own_canonical_form(body: str) -> None:
    text = made(body)
    if isinstance(text, CanonicalText):
        assert parse(text.content) == text
        assert made(text.body) == text
