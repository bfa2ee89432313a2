"""The registers' clients against answers that are unsigned, stale, swapped, or not quite what the contract says."""

import hashlib
import json
import logging
import socket
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.providers import enterprise, population
from adapters.providers.enterprise import HttpEnterpriseRegister
from adapters.providers.http import signature
from adapters.providers.population import HttpPopulationRegister
from adapters.providers.register import Patience, encode
from idp.proofing.ports import (
    Deceased,
    EnterpriseQuestion,
    EnterpriseRecord,
    EntityStatus,
    EntityType,
    Match,
    Mismatch,
    NameNumberQuestion,
    NotFound,
    RegisterRole,
    Unavailable,
    UnavailableReason,
    Unusable,
    UnusableReason,
)
from tests.providers.conftest import POPULATION_SECRET, RunningSandbox, answering
from tests.providers.test_sms_client import read_request
from tests.sandbox.test_registers import documented_question

QUESTION = NameNumberQuestion("欧阳清岚", "resident_id", "430105199003070011", "chk_1")
ENTITY = EnterpriseQuestion("91430100MA0000007Q", "长沙岳麓示例科技有限公司", "欧阳清岚", QUESTION.number, "chk_1")
MATCH = {"found": True, "match": True, "status": "alive", "valid_to": "2040-05-31"}
RECORD: dict[str, Any] = {
    "found": True,
    "name": "长沙岳麓示例科技有限公司",
    "uscc": "91430100MA0000007Q",
    "entity_type": "enterprise",
    "status": "active",
    "name_matches": True,
    "representative_matches": True,
    "roles": ["legal_representative"],
    "version": "7",
    "as_of": 1_790_000_000,
}
MALFORMED = Unavailable(UnavailableReason.MALFORMED_ANSWER)
Answerer = Callable[[bytes, dict[str, Any]], tuple[bytes, str, str]]


def honest(body: bytes, fields: dict[str, Any]) -> tuple[bytes, str, str]:
    """Content, timestamp and signature of a register that does as it should."""
    asked = json.loads(body)
    echo = {"reference": asked["reference"], "question": hashlib.sha256(body).hexdigest()}
    content = json.dumps(echo | fields).encode()
    now = str(int(time.time()))
    return content, now, signature(POPULATION_SECRET, now, content)


def conversation(fields: dict[str, Any], answerer: Answerer = honest) -> Callable[[socket.socket], None]:
    def converse(connection: socket.socket) -> None:
        _, _, body = read_request(connection).partition(b"\r\n\r\n")
        content, timestamp, signed = answerer(body, fields)
        head = f"HTTP/1.1 200 OK\r\nTongban-Timestamp: {timestamp}\r\nTongban-Signature: {signed}\r\n\r\n"
        connection.sendall(head.encode() + content)

    return converse


def checked(fields: dict[str, Any], answerer: Answerer = honest) -> object:
    with answering(conversation(fields, answerer)) as url:
        return HttpPopulationRegister(url, POPULATION_SECRET).check(QUESTION)


def test_the_documented_question_is_what_the_client_signs() -> None:
    body, timestamp, header = documented_question()
    question = {
        "reference": "chk_01JD4Z8Q5V7K2M9X3T6B0R1WCE",
        "name": "周𪚥文",
        "document_type": "resident_id",
        "number": "430199198504120019",
    }
    assert encode(question) == body
    assert signature("sandbox-population-secret-not-for-production", timestamp, body) == header


