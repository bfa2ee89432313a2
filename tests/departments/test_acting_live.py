"""The kit and the provider itself, in one process: people act for others in an app, ask, exchange, and are told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
from flask import Flask
from werkzeug.test import TestResponse

from adapters.departments.authority import AuthorityChecks, Question
from adapters.departments.errors import InvalidToken, ProviderRefused, ProviderUnavailable, TokenFault
from adapters.departments.event_streams import open_stream, poll
from adapters.departments.events import MANDATE_REVOKED, EventReceiver, SecurityEvent
from adapters.departments.flask import SingleSignOn, current_person, login_required
from adapters.departments.flask_events import events_view
from adapters.departments.relying_party import RelyingParty
from adapters.departments.representing import Power
from adapters.departments.resource_server import ResourceServer, ResourceSettings, bearer_token
from adapters.departments.selftest import run
from adapters.departments.selftest_cases import Issuer, cases
from adapters.departments.settings import ClientSettings
from adapters.departments.transport import Request, Response
from idp.mandates.rules import Step
from idp.messages.outbound import Answer
from idp.oidc.logout import deliver_logout
from tests.departments.test_selftest import Documents
from tests.entities.conftest import act
from tests.oidc.representing import API, GRANTS, ONE, THREE, TWO, Acting, acting, aware, mandates, register
from tests.oidc.test_logout_notices import message
from tests.provider import (
    CALLBACK,
    ISSUER,
    SECRET,
    Browser,
    Site,
    browser,
    registers,
    shared_app,
    signed_in,
    site,
    site_template,
)
from tests.streams.conftest import work

__all__ = ["acting", "browser", "mandates", "registers", "shared_app", "signed_in", "site", "site_template"]

BASE = "http://app.localhost:9"
FILE = Power(theme="tax.filing", services=("hn-tax-01",), actions=("view", "submit"))
SCOPES = {"profile", "represented", "authority.check", "events.manage"}


@dataclass
class Wire:
    """The provider's programs' side as the kit reaches it. `lost`: nobody answers."""

    site: Site
    lost: bool = False
    seen: list[str] = field(default_factory=list)

    def send(self, request: Request) -> Response:
        if self.lost:
            raise ProviderUnavailable("no answer")
        path = request.url.removeprefix(ISSUER)
        self.seen.append(path)
        sent: dict[str, Any] = {"headers": dict(request.headers)}
        if request.document is not None:
            sent |= {"data": orjson.dumps(request.document), "content_type": "application/json"}
        elif request.form is not None:
            sent |= {"data": dict(request.form)}
        method = "GET" if request.document is None and request.form is None else "POST"
        answer = self.site.http.open(path, method=method, **sent)
        return Response(answer.status_code, {k.lower(): v for k, v in answer.headers}, answer.data)


@dataclass
class Department:
    """An app on the kit, and one browser that is signed in at the provider."""

    acting: Acting
    wire: Wire
    party: RelyingParty
    checks: AuthorityChecks
    events: EventReceiver
    app: Flask
    heard: list[SecurityEvent] = field(default_factory=list)

    def visitor(self, phone: str) -> Visitor:
        return Visitor(self, self.acting.browser(phone), self.app.test_client())

    def now(self) -> int:
        return self.acting.site.now()

    def tell(self) -> int:
        """Deliver the logout notices that wait, and say how many."""
        provider = self.acting.site.provider
        client = self.app.test_client()

        class Outbound:
            def post(self, _uri: str, body: bytes, *, headers: Any) -> Answer:
                answer = client.post("/oidc/backchannel-logout", base_url=BASE, data=body, headers=headers)
                assert answer.status_code == 200, answer.text
                return Answer(answer.status_code, {}, answer.data)

        outbound: Any = Outbound()
        handler = deliver_logout(provider.database, provider.registry, provider.maker, outbound, self.now)
        waiting = self.acting.site.outbox("logout")
        for payload in waiting:
            handler(message(), payload)
        return len(waiting)


@dataclass
class Visitor:
    """A person's one browser, at the department and at the provider."""

    department: Department
    there: Browser
    here: Any

    def get(self, path: str) -> TestResponse:
        answer: TestResponse = self.here.get(path, base_url=BASE)
        return answer

    def post(self, path: str, **form: str) -> TestResponse:
        answer: TestResponse = self.here.post(
            path, base_url=BASE, data=form, headers={"Sec-Fetch-Site": "same-origin"}
        )
        return answer

    def through(self, sent: TestResponse, choice: str | None = None) -> TestResponse:
        """Go to the provider, choose there if a page asks, and come back."""
        assert sent.status_code == 303, sent.text
        answer = self.there.get(sent.location.removeprefix(ISSUER))
        if choice is not None:
            assert answer.location.startswith("/account/acting?r="), answer.location
            answer = self.there.get(act(self.there, choice, answer.location).location)
        assert answer.location.startswith(CALLBACK), answer.location or answer.text
        return self.get(answer.location.removeprefix(BASE))

    def open(self, path: str, choice: str | None = None) -> TestResponse:
        """The page, after whatever sign-in it asks for."""
        back = self.through(self.get(path), choice)
        return self.get(back.location) if back.status_code == 303 else back


