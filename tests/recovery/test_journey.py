"""A forgotten password over HTTP: steps cannot be skipped, repeated, swapped between browsers or continued after the
end, and nothing tells known from unknown."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.test import TestResponse

from idp.crypto.fields import FieldCipher
from idp.db import Statement
from tests.provider import CALLBACK, NAME, PASSWORD, PHONE, Browser, Site, add_document, add_person, claims_of
from tests.signin.factors import add_totp, code_now, make_codes, prove_two
from tests.statements import noted

UNKNOWN = "13900008888"
NEW = "Velvet3Anchor44"


def location(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def journey_of(answer: TestResponse) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["f"][0]


def begin(browser: Browser, identifier: str = PHONE) -> str:
    answer = browser.submit("/recover", {"identifier": identifier})
    assert location(answer) == "/recover/code"
    return journey_of(answer)


def prove(browser: Browser, journey: str) -> TestResponse:
    return browser.submit(f"/recover/code?f={journey}", {"code": browser.site.text_code()})


def choose(browser: Browser, journey: str, password: str = NEW) -> TestResponse:
    return browser.submit(f"/recover/password?f={journey}", {"new_password": password})


def recover(browser: Browser, identifier: str = PHONE, password: str = NEW) -> None:
    journey = begin(browser, identifier)
    assert location(prove(browser, journey)) == "/recover/password"
    assert location(choose(browser, journey, password)) == "/signin"


def test_the_new_password_does_not_tell_the_name_or_the_birth_date(site: Site, browser: Browser) -> None:
    add_document(site.provider, site.party(), now=site.now())
    journey = begin(browser)
    prove(browser, journey)
    for password in ("OuyangQinglan-8", "Lamp19491231Moss"):
        refused = choose(browser, journey, password)
        assert refused.status_code == 422
        assert "must not tell of you" in refused.text
    assert location(choose(browser, journey)) == "/signin"


@pytest.mark.parametrize("identifier", [PHONE, f"+86 {PHONE}", NAME, NAME.upper()])
def test_a_code_to_the_phone_on_file_sets_a_password_and_signs_nobody_in(
    site: Site, browser: Browser, identifier: str
) -> None:
    recover(browser, identifier)
    assert not browser.signed_in
    assert site.browser().submit("/signin", {"identifier": PHONE, "password": PASSWORD}).status_code == 422
    site.browser().sign_in(PHONE, NEW)
    assert [m["to"] for m in site.outbox("sms")] == [f"+86{PHONE}"] * 2
    assert [m["template"] for m in site.outbox("sms")] == ["recover_code", "password_reset"]


def test_the_sign_in_page_leads_there_also_when_the_password_is_locked(site: Site, browser: Browser) -> None:
    assert 'href="/recover' in browser.get("/signin").text
    for _ in range(10):
        refused = browser.submit("/signin", {"identifier": PHONE, "password": "Mistaken9Lamp"})
    locked = browser.submit("/signin", {"identifier": PHONE, "password": PASSWORD})
    assert all('href="/recover' in page.text for page in (refused, locked))
    recover(browser)
    site.browser().sign_in(PHONE, NEW)  # the lock is lifted
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:password:unlocked'") == 1


def test_the_request_one_came_with_is_carried_through(site: Site, browser: Browser) -> None:
    key = parse_qs(urlsplit(browser.ask().headers["Location"]).query)["r"][0]
    assert f"/recover?r={key}" in browser.get(f"/signin?r={key}").text
    asked = browser.submit(f"/recover?r={key}", {"identifier": PHONE})
    proved = browser.submit(asked.headers["Location"], {"code": site.text_code()})
    done = browser.submit(proved.headers["Location"], {"new_password": NEW})
    assert f"r={key}" in done.headers["Location"]
    signed_in = browser.submit(done.headers["Location"], {"identifier": PHONE, "password": NEW})
    assert browser.get(signed_in.headers["Location"]).headers["Location"].startswith(CALLBACK)


def test_everything_that_was_signed_in_is_signed_out_and_told(site: Site, signed_in: Browser) -> None:
    elsewhere = site.browser().sign_in()
    held, other = signed_in.tokens(scope="openid profile"), elsewhere.tokens("post")
    recover(site.browser())
    assert [one.signed_in for one in (signed_in, elsewhere)] == [False, False]
    assert site.userinfo(held["access_token"]).status_code == 401
    for client_id, tokens in (("app", held), ("post", other)):
        assert site.refresh(tokens["refresh_token"], client_id).status_code == 400
    assert sorted(notice["client_id"] for notice in site.outbox("logout")) == ["app", "post"]
    assert site.one("SELECT COUNT(*) FROM session WHERE end_reason = 'password-reset'") == 2


def test_offline_grants_end_too(site: Site, signed_in: Browser) -> None:
    held = signed_in.tokens()
    with site.provider.database.transaction() as tx:
        tx.run(Statement("UPDATE authorization_grant SET offline = 1", int))
    site.later = 3700
    assert not signed_in.signed_in  # idle: the offline grant outlives its session
    assert site.refresh(held["refresh_token"]).status_code == 200
    held = site.one("SELECT COUNT(*) FROM authorization_grant WHERE revoked_at IS NULL")
    assert held == 1
    recover(site.browser())
    assert site.one("SELECT COUNT(*) FROM authorization_grant WHERE revoked_at IS NULL") == 0
    assert site.one("SELECT revoke_reason FROM authorization_grant") == "password-reset"


def test_an_account_without_a_password_gets_one_the_same_way(site: Site, browser: Browser) -> None:
    with site.provider.database.transaction() as tx:
        tx.run(Statement("DELETE FROM password", int))
    recover(browser)
    site.browser().sign_in(PHONE, NEW)


@pytest.mark.parametrize("password", ["", "short1", f"x{PHONE}x", f"x{NAME}x", "x" * 300])
def test_a_password_that_does_not_do_changes_nothing_and_leaves_the_step_open(
    site: Site, browser: Browser, password: str
) -> None:
    journey = begin(browser)
    prove(browser, journey)
    refused = choose(browser, journey, password)
    assert refused.status_code == 422
    assert not password or password not in refused.text
    site.browser().sign_in()
    assert location(choose(browser, journey)) == "/signin"


# -- steps


def test_the_password_is_not_reached_before_the_code(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    assert location(browser.get(f"/recover/password?f={journey}")) == "/recover/code"
    assert choose(browser, journey).status_code == 400
    site.browser().sign_in()


@pytest.mark.parametrize("path", ["/recover/code", "/recover/password"])
@pytest.mark.parametrize("query", ["", "?f=", "?f=flw_nobody"])
def test_a_step_without_its_journey_begins_again(browser: Browser, path: str, query: str) -> None:
    assert location(browser.get(path + query)) == "/recover"
    assert browser.submit(path + query, {"code": "123456", "new_password": NEW}).status_code == 400


def test_a_code_step_done_is_not_done_again(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    code = site.text_code()
    prove(browser, journey)
    again = browser.submit(f"/recover/code?f={journey}", {"code": code})
    assert again.status_code == 400
    assert f"/recover/password?f={journey}" in again.text
    assert location(browser.get(f"/recover/code?f={journey}")) == "/recover/password"


def test_another_browser_cannot_take_the_journey_over(site: Site, browser: Browser) -> None:
    journey, thief = begin(browser), site.browser()
    assert prove(thief, journey).status_code == 400
    assert location(prove(browser, journey)) == "/recover/password"
    assert choose(thief, journey).status_code == 400
    assert location(thief.get(f"/recover/password?f={journey}")) == "/recover"
    site.browser().sign_in()


def test_a_journey_ends_with_its_password_and_with_its_time(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    prove(browser, journey)
    site.later = site.provider.settings.session.flow
    assert choose(browser, journey).status_code == 400
    site.later = 0
    assert location(choose(browser, journey)) == "/signin"
    assert choose(browser, journey, "Another5Harbour").status_code == 400
    site.browser().sign_in(PHONE, NEW)


@pytest.mark.parametrize("other", ["/register/code", "/register/details", "/account/phone/code"])
def test_a_journey_of_one_kind_goes_nowhere_else(site: Site, signed_in: Browser, other: str) -> None:
    journey = begin(signed_in)
    answer = signed_in.submit(f"{other}?f={journey}", {"code": site.text_code()})
    assert answer.status_code == 400 or location(answer) == "/register"


def test_of_two_new_passwords_sent_at_once_one_is_set(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    prove(browser, journey)
    chosen = [f"Velvet3Anchor{number}" for number in range(4)]
    browser.get("/signin")
    cookies = {name: browser.client.get_cookie(name) for name in ("tb_browser", "tb_csrf")}

    def send(password: str) -> int:
        twin = site.browser()
        for name, cookie in cookies.items():
            assert cookie is not None
            twin.client.set_cookie(name, cookie.value)
        return choose(twin, journey, password).status_code

    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(send, chosen))
    assert sorted(states) == [303, 400, 400, 400]
    site.browser().sign_in(PHONE, chosen[states.index(303)])


def test_a_code_sent_for_something_else_does_not_recover(site: Site, browser: Browser) -> None:
    browser.submit("/signin/code", {"identifier": PHONE})
    other = site.text_code()
    journey = begin(browser)
    if site.text_code() != other:
        assert browser.submit(f"/recover/code?f={journey}", {"code": other}).status_code == 422


def test_a_new_code_makes_the_one_before_useless(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    first = site.text_code()
    again = browser.submit(f"/recover/code?f={journey}", {"resend": "yes"})
    assert location(again) == "/recover/code"
    assert browser.get(again.headers["Location"]).status_code == 200
    second = site.text_code()
    if first != second:
        assert browser.submit(f"/recover/code?f={journey}", {"code": first}).status_code == 422
    assert location(prove(browser, journey)) == "/recover/password"


def test_five_wrong_answers_end_a_code(site: Site, browser: Browser) -> None:
    journey = begin(browser)
    right = site.text_code()
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        assert browser.submit(f"/recover/code?f={journey}", {"code": wrong}).status_code == 422
    assert browser.submit(f"/recover/code?f={journey}", {"code": right}).status_code == 422


# -- nobody learns who exists


@pytest.mark.parametrize("typed", ["", "1234", "no~identifier~at~all", "x" * 65])
def test_what_can_be_no_identifier_gets_no_code(site: Site, browser: Browser, typed: str) -> None:
    assert browser.submit("/recover", {"identifier": typed}).status_code == 422
    assert site.outbox() == []


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that run meanwhile."""
    with monkeypatch.context() as patched:
        yield noted(patched)


