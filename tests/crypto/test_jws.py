"""Tokens of ours against another implementation, and against everything that is not quite a token."""

import base64
import json
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from joserfc import jwk, jwt

from idp.crypto import jws
from idp.crypto.jws import ALGORITHMS, Algorithm, Key

KEYS: dict[Algorithm, Key] = {alg: jws.import_pem(alg, alg, jws.export_pem(jws.generate(alg))) for alg in ALGORITHMS}
RING = {key.kid: key for key in KEYS.values()}
CLAIMS = {"iss": "http://localhost:8000", "sub": "张三", "exp": 1, "aud": ["a", "b"]}
both = pytest.mark.parametrize("alg", ALGORITHMS)


@cache
def published(alg: Algorithm) -> Any:
    return jwk.import_key(jws.public_jwk(alg, alg, KEYS[alg].private))


@cache
def private(alg: Algorithm) -> Any:
    return jwk.import_key(jws.export_pem(KEYS[alg].private), "EC" if alg == "ES256" else "RSA")


def check(token: str, *, typ: str = "JWT", algs: tuple[str, ...] = ALGORITHMS) -> dict[str, Any] | None:
    return jws.verify(RING, token, typ=typ, algs=algs)


def joined(header: object, payload: object, signature: bytes) -> str:
    return f"{part(header)}.{part(payload)}.{jws.encode(signature)}"


def part(value: object) -> str:
    return jws.encode(value if isinstance(value, bytes) else json.dumps(value).encode())


def forged(alg: Algorithm, header: object, payload: object = CLAIMS) -> str:
    """A token with a good signature of our own key over whatever header and payload."""
    data = f"{part(header)}.{part(payload)}"
    return f"{data}.{jws.encode(KEYS[alg].signature(data.encode()))}"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@both
@given(claims=st.dictionaries(st.text(), json_values, max_size=5))
def test_joserfc_reads_what_we_sign_with_the_published_key(alg: Algorithm, claims: dict[str, Any]) -> None:
    token = jwt.decode(jws.sign(KEYS[alg], claims, typ="at+jwt"), published(alg), algorithms=[alg])
    assert token.claims == claims
    assert token.header == {"alg": alg, "kid": alg, "typ": "at+jwt"}


@both
@given(claims=st.dictionaries(st.text(), json_values, max_size=5))
def test_we_read_what_joserfc_signs_with_our_key(alg: Algorithm, claims: dict[str, Any]) -> None:
    header = {"alg": alg, "kid": alg, "typ": "JWT"}
    assert check(jwt.encode(header, claims, private(alg), algorithms=[alg])) == claims


@both
def test_a_published_key_holds_nothing_private(alg: Algorithm) -> None:
    shown = jws.public_jwk(alg, alg, KEYS[alg].private)
    members = {"ES256": {"crv", "x", "y"}, "RS256": {"n", "e"}}[alg]
    assert shown.keys() == members | {"kty", "kid", "use", "alg"}
    assert not published(alg).is_private


@both
def test_tokens_of_one_kind_are_not_tokens_of_another(alg: Algorithm) -> None:
    """RFC 8725 3.11: explicit typing."""
    token = jws.sign(KEYS[alg], CLAIMS, typ="at+jwt")
    assert check(token, typ="at+jwt") == CLAIMS
    for other in ("JWT", "AT+JWT", "", "logout+jwt"):
        assert check(token, typ=other) is None


@both
def test_an_algorithm_that_is_not_allowed_is_refused(alg: Algorithm) -> None:
    token = jws.sign(KEYS[alg], CLAIMS, typ="JWT")
    assert check(token, algs=(alg,)) == CLAIMS
    assert check(token, algs=tuple(set(ALGORITHMS) - {alg})) is None


@both
@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none", "typ": "JWT"},
        {"alg": "none", "kid": "KID", "typ": "JWT"},
        {"alg": "HS256", "kid": "KID", "typ": "JWT"},
        {"alg": ["ALG"], "kid": "KID", "typ": "JWT"},
        {"alg": "ALG", "typ": "JWT"},
        {"alg": "ALG", "kid": "other", "typ": "JWT"},
        {"alg": "ALG", "kid": ["KID"], "typ": "JWT"},
        {"alg": "ALG", "kid": {}, "typ": "JWT"},
        {"alg": "ALG", "kid": None, "typ": "JWT"},
        {"alg": "ALG", "kid": "KID"},
        {"alg": "ALG", "kid": "KID", "typ": None},
        {"alg": "ALG", "kid": "KID", "typ": "JWT", "crit": ["exp"]},
        {"alg": "ALG", "kid": "KID", "typ": "JWT", "crit": []},
        {"kid": "KID", "typ": "JWT"},
        ["alg", "kid", "typ"],
        "ALG",
        None,
        7,
        b"",
        b"\xff",
        b'{"alg":"ALG"',
        b"[" * 3000,
    ],
)
def test_a_header_that_is_not_ours_is_refused_even_under_our_signature(alg: Algorithm, header: object) -> None:
    if isinstance(header, dict):
        text = json.dumps(header).replace("ALG", alg).replace("KID", alg)
        header = json.loads(text)
    assert check(forged(alg, header)) is None


