"""A whole provider in the test's own process: `create_app` over SQLite files, a few clients, one person.

Always true: signing keys, clients and the person are made once for a run and copied for each test, so a test begins
with a provider of its own in a few milliseconds.
"""

import base64
import hashlib
import secrets
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache, cached_property
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from joserfc.jwk import ECKey
from werkzeug.test import TestResponse

from idp.accounts.acceptances import accept_agreements
from idp.accounts.actions import Active
from idp.accounts.documents import IdNumber
from idp.accounts.names import PersonName
from idp.accounts.rules import Mobile, UserName
from idp.app import create_app, provider_of
from idp.audit import init_audit
from idp.clients.actions import put
from idp.clients.rules import Client
from idp.credentials.password import store_password
from idp.crypto.rings import parse_key
from idp.crypto.signing import ensure_keys
from idp.db import Statement
from idp.messages.outbox import init_outbox, payload_context
from idp.proofing.actions import add_evidence
from idp.provider import Provider
from idp.settings import Settings
from idp.web.agreements import Agreements, load_agreements
from idp.web.clock import set_clock
from tests.multipart import KIND, form_with
from tests.registers import ScriptedRegisters

ISSUER = "http://localhost:8000"
PHONE = "13812340001"
NAME = "harbour_lamp"
PASSWORD = "Lantern7Bridge22"
VERIFIER = "a-verifier-of-forty-three-characters-or-more-0123"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
KEY = ECKey.generate_key("P-256", {"kid": "of-signed"})
SECRET = "a-secret-of-forty-characters-for-the-tests"
CALLBACK = "http://app.localhost:9/cb"
DOCUMENT = IdNumber("11010519491231002X")
SPA_ORIGIN = "http://spa.localhost:9"
_CODE_FLOW = {
    "sector": "one",
    "state": "live",
    "redirect_uris": [CALLBACK],
    "post_logout_redirect_uris": ["http://app.localhost:9/out"],
    "grant_types": ["authorization_code", "refresh_token"],
    "scopes": {"profile": "none", "phone": "none"},
    "id_token_alg": "ES256",
}
CLIENTS: tuple[dict[str, Any], ...] = (
    _CODE_FLOW | {"client_id": "app", "name": "应用", "backchannel_logout_uri": "http://localhost:9/bye"},
    _CODE_FLOW
    | {
        "client_id": "post",
        "name": "邮寄",
        "auth_method": "client_secret_post",
        "access_token": "opaque",
        "pkce": "optional",
        "sector": "two",
        "userinfo_alg": "ES256",
    },
    _CODE_FLOW
    | {
        "client_id": "signed",
        "name": "签名",
        "auth_method": "private_key_jwt",
        "jwks": orjson.dumps({"keys": [KEY.as_dict(private=False)]}).decode(),
    },
    _CODE_FLOW | {"client_id": "spa", "name": "单页", "auth_method": "none", "cors_origins": [SPA_ORIGIN]},
    _CODE_FLOW | {"client_id": "asking", "name": "征求", "scopes": {"phone": "consent", "profile": "statutory"}},
    {
        "client_id": "machine",
        "name": "机器",
        "sector": "three",
        "state": "live",
        "grant_types": ["client_credentials"],
        "scopes": {"figures.read": "none", "figures.write": "none", "profile": "none"},
    },
)
_OUTBOX = Statement[tuple[str, bytes, str]]("SELECT id, payload, kind FROM outbox ORDER BY created_at, id")


def keys_of(letter: str) -> str:
    """A key of 32 bytes, the same in every run."""
    return base64.b64encode(letter.encode() * 32).decode()


