"""Changing the phone, and taking over a number that another account has (trust 7)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from idp.accounts.actions import Unknown
from idp.accounts.rules import Mobile
from idp.cli.maintenance import purge_all
from idp.proofing.actions import add_evidence, ial
from tests.provider import NAME, PASSWORD, PHONE, Browser, Site, add_person

NEW = "13900005555"
OTHER = "13898760002"
DAY = 86400
FRESH = 301
times = st.integers(0, 2**40)


def location(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return urlsplit(answer.headers["Location"]).path


def journey_of(answer: TestResponse) -> str:
    return parse_qs(urlsplit(answer.headers["Location"]).query)["f"][0]


def begin(browser: Browser, phone: str = NEW) -> str:
    answer = browser.submit("/account/phone", {"phone": phone})
    assert location(answer) == "/account/phone/code"
    return journey_of(answer)


def prove(browser: Browser, journey: str) -> TestResponse:
    return browser.submit(f"/account/phone/code?f={journey}", {"code": browser.site.text_code()})


def confirm(browser: Browser, journey: str) -> TestResponse:
    return browser.submit(f"/account/phone/confirm?f={journey}", {"confirm": "yes"})


def change(browser: Browser, phone: str = NEW) -> None:
    done = prove(browser, begin(browser, phone))
    assert location(done) == "/account/profile"
    assert browser.get(done.headers["Location"]).status_code == 200


def phone_of(site: Site, party: str) -> str | None:
    with site.provider.database.autocommit() as tx:
        mobile = site.provider.directory.person(tx, party).mobile
    return mobile.value if mobile else None


def test_a_new_number_is_bound_by_its_code_and_the_old_one_is_told_and_free(site: Site, signed_in: Browser) -> None:
    party = site.party()
    change(signed_in)
    assert phone_of(site, party) == NEW
    told = {message["template"]: message for message in site.outbox("sms")}
    numbers = {template: message["to"].removeprefix("+86") for template, message in told.items()}
    assert numbers == {"bind_code": NEW, "phone_replaced": PHONE, "phone_bound": NEW}
    assert told["phone_replaced"]["params"]["tail"] == NEW[-4:]
    site.browser().sign_in(NEW)
    assert site.browser().submit("/signin", {"identifier": PHONE, "password": PASSWORD}).status_code == 422
    with site.provider.database.autocommit() as tx:
        assert site.provider.directory.lookup(tx, Mobile(PHONE)) == Unknown()
    assert site.one("SELECT COUNT(*) FROM party_event") == 0
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:phone:changed'") == 1
    assert NEW[-4:] in signed_in.get("/account/profile").text


def test_who_signed_in_a_while_ago_signs_in_again_first(site: Site, signed_in: Browser) -> None:
    site.later = FRESH
    for answer in (signed_in.get("/account/phone"), signed_in.submit("/account/phone", {"phone": NEW})):
        assert location(answer) == "/signin"
        assert "next=/account/phone" in answer.headers["Location"]
    assert site.outbox() == []
    back = signed_in.submit(answer.headers["Location"], {"identifier": NAME, "password": PASSWORD})
    assert location(back) == "/account/phone"
    change(signed_in)


def test_who_has_two_factors_beside_the_phone_needs_both(site: Site, signed_in: Browser) -> None:
    with site.provider.database.transaction() as tx:
        codes = site.provider.factors.recovery_codes.make(tx, party_id=site.party(), now=site.now())
    first = signed_in.submit("/account/phone", {"phone": NEW})
    assert location(first) == "/signin/confirm"
    signed_in.submit(first.headers["Location"] + "&by=recovery_code", {"recovery_code": codes[0]})
    change(signed_in)


def test_a_new_phone_is_no_second_factor_for_changing_how_one_signs_in(site: Site, signed_in: Browser) -> None:
    change(signed_in)
    browser = site.browser().sign_in(NEW)
    page = browser.submit("/signin/confirm?by=sms", {"send": "yes"}).headers["Location"]
    assert browser.submit(page, {"code": site.text_code()}).status_code == 303
    for path in ("/account/methods/passkey", "/account/methods/totp"):
        assert browser.get(path).headers["Location"] == "/account/methods?done=methods_held"
    site.later = DAY + 60
    browser = site.browser().sign_in(NEW)
    page = browser.submit("/signin/confirm?by=sms", {"send": "yes"}).headers["Location"]
    browser.submit(page, {"code": site.text_code()})
    assert browser.get("/account/methods/passkey").status_code == 200


def test_another_code_needs_a_fresh_sign_in_too(site: Site, signed_in: Browser) -> None:
    journey = begin(signed_in)
    again = signed_in.submit(f"/account/phone/code?f={journey}", {"resend": "yes"})
    assert location(again) == "/account/phone/code"
    site.later = FRESH
    assert location(signed_in.submit(f"/account/phone/code?f={journey}", {"resend": "yes"})) == "/account/phone"
    assert len(site.outbox("sms")) == 2


@pytest.mark.parametrize("phone", ["", "12345", PHONE, f"+86 {PHONE}"])
def test_what_is_no_new_number_gets_no_code(site: Site, signed_in: Browser, phone: str) -> None:
    assert signed_in.submit("/account/phone", {"phone": phone}).status_code == 422
    assert site.outbox() == []


# -- holds


def test_after_a_change_the_next_one_waits_and_the_page_says_until_when(site: Site, signed_in: Browser) -> None:
    change(signed_in)
    page = signed_in.get("/account/phone")
    assert "<time" in page.text
    assert 'name="phone"' not in page.text
    assert signed_in.submit("/account/phone", {"phone": OTHER}).status_code == 422
    site.later = 72 * 3600 - 60
    assert site.browser().sign_in(NAME).submit("/account/phone", {"phone": OTHER}).status_code == 422
    site.later = 72 * 3600 + 1
    change(site.browser().sign_in(NAME), OTHER)


def test_a_change_begun_before_another_was_done_comes_too_late(site: Site, signed_in: Browser) -> None:
    elsewhere = site.browser().sign_in()
    journey = begin(elsewhere, OTHER)
    code = site.text_code()
    change(signed_in)
    late = elsewhere.submit(f"/account/phone/code?f={journey}", {"code": code})
    assert late.status_code == 409
    assert phone_of(site, site.party(NEW)) == NEW


def test_a_new_phone_alone_sets_no_password_for_a_day(site: Site, signed_in: Browser) -> None:
    change(signed_in)

    def recover() -> TestResponse:
        browser = site.browser()
        asked = browser.submit("/recover", {"identifier": NAME})
        assert location(asked) == "/recover/code"
        return browser.submit(asked.headers["Location"], {"code": site.text_code()})

    held = recover()
    assert held.status_code == 403
    assert 'href="/signin"' in held.text
    new = "Velvet3Anchor44"
    changed = signed_in.submit("/account/password", {"current_password": PASSWORD, "new_password": new})
    assert location(changed) == "/account/password"  # by signing in it goes
    site.later = 24 * 3600 + 1
    assert location(recover()) == "/recover/password"


def test_holds_that_are_over_are_thrown_away(site: Site, signed_in: Browser) -> None:
    change(signed_in)
    provider = site.provider

    def left(later: int) -> int:
        purge_all(provider.database, provider.settings, provider.passwords.policy, now=site.now() + later)
        return int(site.one("SELECT COUNT(*) FROM party_hold"))

    assert [left(later) for later in (0, 25 * 3600, 73 * 3600)] == [3, 1, 0]


# -- steps


@pytest.mark.parametrize("path", ["/account/phone/code", "/account/phone/confirm"])
@pytest.mark.parametrize("query", ["", "?f=flw_nobody"])
def test_a_step_without_its_journey_begins_again(signed_in: Browser, path: str, query: str) -> None:
    assert location(signed_in.get(path + query)) == "/account/phone"
    assert signed_in.submit(path + query, {"code": "123456", "confirm": "yes"}).status_code == 400


def test_a_number_is_not_confirmed_before_its_code(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER, None)
    journey = begin(signed_in, OTHER)
    assert confirm(signed_in, journey).status_code == 400
    assert location(signed_in.get(f"/account/phone/confirm?f={journey}")) == "/account/phone/code"


def test_nobody_else_goes_on_with_a_change(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER, None)
    journey = begin(signed_in)
    code = site.text_code()
    elsewhere = site.browser().sign_in(OTHER)
    assert elsewhere.submit(f"/account/phone/code?f={journey}", {"code": code}).status_code == 400
    signed_in.sign_in(OTHER)  # another person in the browser that began
    assert signed_in.submit(f"/account/phone/code?f={journey}", {"code": code}).status_code == 400
    assert phone_of(site, site.party()) == PHONE


def test_a_change_ends_with_its_end(site: Site, signed_in: Browser) -> None:
    journey = begin(signed_in)
    code = site.text_code()
    prove(signed_in, journey)
    assert signed_in.submit(f"/account/phone/code?f={journey}", {"code": code}).status_code == 400


# -- numbers of other accounts


def give(site: Site, party: str, *levels: int) -> None:
    with site.provider.database.transaction() as tx:
        for level in levels:
            add_evidence(tx, party, kind=f"of-{level}", level=level, source="test", expires_at=None, now=site.now())


def level(site: Site, party: str) -> int:
    with site.provider.database.autocommit() as tx:
        return ial(tx, party, now=site.now())


def test_asking_for_a_number_looks_the_same_whether_somebody_has_it_or_not(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER, None)

    def asked(phone: str) -> tuple[int, str]:
        answer = signed_in.submit("/account/phone", {"phone": phone})
        page = signed_in.get(answer.headers["Location"]).text
        return answer.status_code, page[page.index("<h1") : page.index("<form")].replace(phone[-4:], "")[:600]

    first, second = asked(OTHER), asked(NEW)
    assert first[0] == second[0]
    assert first[1].replace(OTHER[:3], "") == second[1].replace(NEW[:3], "")


def test_a_number_that_was_proved_leaves_the_account_that_had_it(site: Site, signed_in: Browser) -> None:
    old, taker = add_person(site.provider, OTHER, "other_lamp"), site.party()
    give(site, old, 2)
    journey = begin(signed_in, OTHER)
    assert location(prove(signed_in, journey)) == "/account/phone/confirm"
    assert phone_of(site, old) == OTHER
    assert signed_in.get(f"/account/phone/confirm?f={journey}").status_code == 200
    assert location(confirm(signed_in, journey)) == "/account/profile"
    assert (phone_of(site, old), phone_of(site, taker)) == (None, OTHER)
    assert level(site, old) == 1
    assert site.one("SELECT kind FROM party_event WHERE party_id = :p", p=old) == "identifier-recycled"
    assert site.one("SELECT detail FROM party_event") == '{"identifier":"mobile"}'
    assert site.one("SELECT COUNT(*) FROM party_event WHERE delivered_at IS NULL") == 1
    mine = site.browser().sign_in("other_lamp")  # it keeps everything else
    assert 'href="/account/phone"' in mine.get("/account").text
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:phone:released' AND subject = :p", p=old)
    change(mine, NEW)
    assert 'href="/account/phone"' not in mine.get("/account").text


def test_evidence_that_stands_by_itself_stays(site: Site, signed_in: Browser) -> None:
    old = add_person(site.provider, OTHER, "other_lamp")
    give(site, old, 2, 3)
    journey = begin(signed_in, OTHER)
    prove(signed_in, journey)
    confirm(signed_in, journey)
    assert level(site, old) == 3
    assert site.one("SELECT COUNT(*) FROM evidence WHERE ended_at IS NOT NULL") == 1


def test_who_declines_takes_nothing(site: Site, signed_in: Browser) -> None:
    old = add_person(site.provider, OTHER, None)
    journey = begin(signed_in, OTHER)
    prove(signed_in, journey)
    assert signed_in.submit(f"/account/phone/confirm?f={journey}", {}).status_code == 200
    assert phone_of(site, old) == OTHER
    assert phone_of(site, site.party()) == PHONE


@pytest.mark.parametrize("held_before", [True, False])
def test_of_two_accounts_that_take_one_number_one_gets_it(site: Site, signed_in: Browser, held_before: bool) -> None:
    add_person(site.provider, "13700000003", "third_lamp")
    if held_before:
        old = add_person(site.provider, OTHER, "other_lamp")
    rivals = [signed_in, site.browser().sign_in("third_lamp")]
    journeys = [begin(rival, OTHER) for rival in rivals]
    codes = [m["params"]["code"] for m in site.outbox("sms") if m["template"] == "bind_code"]
    acts: list[Callable[[], TestResponse]] = []
    for rival, journey, code in zip(rivals, journeys, codes, strict=True):
        if held_before:
            page = f"/account/phone/code?f={journey}"
            assert location(rival.submit(page, {"code": code})) == "/account/phone/confirm"
            acts.append(lambda r=rival, j=journey: confirm(r, j))
        else:
            acts.append(lambda r=rival, j=journey, c=code: r.submit(f"/account/phone/code?f={j}", {"code": c}))
    with ThreadPoolExecutor(2) as pool:
        states = sorted(pool.map(lambda act: act().status_code, acts))
    if not held_before and states == [303, 303]:  # one was done before the other began: it is asked first
        assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:phone:changed'") == 1
    else:
        assert states == [303, 409]
    assert site.one("SELECT COUNT(*) FROM party_identifier WHERE kind = 'mobile'") == 2
    if held_before:
        assert phone_of(site, old) is None
        assert site.one("SELECT COUNT(*) FROM party_event") == 1


def test_a_number_that_was_taken_meanwhile_is_not_taken_from_its_new_owner(site: Site, signed_in: Browser) -> None:
    add_person(site.provider, OTHER, None)
    third = add_person(site.provider, "13700000003", "third_lamp")
    late = begin(signed_in, OTHER)
    prove(signed_in, late)
    quick = site.browser().sign_in("third_lamp")
    journey = begin(quick, OTHER)
    prove(quick, journey)
    confirm(quick, journey)
    assert confirm(signed_in, late).status_code == 409
    assert phone_of(site, third) == OTHER


# -- the user name


def test_a_user_name_is_chosen_once(site: Site, browser: Browser) -> None:
    party = add_person(site.provider, OTHER, None)
    browser.sign_in(OTHER)
    assert browser.get("/account/user-name").status_code == 200
    for wrong in ("", "1x", "short", NAME):
        assert browser.submit("/account/user-name", {"user_name": wrong}).status_code == 422
    done = browser.submit("/account/user-name", {"user_name": "Quiet_Harbour"})
    assert location(done) == "/account/profile"
    assert browser.get(done.headers["Location"]).status_code == 200
    site.browser().sign_in("quiet_harbour")
    assert browser.submit("/account/user-name", {"user_name": "another_name"}).status_code == 422
    assert 'name="user_name"' not in browser.get("/account/user-name").text
    assert site.one("SELECT COUNT(*) FROM party_identifier WHERE party_id = :p AND kind = 'user_name'", p=party) == 1
    assert site.one("SELECT COUNT(*) FROM audit_event WHERE event = 'person:user_name:set'") == 1


def test_of_two_user_names_chosen_at_once_one_is_set(site: Site) -> None:
    party = add_person(site.provider, OTHER, None)
    browsers = [site.browser().sign_in(OTHER) for _ in range(4)]
    for browser in browsers:
        browser.get("/signin")

    def choose(number: int) -> int:
        return browsers[number].submit("/account/user-name", {"user_name": f"harbour_{number}"}).status_code

    with ThreadPoolExecutor(4) as pool:
        states = sorted(pool.map(choose, range(4)))
    assert states == [303, 422, 422, 422]
    assert site.one("SELECT COUNT(*) FROM party_identifier WHERE party_id = :p AND kind = 'user_name'", p=party) == 1
