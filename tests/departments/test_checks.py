"""Answers to checks: one for another matter, person, client, purpose or time, or used before, is refused."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import Key

from adapters.departments.checks import CheckResult, Expected, StartedCheck, verify_check_result
from adapters.departments.errors import InvalidToken, ProviderRefused, ProviderUnavailable, TokenFault
from adapters.departments.levels import demand
from adapters.departments.relying_party import RelyingParty
from adapters.departments.tokens import verify_id_token
from adapters.departments.transport import Request, Response

from .fake_provider import CLIENT_ID, ISSUER, START, FakeProvider
from .test_id_token import SETTINGS

PROVIDER = FakeProvider()
ASKED = Expected(check="face_check", matter="YL-1", subject="pw_person", nonce="n" * 16, purpose="养老金资格认证")
CLAIMS: dict[str, Any] = {
    "iss": ISSUER, "aud": CLIENT_ID, "sub": "pw_person", "iat": START, "exp": START + 600, "jti": "cck_1",
    "check": "face_check", "matter": "YL-1", "purpose": "养老金资格认证", "nonce": "n" * 16, "time": START,
    "result": "passed",
}  # fmt: skip


def verify(token: str, *, expected: Expected = ASKED, used: set[str] | None = None, now: int = START) -> CheckResult:
    known = used if used is not None else set()

    def find_key(_kid: str | None) -> Key:
        return PROVIDER.key

    def use_once(key: str, _ends: int) -> bool:
        first = key not in known
        known.add(key)
        return first

    return verify_check_result(
        token, settings=SETTINGS, find_key=find_key, expected=expected, use_once=use_once, now=now
    )


def signed(typ: str = "check-result+jwt", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return PROVIDER.sign(claims, typ=typ)


class Wire:
    """A transport that answers what it was told, and keeps what it was asked."""

    def __init__(self, status: int, body: bytes) -> None:
        self.answer = Response(status, {}, body)
        self.seen: list[Request] = []

    def send(self, request: Request) -> Response:
        if request.document is None:
            return PROVIDER.send(request)
        self.seen.append(request)
        return self.answer


def start(wire: Wire) -> StartedCheck:
    party = RelyingParty(SETTINGS, wire)
    return party.start_check("face_check", access_token="at", matter="YL-1", nonce="n" * 16, now=START)


STARTED = {"id": "cck_1", "state": "waiting", "person_url": f"{ISSUER}/matters/cck_1", "expires_at": START + 600}


def test_a_check_is_asked_for_in_json_as_this_client() -> None:
    wire = Wire(201, json.dumps(STARTED).encode())
    assert start(wire) == StartedCheck("cck_1", f"{ISSUER}/matters/cck_1", START + 600)
    (asked,) = wire.seen
    assert asked.url == f"{ISSUER}/capabilities/v1/face-checks"
    assert asked.document == {"access_token": "at", "matter": "YL-1", "nonce": "n" * 16}
    assert asked.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "told",
    [
        STARTED | {"person_url": "https://elsewhere.example/matters/cck_1"},
        STARTED | {"person_url": f"{ISSUER}.elsewhere.example/"},
        STARTED | {"id": 7},
        STARTED | {"expires_at": "soon"},
        {},
    ],
)
def test_the_person_is_sent_to_the_provider_or_nowhere(told: dict[str, Any]) -> None:
    with pytest.raises(ProviderUnavailable):
        start(Wire(201, json.dumps(told).encode()))


def test_a_refusal_is_named_and_an_outage_is_none() -> None:
    with pytest.raises(ProviderRefused) as refused:
        start(Wire(429, b'{"type":"urn:tongban:problem:quota-used-up","status":429}'))
    assert (refused.value.error, refused.value.status) == ("quota-used-up", 429)
    for status, body in ((503, b"{}"), (404, b"{}"), (403, b"<html>")):
        with pytest.raises(ProviderUnavailable):
            start(Wire(status, body))


def test_an_answer_is_fetched_once_there_is_one() -> None:
    def fetch(body: bytes) -> str | None:
        return RelyingParty(SETTINGS, Wire(200, body)).fetch_check("face_check", "cck_1", now=START)

    assert fetch(json.dumps(STARTED).encode()) is None
    assert fetch(b'{"state":"done","result":"a.b.c"}') == "a.b.c"
    with pytest.raises(ProviderUnavailable):
        fetch(b'{"state":"done"}')


@pytest.mark.parametrize(
    "told",
    [
        None,
        "passed",
        {"matter": "YL-2", "result": "passed", "time": START},
        {"matter": "YL-1", "result": "not_passed", "time": START},
        {"matter": "YL-1", "result": "passed"},
    ],
)
def test_a_sign_in_for_a_matter_ends_well_only_with_its_face_check(told: Any) -> None:
    def finish(face: Any) -> Any:
        claims = PROVIDER.id_claims(nonce="n", access_token="at") | {"face_check": face}
        return verify_id_token(
            PROVIDER.sign(claims),
            settings=SETTINGS,
            find_key=lambda _kid: PROVIDER.key,
            nonce="n",
            access_token="at",
            matter="YL-1",
            now=START,
        )

    assert finish({"matter": "YL-1", "result": "passed", "time": START, "jti": "cck_1"}).sub
    with pytest.raises(InvalidToken) as refused:
        finish(told)
    assert refused.value.reason is TokenFault.MATTER


def test_a_sign_in_for_a_matter_asks_for_its_face_check() -> None:
    party = RelyingParty(SETTINGS, PROVIDER)
    begun = party.begin(asked=demand("ial:2", essential=True), matter="YL-1", now=START)
    (claims,) = parse_qs(urlsplit(begun.url).query)["claims"]
    assert json.loads(claims)["id_token"] == {
        "acr": {"essential": True, "values": ["urn:tongban:ial:2"]},
        "face_check": {"essential": True, "matter": "YL-1"},
    }
    assert begun.pending.matter == "YL-1"


def test_a_true_answer_says_what_came_of_it_and_when() -> None:
    found = verify(signed())
    assert (found.passed, found.id, found.time, found.purpose) == (True, "cck_1", START, "养老金资格认证")
    assert not verify(signed(result="not_passed")).passed


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"matter": "YL-2"}, TokenFault.MATTER),
        ({"sub": "pw_other"}, TokenFault.SUBJECT),
        ({"aud": "tax"}, TokenFault.AUDIENCE),
        ({"iss": "https://other.example"}, TokenFault.ISSUER),
        ({"nonce": "m" * 16}, TokenFault.NONCE),
        ({"check": "name_check"}, TokenFault.PURPOSE),
        ({"purpose": "另一用途"}, TokenFault.PURPOSE),
        ({"exp": START - 600}, TokenFault.EXPIRED),
        ({"iat": START + 600}, TokenFault.ISSUED_AT),
        ({"result": "true"}, TokenFault.MALFORMED),
        ({"result": True}, TokenFault.MALFORMED),
        ({"jti": None}, TokenFault.TOKEN_ID),
        ({"matter": None}, TokenFault.MATTER),
        ({"typ": "JWT"}, TokenFault.TYPE),
        ({"typ": "logout+jwt"}, TokenFault.TYPE),
    ],
)
def test_an_answer_for_anything_else_is_refused(changes: dict[str, Any], fault: TokenFault) -> None:
    used: set[str] = set()
    with pytest.raises(InvalidToken) as refused:
        verify(signed(**changes), used=used)
    assert refused.value.reason is fault
    assert used == set()


def test_an_answer_is_remembered_for_as_long_as_it_would_be_taken_again() -> None:
    remembered: dict[str, int] = {}

    def use_once(key: str, until: int) -> bool:
        return remembered.setdefault(key, until) == until

    last = START + 600 + SETTINGS.leeway - 1
    for now in (START, last):
        verify_check_result(
            signed(), settings=SETTINGS, find_key=lambda _: PROVIDER.key, expected=ASKED, use_once=use_once, now=now
        )
    assert remembered["cck_1"] > last


def test_an_answer_is_used_once() -> None:
    used: set[str] = set()
    assert verify(signed(), used=used).passed
    with pytest.raises(InvalidToken) as refused:
        verify(signed(), used=used)
    assert refused.value.reason is TokenFault.REPLAYED
