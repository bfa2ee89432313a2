import time

from hypothesis import given
from hypothesis import strategies as st

from idp.crypto.tokens import digest, new_id, random_token, same


def test_an_identifier_carries_its_prefix_and_128_bits() -> None:
    prefix, _, body = new_id("ses").partition("_")
    assert prefix == "ses"
    assert len(body) == 26
    assert set(body) <= set("0123456789abcdefghjkmnpqrstvwxyz")


def test_identifiers_sort_by_the_time_they_were_made() -> None:
    made = []
    for _ in range(5):
        made.append(new_id("x"))
        time.sleep(0.002)
    assert made == sorted(made)


def test_identifiers_and_tokens_do_not_repeat() -> None:
    assert len({new_id("x") for _ in range(10_000)}) == 10_000
    assert len({random_token() for _ in range(10_000)}) == 10_000


def test_a_token_has_256_bits_of_url_safe_text() -> None:
    token = random_token()
    assert len(token) == 43
    assert token.replace("-", "").replace("_", "").isalnum()


@given(st.text(alphabet=st.characters()), st.text(alphabet=st.characters()))
def test_digest_and_same_accept_any_text(a: str, b: str) -> None:
    assert len(digest(a)) == 32
    assert same(a, b) == (a == b)
    assert (digest(a) == digest(b)) == (a == b)
