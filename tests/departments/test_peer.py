"""The kit and its demo apps against a foreign provider, npm oidc-provider, over real sockets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx
import pytest
from joserfc.jwk import ECKey
from werkzeug.serving import WSGIRequestHandler, make_server

from adapters.departments.demo.app import DemoSettings, create_app
from adapters.departments.demo.departments import DEPARTMENTS
from adapters.departments.errors import ProviderRefused
from adapters.departments.memory_store import MemoryStore
from adapters.departments.refresh import Refresher
from adapters.departments.relying_party import RelyingParty
from adapters.departments.sessions import AppSession
from adapters.departments.settings import ClientAuthentication, ClientSettings
from adapters.sandbox.packages_node import modules, node

pytestmark = pytest.mark.peer

HERE = Path(__file__).parent
SECRET = "a secret shared with the peer, +/%"
WIRED = "http://127.0.0.1"


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@dataclass
class App:
    """One demo app on a free port; `wsgi` is put in once the provider's address is known."""

    department: str
    port: int = 0
    wsgi: Callable[..., Any] = field(default=lambda *_: [])
    store: MemoryStore = field(default_factory=MemoryStore)

    @property
    def url(self) -> str:
        return f"{WIRED}:{self.port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        def answer(environ: Any, start_response: Any) -> Any:
            return self.wsgi(environ, start_response)

        server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_Quiet)
        self.port = server.port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            server.server_close()

    def client_settings(self, issuer: str) -> ClientSettings:
        return ClientSettings(
            issuer=issuer,
            client_id=f"{self.department}-demo",
            client_secret=SECRET,
            redirect_uri=f"{self.url}/oidc/callback",
            post_logout_redirect_uri=f"{self.url}/signed-out",
        )

    def registration(self) -> dict[str, Any]:
        return {
            "client_id": f"{self.department}-demo",
            "client_secret": SECRET,
            "redirect_uris": [f"{self.url}/oidc/callback"],
            "post_logout_redirect_uris": [f"{self.url}/signed-out"],
            "backchannel_logout_uri": f"{self.url}/oidc/backchannel-logout",
            "backchannel_logout_session_required": True,
            "grant_types": ["authorization_code", "refresh_token"],
            "id_token_signed_response_alg": "ES256",
        }


@dataclass
class Scene:
    """A running provider and the two apps that trust it."""

    issuer: str
    tax: App
    social: App
    key: ECKey


@contextmanager
def provider(clients: list[dict[str, Any]]) -> Iterator[str]:
    command = [str(node().path), str(HERE / "peer_provider.mjs"), json.dumps({"port": 0, "clients": clients})]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "TONGBAN_NODE_MODULES": str(modules())},
    ) as process:
        assert process.stdout
        assert process.stdin
        try:
            issuer = process.stdout.readline().strip()
            assert issuer.startswith(WIRED)
            yield issuer
        finally:
            process.stdin.close()
            process.kill()


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    tax, social, key = App("tax"), App("social"), ECKey.generate_key("P-256", {"kid": "app-key"})
    keyed = {
        "client_id": "keyed",
        "redirect_uris": [f"{WIRED}:1/oidc/callback"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "grant_types": ["authorization_code", "refresh_token"],
        "id_token_signed_response_alg": "ES256",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    with ExitStack() as closing:
        closing.enter_context(tax.serving())
        closing.enter_context(social.serving())
        issuer = closing.enter_context(provider([tax.registration(), social.registration(), keyed]))
        for app, other in ((tax, social), (social, tax)):
            settings = DemoSettings(
                department=DEPARTMENTS[app.department],
                client=app.client_settings(issuer),
                base_url=app.url,
                other_url=other.url,
            )
            app.wsgi = create_app(settings, store=app.store)
        yield Scene(issuer, tax, social, key)


class Browser:
    """Follows redirects, keeps cookies, answers the provider's forms, and counts those it had to answer."""

    def __init__(self, login: str = "person-1") -> None:
        self.http = httpx.Client(timeout=10, trust_env=False)
        self.login = login
        self.forms = 0

    def open(self, url: str, *, until: str | None = None) -> httpx.Response:
        """The page one arrives at; `until` is an address not to go to but to be told of."""
        return self._arrive(self.http.get(url), until)

    def send(self, url: str, **data: str) -> httpx.Response:
        return self._arrive(self.http.post(url, data=data), None)

    def _arrive(self, page: httpx.Response, until: str | None) -> httpx.Response:
        for _ in range(20):
            if page.is_redirect:
                address = urljoin(str(page.url), page.headers["Location"])
                if until and address.startswith(until):
                    return page
                page = self.http.get(address)
                continue
            form = re.search(r'<form[^>]*action="([^"]+)"', page.text)
            if form is None or "/oidc/" in str(page.url) or not self._asks(page.text):
                return page
            self.forms += 1
            page = self.http.post(urljoin(str(page.url), form[1]), data=self._fields(page.text))
        raise AssertionError("no end of redirects")

    @staticmethod
    def _asks(text: str) -> bool:
        return 'name="prompt"' in text or 'name="logout"' in text

    def _fields(self, text: str) -> dict[str, str]:
        hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]+)"', text))
        if "xsrf" in hidden:
            return {**hidden, "logout": "yes"}
        return {**hidden, "login": self.login, "password": "p"} if hidden["prompt"] == "login" else hidden


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    with made.http:
        yield made


