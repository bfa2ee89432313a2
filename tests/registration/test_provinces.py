"""The journeys of three provinces over HTTP, from a department app to its code: what differs is configuration."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from shutil import copyfile
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.old_accounts import OldAccount
from idp.app import create_app
from idp.channels import actions as channels
from idp.channels.rules import Channel
from idp.proofing.actions import add_evidence
from idp.proofing.ports import Deceased, Match, Mismatch, NotFound, Unavailable, UnavailableReason, Unusable
from idp.proofing.ports import UnusableReason as Fault
from tests.activation.walking import add_old
from tests.provider import PASSWORD, PHONE, Browser, Site, add_person, answered, claims_of, settings_at
from tests.recovery.test_journey import counted
from tests.registers import ScriptedRegisters

NEW = "13900005555"
PHONES = (NEW, "13900006666")
NAME, NUMBER = "欧阳清岚", "11010519491231002X"
CARD = "6299990001000016"
WHO = {"name": NAME, "kind": "id_number", "number": NUMBER}
LEVEL_2 = "urn:tongban:ial:2"
Opened = Callable[..., Site]


@pytest.fixture
def registers() -> ScriptedRegisters:
    return ScriptedRegisters()


@pytest.fixture
def province(site_template: Path, tmp_path: Path, registers: ScriptedRegisters) -> Iterator[Opened]:
    """A provider under the profile of that name, and whatever settings besides."""
    made: list[Site] = []

    def opened(name: str, **changes: object) -> Site:
        directory = tmp_path / str(len(made))
        directory.mkdir()
        copyfile(site_template, directory / "idp.db")
        site = Site(create_app(settings_at(directory, province=name, **changes), registers.ports))
        made.append(site)
        return site

    yield opened
    for site in made:
        site.close()


def follow(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"]


def path_of(address: str) -> str:
    return urlsplit(address).path


def to_register(browser: Browser, **asked: str) -> str:
    """From the app by the sign-in page to where registration begins; the address."""
    signin = follow(browser.ask(**asked))
    assert path_of(signin) == "/signin"
    link = signin.replace("/signin", "/register")
    answer = browser.get(link)
    return link if answer.status_code == 200 else follow(answer)


def prove_phone(browser: Browser, address: str, phone: str = NEW) -> str:
    """Phone and code; where that leads."""
    code_page = follow(browser.submit(address, {"phone": phone}))
    assert path_of(code_page) == "/register/code"
    return follow(browser.submit(code_page, {"code": browser.site.text_code()}))


def set_details(browser: Browser, address: str, **changes: str) -> TestResponse:
    page = browser.get(address).text
    versions = page.partition('name="agreement_versions"')[2].partition('value="')[2].partition('"')[0]
    form = {"password": PASSWORD, "agreements": "yes", "agreement_versions": versions}
    return browser.submit(address, form | changes)


def at_the_app(browser: Browser, address: str) -> dict[str, object]:
    """Go on with the parked request; the ID token the app gets."""
    code = answered(browser.get(address))["code"]
    return claims_of(browser.site.exchange(code).get_json()["id_token"])


def link_on(page: str, text: str) -> str:
    """The address of the link that says ``text``."""
    before = page.partition(f">{text}<")[0]
    return before.rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")


def accounts(site: Site) -> int:
    return int(site.one("SELECT COUNT(*) FROM party"))


def to_check(browser: Browser, phone: str = NEW, **who: str) -> str:
    """In Hunan, from the app to the page that asks the register."""
    phone_page = follow(browser.submit(to_register(browser), WHO | who))
    assert path_of(phone_page) == "/register"
    address = prove_phone(browser, phone_page, phone)
    assert path_of(address) == "/register/check"
    return address


# -- Hunan: name and number, phone, password


def test_hunan_asks_name_and_number_first_then_phone_then_password(
    province: Opened, registers: ScriptedRegisters
) -> None:
    browser = province("hunan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    begins = to_register(browser)
    assert path_of(begins) == "/register/identity"
    phone_page = follow(browser.submit(begins, WHO))
    assert path_of(phone_page) == "/register"
    check = prove_phone(browser, phone_page)
    assert registers.asked == [], "the register is asked for who has shown control of a phone"
    assert NUMBER not in browser.get(check).text
    details = follow(browser.submit(check))
    assert path_of(details) == "/register/details"
    assert accounts(browser.site) == 1, "nothing is there before the last step"
    done = follow(set_details(browser, details))
    assert "Skip this step" not in browser.get(done).text
    token = at_the_app(browser, done.replace("/register/done", "/continue"))
    assert token["ial"] == 2
    assert "Level 3" in browser.get("/account/profile").text
    assert browser.site.browser().sign_in(NUMBER).signed_in


def test_who_cannot_have_their_face_checked_in_hunan_is_not_sent_in_a_circle(province: Opened) -> None:
    hunan, hubei = (province(name).browser().get("/activate/elsewhere") for name in ("hunan", "hubei"))
    assert (hunan.status_code, hubei.status_code) == (200, 200)
    assert 'href="/register' not in hunan.text, "name and number confirm nobody for whom an account waits"
    assert "say that you want to activate" in hunan.text
    assert "tel:12345" in hunan.text
    assert 'href="/register"' in hubei.text


def test_registrations_of_hunan_are_told_apart_by_county(province: Opened, registers: ScriptedRegisters) -> None:
    site = province("hunan")
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    with site.provider.database.transaction() as tx:
        for code in ("cs-430121", "yl-430421"):
            channels.add(tx, Channel(code, "county", code, "", code[-6:], active=True), now=site.now())
    browser, other = site.browser(), site.browser()
    first = follow(browser.get("/c/cs-430121"))
    begins = follow(browser.get(first))
    assert path_of(begins) == "/register/identity"
    details = follow(browser.submit(prove_phone(browser, follow(browser.submit(begins, WHO)))))
    assert path_of(follow(set_details(browser, details))) == "/register/done"
    follow(other.get("/c/yl-430421"))
    prove_phone(other, follow(other.submit("/register/identity", WHO)), "13900004445")
    with site.provider.database.autocommit() as tx:
        assert channels.sums(tx) == {"cs-430121": {"started": 1, "registered": 1}, "yl-430421": {"started": 1}}
    assert site.one("SELECT detail FROM audit_event WHERE event = 'person:account:registered'") == (
        '{"channel":"cs-430121"}'
    )


@pytest.mark.parametrize("password", ["Ouyang7Qinglan+", "oyql-8-4417", "Lamp19491231Moss"])
def test_a_password_does_not_tell_the_name_or_the_birth_date(
    province: Opened, registers: ScriptedRegisters, password: str
) -> None:
    browser = province("hunan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    details = follow(browser.submit(to_check(browser)))
    refused = set_details(browser, details, password=password)
    assert refused.status_code == 422
    assert "must not tell of you" in refused.text
    follow(set_details(browser, details))


def test_no_step_of_hunan_is_skipped(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hunan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    assert path_of(follow(browser.submit("/register", {"phone": NEW}))) == "/register/identity"
    phone_page = follow(browser.submit("/register/identity", WHO))
    for step in ("code", "check", "details"):
        assert follow(browser.get(phone_page.replace("/register", f"/register/{step}"))) == phone_page
    check = prove_phone(browser, phone_page)
    assert follow(set_details(browser, check.replace("check", "details"))) == check
    assert path_of(follow(browser.site.browser().submit(check))) == "/register/identity", "another browser's"
    assert registers.asked == []
    assert accounts(browser.site) == 1


def test_who_corrects_the_phone_says_their_name_once(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hunan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    phone_page = follow(browser.submit("/register/identity", WHO))
    code_page = follow(browser.submit(phone_page, {"phone": "13900006666"}))
    change = link_on(browser.get(code_page).text, "Use another number")
    details = follow(browser.submit(prove_phone(browser, change)))
    follow(set_details(browser, details))
    assert browser.site.party(NEW)


@pytest.mark.parametrize(
    "changes", [{"name": ""}, {"name": "欧阳2"}, {"number": "110105194912310021"}, {"kind": "licence"}, {"kind": ""}]
)
def test_what_can_be_nobody_goes_no_further(
    province: Opened, registers: ScriptedRegisters, changes: dict[str, str]
) -> None:
    browser = province("hunan").browser()
    assert browser.submit("/register/identity", WHO | changes).status_code == 422
    assert browser.site.one("SELECT COUNT(*) FROM flow") == 0


def _held_by(site: Site, status: str) -> None:
    """The document is another account's, which is in that state."""
    document, name = IdNumber.parse(NUMBER, today=date.today()), PersonName.parse(NAME)  # noqa: DTZ011
    assert document
    assert name
    party_id = add_person(site.provider, "13812340002", None)
    with site.provider.database.transaction() as tx:
        site.provider.directory.record_document(
            tx, party_id, document=document, name=name, valid_to=None, source="test", now=site.now()
        )
    site.execute("UPDATE party SET status = :status WHERE id = :id", status=status, id=party_id)


