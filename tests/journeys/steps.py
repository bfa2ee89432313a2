"""The small steps of every tour: open, fill, send, press, and say which state the page shows now.

Always true: nothing here depends on the language of the pages.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

from tests.journeys.conftest import ROOT, Site, newest_code
from tests.journeys.walks import submit

See = Callable[[str, Page], None]


@dataclass(frozen=True)
class Steps:
    """``see`` is called with the name of each state while the page shows it; ``number`` keeps two tours apart."""

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
        self._shown(name)

    def send(self, name: str | None = None) -> None:
        with self.page.expect_navigation():
            submit(self.page)
        self._shown(name)

    def press(self, selector: str, name: str | None = None) -> None:
        with self.page.expect_navigation():
            self.page.locator(selector).click()
        self._shown(name)

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.page.locator(f"input[name={name}]").fill(value)

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"input[name={name}][value={value}]").check()

    def code(self, phone: str, template: str = "") -> str:
        return newest_code(self.page, self.site.sandbox, phone, template)

    def command(self, *words: str) -> None:
        """``idp …`` as the installation's operators run it."""
        subprocess.run(
            [sys.executable, "-m", "idp", *words],
            cwd=ROOT,
            env=self.site.environment,
            check=True,
            capture_output=True,
        )

    def _shown(self, name: str | None) -> None:
        if name:
            self.see(name, self.page)