def trace(site: Site, identifier: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, list[str], str]]:
    """What asking, looking, wrong answers and another code do and show."""
    browser, seen = site.browser(), []
    browser.get("/signin")

    def note(act):
        with counted(monkeypatch) as statements:
            answer = act()
        page = answer.headers.get("Location", "").split("?")[0] + answer.text
        page = re.sub(
            r'flw_\w+|(csrf_token" value="|(id="reference"|<b class="number") translate="no">)[^"<]+', "", page
        )
        seen.append((answer.status_code, statements, page.replace(identifier, "")))
        return answer

    asked = note(lambda: browser.submit("/recover", {"identifier": identifier}))
    page = asked.headers["Location"]
    note(lambda: browser.get(page))
    wrong = "000000" if site.text_code() != "000000" else "111111"
    for _ in range(6):
        note(lambda: browser.submit(page, {"code": wrong}))
    note(lambda: browser.submit(page, {"resend": "yes"}))
    note(lambda: browser.submit("/recover/password?" + urlsplit(page).query, {"new_password": NEW}))
    return seen


@pytest.mark.parametrize(("known", "unknown"), [(PHONE, UNKNOWN), (NAME, "nobody_here")])
def test_known_and_unknown_run_the_same_statements_and_read_the_same(
    site: Site, monkeypatch: pytest.MonkeyPatch, known: str, unknown: str
) -> None:
    trace(site, "13900009999", monkeypatch)  # what a process does once is done then
    before = len(site.outbox())
    first = trace(site, known, monkeypatch)
    between = len(site.outbox())
    second = trace(site, unknown, monkeypatch)
    assert between - before == len(site.outbox()) - between == 2
    for one, other in zip(first, second, strict=True):
        assert one == other
    assert all(statements for _, statements, _ in first)
    assert len(first[0][1]) > 5


