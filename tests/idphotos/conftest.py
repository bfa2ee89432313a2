"""Photos read by a machine, over HTTP: a provider whose reader and face-check vendor say what the test tells them."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from idp.app import create_app
from idp.proofing.ports import Match
from tests.checks.vendor import ScriptedVendor
from tests.idphotos.going import NAME, NUMBER, READ
from tests.provider import Browser, Site, settings_at, site_template
from tests.registers import ScriptedRegisters

__all__ = ["site_template"]
OFFERED = {"ways": ["name_number", "face", "photos_face"]}


@pytest.fixture
def vendor() -> ScriptedVendor:
    return ScriptedVendor()


@pytest.fixture
def registers() -> ScriptedRegisters:
    return ScriptedRegisters(people={(NAME, NUMBER): Match(valid_to=None)}, reads=READ)


@pytest.fixture
def site(site_template: Path, tmp_path: Path, vendor: ScriptedVendor, registers: ScriptedRegisters) -> Iterator[Site]:
    copyfile(site_template, tmp_path / "idp.db")
    made = Site(create_app(settings_at(tmp_path, proofing=OFFERED), registers.ports, vendors=vendor.ports))
    yield made
    made.close()


@pytest.fixture
def signed_in(site: Site) -> Browser:
    return site.browser().sign_in()
