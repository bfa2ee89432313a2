"""A person on the way from an account of an older platform to one here, over HTTP."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from werkzeug.test import TestResponse

from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount, Representative
from idp.accounts.rules import Mobile, OldFlag, PartyKind
from idp.checks.rules import CheckKind
from idp.db import Statement
from tests.checks.vendor import ScriptedVendor, no, work, yes
from tests.provider import PASSWORD, Browser, Site

NAME, NUMBER = "王小明", "440524198001010013"
WHO = {"name": NAME, "kind": "id_number", "number": NUMBER}
STRANGER = {"name": "李四海", "kind": "id_number", "number": "11010519491231002X"}
OLD_PHONE, NEW_PHONE = "13700001111", "13700002222"
CODE = "91350100M000100Y43"
PERSON = OldAccount(name=PersonName(NAME), document=IdNumber(NUMBER), mobile=Mobile(OLD_PHONE))
ENTITY = OldAccount(
    credit_code=CreditCode(CODE),
    entity_name="长沙某某公司",
    representative=Representative(PersonName(NAME), IdNumber(NUMBER)),
)
_BATCH = Statement(
    "INSERT INTO legacy_batch (id, digest, format, position, line, lines, accepted, updated, duplicates, quarantined,"
    " flagged, started_at) VALUES ('leb_1', :digest, 'csv', 0, 0, 0, 0, 0, 0, 0, 0, 1) ON CONFLICT DO NOTHING"
)
_ADD = Statement(
    "INSERT INTO legacy_account (id, batch_id, line_batch_id, platform, old_id, old_blind, kind, sealed, digest,"
    " document_blind, mobile_blind, credit_code_blind, representative_blind, region, state, flag, imported_at,"
    " updated_at, state_at) VALUES (:id, 'leb_1', 'leb_1', :platform, :old_id, :old_blind, :kind, :sealed, :digest,"
    " :document_blind, :mobile_blind, :credit_code_blind, :representative_blind, '430100', 'imported', :flag, :at,"
    " :at, :at)"
)
_STATES = Statement[tuple[str, str]]("SELECT id, state FROM legacy_account ORDER BY id")


def add_old(
    site: Site,
    key: str = "leg_1",
    told: OldAccount = PERSON,
    *,
    at: int = 1,
    platform: str = "old-portal",
    flag: OldFlag | None = None,
) -> None:
    """What an import leaves of one line."""
    waiting = site.provider.waiting
    text = told.as_json()
    columns = {
        "old_id": waiting.seal_old_id(key, platform, key),
        "old_blind": waiting.of_old_id(platform, key)[0],
        "digest": waiting.digests(text)[0],
        **waiting.seal(key, told, text),
    }
    kind = PartyKind.PERSON if told.document else PartyKind.ENTITY
    with site.provider.database.transaction() as tx:
        tx.run(_BATCH, digest=b"d")
        tx.run(_ADD, id=key, kind=kind, flag=flag, at=at, platform=platform, **columns)


def states(site: Site) -> dict[str, str]:
    """How far each of the waiting accounts has come."""
    with site.provider.database.autocommit() as tx:
        return dict(tx.all(_STATES))


def location(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def path_of(address: str) -> str:
    return urlsplit(address).path


@dataclass
class Walker:
    """``check``: of the face check under way; ``at``: the address of the page that is open."""

    browser: Browser
    check: str = ""
    at: str = ""

    @property
    def site(self) -> Site:
        return self.browser.site

    def begin(self, who: dict[str, str] = WHO, *, at: str = "/activate") -> "Walker":
        """Up to the face check that is offered."""
        self.check = path_of(location(self.browser.submit(at, who))).removeprefix("/check/")
        return self

    def judged(self, *, passed: bool = True) -> str:
        """The person agrees, goes to the vendor and is back; where they come to when it has judged."""
        here, vendor = f"/check/{self.check}", self.site.provider.vendors[CheckKind.FACE]
        assert isinstance(vendor, ScriptedVendor)
        waiting = path_of(location(self.browser.submit(here, {"consent": "2026-11-01"})))
        work(self.site)
        assert location(self.browser.get(waiting)).startswith("https://vendor.example/")
        vendor.finds = yes() if passed else no()
        self.browser.get(waiting)
        work(self.site)
        return location(self.browser.get(waiting)) if passed else waiting

    def shown(self, who: dict[str, str] = WHO, *, at: str = "/activate") -> str:
        """Through the passed check; the page that says what was found."""
        self.begin(who, at=at)
        self.at = location(self.browser.get(self.judged()))
        assert path_of(self.at) == "/activate/found"
        return self.browser.get(self.at).text

    def confirm(self) -> "Walker":
        """What was found is theirs."""
        records = re.search(r'name="records" value="([^"]*)"', self.browser.get(self.at).text)
        assert records
        self.at = location(self.browser.submit(self.at, {"records": records[1]}))
        assert path_of(self.at) == "/activate/phone"
        return self

    def choose_phone(self, which: str = "0", phone: str = "") -> "Walker":
        """The code is on its way."""
        self.at = location(self.browser.submit(self.at, {"which": which, "phone": phone}))
        assert path_of(self.at) == "/activate/code"
        return self

    def prove(self) -> "Walker":
        """The code is right."""
        self.at = location(self.browser.submit(self.at, {"code": self.site.text_code()}))
        return self

    def to_details(self, which: str = "0", phone: str = "", *, at: str = "/activate") -> "Walker":
        self.shown(at=at)
        self.confirm().choose_phone(which, phone).prove()
        assert path_of(self.at) == "/activate/details"
        return self

    def details(self, **changes: str) -> TestResponse:
        return finish(self.browser, self.at, **changes)


def finish(browser: Browser, at: str, **changes: str) -> TestResponse:
    page = browser.get(at).text
    versions = page.partition('name="agreement_versions"')[2].partition('value="')[2].partition('"')[0]
    form = {"password": PASSWORD, "agreements": "yes", "agreement_versions": versions}
    return browser.submit(at, form | changes)


def templates(site: Site, to: str) -> list[str]:
    return [message["template"] for message in site.outbox("sms") if message["to"] == f"+86{to}"]
