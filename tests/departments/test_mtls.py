"""An app that connects with a certificate: where it goes, and that the connection alone proves it (RFC 8705)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from adapters.departments.errors import ConfigurationError
from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import ClientAuthentication, ClientSettings
from adapters.departments.transport import Request, Response

from .fake_provider import ISSUER, START, FakeProvider

MTLS = "http://mtls.localhost:8443"
TLS_METHODS = [ClientAuthentication.TLS, ClientAuthentication.SELF_SIGNED_TLS]


@dataclass
class Aliased:
    """A provider with a host for certificates; it answers what it must and remembers what it was asked."""

    provider: FakeProvider
    asked: list[Request] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        self.asked.append(request)
        if request.url.startswith(MTLS):
            answer: dict[str, Any] = {"access_token": "t", "token_type": "Bearer", "sub": "pw_1"}
            answer |= {"id": "c", "person_url": f"{ISSUER}/matters/c", "expires_at": START + 60}
            return Response(200, {}, json.dumps(answer).encode())
        found = self.provider.send(request)
        if not request.url.endswith("/openid-configuration"):
            return found
        aliases = {f"{name}_endpoint": f"{MTLS}/{name}" for name in ("token", "userinfo", "introspection")}
        return Response(200, {}, json.dumps(found.json_object() | {"mtls_endpoint_aliases": aliases}).encode())


def with_certificate(settings: ClientSettings, method: ClientAuthentication) -> ClientSettings:
    return replace(settings, authentication=method, client_secret="", certificate_file="app.pem")


@pytest.fixture
def no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ssl.SSLContext.load_cert_chain", lambda *_, **__: None)


@pytest.mark.usefixtures("no_files")
@pytest.mark.parametrize("method", TLS_METHODS)
def test_it_asks_where_certificates_are_asked_for_and_says_its_name_alone(
    settings: ClientSettings, provider: FakeProvider, method: ClientAuthentication
) -> None:
    wire = Aliased(provider)
    party = RelyingParty(with_certificate(settings, method), wire)
    party._token_request({"grant_type": "x"}, START)
    token = wire.asked[-1]
    assert (token.url, token.form) == (f"{MTLS}/token", {"grant_type": "x", "client_id": settings.client_id})
    assert "Authorization" not in token.headers
    party.userinfo("t", subject="pw_1", now=START)
    assert wire.asked[-1].url == f"{MTLS}/userinfo"
    party.start_check("face_check", access_token="t", matter="m", nonce="n", now=START)
    asked = wire.asked[-1]
    assert asked.url == f"{MTLS}/capabilities/v1/face-checks"
    assert asked.document is not None
    assert asked.document["client_id"] == settings.client_id


def test_without_a_certificate_aliases_are_passed_over(settings: ClientSettings, provider: FakeProvider) -> None:
    wire = Aliased(provider)
    party = RelyingParty(settings, wire)
    party.begin(now=START)
    assert party._endpoint("token_endpoint", START) == f"{ISSUER}/token"


@pytest.mark.parametrize("method", TLS_METHODS)
def test_a_method_without_its_certificate_is_an_error_at_start(
    settings: ClientSettings, method: ClientAuthentication
) -> None:
    with pytest.raises(ConfigurationError, match="certificate_file"):
        replace(settings, authentication=method)