def shown(page: httpx.Response, name: str) -> str:
    found = re.search(rf'id="{name}"[^>]*>([^<]*)<', page.text)
    assert found, page.text
    return found[1]


def test_signed_in_once_used_twice_signed_out_of_both(scene: Scene, browser: Browser) -> None:
    page = browser.open(f"{scene.tax.url}/overview")
    assert shown(page, "person") == "Zhang San"
    assert 'data-level="2"' in page.text
    forms = browser.forms
    assert "/overview" in str(browser.open(f"{scene.social.url}/overview").url)
    assert browser.forms <= forms + 1  # the peer asks for consent per client, but not to sign in again

    left = browser.send(f"{scene.tax.url}/oidc/logout")
    assert urlsplit(str(left.url)).path == "/signed-out"
    assert 'id="signed_out"' in left.text
    for app in (scene.tax, scene.social):
        assert browser.http.get(f"{app.url}/overview").status_code == 303
        assert 'href="/oidc/login' in browser.open(app.url).text


def test_the_token_is_rotated_and_the_session_goes_on(scene: Scene, browser: Browser) -> None:
    browser.open(f"{scene.tax.url}/overview")
    for count in ("1", "2"):
        assert shown(browser.send(f"{scene.tax.url}/refresh"), "generation") == count


def test_parallel_requests_use_a_rotating_refresh_token_once(scene: Scene, browser: Browser) -> None:
    """The peer ends the whole grant when a refresh token comes twice, as this provider does."""
    party = RelyingParty(scene.tax.client_settings(scene.issuer))
    session = app_session(party, browser)
    scene.tax.store.create(session, now=session.created_at)
    refresher = Refresher(party, scene.tax.store)
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda _: refresher.refreshed(session), range(6)))
    assert len({outcome.access_token for outcome in outcomes}) == 1
    assert refresher.refreshed(outcomes[0]).generation == 2


def app_session(party: RelyingParty, browser: Browser) -> AppSession:
    """A session as the Flask integration makes it, by hand."""
    now = int(time.time())
    begun = party.begin(now=now)
    callback = browser.open(begun.url, until=party.settings.redirect_uri).headers["Location"]
    done = party.finish(parse_qs(urlsplit(callback).query), begun.pending, now=now)
    assert party.userinfo(done.tokens.access_token, subject=done.id_token.sub, now=now)["name"] == "Zhang San"
    return AppSession(
        key="by-hand",
        issuer=done.id_token.issuer,
        sub=done.id_token.sub,
        sid=done.id_token.sid,
        claims=done.id_token.claims,
        profile={},
        id_token=done.id_token.text,
        access_token=done.tokens.access_token,
        refresh_token=done.tokens.refresh_token,
        access_expires_at=done.tokens.expires_at,
        created_at=now,
        seen_at=now,
    )


def test_a_key_proves_the_client(scene: Scene, browser: Browser) -> None:
    settings = ClientSettings(
        issuer=scene.issuer,
        client_id="keyed",
        redirect_uri=f"{WIRED}:1/oidc/callback",
        authentication=ClientAuthentication.PRIVATE_KEY_JWT,
        private_key=json.dumps(scene.key.as_dict(private=True)),
        key_id="app-key",
    )
    assert app_session(RelyingParty(settings), browser).sub == "person-1"


def test_a_wrong_secret_is_refused(scene: Scene, browser: Browser) -> None:
    party = RelyingParty(replace(scene.tax.client_settings(scene.issuer), client_secret="wrong"))
    with pytest.raises(ProviderRefused, match="invalid_client"):
        app_session(party, browser)


def test_a_level_the_provider_does_not_reach_opens_nothing(scene: Scene, browser: Browser) -> None:
    page = browser.open(f"{scene.tax.url}/filing")
    assert page.status_code == 403
    assert 'id="level"' in page.text
    assert shown(browser.open(f"{scene.tax.url}/overview"), "person") == "Zhang San"


def test_a_level_that_is_reached_opens_the_page(scene: Scene) -> None:
    browser = Browser("person-2")
    with browser.http:
        assert "提交申报" in browser.open(f"{scene.tax.url}/filing").text
        assert 'id="done"' in browser.send(f"{scene.tax.url}/filing").text