def test_the_answers_of_the_contract_are_understood() -> None:
    assert checked(MATCH) == Match(date(2040, 5, 31))
    assert checked(MATCH | {"valid_to": None}) == Match(None)
    assert checked(MATCH | {"status": "deceased"}) == Deceased()
    assert checked({"found": True, "match": False}) == Mismatch()
    assert checked({"found": False}) == NotFound()


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"match": True},
        MATCH | {"match": "true"},
        MATCH | {"match": 1},
        MATCH | {"match": 1.0},
        MATCH | {"match": [True]},
        MATCH | {"match": {"match": True}},
        MATCH | {"match": None},
        MATCH | {"found": 1},
        MATCH | {"found": "true"},
        MATCH | {"found": None},
        MATCH | {"found": False},
        MATCH | {"status": "Alive"},
        MATCH | {"status": "ALIVE"},
        MATCH | {"status": ["alive"]},
        MATCH | {"status": None},
        MATCH | {"valid_to": "31.05.2040"},
        MATCH | {"valid_to": "2040-02-30"},
        MATCH | {"valid_to": "２０４０-05-31"},
        MATCH | {"valid_to": 2040},
        MATCH | {"valid_to": ""},
        MATCH | {"score": 0.99},
        {name: value for name, value in MATCH.items() if name != "valid_to"},
        {"result": MATCH},
        {"Match": True, "found": True, "status": "alive", "valid_to": None},
        {"found": True, "match": False, "status": "alive"},
        {"found": False, "match": True},
    ],
    ids=range(27),
)
def test_whatever_differs_from_the_contract_by_a_letter_is_no_match(fields: dict[str, Any]) -> None:
    assert checked(fields) == MALFORMED


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(found=json_values, match=json_values, status=json_values | st.just("alive"), valid_to=json_values)
def test_only_literal_truth_is_a_match(found: object, match: object, status: object, valid_to: object) -> None:
    answer = {"found": found, "match": match, "status": status, "valid_to": valid_to}
    if isinstance(population._read(answer), Match):
        assert found is True
        assert match is True
        assert status == "alive"


@given(change=st.dictionaries(st.sampled_from(sorted(RECORD)), json_values, min_size=1))
def test_no_value_in_any_field_makes_the_client_fail_or_believe_more(change: dict[str, Any]) -> None:
    record = enterprise._read(ENTITY, RECORD | change)
    if isinstance(record, EnterpriseRecord):
        assert record.uscc == ENTITY.uscc
        assert record.representative_matches is not True or bool(record.roles)
        assert isinstance(record.name_matches, bool)


def raw(content: str) -> Answerer:
    """Signs ``content`` with the echo put in for %s."""

    def answer(body: bytes, _: dict[str, Any]) -> tuple[bytes, str, str]:
        echo = f'"reference":"chk_1","question":"{hashlib.sha256(body).hexdigest()}"'
        sent, now = content.replace("%s", echo).encode(), str(int(time.time()))
        return sent, now, signature(POPULATION_SECRET, now, sent)

    return answer


@pytest.mark.parametrize(
    "content",
    [
        "",
        "null",
        "[]",
        "[{%s}]",
        "[" * 60_000,
        '{%s,"found":true,"match":NaN,"status":"alive","valid_to":null}',
        '{%s,"found":true,"match":false,"match":true,"status":"alive","valid_to":null}',
        '{%s,"found":true,"match":true,"status":"alive","valid_to":null}{}',
    ],
    ids=range(8),
)
def test_an_answer_that_is_no_strict_json_object_is_malformed(content: str) -> None:
    assert checked({}, raw(content)) == MALFORMED


def changed(*, content: bytes | None = None, timestamp: str | None = None, signed: str | None = None) -> Answerer:
    """An honest answer of which something is changed after it was signed."""

    def answer(body: bytes, fields: dict[str, Any]) -> tuple[bytes, str, str]:
        honest_content, now, honest_signature = honest(body, fields)
        return (
            honest_content if content is None else content,
            now if timestamp is None else timestamp,
            honest_signature if signed is None else signed,
        )

    return answer


@pytest.mark.parametrize(
    "answerer",
    [
        changed(content=b'{"found":true}'),
        changed(timestamp="1790000000"),
        changed(timestamp=""),
        changed(timestamp="+1"),
        changed(signed=""),
        changed(signed="v1=" + "0" * 64),
        changed(signed="v2=" + "0" * 64),
        changed(signed="v1=\u00e9"),
    ],
    ids=range(8),
)
def test_an_answer_that_is_not_signed_with_the_key_is_not_read(answerer: Answerer) -> None:
    assert checked(MATCH, answerer) == Unavailable(UnavailableReason.ANSWER_UNSIGNED)


@pytest.mark.parametrize(("ahead", "believed"), [(-302, False), (-298, True), (298, True), (302, False)])
def test_a_stale_answer_is_not_read(sandbox: RunningSandbox, ahead: int, believed: bool) -> None:
    times = iter((sandbox.now(), sandbox.now(), sandbox.now() + ahead, sandbox.now() + ahead))
    result = sandbox.population(clock=lambda: next(times)).check(QUESTION)
    assert isinstance(result, Match) == believed
    assert believed or result == Unavailable(UnavailableReason.ANSWER_STALE)


