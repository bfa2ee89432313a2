"""A provider that asks for digits as production does, and browsers whose people can read them."""

import hashlib
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from idp.app import create_app
from idp.captcha.pages import EXTENSION, Captcha
from idp.settings import Limits
from tests.provider import Browser, Site, browser, settings_at, signed_in, site, site_template
from tests.registers import ScriptedRegisters

__all__ = ["browser", "signed_in", "site", "site_template"]

_KEY = re.compile(r'name="captcha_key" value="([^"]+)"')


@pytest.fixture(scope="session")
def shared_app(site_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """In place of the one in `tests.provider`, which never asks."""
    directory = tmp_path_factory.mktemp("asking")
    shutil.copyfile(site_template, directory / "idp.db")
    easy = settings_at(directory).limits.model_dump()
    app = create_app(settings_at(directory, limits=easy | {"captcha": Limits().captcha}), ScriptedRegisters().ports)
    yield app
    Site(app).close()


@dataclass(frozen=True)
class Asked:
    """The digits a page asks for, and what is sent to answer them."""

    key: str
    digits: str

    @property
    def right(self) -> dict[str, str]:
        return {"captcha_key": self.key, "captcha": self.digits}

    @property
    def wrong(self) -> dict[str, str]:
        """One digit is another."""
        return {"captcha_key": self.key, "captcha": ("2" if self.digits[0] != "2" else "3") + self.digits[1:]}


def captcha(site: Site) -> Captcha:
    found: Captcha = site.app.extensions[EXTENSION]
    return found


def asked(browser: Browser, page: str | TestResponse) -> Asked:
    """What somebody reads who opens ``page`` (an address), or sees it."""
    key = key_in(browser.get(page) if isinstance(page, str) else page)
    assert key, "no digits are asked for"
    cookie = browser.client.get_cookie("tb_browser")
    assert cookie is not None
    challenge = captcha(browser.site).challenges.find(key, browser=hashlib.sha256(cookie.value.encode()).digest())
    assert challenge is not None
    return Asked(key, challenge.digits)


def key_in(page: TestResponse) -> str | None:
    found = _KEY.search(page.text)
    return found[1] if found else None
