"""The code flow from the app's side, against the stand-in provider."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from adapters.departments.authorization import Parameters, code_challenge
from adapters.departments.errors import (
    CallbackFault,
    ConfigurationError,
    DepartmentError,
    InvalidCallback,
    InvalidToken,
    ProviderRefused,
    ProviderUnavailable,
)
from adapters.departments.keys import usable_keys
from adapters.departments.levels import demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import AssertionAudience, ClientAuthentication, ClientSettings

from .fake_provider import CLIENT_ID, ISSUER, SECRET, START, Clock, FakeProvider


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def test_a_request_carries_pkce_state_and_nonce(party: RelyingParty) -> None:
    begun = party.begin(now=START, ui_locales="zh-CN", prompt="login", login_hint="13800138000")
    query = query_of(begun.url)
    assert query["response_type"] == "code"
    assert query["code_challenge_method"] == "S256"
    assert query["code_challenge"] == code_challenge(begun.pending.verifier)
    assert (query["state"], query["nonce"]) == (begun.pending.state, begun.pending.nonce)
    assert (query["ui_locales"], query["prompt"], query["login_hint"]) == ("zh-CN", "login", "13800138000")
    assert "acr_values" not in query
    assert "claims" not in query


def test_the_challenge_is_that_of_rfc_7636_appendix_b() -> None:
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_challenge(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_two_requests_share_no_secret(party: RelyingParty) -> None:
    one, two = party.begin(now=START).pending, party.begin(now=START).pending
    assert len({one.state, one.nonce, one.verifier, two.state, two.nonce, two.verifier}) == 6


def test_a_voluntary_level_is_asked_with_acr_values(party: RelyingParty) -> None:
    query = query_of(party.begin(asked=demand(("ial:3", "aal:2"), max_age=60), now=START).url)
    assert query["acr_values"] == "urn:tongban:ial:3 urn:tongban:aal:2"
    assert query["max_age"] == "60"


def test_an_essential_level_is_asked_with_the_claims_parameter(party: RelyingParty) -> None:
    """OIDC Core 5.5.1.1."""
    query = query_of(party.begin(asked=demand("aal:2", essential=True), now=START).url)
    assert json.loads(query["claims"]) == {"id_token": {"acr": {"essential": True, "values": ["urn:tongban:aal:2"]}}}
    assert "acr_values" not in query


def test_a_sign_in_brings_verified_tokens(party: RelyingParty, provider: FakeProvider) -> None:
    begun = party.begin(now=START)
    done = party.finish(provider.authorize(begun.url), begun.pending, now=START)
    assert done.id_token.sub == "pw_person"
    assert done.tokens.expires_at == START + 600
    assert party.userinfo(done.tokens.access_token, subject="pw_person", now=START)["name"] == "张三"


def answer_of(party: RelyingParty, provider: FakeProvider, **changes: list[str] | None) -> DepartmentError:
    """What `finish` raises for a response in which some parameters were changed or taken out."""
    begun = party.begin(now=START)
    response = {**provider.authorize(begun.url), **changes}
    sent: Parameters = {name: values for name, values in response.items() if values is not None}
    with pytest.raises(DepartmentError) as refused:
        party.finish(sent, begun.pending, now=START)
    assert not any(request.url.endswith("/token") for request in provider.seen)
    return refused.value


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"state": ["x"]}, CallbackFault.STATE_MISMATCH),
        ({"state": ["\ud800"]}, CallbackFault.STATE_MISMATCH),
        ({"state": None}, CallbackFault.STATE_MISMATCH),
        ({"iss": [ISSUER + "/"]}, CallbackFault.ISSUER_MISMATCH),
        ({"iss": None}, CallbackFault.ISSUER_MISSING),
        ({"code": None}, CallbackFault.CODE_MISSING),
        ({"code": [""]}, CallbackFault.CODE_MISSING),
        ({"code": ["a", "b"]}, CallbackFault.REPEATED_PARAMETER),
        ({"error": ["a", "b"]}, CallbackFault.REPEATED_PARAMETER),
    ],
)
def test_a_response_to_another_request_is_refused(
    party: RelyingParty, provider: FakeProvider, changes: dict[str, list[str] | None], fault: CallbackFault
) -> None:
    """RFC 9700 4.4 (mix-up), RFC 9207 2.4; the code is not sent anywhere."""
    error = answer_of(party, provider, **changes)
    assert isinstance(error, InvalidCallback)
    assert error.reason is fault


def test_an_error_response_is_believed_only_from_the_provider(party: RelyingParty, provider: FakeProvider) -> None:
    error = answer_of(party, provider, error=["access_denied"], error_description=["no\n thanks"], code=None)
    assert isinstance(error, ProviderRefused)
    assert (error.error, error.description) == ("access_denied", "no? thanks")
    assert isinstance(answer_of(party, provider, error=["access_denied"], iss=["http://evil"]), InvalidCallback)


def test_the_secret_goes_form_encoded_into_the_basic_header(party: RelyingParty, provider: FakeProvider) -> None:
    """RFC 6749 2.3.1; the stand-in decodes it the same way and knows a secret with blanks and signs."""
    begun = party.begin(now=START)
    assert party.finish(provider.authorize(begun.url), begun.pending, now=START)
    sent = next(request for request in provider.seen if request.url.endswith("/token"))
    assert SECRET not in str(sent.form)
    assert set(sent.form or {}) == {"grant_type", "code", "redirect_uri", "code_verifier"}


@pytest.mark.parametrize("form", ["jwk", "pem", "rsa"])
def test_private_key_jwt_sends_a_fresh_assertion(settings: ClientSettings, provider: FakeProvider, form: str) -> None:
    """RFC 7523 3, OIDC Core 9."""
    key = RSAKey.generate_key(2048) if form == "rsa" else ECKey.generate_key("P-256")
    algorithm = "RS256" if form == "rsa" else "ES256"
    text = json.dumps(key.as_dict(private=True)) if form == "jwk" else key.as_pem(private=True).decode()
    signing = replace(
        settings,
        authentication=ClientAuthentication.PRIVATE_KEY_JWT,
        client_secret="",
        private_key=text,
        key_id="mine",
        assertion_algorithm=algorithm,
    )
    seen = []
    for audience in AssertionAudience:
        party = RelyingParty(replace(signing, assertion_audience=audience), provider)
        with pytest.raises(ProviderRefused, match="invalid_client"):
            party.refresh("refresh-1", subject="pw_person", auth_time=None, now=START)
        request = provider.seen[-1]
        assert "Authorization" not in request.headers
        seen.append(jwt.decode((request.form or {})["client_assertion"], key, algorithms=[algorithm]))
    assert seen[0].header["kid"] == "mine"
    assert [token.claims["aud"] for token in seen] == [f"{ISSUER}/token", ISSUER]
    assert (seen[0].claims["iss"], seen[0].claims["sub"], seen[0].claims["exp"]) == (CLIENT_ID, CLIENT_ID, START + 60)
    assert seen[0].claims["jti"] != seen[1].claims["jti"]


@pytest.mark.parametrize("text", ["{}", "{", "no key", '{"kty":"oct","k":"c2VjcmV0"}', "public"])
def test_a_key_that_cannot_sign_is_an_error_at_start(settings: ClientSettings, text: str) -> None:
    if text == "public":
        text = json.dumps(ECKey.generate_key("P-256").as_dict(private=False))
    with pytest.raises(ConfigurationError):
        RelyingParty(replace(settings, authentication=ClientAuthentication.PRIVATE_KEY_JWT, private_key=text))


def test_userinfo_about_somebody_else_is_refused(party: RelyingParty, provider: FakeProvider) -> None:
    """OIDC Core 5.3.2."""
    provider.userinfo = {"sub": "pw_other", "name": "李四"}
    with pytest.raises(InvalidToken, match="subject"):
        party.userinfo("access-1", subject="pw_person", now=START)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_grant", "error_description": "gone"}, ProviderRefused),
        (401, {"error": "invalid_client"}, ProviderRefused),
        (400, {"message": "?"}, ProviderUnavailable),
        (429, {"error": "slow_down"}, ProviderUnavailable),
        (500, {"error": "server_error"}, ProviderUnavailable),
        (302, {}, ProviderUnavailable),
        (200, {"access_token": "a", "token_type": "DPoP"}, ProviderUnavailable),
        (200, {"access_token": "a\nb", "token_type": "Bearer"}, ProviderUnavailable),
        (200, {"access_token": "a", "token_type": "Bearer", "refresh_token": 7}, ProviderUnavailable),
        (200, {"access_token": "a", "token_type": "Bearer"}, InvalidToken),
    ],
)
def test_token_answers_that_are_no_tokens(
    party: RelyingParty, provider: FakeProvider, status: int, body: dict[str, str], error: type[DepartmentError]
) -> None:
    begun = party.begin(now=START)
    provider.token_error = (status, body)
    with pytest.raises(error):
        party.finish(provider.authorize(begun.url), begun.pending, now=START)


def test_a_code_works_once(party: RelyingParty, provider: FakeProvider) -> None:
    begun = party.begin(now=START)
    response = provider.authorize(begun.url)
    party.finish(response, begun.pending, now=START)
    with pytest.raises(ProviderRefused, match="invalid_grant"):
        party.finish(response, begun.pending, now=START)


# Discovery and keys


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": ISSUER + "/"},
        {"issuer": None},
        {"response_types_supported": ["id_token"]},
        {"code_challenge_methods_supported": ["plain"]},
        {"code_challenge_methods_supported": None},
        {"id_token_signing_alg_values_supported": ["RS256"]},
        {"token_endpoint": "http://idp.example/token"},
        {"token_endpoint": "https://127.0.0.1:8000/token"},
        {"token_endpoint": None},
        {"jwks_uri": "http://user@127.0.0.1:8000/jwks"},
    ],
)
def test_a_provider_that_does_not_fit_is_not_used(
    settings: ClientSettings, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object]
) -> None:
    """OIDC Discovery 4.3: the issuer must be exactly the configured one; and what else this client relies on."""
    document = {**provider.metadata(), **changes}
    monkeypatch.setattr(provider, "metadata", lambda: document)
    with pytest.raises(ConfigurationError):
        RelyingParty(settings, provider).begin(now=START)


def test_discovery_is_fetched_once_and_again_when_old(party: RelyingParty, provider: FakeProvider) -> None:
    for now in (START, START + 10, START + 3599, START + 3600, START + 3700):
        party.begin(now=now)
    assert len(provider.seen) == 2


def test_a_provider_that_is_away_is_tried_again_after_a_second(party: RelyingParty, provider: FakeProvider) -> None:
    provider.away = True
    for now in (START, START, START + 1):
        with pytest.raises(ProviderUnavailable):
            party.begin(now=now)
    assert len(provider.seen) == 1
    provider.away = False
    assert party.begin(now=START + 2)


def test_old_metadata_serves_on_while_the_provider_is_away(party: RelyingParty, provider: FakeProvider) -> None:
    party.begin(now=START)
    provider.away = True
    assert party.begin(now=START + 4000)


def jwks_fetches(provider: FakeProvider) -> int:
    return sum(request.url.endswith("/jwks") for request in provider.seen)


def sign_in(party: RelyingParty, provider: FakeProvider, now: int) -> None:
    begun = party.begin(now=now)
    party.finish(provider.authorize(begun.url), begun.pending, now=now)


def test_a_new_key_is_fetched_when_it_is_first_seen(
    party: RelyingParty, provider: FakeProvider, clock: Clock
) -> None:
    sign_in(party, provider, START)
    clock.now += 20
    provider.key = ECKey.generate_key("P-256", {"kid": "k2"})
    sign_in(party, provider, clock.now)
    sign_in(party, provider, clock.now)
    assert jwks_fetches(provider) == 2


def test_unknown_key_ids_cause_no_flood_of_fetches(party: RelyingParty, provider: FakeProvider) -> None:
    sign_in(party, provider, START)
    other = ECKey.generate_key("P-256", {"kid": "k9"})
    token = jwt.encode({"alg": "ES256", "kid": "k9", "typ": "logout+jwt"}, provider.logout_claims(), other)
    for second in range(25):
        with pytest.raises(InvalidToken, match="unknown_key"):
            party.logout_notice(token, now=START + second)
    assert jwks_fetches(provider) == 3


def test_a_token_without_key_id_needs_a_single_key(
    party: RelyingParty, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OIDC Core 10.1."""
    token = jwt.encode({"alg": "ES256", "typ": "logout+jwt"}, provider.logout_claims(), provider.key)
    assert party.logout_notice(token, now=START)
    two = [provider.key.as_dict(private=False), ECKey.generate_key("P-256", {"kid": "k2"}).as_dict(private=False)]
    monkeypatch.setattr(provider, "_get", lambda path, _: (200, {"keys": two} if path == "/jwks" else {}))
    with pytest.raises(InvalidToken, match="unknown_key"):
        party.logout_notice(token, now=START + 3600)


