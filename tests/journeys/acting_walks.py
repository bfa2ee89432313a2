"""The steps people take to let others act for them, and to act: the pages of mandates, as functions over a page.

Always true: whoever signs has shown two factors on the way, as the page demands it.
"""

from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.journeys.conftest import Site, newest_code
from tests.journeys.walks import sign_in, submit


@dataclass(frozen=True)
class Someone:
    """A person of config/demo/people.toml."""

    name: str
    phone: str
    password: str
    number: str = ""


@dataclass(frozen=True)
class Company:
    name: str
    code: str


OUYANG = Someone("欧阳清岚", "13800001001", "Lantern7Bridge22")
GONG = Someone("龚䶮", "13800001003", "Cobalt9Orchard47")
CHEN = Someone("陈桂英", "13800001005", "Copper8Kettle64")
HE = Someone("贺小满", "13800001011", "Harvest6Pebble29", "430199199806170024")
WU = Someone("吴月明", "13800001012", "Orchid4Compass77", "430199197609230041")
YUELU = Company("长沙岳麓示例科技有限公司", "91430100MA0000007Q")
TRADE = Company("长沙示例外贸有限公司", "91430199MA99000958")
AGENCY = Company("长沙诚算示例代理记账有限公司", "91430199MA9900132E")
FILING = ("service-hn-tax-01", "action-view", "action-submit")
PENSION = ("service-hn-pension-01", "action-view", "action-submit")


def enter(page: Page, site: Site, someone: Someone) -> None:
    """Sign in at the provider, by one factor."""
    page.goto(f"{site.provider}/account")
    sign_in(page, someone.phone, someone.password)
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def speak_for(page: Page, site: Site, company: Company) -> None:
    """Choose the company as whom to act for from now on."""
    page.goto(f"{site.provider}/account/acting")
    choose_whom(page, company.name)


def choose_whom(page: Page, name: str) -> None:
    """On the page where a person says for whom they act."""
    page.get_by_role("radio", name=name).check()
    submit(page)


def prove(page: Page, site: Site, someone: Someone) -> None:
    """A code by text message, on the page that asks for it."""
    expect(page.get_by_role("heading", level=1)).to_have_text("再确认一次是您本人")
    page.locator("button[name=send]").click()
    page.locator("input[name=code]").fill(newest_code(page, site.sandbox, someone.phone, "confirm_code"))
    submit(page)


def read_and_sign(page: Page, site: Site, someone: Someone) -> None:
    """On a page with a mandate's text: sign or accept it, by two factors."""
    if page.get_by_role("button", name="确认是我本人").is_visible():
        submit(page)
        prove(page, site, someone)
    submit(page)
    expect(page.get_by_role("link", name="查看这份授权")).to_be_visible()


def give(
    page: Page,
    site: Site,
    giver: Someone,
    to: Someone | Company,
    *,
    choice: str,
    theme: str,
    scope: tuple[str, ...],
    options: tuple[str, ...] = ("waived",),
) -> str:
    """Give a mandate from the first question to the signature; its id. ``choice``: a kind, or a client's mandate."""
    page.goto(f"{site.provider}/account/mandates/new")
    page.locator(f"input[name=choice][value={choice}]").check()
    submit(page)
    page.locator("input[name=name]").fill(to.name)
    if isinstance(to, Company):
        page.locator("input[name=uscc]").fill(to.code)
    else:
        page.locator("input[name=kind][value=id_number]").check()
        page.locator("input[name=number]").fill(to.number)
    submit(page)
    page.locator(f"input[name=theme][value='{theme}']").check()
    submit(page)
    tick(page, scope)
    page.locator("input[name=term][value=month]").check()
    submit(page)
    tick(page, options)
    expect(page.locator("main")).to_contain_text(to.name)
    read_and_sign(page, site, giver)
    return page.url.split("/")[-2]


def tick(page: Page, names: tuple[str, ...]) -> None:
    for name in names:
        page.locator(f"input[name={name}]").check()
    submit(page)


def accept(page: Page, site: Site, someone: Someone, mandate: str) -> None:
    page.goto(f"{site.provider}/account/mandates/{mandate}/accept")
    read_and_sign(page, site, someone)


def take_back(page: Page, site: Site, mandate: str) -> None:
    page.goto(f"{site.provider}/account/mandates/{mandate}/revoke")
    submit(page)
    page.goto(f"{site.provider}/account/mandates/{mandate}")
    expect(page.locator("main .tag").first).to_have_text("已收回")
