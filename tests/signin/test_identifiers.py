"""One field takes every identifier: whichever finds the account signs its person in, and tells nothing else."""

import re
import threading
from collections.abc import Sequence

import pytest

from idp.accounts.actions import Active, Identity
from idp.accounts.credit_code import CreditCode
from idp.accounts.documents import Document, IdNumber, Passport, TravelPermit, check_character
from idp.accounts.names import PersonName
from idp.accounts.rules import UserName
from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_person
from tests.statements import noted

ID, PERMIT, CODE = IdNumber("11010519491231002X"), TravelPermit("H12345678"), CreditCode("91430100MA0000007Q")
WRONG = "Mistaken9Lamp"


def give(site: Site, party: str, document: Document) -> None:
    with site.provider.database.transaction() as tx:
        recorded = site.provider.directory.record_document(
            tx, party, document=document, name=PersonName("欧阳清岚"), valid_to=None, source="test", now=site.now()
        )
    assert isinstance(recorded, Identity)


@pytest.fixture
def documented(site: Site) -> Site:
    for document in (ID, PERMIT):
        give(site, site.party(), document)
    with site.provider.database.transaction() as tx:
        assert site.provider.directory.add_identifier(tx, site.party(), CODE, verified=True, now=site.now())
    return site


@pytest.mark.parametrize(
    "typed",
    [
        PHONE,
        NAME,
        ID.value,
        "110105 19491231 002x",
        "１１０１０５１９４９１２３１００２ｘ",
        "h 1234-5678",
        "H1234567803",
        "91430100-ma000000-7q",
    ],
)
def test_every_identifier_in_every_spelling_signs_its_person_in(documented: Site, typed: str) -> None:
    assert documented.browser().sign_in(typed).signed_in


def test_wrong_passwords_count_on_the_account_whatever_was_typed(documented: Site, browser: Browser) -> None:
    for typed in (ID.value, ID.value.lower(), PERMIT.value, CODE.value, NAME) * 2:
        browser.submit("/signin", {"identifier": typed, "password": WRONG})
    assert browser.submit("/signin", {"identifier": PHONE, "password": PASSWORD}).status_code == 422
    assert documented.one("SELECT COUNT(*) FROM attempt") == 1


def test_a_user_name_like_somebodys_passport_does_not_stand_in_its_way(site: Site) -> None:
    """Chosen before such names were refused; the passport's holder gets in, the other one by phone."""
    squatter = add_person(site.provider, "13812340008", "ga1234567", "Another9Secret")
    give(site, site.party(), Passport("GA1234567"))
    browser = site.browser().sign_in("ga1234567", PASSWORD)
    assert browser.signed_in
    refused = site.browser().submit("/signin", {"identifier": "ga1234567", "password": "Another9Secret"})
    assert refused.status_code == 422
    assert site.browser().sign_in("13812340008", "Another9Secret").signed_in
    with site.provider.database.transaction() as tx:
        assert site.provider.directory.lookup(tx, UserName("ga1234567")) == Active(squatter)


UNKNOWN = ["13900008888", "nobody_here", "430105199003070011", "12430000448700013K", "12345678", "no~identifier"]


@pytest.mark.parametrize("unknown", UNKNOWN)
def test_what_is_known_and_what_is_not_read_the_same(documented: Site, unknown: str) -> None:
    def answer(who: str) -> tuple[int, str]:
        page = documented.browser().submit("/signin", {"identifier": who, "password": WRONG})
        return page.status_code, re.sub(r'value="[^"]*"|[0-9A-Z]{4,}-?[0-9A-Z]*', "", page.text.replace(who, ""))

    assert answer(unknown) == answer(ID.value) == answer(PHONE)


@pytest.fixture
def statements(documented: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return noted(monkeypatch)


def test_known_and_unknown_of_every_kind_run_the_same_statements(documented: Site, statements: list[str]) -> None:
    ran = []
    documented.browser().submit("/signin", {"identifier": "warm_up", "password": WRONG})
    for typed in (PHONE, NAME, ID.value, PERMIT.value, CODE.value, *UNKNOWN):
        browser = documented.browser()
        browser.get("/signin")
        statements.clear()
        browser.submit("/signin", {"identifier": typed, "password": WRONG})
        ran.append(list(statements))
    assert len(ran[0]) > 3
    assert all(these == ran[0] for these in ran)


_NUMBERS = [IdNumber(body + check_character(body)).value for body in ("43010519900307001", "43010519900307003")]
_PHONES = ("13900008888", "13900009999")


@pytest.mark.parametrize(
    ("path", "field", "known", "others"),
    [
        ("/register", "phone", PHONE, _PHONES),
        ("/signin/code", "identifier", PHONE, _PHONES),
        ("/account/phone", "phone", PHONE, _PHONES),
        ("/identity/name", "number", ID.value, _NUMBERS),
    ],
)
def test_asking_about_what_is_somebodys_and_what_is_nobodys_runs_the_same_statements(
    documented: Site, statements: list[str], path: str, field: str, known: str, others: Sequence[str]
) -> None:
    add_person(documented.provider, "13812340009", None)
    browser = documented.browser()
    if path in ("/account/phone", "/identity/name"):
        browser.sign_in("13812340009")
    ran = []
    for typed in (others[0], known, others[1]):  # what a process does once is done with the first
        statements.clear()
        asked = browser.submit(path, {field: typed, "name": "张三丰", "kind": "id_number"})
        ran.append((asked.status_code, list(statements)))
    assert ran[1] == ran[2]
    assert len(ran[1][1]) > 3


def test_who_is_turned_away_has_cost_no_statement(
    documented: Site, statements: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hasher = documented.provider.passwords._hasher
    monkeypatch.setattr(hasher, "_places", threading.BoundedSemaphore(1))
    browser, form = documented.browser(), {"identifier": PHONE, "password": PASSWORD}
    with hasher.slot():
        refused = browser.submit("/signin", form)
    assert (refused.status_code, refused.headers["Retry-After"], statements) == (503, "5", [])
    assert browser.submit("/signin", form).status_code == 303


def test_a_code_is_sent_to_phones_only(documented: Site, browser: Browser) -> None:
    assert browser.submit("/signin/code", {"identifier": ID.value}).status_code == 422
    assert documented.outbox() == []
