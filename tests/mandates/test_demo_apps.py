"""The demo apps over a provider: who acts for somebody sees it, and files in the party's name or not at all."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import orjson
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.departments.demo.__main__ import settings_from
from adapters.departments.demo.app import create_app
from adapters.departments.errors import ProviderUnavailable
from adapters.departments.transport import Request, Response
from idp.accounts.actions import Active
from idp.accounts.credit_code import CreditCode
from idp.cli.clients import apply_file
from idp.cli.context import Context
from idp.cli.demo import CLIENTS, MANDATES, PEOPLE, THEMES, add_entities, add_people
from idp.cli.demo_mandates import add_resources, give_mandates
from idp.cli.mandates import apply_themes
from idp.mandates.rules import Step
from tests.capabilities.test_pension import SECRETS
from tests.mandates.walking import prove
from tests.provider import ISSUER, Browser, Site

TRADE, AGENCY, YUELU = "91430199MA99000958", "91430199MA9900132E", "91430100MA0000007Q"
HE, MARIA, GONG, CHEN, WU = "13800001011", "13800001006", "13800001003", "13800001005", "13800001012"
OUYANG = "13800001001"
PASSWORD = {
    HE: "Harvest6Pebble29",
    GONG: "Cobalt9Orchard47",
    WU: "Orchid4Compass77",
    MARIA: "Granite6Ribbon75",
    OUYANG: "Lantern7Bridge22",
}
VAT, REFUND, FAMILY = "/vat-return", "/refund-claim", "/family-pension"
PENSION = {
    "principal": CHEN,
    "signed": CHEN,
    "agent": WU,
    "accepted": WU,
    "theme": "social.pension",
    "services": ["hn-pension-01"],
    "actions": ["view", "submit"],
}


@pytest.fixture
def context(site: Site) -> Context:
    """The demo, as `idp demo` begins it."""
    found = Context(None)
    found.app = site.app
    add_people(found, PEOPLE)
    add_entities(found, PEOPLE)
    apply_themes(site.provider.database, THEMES, now=site.now())
    apply_file(site.provider.database, CLIENTS, now=site.now())
    site.provider.registry.expire()
    add_resources(found, MANDATES)
    give_mandates(found, MANDATES)
    return found


class App:
    """A demo app, and whoever uses it, with a jar there and one at the provider. ``away``: what is down."""

    def __init__(self, site: Site, department: str, phone: str) -> None:
        options = ["--issuer", ISSUER, "--client-secret", SECRETS[f"{department}-demo"]]
        settings = settings_from([department, *options])[1]
        self.site, self.home = site, settings.base_url
        self.away: Callable[[str], bool] = lambda _: False
        self.sent: list[Request] = []
        self.client: FlaskClient = create_app(settings, transport=self, clock=site.now).test_client()
        self.provider: Browser = site.browser().sign_in(phone, PASSWORD[phone])
        prove(self.provider)

    def send(self, request: Request) -> Response:
        """The kit's transport, straight into the provider and the app's own API."""
        self.sent.append(request)
        if self.away(request.url):
            raise ProviderUnavailable("no answer")
        own = request.url.startswith("http://127.0.0.1:81")
        http = self.client.application.test_client(use_cookies=False) if own else self.site.http
        path, headers = urlsplit(request.url).path, dict(request.headers)
        if request.document is not None:
            body, kind = orjson.dumps(dict(request.document)), "application/json"
        elif request.form is not None:
            body, kind = urlencode(request.form).encode(), "application/x-www-form-urlencoded"
        else:
            answer = http.get(path, headers=headers)
            return Response(answer.status_code, {}, answer.data)
        answer = http.post(path, data=body, content_type=kind, headers=headers)
        return Response(answer.status_code, {}, answer.data)

    def open(self, path: str) -> TestResponse:
        return self.follow(self.client.get(path, base_url=self.home), self.home + path)

    def post(self, path: str, form: dict[str, str]) -> TestResponse:
        answer = self.client.post(path, data=form, base_url=self.home, headers={"Origin": self.home})
        return self.follow(answer, self.home + path)

    def follow(self, answer: TestResponse, at: str) -> TestResponse:
        """To the page at the end of the redirects; `at` becomes its address."""
        for _ in range(12):
            self.at = at
            if "Location" not in answer.headers:
                return answer
            at = urljoin(at, answer.headers["Location"])
            path = at.removeprefix(self.home).removeprefix(ISSUER)
            answer = (
                self.client.get(path, base_url=self.home) if at.startswith(self.home) else self.provider.get(path)
            )
        raise AssertionError(f"round in a circle: {at}")

    def choose(self, name: str, page: TestResponse) -> TestResponse:
        """On the provider's page: act for the party of this name."""
        assert self.at.startswith(ISSUER), page.text
        boxes = re.findall(r'value="([^"]+)"[^>]*>\s*<label[^>]*>(.*?)</label>', page.text, re.DOTALL)
        choice = next(value for value, label in boxes if name in label)
        path = self.at.removeprefix(ISSUER)
        return self.follow(self.provider.submit(path, {"act": choice}), self.at)

    def acting(self, path: str, name: str) -> str:
        """The page at ``path``, acting for the party of this name."""
        return self.choose(name, self.open(path)).text

    def submit(self, path: str, page: str) -> TestResponse:
        party = re.search(r'name="party" value="([^"]+)"', page)
        assert party
        return self.post(path, {"party": party[1]})


