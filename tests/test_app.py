"""The whole put together: what watches it asks, and answers when a part is away."""

from pathlib import Path

import pytest

from idp.app import create_app
from idp.db import DatabaseUnavailable
from tests.provider import Browser, Site, basic, browser, settings_at, shared_app, signed_in, site, site_template
from tests.registers import ScriptedRegisters

__all__ = ["browser", "shared_app", "signed_in", "site", "site_template"]


def test_it_is_alive_and_ready(site: Site) -> None:
    assert site.http.get("/healthz").text == "alive\n"
    assert site.http.get("/readyz").text == "ready\n"


def test_metrics_name_routes_and_nothing_of_people(site: Site, signed_in: Browser) -> None:
    signed_in.get("/agreements/privacy/2026-11-01?phone=13812340001")
    signed_in.get("/nowhere/13812340001")
    told = site.http.get("/metrics").text
    assert 'idp_requests_total{route="/signin",status="303"}' in told
    assert 'route="/agreements/<kind>/<version>"' in told
    assert 'route="unmatched"' in told
    assert "1381234" not in told


def test_metrics_are_for_loopback_or_for_the_token(site: Site, tmp_path: Path) -> None:
    foreign = {"REMOTE_ADDR": "10.0.0.1"}
    assert site.http.get("/metrics", environ_overrides=foreign).status_code == 401
    assert site.http.get("/metrics", headers={"X-Forwarded-For": "10.0.0.1"}).status_code == 401
    guarded = create_app(
        settings_at(tmp_path, server={"threads": 4, "metrics_token": "let-me-in"}), ScriptedRegisters().ports
    )
    http = guarded.test_client()
    for header in ({}, {"Authorization": "Bearer x"}, {"Authorization": "let-me-in"}, {"Authorization": "Bearer é"}):
        assert http.get("/metrics", headers=header).status_code == 401
    told = http.get("/metrics", headers={"Authorization": "Bearer let-me-in"}, environ_overrides=foreign)
    assert told.status_code == 200
    guarded.extensions["tongban"].database.engine.dispose()
    guarded.extensions["tongban"].store.close()


def test_a_single_page_app_may_call_the_machine_endpoints_from_its_origin(site: Site) -> None:
    for path, allowed in (("/token", True), ("/userinfo", True), ("/revoke", True), ("/introspect", False)):
        for origin, known in (("http://spa.localhost:9", True), ("http://evil.localhost", False)):
            headers = site.http.options(path, headers={"Origin": origin}).headers
            assert (headers.get("Access-Control-Allow-Origin") == origin) == (allowed and known)


@pytest.mark.parametrize("path", ["/token", "/introspect", "/revoke", "/readyz", "/jwks"])
def test_without_its_database_it_says_when_to_come_again(
    site: Site, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr("idp.state.versions.Versioned.get", away)
    headers = {"Origin": "http://spa.localhost:9", "Authorization": basic("app")}
    form = {"grant_type": "client_credentials", "token": "x"}
    answer = site.http.open(
        path, method="GET" if path in ("/readyz", "/jwks") else "POST", data=form, headers=headers
    )
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert answer.get_json()["error"] == "temporarily_unavailable"
