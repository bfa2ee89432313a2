"""From a department app through an activation and back into it, in Chromium, with the stand-in vendor's own pages.

Always true: every page on the way is looked at on a narrow phone, in each language and in the largest type, with axe
where script runs; the camera is Chromium's own, which shows a test picture.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from adapters.sandbox.services import chromium_path
from idp.accounts.documents import check_character
from tests.provider import claims_of
from tests.reviews.making import jpeg
from tests.trust.browser import CHALLENGE, Server, Wire, tokens_of
from tests.trust.installation import ALPHA, Installation, installation
from tests.trust.life import CLERKS, Clerk, Life
from tests.web.axe import violations

pytestmark = [pytest.mark.browser, pytest.mark.services]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
NAME, PASSWORD = "王小明", "Velvet3Anchor44"
USCC, COMPANY = "91430199MA9900087D", "长沙示例商贸有限公司"
ROOM = 10
"""People for each kind of journey."""
ON_FILE, NO_PHONE, CHANGED, TWICE, ENTITY, LEFT, FAILED, UNKNOWN = range(0, 8 * ROOM, ROOM)
LOOKS = [("zh", False, "normal"), ("zh", True, "xlarge"), ("en", True, "normal")]


def number(n: int) -> str:
    seventeen = f"4401981985061{7100 + n}"
    return seventeen + check_character(seventeen)


def phone(n: int) -> str:
    """On file at the older platform, of those who had one."""
    return f"1366{n:07}"


def new_phone(n: int) -> str:
    return f"1367{n:07}"


def old_accounts() -> Iterator[str]:
    person, entity = "platform,old_id,kind,name,document_number,phone", "uscc,entity_name,representative_name"
    yield f"{person},{entity},representative_document_number"
    for n in range(UNKNOWN):
        known = "" if NO_PHONE <= n < CHANGED else phone(n)
        yield f"old-portal,{n},person,{NAME},{number(n)},{known},,,,"
        if TWICE <= n < ENTITY:
            yield f"county-service,{n},person,{NAME},{number(n)},,,,,"
        if n == ENTITY:
            yield f"old-portal,e{n},entity,,,,{USCC},{COMPANY},{NAME},{number(n)}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    directory: Path = tmp_path_factory.mktemp("activation")
    with installation("sqlite", directory, people=1) as made:
        file = directory / "old.csv"
        file.write_text("\n".join(old_accounts()) + "\n", "utf-8")
        made.run("legacy", "import", str(file))
        yield made
        assert made.faults() == []


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=str(chromium_path()), args=[*FLAGS, *CAMERA])
        yield started
        started.close()


def opened(chromium: Browser, lang: str, script: bool) -> tuple[BrowserContext, Page]:
    """A browser in that language, for which the app is a page of a few words."""
    context = chromium.new_context(
        java_script_enabled=script,
        viewport={"width": 390, "height": 844},
        reduced_motion="reduce",
        locale="zh-CN" if lang == "zh" else "en-US",
        permissions=["camera"],
    )
    context.route(f"{ALPHA.redirect_uri}*", lambda route: route.fulfill(body="back in the app"))
    return context, context.new_page()


def send(page: Page) -> None:
    page.locator("main form button.main").first.click()


@dataclass
class Citizen:
    """Somebody in a browser of their own. ``n``: whose number and phone; ``faults``: of the pages they saw."""

    site: Installation
    context: BrowserContext
    page: Page
    n: int
    script: bool
    faults: list[str] = field(default_factory=list)

    def look(self) -> None:
        name = self.page.url.partition("?")[0]
        width = self.page.evaluate("document.documentElement.scrollWidth")
        self.faults += [f"{name} scrolls sideways to {width}"] * (width > 390)
        if self.script:
            self.faults += [f"{name}: {found}" for found in violations(self.page)]

    def send(self) -> None:
        self.look()
        with self.page.expect_navigation():
            send(self.page)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"#{name}").fill(value)

    def ask(self) -> None:
        """The app sends them for a face-checked sign-in."""
        query = (
            f"response_type=code&client_id={ALPHA.client_id}&redirect_uri={ALPHA.redirect_uri}&scope=openid&state=s"
            f"&code_challenge={CHALLENGE}&code_challenge_method=S256&acr_values=urn:tongban:ial:3"
        )
        self.page.goto(f"{self.site.issuer}/authorize?{query}")

    def say_who(self) -> None:
        self.fill(name=NAME, number=number(self.n))
        self.send()

    def to_vendor(self) -> None:
        """From the app to the vendor's first page."""
        self.ask()
        self.page.locator("a[href*='/activate']").click()
        self.say_who()
        expect(self.page).to_have_url(re.compile("/check/"))
        self.page.locator("main input[type=checkbox]").check()
        self.send()
        self.page.wait_for_url(re.compile("/face/check/"), timeout=20_000)

    def pass_check(self, finding: str = "") -> None:
        if finding:
            self.page.locator("main form summary").click()
            self.page.locator("#finding").select_option(finding)
        self.page.locator("button[value=begin]").click()
        for _ in range(3):
            self.page.locator("button[value=did]").click()
        self.page.wait_for_url(re.compile("/activate/|/check/"), timeout=20_000)

    def found(self) -> None:
        self.to_vendor()
        self.pass_check()
        self.page.wait_for_url(re.compile("/activate/found"), timeout=20_000)

    def prove(self, mobile: str) -> None:
        """That the phone is theirs: to the page of the password."""
        self.fill(code=str(self.site.await_message(mobile, "activate_code")["params"]["code"]))
        self.send()

    def finish(self) -> None:
        self.fill(password=PASSWORD)
        self.page.locator("input[name=agreements]").check()
        self.send()
        expect(self.page).to_have_url(re.compile("/activate/done"))
        self.look()

    def heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(text)

    def level_in_the_app(self) -> int:
        """Back in the app: the identity level its token tells."""
        expect(self.page.locator("body")).to_have_text("back in the app", timeout=20_000)
        code = re.search(r"code=([^&]+)", self.page.url)
        assert code, self.page.url
        wire = Wire()
        told: dict[str, Any] = claims_of(tokens_of(Server(self.site, wire).exchange(ALPHA, code[1])).id)
        wire.close()
        return int(told["acr"].removeprefix("urn:tongban:ial:"))

    @property
    def party(self) -> str:
        secrets = {one["name"]: one["value"] for one in self.context.cookies()}
        return self.site.party(secrets.get("tb_session"))

    def old(self) -> list[str]:
        """The states of what their account has from older platforms."""
        sql = "SELECT state FROM legacy_account WHERE party_id = :party ORDER BY state"
        return [row[0] for row in self.site.rows(sql, party=self.party)]

    def level(self) -> int:
        """Of what proves their identity."""
        sql = "SELECT MAX(level) FROM evidence WHERE party_id = :party AND ended_at IS NULL"
        return self.site.number(sql, party=self.party)


