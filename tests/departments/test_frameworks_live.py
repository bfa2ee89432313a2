"""Every framework against the provider itself, in one process: sign-in, sign-out, acting for others and its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from adapters.departments.relying_party import RelyingParty
from adapters.departments.settings import ClientSettings
from adapters.departments.transport import Request, Response
from idp.mandates.rules import Step
from idp.messages.outbound import Answer
from idp.oidc.logout import deliver_logout
from tests.entities.conftest import act
from tests.oidc.representing import ONE, THREE, Acting, acting, mandates
from tests.oidc.test_logout_notices import message
from tests.provider import ISSUER, SECRET, registers, shared_app, site, site_template
from tests.provider import Browser as AtProvider

from . import apps
from .apps import FRAMEWORKS, Given, app_of

__all__ = ["acting", "mandates", "registers", "shared_app", "site", "site_template"]

BASE = "http://app.localhost:9"
OUT = f"{BASE}/out"


@dataclass
class Wire:
    """The provider's programs' side as the kit reaches it."""

    acting: Acting

    def send(self, request: Request) -> Response:
        method = "GET" if request.form is None else "POST"
        sent: dict[str, Any] = {"headers": dict(request.headers), "data": dict(request.form or {})}
        answer = self.acting.site.http.open(request.url.removeprefix(ISSUER), method=method, **sent)
        return Response(answer.status_code, {name.lower(): value for name, value in answer.headers}, answer.data)


@dataclass
class Visitor:
    """A person's one browser, at the department and at the provider."""

    there: AtProvider
    here: apps.Browser

    def through(self, sent: httpx.Response, choice: str | None = None) -> httpx.Response:
        """Go to the provider, choose there if a page asks, and come back."""
        assert sent.status_code == 303, sent.text
        answer = self.there.get(sent.headers["Location"].removeprefix(ISSUER))
        if choice is not None:
            answer = self.there.get(act(self.there, choice, answer.location).location)
        assert answer.location.startswith(BASE), answer.text
        return self.here.get(answer.location.removeprefix(BASE))

    def open(self, path: str, choice: str | None = None) -> httpx.Response:
        """The page, after the sign-in it asks for."""
        back = self.through(self.here.get(path), choice)
        assert back.headers["Location"] == path
        return self.here.get(path)


@pytest.fixture
def given(acting: Acting) -> Given:
    settings = ClientSettings(
        issuer=ISSUER,
        client_id="tax",
        client_secret=SECRET,
        redirect_uri=f"{BASE}/cb",
        post_logout_redirect_uri=OUT,
        scope="openid profile represented",
    )
    return Given(RelyingParty(settings, Wire(acting)), acting.site.now)


@pytest.fixture(params=FRAMEWORKS)
def new_browser(request: pytest.FixtureRequest, given: Given) -> Iterator[Callable[[], apps.Browser]]:
    with app_of(request.param, given, BASE) as made:
        yield made


def tell(acting: Acting, browser: apps.Browser) -> int:
    """Deliver the logout notices that wait to the department, and say how many."""

    class Outbound:
        def post(self, _uri: str, body: bytes, *, headers: dict[str, str]) -> Answer:
            answer = browser.post("/oidc/backchannel-logout", body, **headers)
            assert answer.status_code == 200, answer.text
            return Answer(answer.status_code, {}, answer.content)

    provider, now = acting.site.provider, acting.site.now
    handler = deliver_logout(provider.database, provider.registry, provider.maker, Outbound(), now)  # type: ignore[arg-type]
    waiting = acting.site.outbox("logout")
    for payload in waiting:
        handler(message(), payload)
    return len(waiting)


def test_people_sign_in_act_for_others_and_sign_out(
    acting: Acting, given: Given, new_browser: Callable[[], apps.Browser]
) -> None:
    mandate = acting.employee()
    visitor = Visitor(acting.browser(THREE), new_browser())
    person = visitor.open("/mine").json()
    assert (person["status"], person["levels"][1]) == (None, 1)
    assert given.party.userinfo(person["token"], subject=person["sub"], now=given.clock())["sub"] == person["sub"]
    acts = visitor.open("/clients", mandate).json()
    assert (acts["sub"], acts["status"]) == (person["sub"], "current")
    assert acts["for"]
    assert visitor.here.get(f"/by/{acts['handle']}").status_code == 200

    acting.mandates.step(mandate, Step.REVOKE, ONE, acting.mandates.entity)
    assert tell(acting, new_browser()) == 1
    assert [notice.handle for notice in given.heard] == [acts["handle"]]
    assert visitor.here.get("/mine").json()["status"] == "expired_in_session"
    assert 'id="acting"' in visitor.here.get("/clients").text

    left = visitor.here.post("/oidc/logout", Sec_Fetch_Site="same-origin")
    assert visitor.here.get("/").text == "nobody"
    ended = visitor.there.get(left.headers["Location"].removeprefix(ISSUER))
    assert ended.location.startswith(OUT), ended.text
    assert 'id="signed_out"' in visitor.here.get(ended.location.removeprefix(BASE)).text


def test_signing_out_anywhere_ends_the_session_here(
    acting: Acting, given: Given, new_browser: Callable[[], apps.Browser]
) -> None:
    visitor = Visitor(acting.browser(THREE), new_browser())
    visitor.open("/mine")
    visitor.there.submit("/signout", {"confirm": "yes"})
    assert tell(acting, new_browser()) == 1
    assert visitor.here.get("/").text == "nobody"
    assert "tax_session" not in visitor.here.cookies()
