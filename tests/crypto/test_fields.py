import base64
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.crypto.fields import BlindIndex, FieldCipher, FieldUnreadable
from idp.crypto.rings import BadRing, Ring, derive_key, parse_key, parse_ring

OLD = "k1:" + base64.b64encode(b"1" * 32).decode()
NEW = "k2:" + base64.b64encode(b"2" * 32).decode()


def ring(*entries: str) -> Ring:
    return parse_ring(entries or (OLD,), name="secrets.field_keys")


@given(st.text(), st.text(max_size=40))
def test_a_sealed_field_opens_to_the_same_text(text: str, context: str) -> None:
    cipher = FieldCipher(ring())
    assert cipher.open(cipher.seal(text, context=context), context=context) == text


def test_a_field_does_not_open_in_another_row_or_column() -> None:
    cipher = FieldCipher(ring())
    blob = cipher.seal("+8613800138000", context="identifier.value:idn_1")
    for context in ("identifier.value:idn_2", "identifier.name:idn_1", ""):
        with pytest.raises(FieldUnreadable):
            cipher.open(blob, context=context)


def test_every_altered_or_cut_byte_is_noticed() -> None:
    cipher = FieldCipher(ring())
    blob = cipher.seal("value", context="c")
    for place in range(len(blob)):
        altered = bytearray(blob)
        altered[place] ^= 1
        with pytest.raises(FieldUnreadable):
            cipher.open(bytes(altered), context="c")
        with pytest.raises(FieldUnreadable):
            cipher.open(blob[:place], context="c")


def test_the_same_text_is_never_sealed_to_the_same_bytes() -> None:
    cipher = FieldCipher(ring())
    assert len({cipher.seal("x", context="c") for _ in range(100)}) == 100


def test_a_rotated_ring_still_opens_old_fields_and_says_which_are_old() -> None:
    before, after, later = FieldCipher(ring(OLD)), FieldCipher(ring(NEW, OLD)), FieldCipher(ring(NEW))
    blob = before.seal("x", context="c")
    assert after.open(blob, context="c") == "x"
    assert after.needs_rotation(blob)
    assert not before.needs_rotation(blob)
    assert not after.needs_rotation(after.seal("x", context="c"))
    with pytest.raises(FieldUnreadable):
        later.open(blob, context="c")


def test_a_key_under_the_wrong_id_does_not_open_a_field() -> None:
    blob = FieldCipher(ring(OLD)).seal("x", context="c")
    renamed = FieldCipher(ring("k1:" + NEW.partition(":")[2]))
    with pytest.raises(FieldUnreadable):
        renamed.open(blob, context="c")


def test_the_blind_index_is_keyed_by_ring_and_kind() -> None:
    index = BlindIndex(ring())
    value = index.current("mobile", "+8613800138000")
    assert value == index.current("mobile", "+8613800138000")
    assert len(value) == 32
    assert value != index.current("user_name", "+8613800138000")
    assert value != BlindIndex(ring(NEW)).current("mobile", "+8613800138000")


@pytest.mark.parametrize("text", ["", "+8613800138000", "䶮𠅤", "x" * 200])
def test_the_blind_index_is_hmac_sha_256_under_the_key_of_its_kind(text: str) -> None:
    key = derive_key(ring().derive("index").current.secret, "mobile")
    assert BlindIndex(ring()).current("mobile", text) == hmac.digest(key, text.encode(), "sha256")


def test_the_blind_index_searches_all_keys_current_first() -> None:
    rotated = BlindIndex(ring(NEW, OLD))
    found = rotated.candidates("mobile", "x")
    assert found == (BlindIndex(ring(NEW)).current("mobile", "x"), BlindIndex(ring(OLD)).current("mobile", "x"))
    assert found[0] == rotated.current("mobile", "x")


@pytest.mark.parametrize(
    ("entries", "complaint"),
    [
        ((), "is empty"),
        (("k1",), "not 'id:base64'"),
        ((":" + OLD[3:],), "not 'id:base64'"),
        (("k 1:" + OLD[3:],), "not 'id:base64'"),
        (("k1:%%%",), "not valid base64"),
        (("k1:AAAA",), "has 3 bytes, 32 are needed"),
        ((OLD, OLD), "key id twice"),
        ((OLD, "k9:" + OLD[3:]), "same key under two ids"),
    ],
)
def test_an_unusable_ring_is_refused_in_clear_words(entries: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(BadRing, match=complaint) as caught:
        parse_ring(entries, name="secrets.index_keys")
    assert "secrets.index_keys" in str(caught.value)
    assert OLD[3:20] not in str(caught.value)


def test_a_key_is_not_shown_by_its_repr() -> None:
    assert "1111" not in repr(ring())
    assert repr(b"1" * 32) not in repr(ring())


def test_url_safe_base64_and_missing_padding_are_accepted() -> None:
    secret = b"\xfb\xff" * 16
    assert parse_key(base64.urlsafe_b64encode(secret).decode().rstrip("="), name="x") == secret


def test_sub_keys_of_different_purposes_differ() -> None:
    assert derive_key(b"1" * 32, "a") != derive_key(b"1" * 32, "b")
