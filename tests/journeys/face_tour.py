"""The part of the tour in which a face is checked: an old account activated, a department's matter, a number to show.

Always true: the person is one that no other tour activates, from a file that this one brings.
"""

from pathlib import Path

from idp.accounts.documents import check_character
from tests.journeys.steps import Steps

NAME, PASSWORD = "高文英", "Heron4Lantern29"


class Facing(Steps):
    """The whole part is `all`; it ends with nobody signed in."""

    @property
    def document(self) -> str:
        most = f"43019919580313{self.number:03d}"
        return most + check_character(most)

    def all(self) -> None:
        self.activating()
        self.at_the_counter()
        self.asked_by_a_department()
        self.page.context.clear_cookies()
        for way in ("signin", "recover"):
            self.open(f"/{way}/face", f"{way}-face")
            self.send(f"{way}-face-empty")

    def activating(self) -> None:
        file = Path(self.site.env["TONGBAN_SECRETS__FILE"]).parent / f"moved-{self.number}.csv"
        file.write_text(
            "platform,old_id,name,document_number,phone\n"
            f"old-portal,{self.number},{NAME},{self.document},{self.phone(5)}\n"
            f"county-service,{self.number},{NAME},{self.document},\n",
            "utf-8",
        )
        self.command("legacy", "import", str(file))
        self.open("/activate", "activate")
        self.send("activate-empty")
        self.fill(name=NAME, number=self.document)
        self.send("check")
        self.page.locator("main input[type=checkbox]").check()
        self.pass_face_check()
        self.page.wait_for_url("**/activate/found**")
        self.see("activate-found", self.page)
        self.send("activate-phone")
        self.send("activate-code")
        self.fill(code="000000")
        self.send("activate-code-wrong")
        self.fill(code=self.code(self.phone(5), "activate_code"))
        self.send("activate-details")
        self.send("activate-details-wrong")
        self.fill(password=PASSWORD)
        self.page.locator("input[name=agreements]").check()
        self.send("activate-done")

    def pass_face_check(self) -> None:
        """From the page where it is agreed to, past the stand-in vendor's prompts."""
        self.send()
        self.page.wait_for_url("**/face/check/**")
        self.see("sandbox-face", self.page)
        self.press("button[value=begin]", "sandbox-face-prompt")
        self.press("button[value=did]")
        self.press("button[value=did]")
        self.page.locator("button[value=did]").click()

    def at_the_counter(self) -> None:
        self.open("/account/counter", "account-counter")
        self.send("account-counter-number")

    def asked_by_a_department(self) -> None:
        self.open(f"{self.site.social}/pension-confirmation", "social-confirmation")
        self.press("#confirm", "matter")
        self.press("button[value=agree]", "check-matter")
        self.press("button[name=decline]")