@contextmanager
def citizen(
    site: Installation, chromium: Browser, n: int, lang: str = "zh", *, script: bool = True, size: str = "normal"
) -> Iterator[Citizen]:
    """A browser of somebody's own; at the end the pages they saw had no fault."""
    context, page = opened(chromium, lang, script)
    context.add_cookies([{"name": "tb_prefs", "value": f"{lang}.{size}.normal", "url": site.issuer}])
    one = Citizen(site, context, page, n, script)
    yield one
    context.close()
    assert one.faults == []


@pytest.mark.parametrize(("lang", "script", "size"), LOOKS)
def test_an_app_gets_its_person_back_from_an_activation(
    site: Installation, chromium: Browser, lang: str, script: bool, size: str
) -> None:
    n = ON_FILE + LOOKS.index((lang, script, size))
    with citizen(site, chromium, n, lang, script=script, size=size) as one:
        one.found()
        expect(one.page.locator("main")).to_contain_text("old-portal")
        one.send()
        one.send()  # the phone on file is chosen already
        one.prove(phone(n))
        one.finish()
        assert one.old() == ["active"]
        one.page.locator("main a.button").click()
        assert one.level_in_the_app() == 3


@pytest.mark.parametrize(("lang", "script", "size"), LOOKS)
def test_without_a_phone_on_file_a_new_one_is_held(
    site: Installation, chromium: Browser, lang: str, script: bool, size: str
) -> None:
    n = NO_PHONE + LOOKS.index((lang, script, size))
    with citizen(site, chromium, n, lang, script=script, size=size) as one:
        one.found()
        one.send()
        one.fill(phone=new_phone(n))
        one.send()
        one.prove(new_phone(n))
        one.finish()
        assert one.old() == ["active"]
        assert one.level() == 2
        one.page.goto(f"{site.issuer}/account/phone")
        one.look()
        expect(one.page.locator("main form input[name=phone]")).to_have_count(0)


