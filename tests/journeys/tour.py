"""A tour past every page of the demonstration in its real states, for whoever wants to look at them.

Always true: nothing depends on the language of the pages, and one tour may follow another on the same installation
(``number`` keeps them apart).
"""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, Route

from tests.journeys.conftest import ROOT, Site, newest_code
from tests.journeys.walks import sign_in, signed_in_to, submit

PERSON = ("13800001001", "Lantern7Bridge22")
ENTITY = ("91430100MA0000007Q", "Maple5Harbour93")
ASKING = "http://pension.localhost:9"
"""An app that nobody runs: it asks for consent, and never hears that its people have left."""
_CLIENT = f"""
[[client]]
client_id = "pension-demo"
name = {{ zh = "养老待遇测算", en = "Pension forecast" }}
department = {{ zh = "省社会保险事业中心（演示）", en = "Provincial Social Insurance Centre (demonstration)" }}
law = "《中华人民共和国社会保险法》第七十四条"
sector = "pension"
state = "live"
secret = "pension-demo-secret-for-this-machine-only-03"
redirect_uris = ["{ASKING}/cb"]
post_logout_redirect_uris = ["{ASKING}/out"]
backchannel_logout_uri = "http://localhost:9/notices"
scopes = {{ profile = "consent", email = "consent", address = "consent", phone = "statutory" }}
pkce = "optional"
"""
_ASK = f"/authorize?response_type=code&client_id=pension-demo&redirect_uri={ASKING}/cb&scope=openid+profile+"
See = Callable[[str, Page], None]


