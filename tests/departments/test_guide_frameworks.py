"""The guide's projects in Django and Starlette are run as they stand there."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from adapters.departments import relying_party
from adapters.departments.web_signin import system_clock

from .apps import Browser, OverAsgi, OverWsgi
from .fake_provider import FakeProvider

GUIDE = (Path(__file__).parents[2] / "docs" / "departments.md").read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
BASE = "http://localhost:8001"


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> FakeProvider:
    provider = FakeProvider(audience="pension", secret="the secret", clock=system_clock)
    monkeypatch.setenv("OIDC_ISSUER", provider.issuer)
    monkeypatch.setenv("OIDC_CLIENT_SECRET", "the secret")
    monkeypatch.setattr(relying_party, "HttpTransport", lambda **_: provider)
    return provider


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch, provider: FakeProvider) -> Iterator[None]:
    """The guide's package `pension`: each of its modules begins by saying where it stands."""
    monkeypatch.setitem(sys.modules, "pension", ModuleType("pension"))
    for name in ("sso", "views", "urls"):
        (code,) = (block for block in BLOCKS if block.startswith(f"# pension/{name}.py\n"))
        module = ModuleType(f"pension.{name}")
        monkeypatch.setitem(sys.modules, module.__name__, module)
        setattr(sys.modules["pension"], name, module)
        exec(code, module.__dict__)  # noqa: S102 - the guide's own example
    with override_settings(ROOT_URLCONF="pension.urls", MIDDLEWARE=["pension.sso.middleware"]):
        yield


def follow(browser: Browser, provider: FakeProvider) -> None:
    assert "My pension" in browser.get("/").text
    back = browser.get(provider.callback(browser.get("/mine").headers["Location"]))
    assert back.headers["Location"] == "/mine"
    assert browser.get("/mine").text == "张三, known at level 2"
    assert browser.get("/").text == "Welcome back, pw_person"
    assert "aal%3A2" in browser.get("/apply").headers["Location"]
    provider.aal = 2
    browser.get(provider.callback(browser.get("/apply").headers["Location"]))
    assert browser.get("/apply").text == "You signed in with two factors."


@pytest.mark.usefixtures("project")
def test_the_django_project_of_the_guide_signs_people_in(provider: FakeProvider) -> None:
    follow(OverWsgi(get_wsgi_application(), BASE), provider)


def test_the_starlette_app_of_the_guide_signs_people_in(provider: FakeProvider) -> None:
    names: dict[str, Any] = {"__name__": "guide"}
    exec(next(block for block in BLOCKS if "app = Starlette(" in block), names)  # noqa: S102 - the guide's own example
    with asyncio.Runner() as runner:
        follow(OverAsgi(names["app"], BASE, runner), provider)
