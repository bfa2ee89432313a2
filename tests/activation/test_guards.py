"""What an activation refuses over HTTP: steps out of order, other browsers, after the end, twice; and oracles."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.activation.walking import (
    CODE,
    ENTITY,
    NEW_PHONE,
    NUMBER,
    OLD_PHONE,
    PERSON,
    STRANGER,
    WHO,
    Walker,
    add_old,
    location,
    path_of,
    states,
)
from tests.provider import PASSWORD, Browser, Site, add_document
from tests.recovery.test_journey import counted

PAGES = ("face", "found", "phone", "code", "details")
FORM = {"records": "leg_1", "which": "new", "phone": NEW_PHONE, "code": "123456", "password": PASSWORD}
KNOWN = {"name": "欧阳清岚", "kind": "id_number", "number": "11010519491231002X"}
"""Who `add_document` gives the site's person to be."""
UNKNOWN = {"name": "赵无名", "kind": "id_number", "number": "110105194912310038"}


@pytest.fixture
def walker(browser: Browser) -> Walker:
    return Walker(browser)


def at_face(walker: Walker) -> None:
    walker.begin()
    back = str(walker.site.one("SELECT back FROM outside_check WHERE id = :id", id=walker.check))
    walker.at = back


def at_found(walker: Walker) -> None:
    walker.shown()


def at_phone(walker: Walker) -> None:
    walker.shown()
    walker.confirm()


def at_code(walker: Walker) -> None:
    at_phone(walker)
    walker.choose_phone()


def at_details(walker: Walker) -> None:
    at_code(walker)
    walker.prove()


STEPS: dict[str, Callable[[Walker], None]] = {
    "face": at_face,
    "found": at_found,
    "phone": at_phone,
    "code": at_code,
    "details": at_details,
}


def other(walker: Walker, step: str) -> str:
    """The address of another step of the same journey."""
    return f"/activate/{step}?{urlsplit(walker.at).query}"


@pytest.mark.parametrize("step", STEPS)
def test_no_step_but_the_open_one_is_served_or_acts(site: Site, walker: Walker, step: str) -> None:
    add_old(site)
    STEPS[step](walker)
    before = states(site)
    open_ones = {step, "phone"} if step == "code" else {step}  # the number may be corrected
    for page in set(PAGES) - open_ones:
        address = other(walker, page)
        assert path_of(location(walker.browser.get(address))) == f"/activate/{step}"
        assert walker.browser.submit(address, FORM).status_code == 400, page
    assert states(site) == before
    assert site.one("SELECT COUNT(*) FROM party") == 1


@pytest.mark.parametrize("step", STEPS)
def test_another_browser_has_no_part_in_it(site: Site, walker: Walker, step: str) -> None:
    add_old(site)
    STEPS[step](walker)
    thief = site.browser()
    thief.get("/signin")
    for page in PAGES:
        assert path_of(location(thief.get(other(walker, page)))) == "/activate"
        assert thief.submit(other(walker, page), FORM).status_code == 400
    assert site.one("SELECT COUNT(*) FROM party") == 1


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("query", ["", "?f=", "?f=flw_nobody"])
def test_a_step_without_its_journey_begins_again(browser: Browser, page: str, query: str) -> None:
    assert path_of(location(browser.get(f"/activate/{page}{query}"))) == "/activate"
    assert browser.submit(f"/activate/{page}{query}", FORM).status_code == 400


