import datetime
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from idp.messages.addresses import Blocked
from idp.messages.outbound import Answer, GuardedClient, NoAnswer

NAME = "app.example.test"
Behave = Callable[[socket.socket], None]


class Server:
    """One loopback listener; what it does with a connection is up to the test."""

    def __init__(self, behave: Behave) -> None:
        self._behave = behave
        self.requests: list[bytes] = []
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(10)
                try:
                    self._behave(connection)
                except OSError:
                    continue

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def serve() -> Iterator[Callable[[Behave], Server]]:
    servers: list[Server] = []

    def begin(behave: Behave) -> Server:
        servers.append(Server(behave))
        return servers[-1]

    yield begin
    for server in servers:
        server.close()


def reading(requests: list[bytes], answer: bytes) -> Behave:
    def behave(connection: socket.socket) -> None:
        request = connection.recv(65536)
        if request.startswith(b"POST") and request.endswith(b"\r\n\r\n"):
            request += connection.recv(65536)
        requests.append(request)
        connection.sendall(answer)

    return behave


def client(**options: object) -> GuardedClient:
    settings = {"allow": [NAME], "resolve": lambda _host, _port: ["127.0.0.1"], "timeout": 2.0, **options}
    return GuardedClient(**settings)  # type: ignore[arg-type]


def url(server: Server, path: str = "/", scheme: str = "http") -> str:
    return f"{scheme}://{NAME}:{server.port}{path}"


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: b\r\n\r\nok"


def test_a_post_arrives_as_it_was_given(serve: Callable[[Behave], Server]) -> None:
    requests: list[bytes] = []
    server = serve(reading(requests, OK))
    answer = client().post(url(server, "/hook?x=1"), b"logout_token=abc", headers={"Content-Type": "text/plain"})
    assert answer == Answer(200, {"content-length": "2", "x-a": "b"}, b"ok")
    head, _, body = requests[0].partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /hook?x=1 HTTP/1.1"
    assert {f"Host: {NAME}:{server.port}", "Content-Type: text/plain", "Content-Length: 16"} <= set(lines)
    assert body == b"logout_token=abc"


def test_a_get_returns_any_status(serve: Callable[[Behave], Server]) -> None:
    server = serve(reading([], b"HTTP/1.0 404 Not Found\r\n\r\nno"))
    assert client().get(url(server)) == Answer(404, {}, b"no")


def test_nothing_personal_shows_in_a_repr() -> None:
    assert "secret" not in repr(Answer(200, {}, b"secret"))


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_not_connected_to(serve: Callable[[Behave], Server], address: str) -> None:
    server = serve(reading([], OK))
    guarded = client(allow=[], resolve=lambda _host, _port: [address])
    assert guarded.get(url(server)) == NoAnswer(Blocked.ADDRESS_NOT_ALLOWED)
    assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "[::1]"])
def test_no_spelling_of_loopback_gets_through_the_real_resolver(serve: Callable[[Behave], Server], host: str) -> None:
    server = serve(reading([], OK))
    answer = GuardedClient().get(f"http://{host}:{server.port}/")
    assert isinstance(answer, NoAnswer)
    assert answer.reason in (Blocked.ADDRESS_NOT_ALLOWED, Blocked.HOST_NOT_FOUND)
    assert server.connections == 0


def test_dns_rebinding_finds_no_second_look_up(serve: Callable[[Behave], Server]) -> None:
    server = serve(reading([], OK))
    answers = [["::1"], ["127.0.0.1"]]
    looked_up: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return answers[min(len(looked_up), 2) - 1]

    guarded = client(allow=["::1"], resolve=rebinding)
    assert guarded.get(url(server)) == NoAnswer(Blocked.CONNECTION_FAILED)
    assert (looked_up, server.connections) == ([NAME], 0)


def test_of_several_addresses_only_allowed_ones_are_tried(serve: Callable[[Behave], Server]) -> None:
    server = serve(reading([], OK))
    guarded = client(allow=["127.0.0.0/8"], resolve=lambda _host, _port: ["10.0.0.1", "169.254.169.254", "127.0.0.1"])
    assert isinstance(guarded.get(url(server)), Answer)


def test_the_next_address_is_tried_when_one_refuses(serve: Callable[[Behave], Server]) -> None:
    server = serve(reading([], OK))
    assert isinstance(client(resolve=lambda _host, _port: ["::1", "127.0.0.1"]).get(url(server)), Answer)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
def test_a_redirect_is_not_followed(serve: Callable[[Behave], Server], status: int) -> None:
    requests: list[bytes] = []
    server = serve(reading(requests, f"HTTP/1.1 {status} X\r\nLocation: /elsewhere\r\n\r\n".encode()))
    assert client().get(url(server)) == NoAnswer(Blocked.REDIRECTED, sent=True)
    assert len(requests) == 1