@contextmanager
def limited(site: Site) -> Iterator[None]:
    """With the limits of messages to one number that installations have."""
    sms = site.provider.codes
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sms, "_policy", type(sms._policy)(60, 10))
        yield


def orders(site: Site, path: str, form: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What ordering thrice within a minute does and shows, then a wrong answer to each."""
    seen: list[tuple[object, ...]] = []
    browsers = [site.browser() for _ in range(3)]
    pages = []
    for browser in browsers:
        browser.get("/signin")
        with counted(monkeypatch) as statements:
            pages.append(browser.submit(path, form).headers["Location"])
        seen.append((pages[-1].split("?")[0], statements))
    for browser, page in zip(browsers, pages, strict=True):
        with counted(monkeypatch) as statements:
            wrong = browser.submit(page, {"code": "000000"})
        seen.append((wrong.status_code, "not right" in wrong.text, statements))
    return seen


@pytest.mark.parametrize(("known", "unknown"), [(NAME, "nobody_here"), ("11010519491231002X", "440524198001010013")])
@pytest.mark.parametrize("busy", [False, True])
def test_ordering_again_within_a_minute_tells_nothing_of_a_name_or_document(
    site: Site, monkeypatch: pytest.MonkeyPatch, known: str, unknown: str, busy: bool
) -> None:
    """``busy``: the phone has just had a message its owner asked for."""
    add_document(site.provider, site.party(), now=site.now())
    trace(site, "13900009999", monkeypatch)  # what a process does once is done then
    with limited(site):
        if busy:
            site.browser().submit("/signin/code", {"identifier": PHONE})
        first = orders(site, "/recover", {"identifier": known}, monkeypatch)
        second = orders(site, "/recover", {"identifier": unknown}, monkeypatch)
    if busy:  # then alone a first order has one more message to nobody
        first[0] = second[0]
    assert first == second
    assert [one[:2] for one in first[3:]] == [(422, True)] * 3
    assert len(site.outbox("sms")) == 1


def test_known_and_unknown_cost_the_same_hashes(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    hasher = site.provider.passwords._hasher
    monkeypatch.setattr(hasher, "hash", lambda _: hashed.append("hash") or "x")
    monkeypatch.setattr(hasher, "matches", lambda *_: bool(hashed.append("match")))
    for identifier in (PHONE, NAME, UNKNOWN, "nobody_here"):
        trace(site, identifier, monkeypatch)
    assert hashed == []


def test_asking_opens_as_many_fields_for_known_and_unknown(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    whole = FieldCipher.open

    def opening(cipher: FieldCipher, blob: bytes, *, context: str) -> str:
        opened.append(context.partition(":")[0])
        return whole(cipher, blob, context=context)

    monkeypatch.setattr(FieldCipher, "open", opening)
    seen = []
    for identifier in (PHONE, NAME, UNKNOWN, "nobody_here"):
        visitor = site.browser()
        visitor.get("/recover")
        opened.clear()
        assert visitor.submit("/recover", {"identifier": identifier}).status_code == 303
        seen.append(list(opened))
    assert seen == [["party_identifier.sealed"]] * 4


@pytest.mark.parametrize("identifier", [UNKNOWN, "nobody_here"])
def test_the_code_of_an_account_that_does_not_exist_leads_nowhere(
    site: Site, browser: Browser, identifier: str
) -> None:
    journey = begin(browser, identifier)
    assert site.outbox("sms") == []
    assert prove(browser, journey).status_code == 422
    assert choose(browser, journey).status_code == 400


def test_messages_to_nobody_are_limited_like_others(site: Site) -> None:
    with limited(site):
        for identifier in (NAME, "nobody_here"):
            for _ in range(3):  # that the account's number has had a message is nobody's business
                assert site.browser().submit("/recover", {"identifier": identifier}).status_code == 303
        assert len(site.outbox("sms")) == 1
        assert site.browser().submit("/recover", {"identifier": PHONE}).status_code == 422
        assert site.browser().submit("/recover", {"identifier": UNKNOWN}).status_code == 303
        assert site.browser().submit("/recover", {"identifier": UNKNOWN}).status_code == 422


def test_whose_phone_it_is_cannot_be_found_out_by_ordering_messages_to_it(site: Site) -> None:
    answers = []
    with limited(site):
        site.browser().submit("/signin/code", {"identifier": PHONE})
        for identifier in (NAME, "nobody_here"):
            browser = site.browser()
            asked = browser.submit("/recover", {"identifier": identifier})
            page = asked.headers["Location"]
            wrong = browser.submit(page, {"code": "000000"})
            again = browser.submit(page, {"resend": "yes"})
            answers.append((asked.status_code, wrong.status_code, "not right" in wrong.text, again.status_code))
    assert answers[0] == answers[1] == (303, 422, True, 303)


@pytest.mark.parametrize("identifier", [PHONE, NAME])
def test_the_number_is_not_shown_before_the_code_was_right(site: Site, browser: Browser, identifier: str) -> None:
    journey = begin(browser, identifier)
    for path in (f"/recover/code?f={journey}", f"/recover/code?f={journey}&resend=yes"):
        page = browser.get(path)
        assert page.status_code == 200
        assert PHONE[-4:] not in page.text.replace(journey, "")
        assert "****" not in page.text


def test_a_person_is_not_recovered_by_anothers_phone(site: Site, browser: Browser) -> None:
    add_person(site.provider, UNKNOWN, "other_lamp")
    recover(browser, "other_lamp")
    site.browser().sign_in()
    site.browser().sign_in(UNKNOWN, NEW)


# -- what the new password is worth beside the phone that set it


@pytest.fixture
def secret(site: Site) -> str:
    """Of the authenticator app the person has had for long."""
    return add_totp(prove_two(site.browser().sign_in()))


STRONG = {"acr_values": "urn:tongban:aal:2"}


def by_text_code(browser: Browser) -> None:
    asked = browser.submit("/signin/code", {"identifier": PHONE})
    assert location(browser.submit(asked.headers["Location"], {"code": browser.site.text_code()})) == "/account"


def told(browser: Browser, **wanted: str) -> tuple[int, list[str]]:
    """Strength and methods as an app gets them."""
    claims = claims_of(browser.tokens(**wanted)["id_token"])
    return claims["aal"], claims["amr"]


@pytest.mark.parametrize("first", ["password", "code"])
def test_a_phone_and_the_password_it_has_set_are_one_factor_for_who_has_an_authenticator(
    site: Site, secret: str, first: str
) -> None:
    recover(site.browser())
    browser = site.browser()
    for _ in range(2):  # again in a session that is there, too
        if first == "password":
            browser.sign_in(PHONE, NEW)
            by_text_code(browser)
        else:
            by_text_code(browser)
            browser.sign_in(PHONE, NEW)
        aal, amr = told(browser)
        assert (aal, "mfa" in amr) == (1, False)
    assert location(browser.ask(**STRONG)) == "/signin/confirm"
    page = browser.ask(**STRONG).headers["Location"]
    assert "by=sms" not in browser.get(page).text
    assert "by=pwd" not in browser.get(page).text
    assert browser.submit(f"{page}&by=sms", {"send": "yes"}).status_code == 422  # it is the app that is asked for
    assert location(browser.submit(page, {"code": code_now(browser, secret)})) == "/continue"
    aal, amr = told(browser, **STRONG)
    assert (aal, "otp" in amr, "mfa" in amr) == (2, True, True)


def test_a_recovery_code_makes_two_factors_again(site: Site, secret: str) -> None:
    owner = site.browser().sign_in()
    owner.submit("/signin/confirm?by=otp", {"code": code_now(owner, secret)})
    codes = make_codes(owner)
    recover(site.browser())
    browser = site.browser().sign_in(PHONE, NEW)
    by_text_code(browser)
    assert told(browser)[0] == 1
    page = browser.ask(**STRONG).headers["Location"]
    browser.submit(f"{page}&by=recovery_code", {"recovery_code": codes[0]})
    assert told(browser, **STRONG)[0] == 2


def test_when_the_hold_is_over_phone_and_password_are_two_factors(site: Site, secret: str) -> None:
    recover(site.browser())
    site.later += site.provider.settings.limits.password_reset_hold + 1
    browser = site.browser().sign_in(PHONE, NEW)
    by_text_code(browser)
    assert told(browser, **STRONG)[0] == 2


def test_who_has_only_phone_and_password_goes_on_with_them(site: Site) -> None:
    recover(site.browser())
    browser = site.browser().sign_in(PHONE, NEW)
    by_text_code(browser)
    assert told(browser, **STRONG)[0] == 2