def settings_at(directory: Path, **changes: Any) -> Settings:
    """Settings over SQLite files in ``directory``, with limits one machine can play many people under."""
    values: dict[str, Any] = {
        "issuer": ISSUER,
        "database": {"url": f"sqlite:///{directory / 'idp.db'}"},
        "state": {"url": f"sqlite:///{directory / 'state.db'}"},
        "secrets": {
            "field_keys": [f"f1:{keys_of('f')}"],
            "index_keys": [f"i1:{keys_of('i')}"],
            "audit_key": keys_of("a"),
            "anchor_key": keys_of("n"),
            "cookie_key": keys_of("c"),
        },
        "limits": {
            "sms": {"per_number_interval": 0, "per_number_daily": 1000, "per_address_hourly": 0},
            "password": {"argon2_time": 1, "argon2_memory_kib": 64, "per_address_failures": 0},
            "captcha": {"before_sms": False, "after_failures": 0},
            "identity": {"outside_per_address_hourly": 0},
        },
        "tokens": {"logout_wait": 0.0},
        "pages": {"default_locale": "en"},
        "server": {"threads": 4},
    }
    if "province" not in changes:  # a profile says what it offers
        values["proofing"] = {"ways": ("name_number", "bank_card", "face")}
    return Settings(**(values | changes))


@dataclass
class Site:
    """A provider and what a test does with it. ``later``: seconds its clock is ahead."""

    app: Flask
    later: int = 0

    def __post_init__(self) -> None:
        set_clock(self.app, self.now)
        self.app.wsgi_app._clock = self.now  # type: ignore[attr-defined]

    def now(self) -> int:
        return int(time.time()) + self.later

    @cached_property
    def provider(self) -> Provider:
        return provider_of(self.app)

    @property
    def directory(self) -> Path:
        """Where its SQLite files stand."""
        return Path(self.provider.settings.database.url.removeprefix("sqlite:///")).parent

    def browser(self) -> "Browser":
        return Browser(self, self.app.test_client())

    @property
    def http(self) -> FlaskClient:
        """A program without cookies."""
        return self.app.test_client(use_cookies=False)

    def post(self, path: str, form: Mapping[str, str], **headers: str) -> TestResponse:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.post(path, data=dict(form), headers=sent)

    def exchange(self, code: str, client_id: str = "app", /, **changes: str) -> TestResponse:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
        return self.token(client_id, form | changes)

    def refresh(self, token: str, client_id: str = "app", /, **changes: str) -> TestResponse:
        return self.token(client_id, {"grant_type": "refresh_token", "refresh_token": token} | changes)

    def token(self, client_id: str, form: Mapping[str, str]) -> TestResponse:
        return self.call("/token", client_id, form)

    def call(self, path: str, client_id: str, form: Mapping[str, str]) -> TestResponse:
        """A machine endpoint as this client, by the way it registered."""
        if client_id == "post":
            return self.post(path, {**form, "client_id": "post", "client_secret": SECRET})
        if client_id == "spa":
            return self.post(path, {**form, "client_id": "spa"})
        return self.post(path, form, Authorization=basic(client_id))

    def userinfo(self, token: str) -> TestResponse:
        return self.http.get("/userinfo", headers={"Authorization": f"Bearer {token}"})

    def outbox(self, kind: str | None = None) -> list[dict[str, Any]]:
        """The payloads that wait to be sent, oldest first."""
        with self.provider.database.autocommit() as tx:
            rows = tx.all(_OUTBOX)
        cipher = self.provider.cipher
        return [
            orjson.loads(cipher.open(payload, context=payload_context(key)))
            for key, payload, found in rows
            if kind in (None, found)
        ]

    def text_code(self) -> str:
        """The code in the newest text message, sent or not."""
        return str(
            [message for message in self.outbox() if "code" in message.get("params", {})][-1]["params"]["code"]
        )

    def one(self, sql: str, **values: Any) -> Any:
        """The first column of the first row."""
        with self.provider.database.autocommit() as tx:
            row = tx.one(Statement[tuple[Any, ...]](sql, lambda *columns: columns), **values)
        return row[0] if row else None

    def execute(self, sql: str, **values: Any) -> None:
        with self.provider.database.transaction() as tx:
            tx.run(Statement[Any](sql), **values)

    def party(self, phone: str = PHONE) -> str:
        mobile = Mobile.parse(phone)
        assert mobile is not None
        with self.provider.database.autocommit() as tx:
            found = self.provider.directory.lookup(tx, mobile)
        assert isinstance(found, Active)
        return found.party_id

    def close(self) -> None:
        self.provider.database.engine.dispose()
        self.provider.store.close()