@dataclass(frozen=True)
class Tour:
    """``see`` is called with the name of each state while the page shows it."""

    site: Site
    page: Page
    see: See
    lang: str = "zh"
    number: int = 1

    def phone(self, n: int) -> str:
        """A number nobody has."""
        return f"1377{self.number:03d}{n:04d}"

    def open(self, path: str, name: str | None = None) -> None:
        self.page.goto(path if path.startswith("http") else self.site.provider + path)
        if name:
            self.see(name, self.page)

    def send(self, name: str | None = None) -> None:
        with self.page.expect_navigation():
            submit(self.page)
        if name:
            self.see(name, self.page)

    def press(self, selector: str, name: str | None = None) -> None:
        with self.page.expect_navigation():
            self.page.locator(selector).click()
        if name:
            self.see(name, self.page)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"input[name={name}]").fill(value)

    def code(self, phone: str) -> str:
        return newest_code(self.page, self.site.sandbox, phone)

    def all(self) -> None:
        self.page.context.route(f"{ASKING}/**", _blank)
        self.open(self.site.tax, "tax-landing")
        self.open("/", "home")
        self.signing_in()
        self.registering()
        self.working()
        self.representing()
        self.agreeing()
        self.my_account()
        self.leaving()
        self.by_the_door()
        self.refused()
        self.outside()

    def ask_for_sign_in(self) -> None:
        self.page.goto(f"{self.site.tax}/overview")

    def signing_in(self) -> None:
        self.ask_for_sign_in()
        self.see("signin", self.page)
        self.send("signin-empty")
        for attempt in range(11):
            self.fill(identifier=self.phone(1), password="Not-the-right-1")
            self.send("signin-wrong" if attempt == 0 else "signin-locked" if attempt == 10 else None)
        self.press("main a[href*='/signin/code']", "signin-code")
        self.fill(identifier="1380013")
        self.send("signin-code-no-phone")
        self.fill(identifier=self.phone(2))
        self.send("signin-code-enter")
        self.fill(code="000000")
        self.send("signin-code-wrong")
        self.press("button[name=resend]", "signin-code-too-soon")

    def registering(self) -> None:
        self.ask_for_sign_in()
        self.press("main a[href*='/register']", "register-phone")
        self.fill(phone="010-1234")
        self.send("register-phone-wrong")
        self.fill(phone=self.phone(3))
        self.send("register-code")
        self.fill(code="000000")
        self.send("register-code-wrong")
        self.fill(code=self.code(self.phone(3)))
        self.send("register-details")
        self.fill(password="password", user_name="1a")
        self.send("register-details-wrong")
        self.fill(password="Maple8Window53", user_name=f"linqiu_{self.number:03d}")
        self.page.locator("input[name=agreements]").check()
        self.send("register-done")
        self.page.context.clear_cookies(name=re.compile("session"))

    def working(self) -> None:
        self.ask_for_sign_in()
        sign_in(self.page, *PERSON)
        signed_in_to(self.page, self.site.tax)
        self.see("tax-overview", self.page)
        self.press("#file-return", "confirm")
        self.press("button[name=send]", "confirm-enter")
        self.fill(code="000000")
        self.send("confirm-wrong")
        self.fill(code=self.code(PERSON[0]))
        self.send()
        self.page.wait_for_url(f"{self.site.tax}/**")
        self.see("tax-filing", self.page)
        self.open(f"{self.site.social}/overview", "social-overview")

    def representing(self) -> None:
        self.open("/entities/new", "entity-new")
        self.fill(name="长沙岳麓示例科技有限公司", uscc="91430100MA0000007X")
        self.send("entity-new-wrong")
        self.open("/entities/password", "entity-password")
        self.fill(new_password="password")
        self.send("entity-password-wrong")
        self.open("/entities/claim", "entity-claim")
        self.send("entity-claim-wrong")
        self.open("/account/acting", "account-acting")
        self.page.locator("input[name=act]").nth(1).check()
        self.send("account-acting-entity")

    def by_the_door(self) -> None:
        """In by the entity's password, as the person whose code it is."""
        self.open("/signin")
        sign_in(self.page, *ENTITY)
        self.see("entity-who", self.page)
        self.send("entity-who-code")
        self.fill(code="000000")
        self.send("entity-who-code-wrong")
        self.fill(code=self.code(PERSON[0]))
        self.send()
        self.page.wait_for_url("**/account/acting**")
        self.page.context.clear_cookies(name=re.compile("session"))

    def agreeing(self) -> None:
        self.register_asking_app()
        self.page.goto(f"{self.site.provider}{_ASK}email+address+phone&prompt=consent")
        self.see("consent", self.page)
        self.page.locator("button[value=allow]").click()
        self.page.wait_for_url(f"{ASKING}/**")
        self.forget_agreements()
        self.open("/account", "agreements")
        self.send("agreements-refused")
        self.page.locator("input[name=agreements]").check()
        self.send("account")
        self.open("/agreements/privacy/2026-11-01", "agreement-text")

    def my_account(self) -> None:
        for name in ("profile", "password", "sessions", "apps", "activity"):
            self.open(f"/account/{name}", f"account-{name}")
        self.open("/account/password")
        self.fill(current_password="Not-the-right-1", new_password="password")
        self.send("account-password-wrong")

    def leaving(self) -> None:
        self.open("/signout", "signout")
        self.press("button[name=confirm]")
        self.press("main a[href*='pause=1']", "signed-out-pending")
        self.ask_for_sign_in()
        sign_in(self.page, *PERSON)
        signed_in_to(self.page, self.site.tax)
        self.open("/signout")
        self.press("button[name=confirm]")
        self.page.locator(".done").wait_for()
        self.see("signed-out", self.page)
        self.open("/signed-out", "signed-out-already")
        self.open(f"{self.site.tax}/signed-out", "tax-signed-out")

    def refused(self) -> None:
        self.open("/no-such-page", "error-404")
        self.open("/continue?r=gone", "expired")
        self.open("/authorize?client_id=tax-demo&redirect_uri=http://elsewhere.localhost/", "oauth-error")
        self.ask_for_sign_in()
        self.page.locator("input[name=csrf_token]").evaluate_all("all => all.forEach(one => { one.value = 'x' })")
        self.fill(identifier="a", password="b")
        self.send("error-form")

    def outside(self) -> None:
        for path in ("start", "inbox", "numbers"):
            place = "" if path == "start" else path
            self.open(f"{self.site.sandbox}/{place}?lang={self.lang}", f"sandbox-{path}")

    def register_asking_app(self) -> None:
        file = Path(self.site.env["TONGBAN_SECRETS__FILE"]).parent / "pension.toml"
        file.write_text(_CLIENT, "utf-8")
        self.command("client", "apply", str(file))

    def command(self, *words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "idp", *words],
            cwd=ROOT,
            env=self.site.environment,
            check=True,
            capture_output=True,
        )

    def forget_agreements(self) -> None:
        """As after a new version of the texts: nobody has accepted what is in force."""
        path = self.site.env["TONGBAN_DATABASE__URL"].removeprefix("sqlite:///")
        with sqlite3.connect(path, timeout=10) as database:
            database.execute("DELETE FROM agreement_acceptance")
        database.close()


def _blank(route: Route) -> None:
    route.fulfill(body="", content_type="text/html")
