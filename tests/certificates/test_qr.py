"""A text handed to a phone: one phone, one number, one answer, for the browser that asked alone."""

import hashlib
import re
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from idp.certificates.challenges import Bound
from idp.certificates.qr_requests import QrRequests
from idp.certificates.qr_rules import APP, LIFETIME, Handed, QrRefusal, QrState, Signed
from idp.certificates.rules import Purpose
from idp.parts import qr_parts
from idp.scans.rules import draw_numbers
from idp.web.protocol import PROBLEM
from tests.provider import ISSUER, Browser, Site

TEXT = "tongban-certificate\nsign-in\nhttp://localhost:8000\nk\nn\n1795413720"
ANSWER = {"signature": "c2ln", "certificate": "Y2VydA=="}
JSON = {"Accept": "application/json"}


@dataclass
class Desk:
    """A desktop's browser that has handed a text to a phone."""

    site: Site
    browser: Browser
    requests: QrRequests
    name: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def __post_init__(self) -> None:
        self.browser.client.set_cookie("tb_browser", self.name)
        now = self.site.now()
        number, numbers = draw_numbers()
        self.handed = Handed(
            challenge="challenge-key",
            text=TEXT,
            purpose="sign-in",
            browser=self.digest,
            back="/signin/certificate?r=1",
            app={"en": "Tax office"},
            address="192.0.2.7",
            number=number,
            numbers=numbers,
            created_at=now,
            expires_at=now + LIFETIME,
        )
        self.token = self.requests.make(self.handed)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.name.encode()).hexdigest()

    @property
    def wrong(self) -> str:
        return next(number for number in self.handed.numbers if number != self.handed.number)

    @property
    def state(self) -> str:
        found: dict[str, str] = self.browser.get(f"/certificate/qr/{self.token}/state").get_json()
        return found["state"]

    def take(self, **changes: str) -> Signed | None:
        return self.requests.take(self.token, **{"browser": self.digest, "challenge": "challenge-key"} | changes)

    def scanned_by_app(self) -> dict[str, Any]:
        answer = self.site.http.get(f"/certificate/qr/{self.token}", headers=JSON)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found

    def answered_by_app(self, **members: Any) -> TestResponse:
        return self.site.http.post(f"/certificate/answer/{self.token}", json=members)

    def answered_by(self, phone: Browser, **fields: str) -> TestResponse:
        return phone.submit(f"/certificate/qr/{self.token}", {"number": self.handed.number} | ANSWER | fields)


@pytest.fixture
def requests(site: Site) -> QrRequests:
    return qr_parts(site.provider).requests


@pytest.fixture
def desk(site: Site, browser: Browser, requests: QrRequests) -> Desk:
    return Desk(site, browser, requests)


@pytest.fixture
def phone(site: Site) -> Browser:
    return site.browser()


def refusals(site: Site) -> int:
    found: int = site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:certificate_qr:refused'")
    return found


def test_three_numbers_are_offered_and_one_of_them_stands_on_the_desktop() -> None:
    drawn = [draw_numbers() for _ in range(200)]
    for number, numbers in drawn:
        assert number in numbers
        assert len(set(numbers)) == 3
        assert all(re.fullmatch(r"[1-9]\d", one) for one in numbers)
    assert {numbers.index(number) for number, numbers in drawn} == {0, 1, 2}


def test_a_phones_browser_signs_and_the_desktop_gets_it_once(desk: Desk, phone: Browser) -> None:
    assert desk.state == QrState.CREATED
    page = phone.get(f"/certificate/qr/{desk.token}").text
    assert TEXT in page
    assert "Tax office" in page
    assert desk.state == QrState.SCANNED
    assert desk.answered_by(phone).headers["Location"] == "/certificate/qr/done"
    assert desk.state == QrState.SIGNED
    assert desk.take() == Signed(**ANSWER)
    assert desk.take() is None
    assert desk.state == QrState.OVER


