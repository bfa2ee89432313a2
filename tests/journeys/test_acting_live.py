"""Acting for others with the demo apps: an agency's employee files for an enterprise, a daughter for her mother, and
somebody whose mandate an enterprise's two signers have signed, one of them by an SM2 certificate file.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from adapters.sandbox.ca_pkcs12 import PASSWORD as FILE_PASSWORD
from tests.journeys.conftest import ROOT, Site, walker
from tests.journeys.mandate_walks import (
    AGENCY,
    CHEN,
    COMPANY,
    GONG,
    HE,
    QINGLAN,
    TRADE,
    WU,
    Acting,
    Resident,
    pass_by,
)
from tests.journeys.test_pages_live import faults

pytestmark = [pytest.mark.browser, pytest.mark.alone]

VAT, REFUND, FAMILY = "/vat-return", "/refund-claim", "/family-pension"
PENSION = ("service-hn-pension-01", "action-view", "action-submit")
CLAIMING = ("service-hn-tax-20", "action-view", "action-submit")


@dataclass
class People:
    """Everybody has a browser of their own."""

    site: Site
    browser: Browser
    stack: ExitStack

    def enter(self, who: Resident, *, script: bool = True) -> Acting:
        """Signed in at the provider, by one factor."""
        context = self.stack.enter_context(walker(self.browser, script=script))
        return Acting(self.site, context.new_page(), pass_by, who=who).enter()


@pytest.fixture
def people(demo: Site, chromium: Browser) -> Iterator[People]:
    with ExitStack() as stack:
        yield People(demo, chromium, stack)


def filed(page: Page, **told: str) -> None:
    """What the app shows of the record it has just made."""
    assert faults(page) == []
    for name, words in told.items():
        expect(page.locator(f"#done .{name.replace('_', '-')}")).to_have_text(words)


def test_an_agencys_employee_files_for_an_enterprise_until_it_takes_the_mandate_back(people: People) -> None:
    tax = people.site.tax
    enterprise = people.enter(QINGLAN)
    enterprise.choose_for(COMPANY.name)
    first = enterprise.give("agency", AGENCY, options=("may_delegate", "waived"))
    agency = people.enter(GONG)
    agency.choose_for(AGENCY.name)
    agency.accept(first)
    second = agency.give(first, HE.person)
    agency.open(f"{tax}/overview")  # from now on the tax office knows the agency by its name
    expect(agency.page.locator("#represented")).to_contain_text(AGENCY.name)

    employee = people.enter(HE)
    page = employee.page
    employee.accept(second)
    employee.open(tax + VAT)
    for company in (TRADE, COMPANY):
        expect(page.get_by_role("radio", name=company.name)).to_be_visible()
    expect(page.locator("input[name=act][value=self]")).to_have_count(0)
    employee.choose_whom(COMPANY.name)
    expect(page.locator("#for-whom")).to_have_text(COMPANY.name)
    expect(page.locator("#human")).to_have_text(HE.person.name)
    expect(page.locator("#by-what")).to_contain_text(re.compile(r"20\d\d-\d\d-\d\d"))
    expect(page.locator("main")).to_contain_text(COMPANY.uscc)
    assert faults(page) == []
    employee.submit_matter()
    filed(page, for_whom=COMPANY.name, agency=AGENCY.name, human=HE.person.name)
    employee.open(tax + VAT)
    expect(page.locator(".records li")).to_have_count(1)

    enterprise.take_back(first)
    employee.submit_matter()
    expect(page.locator("#refused, #acting")).to_be_visible()
    assert faults(page) == []
    employee.open(f"{tax}/overview")
    expect(page.locator("#person")).to_contain_text(HE.person.name)
    employee.open(tax + VAT)
    page.locator("main a.button, main form button").first.click()
    expect(page.get_by_role("radio", name=COMPANY.name)).to_have_count(0)
    employee.choose_whom(TRADE.name)
    expect(page.locator("#for-whom")).to_have_text(TRADE.name)
    expect(page.locator(".records li")).to_have_count(0)


def test_a_daughter_confirms_her_mothers_pension(people: People) -> None:
    social = people.site.social
    mother = people.enter(CHEN, script=False)
    mandate = mother.give("family", WU.person, theme="social.pension", scope=PENSION)
    daughter = people.enter(WU, script=False)
    daughter.accept(mandate)
    daughter.open(social + FAMILY)
    daughter.choose_whom(CHEN.person.name)
    expect(daughter.page.locator("#for-whom")).to_have_text(CHEN.person.name)
    daughter.submit_matter()
    expect(daughter.page.locator("#done .for-whom")).to_have_text(CHEN.person.name)
    expect(daughter.page.locator("#done .human")).to_have_text(WU.person.name)
    daughter.press("#act-for-myself")
    expect(daughter.page.locator("#person")).to_contain_text(WU.person.name)
    expect(daughter.page.locator("#represented")).to_have_count(0)
    mother.open(f"/account/mandates/{mandate}")
    expect(mother.page.locator("main")).to_contain_text("社会保障")


def test_two_sign_jointly_one_of_them_by_an_sm2_certificate_file_and_the_agent_claims_the_refund(
    people: People,
) -> None:
    site = people.site
    boss, second, agent = people.enter(QINGLAN), people.enter(WU), people.enter(HE)
    bind(boss)
    boss.choose_for(COMPANY.name)
    boss.propose("employee", HE.person, theme="tax.refund", scope=CLAIMING)
    looked_at(boss)
    boss.press("main a[href*='/account/mandates/new/certificate']")
    expect(boss.page.get_by_role("heading", level=1)).to_have_text("用数字证书签署")
    looked_at(boss)
    sign_by_file(boss)
    boss.page.wait_for_url(re.compile("/account/mandates/mnd_[^/]+/done"))
    mandate = boss.page.url.split("/")[5]
    boss.open(f"/account/mandates/{mandate}")
    for words in ("待共同签署", "数字证书签名", "SM2 · "):
        expect(boss.page.locator("main")).to_contain_text(words)
    looked_at(boss)
    agent.open(site.tax + REFUND)
    agent.prove()
    expect(agent.page.get_by_text("您现在没有可用于这件事的授权")).to_be_visible()  # one signature is none

    second.open("/account/mandates")
    second.press("main a[href*='?by=']")
    second.press(f"main a[href*='{mandate}']")
    second.press("main a.button[href*='/sign']")
    expect(second.page.locator("main")).to_contain_text("已签署的人")
    looked_at(second)
    second.sign(to="signed")
    agent.accept(mandate)

    agent.open(site.tax + REFUND)
    agent.choose_whom(COMPANY.name)
    expect(agent.page.locator("#for-whom")).to_have_text(COMPANY.name)
    expect(agent.page.locator("#human")).to_have_text(HE.person.name)
    looked_at(agent)
    agent.submit_matter()
    filed(agent.page, for_whom=COMPANY.name, human=HE.person.name)
    boss.open(f"/account/mandates/{mandate}/print")
    expect(boss.page.locator("main")).to_contain_text("SM2 · ")
    looked_at(boss)
    found = [(one["method"], one["intact"]) for one in json.loads(verified(site, mandate))["signatures"]]
    assert found[0] == ("certificate", True)
    assert "certificate" not in dict(found[1:])
    agent.open(site.tax + REFUND)
    expect(agent.page.locator(".records li")).to_have_count(1)
    boss.take_back(mandate)
    agent.submit_matter()
    expect(agent.page.locator("#refused, #acting")).to_be_visible()


def verified(site: Site, mandate: str) -> str:
    """What ``idp mandate signature verify`` prints of it."""
    command = [sys.executable, "-m", "idp", "mandate", "signature", "verify", mandate]
    return subprocess.run(command, cwd=ROOT, env=site.environment, check=True, capture_output=True, text=True).stdout


def bind(one: Acting) -> None:
    """Their SM2 certificate to their account."""
    one.open("/account/certificates/new")
    if "/signin/confirm" in one.page.url:
        one.prove()
    looked_at(one)
    sign_by_file(one)
    one.page.wait_for_url(re.compile("done=certificate_bound"))


def sign_by_file(one: Acting) -> None:
    """By the certificate file that the sandbox's CA gives 欧阳清岚."""
    file = one.page.request.get(f"{one.site.sandbox}/ca/sm2/person.p12")
    assert file.ok
    chosen = {"name": "person.p12", "mimeType": "application/x-pkcs12", "buffer": file.body()}
    one.page.locator("#certificate-file").set_input_files([chosen])
    one.page.locator("#certificate-password").fill(FILE_PASSWORD)
    one.page.locator("form[data-sign=p12] button").click()


def looked_at(one: Acting) -> None:
    assert faults(one.page) == []
