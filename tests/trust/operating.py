"""Two operators of an installation, over HTTP: who proposes and who approves."""

import re
import time

import httpx
import pyotp

from tests.trust.browser import Browser, Wire
from tests.trust.installation import Installation

_PASSWORD = "Granite-Otter-51-Bell"
_WHY = {"reason": "本人来电，称账户被盗用", "ticket": "GD-2026-0117"}
_SECRET = re.compile(r'id="secret"[^>]*>([A-Z2-7]{32})<')


class Operators:
    """Always true: what one proposes only the other approves."""

    def __init__(self, at: Installation, wire: Wire, name: str) -> None:
        self._first, self._second = (self._on_duty(at, wire, f"{name}.{which}") for which in ("one", "two"))

    def _on_duty(self, at: Installation, wire: Wire, name: str) -> Browser:
        told = at.run("operator", "add", name, "--role", "review")
        link, code = (line.partition(": ")[2] for line in told.splitlines())
        browser = Browser(at, wire)
        page = "/console" + link.rpartition("/console")[2]
        page = browser.submit(page, {"enrolment_code": code}).headers["location"]
        found = _SECRET.search(browser.get(page).text)
        assert found
        app = pyotp.TOTP(found[1])
        browser.submit(page, {"new_password": _PASSWORD, "code": app.now()})
        browser.submit("/console/signin", {"name": name, "password": _PASSWORD})
        browser.forget_token()  # it went with the operator's first secret, and goes with the second
        signed_in = browser.submit("/console/signin/code", {"code": app.at(int(time.time()) + 30)})
        assert signed_in.status_code == 303, signed_in.text
        browser.forget_token()
        return browser

    def propose(self, mobile: str, act: str) -> str:
        """The address of the proposal."""
        person = self._first.submit("/console/people", {"identifier": mobile, **_WHY}).headers["location"]
        made = self._first.submit(f"{person}/{act}", _WHY)
        assert made.status_code == 303, made.text
        return str(made.headers["location"]).partition("?")[0]

    def approve(self, proposal: str, *, node: int = 0) -> httpx.Response:
        return self._second.submit(proposal, {**_WHY, "decision": "approve"}, node=node)
