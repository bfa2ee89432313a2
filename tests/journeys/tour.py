"""A tour past every page of the demonstration in its real states, for whoever wants to look at them.

Always true: nothing depends on the language of the pages, and one tour may follow another on the same installation
(``number`` keeps them apart).
"""

import re
import sqlite3
from pathlib import Path

import pyotp

from tests.journeys.console_tour import Operating
from tests.journeys.face_tour import Facing
from tests.journeys.steps import Steps
from tests.journeys.walks import sign_in, signed_in_to
from tests.reviews.making import jpeg

PERSON = ("13800001001", "Lantern7Bridge22")
ENTITY = ("91430100MA0000007Q", "Maple5Harbour93")
ASKING = "http://pension.localhost:8009"
"""An app that nobody runs (the sandbox answers in its place): it asks for consent, and never hears of a sign-out."""
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


class Tour(Steps):
    """The whole tour is `all`."""

    def all(self) -> None:
        self.open(self.site.tax, "tax-landing")
        self.open("/", "home")
        self.open("/signin/passkey", "signin-passkey")
        self.signing_in()
        self.registering()
        self.recovering()
        self.working()
        self.ways_to_sign_in()
        self.representing()
        self.agreeing()
        self.my_account()
        self.leaving()
        self.by_the_door()
        self.facing()
        self.refused()
        self.operating()
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
        self.open("/identity/name", "identity-name")
        self.send("identity-name-empty")
        self.fill(name="沈新禾", number="420199200106140046")
        self.send("identity-name-wrong")
        self.open("/identity/raise", "identity-raise")
        self.open("/identity/bank-card", "identity-bank-card")
        self.send("identity-bank-card-empty")
        self.open("/identity/bank", "identity-bank")
        self.send("identity-bank-empty")
        for way in ("face", "photos"):
            self.open(f"/identity/{way}", f"identity-{way}")
            self.send(f"identity-{way}-empty")
        self.open("/account/identity", "account-identity-none")
        self.being_reviewed()
        self.page.context.clear_cookies(name=re.compile("session"))

    def being_reviewed(self) -> None:
        """Photos are sent, and wait for the operators, who come later."""
        self.open("/identity/review", "review")
        self.press("main a[href*='/review/person']", "review-person")
        self.send("review-person-wrong")
        self.fill(name="沈新禾", number="420199200106140047")
        self.page.locator("input[name=consent]").check()
        self.send("review-front")
        self.send("review-front-wrong")
        for side in ("back", "holding", "send"):
            photo = {"name": "photo.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
            self.page.locator("input[name=photo]").set_input_files([photo])
            self.send(f"review-{side}")
        self.send("review-filed")

    def recovering(self) -> None:
        self.ask_for_sign_in()
        self.press("main a[href*='/recover']", "recover")
        self.fill(identifier="1a")
        self.send("recover-wrong")
        self.page.wait_for_timeout(5000)  # the demonstration sends one message in so long
        self.fill(identifier=self.phone(3))
        self.send("recover-code")
        self.fill(code="000000")
        self.send("recover-code-wrong")
        self.fill(code=self.code(self.phone(3), "recover_code"))
        self.send("recover-password")
        self.fill(new_password="password")
        self.send("recover-password-wrong")
        self.fill(new_password="Cedar6Lantern71")
        self.send("recover-done")
        sign_in(self.page, self.phone(3), "Cedar6Lantern71")
        signed_in_to(self.page, self.site.tax)
        self.changing_phone()
        self.losing_everything()

    def losing_everything(self) -> None:
        """The request waits for the operators, who come later."""
        self.open("/recover")
        self.press("main a[href='/recover/last']", "recover-last")
        self.press("main a[href='/recover/last/person']", "recover-last-person")
        self.fill(name="王小明", number="440524198001010013")
        self.send("recover-last-phone")
        self.fill(phone=self.phone(9))
        self.send("recover-last-code")
        self.fill(code=self.code(self.phone(9), "bind_code"))
        self.send("recover-last-way")
        self.send("recover-last-filed")
        self.open("/recover/approved", "recover-approved")
        self.open("/recover/stop", "recover-stop")

    def changing_phone(self) -> None:
        self.open("/account/phone", "account-phone")
        self.fill(phone="010-1234")
        self.send("account-phone-wrong")
        self.fill(phone=self.phone(4))
        self.send("account-phone-code")
        self.fill(code=self.code(self.phone(4)))
        self.send("account-phone-changed")
        self.open("/account/phone", "account-phone-held")
        self.open("/account/user-name", "account-user-name")
        self.page.context.clear_cookies(name=re.compile("session"))

    def working(self) -> None:
        self.ask_for_sign_in()
        sign_in(self.page, *PERSON)
        signed_in_to(self.page, self.site.tax)
        self.see("tax-overview", self.page)
        self.press("#go-filing", "confirm")
        self.press("button[name=send]", "confirm-enter")
        self.fill(code="000000")
        self.send("confirm-wrong")
        self.fill(code=self.code(PERSON[0]))
        self.send()
        self.page.wait_for_url(f"{self.site.tax}/**")
        self.see("tax-filing", self.page)
        self.open(f"{self.site.tax}/refund-account", "tax-refund-account")
        self.open(f"{self.site.social}/overview", "social-overview")
        self.open(f"{self.site.social}/pension", "social-pension")

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

    def ways_to_sign_in(self) -> None:
        """In the session of `working`, which was proved by two factors just now."""
        self.open("/account/methods", "account-methods-none")
        self.open("/account/methods/passkey", "account-passkey-add")
        self.open("/account/methods")
        self.press("form[action$=totp] button", "account-totp")
        seed = (self.page.locator("#secret").text_content() or "").replace(" ", "")
        self.fill(code="abc")
        self.send("account-totp-wrong")
        self.fill(code=pyotp.TOTP(seed).now())
        self.send("account-methods")
        self.press("form[action$=codes] button", "account-recovery-codes")
        self.open("/account/methods")
        for what in ("totp", "recovery_codes"):  # the next tour begins anew
            self.press(f"button[value={what}]")

    def my_account(self) -> None:
        for name in ("profile", "identity", "password", "sessions", "apps", "activity"):
            self.open(f"/account/{name}", f"account-{name}")
        self.rights()
        self.open("/account/password")
        self.fill(current_password="Not-the-right-1", new_password="password")
        self.send("account-password-wrong")

    def rights(self) -> None:
        """Disputes, export, closing and keeping: nothing that ends the session."""
        for path in ("disputes/new", "export", "close", "confirm"):
            self.open(f"/account/{path}", f"account-{path.replace('/', '-')}")
        self.open("/account/disputes/new")
        self.send("account-dispute-empty")
        self.dispute("account-disputes")
        self.press("button[name=withdraw]", "account-dispute-withdrawn")
        self.open("/account/disputes/new")
        self.dispute()  # the operators answer this one
        self.sign_in_elsewhere()
        self.open("/account/activity")
        self.press("a[href*='not-me'] >> nth=0", "account-not-me")
        self.open("/account/close/ask", "account-close-ask")
        self.send("account-close-refused")
        self.page.locator("input[name=understood]").check()
        self.send("account-closing")
        self.press("button[name=keep]", "account-kept")

    def dispute(self, name: str | None = None) -> None:
        self.choose("item", "verified_name")
        self.page.locator("textarea[name=text]").fill("名字里的“䶮”写错了。")
        self.send(name)

    def sign_in_elsewhere(self) -> None:
        """As somebody in another browser who knows the password."""
        browser = self.page.context.browser
        assert browser is not None
        other = browser.new_context()
        page = other.new_page()
        page.goto(f"{self.site.provider}/signin")
        sign_in(page, *PERSON)
        other.close()

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

    def facing(self) -> None:
        Facing(self.site, self.page, self.see, self.lang, self.number).all()

    def operating(self) -> None:
        Operating(self.site, self.page, self.see, self.lang, self.number).all(PERSON[0])

    def outside(self) -> None:
        for path in ("start", "inbox", "numbers"):
            place = "" if path == "start" else path
            self.open(f"{self.site.sandbox}/{place}?lang={self.lang}", f"sandbox-{path}")

    def register_asking_app(self) -> None:
        file = Path(self.site.env["TONGBAN_SECRETS__FILE"]).parent / "pension.toml"
        file.write_text(_CLIENT, "utf-8")
        self.command("client", "apply", str(file))

    def forget_agreements(self) -> None:
        """As after a new version of the texts: nobody has accepted what is in force."""
        path = self.site.env["TONGBAN_DATABASE__URL"].removeprefix("sqlite:///")
        with sqlite3.connect(path, timeout=10) as database:
            database.execute("DELETE FROM agreement_acceptance")
        database.close()