REFUSALS: dict[str, tuple[object, str | None]] = {
    "active": (Match(valid_to=None), "active"),
    "closed": (Match(valid_to=None), "closed"),
    "wrong": (Mismatch(), None),
    "nobody": (NotFound(), None),
    "dead": (Deceased(), None),
    "expired": (Match(valid_to=date(2020, 1, 1)), None),
    "active-and-wrong": (Mismatch(), "active"),
}


def refused(site: Site, registers: ScriptedRegisters, case: str) -> tuple[int, str]:
    answer, status = REFUSALS[case]
    registers.people[NAME, NUMBER] = answer
    if status:
        _held_by(site, status)
    browser = site.browser()
    found = browser.submit(to_check(browser))
    return found.status_code, found.text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.parametrize("case", REFUSALS)
def test_whoever_is_refused_reads_one_page_and_nothing_is_there(
    province: Opened, registers: ScriptedRegisters, case: str
) -> None:
    site = province("hunan")
    status, page = refused(site, registers, case)
    assert status == 403
    assert "Please confirm who you are in another way" in page
    assert accounts(site) == (1 if REFUSALS[case][1] is None else 2)
    assert site.one("SELECT COUNT(*) FROM evidence") == 0
    assert site.one("SELECT COUNT(*) FROM party_identifier WHERE kind = 'mobile' AND verified_at IS NULL") == 0