def asked(sent: TestResponse) -> dict[str, list[str]]:
    return parse_qs(urlsplit(sent.location).query)


@pytest.fixture
def department(acting: Acting) -> Department:
    register(
        acting.site, "tax", scopes=dict.fromkeys(SCOPES, "statutory"), grant_types=[*GRANTS, "client_credentials"]
    )
    wire = Wire(acting.site)
    settings = ClientSettings(
        issuer=ISSUER,
        client_id="tax",
        client_secret=SECRET,
        redirect_uri=CALLBACK,
        scope="openid profile represented",
    )
    party = RelyingParty(settings, wire)
    checks, events, app = AuthorityChecks(party), EventReceiver(party), Flask("department")
    sso = SingleSignOn(app, party, name="tax", clock=acting.site.now)
    sso.ended.append(checks.hear_logout)
    events.on()(checks.hear_event)
    app.add_url_rule(
        "/events",
        view_func=events_view(events, authorization="Bearer agreed", clock=acting.site.now),
        methods=["POST"],
    )
    made = Department(acting, wire, party, checks, events, app)
    events.on(MANDATE_REVOKED)(made.heard.append)
    _add_pages(app)
    return made


def _add_pages(app: Flask) -> None:
    def shown() -> dict[str, Any]:
        found = current_person.acting
        return {"sub": current_person.sub, "for": found.name, "handle": found.handle, "status": found.status}

    @app.get("/mine")
    @login_required
    def mine() -> dict[str, Any]:
        return shown()

    @app.get("/myself")
    @login_required(represent="self")
    def myself() -> dict[str, Any]:
        return shown()

    @app.get("/clients")
    @login_required(represent="required")
    def clients() -> dict[str, Any]:
        return shown()

    @app.get("/filing")
    @login_required(represent=FILE)
    def filing() -> dict[str, Any]:
        return shown() | {"token": current_person.session.access_token}

    @app.get("/paying")
    @login_required(represent=Power(theme="tax.filing", services=("hn-tax-01",), actions=("pay",)))
    def paying() -> str:
        return "paid"

    @app.get("/clients/<handle>")
    @login_required(represent=lambda handle: handle)
    def client(handle: str) -> dict[str, Any]:
        return shown() | {"asked": handle}


def test_a_page_for_those_who_act_for_others_opens_once_they_have_chosen(department: Department) -> None:
    mandate = department.acting.employee()
    visitor = department.visitor(THREE)
    assert asked(visitor.get("/clients"))["represent"] == ["required"]
    page = visitor.open("/clients", mandate).get_json()
    assert page["status"] == "current"
    assert page["for"]
    again = visitor.get("/clients")
    assert again.status_code == 200
    assert visitor.open("/myself").get_json() == {"sub": page["sub"], "for": None, "handle": None, "status": None}


def test_a_power_is_asked_for_by_a_pushed_request_and_shown_once_it_is_held(department: Department) -> None:
    mandate = department.acting.employee()
    visitor = department.visitor(THREE)
    sent = visitor.get("/filing")
    assert set(asked(sent)) == {"client_id", "request_uri"}
    assert "/par" in department.wire.seen
    back = visitor.through(sent, mandate)
    assert visitor.get(back.location).get_json()["status"] == "current"


def test_who_holds_less_sees_why_and_is_not_sent_round_in_a_circle(department: Department) -> None:
    mandate = department.acting.employee()
    visitor = department.visitor(THREE)
    visitor.open("/clients", mandate)
    sent = visitor.there.get(visitor.get("/paying").location.removeprefix(ISSUER))
    assert 'value="mnd_' not in visitor.there.get(sent.location).text  # there is nobody for whom they could pay
    back = visitor.there.submit(visitor.there.submit(sent.location, {"decline": "yes"}).location)
    assert visitor.get(back.location.removeprefix(BASE)).status_code == 403
    assert visitor.get("/clients").get_json()["status"] == "current"  # what there was is as it was


