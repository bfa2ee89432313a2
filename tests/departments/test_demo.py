"""The demo apps: pages in two languages, one click to the other app, and a process that stops when told."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from jinja2 import Environment
from jinja2.nodes import Call, Const, Name

from adapters.departments.demo import __main__ as command
from adapters.departments.demo import shown
from adapters.departments.demo.app import DemoSettings, create_app
from adapters.departments.demo.departments import DEPARTMENTS
from adapters.departments.demo.texts import ENGLISH, translated
from adapters.departments.errors import ConfigurationError

from .fake_provider import SECRET, START, Clock, FakeProvider

PROJECT = Path(__file__).parents[2]
TEMPLATES = PROJECT / "adapters" / "departments" / "demo" / "templates" / "demo"
BASE = {"tax": "http://tax.localhost:8101", "social": "http://social.localhost:8102"}


def settings_for(department: str, *options: str) -> DemoSettings:
    issuer = ("--issuer", "http://127.0.0.1:8000", "--client-secret", SECRET, "--client-id", "tax-demo")
    return command.settings_from([department, *issuer, *options])[1]


@pytest.fixture(params=["tax", "social"])
def department(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def browser(department: str, provider: FakeProvider, clock: Clock) -> FlaskClient:
    return create_app(settings_for(department), transport=provider, clock=clock).test_client()


@pytest.fixture
def taxpayer(provider: FakeProvider, clock: Clock) -> FlaskClient:
    """A browser signed in to the tax app."""
    browser = create_app(settings_for("tax"), transport=provider, clock=clock).test_client()
    sign_in(browser, provider, "tax")
    return browser


def sign_in(browser: FlaskClient, provider: FakeProvider, department: str, path: str = "/overview") -> Any:
    sent = browser.get(path, base_url=BASE[department])
    return browser.get(provider.callback(sent.location), base_url=BASE[department])


def test_the_start_page_offers_to_sign_in(browser: FlaskClient, department: str) -> None:
    page = browser.get("/", base_url=BASE[department])
    assert page.status_code == 200
    assert 'href="/oidc/login?next=/overview"' in page.text
    assert "script" not in page.text.lower()


def test_the_overview_shows_who_signed_in_and_how(
    browser: FlaskClient, provider: FakeProvider, department: str
) -> None:
    sign_in(browser, provider, department)
    page = browser.get("/overview", base_url=BASE[department]).text
    for expected in ("张三", "pw_person", "姓名证件已核验", "单因素", shown.moment(START - 60), "退出登录"):
        assert expected in page
    other = DEPARTMENTS[department].other
    assert f'href="{BASE[other]}/overview?lang=zh"' in page


def test_english_is_complete_and_remembered(browser: FlaskClient, provider: FakeProvider, department: str) -> None:
    provider.userinfo = {"sub": "pw_person", "name": "Zhang San"}
    sign_in(browser, provider, department)
    pages = [browser.get(path, base_url=BASE[department]).text for path in ("/overview?lang=en", "/", "/none")]
    for page in pages:
        assert '<html lang="en">' in page
        assert re.findall(r"[\u4e00-\u9fff]+", page.replace("中文", "")) == []


def test_the_chosen_language_goes_along_to_the_provider(browser: FlaskClient, department: str) -> None:
    sent = browser.get("/overview?lang=en", base_url=BASE[department])
    assert "ui_locales=en" in sent.location


def template_strings() -> Iterator[str]:
    for file in TEMPLATES.glob("*.html"):
        for call in Environment().parse(file.read_text("utf-8")).find_all(Call):  # noqa: S701 - only parsed
            if isinstance(call.node, Name) and call.node.name == "_" and isinstance(call.args[0], Const):
                yield str(call.args[0].value)


def test_every_string_of_the_templates_has_english() -> None:
    assert set(template_strings()) <= set(ENGLISH)
    for matter in (matter for department in DEPARTMENTS.values() for matter in department.matters):
        texts = [matter.title, matter.need, matter.intro, matter.button, matter.done]
        assert {text for text in texts if text} | {figure.label for figure in matter.figures} <= set(ENGLISH)
    assert all(translated(text, "zh") == text for text in ENGLISH)
    assert all(value.isascii() or "·" in value for value in ENGLISH.values())


def test_pages_say_what_a_browser_may_do_with_them(browser: FlaskClient, department: str) -> None:
    headers = browser.get("/", base_url=BASE[department]).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:8000" in policy
    assert headers["Referrer-Policy"] == "same-origin"


def test_the_token_can_be_renewed_by_hand(taxpayer: FlaskClient, provider: FakeProvider, clock: Clock) -> None:
    clock.now += 100
    answer = taxpayer.post("/refresh", base_url=BASE["tax"])
    page = taxpayer.get(answer.location, base_url=BASE["tax"]).text
    assert "令牌已更新" in page
    assert shown.moment(START + 100) in page
    assert shown.moment(START + 700) in page
    provider.away = True
    answer = taxpayer.post("/refresh", base_url=BASE["tax"])
    assert "令牌没有更新" in taxpayer.get(answer.location, base_url=BASE["tax"]).text


def test_a_refused_renewal_leads_back_to_signing_in(taxpayer: FlaskClient, provider: FakeProvider) -> None:
    provider.refresh_tokens.clear()
    answer = taxpayer.post("/refresh", base_url=BASE["tax"])
    again = taxpayer.get(answer.location, base_url=BASE["tax"])
    assert again.location.startswith("http://127.0.0.1:8000/authorize?")


def test_forms_of_other_origins_do_nothing(taxpayer: FlaskClient, provider: FakeProvider) -> None:
    provider.aal = 2
    sign_in(taxpayer, provider, "tax", "/filing?again")
    for path in ("/refresh", "/filing", "/refund-account", "/oidc/logout"):
        answer = taxpayer.post(path, base_url=BASE["tax"], headers={"Sec-Fetch-Site": "cross-site"})
        assert answer.status_code == 403


def test_filing_a_return_needs_two_factors(taxpayer: FlaskClient, provider: FakeProvider) -> None:
    sent = taxpayer.get("/filing", base_url=BASE["tax"])
    assert "acr_values=urn%3Atongban%3Aaal%3A2" in sent.location
    assert taxpayer.post("/filing", base_url=BASE["tax"]).status_code == 401
    provider.aal = 2
    back = taxpayer.get(provider.callback(sent.location), base_url=BASE["tax"])
    assert back.location == "/filing"
    assert "提交申报" in taxpayer.get("/filing", base_url=BASE["tax"]).text
    done = taxpayer.post("/filing", base_url=BASE["tax"], headers={"Sec-Fetch-Site": "same-origin"})
    assert 'id="done"' in taxpayer.get(done.location, base_url=BASE["tax"]).text
    assert taxpayer.get("/filing/done/nonsense!", base_url=BASE["tax"]).status_code == 404


@pytest.mark.parametrize(
    ("department", "path", "level"),
    [
        ("social", "/pension", "urn:tongban:ial:2"),
        ("tax", "/filing", "urn:tongban:aal:2"),
        ("tax", "/refund-account", "urn:tongban:ial:2:aal:2"),
    ],
)
def test_each_matter_says_what_it_needs_and_asks_for_exactly_that(
    browser: FlaskClient, provider: FakeProvider, department: str, path: str, level: str
) -> None:
    provider.ial = 1
    sign_in(browser, provider, department)
    matter = next(one for one in DEPARTMENTS[department].matters if one.key == path[1:])
    assert matter.need in browser.get("/overview", base_url=BASE[department]).text
    sent = browser.get(path, base_url=BASE[department])
    assert parse_qs(urlsplit(sent.location).query)["acr_values"] == [level]
    declined = browser.get(provider.callback(sent.location), base_url=BASE[department])
    assert (declined.status_code, declined.location) == (403, None)
    assert "需要：" in declined.text
    sent = browser.get(path, base_url=BASE[department])
    provider.ial, provider.aal = 2, 2
    assert browser.get(provider.callback(sent.location), base_url=BASE[department]).location == path
    assert matter.intro in browser.get(path, base_url=BASE[department]).text


@pytest.mark.parametrize(
    ("verified", "shown_as_checked"), [(True, True), (False, False), ("true", False), (None, False)]
)
def test_only_a_name_the_provider_has_checked_is_shown_as_checked(
    taxpayer: FlaskClient, provider: FakeProvider, verified: object, shown_as_checked: bool
) -> None:
    provider.aal, provider.userinfo = 2, {"sub": "pw_person", "name": "周𪚥文", "name_verified": verified}
    sign_in(taxpayer, provider, "tax", "/refund-account")
    page = taxpayer.get("/refund-account", base_url=BASE["tax"]).text
    assert ("周𪚥文" in page) is shown_as_checked


def test_both_apps_ask_for_the_verified_name() -> None:
    assert all("real_name" in department.scope.split() for department in DEPARTMENTS.values())


@pytest.mark.parametrize("path", ["/filing", "/refund-account", "/pension"])
def test_an_app_handles_its_own_matters_only(browser: FlaskClient, department: str, path: str) -> None:
    own = path[1:] in {matter.key for matter in DEPARTMENTS[department].matters}
    assert browser.get(path, base_url=BASE[department]).status_code == (303 if own else 404)


def test_wrong_ways_end_on_a_page_of_the_app(browser: FlaskClient, department: str) -> None:
    missing, wrong = (browser.get(path, base_url=BASE[department]) for path in ("/none", "/refresh"))
    assert (missing.status_code, wrong.status_code) == (404, 405)
    assert "没有这个页面" in missing.text


def test_pages_under_the_machine_name_move_to_the_app_name(browser: FlaskClient, department: str) -> None:
    """A cookie set under localhost would not come back under the app's own name."""
    port = DEPARTMENTS[department].port
    for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
        moved = browser.get("/overview", base_url=f"http://{host}")
        assert moved.location == f"{BASE[department]}/overview"
        assert browser.get("/healthz", base_url=f"http://{host}").text == "ok\n"