def test_a_cas_app_signs_by_json(desk: Desk) -> None:
    assert desk.scanned_by_app() == {
        "text": TEXT,
        "answer_url": f"{ISSUER}/certificate/answer/{desk.token}",
        "numbers": list(desk.handed.numbers),
        "expires_at": desk.handed.expires_at,
        "purpose": "sign-in",
        "origin": ISSUER,
    }
    answer = desk.answered_by_app(number=desk.handed.number, signed_data="c2lnbmVk")
    assert (answer.status_code, answer.data) == (204, b"")
    assert desk.take() == Signed("c2lnbmVk")


def test_the_desktop_shows_code_and_number_and_goes_on_by_its_own_form(desk: Desk, phone: Browser) -> None:
    address = f"/certificate/qr/{desk.token}/desk"
    answer = desk.browser.get(address)
    assert f">{desk.handed.number}<" in answer.text
    assert "svg" in answer.text
    assert re.search(r'<noscript><meta http-equiv="refresh" content="3; url=[^"]*/desk"', answer.text)
    assert "connect-src 'self'" in answer.headers["Content-Security-Policy"]
    assert 'http-equiv="refresh"' not in desk.browser.get(f"{address}?pause=1").text
    phone.get(f"/certificate/qr/{desk.token}")
    assert 'class="qr"' not in desk.browser.get(address).text
    desk.answered_by(phone)
    page = desk.browser.get(address).text
    assert '<form method="post" action="/signin/certificate?r=1"' in page
    assert f'name="phone" value="{desk.token}"' in page
    assert 'name="challenge" value="challenge-key"' in page
    assert ANSWER["certificate"] not in page


def test_a_page_has_a_phone_sign_what_it_asked_for(desk: Desk, site: Site, phone: Browser) -> None:
    bound = Bound(desk.digest, about="renewed")
    made = qr_parts(site.provider).challenges.make(Purpose.RENEW, bound, now=site.now())
    sent = {"challenge": made.id, "back": "/signin/certificate?next=/account"}
    shown = desk.browser.submit("/certificate/qr", sent)
    token = re.fullmatch(r"/certificate/qr/([\w-]{43})/desk", shown.headers["Location"])
    assert token, shown.headers
    handed = desk.requests.desk(token[1], browser=desk.digest)
    assert handed
    assert handed.challenge != made.id
    assert (handed.purpose, handed.back) == (Purpose.RENEW, sent["back"])
    assert handed.text.startswith(f"tongban-certificate\nrenew\n{ISSUER}\n{handed.challenge}\n")
    assert "Replace a certificate" in phone.get(f"/certificate/qr/{token[1]}").text
    redeemed = qr_parts(site.provider).challenges.redeem(handed.challenge, Purpose.RENEW, bound, now=site.now())
    assert redeemed == handed.text.encode()


@pytest.mark.parametrize(("back", "to"), [("/account", "/account"), ("//evil.example", "/"), ("", "/")])
def test_a_page_that_is_too_old_or_anothers_is_opened_anew(
    desk: Desk, site: Site, phone: Browser, back: str, to: str
) -> None:
    made = qr_parts(site.provider).challenges.make(Purpose.SIGN_IN, Bound(desk.digest), now=site.now())
    for asker, challenge in ((phone, made.id), (desk.browser, "unknown")):
        answer = asker.submit("/certificate/qr", {"challenge": challenge, "back": back})
        assert answer.headers["Location"] == to


def test_no_other_browser_sees_the_number_or_gets_the_answer(desk: Desk, phone: Browser) -> None:
    phone.get(f"/certificate/qr/{desk.token}")
    desk.answered_by(phone)
    address = f"/certificate/qr/{desk.token}/desk"
    assert phone.get(address).status_code == 410
    assert f">{desk.handed.number}<" not in re.sub(r"\s", "", phone.get(address).text)  # two digits stand anywhere
    assert phone.get(f"/certificate/qr/{desk.token}/state").get_json() == {"state": "over"}
    assert desk.take(browser="0" * 64) is None
    assert desk.take(challenge="another") is None
    assert desk.take() is not None