@pytest.mark.parametrize(
    "echo", [{"reference": "chk_2"}, {"question": "0" * 64}, {"question": None}, {"reference": 1}]
)
def test_an_answer_to_another_question_is_not_read(echo: dict[str, Any]) -> None:
    assert checked(echo | MATCH) == Unavailable(UnavailableReason.ANSWER_SWAPPED)


def test_an_answer_recorded_for_somebody_else_is_not_read() -> None:
    recorded = []

    def record(body: bytes, fields: dict[str, Any]) -> tuple[bytes, str, str]:
        recorded.append(honest(body, fields))
        return recorded[0]

    assert isinstance(checked(MATCH, record), Match)
    with answering(conversation({}, lambda *_: recorded[0])) as url:
        other = NameNumberQuestion("冒名者", QUESTION.document_type, QUESTION.number, QUESTION.reference)
        result = HttpPopulationRegister(url, POPULATION_SECRET).check(other)
    assert result == Unavailable(UnavailableReason.ANSWER_SWAPPED)


def test_the_question_itself_sent_back_is_no_answer() -> None:
    def reflect(connection: socket.socket) -> None:
        head, _, body = read_request(connection).partition(b"\r\n\r\n")
        headers = [line for line in head.split(b"\r\n") if line.startswith(b"Tongban-")]
        connection.sendall(b"HTTP/1.1 200 OK\r\n" + b"\r\n".join(headers) + b"\r\n\r\n" + body)

    with answering(reflect) as url:
        result = HttpPopulationRegister(url, POPULATION_SECRET).check(QUESTION)
    assert result == Unavailable(UnavailableReason.ANSWER_SWAPPED)


def found(fields: dict[str, Any], question: EnterpriseQuestion = ENTITY) -> object:
    with answering(conversation(fields)) as url:
        return HttpEnterpriseRegister(url, POPULATION_SECRET).find(question)


NOBODY = EnterpriseQuestion(ENTITY.uscc, None, None, None, "chk_1")
UNASKED = {"name_matches": None, "representative_matches": None, "roles": []}


def test_the_records_of_the_contract_are_understood() -> None:
    record = found(RECORD)
    assert record == EnterpriseRecord(
        name=RECORD["name"],
        uscc=ENTITY.uscc,
        entity_type=EntityType.ENTERPRISE,
        status=EntityStatus.ACTIVE,
        name_matches=True,
        representative_matches=True,
        roles=frozenset({RegisterRole.LEGAL_REPRESENTATIVE}),
        version="7",
        as_of=1_790_000_000,
    )
    partner = found(RECORD | {"representative_matches": False, "roles": ["partner"]})
    assert isinstance(partner, EnterpriseRecord)
    assert (partner.representative_matches, partner.roles) == (False, {RegisterRole.PARTNER})
    assert isinstance(found(RECORD | UNASKED, NOBODY), EnterpriseRecord)
    assert found({"found": False}) == NotFound()


@pytest.mark.parametrize(
    ("fields", "question"),
    [
        (RECORD | {"uscc": "92420100MA4K00029K"}, ENTITY),
        (RECORD | {"name": ""}, ENTITY),
        (RECORD | {"name": "a\nb"}, ENTITY),
        (RECORD | {"entity_type": "Enterprise"}, ENTITY),
        (RECORD | {"entity_type": ["enterprise"]}, ENTITY),
        (RECORD | {"status": "ACTIVE"}, ENTITY),
        (RECORD | {"status": {"active": True}}, ENTITY),
        (RECORD | {"name_matches": "true"}, ENTITY),
        (RECORD | {"name_matches": None}, ENTITY),
        (RECORD | {"representative_matches": 1}, ENTITY),
        (RECORD | {"representative_matches": None}, ENTITY),
        (RECORD | {"representative_matches": False}, ENTITY),
        (RECORD | {"roles": []}, ENTITY),
        (RECORD | {"roles": ["partner"]}, ENTITY),
        (RECORD | {"roles": ["chairman"]}, ENTITY),
        (RECORD | {"roles": "legal_representative"}, ENTITY),
        (RECORD | {"roles": [["legal_representative"]]}, ENTITY),
        (RECORD | {"version": 7}, ENTITY),
        (RECORD | {"version": ""}, ENTITY),
        (RECORD | {"as_of": True}, ENTITY),
        (RECORD | {"as_of": -1}, ENTITY),
        (RECORD | {"as_of": "1790000000"}, ENTITY),
        (RECORD | {"as_of": 1e300}, ENTITY),
        (RECORD | {"representative": "欧阳清岚"}, ENTITY),
        ({"record": RECORD}, ENTITY),
        ({"found": False, "name": "x"}, ENTITY),
        (RECORD, NOBODY),
        (RECORD | UNASKED | {"roles": ["partner"]}, NOBODY),
    ],
    ids=range(28),
)
def test_a_record_that_does_not_fit_the_question_is_malformed(
    fields: dict[str, Any], question: EnterpriseQuestion
) -> None:
    assert found(fields, question) == MALFORMED