def test_keys_for_other_purposes_are_skipped(
    party: RelyingParty, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RFC 7517 5: what is not understood or not for signatures does not spoil the rest."""
    odd: list[object] = [
        "text", {"kty": "AKP", "kid": "k1"}, {**provider.key.as_dict(private=False), "use": "enc"},
        {**provider.key.as_dict(private=False), "alg": "ES384"}, {"kty": "EC", "crv": "P-256", "kid": "k1"},
        RSAKey.generate_key(2048, {"kid": "k1"}).as_dict(private=False),
        {**provider.key.as_dict(private=False), "key_ops": ["sign"]},
    ]  # fmt: skip
    token = provider.logout_token()
    good = provider.key.as_dict(private=False)
    answers = {"/.well-known/openid-configuration": provider.metadata(), "/jwks": {"keys": odd}}
    monkeypatch.setattr(provider, "_get", lambda path, _: (200, answers[path]))
    with pytest.raises(InvalidToken, match="unknown_key"):
        party.logout_notice(token, now=START)
    answers["/jwks"] = {"keys": [*odd, good]}
    assert party.logout_notice(token, now=START + 10)


@pytest.mark.parametrize(("bits", "padding", "usable"), [(1024, 0, 0), (1024, 128, 0), (2048, 0, 1)])
def test_short_rsa_keys_are_not_used(bits: int, padding: int, usable: int) -> None:
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key().public_numbers()
    modulus = bytes(padding) + numbers.n.to_bytes(bits // 8, "big")
    public = {"kty": "RSA", "kid": "k1", "e": "AQAB", "n": urlsafe_b64encode(modulus).rstrip(b"=").decode()}
    assert len(usable_keys({"keys": [public]}, "RS256")) == usable


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://idp.example"},
        {"issuer": "https://idp.example/?a=b"},
        {"issuer": "https://idp.example/#f"},
        {"issuer": "ftp://idp.example"},
        {"issuer": "https://[::1"},
        {"redirect_uri": "http://tax.example/oidc/callback"},
        {"post_logout_redirect_uri": "http://tax.example/"},
        {"scope": "profile"},
        {"client_id": ""},
        {"client_secret": ""},
        {"id_token_algorithm": "HS256"},
        {"id_token_algorithm": "none"},
        {"authentication": ClientAuthentication.PRIVATE_KEY_JWT},
    ],
)
def test_settings_that_cannot_be_safe_are_an_error_at_start(
    settings: ClientSettings, changes: dict[str, str]
) -> None:
    with pytest.raises(ConfigurationError):
        replace(settings, **changes)  # type: ignore[arg-type]


def test_settings_do_not_show_their_secret(settings: ClientSettings) -> None:
    assert SECRET not in repr(settings)


# Answers that are not what was asked for


def answering(
    provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, path: str, status: int, body: dict[str, object]
) -> None:
    """Let the provider answer one path differently."""
    usual = provider._get
    monkeypatch.setattr(
        provider, "_get", lambda asked, headers: (status, body) if asked == path else usual(asked, headers)
    )


@pytest.mark.parametrize(
    ("status", "error"), [(401, ProviderRefused), (403, ProviderRefused), (500, ProviderUnavailable)]
)
def test_userinfo_that_is_refused_or_away(
    party: RelyingParty,
    provider: FakeProvider,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: type[DepartmentError],
) -> None:
    answering(provider, monkeypatch, "/userinfo", status, {})
    with pytest.raises(error):
        party.userinfo("access-1", subject="pw_person", now=START)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks"])
@pytest.mark.parametrize("status", [200, 301, 404, 500])
def test_documents_that_are_not_there(
    settings: ClientSettings, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch, path: str, status: int
) -> None:
    answering(provider, monkeypatch, path, status, {})
    told = "lacks|another issuer|no keys" if status == 200 else f"answered {status}"
    with pytest.raises((ProviderUnavailable, ConfigurationError), match=told):
        RelyingParty(settings, provider).logout_notice(provider.logout_token(), now=START)


def test_a_provider_with_fewer_endpoints_still_serves(
    settings: ClientSettings, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    fewer = {n: v for n, v in provider.metadata().items() if n not in ("userinfo_endpoint", "end_session_endpoint")}
    answering(provider, monkeypatch, "/.well-known/openid-configuration", 200, fewer)
    party = RelyingParty(settings, provider)
    assert party.userinfo("access-1", subject="pw_person", now=START) == {}
    assert party.logout_url(id_token_hint=None, state="s", now=START) is None


def test_a_refresh_may_keep_its_token_and_bring_no_id_token(party: RelyingParty, provider: FakeProvider) -> None:
    """RFC 6749 6, OIDC Core 12.2."""
    provider.token_error = (200, {"access_token": "a", "token_type": "bearer"})
    fresh = party.refresh("refresh-1", subject="pw_person", auth_time=None, now=START)
    assert (fresh.tokens.refresh_token, fresh.tokens.expires_at, fresh.id_token) == ("refresh-1", None, None)
