"""Logout tokens per Back-Channel Logout 1.0 section 2.6: every altered one is refused, a true one counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import Key

from adapters.departments.errors import InvalidToken, TokenFault
from adapters.departments.logout import (
    BACKCHANNEL_EVENT,
    LogoutNotice,
    logout_url,
    verify_logout_token,
    with_parameters,
)
from adapters.departments.relying_party import RelyingParty

from .fake_provider import ISSUER, START, FakeProvider
from .test_id_token import JUNK, SETTINGS, plausible

PROVIDER = FakeProvider()
CLAIMS = PROVIDER.logout_claims()
TOKEN = PROVIDER.sign(CLAIMS, typ="logout+jwt")


def verify(token: str, *, now: int = START) -> LogoutNotice:
    def find_key(_kid: str | None) -> Key:
        return PROVIDER.key

    return verify_logout_token(token, settings=SETTINGS, find_key=find_key, now=now)


def signed(*without: str, **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if name not in without}
    return PROVIDER.sign(claims, typ="logout+jwt")


def test_a_true_logout_token_names_whose_session_ends() -> None:
    notice = verify(TOKEN)
    assert (notice.issuer, notice.sub, notice.sid) == (ISSUER, "pw_person", "session-1")
    assert notice.token_id == CLAIMS["jti"]


@settings(deadline=None)
@given(st.data())
def test_a_logout_token_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda c: c != TOKEN[position]))
    with pytest.raises(InvalidToken):
        verify(TOKEN[:position] + other + TOKEN[position + 1 :])


@settings(deadline=None)
@given(st.sampled_from(["iss", "aud", "iat", "exp", "events", "nonce"]), JUNK)
def test_a_signed_logout_token_with_a_wrong_claim_is_refused(name: str, value: Any) -> None:
    if value == CLAIMS.get(name) or plausible(name, value):
        return
    with pytest.raises(InvalidToken):
        verify(signed(**{name: value}))


@pytest.mark.parametrize("name", ["iss", "aud", "iat", "exp", "jti", "events"])
def test_a_logout_token_without_a_required_claim_is_refused(name: str) -> None:
    with pytest.raises(InvalidToken):
        verify(signed(name))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"nonce": "n"}, TokenFault.NONCE),
        ({"events": {"http://schemas.openid.net/event/other": {}}}, TokenFault.EVENTS),
        ({"events": {BACKCHANNEL_EVENT: "yes"}}, TokenFault.EVENTS),
        ({"events": [BACKCHANNEL_EVENT]}, TokenFault.EVENTS),
        ({"aud": "social-demo"}, TokenFault.AUDIENCE),
        ({"exp": START - 300, "iat": START - 400}, TokenFault.EXPIRED),
        ({"iat": START - 901, "exp": START + 60}, TokenFault.ISSUED_AT),
        ({"iat": START + 301, "exp": START + 400}, TokenFault.ISSUED_AT),
        ({"jti": ""}, TokenFault.TOKEN_ID),
        ({"sid": ""}, TokenFault.SESSION),
    ],
)
def test_the_refusal_names_the_check(changes: dict[str, Any], fault: TokenFault) -> None:
    with pytest.raises(InvalidToken) as refused:
        verify(signed(**changes))
    assert refused.value.reason is fault


def test_sub_or_sid_is_enough_but_one_must_be_there() -> None:
    assert verify(signed("sid")).sid is None
    assert verify(signed("sub")).sub is None
    with pytest.raises(InvalidToken, match="session"):
        verify(signed("sub", "sid"))


def test_an_id_token_is_no_logout_token() -> None:
    claims = PROVIDER.id_claims(nonce="n", access_token="access-1")
    with pytest.raises(InvalidToken):
        verify(PROVIDER.sign(claims, typ="JWT"))


def test_an_access_token_is_no_logout_token() -> None:
    with pytest.raises(InvalidToken, match="type"):
        verify(PROVIDER.sign(CLAIMS, typ="at+jwt"))


def test_a_long_life_does_not_make_the_replay_memory_long() -> None:
    notice = verify(signed(exp=START + 10_000_000))
    assert notice.expires_at == START + 600 + SETTINGS.leeway + 1


def test_signing_out_at_the_provider_names_client_target_and_state(party: RelyingParty) -> None:
    """RP-Initiated Logout 1.0 section 2."""
    url = logout_url(party.metadata(START), party.settings, id_token_hint="h.i.t", state="s", ui_locales="en")
    assert url == (
        f"{ISSUER}/logout?id_token_hint=h.i.t&client_id=tax-demo"
        "&post_logout_redirect_uri=http%3A%2F%2Ftax.localhost%3A8101%2Fsigned-out&state=s&ui_locales=en"
    )


def test_an_address_keeps_the_query_it_has() -> None:
    assert with_parameters("http://h/a?b=c", {"d": "e f", "g": None}) == "http://h/a?b=c&d=e+f"
