"""What every command gets: the settings, and on demand the provider made from them.

Always true: nothing is opened before a command asks for it.
"""

import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from idp.settings import Settings, load_settings, write_secrets

if TYPE_CHECKING:
    from flask import Flask

    from idp.db import Database


class Context:
    def __init__(self, path: str | None) -> None:
        self.path = path

    @cached_property
    def settings(self) -> Settings:
        """The settings; in development a missing secrets file and the directories of SQLite files are made."""
        settings = load_settings(self.path)
        secrets = settings.secrets.file
        if settings.environment == "development" and secrets and not secrets.exists():
            write_secrets(secrets)
            settings = load_settings(self.path)
        for url in (settings.database.url, settings.state.url):
            if url.startswith("sqlite:///"):
                _private(Path(url.removeprefix("sqlite:///")))
        return settings

    @cached_property
    def app(self) -> "Flask":
        from idp.app import create_app  # the heavy imports wait until a command needs them
        from idp.cli.outside import captcha_provider, check_vendors, registers, sm2_verifier

        chosen = self.settings
        return create_app(
            chosen, registers(chosen), captcha_provider(chosen), check_vendors(chosen), sm2_verifier(chosen)
        )

    def database(self) -> "Database":
        from idp.app import provider_of

        return provider_of(self.app).database

    @property
    def now(self) -> int:
        return int(time.time())


def _private(path: Path) -> None:
    """Make an empty file that only its owner reads; SQLite gives its companions the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600, exist_ok=True)


def fail(message: str) -> click.ClickException:
    return click.ClickException(message)