def test_after_the_end_nothing_is_done_again(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    assert walker.details().status_code == 303
    for page in PAGES:
        assert path_of(location(walker.browser.get(other(walker, page)))) == "/activate"
        assert walker.browser.submit(other(walker, page), FORM).status_code == 400
    assert site.one("SELECT COUNT(*) FROM party") == 2


def test_a_result_serves_one_journey_once(site: Site, walker: Walker) -> None:
    add_old(site)
    back = walker.begin().judged()
    assert path_of(location(walker.browser.get(back))) == "/activate/found"
    assert path_of(location(walker.browser.get(back))) == "/activate/found"
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:activation:found'") == 1
    second = Walker(walker.browser)
    second.site.execute("UPDATE flow SET ended_at = 1")
    second.begin()
    at_face(second)
    replayed = walker.browser.get(f"{second.at}&check={walker.check}")
    assert replayed.status_code == 200
    assert "has ended or has expired" in replayed.text


def test_a_result_of_somebody_else_opens_nothing(site: Site, walker: Walker) -> None:
    add_old(site)
    own = walker.begin(STRANGER).judged()
    at_face(walker)
    swapped = walker.browser.get(f"{walker.at}&check={own.partition('check=')[2]}")
    assert swapped.status_code == 200
    assert states(site) == {"leg_1": "imported"}


def test_a_check_that_was_not_judged_opens_nothing(site: Site, walker: Walker) -> None:
    add_old(site)
    at_face(walker)
    assert walker.browser.get(f"{walker.at}&check={walker.check}").status_code == 200
    assert states(site) == {"leg_1": "imported"}


def test_the_code_of_another_purpose_proves_no_phone(site: Site, walker: Walker) -> None:
    add_old(site)
    at_code(walker)
    own = site.text_code()
    walker.browser.submit("/register", {"phone": OLD_PHONE})
    foreign = site.text_code()
    if foreign != own:
        assert walker.browser.submit(walker.at, {"code": foreign}).status_code == 422
    assert states(site) == {"leg_1": "face_passed"}


def test_of_two_at_once_one_has_the_account(site: Site, walker: Walker) -> None:
    add_old(site)
    walker.to_details()
    passwords = [f"Velvet{n}Anchor44" for n in range(4)]
    page = walker.browser.get(walker.at).text
    versions = page.partition('name="agreement_versions"')[2].partition('value="')[2].partition('"')[0]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    cookies = [walker.browser.client.get_cookie(name) for name in ("tb_browser", "tb_csrf")]

    def run(password: str) -> TestResponse:
        client = site.app.test_client()
        for cookie in filter(None, cookies):
            client.set_cookie(cookie.key, cookie.value)
        form = {"password": password, "agreements": "yes", "agreement_versions": versions, "csrf_token": token[1]}
        return client.post(walker.at, data=form)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(run, passwords))
    assert sorted(answer.status_code for answer in answers)[0] == 303
    assert sum(answer.status_code == 303 for answer in answers) == 1
    assert all(answer.status_code in (303, 400, 409) for answer in answers)
    won = passwords[[answer.status_code for answer in answers].index(303)]
    for password in passwords:
        status = site.browser().submit("/signin", {"identifier": NUMBER, "password": password}).status_code
        assert (status == 303) == (password == won)


# -- what nobody learns


def trace(site: Site, who: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str], str]]:
    """What naming somebody, looking and going to the check without passing it do and show."""
    walker, seen = Walker(site.browser()), []
    walker.browser.get("/signin")

    def note(act: Callable[[], TestResponse]) -> TestResponse:
        with counted(monkeypatch) as statements:
            answer = act()
        page = answer.headers.get("Location", "") + answer.text
        for name in (who["name"], who["number"]):
            assert name not in page
        page = re.sub(r"(flw|chk)_\w+", "", page)
        page = re.sub(r'(csrf_token" value="|(id="reference"|<b class="number"|<dd) translate="no">)[^"<]+', "", page)
        page = re.sub(r"[*\w]*\*[*\w]*", "", page)
        seen.append((answer.status_code, statements, page))
        return answer

    begun = note(lambda: walker.browser.submit("/activate", who))
    check = location(begun)
    note(lambda: walker.browser.get(check))
    key = path_of(check).removeprefix("/check/")
    back = str(site.one("SELECT back FROM outside_check WHERE id = :id", id=key))
    note(lambda: walker.browser.get(back))
    for page in ("found", "phone", "details"):
        note(lambda page=page: walker.browser.get(back.replace("/face?", f"/{page}?")))
    note(lambda: walker.browser.get(f"{back}&check={key}"))
    note(lambda: walker.browser.submit(check, {"consent": "2026-11-01"}))
    note(lambda: walker.browser.get(f"{check}/wait"))
    return seen


def test_active_waiting_and_unknown_are_one_and_the_same_before_the_face_has_passed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_document(site.provider, site.party(), now=site.now())
    add_old(site)
    add_old(site, "leg_2", ENTITY)
    trace(site, UNKNOWN, monkeypatch)  # whatever is made on first use
    unknown = trace(site, UNKNOWN | {"number": "110105194912310054"}, monkeypatch)
    assert trace(site, KNOWN, monkeypatch) == unknown
    assert trace(site, WHO, monkeypatch) == unknown
    assert states(site) == {"leg_1": "imported", "leg_2": "imported"}


def test_name_number_and_credit_code_yield_nothing_at_the_other_doors(site: Site) -> None:
    def doors(sign_in: str, recover: str) -> list[tuple[int, str]]:
        browser = site.browser()
        answers = [
            browser.submit("/signin", {"identifier": sign_in, "password": PASSWORD}),
            browser.submit("/recover", {"identifier": recover}),
            browser.get("/activate"),
        ]
        texts = [re.sub(r'value="[^"]*"|translate="no">[^<]*|f=\w+', "", one.text) for one in answers]
        shown = [
            one.headers.get("Location", "").partition("?")[0] + text for one, text in zip(answers, texts, strict=True)
        ]
        return [(one.status_code, text) for one, text in zip(answers, shown, strict=True)]

    add_old(site)
    add_old(site, "leg_2", ENTITY)
    assert PERSON.document is not None
    unknown = doors("110105194912310054", "110105194912310054")
    for known in (NUMBER, CODE):
        before = len(site.outbox("sms"))
        found = doors(known, known)
        assert [status for status, _ in found] == [status for status, _ in unknown]
        assert found == unknown
        assert len(site.outbox("sms")) == before
        assert "1111" not in str(found)
