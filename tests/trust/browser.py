"""The people's browsers and the apps' servers: what a test does over HTTP, one line each.

Always true: a browser follows no redirect by itself and keeps its cookies for both nodes, as one host name has them;
no call retries, so what a test sees is what the node said.
"""

import base64
import hashlib
import itertools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from tests.multipart import KIND, form_with
from tests.trust.installation import App, Installation, Person

VERIFIER = "a-verifier-of-the-trust-tests-0123456789-abcdefghij"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SESSION = "tb_session"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_addresses = itertools.count(1)


class Wire:
    """Connections that many threads share."""

    def __init__(self, timeout: float = 15) -> None:
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64, keepalive_expiry=5)
        self._transport = httpx.HTTPTransport(verify=False, trust_env=False, limits=limits)
        self._timeout = httpx.Timeout(timeout).as_dict()

    def send(self, request: httpx.Request) -> httpx.Response:
        request.extensions.setdefault("timeout", self._timeout)
        response = self._transport.handle_request(request)
        response.request = request
        response.read()
        response.close()
        return response

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.send(httpx.Request("GET", url, headers=headers))

    def post(self, url: str, data: Mapping[str, str], headers: Mapping[str, str] | None = None) -> httpx.Response:
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        body = urlencode(data).encode()
        return self.send(httpx.Request("POST", url, content=body, headers={**kind, **(headers or {})}))

    def close(self) -> None:
        self._transport.close()


@dataclass(frozen=True, slots=True)
class Tokens:
    access: str
    refresh: str
    id: str


def tokens_of(response: httpx.Response) -> Tokens:
    assert response.status_code == 200, response.text
    found = response.json()
    return Tokens(found["access_token"], found.get("refresh_token", ""), found.get("id_token", ""))


class Server:
    """The server side of the apps: it calls the machine endpoints of either node."""

    def __init__(self, at: Installation, wire: Wire) -> None:
        self.at = at
        self.wire = wire

    def call(self, path: str, app: App, data: Mapping[str, str], *, node: int = 0) -> httpx.Response:
        return self.wire.post(self.at.nodes[node].url + path, data, {"Authorization": basic(app)})

    def exchange(self, app: App, code: str, *, node: int = 0) -> httpx.Response:
        data = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri}
        return self.call("/token", app, data | {"code_verifier": VERIFIER}, node=node)

    def refresh(self, app: App, token: str, *, node: int = 0) -> httpx.Response:
        return self.call("/token", app, {"grant_type": "refresh_token", "refresh_token": token}, node=node)

    def client_credentials(self, app: App, *, node: int = 0) -> httpx.Response:
        return self.call("/token", app, {"grant_type": "client_credentials"}, node=node)

    def introspect(self, app: App, token: str, *, node: int = 0) -> httpx.Response:
        return self.call("/introspect", app, {"token": token}, node=node)

    def is_active(self, app: App, token: str, *, node: int = 0) -> bool:
        answer = self.introspect(app, token, node=node)
        return answer.status_code == 200 and bool(answer.json()["active"])

    def userinfo(self, token: str, *, node: int = 0) -> httpx.Response:
        return self.wire.get(self.at.nodes[node].url + "/userinfo", {"Authorization": f"Bearer {token}"})

    def living(self, app: App, tokens: Tokens) -> list[str]:
        """Everything that still honours these tokens, on any node; the refresh token is tried last, as it is used."""
        found = []
        for node, _ in enumerate(self.at.nodes):
            if self.userinfo(tokens.access, node=node).status_code != 401:
                found.append(f"userinfo on node {node}")
            for token in (tokens.access, tokens.refresh):
                if self.is_active(app, token, node=node):
                    found.append(f"introspection on node {node}")
        for node, _ in enumerate(self.at.nodes):
            if self.refresh(app, tokens.refresh, node=node).status_code == 200:
                found.append(f"refresh on node {node}")
        return found


def basic(app: App) -> str:
    return "Basic " + base64.b64encode(f"{app.client_id}:{app.secret}".encode()).decode()


