"""Operators come in by two factors of different kinds, under a cookie of their own, after a one-time link."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest

from idp.app import create_app
from idp.console.rules import INVITATION_LIFETIME, Role
from idp.web.cookies import cookie_name
from tests.console.staff import (
    PASSWORD,
    answer_enrolment,
    enrol,
    enrolled,
    enrolling,
    invited,
    invited_anew,
    on_duty,
)
from tests.credentials.conftest import statements
from tests.provider import NAME, Browser, Site, settings_at
from tests.provider import PASSWORD as CITIZENS
from tests.registers import ScriptedRegisters

__all__ = ["statements"]


def test_there_is_no_operator_before_somebody_with_the_machine_invites_one(site: Site) -> None:
    assert site.one("SELECT COUNT(*) FROM operator") == 0
    page = site.browser().submit("/console/signin", {"name": "admin", "password": "admin"})
    assert page.status_code == 422


def test_an_enrolled_operator_signs_in_by_password_and_app(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    staff.sign_in()
    assert staff.get("/console").status_code == 200
    assert "wang.fang" in staff.get("/console").text


def test_the_password_alone_opens_nothing_but_the_second_step(site: Site) -> None:
    staff = enrolled(site, "wang.fang", *Role, sectors=("one",))
    browser = site.browser()
    assert browser.submit("/console/signin", {"name": "wang.fang", "password": PASSWORD}).status_code == 303
    assert browser.get("/console/signin/code").status_code == 200
    for path in ("/console", "/console/people", "/console/proposals", "/console/audit", "/console/clients"):
        answer = browser.get(path)
        assert answer.status_code == 303
        assert answer.headers["Location"].startswith("/console/signin?")
    wrong = browser.submit("/console/signin/code", {"code": "000000"})
    assert wrong.status_code == 422
    assert browser.get("/console").status_code == 303
    del staff


def test_the_second_step_alone_is_no_way_in(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    answer = site.browser().submit("/console/signin/code", {"code": staff.code()})
    assert answer.headers["Location"].startswith("/console/signin?")


def test_the_first_step_is_forgotten_after_five_minutes(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    browser = site.browser()
    browser.submit("/console/signin", {"name": "wang.fang", "password": PASSWORD})
    site.later += 301
    answer = browser.submit("/console/signin/code", {"code": staff.code()})
    assert answer.headers["Location"].startswith("/console/signin?")
    assert browser.get("/console").status_code == 303


def test_the_secret_of_the_cookie_is_new_after_the_second_factor_and_stored_as_a_digest(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    browser = site.browser()
    browser.submit("/console/signin", {"name": "wang.fang", "password": PASSWORD})
    first = browser.client.get_cookie("tb_op")
    browser.submit("/console/signin/code", {"code": staff.code()})
    second = browser.client.get_cookie("tb_op")
    assert first
    assert second
    assert first.value != second.value
    browser.client.set_cookie("tb_op", first.value)
    assert browser.get("/console").status_code == 303
    raw = site.directory.joinpath("idp.db").read_bytes() + site.directory.joinpath("idp.db-wal").read_bytes()
    assert second.value.encode() not in raw


def test_a_code_of_the_app_is_good_once(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    code = staff.code()
    for expected in (303, 422):
        browser = site.browser()
        browser.submit("/console/signin", {"name": "wang.fang", "password": PASSWORD})
        assert browser.submit("/console/signin/code", {"code": code}).status_code == expected


def test_known_and_unknown_names_are_answered_alike(site: Site) -> None:
    enrolled(site, "wang.fang", Role.PLATFORM)
    pages = [
        site.browser().submit("/console/signin", {"name": name, "password": "Not-the-right-1"})
        for name in ("wang.fang", "nobody", NAME)
    ]
    assert {page.status_code for page in pages} == {422}
    assert (
        len({len(page.text.replace("wang.fang", "").replace(NAME, "").replace("nobody", "")) for page in pages}) == 1
    )


def test_known_and_unknown_names_run_the_same_statements(site: Site, statements: list[str]) -> None:
    enrolled(site, "wang.fang", Role.PLATFORM)
    seen = []
    for name in ("wang.fang", "nobody"):
        browser = site.browser()
        browser.get("/console/signin")
        statements.clear()
        browser.submit("/console/signin", {"name": name, "password": "Not-the-right-1"})
        seen.append(list(statements))
    assert seen[0] == seen[1]
    assert any("FROM operator " in statement for statement in seen[0])


def test_ten_wrong_passwords_lock_the_operators_password(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    for _ in range(10):
        site.browser().submit("/console/signin", {"name": "wang.fang", "password": "Not-the-right-1"})
    right = site.browser().submit("/console/signin", {"name": "wang.fang", "password": PASSWORD})
    assert right.status_code == 422
    site.later += 901
    staff.sign_in()


def test_a_citizens_session_is_none_here_and_an_operators_none_there(site: Site, signed_in: Browser) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    assert signed_in.get("/console").status_code == 303
    citizens = signed_in.client.get_cookie("tb_session")
    operators = staff.browser.client.get_cookie("tb_op")
    assert citizens
    assert operators
    signed_in.client.set_cookie("tb_op", citizens.value)
    assert signed_in.get("/console").status_code == 303
    stranger = site.browser()
    stranger.client.set_cookie("tb_session", operators.value)
    assert stranger.get("/account").status_code == 303
    assert staff.get("/account").status_code == 303


def test_an_operator_is_no_citizen(site: Site) -> None:
    enrolled(site, "wang_fang", Role.PLATFORM)
    answer = site.browser().submit("/signin", {"identifier": "wang_fang", "password": PASSWORD})
    assert answer.status_code == 422
    answer = site.browser().submit("/console/signin", {"name": NAME, "password": CITIZENS})
    assert answer.status_code == 422


def test_the_cookie_is_the_consoles_own(site: Site, tmp_path: Any) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    del staff
    app = create_app(settings_at(tmp_path, issuer="https://idp.example"), ScriptedRegisters().ports)
    assert cookie_name("op", https=True) == "__Host-tb_op"
    answer = app.test_client().get("/console/signin")
    assert answer.status_code == 200
    app.extensions["tongban"].database.engine.dispose()
    app.extensions["tongban"].store.close()


def test_fifteen_idle_minutes_end_the_session(site: Site) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    site.later += 899
    assert staff.get("/console").status_code == 200
    site.later += 901
    assert staff.get("/console").status_code == 303


def test_signing_out_ends_the_session(site: Site) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    kept = staff.browser.client.get_cookie("tb_op")
    assert kept
    assert staff.submit("/console/signout").status_code == 303
    staff.browser.client.set_cookie("tb_op", kept.value)
    assert staff.get("/console").status_code == 303


def test_a_form_without_its_token_is_not_taken(site: Site) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    assert staff.browser.client.post("/console/signout").status_code == 400
    assert staff.get("/console").status_code == 200


def test_one_comes_back_to_the_page_one_came_for_and_to_no_other_site(site: Site) -> None:
    staff = enrolled(site, "wang.fang", Role.PLATFORM)
    for wanted, reached in (("/console/people", "/console/people"), ("/account", "/console"), ("//evil", "/console")):
        browser = site.browser()
        browser.submit(f"/console/signin?next={wanted}", {"name": "wang.fang", "password": PASSWORD})
        answer = browser.submit(f"/console/signin/code?next={wanted}", {"code": staff.code()})
        assert answer.headers["Location"] == reached


# -- the link


def test_a_link_is_good_once(site: Site) -> None:
    _, link = invited(site, "wang.fang", Role.PLATFORM)
    assert enrol(site, link)[0].status_code == 303
    assert site.browser().get(link).status_code == 400
    assert site.browser().submit(link, {"new_password": PASSWORD, "code": "1"}).status_code == 400


def test_a_link_ends_after_a_day_and_by_a_newer_one(site: Site) -> None:
    operator, link = invited(site, "wang.fang", Role.PLATFORM)
    site.later += INVITATION_LIFETIME
    assert site.browser().get(link).status_code == 400
    first, second = invited_anew(site, operator.party_id), invited_anew(site, operator.party_id)
    assert site.browser().get(first).status_code == 400
    assert site.browser().get(second).status_code == 200


def test_a_wrong_code_or_a_weak_password_leaves_the_link_good(site: Site) -> None:
    _, link = invited(site, "wang.fang", Role.PLATFORM)
    browser = site.browser()
    assert browser.submit(link, {"new_password": PASSWORD, "code": "000000"}).status_code == 422
    assert enrol(site, link, "wang.fang")[0].status_code == 422
    assert enrol(site, link)[0].status_code == 303


def test_of_parallel_enrolments_by_one_link_one_wins(site: Site) -> None:
    _, link = invited(site, "wang.fang", Role.PLATFORM)
    pages = [enrolling(site, link) for _ in range(4)]
    passwords = [f"Granite-Otter-{n}-Bell" for n in range(4)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda *at: answer_enrolment(at[0], link, at[1])[0].status_code, pages, passwords))
    assert sorted(answers) == [303, 400, 400, 400]


def test_a_new_link_puts_new_factors_in_place_of_the_old(site: Site) -> None:
    staff = on_duty(site, "wang.fang", Role.PLATFORM)
    link = invited_anew(site, staff.party)
    assert staff.get("/console").status_code == 200
    answer, secret = enrol(site, link)
    assert answer.status_code == 303
    assert staff.get("/console").status_code == 303
    assert secret != staff.secret
    browser = site.browser()
    browser.submit("/console/signin", {"name": "wang.fang", "password": PASSWORD})
    assert browser.submit("/console/signin/code", {"code": staff.code()}).status_code == 422
    site.later += 60
    assert browser.submit("/console/signin/code", {"code": pyotp.TOTP(secret).at(site.now())}).status_code == 303


@pytest.mark.parametrize("token", ["", "x", "A" * 43, "é"])
def test_a_made_up_link_is_dead(site: Site, token: str) -> None:
    assert site.browser().get(f"/console/enrol?k={token}").status_code == 400
