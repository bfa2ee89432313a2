"""What people and apps send is legible nowhere afterwards (trust 10): database, logs, state, metrics, messages."""

import base64
import html
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pyotp
import pytest
from sqlalchemy import make_url

from adapters.sandbox import packages
from adapters.sandbox.services_redis import Redis
from idp.app import create_app
from tests.credentials.authenticator import Authenticator
from tests.provider import settings_at
from tests.registers import ScriptedRegisters
from tests.trust.browser import Browser, Server, Tokens, Wire, problem, tokens_of
from tests.trust.canaries import E164, NATIONAL, SPELLINGS, Canaries
from tests.trust.installation import ALPHA, GAMMA, MACHINE, Installation, installation, wait_until

pytestmark = pytest.mark.services
PASSWORD = "Quartz8Heron&Lamp"
NEW_PASSWORD = "Velvet3Anchor&Moss"
USER_NAME = "canary_keeper"
OBJECTION = "Basalt5Kestrel"
PASSKEY_NAME = "Keeper's lamp in the hall"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NAMES = """
identifier password code phone user_name current_password new_password agreements agreement_versions decision lang
client_id client_secret redirect_uri scope state nonce login_hint id_token_hint acr_values claims ui_locales prompt
max_age response_type response_mode code_challenge code_verifier grant_type refresh_token access_token token request
token_type_hint client_assertion client_assertion_type post_logout_redirect_uri request_uri next r f c k done before
size end withdraw item text why understood keep confirm at export send key credential recovery_code by again
remove begin make name type uscc person kind number valid_to long_term act entity who request way how
"""
FIELDS = tuple(_NAMES.split())
HEADERS = ("User-Agent", "Referer", "Origin", "X-Forwarded-For", "X-Request-Id", "If-None-Match", "Accept-Language")
"""Where a program can put a value besides parameters."""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Every address of the pages and of the lane; variable parts in angle brackets."""
    app = create_app(settings_at(tmp_path_factory.mktemp("routes")), ScriptedRegisters().ports)
    rules = [rule.rule for rule in app.url_map.iter_rules()]
    lane: Mapping[str, Any] = app.wsgi_app._table  # type: ignore[attr-defined]
    app.extensions["tongban"].database.engine.dispose()
    app.extensions["tongban"].store.close()
    return sorted({*rules, *lane, "/nowhere", "/<path>"})


def insistently(wire: Wire, request: httpx.Request) -> httpx.Response:
    """Once more when the server had closed a kept connection, as it may after a body it did not want to read."""
    try:
        return wire.send(request)
    except httpx.RemoteProtocolError:
        return wire.send(request)


def through_every_route(wire: Wire, url: str, paths: Iterable[str], values: Iterable[str], cookies: str) -> None:
    """Each value as every parameter and header of each route, by the right and the wrong methods."""
    for value in values:
        query = (
            urlencode(dict.fromkeys(FIELDS, value)) if len(value) < 60 else urlencode({"r": value, "token": value})
        )
        raw = value.encode()
        headers = {"Authorization": b"Bearer " + raw, "Cookie": f"{cookies}; stray=".encode() + quote(raw).encode()}
        headers |= dict.fromkeys(HEADERS, raw)
        form = {"Content-Type": b"application/x-www-form-urlencoded"}
        basic = {"Authorization": b"Basic " + base64.b64encode(raw + b":" + raw)}
        for path in paths:
            address = url + re.sub(r"<[^>]*>", quote(value, safe=""), path)
            requests = [httpx.Request("GET", f"{address}?{query}", headers=headers)]
            requests.append(httpx.Request("POST", address, content=query, headers=form | basic))
            if value == NATIONAL:
                requests += [httpx.Request(m, f"{address}?{query}", content=query, headers=headers) for m in METHODS]
                requests.append(httpx.Request("POST", address, json=dict.fromkeys(FIELDS, value)))
            for request in requests:
                answer = insistently(wire, request)
                assert answer.status_code < 500, f"{request.method} {path}: {answer.status_code}"


class Life:
    """Everything one person and their apps do, with their values planted as they come up."""

    def __init__(self, at: Installation, wire: Wire) -> None:
        self.at, self.wire = at, wire
        self.server, self.browser = Server(at, wire), Browser(at, wire)
        self.canaries = Canaries()
        self.canaries.plant_phone()
        for name, text in (
            ("password", PASSWORD),
            ("new password", NEW_PASSWORD),
            ("user name", USER_NAME),
            ("dispute", OBJECTION),
        ):
            self.canaries.plant(name, text)
        for app in (ALPHA, GAMMA, MACHINE):
            self.canaries.plant("client secret", app.secret)
        self.values: list[str] = [*SPELLINGS, PASSWORD, USER_NAME, ALPHA.secret]
        self.state: list[bytes] = []

    def look(self) -> None:
        """Remember what the state store holds at this moment."""
        if self.at.redis:
            self.state.append(everything_in(self.at.redis))

    def keep_cookies(self) -> None:
        for name in ("tb_session", "tb_browser"):
            self.values.append(self.canaries.plant(f"cookie {name}", self.browser.cookies[name]))

    def keep_tokens(self, tokens: Tokens) -> Tokens:
        for name, token in (("access", tokens.access), ("refresh", tokens.refresh), ("ID", tokens.id)):
            if token:
                self.values.append(self.canaries.plant(f"{name} token", token))
        return tokens

    def code(self, template: str, *, after: int = 0) -> str:
        return self.canaries.plant_code(self.browser.await_code(NATIONAL, template, after=after))

    def register(self) -> None:
        browser = self.browser
        address = browser.submit("/register", {"phone": SPELLINGS[1]}).headers["location"]
        wrong = browser.submit(address, {"code": NATIONAL})
        assert wrong.status_code == 422, problem(wrong)
        self.look()
        address = browser.submit(address, {"code": self.code("register_code")}).headers["location"]
        page = browser.get(address).text
        versions = re.search(r'name="agreement_versions" value="([^"]+)"', page)
        assert versions
        details = {"password": PASSWORD, "user_name": USER_NAME, "agreements": "yes"}
        refused = browser.submit(address, details | {"agreement_versions": NATIONAL})
        assert refused.status_code == 422
        done = browser.submit(address, details | {"agreement_versions": versions[1]})
        assert done.headers["location"].startswith("/register/done"), problem(done)
        self.keep_cookies()

    def mistype(self) -> None:
        """Wrong passwords under every spelling, the right one as an identifier, one value in place of another."""
        for spelling in (*SPELLINGS, USER_NAME.upper()):
            stranger = Browser(self.at, self.wire)
            assert stranger.try_password(spelling, NEW_PASSWORD).status_code == 422
        for typed in (PASSWORD, E164, USER_NAME):
            Browser(self.at, self.wire).try_password(typed, NATIONAL)
            Browser(self.at, self.wire).submit("/register", {"phone": typed + "x"})
            Browser(self.at, self.wire).submit("/recover", {"identifier": typed + "~"})
        for typed in (SPELLINGS[2], USER_NAME, f"{USER_NAME}_x"):
            stranger = Browser(self.at, self.wire)
            asked = stranger.submit("/recover", {"identifier": typed})
            assert stranger.submit(asked.headers["location"], {"code": NATIONAL}).status_code == 422

    def sign_in(self) -> None:
        for spelling in SPELLINGS:
            browser = Browser(self.at, self.wire)
            assert browser.try_password(spelling, PASSWORD).status_code == 303
        asked = self.browser.ask_code(SPELLINGS[4])
        self.look()
        code = self.code("signin_code")
        answer = self.browser.submit(asked.headers["location"], {"code": code})
        assert answer.status_code == 303, problem(answer)
        self.keep_cookies()

    def use_apps(self) -> None:
        """The code flow with hints, claims and states that hold what they should not."""
        for spelling in SPELLINGS:
            stranger = Browser(self.at, self.wire)
            parked = stranger.ask(ALPHA, login_hint=spelling, state=PASSWORD)
            assert stranger.get(parked.headers["location"]).status_code == 200
        self.look()
        claims = f'{{"userinfo":{{"phone_number":{{"value":"{E164}"}},"{NATIONAL}":null}}}}'
        code = self.browser.authorize(ALPHA, scope="openid profile phone", claims=claims, state=NATIONAL)
        self.values.append(self.canaries.plant("authorization code", code))
        self.look()
        tokens = self.keep_tokens(tokens_of(self.server.exchange(ALPHA, code)))
        assert NATIONAL in self.server.userinfo(tokens.access).text
        for token in (tokens.access, tokens.refresh, NATIONAL, PASSWORD):
            self.server.introspect(ALPHA, token)
        self.browser.ask(ALPHA, id_token_hint=tokens.id, prompt="login")
        self.look()
        self.tokens = self.keep_tokens(tokens_of(self.server.refresh(ALPHA, tokens.refresh)))
        self.keep_tokens(tokens_of(self.server.client_credentials(MACHINE)))
        unused = self.browser.authorize(GAMMA, scope="openid phone")
        self.canaries.plant("unused code", unused)

    def change_things(self) -> None:
        browser = self.browser
        sent = browser.submit("/signin/confirm", {})
        if sent.headers.get("location", "").startswith("/signin/confirm?c="):
            browser.submit(sent.headers["location"], {"code": self.code("confirm_code")})
        else:
            browser.submit("/signin/confirm", {"password": PASSWORD})
        fields = {"current_password": PASSWORD, "new_password": NEW_PASSWORD}
        answer = browser.submit("/account/password", fields)
        assert answer.status_code == 303, problem(answer)
        self.keep_cookies()
        assert browser.submit("/account/phone", {"phone": SPELLINGS[1]}).status_code == 422
        assert browser.submit("/account/user-name", {"user_name": f"{USER_NAME}_y"}).status_code == 422
        self.add_factors()
        for page in (
            *("", "/profile", "/phone", "/user-name", "/sessions", "/apps", "/activity", "/password"),
            "/methods",
        ):
            assert browser.get(f"/account{page}").status_code == 200
        dispute = {"item": "other", "text": f"{OBJECTION}\r\n{NATIONAL}"}
        assert browser.submit("/account/disputes/new", dispute).status_code == 303
        exported = browser.submit("/account/export", {"export": "yes"})
        assert OBJECTION in exported.text, problem(exported)
        assert NATIONAL in exported.text

    def add_factors(self) -> None:
        """An authenticator app, recovery codes and a passkey; one of each is used, and none left in clear."""
        browser = self.browser
        browser.token("/account/methods")
        page = browser.submit("/account/methods/totp", {"begin": "yes"}).headers["location"]
        shown = re.search(r'id="secret"[^>]*>([A-Z2-7 ]+)<', browser.get(page).text)
        assert shown
        seed = self.canaries.plant("TOTP seed", shown[1].replace(" ", ""))
        self.canaries.plant("TOTP seed, raw", base64.b32decode(seed).hex())
        self.look()
        code = self.canaries.plant_code(pyotp.TOTP(seed).now())
        assert browser.submit(page, {"code": code}).headers["location"].endswith("done=totp_added")
        made = browser.submit("/account/methods/codes", {"make": "yes"}).text
        codes = re.findall(r"[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}", made)
        assert len(codes) == 10
        for one in codes:
            self.canaries.plant("recovery code", one)
            self.canaries.plant("recovery code, bare", one.replace("-", ""))
        self.add_passkey()
        self.look()

    def add_passkey(self) -> None:
        page = self.browser.get("/account/methods/passkey").text
        key, options = re.search(r'name="key" value="([^"]+)"', page), re.search(r'data-options="([^"]+)"', page)
        assert key
        assert options
        made = Authenticator(origin=self.at.issuer).create(html.unescape(options[1]))
        form = {"name": self.canaries.plant("passkey name", PASSKEY_NAME), "key": key[1], "credential": made}
        added = self.browser.submit("/account/methods/passkey", form)
        assert added.headers.get("location", "").endswith("done=passkey_added"), problem(added)

    def leave(self) -> None:
        self.server.call("/revoke", ALPHA, {"token": self.tokens.access})
        answer = self.browser.sign_out_from(ALPHA, self.tokens.id)
        assert answer.status_code == 303
        assert self.server.exchange(ALPHA, self.values[-1]).status_code == 400


def everything_in(redis: Redis) -> bytes:
    """All keys and values, as a client reads them."""
    import redis as client

    held = client.Redis(unix_socket_path=str(redis.path))
    parts: list[bytes] = []
    for key in held.scan_iter(count=1000):
        kind = held.type(key)
        value = held.hgetall(key) if kind == b"hash" else held.get(key)
        parts += [key, *(value.items() if isinstance(value, dict) else [value or b""])]
    held.close()
    return b"\n".join(part if isinstance(part, bytes) else b"=".join(part) for part in parts)


def left_behind(at: Installation, wire: Wire) -> Iterator[tuple[str, bytes]]:
    """(what it is, its bytes) of everything that stays."""
    for log in [*at.logs, at.directory / "postgres.log", at.directory / "redis.log"]:
        if log.exists():
            yield log.name, log.read_bytes()
    for node in at.nodes:
        yield f"metrics of {node.name}", wire.get(f"{node.url}/metrics").content
    if at.postgres is None:
        for file in sorted(at.directory.glob("*.db*")):
            yield file.name, file.read_bytes()
        return
    yield from left_in_postgresql(at)


def left_in_postgresql(at: Installation) -> Iterator[tuple[str, bytes]]:
    assert at.postgres is not None
    program = packages.postgres("pg_dump")
    where = make_url(at.postgres.url)
    command = [str(program.path), "-h", str(where.query["host"]), "-U", str(where.username), str(where.database)]
    dumped = subprocess.run(command, env=program.env, capture_output=True, check=True, timeout=60)
    assert b"CREATE TABLE" in dumped.stdout
    yield "pg_dump", dumped.stdout
    segments = sorted((at.postgres._data / "pg_wal").glob("0*"))
    assert segments
    for segment in segments:
        yield f"WAL {segment.name}", segment.read_bytes().rstrip(b"\0")


def test_the_search_finds_what_is_there() -> None:
    canaries = Canaries()
    canaries.plant_phone()
    canaries.plant("password", PASSWORD)
    canaries.plant_code("314159")
    for before in (b"", b"x", b"xy"):
        for left in (PASSWORD.encode(), NATIONAL.encode()):
            for form in (base64.b64encode, base64.urlsafe_b64encode, lambda text: text.hex().encode()):
                assert canaries.found("it", b"--" + form(before + left + b"yz") + b"--"), (before, left, form)
    assert canaries.found("it", b"code: 314159,")
    assert canaries.found("it", SPELLINGS[4].encode())
    assert not canaries.found("it", b"1314159 0.314159 a314159")


@pytest.mark.parametrize("storage", ["sqlite", "postgresql"])
def test_nothing_of_a_whole_life_is_legible_afterwards(
    storage: str, wire: Wire, paths: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    loud = {"TONGBAN_LOG__LEVEL": "DEBUG"}
    with installation(storage, tmp_path_factory.mktemp("canaries"), settings=loud, people=1) as at:  # type: ignore[arg-type]
        life = Life(at, wire)
        life.register()
        life.mistype()
        life.sign_in()
        life.use_apps()
        cookies = "; ".join(f"{name}={value}" for name, value in life.browser.cookies.items())
        through_every_route(wire, at.nodes[1].url, paths, life.values, cookies)
        life.look()
        life.change_things()
        life.leave()
        life.look()
        assert wait_until(
            lambda: not at.rows("SELECT 1 FROM outbox WHERE settled_at IS NULL AND kind <> 'none'"), seconds=20
        )
        assert at.number("SELECT COUNT(*) FROM outbox WHERE settled_at IS NOT NULL AND payload IS NOT NULL") == 0
        left_over = dict(left_behind(at, wire))
        looked_at = {"WAL", "pg_dump"} if at.redis else {"idp.db"}
        for name in looked_at:  # what is no secret is found where the secrets are looked for
            assert any(
                ALPHA.client_id.encode() in left for where, left in left_over.items() if where.startswith(name)
            )
        assert not at.redis or any(life.state)
        found = [hit for name, left in left_over.items() for hit in life.canaries.found(name, left)]
        found += [hit for state in life.state for hit in life.canaries.found("Redis", state)]
        assert found == []
        assert at.faults() == []
