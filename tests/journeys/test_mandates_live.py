"""Acting for others, and being known at counters and kiosks: the running demonstration, a register that changes."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, expect

from idp.clients.rules import DEVICE_CODE
from tests.journeys.conftest import ROOT, Site, demo_in, walker
from tests.journeys.console_tour import Operating
from tests.journeys.mandate_walks import CHEN, COMPANY, GONG, GULINA, ORGAN, QINGLAN, ZHOU, Acting, Resident, pass_by
from tests.journeys.outside import Department, Register, enterprise_register
from tests.journeys.qr_reading import read_qr
from tests.journeys.walks import sign_in
from tests.provider import claims_of

pytestmark = [pytest.mark.browser, pytest.mark.alone]

HALL, KIOSK = "hall-demo", "kiosk-demo"
BACK = "http://hall.localhost:8009/cb"
"""Of an app that nobody runs: the sandbox answers in its place."""
SECRETS = {name: f"{name}-secret-for-this-machine-only-0123456789" for name in (HALL, KIOSK)}
CLIENTS = f"""
[[client]]
client_id = "{HALL}"
name = {{ zh = "政务大厅叫号系统", en = "Service hall" }}
department = {{ zh = "长沙示例行政审批服务局（演示）", en = "Administrative Approval Bureau (demonstration)" }}
law = "《优化营商环境条例》第三十七条"
sector = "hall"
state = "live"
secret = "{SECRETS[HALL]}"
redirect_uris = ["{BACK}"]
scopes = {{ profile = "statutory", phone = "statutory", real_name = "statutory" }}
id_token_alg = "ES256"
pkce = "optional"

[[client]]
client_id = "{KIOSK}"
name = {{ zh = "医保自助机", en = "Health insurance kiosk" }}
department = {{ zh = "省医疗保障局（演示）", en = "Provincial Healthcare Security (demonstration)" }}
sector = "kiosk"
state = "live"
secret = "{SECRETS[KIOSK]}"
grant_types = ["{DEVICE_CODE}"]
scopes = {{ profile = "none" }}
id_token_alg = "ES256"
device_region = "430100"
"""
WINDOW = "岳麓区政务大厅 3 号窗口"


@pytest.fixture(scope="module")
def register() -> Iterator[Register]:
    with enterprise_register() as made:
        yield made


@pytest.fixture(scope="module")
def site(register: Register, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One demonstration for all journeys of this module; its enterprise register is ours to change."""
    more = {"TONGBAN_REGISTERS__ENTERPRISE__URL": register.url}
    home = tmp_path_factory.mktemp("mandates")
    with demo_in(home, more=more) as site:
        (home / "clients.toml").write_text(CLIENTS, "utf-8")
        run(site, "client", "apply", str(home / "clients.toml"))
        yield site


def run(site: Site, *words: str) -> str:
    """``idp …`` as the installation's operators run it; what it prints."""
    command = [sys.executable, "-m", "idp", *words]
    made = subprocess.run(command, cwd=ROOT, env=site.environment, check=True, capture_output=True, text=True)
    return made.stdout


@contextmanager
def somebody(site: Site, chromium: Browser, who: Resident) -> Iterator[Acting]:
    """``who`` in my account, in a browser of their own."""
    with walker(chromium) as context:
        yield Acting(site, context.new_page(), pass_by, who=who).enter()


def test_a_civil_servant_represents_the_organ_by_unit_and_post(site: Site, chromium: Browser) -> None:
    with somebody(site, chromium, ZHOU) as head, somebody(site, chromium, GULINA) as clerk:
        head.choose_for(ORGAN.name)
        mandate = head.give("staff", GULINA.person, post="财务科 · 出纳")
        clerk.accept(mandate)
        head.open(f"/account/mandates/{mandate}", "mandate-of-staff")
        expect(head.page.locator("main")).to_contain_text("财务科 · 出纳")
        clerk.choose_for(ORGAN.name, "acting-chosen")
        clerk.app_is_told("current")
        expect(clerk.page.locator("#represented")).to_contain_text(ORGAN.name)
        expect(clerk.page.locator("#person")).to_have_text(GULINA.person.name)


def test_a_new_representative_takes_over_from_the_register_without_the_old_ones_phone(
    site: Site, chromium: Browser, register: Register
) -> None:
    with (
        somebody(site, chromium, QINGLAN) as old,
        somebody(site, chromium, GONG) as employee,
        somebody(site, chromium, CHEN) as new,
    ):
        old.choose_for(COMPANY.name)
        mandate = old.give("employee", GONG.person)
        employee.accept(mandate)

        register.appoint(COMPANY.uscc, CHEN.person)
        new.open("/account/acting", "new-begins")
        new.press("main a[href*='/entities/new']", "new-names")
        new.choose("type", COMPANY.kind)
        new.fill(name=COMPANY.name, uscc=COMPANY.uscc)
        new.send("new-waits")
        expect(new.page.get_by_role("status")).to_contain_text("向登记机关复核")

        old.open("/account/mandates", "old-is-refused")
        expect(old.page.get_by_role("heading", level=1)).to_have_text("无权查看此页")
        old.press("main a.button:not(.second)")
        expect(old.page.locator("main .tick")).to_have_count(1)
        old.app_is_told(None)

        new.choose_for(COMPANY.name, "new-acts")
        new.app_is_told("current")
        expect(new.page.locator("#represented")).to_contain_text(COMPANY.name)

        employee.choose_for(COMPANY.name)
        employee.app_is_told("current")
        new.take_back(mandate)
        employee.open(f"/account/mandates/{mandate}", "ended")
        expect(employee.page.locator("main .tag").first).to_have_text("已收回")
        assert new.give("employee", GULINA.person) != mandate