def taken_back(site: Site, step: Step = Step.REVOKE) -> None:
    """Maria ends, or freezes, what her company has given."""
    code = CreditCode.parse(TRADE)
    assert code is not None
    with site.provider.database.transaction() as tx:
        found = site.provider.directory.lookup(tx, code)
        assert isinstance(found, Active)
        mandate = site.one("SELECT id FROM mandate WHERE principal_id = :p AND state = 'active'", p=found.party_id)
        site.provider.moving.step(tx, mandate, step, person=site.party(MARIA), party=found.party_id, now=site.now())


@pytest.fixture
def tax(context: Context, site: Site) -> App:
    return App(site, "tax", HE)


def test_the_page_says_who_acts_for_whom_by_what_and_until_when(tax: App) -> None:
    page = tax.acting(VAT, "外贸")
    banner = page[page.index('id="acting-banner"') : page.index("</aside>")]
    for told in ("长沙示例外贸有限公司", "贺小满", "机构委派", "授权编号", "有效至"):
        assert told in banner
    assert TRADE in page
    assert "应纳税额" in page
    assert page.count('action="/oidc/switch"') == 2


def test_a_filing_names_human_agency_and_enterprise_and_is_kept_under_the_enterprise(tax: App, site: Site) -> None:
    done = tax.submit(VAT, tax.acting(VAT, "外贸"))
    assert done.status_code == 200
    assert 'id="done"' in done.text
    names = dict(re.findall(r'<dd class="(for-whom|agency|human)">(.*?)</dd>', done.text))
    assert (names["for-whom"], names["human"]) == ("长沙示例外贸有限公司", "贺小满")
    assert names["agency"].startswith("pw_"), "nobody has acted for the agency itself here"
    exchanged = next(one.form for one in tax.sent if one.form and "subject_token" in one.form)
    assert exchanged["resource"] == "http://tax.localhost:8101/represented"
    assert orjson.loads(exchanged["authorization_details"])[0]["actions"] == ["submit"]
    assert 'class="for-whom"' in tax.open(VAT).text, "and is listed"
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'client:authority:checked'") == 1


def test_the_agency_is_named_once_somebody_has_acted_for_it_here(tax: App, site: Site) -> None:
    boss = App(site, "tax", GONG)
    boss.client = tax.client.application.test_client()
    boss.open("/overview")
    picker = boss.post("/oidc/switch", {"represent": "required", "next": "/overview"})
    assert "长沙诚算示例代理记账有限公司" in boss.choose("长沙诚算", picker).text
    done = tax.submit(VAT, tax.acting(VAT, "外贸")).text
    assert '<dd class="agency">长沙诚算示例代理记账有限公司</dd>' in done


def test_what_is_asked_says_the_act_and_the_amount(tax: App) -> None:
    tax.submit(VAT, tax.acting(VAT, "外贸"))
    asked = next(one.document for one in tax.sent if urlsplit(one.url).path == "/access/v1/evaluation")
    assert asked is not None
    assert (asked["action"], asked["resource"]["id"]) == ({"name": "submit"}, "hn-tax-01")
    assert re.fullmatch(r"\d+\.\d\d", asked["resource"]["properties"]["amount"])


@pytest.mark.parametrize("step", [Step.REVOKE, Step.FREEZE])
def test_the_next_submission_after_a_mandate_has_gone_is_refused_and_the_session_lives_on(
    tax: App, site: Site, step: Step
) -> None:
    page = tax.acting(VAT, "外贸")
    assert tax.submit(VAT, page).status_code == 200
    taken_back(site, step)
    refused = tax.submit(VAT, page)
    assert refused.status_code == 403
    assert "没有任何内容被提交" in refused.text
    overview = tax.open("/overview")
    assert overview.status_code == 200
    assert "贺小满" in overview.text