@both
@pytest.mark.parametrize(
    "payload", [[1], "text", 7, None, b"", b"\xff", b"{", b'{"a":1}{', b'{"a":NaN}', b"[" * 5000]
)
def test_a_payload_that_is_no_object_is_refused_even_under_our_signature(alg: Algorithm, payload: object) -> None:
    assert check(forged(alg, {"alg": alg, "kid": alg, "typ": "JWT"}, payload)) is None


def test_a_key_is_not_used_for_the_algorithm_of_another() -> None:
    """RFC 8725 3.1: the RSA public key as HMAC secret, or an EC key under RS256."""
    header, payload = part({"alg": "RS256", "kid": "ES256", "typ": "JWT"}), part(CLAIMS)
    data = f"{header}.{payload}".encode()
    for key in KEYS.values():
        assert check(f"{data.decode()}.{jws.encode(key.signature(data))}") is None


N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256."""


@pytest.mark.parametrize(
    ("r", "s"), [(0, 0), (0, 1), (1, 0), (1, 1), (N, 1), (1, N), (N, N), (2**256 - 1, 2**256 - 1)]
)
def test_degenerate_ecdsa_signatures_are_refused(r: int, s: int) -> None:
    """CVE-2022-21449 and its like."""
    header = {"alg": "ES256", "kid": "ES256", "typ": "JWT"}
    assert check(joined(header, CLAIMS, r.to_bytes(32) + s.to_bytes(32))) is None


def test_ecdsa_signatures_in_der_or_of_another_length_are_refused() -> None:
    token = jws.sign(KEYS["ES256"], CLAIMS, typ="JWT")
    data, _, signature = token.rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = jws.encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    longer = raw[:32] + b"\0" + raw[32:]
    for wrong in (der, raw[:63], raw + b"\0", b"\0" + raw, longer, b"", raw * 2):
        assert check(f"{data}.{jws.encode(wrong)}") is None


def test_rsa_signatures_of_another_length_are_refused() -> None:
    data, _, signature = jws.sign(KEYS["RS256"], CLAIMS, typ="JWT").rpartition(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    modulus = KEYS["RS256"].private.private_numbers().public_numbers.n  # type: ignore[union-attr]
    grown = (int.from_bytes(raw) + modulus).to_bytes(257)
    for wrong in (raw[1:], raw + b"\0", b"\0" + raw, b"", b"\0" * 256, grown, (modulus - 1).to_bytes(256)):
        assert check(f"{data}.{jws.encode(wrong)}") is None


@both
def test_every_changed_removed_or_added_character_is_noticed(alg: Algorithm) -> None:
    token = jws.sign(KEYS[alg], {"sub": "x"}, typ="JWT")
    for place in range(len(token)):
        other = "A" if token[place] != "A" else "B"
        assert check(token[:place] + other + token[place + 1 :]) is None
        assert check(token[:place] + token[place + 1 :]) is None
        for extra in ("A", ".", "=", "\n", " ", "%", "+"):
            assert check(token[:place] + extra + token[place:]) is None


@both
def test_only_the_canonical_base64url_spelling_is_a_token(alg: Algorithm) -> None:
    token = jws.sign(KEYS[alg], {"sub": "~~~???"}, typ="JWT")
    assert check(token) == {"sub": "~~~???"}
    header, payload, signature = token.split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    stray = signature[:-1] + alphabet[alphabet.index(signature[-1]) ^ 1]
    assert base64.urlsafe_b64decode(stray + "==") == base64.urlsafe_b64decode(signature + "==")
    for wrong in (
        f"{header}.{payload}.{stray}",
        f"{header}.{payload}.{signature}=",
        f"{header}.{payload}.{signature}==",
        f"{header}=.{payload}.{signature}",
        token + ".",
        "." + token,
        f"{header}..{signature}",
        f"{header}.{payload}.",
        f"{header}.{payload}",
        f" {token}",
        f"{token}\n",
        token.replace("-", "+").replace("_", "/") + "\0",
    ):
        assert check(wrong) is None


def test_a_token_above_8_kib_is_not_looked_at() -> None:
    assert check(jws.sign(KEYS["ES256"], {"a": "x" * 6100}, typ="JWT")) is None
    assert check(jws.sign(KEYS["ES256"], {"a": "x" * 5950}, typ="JWT")) is not None


@given(st.text(alphabet=st.characters(), max_size=200) | st.from_regex(r"[\w-]{0,60}\.[\w-]{0,60}\.[\w-]{0,60}"))
@example("\udc80.a.b")
@example("..")
@example("𝟙.𝟙.𝟙")
def test_no_text_makes_verify_raise(text: str) -> None:
    assert check(text) is None


@given(st.binary(max_size=60), st.binary(max_size=60), st.binary(max_size=260))
def test_no_decoded_bytes_make_verify_raise(header: bytes, payload: bytes, signature: bytes) -> None:
    assert check(joined(header, payload, signature)) is None


def test_keys_do_not_show_their_secret() -> None:
    assert "private" not in repr(KEYS["ES256"])