@pytest.fixture(scope="module")
def hall(site: Site, chromium: Browser) -> Department:
    """A counter's system, which two operators let read identity codes."""
    about = ["--purpose", "窗口办事", "--law", "《优化营商环境条例》第三十七条", "--daily", "100"]
    permit = run(site, "client", "capability", "apply", HALL, "identity_code", *about).split()[-1]
    with walker(chromium) as context:
        operators = Operating(site, context.new_page(), pass_by, number=31)
        operators.enrol("lin")
        operators.open(f"/console/capabilities/{permit}")
        operators.choose("decision", "grant")
        operators.fill(reason="部门来函申请", ticket="GD-2026-0201")
        operators.send()
        proposal = operators.page.url.partition("?")[0]
        operators.leave()
        operators.enrol("chen")
        operators.open(proposal)
        operators.choose("decision", "approve")
        operators.fill(reason="已核对来函", ticket="GD-2026-0201")
        operators.send()
    return Department(site.provider, HALL, SECRETS[HALL], BACK)


def clerk_of(hall: Department, site: Site, chromium: Browser) -> str:
    """Somebody is made a clerk, and signs in at the counter with two factors; their access token."""
    with somebody(site, chromium, GULINA) as clerk:
        sub = claims_of(clerk.enter_app(hall)["id_token"])["sub"]
        run(site, "client", "clerk", "add", HALL, sub)
        return str(clerk.enter_app(hall, acr_values="urn:tongban:ial:2:aal:2")["access_token"])


def test_a_citizen_shows_a_code_at_a_counter_and_confirms_clerk_office_and_matters(
    site: Site, chromium: Browser, hall: Department
) -> None:
    token = clerk_of(hall, site, chromium)
    with somebody(site, chromium, CHEN) as citizen:
        citizen.open("/account/identity", "identity")
        citizen.press("main a[href$='/identity-code']", "code-begin")
        citizen.send("code-shown")
        code = read_qr(citizen.page.locator("svg.qr").screenshot())
        body = {"code": code, "clerk_token": token, "office": WINDOW, "matters": ["城乡居民养老保险参保登记"]}
        answer = hall.tell("/identity-codes/redeem", body | {"scopes": ["real_name", "phone"]})
        assert answer.status_code == 201, answer.text
        waiting = f"/identity-codes/{answer.json()['id']}"
        assert hall.fetch(waiting).json()["state"] == "waiting"

        expect(citizen.page.get_by_role("heading", level=1)).to_contain_text("窗口请求确认您的身份")  # by itself
        for words in (GULINA.person.name, WINDOW, "城乡居民养老保险参保登记", "长沙示例行政审批服务局"):
            expect(citizen.page.locator("main")).to_contain_text(words)
        citizen.see("code-asked", citizen.page)
        citizen.page.locator("input[name=scope][value=phone]").uncheck()
        citizen.press("button[value=confirm]", "code-confirmed")

        told = hall.fetch(waiting).json()
        assert (told["state"], told["ial"], told["aal"], told["scopes"]) == ("confirmed", 3, 1, ["real_name"])
        assert told["claims"]["name"] == CHEN.person.name
        assert told["sub"].startswith("pw_")
        assert hall.fetch(waiting).status_code == 410
        assert hall.tell("/identity-codes/redeem", body).status_code == 409
        citizen.open("/account/activity", "code-activity")
        expect(citizen.page.locator("main")).to_contain_text("身份码")


def test_a_kiosk_signs_in_whom_the_phone_confirms_by_the_number_and_nobody_by_a_wrong_one(
    site: Site, chromium: Browser
) -> None:
    kiosk = Department(site.provider, KIOSK, SECRETS[KIOSK])

    def begin() -> dict[str, Any]:
        return dict(kiosk.post("/device_authorization", {"scope": "openid profile"}).json())

    def poll(begun: dict[str, Any]) -> httpx.Response:
        return kiosk.post("/token", {"grant_type": DEVICE_CODE, "device_code": begun["device_code"]})

    wrong, right = begin(), begin()
    assert poll(right).json()["error"] == "authorization_pending"
    asked_again = time.monotonic() + right["interval"]
    with walker(chromium) as context:
        phone = Acting(site, context.new_page(), pass_by, who=CHEN)
        phone.open(wrong["verification_uri_complete"], "scan-signin")
        sign_in(phone.page, CHEN.phone, CHEN.password)
        phone.page.wait_for_url("**/device?user_code=**")
        assert phone.page.locator("input[name=user_code]").input_value() == wrong["user_code"]
        phone.see("scan-code", phone.page)
        phone.send("scan-asked")
        offered = phone.page.locator("button[name=number]").all_inner_texts()
        assert wrong["tongban_number"] in offered
        other = next(one for one in offered if one != wrong["tongban_number"])
        phone.press(f"button[name=number][value='{other}']", "scan-wrong-number")
        assert poll(wrong).json()["error"] == "access_denied"

        phone.open(right["verification_uri_complete"])
        phone.send()
        for words in ("医保自助机", "省医疗保障局（演示）", "湖南"):
            expect(phone.page.locator("dl.facts")).to_contain_text(words)
        expect(phone.page.locator("dl.facts time")).to_be_visible()
        phone.press(f"button[name=number][value='{right['tongban_number']}']", "scan-confirmed")

        time.sleep(max(0.0, asked_again - time.monotonic()))
        told = poll(right)
        assert told.status_code == 200, told.text
        claims = claims_of(told.json()["id_token"])
        assert (claims["ial"], claims["aal"]) == (3, 1)
        phone.press("main a[href='/account/sessions']", "scan-sessions")
        expect(phone.page.locator("main")).to_contain_text("医保自助机")
