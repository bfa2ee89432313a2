"""Security events: verified as RFC 8417 says, taken once, pushed (RFC 8935) and polled (RFC 8936)."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from joserfc.jwk import ECKey, Key

from adapters.departments.errors import (
    ConfigurationError,
    InvalidToken,
    ProviderRefused,
    ProviderUnavailable,
    TokenFault,
)
from adapters.departments.event_streams import POLL, PUSH, open_stream, poll
from adapters.departments.events import (
    MANDATE_CHANGED,
    MANDATE_REVOKED,
    OLDEST,
    SUBJECT_MERGED,
    VERIFICATION,
    EventReceiver,
    SecurityEvent,
    verify_event,
)
from adapters.departments.flask_events import events_view
from adapters.departments.once import MemoryOnce, Once, SqliteOnce
from adapters.departments.relying_party import RelyingParty
from adapters.departments.transport import Request, Response

from .fake_provider import HANDLE, ISSUER, START, Clock, FakeProvider
from .test_id_token import JUNK, SETTINGS

PROVIDER = FakeProvider()
CLAIMS = PROVIDER.event_claims(MANDATE_REVOKED, represented=HANDLE, mandate="mnd_1", state="revoked")
TOKEN = PROVIDER.sign(CLAIMS, typ="secevent+jwt")


def verify(token: str, *, now: int = START) -> SecurityEvent:
    def find_key(_kid: str | None) -> Key:
        return PROVIDER.key

    return verify_event(token, settings=SETTINGS, find_key=find_key, now=now)


def signed(*without: str, typ: str | None = "secevent+jwt", **changes: Any) -> str:
    claims = {name: value for name, value in {**CLAIMS, **changes}.items() if name not in without}
    return PROVIDER.sign(claims, **({} if typ is None else {"typ": typ}))


def test_an_event_says_what_has_happened_to_whom() -> None:
    event = verify(TOKEN)
    assert (event.kind, event.subject, event.handle, event.mandate) == (MANDATE_REVOKED, "pw_person", HANDLE, "mnd_1")
    assert event.happened_at == START - 5
    assert verify(signed("toe")).happened_at == START


def test_a_verification_is_about_nobody() -> None:
    told = {"sub_id": {"format": "opaque", "id": "str_1"}, "events": {VERIFICATION: {"state": "x"}}}
    event = verify(signed(**told))
    assert (event.subject, event.says) == (None, {"state": "x"})


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "logout+jwt", "gov-mandate+jwt"])
def test_a_token_of_another_type_is_no_event(typ: str | None) -> None:
    with pytest.raises(InvalidToken) as fault:
        verify(signed(typ=typ))
    assert fault.value.reason is TokenFault.TYPE


@pytest.mark.parametrize("name", ["exp", "sub", "nonce", "nbf", "scope", "act"])
def test_a_token_with_what_stands_in_other_tokens_is_no_event(name: str) -> None:
    with pytest.raises(InvalidToken):
        verify(signed(**{name: START + 600}))


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"iss": "http://elsewhere"}, TokenFault.ISSUER),
        ({"aud": "another"}, TokenFault.AUDIENCE),
        ({"aud": ["tax-demo", "another"]}, TokenFault.AUDIENCE),
        ({"iat": START + 3600}, TokenFault.ISSUED_AT),
        ({"iat": START - OLDEST - 1}, TokenFault.ISSUED_AT),
        ({"jti": ""}, TokenFault.TOKEN_ID),
        ({"events": {}}, TokenFault.EVENTS),
        ({"events": {"a": {}, "b": {}}}, TokenFault.EVENTS),
        ({"events": {"a": "b"}}, TokenFault.EVENTS),
        ({"toe": "yesterday"}, TokenFault.EVENTS),
        ({"sub_id": {"format": "iss_sub", "iss": "http://elsewhere", "sub": "x"}}, TokenFault.SUBJECT),
        ({"sub_id": {"format": "iss_sub", "iss": ISSUER}}, TokenFault.SUBJECT),
    ],
)
def test_an_event_that_is_not_for_us_or_not_in_order_is_refused(changes: dict[str, Any], fault: TokenFault) -> None:
    with pytest.raises(InvalidToken) as found:
        verify(signed(**changes))
    assert found.value.reason is fault


@settings(deadline=None)
@given(st.sampled_from(["iss", "aud", "iat", "jti", "events"]), JUNK)
def test_a_signed_event_with_junk_in_it_is_refused(name: str, value: Any) -> None:
    if name in ("jti", "iat") and isinstance(value, str | int | float) and value:
        return
    if value == CLAIMS[name]:
        return
    with pytest.raises(InvalidToken):
        verify(signed(**{name: value}))


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_an_event_with_any_character_changed_is_refused(data: st.DataObject) -> None:
    position = data.draw(st.integers(0, len(TOKEN) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda c: c != TOKEN[position]))
    with pytest.raises(InvalidToken):
        verify(TOKEN[:position] + other + TOKEN[position + 1 :])


def test_an_old_event_that_waited_is_taken() -> None:
    assert verify(TOKEN, now=START + 30 * 86400).kind == MANDATE_REVOKED


# Once


@pytest.fixture(params=["memory", "sqlite"])
def once(request: pytest.FixtureRequest, tmp_path: Path) -> Once:
    return MemoryOnce() if request.param == "memory" else SqliteOnce(tmp_path / "once.db")


def test_a_name_is_claimed_once_until_it_is_released_or_forgotten(once: Once) -> None:
    assert once.claim("a", until=START + 100, now=START)
    assert once.claim("b", until=START + 100, now=START)
    assert not once.claim("a", until=START + 500, now=START + 99)
    once.release("a")
    once.release("never claimed")
    assert once.claim("a", until=START + 200, now=START + 99)
    assert once.claim("b", until=START + 300, now=START + 100)


def test_of_many_threads_one_claims(once: Once) -> None:
    won: list[bool] = []
    threads = [
        threading.Thread(target=lambda: won.append(once.claim("a", until=START + 9, now=START))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 7 + [True]


def test_the_file_is_shared_between_processes_and_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "once.db"
    assert SqliteOnce(path).claim("a", until=START + 9, now=START)
    code = (
        f"from adapters.departments.once import SqliteOnce\n"
        f"print(SqliteOnce({str(path)!r}).claim('a', until={START + 9}, now={START}))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.strip() == "False"
    assert path.stat().st_mode & 0o077 == 0


# Taken and handled


@dataclass
class Heard:
    events: list[SecurityEvent] = field(default_factory=list)
    fails: bool = False

    def __call__(self, event: SecurityEvent) -> None:
        if self.fails:
            raise RuntimeError("the department's database is away")
        self.events.append(event)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def receiver(party: RelyingParty, once: Once, heard: Heard) -> EventReceiver:
    made = EventReceiver(party, once=once)
    made.on(MANDATE_REVOKED, MANDATE_CHANGED)(heard)
    return made


def test_a_handler_is_given_its_kinds_and_each_event_once(
    receiver: EventReceiver, provider: FakeProvider, heard: Heard
) -> None:
    everything = Heard()
    receiver.on()(everything)
    token = provider.event_token(MANDATE_REVOKED, represented=HANDLE)
    assert receiver.take(token, now=START) is not None
    assert receiver.take(token, now=START) is None
    receiver.take(provider.event_token(SUBJECT_MERGED), now=START)
    assert [event.kind for event in heard.events] == [MANDATE_REVOKED]
    assert [event.kind for event in everything.events] == [MANDATE_REVOKED, SUBJECT_MERGED]


def test_an_event_whose_handler_failed_comes_again(
    receiver: EventReceiver, provider: FakeProvider, heard: Heard
) -> None:
    token = provider.event_token(MANDATE_REVOKED)
    heard.fails = True
    with pytest.raises(RuntimeError):
        receiver.take(token, now=START)
    heard.fails = False
    assert receiver.take(token, now=START) is not None
    assert len(heard.events) == 1


def test_what_does_not_verify_is_not_remembered(
    receiver: EventReceiver, provider: FakeProvider, heard: Heard
) -> None:
    claims = provider.event_claims(MANDATE_REVOKED)
    stranger = ECKey.generate_key("P-256", {"kid": "k1"})
    key, provider.key = provider.key, stranger
    forged = provider.sign(claims, typ="secevent+jwt")
    provider.key = key
    with pytest.raises(InvalidToken):
        receiver.take(forged, now=START)
    assert receiver.take(provider.sign(claims, typ="secevent+jwt"), now=START) is not None


# Pushed (RFC 8935)


@dataclass
class Address:
    """A Flask app that has events pushed to it."""

    receiver: EventReceiver

    def post(self, body: str, **headers: str) -> tuple[int, Any]:
        app = Flask("department")
        app.config["PROPAGATE_EXCEPTIONS"] = False
        view = events_view(self.receiver, authorization="Bearer agreed", clock=Clock())
        app.add_url_rule("/events", view_func=view, methods=["POST"])
        sent = {"Authorization": "Bearer agreed", "Content-Type": "application/secevent+jwt"} | headers
        answer = app.test_client().post("/events", data=body, headers=sent)
        assert answer.status_code == 500 or answer.headers["Cache-Control"] == "no-store"
        return answer.status_code, answer.json if answer.is_json else answer.text


@pytest.fixture
def address(receiver: EventReceiver) -> Address:
    return Address(receiver)


def test_2_2_a_token_that_is_taken_is_answered_with_202_and_nothing_else(
    address: Address, provider: FakeProvider, heard: Heard
) -> None:
    token = provider.event_token(MANDATE_REVOKED)
    assert address.post(token) == (202, "")
    assert address.post(token) == (202, "")
    assert len(heard.events) == 1


def test_2_3_a_token_that_is_not_is_answered_with_400_and_why(address: Address, provider: FakeProvider) -> None:
    claims = provider.event_claims(MANDATE_REVOKED)
    sign = provider.sign
    for body, err in (
        ("no token", "invalid_request"),
        ("", "invalid_request"),
        (sign(claims, typ="JWT"), "invalid_request"),
        (sign(claims | {"iss": "http://elsewhere"}, typ="secevent+jwt"), "invalid_issuer"),
        (sign(claims | {"aud": "another"}, typ="secevent+jwt"), "invalid_audience"),
        (sign(claims, typ="secevent+jwt")[:-8] + "AAAAAAAA", "invalid_key"),
        (sign(claims, typ="secevent+jwt", kid="unknown"), "invalid_key"),
    ):
        status, told = address.post(body)
        assert (status, told["err"]) == (400, err)
        assert told["description"]
    assert (
        address.post(sign(claims, typ="secevent+jwt"), **{"Content-Type": "text/plain"})[1]["err"]
        == "invalid_request"
    )


def test_2_4_who_does_not_send_the_header_that_was_agreed_on_is_not_listened_to(
    address: Address, provider: FakeProvider, heard: Heard
) -> None:
    for header in ("", "Bearer other", "Bearer agreed ", "Bearer 约定"):
        status, told = address.post(
            provider.event_token(MANDATE_REVOKED), Authorization=header.encode().decode("latin-1")
        )
        assert (status, told["err"]) == (400, "authentication_failed")
    assert not heard.events


def test_while_the_keys_cannot_be_fetched_the_provider_is_to_try_again(
    address: Address, provider: FakeProvider, heard: Heard
) -> None:
    token = provider.event_token(MANDATE_REVOKED)
    provider.away = True
    assert address.post(token)[0] == 503
    assert not heard.events


def test_a_handler_that_fails_is_an_error_after_which_the_event_comes_again(
    address: Address, provider: FakeProvider, heard: Heard
) -> None:
    token, heard.fails = provider.event_token(MANDATE_REVOKED), True
    assert address.post(token)[0] == 500
    heard.fails = False
    assert address.post(token)[0] == 202
    assert len(heard.events) == 1


# Polled (RFC 8936), and streams


@dataclass
class Transmitter:
    """Hands out what waits until it is acknowledged. `stream`: what it says of the stream there is."""

    provider: FakeProvider
    waiting: dict[str, str] = field(default_factory=dict)
    failed: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    stream: dict[str, Any] | None = None
    status: int = 200

    def add(self, kind: str = MANDATE_REVOKED, **changes: Any) -> str:
        claims = self.provider.event_claims(kind) | changes
        self.waiting[claims["jti"]] = self.provider.sign(claims, typ="secevent+jwt")
        return str(claims["jti"])

    def send(self, request: Request) -> Response:
        path = request.url.removeprefix(ISSUER)
        if not path.startswith("/ssf/"):
            return self.provider.send(request)
        told = dict(request.document or {})
        self.asked.append(told)
        status, answer = self._poll(told) if path == "/ssf/poll" else self._streams(request, told)
        return Response(status, {}, json.dumps(answer).encode())

    def _poll(self, told: dict[str, Any]) -> tuple[int, Any]:
        if self.status != 200:
            return self.status, {}
        self.failed |= told["setErrs"]
        for jti in (*told["ack"], *told["setErrs"]):
            self.waiting.pop(jti, None)
        return 200, {"sets": dict(list(self.waiting.items())[: told["maxEvents"]]), "moreAvailable": False}

    def _streams(self, request: Request, told: dict[str, Any]) -> tuple[int, Any]:
        if request.document is None:
            return 200, [self.stream] if self.stream else []
        if self.stream is not None:
            return 409, {"type": "urn:tongban:problem:stream_exists"}
        self.stream = {"stream_id": "str_1", "events_delivered": [MANDATE_REVOKED], "delivery": told["delivery"]}
        return 201, self.stream


@pytest.fixture
def transmitter(provider: FakeProvider) -> Transmitter:
    return Transmitter(provider)


@pytest.fixture
def party(settings: Any, transmitter: Transmitter) -> RelyingParty:
    return RelyingParty(settings, transmitter)


def test_a_poll_takes_all_that_waits_and_says_so(
    party: RelyingParty, transmitter: Transmitter, receiver: EventReceiver, heard: Heard
) -> None:
    names = [transmitter.add() for _ in range(5)]
    assert poll(party, receiver, most=2, now=START) == 5
    assert [event.id for event in heard.events] == names
    assert transmitter.waiting == {}
    assert transmitter.asked[0] == {"returnImmediately": True, "maxEvents": 2, "ack": [], "setErrs": {}}
    assert poll(party, receiver, now=START) == 0


def test_a_token_that_does_not_verify_is_refused_with_why_and_the_others_are_taken(
    party: RelyingParty, transmitter: Transmitter, receiver: EventReceiver, heard: Heard
) -> None:
    wrong, right = transmitter.add(aud="another"), transmitter.add()
    assert poll(party, receiver, now=START) == 1
    assert transmitter.failed == {wrong: {"err": "invalid_audience", "description": "audience"}}
    assert [event.id for event in heard.events] == [right]
    assert transmitter.waiting == {}


def test_an_event_whose_handler_fails_waits_for_the_next_poll(
    party: RelyingParty,
    transmitter: Transmitter,
    receiver: EventReceiver,
    heard: Heard,
    caplog: pytest.LogCaptureFixture,
) -> None:
    name, heard.fails = transmitter.add(), True
    assert poll(party, receiver, now=START) == 0
    assert list(transmitter.waiting) == [name]
    assert "could not be handled" in caplog.text
    heard.fails = False
    assert poll(party, receiver, now=START) == 1
    assert transmitter.waiting == {}


def test_what_was_taken_before_is_acknowledged_and_not_handled_again(
    party: RelyingParty, transmitter: Transmitter, receiver: EventReceiver, heard: Heard
) -> None:
    name = transmitter.add()
    receiver.take(transmitter.waiting[name], now=START)
    assert poll(party, receiver, now=START) == 0
    assert (transmitter.waiting, len(heard.events)) == ({}, 1)


def test_a_provider_that_is_away_is_said_to_be(
    party: RelyingParty, transmitter: Transmitter, receiver: EventReceiver
) -> None:
    transmitter.status = 503
    with pytest.raises(ProviderUnavailable):
        poll(party, receiver, now=START)


def test_a_stream_is_opened_once_and_found_again(party: RelyingParty, transmitter: Transmitter) -> None:
    made = open_stream(party, endpoint="https://tax.example/e", authorization="Bearer agreed", now=START)
    assert transmitter.asked[0]["delivery"] == {
        "method": PUSH, "endpoint_url": "https://tax.example/e", "authorization_header": "Bearer agreed",
    }  # fmt: skip
    assert open_stream(party, endpoint="https://tax.example/e", authorization="Bearer agreed", now=START) == made
    assert made.events == (MANDATE_REVOKED,)


def test_a_stream_that_is_delivered_otherwise_is_an_error(party: RelyingParty, transmitter: Transmitter) -> None:
    assert open_stream(party, now=START).delivery == {"method": POLL}
    with pytest.raises(ConfigurationError):
        open_stream(party, endpoint="https://tax.example/e", now=START)
    transmitter.stream = None
    open_stream(party, endpoint="https://tax.example/e", now=START)
    with pytest.raises(ConfigurationError):
        open_stream(party, endpoint="https://tax.example/other", now=START)


def test_who_may_have_no_stream_is_refused(settings: Any, provider: FakeProvider) -> None:
    class Refusing:
        def send(self, request: Request) -> Response:
            if "/ssf/" not in request.url:
                return provider.send(request)
            return Response(403, {}, b'{"type": "urn:tongban:problem:insufficient_scope"}')

    with pytest.raises(ProviderRefused, match="insufficient_scope"):
        open_stream(RelyingParty(settings, Refusing()), now=START)