def test_unchanged_is_an_answer_to_who_asked_for_it(serve: Callable[[Behave], Server]) -> None:
    server = serve(reading([], b"HTTP/1.1 304 X\r\n\r\n"))
    answer = client().get(url(server), headers={"If-None-Match": '"v1"'})
    assert isinstance(answer, Answer)
    assert answer.status == 304


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X: ")
        time.sleep(0.02)


def say_nothing(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def continue_for_ever(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.01)


@pytest.mark.parametrize("behave", [drip, drip_headers, say_nothing, continue_for_ever])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_slow_server_is_left_when_the_total_time_is_over(
    serve: Callable[[Behave], Server], behave: Behave, scheme: str
) -> None:
    server = serve(behave)
    began = time.monotonic()
    answer = client(timeout=0.3).get(url(server, scheme=scheme))
    assert isinstance(answer, NoAnswer)
    assert answer.reason in (Blocked.TIMEOUT, Blocked.TLS_FAILED)
    assert time.monotonic() - began < 2


def test_a_slow_resolver_is_left_when_the_total_time_is_over() -> None:
    def slow(_host: str, _port: int) -> list[str]:
        time.sleep(2)
        return ["127.0.0.1"]

    began = time.monotonic()
    assert client(resolve=slow, timeout=0.1).get(f"https://{NAME}/") == NoAnswer(Blocked.TIMEOUT)
    assert time.monotonic() - began < 1.5


def test_a_name_that_does_not_exist_is_said_so() -> None:
    def nowhere(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    assert client(resolve=nowhere).get(f"https://{NAME}/") == NoAnswer(Blocked.HOST_NOT_FOUND)


def test_a_closed_port_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert client().get(f"http://{NAME}:{port}/") == NoAnswer(Blocked.CONNECTION_FAILED)


def test_a_bad_url_is_said_so_before_anything_happens() -> None:
    assert client().post("https://u:p@app.example.test/", b"") == NoAnswer(Blocked.CREDENTIALS_IN_URL)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001,
        b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n" + b"x" * 5000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 200_000,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"400\r\n" + b"x" * 1024 + b"\r\n" + b"0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(90)) + b"\r\n",
    ],
)
def test_an_answer_above_the_limit_is_not_read_to_its_end(serve: Callable[[Behave], Server], answer: bytes) -> None:
    found = client(max_bytes=1000).get(url(serve(reading([], answer))))
    assert found == NoAnswer(Blocked.ANSWER_TOO_LARGE, sent=True)


def test_an_answer_at_the_limit_is_read(serve: Callable[[Behave], Server]) -> None:
    server = serve(reading([], b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000))
    found = client(max_bytes=1000).get(url(server))
    assert isinstance(found, Answer)
    assert len(found.body) == 1000


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"hello\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_an_answer_that_is_no_http_is_said_so(serve: Callable[[Behave], Server], answer: bytes) -> None:
    found = client().get(url(serve(reading([], answer))))
    assert isinstance(found, NoAnswer)
    assert found.reason in (Blocked.ANSWER_MALFORMED, Blocked.CONNECTION_FAILED)
    assert found.sent


def test_no_proxy_of_the_environment_is_asked(
    serve: Callable[[Behave], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = serve(reading([], OK))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    client().get(url(serve(reading([], OK))))
    assert proxy.connections == 0


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for NAME with its key, one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "app.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(signed.public_bytes(pem) + private)
    return path


def over_tls(certificate: Path, behave: Behave, names: list[str | None]) -> Behave:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

    def talk(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as secured:
            behave(secured)

    return talk


def test_tls_keeps_the_name_while_the_address_is_fixed(serve: Callable[[Behave], Server], certificate: Path) -> None:
    names: list[str | None] = []
    requests: list[bytes] = []
    server = serve(over_tls(certificate, reading(requests, OK), names))
    answer = client(ca_file=certificate).get(url(server, scheme="https"))
    assert isinstance(answer, Answer)
    assert names == [NAME]
    assert f"Host: {NAME}:{server.port}".encode() in requests[0]


def test_an_unknown_authority_and_another_name_are_refused(
    serve: Callable[[Behave], Server], certificate: Path
) -> None:
    server = serve(over_tls(certificate, reading([], OK), []))
    assert client().get(url(server, scheme="https")) == NoAnswer(Blocked.TLS_FAILED)
    other = client(allow=["127.0.0.0/8"], ca_file=certificate)
    assert other.get(f"https://other.example.test:{server.port}/") == NoAnswer(Blocked.TLS_FAILED)


def test_a_slow_server_behind_tls_is_left_when_the_total_time_is_over(
    serve: Callable[[Behave], Server], certificate: Path
) -> None:
    server = serve(over_tls(certificate, drip, []))
    began = time.monotonic()
    answer = client(ca_file=certificate, timeout=0.5).get(url(server, scheme="https"))
    assert answer == NoAnswer(Blocked.TIMEOUT, sent=True)
    assert time.monotonic() - began < 2
