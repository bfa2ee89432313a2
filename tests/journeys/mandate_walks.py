"""What people do about mandates in a browser: give, accept, take back, choose for whom to act, use it in an app.

Always true: everybody is of config/demo/people.toml, and proves by a code on their phone that it is they who sign.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from playwright.sync_api import Page, expect

from tests.journeys.outside import Department
from tests.journeys.province_walks import Entity, Person
from tests.journeys.steps import Steps
from tests.journeys.walks import sign_in, signed_in_to


class Resident(NamedTuple):
    """Somebody of the demonstration."""

    person: Person
    phone: str
    password: str


QINGLAN = Resident(Person("欧阳清岚", "430105199003070011"), "13800001001", "Lantern7Bridge22")
ZHOU = Resident(Person("周𪚥文", "430199198504120019"), "13800001002", "Willow5Harbour31")
GONG = Resident(Person("龚䶮", "420199199211030020"), "13800001003", "Cobalt9Orchard47")
GULINA = Resident(Person("古丽娜·阿依丁", "650199199405210049"), "13800001004", "Saffron3Meadow58")
CHEN = Resident(Person("陈桂英", "11010519491231002X"), "13800001005", "Copper8Kettle64")
HE = Resident(Person("贺小满", "430199199806170024"), "13800001011", "Harvest6Pebble29")
WU = Resident(Person("吴月明", "430199197609230041"), "13800001012", "Orchid4Compass77")
COMPANY = Entity("enterprise", "长沙岳麓示例科技有限公司", "91430100MA0000007Q")
ORGAN = Entity("government_organ", "长沙示例行政审批服务局", "114301990000000433")

TRADE = Entity("enterprise", "长沙示例外贸有限公司", "91430199MA99000958")
AGENCY = Entity("enterprise", "长沙诚算示例代理记账有限公司", "91430199MA9900132E")

FILING = ("service-hn-tax-01", "action-view", "action-submit")


def pass_by(_name: str, _page: Page) -> None:
    """Each page has tests of its own: where this is told of a state, it is the way through them that counts."""


@dataclass(frozen=True, kw_only=True)
class Acting(Steps):
    """``who`` in a browser of their own; states are seen under the names of the pages."""

    who: Resident

    def enter(self) -> Self:
        """Into my account, by password."""
        self.open("/account")
        sign_in(self.page, self.who.phone, self.who.password)
        self.page.wait_for_url(re.compile("/account$"))
        return self

    def choose_for(self, words: str, name: str | None = None) -> None:
        """Whom to act for: the one whose line has these ``words``."""
        self.open("/account/acting", "acting")
        self.choose_whom(words, name)

    def choose_whom(self, words: str, name: str | None = None) -> None:
        """On the page that asks for whom they act."""
        self.page.locator("main .tick").filter(has_text=words).locator("input").check()
        self.send(name)

    def give(self, choice: str, to: Person | Entity, **asked: Any) -> str:
        """As `propose`, and sign; the id of what was signed, which counts once it is accepted."""
        self.propose(choice, to, **asked)
        self.sign(to="given")
        return self.page.url.split("/")[5]

    def propose(
        self,
        choice: str,
        to: Person | Entity,
        *,
        theme: str = "tax.filing",
        scope: Collection[str] = FILING,
        options: Collection[str] = ("waived",),
        **post: str,
    ) -> None:
        """Question by question, from the list on to the text. ``choice``: a kind, or the mandate of a client."""
        self.open("/account/mandates", "mandates")
        self.press("main a.button[href$='/new']", "mandate-kind")
        self.choose("choice", choice)
        self.send("mandate-who")
        if isinstance(to, Person):
            self.fill(name=to.name, number=to.number, **post)
            self.choose("kind", "id_number")
        else:
            self.fill(name=to.name, uscc=to.uscc)
        self.send("mandate-theme")
        self.page.locator(f"input[name=theme][value='{theme}']").check()
        self.send("mandate-scope")
        self.tick(scope)
        self.send("mandate-dates")
        self.choose("term", "month")
        self.send("mandate-options")
        self.tick(options)
        self.send("mandate-text")

    def tick(self, boxes: Collection[str]) -> None:
        for box in boxes:
            self.page.locator(f"input[name={box}]").check()

    def accept(self, mandate: str) -> None:
        """From the list on, where it waits."""
        self.open("/account/mandates", "mandates-waiting")
        self.press(f"main a[href*='{mandate}']", "mandate-waiting")
        self.press("main a.button[href$='/accept']", "mandate-accept")
        self.sign(to="accepted")

    def sign(self, *, to: str) -> None:
        """What the page shows; who has not shown two factors just now does so first."""
        text = self.page.url
        self.send()
        if "/signin/confirm" in self.page.url:
            self.see("mandate-prove", self.page)
            self.prove()
            assert self.page.url == text, "back to the same text"
            self.send()
        expect(self.page.locator(".done")).to_be_visible()
        self.see(f"mandate-{to}", self.page)

    def prove(self) -> None:
        """Once more that it is they, by a code: the one that comes now, not one of before."""
        self.page.request.delete(f"{self.site.sandbox}/sms.json", params={"to": f"+86{self.who.phone}"})
        self.press("button[name=send]")
        self.fill(code=self.code(self.who.phone, "confirm_code"))
        self.send()

    def enter_app(self, app: Department, **asked: str) -> dict[str, Any]:
        """Come to the app with a code, proving more where it asks for that; what its system gets for the code."""
        query = {"response_type": "code", "client_id": app.client_id, "redirect_uri": app.back, "scope": "openid"}
        self.page.goto(f"{self.site.provider}/authorize?{urlencode(query | asked)}")
        if "/signin/confirm" in self.page.url:
            self.prove()
        self.page.wait_for_url(f"{app.back}?**")
        code = parse_qs(urlsplit(self.page.url).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.back}
        told = app.post("/token", form)
        assert told.status_code == 200, told.text
        return dict(told.json())

    def take_back(self, mandate: str) -> None:
        self.open(f"/account/mandates/{mandate}", "mandate")
        self.press("main a[href$='/revoke']", "mandate-revoke")
        self.send("mandate-revoked")

    def submit_matter(self) -> None:
        """The form of a demo app's page for somebody else."""
        self.press("#submit-matter")

    def app_is_told(self, status: str | None) -> None:
        """The tax app, which asks for a sign-in, hears how the acting stands; None: that there is none."""
        self.open(f"{self.site.tax}/overview")
        signed_in_to(self.page, self.site.tax)
        assert self.told("represented_status") == status
        self.see(f"tax-{status}", self.page)

    def told(self, claim: str) -> str | None:
        """What the tax app was told under that name; None: nothing."""
        row = self.page.locator("details dl.claims div").filter(has=self.page.get_by_text(claim, exact=True))
        return row.first.locator("dd").text_content() if row.count() else None