def test_active_closed_wrong_and_unknown_read_the_same(province: Opened, registers: ScriptedRegisters) -> None:
    pages = set()
    for case in REFUSALS:
        status, page = refused(province("hunan"), registers, case)
        pages.add((status, re.sub(r'r=[^"&]+', "", page)))
    assert len(pages) == 1


def test_wrong_and_taken_run_the_same_statements(
    province: Opened, registers: ScriptedRegisters, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for case in ("wrong", "wrong", "active", "closed"):
        site = province("hunan")
        answer, status = REFUSALS[case]
        registers.people[NAME, NUMBER] = answer
        if status:
            _held_by(site, status)
        browser = site.browser()
        check = to_check(browser)
        with counted(monkeypatch) as statements:
            assert browser.submit(check).status_code == 403
        seen.append(statements)
    assert len(seen[0]) > 8
    assert seen[1] == seen[2] == seen[3]


def test_who_registers_by_the_name_of_a_waiting_account_reads_the_one_page(
    province: Opened, registers: ScriptedRegisters, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, pages = [], set()
    for waits in (False, False, True):
        site = province("hunan")
        registers.people[NAME, NUMBER] = Match(valid_to=None) if waits else Mismatch()
        if waits:
            add_old(site, told=OldAccount(name=PersonName(NAME), document=IdNumber(NUMBER)))
        browser = site.browser()
        check = to_check(browser)
        with counted(monkeypatch) as statements:
            answer = browser.submit(check)
        seen.append(statements)
        main = answer.text.partition("<main")[2].partition("</main>")[0]
        pages.add((answer.status_code, re.sub(r'r=[^"&]+', "", main)))
    assert [status for status, _ in pages] == [403]
    assert "/activate?r=" in answer.text
    assert seen[1] == seen[2]


def test_the_register_is_asked_once_for_each_proof_of_a_phone(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hunan").browser()
    check = to_check(browser)
    assert browser.submit(check).status_code == 403
    assert path_of(follow(browser.submit(check))) == "/register/identity"
    assert len(registers.asked) == 1


def test_checks_are_counted_on_the_document_whoever_asks(province: Opened, registers: ScriptedRegisters) -> None:
    sms = {"per_number_interval": 0, "per_address_hourly": 0}
    captcha = {"before_sms": False, "after_failures": 0}
    site = province("hunan", limits={"sms": sms, "captcha": captcha, "identity": {"daily": 1}})
    for n in range(4):
        browser = site.browser()
        assert browser.submit(to_check(browser, f"1390000444{n}")).status_code == 403
    assert len(registers.asked) == 3, "three times as many as by one phone"
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    browser = site.browser()
    assert browser.submit(to_check(browser, "13900004449")).status_code == 403, "also the right one, for a day"
    site.later = 86400 + 60
    browser = site.browser()
    assert path_of(follow(browser.submit(to_check(browser, "13900004449")))) == "/register/details"


def test_checks_are_counted_on_the_phone_whoever_they_are_about(
    province: Opened, registers: ScriptedRegisters
) -> None:
    site = province("hunan")
    for name in "赵钱孙李周吴":
        browser = site.browser()
        assert browser.submit(to_check(browser, name=name + "一")).status_code == 403
    assert len(registers.asked) == 5


@pytest.mark.parametrize(
    "silence", [Unavailable(UnavailableReason.TIMEOUT), Unusable(Fault.NOT_ENTITLED)], ids=["away", "unusable"]
)
def test_a_register_that_is_away_ends_and_costs_nothing(
    province: Opened, registers: ScriptedRegisters, silence: object
) -> None:
    browser = province("hunan").browser()
    check = to_check(browser)
    registers.people[NAME, NUMBER] = silence
    for _ in range(6):
        assert browser.submit(check).status_code == 422
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    assert path_of(follow(browser.submit(check))) == "/register/details"


def test_no_transaction_is_open_while_the_register_thinks(province: Opened, registers: ScriptedRegisters) -> None:
    site = province("hunan")
    browser = site.browser()
    check = to_check(browser)

    def answer(_question: object) -> Match:
        with site.provider.database.transaction() as tx:
            site.provider.directory.set_profile(tx, site.party(), {}, now=site.now())
        return Match(valid_to=None)

    registers.people[NAME, NUMBER] = answer
    assert path_of(follow(browser.submit(check))) == "/register/details"


def test_of_two_who_say_to_be_one_person_the_first_has_the_account(
    province: Opened, registers: ScriptedRegisters
) -> None:
    site = province("hunan")
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    browsers = [site.browser(), site.browser()]
    details = [
        follow(browser.submit(to_check(browser, phone))) for browser, phone in zip(browsers, PHONES, strict=True)
    ]
    assert path_of(follow(set_details(browsers[0], details[0]))) == "/register/done"
    late = set_details(browsers[1], details[1])
    assert (late.status_code, "another way" in late.text) == (403, True)
    assert accounts(site) == 2
    assert not browsers[1].signed_in
    assert path_of(follow(set_details(browsers[1], details[1]))) == "/register/identity", "the journey is over"


def test_of_two_who_say_so_at_the_same_moment_one_has_the_account(
    province: Opened, registers: ScriptedRegisters
) -> None:
    site = province("hunan")
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    browsers = [site.browser(), site.browser()]
    details = [follow(one.submit(to_check(one, phone))) for one, phone in zip(browsers, PHONES, strict=True)]
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda one: set_details(*one).status_code, zip(browsers, details, strict=True)))
    assert sorted(done) == [303, 403]
    assert [one.signed_in for one in browsers].count(True) == 1
    assert accounts(site) == 2


def test_what_people_say_of_themselves_is_not_legible_in_what_is_stored(
    province: Opened, registers: ScriptedRegisters
) -> None:
    site = province("hunan")
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    browser = site.browser()
    check = to_check(browser)
    left = [_bytes_of(site)]
    follow(set_details(browser, follow(browser.submit(check))))
    left.append(_bytes_of(site))
    for found in left:
        assert b"flw_" in found
        assert not any(secret in found for secret in (NUMBER.encode(), NAME.encode(), NEW.encode()))


def _bytes_of(site: Site) -> bytes:
    return b"".join(file.read_bytes() for file in site.directory.glob("*.db*"))


def test_hunan_judges_the_password_by_the_document_too(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hunan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    details = follow(browser.submit(to_check(browser)))
    for about_oneself in ("Xy19491231-q", "Xy-110105-qq"):
        assert set_details(browser, details, password=about_oneself).status_code == 422
    assert path_of(follow(set_details(browser, details))) == "/register/done"


def test_hunan_offers_an_entitys_account_on_its_first_page_and_keeps_the_app(province: Opened) -> None:
    browser = province("hunan").browser()
    first = to_register(browser)
    address = link_on(browser.get(first).text, "Register an account for an entity")
    assert urlsplit(address).path == "/entities/claim"
    assert urlsplit(address).query == urlsplit(first).query


def test_hunan_and_hubei_have_no_user_names(province: Opened) -> None:
    browser = province("hubei").browser()
    details = prove_phone(browser, "/register")
    assert 'name="user_name"' not in browser.get(details).text
    follow(set_details(browser, details, user_name="harbour_new"))
    assert browser.site.one("SELECT COUNT(*) FROM party_identifier WHERE kind = 'user_name'") == 1, "the template's"
    assert browser.get("/account/user-name").status_code == 404
    assert "user name" not in browser.get("/account/profile").text.lower()


# -- Hubei: phone, password, and the real name now or later


def _registered_in_hubei(browser: Browser) -> str:
    begins = to_register(browser)
    assert path_of(begins) == "/register"
    details = prove_phone(browser, begins)
    assert path_of(details) == "/register/details"
    assert "`~!_@#$%*" in browser.get(details).text
    assert set_details(browser, details, password="vkq^zpwmtb").status_code == 422
    return follow(set_details(browser, details, password="vkq~zpwmtb"))


def test_hubei_offers_the_real_name_and_lets_it_be_skipped(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hubei").browser()
    page = browser.get(_registered_in_hubei(browser)).text
    token = at_the_app(browser, link_on(page, "Skip this step"))
    assert token["ial"] == 1
    assert registers.asked == []
    assert "Basic" in browser.get("/account/profile").text


def test_hubei_checks_the_real_name_when_it_is_not_skipped(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hubei").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    page = browser.get(_registered_in_hubei(browser)).text
    name = link_on(page, "Verify name and document number")
    assert path_of(name) == "/identity/name"
    assert "Return to the app without it" not in browser.get(name).text, "the app did not ask for it"
    token = at_the_app(browser, follow(browser.submit(name, WHO)))
    assert token["ial"] == 2
    assert "Medium" in browser.get("/account/profile").text
    other = browser.submit("/identity/name", WHO | {"number": "530103199509210035"})
    assert path_of(follow(other)) == "/account/profile", "it is not changed afterwards"
    assert len(registers.asked) == 1


def test_who_goes_to_the_real_name_page_may_still_skip_it(province: Opened) -> None:
    browser = province("hubei").browser()
    page = browser.get(_registered_in_hubei(browser)).text
    name = browser.get(link_on(page, "Verify name and document number")).text
    assert at_the_app(browser, link_on(name, "Later"))["ial"] == 1


def test_the_real_name_page_names_the_app_only_when_the_app_asks(province: Opened) -> None:
    browser = province("hubei").browser().sign_in()
    asked = browser.get(follow(browser.ask(acr_values=LEVEL_2))).text
    assert "Return to the app without it" in asked


def test_hubei_signs_in_by_phone_or_document_number(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("hubei").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    _registered_in_hubei(browser)
    browser.submit("/identity/name", WHO)
    for identifier in (NEW, NUMBER.lower()):
        assert browser.site.browser().sign_in(identifier, "vkq~zpwmtb").signed_in
    assert "user name" not in browser.site.browser().get("/signin").text


# -- Yunnan: guest, registered, registered with a real name


def test_yunnan_asks_for_what_the_matter_needs(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("yunnan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    assert answered(browser.ask(prompt="none"))["error"] == "login_required", "a guest, whom the app serves as one"
    details = prove_phone(browser, to_register(browser))
    done = follow(set_details(browser, details, user_name="Harbour_02"))
    assert at_the_app(browser, done.replace("/register/done", "/continue"))["ial"] == 1
    assert "Registered user" in browser.get("/account/profile").text
    ways = follow(browser.ask(acr_values=LEVEL_2))
    assert path_of(ways) == "/identity/raise"
    name = ways.replace("/identity/raise", "/identity/name")
    token = at_the_app(browser, follow(browser.submit(name, WHO)))
    assert (token["acr"], token["ial"]) == (LEVEL_2, 2)
    assert "Real-name user" in browser.get("/account/profile").text


def test_yunnan_has_the_real_name_confirmed_by_a_bank(province: Opened, registers: ScriptedRegisters) -> None:
    registers.banks = True
    browser = province("yunnan").browser()
    registers.cards[NAME, NUMBER, CARD, f"+86{NEW}"] = Match(valid_to=None)
    details = prove_phone(browser, to_register(browser))
    follow(set_details(browser, details, user_name="Harbour_03"))
    ways = follow(browser.ask(acr_values=LEVEL_2))
    assert path_of(ways) == "/identity/raise"
    page = browser.get(ways).text.partition('id="ways"')[2]
    assert 0 < page.find("/identity/bank-card") < page.find("/identity/name"), "the bank comes first"
    bank = ways.replace("/identity/raise", "/identity/bank-card")
    token = at_the_app(browser, follow(browser.submit(bank, WHO | {"card": CARD, "phone": NEW})))
    assert (token["acr"], token["ial"]) == (LEVEL_2, 2)
    assert "Real-name user" in browser.get("/account/profile").text


def test_yunnan_takes_three_kinds_of_user_name(province: Opened, registers: ScriptedRegisters) -> None:
    browser = province("yunnan").browser()
    registers.people[NAME, NUMBER] = Match(valid_to=None)
    follow(set_details(browser, prove_phone(browser, "/register"), user_name="Harbour_02"))
    browser.submit("/identity/name", WHO)
    for identifier in (NEW, NUMBER, "harbour_02"):
        assert browser.site.browser().sign_in(identifier).signed_in


@pytest.mark.parametrize("name", ["1harbour", "harbo", "h" * 21, "harbour-2", "_harbour", "海港灯塔灯塔"])
def test_yunnan_refuses_other_user_names(province: Opened, name: str) -> None:
    browser = province("yunnan").browser()
    details = prove_phone(browser, "/register")
    assert set_details(browser, details, user_name=name).status_code == 422


def test_yunnan_never_changes_a_user_name(province: Opened) -> None:
    browser = province("yunnan").browser()
    follow(set_details(browser, prove_phone(browser, "/register"), user_name="Harbour_02"))
    assert browser.submit("/account/user-name", {"user_name": "Harbour_03"}).status_code == 422


@pytest.mark.parametrize(
    ("password", "taken"),
    [("vkq7z", False), ("vkq7zp", True), ("vkqzpw", False), ("vkq7zpwm-longer-than-sixteen", True)],
)
def test_yunnan_wants_letters_and_digits_from_six_on_and_advises_sixteen(
    province: Opened, password: str, taken: bool
) -> None:
    browser = province("yunnan").browser()
    details = prove_phone(browser, "/register")
    assert "6 to 16 characters" in browser.get(details).text
    assert set_details(browser, details, password=password).status_code == (303 if taken else 422)


# -- what every profile may set


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("hunan", ("二级", "Level 2"), ("三级", "Level 3")),
        ("hubei", ("初级认证", "Basic"), ("中级认证", "Medium")),
        ("yunnan", ("注册用户", "Registered user"), ("实名用户", "Real-name user")),
    ],
)
def test_the_level_bears_the_provinces_label_beside_its_evidence_and_its_end(
    province: Opened, name: str, before: tuple[str, str], after: tuple[str, str]
) -> None:
    site = province(name)
    browser = site.browser().sign_in()
    with site.provider.database.transaction() as tx:
        ends = site.now() + 1000
        add_evidence(tx, site.party(), kind="name_number", level=2, source="t", expires_at=ends, now=site.now())
    for lang, was, becomes in zip(("zh", "en"), before, after, strict=True):
        page = browser.get(f"/account/identity?ui_locales={lang}").text
        now, then, proof = re.findall(r'<b translate="no">(.*?)</b> · ', page)
        assert (now, then, proof) == (becomes, was, becomes)


def test_without_a_profile_nothing_is_a_provinces(province: Opened) -> None:
    browser = province("").browser()
    begins = browser.get("/register/identity")
    assert path_of(follow(begins)) == "/register"
    page = browser.get(follow(set_details(browser, prove_phone(browser, "/register")))).text
    assert "Skip this step" not in page
    assert "Help line" not in page


def test_sign_in_by_text_code_can_be_left_out(province: Opened) -> None:
    site = province("hubei", signin={"sms_codes": False})
    browser = site.browser()
    assert "/signin/code" not in browser.get("/signin").text
    for path in ("/signin/code", "/signin/code/enter"):
        assert browser.get(path).status_code == browser.submit(path, {"identifier": PHONE}).status_code == 404
    for _ in range(11):
        page = browser.submit("/signin", {"identifier": PHONE, "password": "not-the-one-7"}).text
    assert "text message" not in page.partition("error-summary")[2].partition("</div>")[0]
    assert "Too many wrong passwords" in page


@pytest.mark.parametrize(
    ("name", "title"), [("hunan", "湘易办"), ("hubei", "湖北政务服务网"), ("yunnan", "一部手机办事通")]
)
def test_pages_carry_the_provinces_names_and_its_help_line(province: Opened, name: str, title: str) -> None:
    page = province(name, pages={"default_locale": "zh"}).browser().get("/signin").text
    assert title in page
    assert 'href="tel:12345"' in page
