"""A person who has lost everything, and the operators who make sure of them, over HTTP."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.accounts.parties import move_status
from idp.accounts.rules import PartyStatus
from idp.console.rules import Role
from tests.console.staff import WHY, Staff, on_duty
from tests.provider import Browser, Site, add_document

NEW_PHONE = "13700002222"
NEW_PASSWORD = "Velvet3Anchor44"
NUMBER = "11010519491231002X"
WHO = {"name": "欧阳清岚", "kind": "id_number", "number": NUMBER}
OTHER = {"name": "王小明", "kind": "id_number", "number": "440524198001010013"}
_REFERENCE = re.compile(r"[0-9]{4} [0-9]{4} [0-9]{4}")


def file(browser: Browser, who: dict[str, str] = WHO, *, phone: str = NEW_PHONE, way: str = "counter") -> str:
    """The number of the request."""
    at = to_way(browser, who, phone=phone)
    filed = browser.submit(at, {"way": way})
    assert filed.status_code == 303, filed.text
    shown = _REFERENCE.search(browser.get(filed.headers["Location"]).text)
    assert shown
    return shown[0].replace(" ", "")


def to_way(browser: Browser, who: dict[str, str] = WHO, *, phone: str = NEW_PHONE) -> str:
    """The address of the last step."""
    at = browser.submit("/recover/last/person", who).headers["Location"]
    at = browser.submit(at, {"phone": phone}).headers["Location"]
    proved = browser.submit(at, {"code": browser.site.text_code()})
    assert proved.status_code == 303, proved.text
    return proved.headers["Location"]


@dataclass
class Office:
    """Two operators who make sure of people."""

    first: Staff
    second: Staff

    def open(self, staff: Staff, reference: str) -> str:
        """The address of a request, after a reason was given."""
        found = staff.submit("/console/recoveries", {"request": reference, **WHY})
        assert found.status_code == 303, found.text
        return urlsplit(found.headers["Location"]).path

    def say(self, reference: str, **form: str) -> TestResponse:
        """What the first of them makes of a request."""
        return self.first.submit(self.open(self.first, reference), {**WHY, **form})

    def propose(self, reference: str) -> str:
        """The address of the proposal: the document was seen at the counter."""
        made = self.say(reference, decision="propose", how="counter", number=NUMBER)
        assert made.status_code == 303, made.text
        return urlsplit(made.headers["Location"]).path

    def approve(self, reference: str) -> None:
        assert self.second.approve(self.propose(reference)).status_code == 303


@pytest.fixture
def party(site: Site) -> str:
    """The account of a known person."""
    found = site.party()
    add_document(site.provider, found, now=site.now())
    return found


@pytest.fixture
def office(site: Site) -> Office:
    return Office(on_duty(site, "li.na", Role.COUNTER), on_duty(site, "zhao.min", Role.REVIEW))


def ask_code(browser: Browser, reference: str) -> str:
    """The address of the page where the code is entered."""
    asked = browser.submit("/recover/approved", {"request": reference})
    assert asked.status_code == 303, asked.text
    return asked.headers["Location"]


def complete(browser: Browser, reference: str, password: str = NEW_PASSWORD) -> TestResponse:
    proved = browser.submit(ask_code(browser, reference), {"code": browser.site.text_code()})
    assert proved.status_code == 303, proved.text
    return browser.submit(proved.headers["Location"], {"new_password": password})


def stop_code(site: Site) -> str:
    """The digits in the text that told the old phone."""
    told = [message for message in site.outbox("sms") if message["template"] == "recovery_notice"]
    return str(told[-1]["params"]["stop"])


def templates(site: Site, to: str) -> list[str]:
    return [message["template"] for message in site.outbox("sms") if message["to"] == f"+86{to}"]


def gets_in(site: Site, identifier: str, password: str) -> bool:
    browser = site.browser()
    browser.submit("/signin", {"identifier": identifier, "password": password})
    return browser.signed_in


def set_status(site: Site, party: str, before: PartyStatus, after: PartyStatus) -> None:
    with site.provider.database.transaction() as tx:
        assert move_status(tx, party, before=before, after=after)
