"""Proofing over HTTP: a provider whose registers and banks say what the test tells them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from idp.app import create_app
from tests.provider import Site, browser, registers, settings_at, shared_app, signed_in, site, site_template
from tests.registers import ScriptedRegisters

__all__ = ["browser", "registers", "shared_app", "signed_in", "site", "site_template"]
Opened = Callable[..., Site]


@pytest.fixture
def banks() -> ScriptedRegisters:
    """The registers behind `opened`, and the banks."""
    return ScriptedRegisters(banks=True)


@pytest.fixture
def opened(site_template: Path, tmp_path: Path, banks: ScriptedRegisters) -> Iterator[Opened]:
    """A provider that has a switch to the banks, with whatever settings besides."""
    made: list[Site] = []

    def open_site(**changes: object) -> Site:
        directory = tmp_path / str(len(made))
        directory.mkdir()
        copyfile(site_template, directory / "idp.db")
        made.append(Site(create_app(settings_at(directory, **changes), banks.ports)))
        return made[-1]

    yield open_site
    for each in made:
        each.close()