def test_addresses_come_from_options_and_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DEMO_ISSUER", "https://idp.localhost:8443")
    monkeypatch.setenv("DEMO_CLIENT_SECRET", "s")
    monkeypatch.setenv("DEMO_CONNECT_TO", "idp.localhost:8443=127.0.0.1:8443")
    options, made = command.settings_from(
        ["tax", "--base-url", "https://tax.localhost:8443/", "--other-url", "https://social.localhost:8443"]
    )
    assert options.port == 8101
    assert made.client.redirect_uri == "https://tax.localhost:8443/oidc/callback"
    assert made.client.post_logout_redirect_uri == "https://tax.localhost:8443/signed-out"
    assert made.client.connect_to == {"idp.localhost:8443": "127.0.0.1:8443"}
    assert made.other_url == "https://social.localhost:8443"


def test_options_that_cannot_work_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["tax"], ["tax", "--client-secret", "s", "--port", "70000"]):
        with pytest.raises(ConfigurationError):
            command.settings_from(arguments)
    assert command.main(["tax"]) == 2
    assert "client_secret" in capsys.readouterr().err


def fetch(port: int, path: str) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.processes
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_process_serves_and_stops_on_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    arguments = ["tax", "--port", "0", "--store", str(tmp_path / "tax.db")]
    command_line = [sys.executable, "-m", "adapters.departments.demo", *arguments]
    environment = {**os.environ, "DEMO_CLIENT_SECRET": "s"}
    with subprocess.Popen(command_line, cwd=PROJECT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        try:
            first = process.stderr.readline()
            listening = re.search(r"127\.0\.0\.1:(\d+)", first)
            assert listening, first
            assert fetch(int(listening[1]), "/healthz?code=secret") == (200, "ok\n")
            time.sleep(0.05)
            process.send_signal(number)
            log = process.communicate(timeout=10)[1]
        finally:
            process.kill()
    assert process.returncode == 0
    assert "GET /healthz 200" in log
    assert "secret" not in log


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("phone_number", "+8613800138000", "+86138****8000"[:6] + "****8000"),
        ("phone_number", "123", "****"),
        ("auth_time", START, "2026-09-21"),
        ("amr", ["pwd", "sms"], "pwd, sms"),
        ("at_hash", "x" * 60, "xxxxxxxx…xxxx"),
        ("address", "x" * 60, "x" * 36 + "…"),
        ("exp", "soon", "soon"),
        ("ial", 2, "2"),
    ],
)
def test_claims_are_shown_short_and_masked(name: str, value: object, text: str) -> None:
    assert shown.masked(name, value).startswith(text)


def test_levels_have_words_and_unknown_ones_do_not_break() -> None:
    assert [shown.identity_level(n) for n in (0, 1, 5, -1)] == ["未提供", "已注册", "未提供", "未提供"]
    assert [shown.strength(n) for n in (3, 4, -1)] == ["防钓鱼", "未提供", "未提供"]
    assert [shown.moment(value) for value in (None, True, "1", 0, 10**12)] == [""] * 5
    assert shown.short("pw_0123456789abcdef") == "pw_01234…cdef"
