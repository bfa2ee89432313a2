"""Acting for others and being known at a counter, on the running demonstration: browsers, apps, a register, a kiosk."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from idp.clients.rules import DEVICE_CODE
from tests.journeys.conftest import Site, demo_in, walker
from tests.journeys.mandate_walks import CHEN, COMPANY, GONG, GULINA, ORGAN, QINGLAN, ZHOU, Acting, Resident
from tests.journeys.outside import Department, Register, enterprise_register
from tests.journeys.steps import See

pytestmark = [pytest.mark.browser, pytest.mark.alone]

DAY = 86400


@pytest.fixture(scope="module")
def register() -> Iterator[Register]:
    with enterprise_register() as made:
        yield made


@pytest.fixture(scope="module")
def site(register: Register, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One demonstration for all journeys of this module; its enterprise register is ours to change."""
    more = {"TONGBAN_REGISTERS__ENTERPRISE__URL": register.url}
    with demo_in(tmp_path_factory.mktemp("mandates"), more=more) as site:
        yield site


def unseen(_name: str, _page: Page) -> None:
    """Each page has its tests; here it is the way through them that counts."""


@contextmanager
def somebody(site: Site, chromium: Browser, who: Resident, *, see: See = unseen, script: bool = True) -> Iterator[Acting]:
    """``who`` in my account, in a browser of their own."""
    with walker(chromium, script=script) as context:
        yield Acting(site, context.new_page(), see, who=who).enter()


def a_day_passes(site: Site) -> None:
    """For the answers that the enterprise register has given so far."""
    path = site.env["TONGBAN_DATABASE__URL"].removeprefix("sqlite:///")
    with sqlite3.connect(path, timeout=10) as database:
        database.execute(f"UPDATE entity_role SET checked_at = checked_at - {DAY}")
    database.close()


def test_a_civil_servant_represents_the_organ_by_unit_and_post(site: Site, chromium: Browser) -> None:
    with somebody(site, chromium, ZHOU) as head, somebody(site, chromium, GULINA) as clerk:
        head.choose_for(ORGAN.name)
        mandate = head.give("staff", GULINA.person, post="财务科 · 出纳")
        clerk.accept(mandate)
        head.open(f"/account/mandates/{mandate}", "mandate-of-staff")
        expect(head.page.locator("main")).to_contain_text("财务科 · 出纳")
        clerk.choose_for(ORGAN.name, "acting-chosen")
        clerk.app_tells(status="current")
        expect(clerk.page.locator("#represented")).to_contain_text(ORGAN.name)
        expect(clerk.page.locator("#person")).to_have_text(GULINA.person.name)
        assert ORGAN.uscc in (clerk.told("represented") or "")
        assert "employment" in (clerk.told("mandate") or "")


def test_a_new_representative_takes_over_from_the_register_without_the_old_ones_phone(
    site: Site, chromium: Browser, register: Register
) -> None:
    with (
        somebody(site, chromium, QINGLAN) as old,
        somebody(site, chromium, GONG) as employee,
        somebody(site, chromium, CHEN) as new,
    ):
        old.choose_for(COMPANY.name)
        mandate = old.give("employee", GONG.person)
        employee.accept(mandate)

        register.appoint(COMPANY.uscc, CHEN.person)
        a_day_passes(site)
        old.open("/account/mandates", "old-is-refused")
        old.open("/account/acting", "old-acting")
        expect(old.page.locator("main .tick")).to_have_count(1)
        old.app_tells(status="not_allowed")

        new.open("/account/acting", "new-begins")
        new.press("main a[href*='/entities/new']", "new-names")
        new.choose("type", COMPANY.kind)
        new.fill(name=COMPANY.name, uscc=COMPANY.uscc)
        new.send("new-password")
        new.choose_for(COMPANY.name, "new-acts")
        new.app_tells(status="current")
        expect(new.page.locator("#represented")).to_contain_text(COMPANY.name)

        employee.choose_for(COMPANY.name)
        employee.app_tells(status="current")
        new.take_back(mandate)
        employee.open(f"/account/mandates/{mandate}", "ended")
        expect(employee.page.locator("main .tag").first).to_have_text("已收回")
        assert new.give("employee", GULINA.person) != mandate
