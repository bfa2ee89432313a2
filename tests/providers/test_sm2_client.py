"""The signature-verification server's client against the stand-in, and against answers that are none."""

import base64
import hashlib
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from adapters.providers.http import signature as http_signature
from adapters.providers.register import Patience
from adapters.providers.sm2 import LONGEST, HttpSm2Verifier
from adapters.sandbox.app import create_sandbox
from adapters.sandbox.contract import sign
from adapters.sandbox.settings import SM2_SECRET as SANDBOX_SECRET
from adapters.sandbox.sm2_server import SM2_ENDPOINT
from idp.crypto.sm2 import Sm2Unavailable
from tests.crypto.sm2_cases import good, signature, signed
from tests.providers.conftest import IMPATIENT, RunningSandbox, answering

KEY = "k" * 32
CASE = good(1)
NOWHERE = "http://127.0.0.1:1/"
Answering = Callable[[dict[str, str], bytes], bytes]
"""From the question and its body to the answer's body."""


def unavailable(why: str) -> pytest.RaisesExc[Sm2Unavailable]:
    return pytest.raises(Sm2Unavailable, match=f"^{why}$")


def test_the_server_says_whether_a_signature_holds(sandbox: RunningSandbox) -> None:
    assert CASE.holds(sandbox.sm2())
    changed = signed(3, b"another message")
    assert not sandbox.sm2().verify(point=changed.point, message=CASE.message, signature=changed.signature)


def test_a_revocation_list_of_a_megabyte_is_a_message(sandbox: RunningSandbox) -> None:
    assert signed(3, b"revoked" * 150_000).holds(sandbox.sm2())


def test_a_message_that_the_contract_does_not_hold_is_not_sent() -> None:
    with unavailable("message_too_large"):
        HttpSm2Verifier(NOWHERE, KEY).verify(
            point=CASE.point, message=bytes(LONGEST + 1), signature=CASE.signature, user_id=CASE.user_id
        )


def test_what_no_key_can_have_made_is_not_asked_about() -> None:
    verifier = HttpSm2Verifier(NOWHERE, KEY)
    assert not verifier.verify(point=CASE.point, message=CASE.message, signature=signature(0, 1))
    assert not verifier.verify(point=CASE.point[1:], message=CASE.message, signature=CASE.signature)


def test_one_key_is_not_another(sandbox: RunningSandbox) -> None:
    with unavailable("bad_signature"):
        CASE.holds(sandbox.sm2(secret="another-key-of-more-than-32-characters!"))
    with unavailable("stale_timestamp"):
        CASE.holds(sandbox.sm2(clock=lambda: sandbox.now() - 400))


