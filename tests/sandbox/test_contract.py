"""docs/providers.md from the vendor's side: signature, freshness, strict bodies, idempotency."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from adapters.sandbox.contract import Refusal, SmsRequest, check_signature, parse
from tests.sandbox.conftest import ENDPOINT, SECRET, Send, Time, fields, signed


def test_a_signed_message_is_accepted_and_arrives(client: FlaskClient, send: Send) -> None:
    answer = send()
    assert (answer.status_code, answer.json["status"]) == (202, "accepted")
    (message,) = client.get("/sms.json").json["messages"]
    assert message == fields() | {"provider_id": answer.json["provider_id"], "arrived_at": 1_790_000_000}


@pytest.mark.parametrize(
    "headers",
    [
        {"Tongban-Signature": ""},
        {"Tongban-Signature": "v1=" + "0" * 64},
        {"Tongban-Signature": "v2=" + "0" * 64},
        {"Tongban-Signature": "v1=é"},
        {"Tongban-Timestamp": ""},
        {"Tongban-Timestamp": "now"},
        {"Tongban-Timestamp": "1790000001"},
        {"Tongban-Timestamp": "+1790000000"},
        {"Tongban-Timestamp": "1790000000.0"},
        {"Tongban-Timestamp": "٣"},
        {"Tongban-Timestamp": "9" * 4000},
    ],
)
def test_a_tampered_or_missing_header_is_401(client: FlaskClient, headers: dict[str, str]) -> None:
    body = json.dumps(fields()).encode()
    answer = client.post(ENDPOINT, data=body, headers=signed(body, 1_790_000_000) | headers)
    assert (answer.status_code, answer.json["error"]) == (401, "bad_signature")
    assert client.get("/sms.json").json["messages"] == []


@pytest.mark.parametrize("headers", [("Tongban-Signature", "v1=" + "0" * 64), ("Tongban-Timestamp", "1790000000")])
def test_a_repeated_signature_header_is_401(client: FlaskClient, headers: tuple[str, str]) -> None:
    body = json.dumps(fields()).encode()
    answer = client.post(ENDPOINT, data=body, headers=[*signed(body, 1_790_000_000).items(), headers])
    assert answer.status_code == 401


def test_every_single_changed_byte_breaks_the_signature() -> None:
    body = json.dumps(fields()).encode()
    headers = signed(body, 1_790_000_000)
    for position in range(len(body)):
        changed = body[:position] + bytes([body[position] ^ 1]) + body[position + 1 :]
        verdict = check_signature(
            secret=SECRET,
            timestamp=headers["Tongban-Timestamp"],
            signature=headers["Tongban-Signature"],
            body=changed,
            now=1_790_000_000,
            window=300,
        )
        assert verdict is not None
        assert verdict.error == "bad_signature"


def test_another_key_is_401(client: FlaskClient) -> None:
    body = json.dumps(fields()).encode()
    answer = client.post(ENDPOINT, data=body, headers=signed(body, 1_790_000_000, secret="b" * 37))
    assert answer.status_code == 401


@pytest.mark.parametrize(("age", "status"), [(-301, 401), (-300, 202), (0, 202), (300, 202), (301, 401)])
def test_the_window_of_the_timestamp_is_300_seconds_either_way(client: FlaskClient, age: int, status: int) -> None:
    body = json.dumps(fields()).encode()
    answer = client.post(ENDPOINT, data=body, headers=signed(body, 1_790_000_000 - age))
    assert answer.status_code == status
    if status == 401:
        assert answer.json["error"] == "stale_timestamp"


def test_a_replay_is_answered_alike_and_sends_nothing_then_goes_stale(client: FlaskClient, time: Time) -> None:
    body = json.dumps(fields()).encode()
    recorded = signed(body, int(time.now))
    first = client.post(ENDPOINT, data=body, headers=recorded)
    time.now += 299
    assert client.post(ENDPOINT, data=body, headers=recorded).json == first.json
    assert len(client.get("/sms.json").json["messages"]) == 1
    time.now += 2
    assert client.post(ENDPOINT, data=body, headers=recorded).status_code == 401


def test_a_replay_under_another_idempotency_key_is_400(client: FlaskClient) -> None:
    body = json.dumps(fields()).encode()
    for key in ("msg_2", "", "MSG_1", "msg_1,msg_1"):
        answer = client.post(ENDPOINT, data=body, headers=signed(body, 1_790_000_000, key=key))
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert client.get("/sms.json").json["messages"] == []


def test_the_same_key_with_another_body_is_409(send: Send, client: FlaskClient) -> None:
    assert send().status_code == 202
    answer = send(text="【通办】别的内容")
    assert (answer.status_code, answer.json["error"]) == (409, "idempotency_conflict")
    assert len(client.get("/sms.json").json["messages"]) == 1


def test_a_refused_message_keeps_its_key_too(send: Send) -> None:
    assert send(to="+8613800009001").status_code == 422
    assert send(to="+8613800001001").status_code == 409


NESTED = b"[" * 8000 + b"]" * 8000
BAD_BODIES = [
    b"",
    b"null",
    b"[]",
    b"{",
    b"\xff",
    b"\xef\xbb\xbf" + json.dumps(fields()).encode(),
    NESTED,
    b'{"message_id":' + b"1" * 5000 + b"}",
    b'{"message_id":NaN}',
    json.dumps(fields())[:-1].encode() + b',"to":"+8613800001002"}',
    json.dumps(fields() | {"extra": 1}).encode(),
    json.dumps({name: value for name, value in fields().items() if name != "locale"}).encode(),
]


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_anything_but_strict_json_of_exactly_the_fields_is_400(send: Send, body: bytes) -> None:
    answer = send(body)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


BAD_FIELDS: list[dict[str, Any]] = [
    {"message_id": "a b"},
    {"message_id": ""},
    {"message_id": "x" * 65},
    {"message_id": 1},
    {"to": "13800001001"},
    {"to": "+86138 0000 1001"},
    {"to": "+８６13800001001"},
    {"to": "+0613800001001"},
    {"to": "+8613800001001\n"},
    {"to": None},
    {"template": "Sign-in"},
    {"params": []},
    {"params": {"code": 482913}},
    {"params": {"Code": "1"}},
    {"params": {"code": ""}},
    {"params": {"code": "1" * 101}},
    {"params": {f"p{n}": "1" for n in range(17)}},
    {"text": ""},
    {"text": "x" * 501},
    {"text": "a\x00b"},
    {"text": "a\ud800b"},
    {"text": "a\x85b"},
    {"locale": "zh_CN"},
    {"locale": "x" * 40},
]


@pytest.mark.parametrize("change", BAD_FIELDS, ids=str)
def test_a_field_out_of_form_is_400(send: Send, change: dict[str, Any]) -> None:
    answer = send(**change)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_rare_characters_and_the_middle_dot_survive(send: Send, client: FlaskClient) -> None:
    assert send(text="【通办】周𪚥文、龚䶮、古丽娜·阿依丁").status_code == 202
    assert client.get("/sms.json").json["messages"][0]["text"] == "【通办】周𪚥文、龚䶮、古丽娜·阿依丁"
    assert "周𪚥文、龚䶮、古丽娜·阿依丁" in client.get("/inbox").text


def test_other_content_types_methods_and_sizes_are_refused(client: FlaskClient) -> None:
    body = json.dumps(fields()).encode()
    headers = signed(body, 1_790_000_000) | {"Content-Type": "text/plain"}
    assert client.post(ENDPOINT, data=body, headers=headers).status_code == 415
    for answer, status in (
        (client.get(ENDPOINT), 405),
        (client.put(ENDPOINT), 405),
        (client.post(ENDPOINT, data=b"x" * 20_000), 413),
        (client.post("/sms/v1/other"), 404),
    ):
        assert (answer.status_code, answer.json["error"]) == (status, "invalid_request")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
)
GARBAGE = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
NEARLY = st.fixed_dictionaries({}, optional=dict.fromkeys(fields(), JSON)).map(
    lambda changes: json.dumps(fields() | changes).encode()
)


@given(body=GARBAGE | NEARLY, key=st.text(max_size=20))
@example(body=json.dumps(fields()).encode(), key="msg_1")
def test_the_parser_answers_every_garbage_with_a_value(body: bytes, key: str) -> None:
    parsed = parse(body, idempotency_key=key)
    assert isinstance(parsed, Refusal | SmsRequest)
    if isinstance(parsed, SmsRequest):
        assert parsed.message_id == key


@given(timestamp=st.text(max_size=20), signature=st.text(max_size=80), body=st.binary(max_size=50))
def test_the_signature_check_answers_every_garbage_with_a_value(timestamp: str, signature: str, body: bytes) -> None:
    verdict = check_signature(
        secret=SECRET, timestamp=timestamp, signature=signature, body=body, now=1_790_000_000, window=300
    )
    assert verdict is not None
    assert verdict.status == 401


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(body=GARBAGE | NEARLY, sign=st.booleans(), junk=st.text(st.characters(min_codepoint=32, max_codepoint=255)))
def test_no_garbage_makes_the_sandbox_fail(client: FlaskClient, body: bytes, sign: bool, junk: str) -> None:
    headers = signed(body, 1_790_000_000) if sign else signed(body, junk) | {"Idempotency-Key": junk}
    answer = client.post(ENDPOINT, data=body, headers=headers)
    assert answer.status_code in (202, 400, 401, 409)


@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(to=st.text(max_size=30), limit=st.text(max_size=6), lang=st.text(max_size=5), token=st.text(max_size=9))
@example(to="\x00", limit="0", lang="en", token="é")
@example(to="１３８００００１００１", limit="１", lang="", token="")
def test_no_query_makes_a_page_fail(client: FlaskClient, to: str, limit: str, lang: str, token: str) -> None:
    assert client.get("/inbox", query_string={"to": to, "lang": lang, "watch": limit}).status_code == 200
    assert client.get("/sms.json", query_string={"to": to, "limit": limit}).status_code in (200, 400)
    assert client.delete("/sms.json", query_string={"to": to}).status_code in (200, 400)
    assert client.post("/inbox/clear", data={"token": token, "to": to}).status_code == 403