def test_a_changed_phone_is_held_and_the_old_one_stops_it(site: Installation, chromium: Browser) -> None:
    n = CHANGED
    with citizen(site, chromium, n) as one:
        one.found()
        one.send()
        one.page.locator("input[name=which][value=new]").check()
        one.fill(phone=new_phone(n))
        one.send()
        one.prove(new_phone(n))
        one.finish()
        one.page.goto(f"{site.issuer}/account/phone")
        one.look()
        expect(one.page.locator("main form input[name=phone]")).to_have_count(0)
        told = site.await_message(phone(n), "activation_notice")["params"]
        assert told["tail"] == new_phone(n)[-4:]
        with citizen(site, chromium, n, script=False) as owner:
            owner.page.goto(f"{site.issuer}/recover/stop")
            owner.fill(phone=phone(n), code=str(told["stop"]))
            owner.look()
            owner.page.locator("main form button.danger").click()
            owner.look()
        one.page.goto(f"{site.issuer}/account")
        expect(one.page).to_have_url(re.compile("/signin"))


def test_duplicate_records_become_one_account(site: Installation, chromium: Browser) -> None:
    n = TWICE
    with citizen(site, chromium, n, "en", size="xlarge") as one:
        one.found()
        one.heading("We found your 2 accounts of older platforms")
        one.send()
        one.send()
        one.prove(phone(n))
        one.finish()
        assert one.old() == ["active", "merged"]
        one.page.locator("main a.button").click()
        assert one.level_in_the_app() == 3


def test_an_entitys_old_account_waits_for_its_representative(site: Installation, chromium: Browser) -> None:
    n = ENTITY
    with citizen(site, chromium, n, script=False) as one:
        one.found()
        one.send()
        one.send()
        one.prove(phone(n))
        one.finish()
        one.page.goto(f"{site.issuer}/account/acting")
        one.look()
        expect(one.page.locator("main")).to_contain_text(COMPANY)
        expect(one.page.locator("main")).to_contain_text(USCC)
        assert one.old() == ["active", "claimed"]
        assert site.number("SELECT COUNT(*) FROM entity_role") == 0


def test_who_went_away_goes_on_where_they_were(site: Installation, chromium: Browser) -> None:
    n = LEFT
    with citizen(site, chromium, n) as one:
        one.found()
        one.send()
        one.send()
        one.prove(phone(n))
        one.page.close()
        one.page = one.context.new_page()
        one.ask()
        one.page.locator("a[href*='/activate']").click()
        one.say_who()
        expect(one.page).to_have_url(re.compile("/activate/details"))
        one.finish()
        one.page.locator("main a.button").click()
        assert one.level_in_the_app() == 3
    with citizen(site, chromium, n) as again:
        again.found()
        again.heading("您已有账户，不用激活")
        again.look()


def test_who_is_unknown_is_led_to_register(site: Installation, chromium: Browser) -> None:
    with citizen(site, chromium, UNKNOWN, script=False, size="xlarge") as one:
        one.found()
        one.heading("没有等待激活的账户")
        one.look()
        expect(one.page.locator("main a[href*='/register']").first).to_be_visible()


def test_a_face_that_was_not_passed_leads_by_a_review_to_the_old_account(
    site: Installation, chromium: Browser
) -> None:
    n = FAILED
    with citizen(site, chromium, n) as one:
        one.to_vendor()
        one.pass_check("fail")
        expect(one.page.get_by_role("heading", level=1)).to_have_text("核验没有完成", timeout=20_000)
        one.look()
        one.page.locator("a[href*='/activate/elsewhere']").first.click()
        one.heading("用其他方式激活")
        one.look()
        one.page.locator("main a.button[href*='/register']").click()
        one.fill(phone=new_phone(n))
        one.send()
        one.fill(code=str(site.await_message(new_phone(n), "register_code")["params"]["code"]))
        one.send()
        one.fill(password=PASSWORD)
        one.page.locator("input[name=agreements]").check()
        one.send()
        one.page.goto(f"{site.issuer}/identity/review/person")
        one.fill(name=NAME, number=number(n))
        one.page.locator("input[name=consent]").check()
        one.send()
        photo: Any = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
        for _ in range(3):
            one.page.locator("input[name=photo]").set_input_files([photo])
            one.send()
        one.send()
        expect(one.page).to_have_url(re.compile("done=review_filed"))
        wire = Wire()
        life = Life(site, wire)
        life.be_reviewed(*map(partial(Clerk, life), CLERKS))
        wire.close()
        assert one.old() == ["merged"]
        assert one.level() == 3
