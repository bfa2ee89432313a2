"""The whole of it but the face: a specimen downloaded from the sandbox, sent as a photo, read by the real client."""

from collections.abc import Iterator
from pathlib import Path
from shutil import copyfile

import pytest

from adapters.sandbox.app import create_sandbox
from adapters.sandbox.photo_magic import FIRST
from adapters.sandbox.register_entries import load_entries
from adapters.sandbox.settings import SandboxSettings
from idp.app import create_app
from idp.proofing.ports import Registers
from tests.checks.going import face
from tests.checks.vendor import ScriptedVendor, work, yes
from tests.idphotos.conftest import OFFERED
from tests.idphotos.going import PHOTOS, begun, confirmed
from tests.provider import Site, settings_at
from tests.providers.conftest import RunningSandbox, running_sandbox

PEOPLE = load_entries(SandboxSettings().entries).people


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    with running_sandbox() as running:
        yield running


@pytest.fixture
def site(site_template: Path, tmp_path: Path, vendor: ScriptedVendor, sandbox: RunningSandbox) -> Iterator[Site]:
    copyfile(site_template, tmp_path / "idp.db")
    asked = Registers(sandbox.population(), sandbox.enterprise(), photos=sandbox.photos())
    made = Site(create_app(settings_at(tmp_path, proofing=OFFERED), asked, vendors=vendor.ports))
    yield made
    made.close()


@pytest.mark.parametrize("order", [0, 1, FIRST])
def test_a_specimen_becomes_its_persons_real_name(site: Site, vendor: ScriptedVendor, order: int) -> None:
    download, browser = create_sandbox().test_client(), site.browser().sign_in()
    query = begun(browser)
    for side in ("front", "back"):
        picture = download.get(f"/photos/{order}/{side}.png").data
        assert browser.upload(f"{PHOTOS}/{side}?{query}", picture, filename=f"{side}.png").status_code == 303
    work(site)
    name = PEOPLE[order].name if order < FIRST else "沙箱样本"
    assert name in browser.get(f"{PHOTOS}/confirm?{query}").text
    browser.get(face(browser, confirmed(browser, query), vendor, yes()))
    assert site.one("SELECT level FROM evidence WHERE kind = 'photos_face'") == 3
    with site.provider.database.autocommit() as tx:
        known = site.provider.directory.person(tx, site.party()).identity
    assert known
    assert known.name.value == name
