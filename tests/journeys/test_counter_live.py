"""Help at a counter on the running demonstration: clerks, and a farmer who has neither a phone nor an account."""

import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Site, walker
from tests.journeys.mandate_walks import CHEN, GONG, ORGAN, ZHOU, Acting, Resident
from tests.journeys.province_walks import Person
from tests.journeys.steps import See
from tests.reviews.making import jpeg

pytestmark = [pytest.mark.browser, pytest.mark.alone]

FARMER = Person("田秀英", "430199195003070021")
MATTER = "领取资格确认"
OFFICE = "社保窗口 3 号"
ASSISTING = ("service-hn-assist-01", "action-view", "action-collect")


@dataclass(frozen=True, kw_only=True)
class AtCounter(Acting):
    """Somebody of the office in a browser of their own."""

    def give_post(self, to: Person) -> str:
        """As the head of the organ: the id of a mandate that makes somebody a clerk, once they accept it."""
        self.choose_for(ORGAN.name)
        return self.give("staff", to, theme="counter.assist", scope=ASSISTING, post="综合岗", unit=OFFICE)

    def at_office(self, name: str | None = None) -> None:
        """At the only office they have."""
        self.open("/counter")
        if "/counter/office" in self.page.url:
            self._shown("counter-office")
            self.page.locator("input[name=act]").first.check()
            self.send()
        if "/signin/confirm" in self.page.url:
            self.prove()
        self.page.wait_for_url(re.compile("/counter$"))
        self._shown(name)

    def open_case(self, person: Person) -> str:
        """The address of a case about the pension."""
        self.press("main a[href='/counter/new']", "counter-new")
        self.send("counter-new-empty")
        self.choose("seen", "chip_read")
        self.fill(name=person.name, number=person.number)
        self.page.locator("input[name=long_term]").check()
        self.page.locator("input[name='matter-hn-pension-01']").check()
        self.send("counter-case-identified")
        return self.page.url.partition("?")[0]

    def bring_paper(self) -> None:
        """What the farmer has signed, photographed."""
        self.press("main a.button[href*='/consent']", "counter-consent-sms")
        self.press("main nav a[href*='by=paper']", "counter-consent-paper")
        photo = {"name": "paper.jpg", "mimeType": "image/jpeg", "buffer": jpeg()}
        self.page.locator("input[name=photo]").set_input_files([photo])
        self.send("counter-case-witness")

    def bear_witness(self, case: str) -> None:
        self.open(case, "counter-case-colleague")
        self.press("main a.button[href*='by=witness']", "counter-witness")
        self.send("counter-case-witnessed")

    def act(self, case: str) -> None:
        """For the farmer, in the app where the matter is handled."""
        self.open(case, "counter-case-authorised")
        self.press("main button[name=act]", "counter-acting")
        self.open(f"{self.site.social}/family-pension", "social-by-clerk")

    def file(self) -> str:
        """The matter itself; the number the app gave it."""
        self.submit_matter()
        return self.page.locator("#done code").inner_text()

    def conclude(self, case: str, number: str) -> None:
        """With what the app recorded."""
        self.open(case)
        self.press("main a[href$='/conclude']", "counter-conclude")
        self.page.locator("textarea[name=note]").fill(f"领取资格已确认，社保编号 {number}。")
        self.send("counter-case-concluded")

    def print_last(self) -> None:
        self.press("main .items a[href*='/papers/'] >> nth=-1", "counter-paper")


def records(page: Page) -> None:
    """What the app has recorded: for whom, by whom, and where they work."""
    done = page.locator("#done")
    told = ((".for-whom", FARMER.name), (".human", GONG.person.name), (".office", f"{ORGAN.name} {OFFICE}"))
    for shown, words in told:
        expect(done.locator(shown)).to_have_text(words)
    expect(done.locator(".agency")).to_have_count(0)


def help_the_farmer(site: Site, chromium: Browser, see: See, *, script: bool = False, locale: str = "zh-CN") -> str:
    """From the posts at the office to the notice of conclusion; the number under which the app has filed it."""

    def somebody(who: Resident, width: int = 1280) -> AtCounter:
        context = walker(chromium, script=script, width=width, locale=locale)
        return AtCounter(site, context.new_page(), see, who=who).enter()

    head, clerk, colleague = somebody(ZHOU), somebody(GONG), somebody(CHEN)
    for one in (clerk, colleague):
        one.accept(head.give_post(one.who.person))
        one.at_office("counter")
    case = clerk.open_case(FARMER)
    clerk.press("main button[value=accept]", "counter-case-accepted")
    clerk.bring_paper()
    colleague.bear_witness(case)
    clerk.act(case)
    expect(clerk.page.locator("#for-whom")).to_have_text(FARMER.name)
    expect(clerk.page.locator("#human")).to_have_text(GONG.person.name)
    number = clerk.file()
    records(clerk.page)
    clerk.at_office()
    clerk.conclude(case, number)
    clerk.print_last()
    clerk.open(f"{site.social}/family-pension")
    expect(clerk.page.get_by_text(FARMER.name)).to_have_count(0)  # concluded, and the power with it
    for one in (head, clerk, colleague):
        one.page.context.close()
    return number


def test_a_farmer_without_a_phone_signs_on_paper_and_two_clerks_see_it_through_to_the_conclusion(
    demo: Site, chromium: Browser
) -> None:
    seen: dict[str, str] = {}

    def see(name: str, page: Page) -> None:
        seen[name] = page.locator("main").inner_text()

    number = help_the_farmer(demo, chromium, see)
    assert FARMER.number not in "".join(seen.values())
    assert "窗口人员" in seen["social-by-clerk"]
    assert MATTER in seen["counter-case-concluded"]
    assert "办结单" in seen["counter-paper"]
    assert FARMER.name in seen["counter-paper"]
    assert number in seen["counter-paper"]
