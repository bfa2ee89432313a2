"""The guide for departments keeps its word: the app it shows is run as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from adapters.departments import relying_party, resource_server
from adapters.departments.authority import Question
from adapters.departments.challenge import read_challenge
from adapters.departments.events import MANDATE_REVOKED
from adapters.departments.flask_signin import system_clock
from adapters.departments.levels import demand
from adapters.departments.selftest import run
from adapters.departments.selftest_cases import Issuer, cases
from adapters.departments.transport import Request, Response

from .fake_provider import HANDLE, FakeProvider, acting_claims
from .test_selftest import Documents

GUIDES = Path(__file__).parents[2] / "docs"
GUIDE = (GUIDES / "departments.md").read_text("utf-8")
ACTING = re.findall(r"```python\n(.*?)```", (GUIDES / "acting.md").read_text("utf-8"), re.DOTALL)
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
BASE = "http://localhost:5000"
HELD = {"theme": "tax.filing", "services": ["hn-tax-01"], "actions": ["view", "submit"]}


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


@pytest.fixture
def guide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[FakeProvider, dict[str, Any]]:
    """The guide's app, with what its sections about acting and events add."""
    provider = FakeProvider(audience="pension", secret="the secret", clock=system_clock)
    provider.acting, provider.held = acting_claims(), [{"type": "gov_mandate", **HELD}]
    monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the secret")
    monkeypatch.setattr(relying_party, "HttpTransport", lambda **_: provider)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    names: dict[str, Any] = {"__name__": "guide"}
    for mark in ('sso = SingleSignOn(app, party, name="pension")', "AuthorityChecks(party)", "EventReceiver("):
        exec(next(block for block in BLOCKS if mark in block), names)  # noqa: S102 - the guide's own examples
    return provider, names


def test_the_filing_of_the_guide_opens_to_who_acts_and_asks_before_it_files(
    guide: tuple[FakeProvider, dict[str, Any]],
) -> None:
    provider, names = guide
    browser = names["app"].test_client()
    back = browser.get(provider.callback(browser.get("/filing", base_url=BASE).location), base_url=BASE).location
    page = browser.get(back, base_url=BASE).location
    assert page == f"/filing/{HANDLE}"
    assert "某某" in browser.get(page, base_url=BASE).text
    for decision, status in ((False, 403), (None, 503), (True, 200)):
        provider.decision = decision
        assert browser.post(page, base_url=BASE).status_code == status


def test_the_events_of_the_guide_are_taken_and_make_it_ask_again(
    guide: tuple[FakeProvider, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    provider, names = guide
    asked = Question(subject=provider.sub, action="submit", handle=HANDLE, service="hn-tax-01")
    provider.decision = True
    assert names["checks"].may(asked, now=system_clock())
    headers = {"Authorization": "Bearer of-your-choice", "Content-Type": "application/secevent+jwt"}
    token = provider.event_token(MANDATE_REVOKED, represented=HANDLE)
    assert names["app"].test_client().post("/events", data=token, headers=headers).status_code == 202
    assert HANDLE in capsys.readouterr().out
    provider.decision = False
    assert not names["checks"].may(asked, now=system_clock())


def test_the_api_that_is_told_of_acting_passes_its_own_self_test(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer = Issuer("http://127.0.0.1:8099")
    audience = "https://api.tax.example/represented"
    monkeypatch.setenv("OIDC_ISSUER", issuer.address)
    monkeypatch.setattr(resource_server, "HttpTransport", lambda **_: Documents(issuer))
    names: dict[str, Any] = {"__name__": "guide"}
    exec(next(block for block in ACTING if "verify_delegation" in block), names)  # noqa: S102
    tried = cases(issuer, audience, matter=names["SUBMIT"], now=system_clock())
    client = names["api"].test_client()

    class Api:
        def send(self, request: Request) -> Response:
            answer = client.get("/returns", headers=dict(request.headers))
            return Response(answer.status_code, {}, answer.data)

    report = run(Api(), "https://api.tax.example/returns", audience=audience, tried=tried, now=system_clock())
    assert report.passed, report.text
    assert f"{len(tried)} of {len(tried)} right" in report.line


def test_every_link_inside_the_guide_leads_somewhere() -> None:
    headings = re.findall(r"^## (.*)$", GUIDE, re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) == anchors