def basic(client_id: str, secret: str = SECRET) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{secret}".encode()).decode()


@dataclass
class Browser:
    """One browser: cookies, no redirects by itself, forms with their token."""

    site: Site
    client: FlaskClient
    _signed: tuple[str | None, str] = (None, "")
    """The cookie that form tokens are bound to, and the token that goes with it."""

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def submit(self, path: str, form: Mapping[str, str] | None = None) -> TestResponse:
        """Send ``form`` with a form token."""
        return self.client.post(path, data={**(form or {}), "csrf_token": self._token()})

    def upload(self, path: str, *photos: bytes, name: str = "photo", filename: str = "a.jpg") -> TestResponse:
        """Send a form with files, as the page at ``path`` would."""
        body = form_with({"csrf_token": self._token()}, *((name, filename, photo) for photo in photos))
        return self.client.post(path, input_stream=BytesIO(body), content_type=KIND)

    def _token(self) -> str:
        """What any page would show as the form token, but for rendering one."""
        if not self._signed[1] or self._held() is None or self._held() != self._signed[0]:
            with self.client.session_transaction() as held:
                secret = held.setdefault("csrf_token", secrets.token_hex(20))
            signer = URLSafeTimedSerializer(self.site.app.config["SECRET_KEY"], salt="wtf-csrf-token")
            self._signed = self._held(), str(signer.dumps(secret))
        return self._signed[1]

    def _held(self) -> str | None:
        cookie = self.client.get_cookie(self.site.app.config["SESSION_COOKIE_NAME"])
        return cookie.value if cookie else None

    def sign_in(self, identifier: str = PHONE, password: str = PASSWORD) -> "Browser":
        answer = self.submit("/signin", {"identifier": identifier, "password": password})
        assert answer.status_code == 303, answer.text
        return self

    @property
    def signed_in(self) -> bool:
        return self.get("/account").status_code == 200

    def ask(self, client_id: str = "app", **changes: str | None) -> TestResponse:
        """An authorization request; a parameter changed to None is left out."""
        params: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid profile phone",
            "state": "st",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        sent = {name: value for name, value in (params | changes).items() if value is not None}
        return self.get("/authorize?" + urlencode(sent))

    def authorize(self, client_id: str = "app", **changes: str | None) -> str:
        """The code the client gets without another page."""
        answer = answered(self.ask(client_id, **changes))
        assert "code" in answer, answer
        return answer["code"]

    def tokens(self, client_id: str = "app", **changes: str | None) -> dict[str, Any]:
        verifier = {"code_verifier": ""} if "code_challenge" in changes else {}
        answer = self.site.exchange(self.authorize(client_id, **changes), client_id, **verifier)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.get_json()
        return found


def answered(response: TestResponse) -> dict[str, str]:
    """The parameters of the redirect to the client."""
    location = response.headers.get("Location", "")
    assert location.startswith(CALLBACK), f"{response.status_code} {location} {response.text[:600]}"
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    found: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


@cache
def _agreements() -> Agreements:
    return load_agreements(Path("config/agreements"))


def add_person(provider: Provider, phone: str, name: str | None, password: str = PASSWORD) -> str:
    """An account as registration leaves it."""
    mobile, now = Mobile.parse(phone), int(time.time())
    assert mobile is not None
    with provider.database.transaction() as tx:
        opened = provider.directory.open_person(
            tx, mobile=mobile, user_name=UserName.parse(name) if name else None, now=now
        )
        assert isinstance(opened, Active)
        store_password(tx, party_id=opened.party_id, hashed=provider.passwords.hash(password), now=now)
        accept_agreements(tx, opened.party_id, _agreements().versions_in_force(now), now=now)
        provider.directory.set_profile(tx, opened.party_id, {"name": "欧阳清岚", "gender": "female"}, now=now)
    return opened.party_id


