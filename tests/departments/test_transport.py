"""The wire: nothing is followed, everything is bounded, and the certificate of the name in the address is checked."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request as HttpRequest
from werkzeug.wrappers import Response as HttpResponse

from adapters.departments.errors import ConfigurationError, ProviderUnavailable
from adapters.departments.transport import HttpTransport, Request, Response, check_address, is_loopback

Answer = Callable[[HttpRequest], HttpResponse]


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    def app(environ: Any, start_response: Any) -> Any:
        return answer(HttpRequest(environ))(environ, start_response)

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet, ssl_context=tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_form_is_posted_and_the_answer_read() -> None:
    def answer(request: HttpRequest) -> HttpResponse:
        assert request.method == "POST"
        assert request.headers["X-A"] == "b"
        return HttpResponse(request.form["name"], 418, {"X-Answer": "yes"})

    with serving(answer) as port:
        request = Request(url=f"http://127.0.0.1:{port}/a?b=c", headers={"X-A": "b"}, form={"name": "张 三&"})
        response = HttpTransport().send(request)
    assert (response.status, response.body.decode(), response.headers["x-answer"]) == (418, "张 三&", "yes")


def test_a_redirect_is_an_answer_not_a_way() -> None:
    seen = []

    def answer(request: HttpRequest) -> HttpResponse:
        seen.append(request.path)
        return HttpResponse(status=302, headers={"Location": "/elsewhere"})

    with serving(answer) as port:
        assert HttpTransport().send(Request(url=f"http://127.0.0.1:{port}/here")).status == 302
    assert seen == ["/here"]


def test_an_answer_over_the_limit_is_refused() -> None:
    with serving(lambda _: HttpResponse(b"x" * 5000)) as port, pytest.raises(ProviderUnavailable, match="too long"):
        HttpTransport(limit=4000).send(Request(url=f"http://127.0.0.1:{port}/"))


def test_a_silent_server_is_given_up() -> None:
    done = threading.Event()

    def answer(_: HttpRequest) -> HttpResponse:
        done.wait(5)
        return HttpResponse("late")

    with serving(answer) as port:
        with pytest.raises(ProviderUnavailable, match="TimeoutError"):
            HttpTransport(timeout=0.1).send(Request(url=f"http://127.0.0.1:{port}/"))
        done.set()


def test_a_dripping_server_is_given_up() -> None:
    done = threading.Event()

    def drip() -> Iterator[bytes]:
        while not done.wait(0.02):
            yield b"x"

    with serving(lambda _: HttpResponse(drip())) as port:
        with pytest.raises(ProviderUnavailable, match=r"too long|TimeoutError"):
            HttpTransport(timeout=0.4).send(Request(url=f"http://127.0.0.1:{port}/"))
        done.set()


def test_a_closed_port_is_an_unavailable_provider() -> None:
    with serving(lambda _: HttpResponse()) as port:
        pass
    with pytest.raises(ProviderUnavailable, match="ConnectionRefusedError"):
        HttpTransport().send(Request(url=f"http://127.0.0.1:{port}/"))


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'"text"', b"{", b"[" * 100_000])
def test_an_answer_that_is_no_json_object_is_unavailable(body: bytes) -> None:
    with pytest.raises(ProviderUnavailable):
        Response(200, {}, body).json_object()


def certificate(name: str, folder: Path) -> tuple[ssl.SSLContext, str]:
    """A server context with a fresh certificate for `name`, and the file that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    authority, pair = folder / f"{name}.crt", folder / f"{name}.pem"
    authority.write_bytes(made.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pair.write_bytes(private + authority.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    return context, str(authority)


def test_connect_to_changes_the_place_but_neither_name_nor_certificate_check(tmp_path: Path) -> None:
    context, authority = certificate("idp.localhost", tmp_path)
    with serving(lambda request: HttpResponse(request.host), context) as port:
        target = {"idp.localhost:8443": f"127.0.0.1:{port}", "other.localhost:8443": f"127.0.0.1:{port}"}
        trusting = HttpTransport(connect_to=target, ca_file=authority)
        assert trusting.send(Request(url="https://idp.localhost:8443/")).body == b"idp.localhost:8443"
        with pytest.raises(ProviderUnavailable, match="SSLCertVerificationError"):
            trusting.send(Request(url="https://other.localhost:8443/"))
        with pytest.raises(ProviderUnavailable, match="SSLCertVerificationError"):
            HttpTransport(connect_to=target).send(Request(url="https://idp.localhost:8443/"))


def test_a_certificate_is_shown_to_who_asks_for_it(tmp_path: Path) -> None:
    context, authority = certificate("idp.localhost", tmp_path)
    certificate("app.localhost", tmp_path)
    own = str(tmp_path / "app.localhost.pem")
    context.load_verify_locations(tmp_path / "app.localhost.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    with serving(lambda request: HttpResponse(request.host), context) as port:
        target = {"idp.localhost:8443": f"127.0.0.1:{port}"}
        asked = Request(url="https://idp.localhost:8443/")
        showing = HttpTransport(connect_to=target, ca_file=authority, certificate_file=own)
        assert showing.send(asked).status == 200
        with pytest.raises(ProviderUnavailable):
            HttpTransport(connect_to=target, ca_file=authority).send(asked)


def test_a_certificate_that_cannot_be_shown_is_an_error_at_start(tmp_path: Path) -> None:
    certificate("app.localhost", tmp_path)
    without_key = str(tmp_path / "app.localhost.crt")
    for files in ((str(tmp_path / "gone.pem"), None), (without_key, None), (without_key, str(tmp_path / "gone.pem"))):
        with pytest.raises(ConfigurationError, match="certificate"):
            HttpTransport(certificate_file=files[0], certificate_key_file=files[1])


def test_a_default_port_is_not_repeated_in_the_host_header() -> None:
    with serving(lambda request: HttpResponse(request.headers["Host"])) as port:
        transport = HttpTransport(connect_to={"idp.localhost:80": f"127.0.0.1:{port}"})
        assert transport.send(Request(url="http://idp.localhost/")).body == b"idp.localhost"


@pytest.mark.parametrize("target", ["127.0.0.1", ":80", "127.0.0.1:http", ""])
def test_an_unreadable_target_is_an_error_at_start(target: str) -> None:
    with pytest.raises(ConfigurationError):
        HttpTransport(connect_to={"idp.localhost:8443": target})


def test_a_missing_ca_file_is_an_error_at_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError):
        HttpTransport(ca_file=str(tmp_path / "none.pem"))


@pytest.mark.parametrize("host", ["localhost", "tax.localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_loopback_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["idp.example", "localhost.example", "10.0.0.1", "notlocalhost", ""])
def test_other_names(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize("url", ["http://idp.example/", "//idp.example", "https://", "https://h:x/", "https://a@h/"])
def test_addresses_that_are_not_plain_https_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        check_address(url, what="it")
