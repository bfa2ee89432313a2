"""Acting for somebody else in a Flask app, against the stand-in provider."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask, render_template_string
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.logout import ACTING_ENDED, BACKCHANNEL_EVENT, LogoutNotice
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import Power
from adapters.departments.sessions import Store

from .fake_provider import HANDLE, Clock, FakeProvider, acting_claims

BASE = "http://tax.localhost:8101"
FILE = Power(theme="tax.filing", services=("hn-tax-01",), actions=("submit",))
HELD = [{"type": "gov_mandate", "theme": "tax.filing", "services": ["hn-tax-01"], "actions": ["view", "submit"]}]
SAME = {"Sec-Fetch-Site": "same-origin"}


class Department:
    def __init__(self, party: RelyingParty, store: Store, clock: Clock, provider: FakeProvider) -> None:
        self.app, self.provider, self.heard = Flask("department"), provider, list[LogoutNotice]()
        self.sso = SingleSignOn(self.app, party, name="tax", store=store, clock=clock)
        self.sso.ended.append(self.heard.append)
        self.browser: FlaskClient = self.app.test_client()
        for path, represent in (
            ("mine", None),
            ("myself", "self"),
            ("whoever", "select"),
            ("clients", "required"),
            ("filing", FILE),
        ):
            self._add(path, represent)
        self._add("by/<handle>", lambda handle: handle)

        @self.app.get("/strong")
        @login_required(level="aal:2", represent="required")
        def strong() -> str:
            return "strong"

    def _add(self, path: str, represent: Any) -> None:
        @login_required(represent=represent)
        def page(**_: str) -> str:
            return render_template_string("{{ acting_banner() or 'no banner' }} {{ who }}", who=current_person.sub)

        self.app.add_url_rule(f"/{path}", path, page, methods=["GET", "POST"])

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.browser.get(path, base_url=BASE, headers=headers)

    def switch(self, **form: str) -> TestResponse:
        return self.browser.post("/oidc/switch", base_url=BASE, data=form, headers=SAME)

    def through(self, sent: TestResponse) -> TestResponse:
        assert sent.status_code == 303, sent.text
        return self.get(self.provider.callback(sent.location))

    def open(self, path: str) -> TestResponse:
        back = self.through(self.get(path))
        return self.get(back.location) if back.status_code == 303 else back

    def asked(self, sent: TestResponse) -> str | None:
        return parse_qs(urlsplit(sent.location).query).get("represent", [None])[0]

    def told(self, **changes: Any) -> TestResponse:
        events = {BACKCHANNEL_EVENT: {}, ACTING_ENDED: {"handle": HANDLE}}
        token = self.provider.logout_token(**{"events": events} | changes)
        return self.post_notice(token)

    def post_notice(self, token: str) -> TestResponse:
        client = self.app.test_client()
        return client.post("/oidc/backchannel-logout", base_url=BASE, data={"logout_token": token})


@pytest.fixture
def department(party: RelyingParty, store: Store, clock: Clock, provider: FakeProvider) -> Department:
    return Department(party, store, clock, provider)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/mine", None),
        ("/myself", "self"),
        ("/whoever", "select"),
        ("/clients", "required"),
        (f"/by/{HANDLE}", HANDLE),
        ("/filing", None),
    ],
)
def test_a_page_asks_for_whom_it_wants(department: Department, path: str, sent: str | None) -> None:
    answer = department.get(path)
    assert department.asked(answer) == sent
    details = parse_qs(urlsplit(answer.location).query).get("authorization_details")
    assert bool(details) == (path == "/filing")
    if details:
        assert json.loads(details[0]) == [FILE.as_detail()]


def test_powers_are_pushed_where_the_provider_takes_that(department: Department) -> None:
    department.provider.takes_pushed_requests = True
    department.provider.acting, department.provider.held = acting_claims(), HELD
    sent = department.get("/filing")
    assert set(parse_qs(urlsplit(sent.location).query)) == {"client_id", "request_uri"}
    (pushed,) = department.provider.pushed.values()
    assert json.loads(pushed["authorization_details"]) == [FILE.as_detail()]
    back = department.through(sent)
    assert department.get(back.location).status_code == 200


def test_without_representation_a_page_is_the_persons_own_for_whomever_they_act(department: Department) -> None:
    department.provider.acting = acting_claims()
    page = department.open("/mine")
    assert "pw_person" in page.text
    assert "您正在代 某某&lt;贸易&gt;有限公司 办理" in page.text


def test_the_banner_switches_by_a_form_and_comes_back_to_its_page(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open("/mine")
    page = department.get("/mine?a=1", **{"Accept-Language": "en"}).text
    assert "You are acting for" in page
    assert 'name="next" value="/mine?a=1"' in page
    assert '<button name="represent" value="select">Switch</button>' in page
    sent = department.switch(represent="self", next="/mine?a=1")
    assert department.asked(sent) == "self"
    department.provider.acting = {}
    back = department.through(sent)
    assert back.location == "/mine?a=1"
    assert department.get(back.location).text == "no banner pw_person"


def test_nobody_elses_page_switches_for_the_person(department: Department) -> None:
    department.open("/mine")
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://x.example"},
    ):
        answer = department.browser.post("/oidc/switch", base_url=BASE, data={"represent": "self"}, headers=headers)
        assert answer.status_code == 403
    assert department.asked(department.get("/oidc/switch?represent=self&next=/mine")) == "select"


@pytest.mark.parametrize(("wanted", "sent"), [("nonsense", "select"), ("required", "required"), (HANDLE, HANDLE)])
def test_the_switch_takes_words_and_handles(department: Department, wanted: str, sent: str) -> None:
    department.open("/mine")
    assert department.asked(department.switch(represent=wanted)) == sent


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("not_allowed", "现在不能使用"),
        ("expired_in_session", "已经结束"),
        ("register_unavailable", "稍后再试"),
        ("approval_pending", "等待对方确认"),
        ("something_new", "现在不能使用"),
    ],
)
def test_who_may_not_act_now_is_told_why_and_how_to_go_on(department: Department, status: str, words: str) -> None:
    department.provider.acting = {"represented_status": status}
    department.open("/mine")
    for path in ("/clients", "/whoever", f"/by/{HANDLE}", "/filing"):
        page = department.get(path)
        assert page.status_code == 403
        assert words in page.text
        assert f'href="/oidc/switch?next={path}"' in page.text
        assert 'action="/oidc/switch"' in page.text
        assert 'name="represent" value="self"' in page.text
        assert f'name="next" value="{path}"' in page.text
    assert department.asked(department.get("/myself")) == "self"
    assert department.get("/mine").status_code == 200


def test_who_acts_for_nobody_is_sent_to_choose_once(department: Department) -> None:
    department.open("/mine")
    assert department.asked(department.get("/clients")) == "required"
    page = department.open("/clients")  # the provider did not do as it was asked
    assert page.status_code == 403
    assert 'id="power"' in page.text
    assert department.asked(department.get("/clients")) == "required"  # whoever tries again is asked again


def test_who_holds_less_than_is_wanted_is_told(department: Department) -> None:
    department.provider.acting, department.provider.held = acting_claims(), []
    page = department.open("/filing")
    assert page.status_code == 403
    assert 'id="power"' in page.text


def test_whom_the_person_has_chosen_counts_as_chosen(department: Department) -> None:
    assert department.open("/whoever").status_code == 200
    department.provider.acting = acting_claims()
    assert department.open("/clients").status_code == 200
    assert department.get("/whoever").status_code == 200
    assert department.asked(department.get("/myself")) == "self"


def test_a_stronger_sign_in_keeps_for_whom_the_person_acts(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open("/mine")
    assert department.asked(department.get("/oidc/login?next=/mine")) == HANDLE


def test_a_script_is_told_for_whom_to_act(department: Department) -> None:
    department.provider.acting = {"represented_status": "not_allowed"}
    department.open("/mine")
    answer = department.get("/filing", Accept="application/json")
    assert answer.status_code == 401
    assert answer.json == {
        "type": "about:blank",
        "title": "Acting for somebody else is required",
        "status": 401,
        "represented_status": "not_allowed",
        "authorization_details": [FILE.as_detail()],
    }


# The end of one acting (Back-Channel Logout with an event of the provider's own)


def test_the_end_of_an_acting_leaves_the_person_signed_in(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open("/clients")
    assert department.told().status_code == 200
    assert department.get("/mine").status_code == 200
    page = department.get("/clients")
    assert page.status_code == 403
    assert "已经结束" in page.text
    assert [notice.handle for notice in department.heard] == [HANDLE]


def test_tokens_of_an_acting_that_has_ended_are_not_refreshed(department: Department, clock: Clock) -> None:
    department.provider.acting = acting_claims()
    department.open("/clients")
    department.told()
    clock.now += 700
    assert department.get("/mine").status_code == 200
    assert not [one for one in department.provider.seen if one.form and one.form["grant_type"] == "refresh_token"]


@pytest.mark.parametrize("whose", ["rep_another0000000", None])
def test_the_end_of_another_acting_ends_nothing_here(department: Department, whose: str | None) -> None:
    department.provider.acting = acting_claims(whose) if whose else {}
    department.open("/mine")
    assert department.told().status_code == 200
    banner = "您正在代" in department.get("/mine").text
    assert banner == bool(whose)


def test_a_plain_logout_token_still_ends_the_session(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open("/clients")
    assert department.told(events={BACKCHANNEL_EVENT: {}}).status_code == 200
    assert department.get("/mine").status_code == 303


def test_the_same_token_twice_is_a_replay(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open("/clients")
    events = {BACKCHANNEL_EVENT: {}, ACTING_ENDED: {"handle": HANDLE}}
    token = department.provider.logout_token(events=events)
    assert department.post_notice(token).status_code == 200
    department.switch(represent="self")
    assert department.post_notice(token).status_code == 400
    assert len(department.heard) == 1


@pytest.mark.parametrize("said", [None, "x", {}, {"handle": ""}, {"handle": 7}, []])
def test_an_end_of_acting_that_names_none_is_refused(department: Department, said: Any) -> None:
    department.provider.acting = acting_claims()
    department.open("/clients")
    assert department.told(events={BACKCHANNEL_EVENT: {}, ACTING_ENDED: said}).status_code == 400
    assert department.get("/clients").status_code == 200
    assert not department.heard


def test_raising_the_level_of_a_page_for_others_does_not_ask_again_for_whom(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open("/clients")
    assert department.asked(department.get("/strong")) == HANDLE
    department.provider.aal = 2
    assert department.open("/strong").text == "strong"


def test_a_form_sent_for_whomever_the_person_has_switched_to_is_not_taken(department: Department) -> None:
    department.provider.acting = acting_claims()
    department.open(f"/by/{HANDLE}")
    department.provider.acting = acting_claims("rep_another0000000")
    department.through(department.switch(represent="select"))
    sent = department.browser.post(f"/by/{HANDLE}", base_url=BASE, headers=SAME)
    assert sent.status_code == 403
    assert 'id="power"' in sent.text


def test_who_has_chosen_themselves_stays_so_at_the_next_sign_in(department: Department) -> None:
    department.open("/whoever")
    assert department.asked(department.get("/oidc/login?next=/whoever")) == "self"
    department.open("/oidc/login?next=/whoever")
    assert department.get("/whoever").status_code == 200