def test_a_representative_is_asked_about_by_name_and_number() -> None:
    with pytest.raises(ValueError, match="together"):
        EnterpriseQuestion(ENTITY.uscc, None, "欧阳清岚", None, "chk_1")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b'{"error":"stale_timestamp"}', UnusableReason.STALE_TIMESTAMP),
        (401, b"<html>", UnusableReason.BAD_SIGNATURE),
        (403, b"", UnusableReason.NOT_ENTITLED),
        (409, b'{"error":"reference_conflict"}', UnusableReason.REFERENCE_CONFLICT),
        (422, b'{"error":"430105199003070011"}', UnusableReason.OTHER),
        (400, b'{"error":["bad_signature"]}', UnusableReason.INVALID_REQUEST),
    ],
)
def test_a_refused_question_carries_only_words_of_ours(status: int, body: bytes, reason: UnusableReason) -> None:
    def refuse(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(f"HTTP/1.1 {status} No\r\n\r\n".encode() + body)

    with answering(refuse) as url:
        assert HttpPopulationRegister(url, POPULATION_SECRET).check(QUESTION) == Unusable(reason)


def test_an_open_breaker_answers_at_once_and_one_trial_closes_it(sandbox: RunningSandbox) -> None:
    magic = NameNumberQuestion("任何人", "resident_id", "119999199001019201", "chk_1")
    register = sandbox.population(breaker_failures=2, breaker_pause=0.4)
    for _ in range(2):
        assert register.check(magic) == Unavailable(UnavailableReason.PROVIDER_ERROR)
    refused = register.check(QUESTION)
    assert refused == Unavailable(UnavailableReason.CIRCUIT_OPEN, 1)
    time.sleep(0.5)
    back = NameNumberQuestion(QUESTION.name, QUESTION.document_type, QUESTION.number, "chk_2")
    assert isinstance(register.check(back), Match)


def test_answers_that_are_not_the_wished_ones_do_not_open_the_breaker(sandbox: RunningSandbox) -> None:
    register = sandbox.population(breaker_failures=1)
    unknown = NameNumberQuestion("无名氏", "resident_id", "430105199003070011", "chk_2")
    assert register.check(unknown) == Mismatch()
    assert sandbox.population(secret="x" * 40, breaker_failures=1).check(QUESTION) == Unusable(
        UnusableReason.BAD_SIGNATURE
    )
    assert isinstance(register.check(QUESTION), Match)


def test_a_lost_connection_is_tried_once_more_within_the_time_and_no_longer() -> None:
    tries = []

    def hang_up(connection: socket.socket) -> None:
        tries.append(read_request(connection).partition(b"\r\n\r\n")[2])
        if len(tries) > 1:
            assert connection.recv(1) == b""  # until the client hangs up

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    patience = Patience(timeout=1.0)
    down = HttpPopulationRegister(f"http://127.0.0.1:{port}/", POPULATION_SECRET, patience=patience)
    assert down.check(QUESTION) == Unavailable(UnavailableReason.UNREACHABLE)
    with answering(hang_up, times=2) as url:
        began = time.monotonic()
        result = HttpPopulationRegister(url, POPULATION_SECRET, patience=patience).check(QUESTION)
        took = time.monotonic() - began
    assert result == Unavailable(UnavailableReason.TIMEOUT)
    assert 0.9 < took < 2
    assert tries[0] == tries[1] == encode(population_fields())


def population_fields() -> dict[str, str]:
    return {
        "reference": QUESTION.reference,
        "name": QUESTION.name,
        "document_type": QUESTION.document_type,
        "number": QUESTION.number,
    }


def test_neither_key_nor_name_nor_number_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    register = HttpEnterpriseRegister("http://127.0.0.1:1/", POPULATION_SECRET)
    shown = caplog.text + repr((QUESTION, ENTITY, register, register.find(ENTITY), found(RECORD)))
    for secret in (POPULATION_SECRET, "欧阳清岚", "430105199003070011"):
        assert secret not in shown
