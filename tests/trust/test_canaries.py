"""What people, apps and operators send is legible nowhere afterwards (trust 10): database, logs, state, metrics."""

import base64
import re
import subprocess
import time
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest
from sqlalchemy import make_url

from adapters.sandbox import packages
from idp.app import create_app
from idp.crypto.fields import FieldCipher
from idp.crypto.rings import parse_ring
from tests.provider import settings_at
from tests.registers import ScriptedRegisters
from tests.trust.browser import Wire
from tests.trust.canaries import NATIONAL, SPELLINGS, Canaries
from tests.trust.helped import Helped
from tests.trust.installation import ALPHA, Installation, installation, wait_until
from tests.trust.life import PASSWORD, Life
from tests.trust.moved import Moved
from tests.trust.sealed import SEALED, movable, unreadable

pytestmark = pytest.mark.services
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_NAMES = """
identifier password code phone user_name current_password new_password agreements agreement_versions decision lang
client_id client_secret redirect_uri scope state nonce login_hint id_token_hint acr_values claims ui_locales prompt
max_age response_type response_mode code_challenge code_verifier grant_type refresh_token access_token token request
token_type_hint client_assertion client_assertion_type post_logout_redirect_uri request_uri next r f c k done before
size end withdraw item text why understood keep confirm at export send key credential recovery_code by again
remove begin make wrong pause name type uscc person kind number valid_to long_term act entity who way how
consent cause photos photo last_day paper reason ticket answer role sector sectors captcha captcha_key card
challenge signed_data signature certificate holder unbind renew
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
    time.sleep(1)  # without durability a commit reaches its segment a little later (wal_writer_delay)
    segments = sorted((at.postgres._data / "pg_wal").glob("0*"))
    assert segments
    for segment in segments:
        yield f"WAL {segment.name}", segment.read_bytes().rstrip(b"\0")


def test_the_search_finds_what_is_there() -> None:
    canaries = Canaries()
    canaries.plant_identifiers()
    canaries.plant("password", PASSWORD)
    canaries.plant_code("314159")
    for before in (b"", b"x", b"xy"):
        for left in (PASSWORD.encode(), NATIONAL.encode()):
            for form in (base64.b64encode, base64.urlsafe_b64encode, lambda text: text.hex().encode()):
                assert canaries.found("it", b"--" + form(before + left + b"yz") + b"--"), (before, left, form)
    assert canaries.found("it", b"code: 314159,")
    assert canaries.found("it", SPELLINGS[4].encode())
    assert not canaries.found("it", b"1314159 0.314159 a314159")


@dataclass
class Lived:
    """An installation after a whole life in it, and what was left behind."""

    at: Installation
    life: Life
    left: dict[str, bytes]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def lived(
    request: pytest.FixtureRequest, wire: Wire, paths: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lived]:
    loud = {"TONGBAN_LOG__LEVEL": "DEBUG"}
    with installation(request.param, tmp_path_factory.mktemp("canaries"), settings=loud, people=1) as at:
        life = Life(at, wire)
        life.register()
        life.prove()
        life.found_an_entity()
        life.give_a_mandate()
        life.mistype()
        life.sign_in()
        life.use_apps()
        cookies = "; ".join(f"{name}={value}" for name, value in life.browser.cookies.items())
        through_every_route(wire, at.nodes[1].url, paths, life.values, cookies)
        life.look()
        life.change_things()
        life.ask_for_help()
        life.send_photos()
        life.be_dealt_with()
        life.leave()
        life.come_back()
        Helped(life).live()
        Moved(at, wire, life.canaries).live()
        waiting = "SELECT 1 FROM outbox WHERE settled_at IS NULL AND kind <> 'none'"
        assert wait_until(lambda: not at.rows(waiting), seconds=20)
        yield Lived(at, life, dict(left_behind(at, wire)))
        assert at.faults() == []


def test_nothing_of_a_whole_life_is_legible_afterwards(lived: Lived) -> None:
    at, life = lived.at, lived.life
    assert at.number("SELECT COUNT(*) FROM outbox WHERE settled_at IS NOT NULL AND payload IS NOT NULL") == 0
    for name in {"WAL", "pg_dump"} if at.redis else {"idp.db"}:
        # what is no secret is found where the secrets are looked for
        assert any(ALPHA.client_id.encode() in left for where, left in lived.left.items() if where.startswith(name))
    assert not at.redis or any(life.state)
    found = [hit for name, left in lived.left.items() for hit in life.canaries.found(name, left)]
    assert len(life.photos) == 2
    found += [name for name, left in lived.left.items() for photo in life.photos if photo[200:264] in left]
    found += [hit for state in life.state for hit in life.canaries.found("Redis", state)]
    assert found == []


def test_of_every_kind_a_leak_would_be_found(lived: Lived, wire: Wire) -> None:
    """A slip of every kind into the database is found in every form in which the real search looks at it."""
    at, canaries = lived.at, lived.life.canaries
    assert len(canaries.samples) >= 30
    at.change("CREATE TABLE slip (said TEXT)")
    for text in 3 * list(canaries.samples.values()):  # a segment's page may end within one
        at.change("INSERT INTO slip VALUES (:said)", said=f"<{text}>")
    left = dict(left_behind(at, wire))
    at.change("DROP TABLE slip")
    for place in {"pg_dump", "WAL"} if at.postgres else {"idp.db"}:
        hits = [hit for where in left if where.startswith(place) for hit in canaries.found(where, left[where])]
        missed = [kind for kind in canaries.samples if not any(hit.startswith(f"{kind} in ") for hit in hits)]
        assert missed == [], place


def test_every_field_of_a_life_is_sealed_for_its_own_row(lived: Lived) -> None:
    """What the provider itself sealed opens where it stands, and in no other row of its table."""
    keys = tomllib.loads(Path(lived.at.env["TONGBAN_SECRETS__FILE"]).read_text("utf-8"))["field_keys"]
    cipher = FieldCipher(parse_ring(keys, name="field_keys"))
    with lived.at.engine.connect() as connection:
        empty = {one.name for one in SEALED if not one.rows(connection)}
        assert empty == {"outbox.payload", "totp.pending", "outside_check.sealed"}, "gone when sent, confirmed, over"
        assert unreadable(connection, cipher) == []
        assert list(movable(connection, cipher)) == []