@pytest.mark.parametrize("by_app", [True, False])
def test_a_wrong_number_ends_it_and_is_recorded(desk: Desk, phone: Browser, site: Site, by_app: bool) -> None:
    if by_app:
        desk.scanned_by_app()
        answer = desk.answered_by_app(number=desk.wrong, **ANSWER)
        assert (answer.status_code, answer.mimetype) == (403, PROBLEM)
        assert answer.get_json(force=True)["type"] == "urn:tongban:problem:qr-wrong-number"
        assert desk.answered_by_app(number=desk.handed.number, **ANSWER).status_code == 410
    else:
        phone.get(f"/certificate/qr/{desk.token}")
        assert desk.answered_by(phone, number=desk.wrong).status_code == 410
        assert desk.answered_by(phone).status_code == 410
    assert desk.state == QrState.OVER
    assert desk.take() is None
    assert refusals(site) == 1


def test_the_first_phone_is_the_only_one(desk: Desk, phone: Browser, site: Site) -> None:
    other = site.browser()
    assert phone.get(f"/certificate/qr/{desk.token}").status_code == 200
    assert other.get(f"/certificate/qr/{desk.token}").status_code == 410
    assert desk.answered_by(other).status_code == 410
    assert desk.answered_by_app(number=desk.handed.number, **ANSWER).status_code == 410
    assert phone.get(f"/certificate/qr/{desk.token}").status_code == 200
    assert desk.answered_by(phone).status_code == 303


def test_nobody_signs_who_has_not_scanned(desk: Desk, requests: QrRequests, site: Site) -> None:
    signed = Signed(**ANSWER)
    refused = requests.answer(desk.token, phone=APP, number=desk.handed.number, signed=signed, now=site.now())
    assert refused is QrRefusal.ELSEWHERE
    assert desk.state == QrState.CREATED


def test_two_minutes_later_it_is_over(desk: Desk, phone: Browser, site: Site) -> None:
    phone.get(f"/certificate/qr/{desk.token}")
    site.later = LIFETIME
    assert phone.get(f"/certificate/qr/{desk.token}").status_code == 410
    assert desk.answered_by(phone).status_code == 410
    assert desk.state == QrState.OVER
    assert desk.browser.get(f"/certificate/qr/{desk.token}/desk").status_code == 410


def test_what_was_signed_in_the_last_moment_is_still_fetched(desk: Desk, phone: Browser, site: Site) -> None:
    phone.get(f"/certificate/qr/{desk.token}")
    site.later = LIFETIME - 1
    assert desk.answered_by(phone).status_code == 303
    site.later = LIFETIME + 3
    assert desk.state == QrState.SIGNED
    assert desk.take() is not None


@pytest.mark.parametrize(
    ("members", "status"),
    [
        ({"number": 47, **ANSWER}, 400),
        ({"number": "47", "signed_data": None}, 400),
        ({"number": "47", "signed_data": "签"}, 400),
        ({"number": "47"}, 400),
        ({"number": "47", "signature": "c2ln"}, 400),
        ({"number": "47", "signed_data": "x" * (64 * 1024)}, 413),
    ],
)
def test_a_malformed_answer_is_a_problem_and_ends_nothing(desk: Desk, members: dict[str, Any], status: int) -> None:
    desk.scanned_by_app()
    answer = desk.answered_by_app(**members)
    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    assert desk.answered_by_app(number=desk.handed.number, **ANSWER).status_code == 204


def test_every_answer_to_an_app_is_in_the_openapi_document(desk: Desk, site: Site) -> None:
    told = site.http.get("/openapi.json").get_json()["paths"]["/certificate/answer/{id}"]["post"]["responses"]
    address = f"/certificate/answer/{desk.token}"
    early = desk.answered_by_app(number=desk.handed.number, **ANSWER)
    desk.scanned_by_app()
    answers = [
        early,
        site.http.get(address),
        site.http.post(address, data="number=47"),
        site.http.post(address, data=b"{", content_type="application/json"),
        desk.answered_by_app(number=desk.handed.number),
        desk.answered_by_app(number=47),
        desk.answered_by_app(number=desk.wrong, **ANSWER),
        desk.answered_by_app(number=desk.handed.number, **ANSWER),
    ]
    for answer in answers:
        kind = answer.get_json(force=True)["type"].removeprefix("urn:tongban:problem:")
        assert kind in told[str(answer.status_code)]["description"].split(", ")
    desk = Desk(site, desk.browser, desk.requests)
    desk.scanned_by_app()
    assert str(desk.answered_by_app(number=desk.handed.number, **ANSWER).status_code) in told


