"""Help at a counter on the running demonstration: clerks, and a farmer who has neither a phone nor an account."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import Site, demo_in, walker
from tests.journeys.province_walks import Person
from tests.journeys.steps import Steps
from tests.journeys.walks import sign_in, signed_in_to
from tests.reviews.making import jpeg

pytestmark = [pytest.mark.browser, pytest.mark.alone]

FARMER = Person("田秀英", "430199195003070021")
MATTER = "领取资格确认"
ORGAN = "长沙示例行政审批服务局"
OFFICE = "社保窗口 3 号"
See = Callable[[str, Page], None]


class Resident(NamedTuple):
    """Somebody of config/demo/people.toml."""

    person: Person
    phone: str
    password: str


ZHOU = Resident(Person("周𪚥文", "430199198504120019"), "13800001002", "Willow5Harbour31")
GONG = Resident(Person("龚䶮", "420199199211030020"), "13800001003", "Cobalt9Orchard47")
CHEN = Resident(Person("陈桂英", "11010519491231002X"), "13800001005", "Copper8Kettle64")


@dataclass(frozen=True, kw_only=True)
class AtCounter(Steps):
    """Somebody of the office in a browser of their own."""

    who: Resident

    def enter(self) -> Self:
        """Into my account, by password."""
        self.open("/account")
        sign_in(self.page, self.who.phone, self.who.password)
        self.page.wait_for_url(re.compile("/account$"))
        return self

    def prove(self) -> None:
        """Once more that it is they, by a code."""
        self.press("button[name=send]")
        self.fill(code=self.code(self.who.phone, "confirm_code"))
        self.send()

    def sign(self) -> None:
        """What the page shows; who has not shown two factors just now does so first."""
        self.send()
        if "/signin/confirm" in self.page.url:
            self.prove()
            self.send()
        expect(self.page.locator(".done")).to_be_visible()

    def give_post(self, to: Person) -> str:
        """As the head of the organ: the id of a mandate that makes somebody a clerk, once they accept it."""
        self.open("/account/acting")
        self.page.locator("main .tick").filter(has_text=ORGAN).locator("input").check()
        self.send()
        self.open("/account/mandates/new")
        self.choose("choice", "staff")
        self.send("post-who")
        self.fill(name=to.name, number=to.number, post="综合岗", unit=OFFICE)
        self.choose("kind", "id_number")
        self.send()
        self.page.locator("input[name=theme][value='counter.assist']").check()
        self.send()
        for box in ("service-hn-assist-01", "action-view", "action-collect"):
            self.page.locator(f"input[name={box}]").check()
        self.send()
        self.choose("term", "month")
        self.send()
        self.page.locator("input[name=waived]").check()
        self.send()
        self.sign()
        return self.page.url.split("/")[5]

    def accept(self, mandate: str) -> None:
        self.open(f"/account/mandates/{mandate}/accept")
        self.sign()

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
        """For the farmer, in an app."""
        self.open(case, "counter-case-authorised")
        self.press("main button[name=act]", "counter-acting")
        self.open(f"{self.site.tax}/overview")
        signed_in_to(self.page, self.site.tax)

    def conclude(self, case: str) -> None:
        self.open(case)
        self.press("main a[href$='/conclude']", "counter-conclude")
        self.page.locator("textarea[name=note]").fill("领取资格已确认，下次确认时间 2027 年 11 月。")
        self.send("counter-case-concluded")

    def print_last(self) -> None:
        self.press("main .items a[href*='/papers/'] >> nth=-1", "counter-paper")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with demo_in(tmp_path_factory.mktemp("counter")) as site:
        yield site


def help_the_farmer(site: Site, chromium: Browser, see: See, *, script: bool = False, locale: str = "zh-CN") -> None:
    """From the posts at the office to the notice of conclusion."""

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
    expect(clerk.page.locator("#represented")).to_contain_text(FARMER.name)
    expect(clerk.page.locator("#person")).to_have_text(GONG.person.name)
    clerk.at_office()
    clerk.conclude(case)
    clerk.print_last()
    for one in (head, clerk, colleague):
        one.page.context.close()


def test_a_farmer_without_a_phone_signs_on_paper_and_two_clerks_see_it_through_to_the_conclusion(
    site: Site, chromium: Browser
) -> None:
    seen: dict[str, str] = {}

    def see(name: str, page: Page) -> None:
        seen[name] = page.locator("main").inner_text()

    help_the_farmer(site, chromium, see)
    assert FARMER.number not in "".join(seen.values())
    assert MATTER in seen["counter-case-concluded"]
    assert "办结单" in seen["counter-paper"]
    assert FARMER.name in seen["counter-paper"]