def test_a_handle_in_an_address_acts_for_whom_it_stands(department: Department) -> None:
    mandate = department.acting.employee()
    visitor = department.visitor(THREE)
    handle = visitor.open("/clients", mandate).get_json()["handle"]
    visitor.open("/myself")
    page = visitor.open(f"/clients/{handle}").get_json()
    assert (page["handle"], page["asked"], page["status"]) == (handle, handle, "current")


def test_switching_needs_no_new_sign_in(department: Department) -> None:
    mandate = department.acting.employee()
    visitor = department.visitor(THREE)
    assert visitor.open("/mine").get_json()["for"] is None
    back = visitor.through(visitor.post("/oidc/switch", represent="select", next="/mine"), mandate)
    assert visitor.get(back.location).get_json()["status"] == "current"
    back = visitor.through(visitor.post("/oidc/switch", represent="self", next="/mine"))
    assert visitor.get(back.location).get_json()["status"] is None


def test_taking_a_mandate_back_ends_the_acting_and_leaves_the_person_signed_in(department: Department) -> None:
    mandate = department.acting.employee()
    visitor = department.visitor(THREE)
    before = visitor.open("/clients", mandate).get_json()
    department.acting.mandates.step(mandate, Step.REVOKE, ONE, department.acting.mandates.entity)
    assert department.tell() == 1
    assert visitor.get("/mine").get_json() == {
        "sub": before["sub"], "for": None, "handle": None, "status": "expired_in_session",
    }  # fmt: skip
    page = visitor.get("/clients")
    assert page.status_code == 403
    assert 'id="acting"' in page.text
    back = visitor.through(visitor.post("/oidc/switch", represent="self", next="/mine"))
    assert visitor.get(back.location).get_json()["status"] is None


def test_an_exchange_gives_the_api_who_acts_for_whom(department: Department) -> None:
    first, second = department.acting.by_agency()
    visitor = department.visitor(THREE)
    page = visitor.open("/filing", second).get_json()
    now = department.now()
    token = department.party.exchange(page["handle"], API, [FILE], access_token=page["token"], now=now)
    assert token.expires_at <= now + 600
    api = ResourceServer(ResourceSettings(issuer=ISSUER, audience=API), department.wire)
    told = api.verify_delegation(token.access_token, now=now)
    assert len({told.human, told.represented, page["sub"], *told.chain}) == 4
    assert (told.capacity, told.ial, told.client_id) == ("handler", 3, "tax")
    assert told.allows(FILE)
    assert not told.allows(Power(theme="tax.filing", services=("hn-tax-01",), actions=("pay",)))
    with pytest.raises(InvalidToken) as plain:
        api.verify(token.access_token, now=now)
    assert plain.value.reason is TokenFault.TYPE
    with pytest.raises(InvalidToken) as human:
        api.verify_delegation(page["token"], now=now)
    assert human.value.reason is TokenFault.TYPE
    department.acting.mandates.step(first, Step.REVOKE, ONE, department.acting.mandates.entity)
    with pytest.raises(ProviderRefused):
        department.party.exchange(page["handle"], API, [FILE], access_token=page["token"], now=now)


def test_an_api_is_given_such_tokens_once_its_self_test_is_quoted(department: Department) -> None:
    site, issuer = department.acting.site, Issuer("http://127.0.0.1:8099")
    aware(site, how=None)
    page = department.visitor(THREE).open("/filing", department.acting.employee()).get_json()
    wanted = {"access_token": page["token"], "now": department.now()}
    with pytest.raises(ProviderRefused, match="invalid_target"):
        department.party.exchange(page["handle"], API, [FILE], **wanted)
    server = ResourceServer(ResourceSettings(issuer=issuer.address, audience=API), Documents(issuer))

    class Called:
        def send(self, request: Request) -> Response:
            try:
                told = server.verify_delegation(
                    bearer_token(request.headers.get("Authorization")) or "", now=department.now()
                )
            except InvalidToken:
                return Response(401, {}, b"")
            return Response(200 if told.allows(FILE) else 403, {}, b"")

    tried = cases(issuer, API, matter=FILE, now=department.now())
    report = run(Called(), "https://api.tax.example/figures", audience=API, tried=tried, now=department.now())
    assert report.passed, report.text
    aware(site, how=report.line)
    assert department.party.exchange(page["handle"], API, [FILE], **wanted).access_token
    assert "self-test 1 passed" in site.one("SELECT aware_how FROM resource_server WHERE aware_how IS NOT NULL")


