"""Operators as the tests meet them: invited by the command line's own acts, signed in over HTTP.

Always true: every sign-in uses a code of a later step than the one before, for no step is good twice.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pyotp
from werkzeug.test import TestResponse

from idp.audit import Event, record
from idp.console import invitations
from idp.console.loading import EXTENSION
from idp.console.rules import Operator, Role, assignments
from idp.credentials.password import store_password
from idp.credentials.totp import Totp, Verified
from tests.provider import PHONE, Browser, Site

PASSWORD = "Granite-Otter-51-Bell"
WHY = {"reason": "本人来电，称无法登录", "ticket": "GD-2026-0117"}
_SECRET = re.compile(r'id="secret"[^>]*>([A-Z2-7]{32})<')


@dataclass
class Staff:
    """One operator and the browsers they use."""

    site: Site
    name: str
    party: str
    secret: str = ""
    browser: Browser = field(init=False)

    def __post_init__(self) -> None:
        self.browser = self.site.browser()

    def code(self) -> str:
        """One that was not used: the clock goes a step ahead."""
        self.site.later += 30
        return pyotp.TOTP(self.secret).at(self.site.now())

    def sign_in(self, browser: Browser | None = None) -> Browser:
        """Both steps, in a browser of their own unless one is given."""
        used = browser or self.site.browser()
        first = used.submit("/console/signin", {"name": self.name, "password": PASSWORD})
        assert first.status_code == 303, first.text
        second = used.submit("/console/signin/code", {"code": self.code()})
        assert second.status_code == 303, second.text
        self.browser = used
        return used

    def get(self, path: str) -> TestResponse:
        return self.browser.get(path)

    def submit(self, path: str, form: dict[str, str] | None = None) -> TestResponse:
        return self.browser.submit(path, form or {})

    def look_at(self, identifier: str = PHONE) -> str:
        """The address of the person's page, after a reason was given."""
        answer = self.submit("/console/people", {"identifier": identifier, **WHY})
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def propose(self, act: str, identifier: str = PHONE) -> str:
        """The address of the proposal."""
        answer = self.submit(f"{self.look_at(identifier)}/{act}", WHY)
        assert answer.status_code == 303, answer.text
        return urlsplit(answer.headers["Location"]).path

    def approve(self, proposal: str) -> TestResponse:
        return self.submit(proposal, {**WHY, "decision": "approve"})


def invited(site: Site, name: str, *roles: Role, sectors: tuple[str, ...] = ()) -> tuple[Operator, str]:
    """An operator who has not enrolled, and the address under which they do, the code typed in."""
    operator = added(site, name, *roles, sectors=sectors)
    return operator, invited_anew(site, operator.party_id)


def added(site: Site, name: str, *roles: Role, sectors: tuple[str, ...] = ()) -> Operator:
    wanted = assignments(roles, sectors)
    assert isinstance(wanted, frozenset)
    with site.provider.database.transaction() as tx:
        operator = site.provider.operators.add(tx, name=name, roles=wanted, actor=None, now=site.now())
    assert isinstance(operator, Operator)
    return operator


def invited_anew(site: Site, party: str) -> str:
    with site.provider.database.transaction() as tx:
        made = site.provider.invitations.invite(tx, party, actor=None, now=site.now())
    return opened(site, f"{invitations.PATH}?k={made.token}", made.code)


def opened(site: Site, link: str, code: str) -> str:
    """The address that the right code leads to."""
    answer = site.browser().submit(link, {"enrolment_code": code})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def enrol(site: Site, link: str, password: str = PASSWORD) -> tuple[TestResponse, str]:
    """The answer to a complete enrolment, and the secret of the app."""
    return answer_enrolment(enrolling(site, link), link, password)


def enrolling(site: Site, link: str) -> tuple[Browser, str]:
    """A browser with the page of an enrolment before it, and the secret of the app that the page shows."""
    browser = site.browser()
    found = _SECRET.search(browser.get(link).text)
    assert found
    return browser, found[1]


def answer_enrolment(page: tuple[Browser, str], link: str, password: str) -> tuple[TestResponse, str]:
    browser, secret = page
    code = pyotp.TOTP(secret).at(browser.site.now())
    return browser.submit(link, {"new_password": password, "code": code}), secret


def enrolled(site: Site, name: str, *roles: Role, sectors: tuple[str, ...] = ()) -> Staff:
    """What the page leaves behind, by the acts it calls; `tests.console.test_signin` goes through the page itself."""
    operator, provider, now = added(site, name, *roles, sectors=sectors), site.provider, site.now()
    totp: Totp = site.app.extensions[EXTENSION].totp
    with provider.database.transaction() as tx:
        made = provider.invitations.invite(tx, operator.party_id, actor=None, now=now)
        token = provider.invitations.try_code(tx, made.token, made.code, now=now)
        assert isinstance(token, str)
        assert invitations.use(tx, token, now=now) == operator.party_id
        secret = totp.begin(tx, party_id=operator.party_id, label=name, now=now).secret
        confirmed = totp.confirm(tx, party_id=operator.party_id, code=pyotp.TOTP(secret).at(now), now=now)
        assert isinstance(confirmed, Verified)
        store_password(tx, party_id=operator.party_id, hashed=provider.passwords.hash(PASSWORD), now=now)
        record(tx, Event.OPERATOR_ENROLLED, actor=operator.party_id, subject=operator.party_id, now=now)
    return Staff(site, name, operator.party_id, secret)


def on_duty(site: Site, name: str, *roles: Role, sectors: tuple[str, ...] = ()) -> Staff:
    """Enrolled and signed in."""
    staff = enrolled(site, name, *roles, sectors=sectors)
    staff.sign_in()
    return staff
