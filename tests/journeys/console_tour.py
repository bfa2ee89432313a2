"""The operators' part of the tour: two operators enrol, look at a person, and act with four eyes.

Always true: a code of the next time step is used for the sign-in, as the present one was used for enrolling.
"""

import subprocess
import sys
import time

import pyotp

from tests.journeys.conftest import ROOT
from tests.journeys.steps import Steps

PASSWORD = "Granite-Otter-51-Bell"
REASON, TICKET = "本人来电，称无法登录", "GD-2026-0117"


class Operating(Steps):
    """``number`` keeps the operators of two tours apart, too."""

    def all(self, person: str) -> None:
        """``person``: whose account is looked at."""
        self.enrol("lin", "console-enrol")
        self.open("/console", "console-home")
        self.look(person)
        proposal = self.propose()
        self.open("/console/proposals", "console-proposals")
        self.recovery()
        self.review()
        self.platform()
        self.answer()
        self.leave()
        self.enrol("chen")
        self.open(proposal, "console-proposal")
        self.fill(reason="已与本人核实", ticket=TICKET)
        self.choose("decision", "refuse")
        self.send("console-proposal-decided")
        self.open("/console/audit", "console-audit")
        self.leave()

    def enrol(self, name: str, state: str | None = None) -> None:
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
        self.send()

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

    def look(self, person: str) -> None:
        self.open("/console/people", "console-people")
        self.fill(identifier=person, reason=REASON, ticket=TICKET)
        self.send("console-person")

    def propose(self) -> str:
        """The address of a proposal to suspend."""
        self.press("main a[href$='/suspend']", "console-intervene")
        self.fill(reason=REASON, ticket=TICKET)
        self.send("console-proposal-own")
        return self.page.url.partition("?")[0]

    def recovery(self) -> None:
        """The request that waits."""
        self.open("/console/recoveries", "console-recoveries")
        self.press("main tbody tr:first-child a", None)
        self.fill(reason=REASON, ticket=TICKET)
        self.send("console-recovery")

    def review(self) -> None:
        """The photos that wait."""
        self.open("/console/reviews", "console-reviews")
        self.press("main tbody tr:first-child a", None)
        self.fill(reason=REASON, ticket=TICKET)
        self.send("console-review")

    def platform(self) -> None:
        self.open("/console/clients", "console-clients")
        self.press("main a[href*='tax-demo']", "console-client")
        self.open("/console/clients/tax-demo/apply", "console-capability-apply")
        self.choose("capability", "name_check" if self.lang == "zh" else "face_check")
        self.fill(
            purpose="个税专项附加扣除核对", purpose_en="Check of tax deductions", law="《个人所得税法》", daily="100"
        )
        self.send("console-capability")
        self.open("/console/channels", "console-channels")
        self.open("/console/operators", "console-operators")
        self.open("/console/operators/invite", "console-operator-invite")

    def answer(self) -> None:
        """The person's dispute, in the queue of what waits."""
        self.open("/console/disputes", "console-disputes")
        self.press("main table a >> nth=0", "console-dispute")
        self.choose("decision", "accepted")
        self.fill(answer="已按居民身份证更正，本人已收到通知。")
        self.send("console-dispute-answered")

    def leave(self) -> None:
        self.press("button[name=leave]")