def test_a_check_is_good_for_its_seconds_and_gone_at_once_with_the_mandate(department: Department) -> None:
    mandate = department.acting.employee()
    page = department.visitor(THREE).open("/clients", mandate).get_json()
    question = Question(subject=page["sub"], action="submit", handle=page["handle"], service="hn-tax-01")
    now = department.now()
    answer = department.checks.may(question, now=now)
    assert answer
    assert now < answer.until <= now + 60
    asked_before = department.wire.seen.count("/access/v1/evaluation")
    assert department.checks.may(question, now=now + 1) == answer
    assert department.wire.seen.count("/access/v1/evaluation") == asked_before
    status = department.checks.mandate_status(mandate, now=now)
    assert status is not None
    assert status.active
    department.acting.mandates.step(mandate, Step.REVOKE, ONE, department.acting.mandates.entity)
    department.tell()
    refused = department.checks.may(question, now=now + 1)
    assert not refused
    assert not refused.away
    status = department.checks.mandate_status(mandate, now=now)
    assert status is not None
    assert status.state == "revoked"
    assert department.checks.mandate_status("mnd_unknown", now=now) is None
    department.wire.lost = True
    assert department.checks.may(question, now=now + 1).away


def test_several_questions_are_one_request(department: Department) -> None:
    mandate = department.acting.employee()
    page = department.visitor(THREE).open("/clients", mandate).get_json()
    about = {"subject": page["sub"], "handle": page["handle"], "service": "hn-tax-01"}
    questions = [Question(action=action, **about) for action in ("view", "pay", "submit", "view")]
    answers = department.checks.may_each(questions, now=department.now())
    assert [bool(answer) for answer in answers] == [True, False, True, True]
    assert department.wire.seen.count("/access/v1/evaluations") == 1


def test_events_are_pushed_to_the_app_and_make_it_ask_again(
    department: Department, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, client = department.acting.site, department.app.test_client()

    def post(url: str, body: bytes, *, headers: dict[str, str]) -> Answer:
        answer = client.post(urlsplit(url).path, base_url=BASE, data=body, headers=headers)
        return Answer(answer.status_code, {}, answer.data)

    monkeypatch.setattr(site.provider.outbound, "post", post)
    stream = open_stream(
        department.party, endpoint="https://tax.example/events", authorization="Bearer agreed", now=department.now()
    )
    again = open_stream(
        department.party, endpoint="https://tax.example/events", authorization="Bearer agreed", now=department.now()
    )
    assert stream == again
    mandate = department.acting.employee()
    page = department.visitor(THREE).open("/clients", mandate).get_json()
    question = Question(subject=page["sub"], action="submit", handle=page["handle"], service="hn-tax-01")
    assert department.checks.may(question, now=department.now())
    department.acting.mandates.step(mandate, Step.REVOKE, ONE, department.acting.mandates.entity)
    work(site)
    (event,) = department.heard
    assert (event.handle, event.mandate, event.subject) == (page["handle"], mandate, page["sub"])
    assert not department.checks.may(question, now=department.now())
    assert site.one("SELECT COUNT(*) FROM stream_event") == 0  # the provider knows that it was taken


def test_events_are_polled_and_acknowledged(department: Department) -> None:
    open_stream(department.party, now=department.now())
    mandate = department.acting.employee()
    department.visitor(THREE).open("/clients", mandate)
    department.acting.mandates.step(mandate, Step.REVOKE, ONE, department.acting.mandates.entity)
    work(department.acting.site)
    assert poll(department.party, department.events, now=department.now()) >= 1
    assert [event.mandate for event in department.heard] == [mandate]
    assert poll(department.party, department.events, now=department.now()) == 0
    assert department.acting.site.one("SELECT COUNT(*) FROM stream_event") == 0


def test_another_person_gets_nowhere_with_somebody_elses_handle(department: Department) -> None:
    mandate = department.acting.employee()
    handle = department.visitor(THREE).open("/clients", mandate).get_json()["handle"]
    other = department.visitor(TWO)
    sent = other.there.get(other.get(f"/clients/{handle}").location.removeprefix(ISSUER))
    assert sent.location.startswith("/account/acting?r=")
    declined = other.there.submit(sent.location, {"decline": "yes"})
    back = other.there.submit(declined.location)
    assert other.get(back.location.removeprefix(BASE)).status_code == 403
