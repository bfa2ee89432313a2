"""The SMS client against servers that speak HTTP badly, slowly or not at all, and what it keeps to itself."""

import logging
import socket
import ssl
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.providers.http import MAX_ANSWER, seconds, signature
from adapters.providers.sms import HttpSmsGateway, encode
from idp.messages.rules import RefusalReason, Refused, Sent, SmsGateway, Unavailable, UnavailableReason
from tests.providers.conftest import IMPATIENT, SECRET, answering, message
from tests.sandbox.conftest import documented_example

CODE, MINUTES = ("code", "482913"), ("minutes", "5")
ACCEPTED = b'{"status":"accepted","provider_id":"p-1"}'


def gateway(url: str, *, timeout: float = 3.0, ca_file: Path | None = None) -> HttpSmsGateway:
    return HttpSmsGateway(url=url, secret=SECRET, timeout=timeout, ca_file=ca_file)


def read_request(connection: socket.socket) -> bytes:
    """The whole request, so that closing the connection does not reset it."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


def answered(content: bytes, *, head: bytes = b"HTTP/1.1 202 Accepted\r\n\r\n") -> Sent | Refused | Unavailable:
    """What the client makes of an answer of these bytes, after which the server hangs up."""

    def conversation(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head + content)

    with answering(conversation) as url:
        return gateway(url).send(message())


def test_the_documented_example_is_what_the_client_signs() -> None:
    body, timestamp, header = documented_example()
    example_message = message(message_id="msg_01JD4Z8Q5V7K2M9X3T6B0R1WCE")
    assert encode(example_message) == body
    assert signature("sandbox-sms-secret-not-for-production", int(timestamp), body) == header


def test_a_message_has_the_same_bytes_however_its_parameters_are_ordered() -> None:
    one, other = (replace(message(), params=dict(pairs)) for pairs in ((CODE, MINUTES), (MINUTES, CODE)))
    assert encode(one) == encode(other)


def test_the_request_is_the_documented_one() -> None:
    seen = []

    def conversation(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: %d\r\n\r\n" % len(ACCEPTED) + ACCEPTED)

    with answering(conversation) as url:
        client = HttpSmsGateway(url=url + "?a=b", secret=SECRET, clock=lambda: 1_790_000_000.9)
        assert client.send(message()) == Sent("p-1")
    head, _, body = seen[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /sms?a=b HTTP/1.1"
    assert "Content-Type: application/json" in lines
    assert "Tongban-Timestamp: 1790000000" in lines
    assert "Idempotency-Key: msg_1" in lines
    assert f"Tongban-Signature: {signature(SECRET, 1_790_000_000, body)}" in lines
    assert body == encode(message())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "malformed_answer"),
        (b"[]", "malformed_answer"),
        (b"null", "malformed_answer"),
        (b"\xff\xfe", "malformed_answer"),
        (b"[" * 60_000, "malformed_answer"),
        (b"1" * 6_000, "malformed_answer"),
        (b'{"status":"accepted"}', "malformed_answer"),
        (b'{"status":"queued","provider_id":"p"}', "malformed_answer"),
        (b'{"status":"accepted","provider_id":1}', "malformed_answer"),
        (b'{"status":"accepted","provider_id":""}', "malformed_answer"),
        (b'{"status":"accepted","provider_id":"a b"}', "malformed_answer"),
        (b'{"status":"accepted","provider_id":"a\\n"}', "malformed_answer"),
        (b'{"status":"accepted","provider_id":"' + b"x" * 129 + b'"}', "malformed_answer"),
        (ACCEPTED + b" " * MAX_ANSWER, "answer_too_large"),
        (b"x" * 500_000, "answer_too_large"),
    ],
    ids=range(15),
)
def test_a_202_that_names_no_message_is_tried_again(content: bytes, reason: str) -> None:
    assert answered(content) == Unavailable(UnavailableReason(reason))


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"garbage\r\n\r\n", "malformed_answer"),
        (b"HTTP/9.9 202 OK\r\n\r\n", "malformed_answer"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "malformed_answer"),
        (b"HTTP/1.1 202 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n", "malformed_answer"),
        (b"HTTP/1.1 202 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n", "malformed_answer"),
        (b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "malformed_answer"),
        (b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 300_000, "answer_too_large"),
        (b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n", "malformed_answer"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000, "answer_too_large"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "unexpected_status"),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "unexpected_status"),
        (b"HTTP/1.1 408 Request Timeout\r\n\r\n", "unexpected_status"),
        (b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "redirected"),
        (b"HTTP/1.1 599 Odd\r\n\r\n", "provider_error"),
        (b"", "unreachable"),
        (b"HTTP/1.1 202 OK\r\nContent-Length: 500\r\n\r\n{", "malformed_answer"),
    ],
    ids=range(16),
)
def test_an_answer_outside_the_contract_is_tried_again(head: bytes, reason: str) -> None:
    assert answered(b"", head=head) == Unavailable(UnavailableReason(reason))


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (422, b'{"error":"invalid_number","message":"+8613800001001"}', RefusalReason.INVALID_NUMBER),
        (403, b'{"error":"opted_out","message":""}', RefusalReason.OPTED_OUT),
        (401, b'{"error":"stale_timestamp","message":""}', RefusalReason.STALE_TIMESTAMP),
        (401, b"<html>", RefusalReason.BAD_SIGNATURE),
        (400, b'{"error":"13800001001"}', RefusalReason.INVALID_REQUEST),
        (403, b'{"error":["opted_out"]}', RefusalReason.OTHER),
        (409, b"", RefusalReason.IDEMPOTENCY_CONFLICT),
        (413, b"", RefusalReason.INVALID_REQUEST),
        (422, b'{"error":"new_word"}', RefusalReason.OTHER),
    ],
)
def test_a_refusal_is_final_and_carries_only_words_of_ours(status: int, body: bytes, reason: RefusalReason) -> None:
    assert answered(body, head=b"HTTP/1.1 %d Refused\r\n\r\n" % status) == Refused(reason)


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("0", 0),
        ("99999999999", 3600),
        ("9" * 60, 3600),
        ("", None),
        ("-1", None),
        ("soon", None),
        ("x" * 500, None),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0),
        (format_datetime(datetime.now(UTC) + timedelta(days=2), usegmt=True), 3600),
    ],
    ids=range(10),
)
def test_retry_after_is_believed_within_reason(status: int, header: str, seconds: int | None) -> None:
    result = answered(b"", head=f"HTTP/1.1 {status} Later\r\nRetry-After: {header}\r\n\r\n".encode())
    assert isinstance(result, Unavailable)
    assert result.retry_after == seconds


@given(header=st.none() | st.text(max_size=70))
@example(header="Mon, 21 Sep 2026 14:13:30 GMT")
@example(header="Mon, 21 Sep 2026 14:13:30 +9999999999999999999")
@example(header="Mon, 01 Jan 0001 00:00:00 +2359")
def test_no_retry_after_makes_the_client_fail(header: str | None) -> None:
    wait = seconds(header, 1_790_000_000)
    assert wait is None or 0 <= wait <= 3600


def test_a_server_that_drips_its_answer_is_left_in_time() -> None:
    def conversation(connection: socket.socket) -> None:
        read_request(connection)
        for byte in b"HTTP/1.1 202 Accepted\r\n" + b"A: b\r\n" * 50:
            connection.sendall(bytes([byte]))
            time.sleep(0.02)

    with answering(conversation) as url:
        started = time.monotonic()
        result = gateway(url, timeout=IMPATIENT).send(message())
        took = time.monotonic() - started
    assert result == Unavailable(UnavailableReason.TIMEOUT)
    assert took < 2 * IMPATIENT


def test_a_server_that_takes_no_connection_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert gateway(f"http://127.0.0.1:{port}/").send(message()) == Unavailable(UnavailableReason.UNREACHABLE)


def test_a_name_that_does_not_resolve_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*args: object, **options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    assert gateway("http://sms.example/").send(message()) == Unavailable(UnavailableReason.UNREACHABLE)


def test_no_proxy_setting_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.setenv("all_proxy", "http://127.0.0.1:1")
    assert answered(ACCEPTED) == Sent("p-1")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8009",
        "ftp://sms.example/",
        "http:///path",
        "http://user:word@sms.example/",
        "http://sms.example/#part",
        "http://sms.example:99999/",
        "http://sms.example/a b",
        "http://sms.example/é",
        f"http://{'x' * 70}.example/",
    ],
)
def test_an_unusable_address_stops_the_start(url: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        gateway(url)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-made certificate for localhost with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "localhost.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def over_tls(certificate: Path, *, host: str, trusted: bool) -> Sent | Refused | Unavailable:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def conversation(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            read_request(wrapped)
            wrapped.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n" + ACCEPTED)

    with answering(conversation) as url:
        address = url.replace("http://127.0.0.1", f"https://{host}")
        return gateway(address, ca_file=certificate if trusted else None).send(message())


def test_https_reaches_a_gateway_it_trusts(certificate: Path) -> None:
    assert over_tls(certificate, host="localhost", trusted=True) == Sent("p-1")


@pytest.mark.parametrize(("host", "trusted"), [("localhost", False), ("127.0.0.1", True)])
def test_https_to_an_untrusted_or_misnamed_gateway_is_unreachable(
    certificate: Path, host: str, trusted: bool
) -> None:
    assert over_tls(certificate, host=host, trusted=trusted) == Unavailable(UnavailableReason.UNREACHABLE)


def test_a_server_that_never_shakes_hands_is_left_in_time() -> None:
    done = threading.Event()
    with answering(lambda connection: connection.sendall(b"") or done.wait(5) or None) as url:
        result = gateway(url.replace("http:", "https:"), timeout=IMPATIENT).send(message())
        done.set()
    assert result == Unavailable(UnavailableReason.TIMEOUT)


def test_neither_key_nor_number_nor_code_is_shown_or_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = gateway("http://127.0.0.1:1/")
    results = (client.send(message()), answered(b'{"error":"13800001001"}', head=b"HTTP/1.1 400 Bad\r\n\r\n"))
    shown = caplog.text + repr((message(), client, results))
    for secret in (SECRET, "13800001001", "482913"):
        assert secret not in shown


def test_the_client_fills_the_port() -> None:
    port: SmsGateway = gateway("http://127.0.0.1:1/")
    assert callable(port.send)
