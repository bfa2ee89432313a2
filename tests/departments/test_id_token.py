"""ID tokens per OIDC Core 3.1.3.7: the true one is accepted, every altered one is refused with the right reason."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc import jws, jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from adapters.departments.errors import InvalidToken, TokenFault
from adapters.departments.levels import NOTHING, Demand, demand
from adapters.departments.settings import ClientSettings
from adapters.departments.tokens import IdToken, verify_id_token, verify_refreshed_id_token

from .fake_provider import CLIENT_ID, ISSUER, START, FakeProvider

PROVIDER = FakeProvider()
NONCE, ACCESS = "the-nonce", "access-1"
SETTINGS = ClientSettings(
    issuer=ISSUER, client_id=CLIENT_ID, client_secret="s", redirect_uri="http://tax.localhost:8101/oidc/callback"
)
CLAIMS = PROVIDER.id_claims(nonce=NONCE, access_token=ACCESS, acr="urn:tongban:aal:1")
TOKEN = PROVIDER.sign(CLAIMS)
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.lists(st.text(max_size=4), max_size=2),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)  # fmt: skip


def find_key(kid: str | None) -> Key:
    if kid != PROVIDER.key.kid:
        raise InvalidToken(TokenFault.UNKNOWN_KEY)
    return PROVIDER.key


def verify(token: str, *, asked: Demand = NOTHING, now: int = START, leeway: int = 300) -> IdToken:
    return verify_id_token(
        token,
        settings=replace(SETTINGS, leeway=leeway),
        find_key=find_key,
        nonce=NONCE,
        access_token=ACCESS,
        asked=asked,
        now=now,
    )


def fault_of(token: str, **options: Any) -> TokenFault:
    with pytest.raises(InvalidToken) as refused:
        verify(token, **options)
    return refused.value.reason


def signed(*without: str, **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if name not in without}
    return PROVIDER.sign(claims)


def test_a_true_id_token_is_accepted_with_its_claims() -> None:
    token = verify(TOKEN)
    assert (token.sub, token.sid, token.auth_time) == ("pw_person", "session-1", START - 60)
    assert token.claims["ial"] == 2
    assert token.text == TOKEN


@settings(deadline=None)
@given(st.data())
def test_a_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda c: c != TOKEN[position]))
    with pytest.raises(InvalidToken):
        verify(TOKEN[:position] + other + TOKEN[position + 1 :])


@settings(deadline=None)
@given(st.integers(0, len(TOKEN) - 1))
def test_a_token_cut_short_is_refused(length: int) -> None:
    with pytest.raises(InvalidToken):
        verify(TOKEN[:length])


@settings(deadline=None)
@given(st.text(max_size=60))
def test_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        verify(text)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "x5c", "b64"]), JUNK, min_size=1))
def test_a_token_with_another_header_never_passes(changes: dict[str, Any]) -> None:
    header, payload, signature = TOKEN.split(".")
    known = json.loads(base64.urlsafe_b64decode(header + "=="))
    other = {**known, **changes}
    if other == known:
        return
    encoded = base64.urlsafe_b64encode(json.dumps(other).encode()).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        verify(f"{encoded}.{payload}.{signature}")


def plausible(name: str, value: Any) -> bool:
    """Not the value that stood there, but one that is right too: any subject, a near time, this client."""
    if name in ("iat", "exp"):
        return isinstance(value, int) and value > START - 100_000
    if name == "sub":
        return isinstance(value, str) and value != ""
    return (name, value) in (("azp", CLIENT_ID), ("aud", [CLIENT_ID]))


@pytest.mark.parametrize(
    "header", [b"[]", b"{}", b'"alg"', b"[" * 5000, b"\xff", b'{"alg":["ES256"]}', b'{"alg":null}']
)
def test_a_header_of_another_form_is_refused(header: bytes) -> None:
    encoded = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
    with pytest.raises(InvalidToken):
        verify(f"{encoded}.{TOKEN.partition('.')[2]}")


@pytest.mark.parametrize("payload", [b"[]", b"null", b"{", b"\xff", b'{"exp": NaN}', b"[" * 5000])
def test_a_signed_payload_of_another_form_is_refused(payload: bytes) -> None:
    token = jws.serialize_compact({"alg": "ES256", "kid": "k1"}, payload, PROVIDER.key)
    assert fault_of(token) is TokenFault.MALFORMED


CHECKED = ["iss", "aud", "azp", "nonce", "at_hash", "exp", "iat", "sub"]


@settings(deadline=None)
@given(st.sampled_from(CHECKED), JUNK)
def test_a_signed_token_with_a_wrong_claim_is_refused(name: str, value: Any) -> None:
    """Whatever stands in a checked claim instead of the right value is refused, though the signature holds."""
    if value == CLAIMS.get(name) or plausible(name, value):
        return
    with pytest.raises(InvalidToken):
        verify(signed(**{name: value}))


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "nonce"])
def test_a_token_without_a_required_claim_is_refused(name: str) -> None:
    with pytest.raises(InvalidToken):
        verify(signed(name))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"iss": ISSUER + "/"}, TokenFault.ISSUER),
        ({"aud": "social-demo"}, TokenFault.AUDIENCE),
        ({"aud": [CLIENT_ID, "social-demo"], "azp": CLIENT_ID}, TokenFault.AUDIENCE),
        ({"azp": "social-demo"}, TokenFault.AUTHORIZED_PARTY),
        ({"nonce": "another"}, TokenFault.NONCE),
        ({"at_hash": "AAAA"}, TokenFault.ACCESS_TOKEN_HASH),
        ({"exp": START - 300}, TokenFault.EXPIRED),
        ({"iat": START + 301}, TokenFault.ISSUED_AT),
        ({"iat": START + 5, "exp": START + 5}, TokenFault.ISSUED_AT),
        ({"iat": START - 901}, TokenFault.ISSUED_AT),
        ({"nbf": START + 301}, TokenFault.NOT_YET_VALID),
        ({"auth_time": START + 301}, TokenFault.AUTH_TIME),
        ({"sub": ""}, TokenFault.SUBJECT),
        ({"sid": 7}, TokenFault.SESSION),
        ({"events": {}}, TokenFault.EVENTS),
    ],
)
def test_the_refusal_names_the_check(changes: dict[str, Any], fault: TokenFault) -> None:
    assert fault_of(signed(**changes)) is fault


def test_clocks_five_minutes_apart_do_not_matter() -> None:
    assert verify(TOKEN, now=START - 300)
    assert verify(TOKEN, now=START + 899)
    assert fault_of(TOKEN, now=START - 301) is TokenFault.ISSUED_AT
    assert fault_of(TOKEN, now=START + 900) is TokenFault.EXPIRED


def test_the_audience_may_be_a_list_of_just_this_client() -> None:
    assert verify(signed(aud=[CLIENT_ID], azp=CLIENT_ID)).sub == "pw_person"


def test_a_token_of_another_type_is_refused() -> None:
    for typ in ("at+jwt", "logout+jwt", "application/at+jwt", "gov-mandate+jwt"):
        with pytest.raises(InvalidToken):
            verify(PROVIDER.sign(CLAIMS, typ=typ))
    assert verify(PROVIDER.sign(CLAIMS, typ="application/JWT"))


def test_unsigned_and_symmetric_tokens_are_refused() -> None:
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    assert fault_of(f"{header}.{TOKEN.split('.')[1]}.") is TokenFault.ALGORITHM
    secret = OctKey.import_key("s" * 32)
    assert fault_of(jwt.encode({"alg": "HS256"}, CLAIMS, secret, algorithms=["HS256"])) is TokenFault.ALGORITHM


def test_another_algorithm_than_the_registered_one_is_refused() -> None:
    key = RSAKey.generate_key(2048, {"kid": PROVIDER.key.kid})
    token = jwt.encode({"alg": "RS256", "kid": key.kid}, CLAIMS, key, algorithms=["RS256"])
    assert fault_of(token) is TokenFault.ALGORITHM


def test_a_signature_of_another_key_with_the_same_id_is_refused() -> None:
    other = ECKey.generate_key("P-256", {"kid": PROVIDER.key.kid})
    token = jwt.encode({"alg": "ES256", "kid": other.kid}, CLAIMS, other, algorithms=["ES256"])
    assert fault_of(token) is TokenFault.SIGNATURE


def test_a_key_in_the_header_is_refused() -> None:
    """RFC 8725 3.10: a token must not bring its own key."""
    assert fault_of(PROVIDER.sign(CLAIMS, jku="http://127.0.0.1/keys")) is TokenFault.MALFORMED


def test_a_repeated_claim_is_refused() -> None:
    payload = json.dumps(CLAIMS)[:-1] + ', "sub": "pw_other"}'
    token = jws.serialize_compact({"alg": "ES256", "kid": "k1"}, payload.encode(), PROVIDER.key)
    assert fault_of(token) is TokenFault.MALFORMED


def test_a_very_long_token_is_refused_before_it_is_read() -> None:
    assert fault_of(signed(padding="x" * 17000)) is TokenFault.MALFORMED


def test_an_essential_level_must_have_been_reached() -> None:
    asked = demand("aal:2", essential=True)
    assert fault_of(TOKEN, asked=asked) is TokenFault.LEVEL
    assert verify(signed(aal=3), asked=asked)


def test_a_voluntary_level_is_left_to_the_caller() -> None:
    assert verify(TOKEN, asked=demand("aal:2"))


def test_max_age_demands_a_fresh_auth_time() -> None:
    """OIDC Core 3.1.3.7 item 13."""
    asked = demand(max_age=600)
    assert fault_of(signed("auth_time"), asked=asked) is TokenFault.AUTH_TIME
    assert fault_of(signed(auth_time=START - 601), asked=asked, leeway=0) is TokenFault.AUTH_TIME
    assert verify(signed(auth_time=START - 600), asked=asked, leeway=0)


def refreshed(token: str, *, subject: str = "pw_person", auth_time: int | None = START - 60) -> IdToken:
    return verify_refreshed_id_token(
        token,
        settings=SETTINGS,
        find_key=find_key,
        subject=subject,
        auth_time=auth_time,
        access_token=ACCESS,
        now=START,
    )


def test_a_refreshed_id_token_needs_no_nonce() -> None:
    assert refreshed(signed("nonce")).sub == "pw_person"


def test_a_refreshed_id_token_for_another_person_or_sign_in_is_refused() -> None:
    """OIDC Core 12.2."""
    with pytest.raises(InvalidToken, match="subject"):
        refreshed(TOKEN, subject="pw_other")
    with pytest.raises(InvalidToken, match="auth_time"):
        refreshed(TOKEN, auth_time=START - 61)
    with pytest.raises(InvalidToken, match="access_token_hash"):
        refreshed(signed(at_hash="AAAA"))
