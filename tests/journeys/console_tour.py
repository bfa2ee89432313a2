"""The operators' part of the tour: two operators enrol, look at a person, and act with four eyes.

Always true: a code of the next time step is used for the sign-in, as the present one was used for enrolling.
"""

import subprocess
import sys
import time
from collections.abc import Callable

import pyotp
from playwright.sync_api import Page

from tests.journeys.conftest import ROOT, Site
from tests.journeys.walks import submit

PASSWORD = "Granite-Otter-51-Bell"
REASON, TICKET = "本人来电，称无法登录", "GD-2026-0117"
See = Callable[[str, Page], None]


class Operating:
    """``person``: whose account is looked at; ``number`` keeps the operators of two tours apart."""

    def __init__(self, site: Site, page: Page, see: See, person: str, number: int) -> None:
        self.site, self.page, self.see = site, page, see
        self.person, self.number = person, number

    def all(self) -> None:
        self.enrol("lin", "console-enrol")
        self.open("/console", "console-home")
        self.look()
        proposal = self.propose()
        self.open("/console/proposals", "console-proposals")
        self.platform()
        self.leave()
        self.enrol("chen", None)
        self.open(proposal, "console-proposal")
        self.fill(reason="已与本人核实", ticket=TICKET)
        self.page.locator("input[value=refuse]").check()
        self.send("console-proposal-decided")
        self.open("/console/audit", "console-audit")
        self.leave()

    def enrol(self, name: str, state: str | None) -> None:
        link, code = self.invite(f"{name}.{self.number}")
        self.open(link, "console-enrol-code" if state else None)
        self.fill(enrolment_code=code)
        self.send(state)
        secret = pyotp.TOTP(self.page.locator("#secret").inner_text())
        self.fill(new_password=PASSWORD, code=secret.now())
        self.send("console-signin" if state else None)
        self.fill(name=f"{name}.{self.number}", password=PASSWORD)
        self.send("console-signin-code" if state else None)
        self.fill(code=secret.at(int(time.time()) + 30))
        self.send(None)

    def invite(self, name: str) -> tuple[str, str]:
        """The link and the code that the command prints."""
        words = ["operator", "add", name, "--role", "platform", "--role", "review", "--role", "audit"]
        made = subprocess.run(
            [sys.executable, "-m", "idp", *words],
            cwd=ROOT,
            env=self.site.environment,
            check=True,
            capture_output=True,
            text=True,
        )
        link, code = (line.partition(": ")[2] for line in made.stdout.splitlines())
        return link, code

    def look(self) -> None:
        self.open("/console/people", "console-people")
        self.fill(identifier=self.person, reason=REASON, ticket=TICKET)
        self.send("console-person")

    def propose(self) -> str:
        """The address of a proposal to suspend."""
        self.press("main a[href$='/suspend']", "console-intervene")
        self.fill(reason=REASON, ticket=TICKET)
        self.send("console-proposal-own")
        return self.page.url.partition("?")[0]

    def platform(self) -> None:
        self.open("/console/clients", "console-clients")
        self.press("main a[href*='tax-demo']", "console-client")
        self.open("/console/operators", "console-operators")
        self.open("/console/operators/invite", "console-operator-invite")

    def leave(self) -> None:
        self.press("button[name=leave]", None)

    def open(self, path: str, name: str | None) -> None:
        self.page.goto(path if path.startswith("http") else self.site.provider + path)
        self._shown(name)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"input[name={name}]").fill(value)

    def send(self, name: str | None) -> None:
        with self.page.expect_navigation():
            submit(self.page)
        self._shown(name)

    def press(self, selector: str, name: str | None) -> None:
        with self.page.expect_navigation():
            self.page.locator(selector).click()
        self._shown(name)

    def _shown(self, name: str | None) -> None:
        if name:
            self.see(name, self.page)