def test_the_page_of_another_party_is_not_submitted_for_this_one(tax: App) -> None:
    tax.acting(VAT, "外贸")
    changed = tax.post(VAT, {"party": "rep_of-somebody-else"})
    assert 'id="changed"' in changed.text
    assert 'class="for-whom"' not in changed.text


@pytest.mark.parametrize("down", ["/access/v1/evaluation", "/represented/filings"])
def test_while_a_service_is_away_nothing_is_filed_and_the_page_says_so(tax: App, down: str) -> None:
    page = tax.acting(VAT, "外贸")
    tax.away = lambda url: url.endswith(down)
    answer = tax.submit(VAT, page)
    assert answer.status_code == 503
    assert "暂时没有提交" in answer.text
    tax.away = lambda _: False
    assert 'class="for-whom"' not in tax.open(VAT).text


def test_whoever_is_nothing_to_anybody_is_told_so_by_the_provider_and_comes_back(
    context: Context, site: Site
) -> None:
    app = App(site, "tax", WU)
    page = app.open(VAT)
    assert app.at.startswith(ISSUER)
    assert 'name="act"' not in page.text
    posted_again = app.provider.submit(app.at.removeprefix(ISSUER), {"decline": "yes"})
    assert posted_again.status_code == 307
    back = app.follow(app.provider.submit(posted_again.headers["Location"]), ISSUER)
    assert (back.status_code, app.at.startswith(app.home)) == (403, True)
    assert "没有任何信息被提供给本应用" in back.text


def test_a_daughter_confirms_her_mothers_pension(context: Context, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "mandates.toml"
    file.write_text("[[mandate]]\n" + "\n".join(f"{name} = {value!r}" for name, value in PENSION.items()), "utf-8")
    assert give_mandates(context, file) == 1
    social = App(site, "social", WU)
    page = social.acting(FAMILY, "陈桂英")
    assert "家人或朋友" in page
    done = social.submit(FAMILY, page)
    assert dict(re.findall(r'<dd class="(for-whom|agency|human)">(.*?)</dd>', done.text)) == {
        "for-whom": "陈桂英",
        "human": "吴月明",
    }
    assert not [one for one in social.sent if one.form and "subject_token" in one.form], "it is its own API"
    assert "待确认" in page
    assert "已确认" in social.open(FAMILY).text
    mine = social.post("/oidc/switch", {"represent": "self", "next": "/overview"})
    assert 'id="represented"' not in mine.text


def test_a_refund_is_claimed_apart_from_the_returns_and_by_the_app_itself(context: Context, site: Site) -> None:
    tax = App(site, "tax", OUYANG)
    assert tax.submit(VAT, tax.acting(VAT, "岳麓")).status_code == 200
    page = tax.open(REFUND).text
    assert 'class="for-whom"' not in page, "a return is no claim"
    sent = len(tax.sent)
    assert "退税申请已提交" in tax.submit(REFUND, page).text
    assert not [one for one in tax.sent[sent:] if one.form and "subject_token" in one.form]
    assert tax.open(REFUND).text.count('class="for-whom"') == 1


def test_a_party_has_the_same_figures_whoever_acts_for_it(context: Context, site: Site) -> None:
    def figures(page: str) -> list[Any]:
        return re.findall(r"¥[\d,.]+", page[page.index('id="vat-return"') :])

    assert figures(App(site, "tax", HE).acting(VAT, "外贸")) == figures(App(site, "tax", MARIA).acting(VAT, "外贸"))


def test_the_pages_are_whole_in_english(tax: App) -> None:
    pages = [tax.acting(f"{VAT}?lang=en", "外贸")]
    pages.append(tax.submit(VAT, pages[0]).text)
    pages.append(tax.post(VAT, {"party": "rep_of-somebody-else"}).text)
    tax.away = lambda url: url.endswith("/evaluation")
    again = tax.open(VAT).text
    tax.site.later += 60  # the answer of before is good no longer
    pages.append(tax.submit(VAT, again).text)
    for page in pages:
        assert '<html lang="en">' in page
        left = re.sub("中文|贺小满|长沙示例外贸有限公司", "", page)
        assert re.findall(r"[\u4e00-\u9fff]+", left) == []
