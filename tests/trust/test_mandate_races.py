"""Taking a mandate back while tokens rest on it are issued: two nodes over PostgreSQL and Redis, as in production."""

import json
import sys
import time
from functools import partial

import httpx
import pytest

from adapters.sandbox import processes
from idp.clients.rules import TOKEN_EXCHANGE
from tests.oidc.representing import API, details
from tests.provider import CALLBACK, SECRET
from tests.trust.browser import SESSION, Browser, Server, Wire
from tests.trust.installation import ROOT, App, Installation
from tests.trust.mandating import Prepared
from tests.trust.racing import at_once

pytestmark = pytest.mark.services
ROUNDS = 200
"""Always: preparing them in one process is what makes them cheap."""
LEAD = 0.008
"""Seconds by which one side begins earlier in some rounds."""
TAX, RESOURCE = (App(name, SECRET, CALLBACK, "", "") for name in ("tax", "api"))
ASKED = details(theme="social.pension", services=["hn-pension-01"])


@pytest.fixture
def prepared(production: Installation) -> list[Prepared]:
    command = [sys.executable, "-m", "tests.trust.mandating", str(ROUNDS)]
    printed = processes.run(command, env=production.env, cwd=ROOT)
    return [Prepared(**one) for one in json.loads(printed.splitlines()[-1])]


def exchange(server: Server, one: Prepared, *, node: int, after: float = 0.0) -> httpx.Response:
    time.sleep(after)
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": one.handle,
        "subject_token_type": "urn:tongban:params:oauth:token-type:mandate",
        "actor_token": one.access,
        "actor_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "resource": API,
        "authorization_details": ASKED,
    }
    return server.call("/token", TAX, form, node=node)


def revoke(owner: Browser, one: Prepared, *, node: int, after: float = 0.0) -> httpx.Response:
    time.sleep(after)
    return owner.submit(f"/account/mandates/{one.mandate}/revoke", {}, node=node)


def test_no_request_after_a_revocations_answer_succeeds_and_no_token_that_met_it_lives(
    production: Installation, wire: Wire, prepared: list[Prepared]
) -> None:
    server, met, refused = Server(production, wire), 0, 0
    for number, one in enumerate(prepared):
        owner, here, there = Browser(production, wire), number % 2, 1 - number % 2
        owner.cookies[SESSION] = one.cookie
        owner.token(f"/account/mandates/{one.mandate}/revoke")
        if number % 20 == 0:
            token = exchange(server, one, node=there).json()["access_token"]
            assert server.is_active(RESOURCE, token, node=here)
            assert server.is_active(TAX, one.access, node=there)
        late = LEAD * (number % 4)
        revoked, exchanged, refreshed = at_once(
            partial(revoke, owner, one, node=here),
            partial(exchange, server, one, node=there, after=late),
            partial(server.refresh, TAX, one.refresh, node=number // 2 % 2),
        )
        assert revoked.status_code == 303, revoked.text
        newest = refreshed.json().get("refresh_token", one.refresh)
        after = [exchange(server, one, node=node) for node in (there, here)]
        after += [server.refresh(TAX, newest, node=node) for node in (there, here)]
        assert [answer.status_code for answer in after] == [400] * 4
        issued = [(RESOURCE, exchanged), (TAX, refreshed)]
        met += sum(answer.status_code == 200 for _, answer in issued)
        refused += sum(answer.status_code == 400 for _, answer in issued)
        tokens = [(app, answer.json()["access_token"]) for app, answer in issued if answer.status_code == 200]
        for app, token in [*tokens, (TAX, one.access)]:
            assert [server.is_active(app, token, node=node) for node in (there, here)] == [False, False]
    assert met
    assert refused