def test_a_server_that_does_not_answer_is_left_alone_for_a_while() -> None:
    def silent(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.recv(1)

    with answering(silent) as url:
        verifier = HttpSm2Verifier(url, KEY, patience=Patience(IMPATIENT, breaker_failures=1))
        for why in ("timeout", "circuit_open"):
            with unavailable(why):
                CASE.holds(verifier)


def test_a_server_that_is_not_there_is_no_answer() -> None:
    with unavailable("unreachable"):
        CASE.holds(HttpSm2Verifier(NOWHERE, KEY))


def body_of(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    [length] = [
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    ]
    while len(body) < length:
        body += connection.recv(65536)
    return body


@contextmanager
def saying(
    answer: Answering, *, secret: str = KEY, age: int = 0, signing: bool = True, times: int = 1
) -> Iterator[HttpSm2Verifier]:
    """A client of a server that gives this answer, signed with ``secret`` ``age`` seconds ago."""

    def speak(connection: socket.socket) -> None:
        question = body_of(connection)
        said = answer(json.loads(question), question)
        timestamp = int(time.time()) - age
        head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(said)}\r\n"
        if signing:
            mark = http_signature(secret, timestamp, said)
            head += f"Tongban-Timestamp: {timestamp}\r\nTongban-Signature: {mark}\r\n"
        connection.sendall(f"{head}\r\n".encode() + said)

    with answering(speak, times=times) as url:
        yield HttpSm2Verifier(url, KEY)


def answer(valid: object = True, **further: object) -> Answering:
    """An honest answer to the question, but for these."""

    def made(question: dict[str, str], body: bytes) -> bytes:
        echo = {"reference": question["reference"], "question": hashlib.sha256(body).hexdigest()}
        return json.dumps({**echo, "valid": valid, **further}).encode()

    return made


@pytest.mark.parametrize("valid", [True, False])
def test_a_signed_answer_to_the_question_counts(valid: bool) -> None:
    with saying(answer(valid)) as verifier:
        assert CASE.holds(verifier) is valid


@pytest.mark.parametrize(
    ("server", "why"),
    [
        ({"signing": False}, "answer_unsigned"),
        ({"secret": "x" * 32}, "answer_unsigned"),
        ({"age": 301}, "answer_stale"),
        ({"age": -301}, "answer_stale"),
    ],
)
def test_a_forged_true_counts_nothing(server: dict[str, object], why: str) -> None:
    with (
        saying(answer(True), **server) as verifier,  # type: ignore[arg-type]
        unavailable(why),
    ):
        CASE.holds(verifier)


def test_a_true_that_was_said_of_another_question_counts_nothing() -> None:
    """The same signature asked about twice: recorded and played back, the first answer is none to the second."""
    recorded: list[bytes] = []

    def replayed(question: dict[str, str], body: bytes) -> bytes:
        recorded.append(answer(True)(question, body))
        return recorded[0]

    with saying(replayed, times=2) as verifier:
        assert CASE.holds(verifier)
        with unavailable("answer_swapped"):
            CASE.holds(verifier)


@pytest.mark.parametrize("echo", [{"reference": "another"}, {"question": "0" * 64}, {"question": None}])
def test_an_answer_names_the_question_it_is_to(echo: dict[str, object]) -> None:
    with saying(answer(True, **echo)) as verifier, unavailable("answer_swapped"):
        CASE.holds(verifier)


@pytest.mark.parametrize("valid", ["true", 1, 1.0, None, [True], {"valid": True}, "yes"])
def test_only_a_literal_true_is_true(valid: object) -> None:
    with saying(answer(valid)) as verifier, unavailable("malformed_answer"):
        CASE.holds(verifier)


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said[:-1] + b',"valid":true}',
        lambda said: said[:-1] + b',"more":1}',
        lambda said: said.replace(b"true", b"NaN"),
        lambda said: said.replace(b"valid", b"Valid"),
        lambda said: b"[" + said + b"]",
        lambda said: said[:-1],
        lambda _said: b"",
    ],
)
def test_what_is_not_the_contracts_is_no_answer(change: Callable[[bytes], bytes]) -> None:
    with (
        saying(lambda question, body: change(answer(True)(question, body))) as verifier,
        unavailable("malformed_answer"),
    ):
        CASE.holds(verifier)


def test_a_question_sent_back_is_no_answer() -> None:
    with saying(lambda _question, body: body) as verifier, unavailable("answer_swapped"):
        CASE.holds(verifier)


def posted(fields: object, *, key: str = "q1", secret: str = SANDBOX_SECRET) -> tuple[int, dict[str, object]]:
    """Status and body of what the stand-in says to ``fields``."""
    body, now = json.dumps(fields).encode(), str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": key,
        "Tongban-Timestamp": now,
        "Tongban-Signature": sign(secret, now, body),
    }
    response = create_sandbox().test_client().post(SM2_ENDPOINT, data=body, headers=headers)
    return response.status_code, response.get_json()


QUESTION = {
    "reference": "q1",
    "point": base64.b64encode(CASE.point).decode(),
    "message": base64.b64encode(CASE.message).decode(),
    "signature": base64.b64encode(CASE.signature).decode(),
    "user_id": base64.b64encode(CASE.user_id).decode(),
}


def test_the_stand_in_answers_by_the_contract() -> None:
    body = json.dumps(QUESTION).encode()
    said = {"reference": "q1", "question": hashlib.sha256(body).hexdigest(), "valid": True}
    assert posted(QUESTION) == (200, said)
    assert posted({**QUESTION, "signature": "", "point": ""})[1]["valid"] is False


@pytest.mark.parametrize(
    "change",
    [{"point": "no base64!"}, {"point": "A"}, {"message": 5}, {"more": ""}, {"reference": "q2"}, {"reference": ""}],
)
def test_the_stand_in_refuses_what_is_no_question(change: dict[str, object]) -> None:
    status, said = posted({**QUESTION, **change})
    assert (status, said["error"]) == (400, "invalid_request")


def test_the_stand_in_reads_nothing_unsigned() -> None:
    status, said = posted(QUESTION, secret="x" * 32)
    assert (status, said["error"]) == (401, "bad_signature")