def add_document(provider: Provider, party_id: str, *, now: int, number: IdNumber = DOCUMENT) -> IdNumber:
    """The account is its person's own: name and number have been verified."""
    name = PersonName("欧阳清岚")
    with provider.database.transaction() as tx:
        provider.directory.record_document(
            tx, party_id, document=number, name=name, valid_to=None, source="test", now=now
        )
        add_evidence(tx, party_id, kind="name_number", level=2, source="test", expires_at=None, now=now)
    return number


def make_template(empty: Path, directory: Path) -> Path:
    """A database with signing keys, `CLIENTS` and one person, from one with nothing but tables."""
    shutil.copyfile(empty, directory / "idp.db")
    return kept(furnished(settings_at(directory)))


def furnished(settings: Settings) -> Site:
    """An application over empty tables, with signing keys, `CLIENTS` and one person in them."""
    site = Site(create_app(settings, ScriptedRegisters().ports))
    provider, now = site.provider, int(time.time())
    ensure_keys(provider.database, provider.cipher, now=now)
    for data in CLIENTS:
        with provider.database.transaction() as tx:
            made = put(
                tx, data, secret=None if data.get("auth_method") in ("none", "private_key_jwt") else SECRET, now=now
            )
            assert isinstance(made, Client), made
    add_person(provider, PHONE, NAME)
    return site


def kept(site: Site) -> Path:
    """The database of ``site`` as one file, with nothing beside it; the site is closed."""
    with site.provider.database.autocommit() as tx:
        tx.all(Statement[Any]("PRAGMA wal_checkpoint(TRUNCATE)", lambda *_: None))
    site.close()
    return site.directory / "idp.db"


def make_app(template: Path, directory: Path) -> Iterator[Flask]:
    """An application over a copy of ``template``, closed in the end."""
    shutil.copyfile(template, directory / "idp.db")
    app = create_app(settings_at(directory), ScriptedRegisters().ports)
    yield app
    Site(app).close()


@pytest.fixture(scope="session")
def site_template(_site_template: Path) -> Path:
    """A database with signing keys, `CLIENTS` and one person."""
    return _site_template


@pytest.fixture(scope="session")
def shared_app(_shared_app: Flask) -> Flask:
    """One application for the run; `site` gives it a database of its own for each test."""
    return _shared_app


@pytest.fixture
def site(shared_app: Flask, site_template: Path) -> Iterator[Site]:
    """A provider of this test."""
    made = Site(shared_app)
    _begin_anew(made, site_template)
    yield made
    made.close()


def _begin_anew(site: Site, template: Path) -> None:
    """Put the template in place of the database, and forget whatever is held of the one before."""
    provider, directory = site.provider, site.directory
    provider.database.engine.dispose()
    provider.store.close()
    for left in directory.glob("idp.db-*"):
        left.unlink()
    shutil.copyfile(template, directory / "idp.db")
    with closing(sqlite3.connect(directory / "state.db", isolation_level=None)) as state:
        for table in ("state_entry", "state_window"):
            state.execute(f"DELETE FROM {table}")
    provider.registry._clients._held = provider.keys._ring._held = provider.themes._catalogue._held = None
    provider.resources._servers._held = None
    provider.registry._clients._held = provider.keys._ring._held = None
    provider.authorities._held._held, provider.authorities._lists = None, {}
    provider.directory.subjects._known.clear()
    provider.enterprise.forget()  # type: ignore[attr-defined]
    init_audit(parse_key(provider.settings.secrets.audit_key, name="audit_key"), node=provider.node)
    init_outbox(provider.cipher)


@pytest.fixture
def registers(site: Site) -> ScriptedRegisters:
    """The registers behind ``site``, which know nobody yet."""
    found: ScriptedRegisters = site.provider.enterprise  # type: ignore[assignment]
    return found


@pytest.fixture
def browser(site: Site) -> Browser:
    """A browser nobody is signed in with."""
    return site.browser()


@pytest.fixture
def signed_in(browser: Browser) -> Browser:
    """A browser the person is signed in with, by password."""
    return browser.sign_in()
