"""The fixtures of `tests.provider`, and commands over the provider of `site`."""

from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from idp.cli import cli
from idp.cli.context import Context
from tests.provider import Site, browser, shared_app, signed_in, site, site_template

__all__ = ["browser", "shared_app", "signed_in", "site", "site_template"]
Run = Callable[..., Result]
COUNTY = ("--kind", "county", "--name", "长沙县", "--name-en", "Changsha County", "--region", "430121")


@pytest.fixture
def run(site: Site, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(Context, "settings", site.provider.settings)
    monkeypatch.setattr(Context, "app", site.app)
    return lambda *words: CliRunner().invoke(cli, ["channel", *words])


@pytest.fixture
def county(run: Run) -> str:
    """The code of a channel in use."""
    assert run("add", "cs-430121", *COUNTY).exit_code == 0
    return "cs-430121"
