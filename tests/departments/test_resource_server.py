"""Access tokens at an API: whose, for whom, until when - and nothing else that the provider signs."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from joserfc.jwk import ECKey

from adapters.departments.errors import ConfigurationError, InvalidToken, ProviderUnavailable, TokenFault
from adapters.departments.resource_server import ResourceServer, ResourceSettings, bearer_token

from .fake_provider import ISSUER, START, FakeProvider

API = "https://api.pension.example"


@pytest.fixture
def server(provider: FakeProvider) -> ResourceServer:
    return ResourceServer(ResourceSettings(issuer=ISSUER, audience=API), provider)


def access_claims(**changes: Any) -> dict[str, Any]:
    claims = {
        "iss": ISSUER,
        "sub": "pw_person",
        "aud": API,
        "client_id": "tax-demo",
        "exp": START + 600,
        "iat": START,
        "jti": "t1",
        "scope": "openid",
        "acr": "urn:tongban:ial:2:aal:1",
        "ial": 2,
        "aal": 1,
        "auth_time": START - 60,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def token(provider: FakeProvider, typ: str | None = "at+jwt", **changes: Any) -> str:
    return provider.sign(access_claims(**changes), **({} if typ is None else {"typ": typ}))


@pytest.mark.parametrize("typ", ["at+jwt", "application/at+jwt", "AT+JWT"])
@pytest.mark.parametrize("aud", [API, [API], ["https://other.example", API]])
def test_a_token_for_this_api_is_read(server: ResourceServer, provider: FakeProvider, typ: str, aud: object) -> None:
    claims = server.verify(token(provider, typ, aud=aud), now=START)
    assert (claims["sub"], claims["ial"], claims["aal"]) == ("pw_person", 2, 1)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"iss": "http://127.0.0.1:8001"}, TokenFault.ISSUER),
        ({"aud": "https://api.pension.example.evil"}, TokenFault.AUDIENCE),
        ({"aud": []}, TokenFault.AUDIENCE),
        ({"aud": None}, TokenFault.AUDIENCE),
        ({"exp": START - 60}, TokenFault.EXPIRED),
        ({"exp": None}, TokenFault.EXPIRED),
        ({"exp": "never"}, TokenFault.EXPIRED),
        ({"iat": START + 61}, TokenFault.ISSUED_AT),
        ({"iat": None}, TokenFault.ISSUED_AT),
        ({"nbf": START + 61}, TokenFault.NOT_YET_VALID),
        ({"sub": None}, TokenFault.SUBJECT),
        ({"client_id": None}, TokenFault.AUTHORIZED_PARTY),
        ({"jti": None}, TokenFault.TOKEN_ID),
    ],
)
def test_any_other_claim_refuses_it(
    server: ResourceServer, provider: FakeProvider, changes: dict[str, Any], fault: TokenFault
) -> None:
    with pytest.raises(InvalidToken) as refused:
        server.verify(token(provider, **changes), now=START)
    assert refused.value.reason == fault


CERTIFICATE = b"the certificate of a connection"


def test_a_bound_token_is_good_beside_its_certificate_alone(server: ResourceServer, provider: FakeProvider) -> None:
    bound = {"x5t#S256": base64.urlsafe_b64encode(hashlib.sha256(CERTIFICATE).digest()).rstrip(b"=").decode()}
    text = token(provider, cnf=bound)
    assert server.verify(text, certificate=CERTIFICATE, now=START)["cnf"] == bound
    for certificate, cnf in (
        (None, bound),
        (b"another", bound),
        (CERTIFICATE, {}),
        (None, {}),
        (CERTIFICATE, {"jkt": "x"}),
        (CERTIFICATE, {**bound, "jkt": "x"}),
        (CERTIFICATE, bound["x5t#S256"]),
    ):
        with pytest.raises(InvalidToken) as refused:
            server.verify(token(provider, cnf=cnf), certificate=certificate, now=START)
        assert refused.value.reason is TokenFault.CONFIRMATION
    assert "cnf" not in server.verify(token(provider), certificate=CERTIFICATE, now=START)


@pytest.mark.parametrize("typ", [None, "JWT", "logout+jwt", "at+jwt+x"])
def test_nothing_else_the_provider_signs_is_an_access_token(
    server: ResourceServer, provider: FakeProvider, typ: str | None
) -> None:
    with pytest.raises(InvalidToken) as refused:
        server.verify(token(provider, typ), now=START)
    assert refused.value.reason == TokenFault.TYPE


def test_a_key_that_is_not_the_providers_signs_nothing(server: ResourceServer, provider: FakeProvider) -> None:
    forged = FakeProvider(key=ECKey.generate_key("P-256", {"kid": provider.key.kid, "use": "sig"}))
    with pytest.raises(InvalidToken) as refused:
        server.verify(token(forged), now=START)
    assert refused.value.reason == TokenFault.SIGNATURE


def test_without_keys_nothing_is_believed(server: ResourceServer, provider: FakeProvider) -> None:
    made = token(provider)
    provider.away = True
    with pytest.raises(ProviderUnavailable):
        server.verify(made, now=START)


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
        ("Basic abc", None),
        ("Bearer", None),
        ("Bearer ", None),
        ("", None),
        (None, None),
        ("Bearer " + "a" * 20_000, None),
    ],
)
def test_the_token_stands_in_the_header(header: str | None, found: str | None) -> None:
    assert bearer_token(header) == found


@pytest.mark.parametrize("changes", [{"audience": ""}, {"algorithm": "HS256"}, {"issuer": "ftp://x"}])
def test_settings_that_cannot_work_are_an_error_at_start(changes: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError):
        ResourceSettings(**({"issuer": ISSUER, "audience": API} | changes))
