"""The shortcut answers what the page would have answered, and leaves the rest to it (docs/adr/0009)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from idp.db import DatabaseUnavailable, Statement
from idp.lane import Endpoint
from idp.oidc.shortcut import Shortcut
from idp.state.store import StateUnavailable
from tests.entities.conftest import CODE, FORM, ONE, act, entity_of, entry, person, register_client
from tests.provider import Browser, Site
from tests.registers import ScriptedRegisters

_GRANTS = Statement[tuple[Any, ...]](
    "SELECT client_id, party_id, session_id, sub, sid, scope, claims, acr, amr, ial, aal, auth_time, offline,"
    " acting"
    " FROM authorization_grant"
)
_EVENTS = Statement("SELECT event FROM audit_event WHERE event NOT LIKE 'audit:%'", str)
QUESTIONS: dict[str, dict[str, str | None]] = {
    "plain": {},
    "no state": {"state": None},
    "prompt=none": {"prompt": "none"},
    "prompt=login": {"prompt": "login"},
    "prompt=consent": {"prompt": "consent"},
    "prompt=none and login": {"prompt": "none login"},
    "max_age met": {"max_age": "10000"},
    "max_age of nought": {"max_age": "0"},
    "max_age of nought, silently": {"max_age": "0", "prompt": "none"},
    "a level that is met": {"acr_values": "urn:tongban:aal:1"},
    "a level within reach": {"acr_values": "urn:tongban:aal:2"},
    "a level within reach, silently": {"acr_values": "urn:tongban:aal:2", "prompt": "none"},
    "a level out of reach": {"acr_values": "urn:tongban:ial:4"},
    "an essential level out of reach": {
        "claims": '{"id_token":{"acr":{"essential":true,"values":["urn:tongban:ial:4"]}}}'
    },
    "a face check, not granted": {"claims": '{"id_token":{"face_check":{"essential":true,"matter":"YL-1"}}}'},
    "claims by name": {"claims": '{"userinfo":{"name":null},"id_token":{"phone_number":null}}'},
    "another person": {"claims": '{"id_token":{"sub":{"value":"pw_nobody"}}}', "prompt": "none"},
    "an unknown scope": {"scope": "openid profile weather"},
    "no scope": {"scope": None},
    "form_post": {"response_mode": "form_post"},
    "an unknown mode": {"response_mode": "fragment"},
    "a foreign hint": {"id_token_hint": "a.b.c"},
    "no challenge": {"code_challenge": None, "code_challenge_method": None},
    "a foreign redirect": {"redirect_uri": "http://elsewhere.localhost:9/cb"},
    "an unknown client": {"client_id": "nobody"},
    "a request object": {"request": "e30"},
}


@contextmanager
def _pages_only(site: Site) -> Iterator[None]:
    table: dict[str, Endpoint] = site.app.wsgi_app._table  # type: ignore[attr-defined]
    endpoint = table.pop("/authorize")
    try:
        yield
    finally:
        table["/authorize"] = endpoint


def _seen(answer: Any) -> tuple[Any, ...]:
    """What an answer says, without what is random in it."""
    location = urlsplit(answer.headers.get("Location", ""))
    params = {name: [] if name in ("code", "r") else values for name, values in parse_qs(location.query).items()}
    return answer.status_code, location._replace(query="").geturl(), params


def _rows(site: Site) -> tuple[Counter[Any], Counter[str]]:
    with site.provider.database.autocommit() as tx:
        return Counter(tx.all(_GRANTS)), Counter(tx.all(_EVENTS))


@pytest.mark.parametrize("client_id", ["app", "asking"])
@pytest.mark.parametrize("name", QUESTIONS)
def test_both_ways_give_one_answer(site: Site, signed_in: Browser, name: str, client_id: str) -> None:
    question: dict[str, Any] = {"client_id": client_id} | QUESTIONS[name]
    signed_in.ask("asking", scope="openid profile")  # of what has a statutory basis people are told once
    grants, events = _rows(site)
    with _pages_only(site):
        by_page = _seen(signed_in.ask(**question))
    page_grants, page_events = _rows(site)
    shortly = _seen(signed_in.ask(**question))
    both_grants, both_events = _rows(site)
    assert shortly == by_page
    assert both_grants - page_grants == page_grants - grants
    assert both_events - page_events == page_events - events


REPRESENTING: dict[str, dict[str, str | None]] = {
    "plain": {},
    "without the scope": {"scope": "openid profile"},
    "by a claim's name": {"scope": "openid", "claims": '{"userinfo":{"represented":null}}'},
    "a level of the entity": {"acr_values": "urn:tongban:el:2"},
    "a level of the entity out of reach": {"acr_values": "urn:tongban:el:4"},
    "a level of the entity, silently": {"acr_values": "urn:tongban:el:2", "prompt": "none"},
}


@pytest.mark.parametrize("acting", [True, False])
@pytest.mark.parametrize("state", ["confirmed", "contested", "claimed", "ended"])
@pytest.mark.parametrize("name", REPRESENTING)
def test_both_ways_give_one_answer_whoever_one_acts_for(
    site: Site, registers: ScriptedRegisters, name: str, state: str, acting: bool
) -> None:
    registers.entities[CODE] = entry(ONE)
    register_client(site)
    browser = person(site, ONE)
    browser.submit("/entities/new", FORM)
    browser.ask("tax", scope="openid profile represented")  # of what has a statutory basis people are told once
    with site.provider.database.transaction() as tx:
        if acting:
            text = f"{entity_of(site)} legal_representative role"
            tx.run(Statement[Any]("UPDATE session SET acting = :text"), text=text)
        ended = 1 if state == "ended" else None
        tx.run(Statement[Any]("UPDATE entity_role SET state = :state, ended_at = :ended"), state=state, ended=ended)
    question: dict[str, Any] = {"client_id": "tax", "scope": "openid represented"} | REPRESENTING[name]
    grants, _ = _rows(site)
    with _pages_only(site):
        by_page = _seen(browser.ask(**question))
    page_grants, _ = _rows(site)
    assert _seen(browser.ask(**question)) == by_page
    assert _rows(site)[0] - page_grants == page_grants - grants


def test_who_acts_on_an_answer_grown_old_is_left_to_the_page(site: Site, registers: ScriptedRegisters) -> None:
    registers.entities[CODE] = entry(ONE)
    register_client(site)
    browser = person(site, ONE)
    browser.submit("/entities/new", FORM)
    act(browser, entity_of(site))
    with site.provider.database.transaction() as tx:
        tx.run(Statement[Any]("UPDATE entity_role SET checked_at = 0"))
    asked = len(registers.asked)
    assert browser.authorize("tax", scope="openid profile")
    assert len(registers.asked) == asked
    assert browser.authorize("tax", scope="openid represented")
    assert len(registers.asked) == asked + 1


def test_a_request_that_needs_no_page_takes_the_shortcut(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.app.wsgi_app, "_fallback", None)
    assert signed_in.authorize()
    assert signed_in.authorize(prompt="none", acr_values="urn:tongban:ial:1", max_age="10000")


def test_without_a_session_nothing_is_asked_of_the_database(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    shortcut: Any = site.app.wsgi_app._table["/authorize"].shortcut  # type: ignore[attr-defined]
    monkeypatch.setattr(site.provider.database, "transaction", None)
    assert shortcut("response_type=code", "", site.now()) is None
    assert shortcut("response_type=code", "tb_session=short; other=1", site.now()) is None


def test_a_session_past_its_time_is_ended_by_the_page(site: Site, signed_in: Browser) -> None:
    site.later = site.provider.settings.session.idle
    assert signed_in.ask().headers["Location"].startswith("/signin")
    assert site.one("SELECT end_reason FROM session") == "idle"


def test_entering_an_app_is_activity_of_the_session(site: Site, signed_in: Browser) -> None:
    site.later = 600
    signed_in.authorize()
    assert site.one("SELECT last_seen_at FROM session") >= site.now() - 1


@pytest.mark.parametrize("error", [DatabaseUnavailable, StateUnavailable, ZeroDivisionError])
def test_when_the_shortcut_fails_the_page_answers(
    site: Site, signed_in: Browser, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(Shortcut, "_admit", fail)
    assert signed_in.authorize()


@pytest.mark.parametrize("query", ["%", "client_id=app&client_id=app", "state=%00", "a=" + "b" * 20_000])
def test_what_cannot_be_read_is_refused_by_the_page(site: Site, signed_in: Browser, query: str) -> None:
    assert signed_in.get(f"/authorize?{query}").status_code in (400, 413, 414)
