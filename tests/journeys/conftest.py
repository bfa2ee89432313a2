"""The demonstration and the cluster as people start them, and a browser to walk through them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from adapters.sandbox.services import chromium_path
from tests.services.test_cluster import descendants
from tests.services.test_processes import gone

ROOT = Path(__file__).parents[2]
START = 120.0
STOP = 30.0


@dataclass(frozen=True)
class Site:
    """Where everything is, as a browser reaches it."""

    provider: str
    tax: str
    social: str
    sandbox: str
    env: dict[str, str] = field(default_factory=dict)
    """What was set for it."""

    @property
    def environment(self) -> dict[str, str]:
        """For commands over the same installation."""
        return os.environ | self.env


@contextmanager
def started(command: list[str], directory: Path, env: dict[str, str]) -> Iterator[Path]:
    """Run ``command`` until it says that it is ready; afterwards one SIGTERM has to end all of it."""
    log = directory / "output.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | env, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
    try:
        end = time.monotonic() + START
        while "Ready." not in log.read_text("utf-8"):
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"it did not start:\n{log.read_text('utf-8')[-3000:]}")
            time.sleep(0.1)
        yield log
    finally:
        below = descendants(process.pid)
        process.send_signal(signal.SIGTERM)
        status = process.wait(STOP)
    assert status == 0, log.read_text("utf-8")[-3000:]
    assert gone(below), "something outlived the one signal"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """``idp demo`` with an empty installation of its own; it and the cluster share ports, so never both at a time."""
    with demo_in(tmp_path_factory.mktemp("demo")) as site:
        yield site


@contextmanager
def demo_in(home: Path, province: str = "", more: Mapping[str, str] | None = None) -> Iterator[Site]:
    """``idp demo`` over databases and keys in ``home``, under that profile or none; ``more``: of its environment."""
    env = {
        "TONGBAN_DATABASE__URL": f"sqlite:///{home / 'idp.db'}",
        "TONGBAN_STATE__URL": f"sqlite:///{home / 'state.db'}",
        "TONGBAN_SECRETS__FILE": str(home / "secrets.toml"),
        **(more or {}),
    }
    profile = ["--province", province] if province else []
    with started([sys.executable, "-m", "idp", "demo", *profile], home, env):
        yield Site(
            "http://localhost:8000",
            "http://tax.localhost:8101",
            "http://social.localhost:8102",
            "http://localhost:8009",
            env,
        )


@contextmanager
def cluster_in(directory: Path, more: Mapping[str, str] | None = None) -> Iterator[Site]:
    """`make cluster` with logs and certificate in ``directory``; ``more``: of its environment."""
    command = [sys.executable, "-m", "adapters.sandbox.cluster", "--directory", str(directory)]
    with started(command, directory, dict(more or {})):
        yield Site(
            "https://idp.localhost:8443",
            "https://tax.localhost:8443",
            "https://social.localhost:8443",
            "http://localhost:8009",
        )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser of this module: Playwright bears one of its kind in a thread at a time."""
    with started_chromium() as browser:
        yield browser


@contextmanager
def started_chromium() -> Iterator[Browser]:
    path = chromium_path()
    with sync_playwright() as playwright:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=str(path), args=flags)
        yield browser
        browser.close()


def walker(
    browser: Browser, *, script: bool = True, https: bool = False, width: int = 390, locale: str = "zh-CN"
) -> BrowserContext:
    """A new person's browser; ``https``: the cluster's certificate is self-made."""
    context = browser.new_context(
        java_script_enabled=script,
        ignore_https_errors=https,
        locale=locale,
        viewport={"width": width, "height": 844},
    )
    context.set_default_timeout(15_000)
    return context


def newest_code(page: Page, sandbox: str, phone: str, template: str = "") -> str:
    """The code in the newest message to ``phone`` (of ``template``), from the sandbox's JSON inbox."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        messages = page.request.get(f"{sandbox}/sms.json", params={"to": f"+86{phone}"}).json()["messages"]
        messages = [one for one in messages if template in ("", one["template"]) and "code" in one["params"]]
        if messages:
            return str(messages[0]["params"]["code"])
        time.sleep(0.1)
    raise AssertionError("no message came")