def test_a_number_without_a_signature_is_asked_again(desk: Desk, phone: Browser) -> None:
    phone.get(f"/certificate/qr/{desk.token}")
    assert desk.answered_by(phone, signature="").status_code == 422
    assert desk.answered_by(phone, number="").status_code == 422
    assert desk.answered_by(phone).status_code == 303


def test_the_phones_form_needs_its_token(desk: Desk, phone: Browser) -> None:
    phone.get(f"/certificate/qr/{desk.token}")
    sent = {"number": desk.handed.number} | ANSWER
    assert phone.client.post(f"/certificate/qr/{desk.token}", data=sent).status_code == 400
    assert desk.state == QrState.SCANNED


def test_what_is_unknown_is_over_for_pages_and_programs(site: Site, phone: Browser) -> None:
    address = f"/certificate/qr/{secrets.token_urlsafe(32)}"
    assert phone.get(address).status_code == 410
    answer = site.http.get(address, headers=JSON)
    assert (answer.status_code, answer.mimetype) == (410, PROBLEM)
    assert phone.get(f"{address}/desk").status_code == 410


def test_failures_of_one_address_are_limited(desk: Desk, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: Any = site.app.extensions["tongban_certificate_qr"]
    answers: Any = site.app.wsgi_app._table["/certificate/answer/"].handler.__self__  # type: ignore[attr-defined]
    for failures in (parts.failures, answers._failures):
        monkeypatch.setattr(failures, "_limit", 3)
    for _ in range(3):
        answer = site.http.post(f"/certificate/answer/{secrets.token_urlsafe(32)}", json={"number": "1", **ANSWER})
        assert answer.status_code == 410
    assert desk.answered_by_app(number=desk.handed.number, **ANSWER).status_code == 429
    assert site.http.get(f"/certificate/qr/{desk.token}").status_code == 429


def test_of_many_answers_at_once_one_is_taken(desk: Desk, requests: QrRequests, site: Site) -> None:
    desk.scanned_by_app()

    def send(number: int) -> QrRefusal | None:
        signed = Signed(f"answer{number}")
        return requests.answer(desk.token, phone=APP, number=desk.handed.number, signed=signed, now=site.now())

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))).count(None) == 1
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: desk.take(), range(8)))
    assert len([one for one in taken if one]) == 1


def test_nothing_of_it_stands_in_the_store_in_clear(desk: Desk, site: Site, phone: Browser) -> None:
    phone.get(f"/certificate/qr/{desk.token}")
    desk.answered_by(phone)
    raw = b"".join(path.read_bytes() for path in site.directory.glob("state.db*"))
    for said in (desk.token, TEXT.splitlines()[1], ANSWER["certificate"], "192.0.2.7"):
        assert said.encode() not in raw


@pytest.mark.parametrize("changes", [{"address": "127.0.0.1"}, {"app": {}}, {"address": "-"}])
def test_the_phone_says_what_is_known(
    desk: Desk, requests: QrRequests, phone: Browser, changes: dict[str, Any]
) -> None:
    told: Callable[[str], str] = lambda token: phone.get(f"/certificate/qr/{token}").text  # noqa: E731
    assert "192.0.2.7" in told(desk.token)
    page = told(requests.make(replace(desk.handed, **changes)))
    assert ("The same as this phone" in page) is (changes.get("address") == "127.0.0.1")
    assert ("Tax office" in page) is ("app" not in changes)
    assert ("Network of the computer" in page) is (changes.get("address") != "-")
