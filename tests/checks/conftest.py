"""Checks over HTTP: a provider whose face-check vendor and bank say what the test tells them."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from idp.app import create_app
from idp.checks.rules import CheckKind
from tests.checks.vendor import ScriptedVendor
from tests.provider import Browser, Site, settings_at, site_template
from tests.registers import ScriptedRegisters

__all__ = ["site_template"]


OFFERED = {"proofing": {"ways": ["name_number", "bank_channel", "face"]}}


@pytest.fixture
def vendor() -> ScriptedVendor:
    return ScriptedVendor()


@pytest.fixture
def bank() -> ScriptedVendor:
    return ScriptedVendor(name="bank", kind=CheckKind.BANK)


@pytest.fixture
def registers() -> ScriptedRegisters:
    return ScriptedRegisters()


@pytest.fixture
def site(
    site_template: Path,
    tmp_path: Path,
    vendor: ScriptedVendor,
    bank: ScriptedVendor,
    registers: ScriptedRegisters,
) -> Iterator[Site]:
    copyfile(site_template, tmp_path / "idp.db")
    vendors = {**vendor.ports, **bank.ports}
    made = Site(create_app(settings_at(tmp_path, **OFFERED), registers.ports, vendors=vendors))
    yield made
    made.close()


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
