"""Acting for others with the demo apps: an agency's employee files for an enterprise, a daughter for her mother."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.acting_walks import (
    AGENCY,
    CHEN,
    FILING,
    GONG,
    HE,
    OUYANG,
    PENSION,
    TRADE,
    WU,
    YUELU,
    Someone,
    accept,
    choose_whom,
    enter,
    give,
    speak_for,
    take_back,
)
from tests.journeys.conftest import Site, walker
from tests.journeys.test_pages_live import faults

pytestmark = [pytest.mark.browser, pytest.mark.alone]

VAT, FAMILY = "/vat-return", "/family-pension"


@dataclass
class People:
    """Everybody has a browser of their own."""

    site: Site
    browser: Browser
    stack: ExitStack

    def page(self, someone: Someone, *, script: bool = True) -> Page:
        context = self.stack.enter_context(walker(self.browser, script=script))
        page = context.new_page()
        enter(page, self.site, someone)
        return page


@pytest.fixture
def people(demo: Site, chromium: Browser) -> Iterator[People]:
    with ExitStack() as stack:
        yield People(demo, chromium, stack)


def submit_matter(page: Page) -> None:
    with page.expect_navigation():
        page.locator("#submit-matter").click()


def signed_in_still(page: Page, address: str, someone: Someone) -> None:
    page.goto(f"{address}/overview")
    expect(page.locator("#person")).to_contain_text(someone.name)


def test_an_agencys_employee_files_for_an_enterprise_until_it_takes_the_mandate_back(people: People) -> None:
    site = people.site
    enterprise = people.page(OUYANG)
    speak_for(enterprise, site, YUELU)
    first = give(
        enterprise,
        site,
        OUYANG,
        AGENCY,
        choice="agency",
        theme="tax.filing",
        scope=FILING,
        options=("may_delegate", "waived"),
    )
    agency = people.page(GONG)
    speak_for(agency, site, AGENCY)
    accept(agency, site, GONG, first)
    second = give(agency, site, GONG, HE, choice=first, theme="tax.filing", scope=FILING)
    agency.goto(f"{site.tax}/overview")  # from now on the tax office knows the agency by its name
    expect(agency.locator("#represented")).to_contain_text(AGENCY.name)

    employee = people.page(HE)
    accept(employee, site, HE, second)
    employee.goto(f"{site.tax}{VAT}")
    for company in (TRADE, YUELU):
        expect(employee.get_by_role("radio", name=company.name)).to_be_visible()
    expect(employee.locator("input[name=act][value=self]")).to_have_count(0)
    choose_whom(employee, YUELU.name)
    expect(employee.locator("#for-whom")).to_have_text(YUELU.name)
    expect(employee.locator("#human")).to_have_text(HE.name)
    expect(employee.locator("#by-what")).to_contain_text(re.compile(r"20\d\d-\d\d-\d\d"))
    expect(employee.locator("main")).to_contain_text(YUELU.code)
    assert faults(employee) == []
    submit_matter(employee)
    assert faults(employee) == []
    done = employee.locator("#done")
    for shown, name in ((".for-whom", YUELU.name), (".agency", AGENCY.name), (".human", HE.name)):
        expect(done.locator(shown)).to_have_text(name)
    employee.goto(f"{site.tax}{VAT}")
    expect(employee.locator(".records li")).to_have_count(1)

    take_back(enterprise, site, first)
    submit_matter(employee)
    expect(employee.locator("#refused, #acting")).to_be_visible()
    assert faults(employee) == []
    signed_in_still(employee, site.tax, HE)
    employee.goto(f"{site.tax}{VAT}")
    employee.locator("main a.button, main form button").first.click()
    expect(employee.get_by_role("radio", name=YUELU.name)).to_have_count(0)
    choose_whom(employee, TRADE.name)
    expect(employee.locator("#for-whom")).to_have_text(TRADE.name)
    expect(employee.locator(".records li")).to_have_count(0)


def test_a_daughter_confirms_her_mothers_pension(people: People) -> None:
    site = people.site
    mother = people.page(CHEN, script=False)
    mandate = give(mother, site, CHEN, WU, choice="family", theme="social.pension", scope=PENSION)
    daughter = people.page(WU, script=False)
    accept(daughter, site, WU, mandate)
    daughter.goto(f"{site.social}{FAMILY}")
    choose_whom(daughter, CHEN.name)
    expect(daughter.locator("#for-whom")).to_have_text(CHEN.name)
    submit_matter(daughter)
    expect(daughter.locator("#done .for-whom")).to_have_text(CHEN.name)
    expect(daughter.locator("#done .human")).to_have_text(WU.name)
    daughter.locator("#act-for-myself").click()
    expect(daughter.locator("#person")).to_contain_text(WU.name)
    expect(daughter.locator("#represented")).to_have_count(0)
    mother.goto(f"{site.provider}/account/mandates/{mandate}")
    expect(mother.locator("main")).to_contain_text("社会保障")