class Browser:
    """One browser profile at an address of its own."""

    def __init__(self, at: Installation, wire: Wire, *, address: str | None = None) -> None:
        number = next(_addresses)
        self.at = at
        self.wire = wire
        self.cookies: dict[str, str] = {}
        self.address = address or f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self._token: str | None = None

    @property
    def secret(self) -> str | None:
        """The session's cookie secret."""
        return self.cookies.get(SESSION)

    def copy(self) -> "Browser":
        """The same cookies, from here on on their own."""
        twin = Browser(self.at, self.wire, address=self.address)
        twin.cookies, twin._token = dict(self.cookies), self._token
        return twin

    def get(self, path: str, *, node: int = 0) -> httpx.Response:
        return self._keep(self.wire.get(self._url(path, node), self._headers()))

    def post(self, path: str, data: Mapping[str, str], *, node: int = 0) -> httpx.Response:
        """Send a form as it is."""
        return self._keep(self.wire.post(self._url(path, node), data, self._headers()))

    def submit(self, path: str, data: Mapping[str, str], *, node: int = 0) -> httpx.Response:
        """Send a form with its token, opening a page for it first when none is held."""
        return self.post(path, {**data, "csrf_token": self.token(path, node=node)}, node=node)

    def upload(self, path: str, photo: bytes, *, node: int = 0, **fields: str) -> httpx.Response:
        """Send a form with a photo, ``fields`` and its token."""
        body = form_with({"csrf_token": self.token(path, node=node), **fields}, ("photo", "photo.jpg", photo))
        headers = {"Content-Type": KIND, **self._headers()}
        return self._keep(self.wire.send(httpx.Request("POST", self._url(path, node), content=body, headers=headers)))

    def token(self, path: str = "/signin", *, node: int = 0) -> str:
        if self._token is None:
            page = self.get(path, node=node)
            found = _TOKEN.search(page.text)
            assert found, f"{path}: {page.status_code} without a form"
            self._token = found[1]
        return self._token

    def forget_token(self) -> None:
        self._token = None

    def _url(self, path: str, node: int) -> str:
        return path if path.startswith("http") else self.at.nodes[node].url + path

    def _headers(self) -> dict[str, str]:
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"X-Forwarded-For": self.address} | ({"Cookie": cookies} if cookies else {})

    def _keep(self, response: httpx.Response) -> httpx.Response:
        for line in response.headers.get_list("set-cookie"):
            name, _, rest = line.partition("=")
            value = rest.partition(";")[0]
            if name == SESSION and value != self.cookies.get(SESSION):
                self._token = None  # the form tokens went with the old session secret
            if value:
                self.cookies[name] = value
            else:
                self.cookies.pop(name, None)
        return response

    # -- what people do

    def try_password(self, identifier: str, password: str, *, node: int = 0) -> httpx.Response:
        return self.submit("/signin", {"identifier": identifier, "password": password}, node=node)

    def sign_in(self, person: Person, *, node: int = 0) -> "Browser":
        answer = self.try_password(person.mobile, person.password, node=node)
        assert answer.status_code == 303, f"{answer.status_code} {problem(answer)}"
        return self

    def ask_code(self, mobile: str, *, node: int = 0) -> httpx.Response:
        """303 to the page where the code is entered, when one is on its way."""
        return self.submit("/signin/code", {"identifier": mobile}, node=node)

    def await_code(self, mobile: str, template: str, *, after: int = 0) -> str:
        return str(self.at.await_message(mobile, template, after=after)["params"]["code"])

    def sign_in_by_code(self, mobile: str, *, node: int = 0) -> httpx.Response:
        before = self.at.count_messages(mobile, "signin_code")
        asked = self.ask_code(mobile, node=node)
        assert asked.status_code == 303, problem(asked)
        code = self.await_code(mobile, "signin_code", after=before)
        return self.submit(asked.headers["location"], {"code": code}, node=node)

    def register(self, mobile: str, password: str, *, node: int = 0) -> httpx.Response:
        """The three pages; the answer to the last."""
        asked = self.submit("/register", {"phone": mobile}, node=node)
        assert asked.status_code == 303, problem(asked)
        code = self.await_code(mobile, "register_code")
        proved = self.submit(asked.headers["location"], {"code": code}, node=node)
        assert proved.status_code == 303, problem(proved)
        address = proved.headers["location"]
        versions = re.search(r'name="agreement_versions" value="([^"]+)"', self.get(address, node=node).text)
        assert versions
        details = {"password": password, "user_name": "", "agreements": "yes", "agreement_versions": versions[1]}
        return self.submit(address, details, node=node)

    def change_password(self, person: Person, new: str, *, node: int = 0) -> httpx.Response:
        fields = {"current_password": person.password, "new_password": new}
        return self.submit("/account/password", fields, node=node)

    def ask(self, app: App, *, node: int = 0, **further: str) -> httpx.Response:
        """The first answer to an app's request."""
        query = {
            "response_type": "code",
            "client_id": app.client_id,
            "redirect_uri": app.redirect_uri,
            "scope": "openid profile",
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        return self.get(f"/authorize?{urlencode(query | further)}", node=node)

    def authorize(self, app: App, *, node: int = 0, **further: str) -> str:
        """The code an app gets for this browser's session; consents when asked."""
        answer = self.ask(app, node=node, **further)
        while answer.headers.get("location", "").startswith("/"):
            address = answer.headers["location"]
            if address.startswith("/consent"):
                answer = self.submit(address, {"decision": "allow"}, node=node)
            else:
                assert not address.startswith("/signin"), "asked to sign in"
                answer = self.get(address, node=node)
        return code_in(answer)

    def is_signed_in(self, *, node: int = 0) -> bool:
        return self.get("/account", node=node).status_code == 200

    def sign_out(self, *, node: int = 0) -> httpx.Response:
        """From the provider's own page."""
        return self.submit("/signout", {"confirm": "yes"}, node=node)

    def sign_out_from(self, app: App, id_token: str, *, node: int = 0) -> httpx.Response:
        """As an app sends people to sign out (RP-Initiated Logout 1.0)."""
        query = {"id_token_hint": id_token, "post_logout_redirect_uri": app.post_logout_redirect_uri, "state": "x"}
        return self.get(f"/logout?{urlencode(query)}", node=node)


def code_in(answer: httpx.Response) -> str:
    """The code in the redirect to an app; AssertionError with what was answered instead."""
    query = parse_qs(urlsplit(answer.headers.get("location", "")).query)
    assert "code" in query, f"{answer.status_code} {answer.headers.get('location')} {problem(answer)}"
    return query["code"][0]


def problem(page: httpx.Response) -> str:
    """What a page says is wrong, in its own words."""
    found = re.search(r'(?<=id="error-summary").*?>(.*?)</div>', page.text, re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", found[1] if found else page.text[:400]).split())


def claims(response: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = response.json()
    return found
