"""The guide for departments keeps its word: the app it shows is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.departments import relying_party, resource_server
from adapters.departments.challenge import read_challenge
from adapters.departments.flask_signin import system_clock
from adapters.departments.levels import demand

from .fake_provider import FakeProvider

GUIDE = (Path(__file__).parents[2] / "docs" / "departments.md").read_text("utf-8")
BASE = "http://localhost:5000"


def test_the_flask_app_of_the_guide_signs_people_in(monkeypatch: pytest.MonkeyPatch) -> None:
    code = next(block for block in re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL) if "SingleSignOn(" in block)
    provider = FakeProvider(audience="pension", secret="the secret", clock=system_clock)
    monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the secret")
    monkeypatch.setattr(relying_party, "HttpTransport", lambda **_: provider)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(code, names)  # noqa: S102 - the guide's own example
    browser = names["app"].test_client()
    assert "My pension" in browser.get("/", base_url=BASE).text
    sent = browser.get("/mine", base_url=BASE)
    assert browser.get(provider.callback(sent.location), base_url=BASE).location == "/mine"
    assert browser.get("/mine", base_url=BASE).text == "张三, known at level 2"
    assert browser.get("/", base_url=BASE).text == "Welcome back, pw_person"
    assert "aal%3A2" in browser.get("/apply", base_url=BASE).location


def test_the_api_of_the_guide_challenges_and_its_client_asks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
    provider = FakeProvider(clock=system_clock)
    monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
    monkeypatch.setattr(resource_server, "HttpTransport", lambda **_: provider)
    names: dict[str, Any] = {"__name__": "guide"}
    exec(next(block for block in blocks if "ResourceServer(" in block), names)  # noqa: S102
    api = names["app"].test_client()
    claims = {**provider.id_claims(nonce=None, access_token="a"), "aud": "https://api.pension.example.gov.cn"}
    token = provider.sign(claims | {"client_id": "tax", "jti": "1", "auth_time": claims["iat"]}, typ="at+jwt")
    assert api.get("/pensions").headers["WWW-Authenticate"] == "Bearer"
    spoilt = api.get("/pensions", headers={"Authorization": f"Bearer {token}x"})
    assert (spoilt.status_code, spoilt.headers["WWW-Authenticate"]) == (401, 'Bearer error="invalid_token"')
    weak = api.get("/pensions", headers={"Authorization": f"Bearer {token}"})
    assert (weak.status_code, weak.text) == (401, "")
    assert read_challenge(weak.headers["WWW-Authenticate"]) == demand("urn:tongban:ial:2:aal:2", max_age=900)
    strong = provider.sign(
        claims | {"client_id": "tax", "jti": "2", "auth_time": claims["iat"], "aal": 2}, typ="at+jwt"
    )
    assert api.get("/pensions", headers={"Authorization": f"Bearer {strong}"}).json == {"owner": "pw_person"}


def test_every_link_inside_the_guide_leads_somewhere() -> None:
    headings = re.findall(r"^## (.*)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) == anchors
