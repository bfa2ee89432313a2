"""nginx in front, as installed: what certificates do on their host name, and what headers do on the other."""

import http.client
import json
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from werkzeug.serving import make_server

from adapters.sandbox import packages, processes, processes_directory
from adapters.sandbox.cluster_parts import TlsToLoopback
from tests.oidc import pki
from tests.oidc.mtls import HOST, OWN, Behind
from tests.oidc.pki import FRONT_SECRET, Authority, Shown
from tests.ports import free_ports
from tests.provider import ISSUER
from tests.services.production import moved, whole

pytestmark = pytest.mark.services

NORMAL, MTLS = "idp.example.gov.cn", "mtls.idp.example.gov.cn"


@dataclass
class Front:
    """nginx before the provider ``behind``; ``port``: where it speaks TLS; ``files``: certificates shown."""

    behind: Behind
    port: int
    root: Path
    files: Path

    def ask(
        self,
        host: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        shown: Shown | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Any, Mapping[str, str]]:
        connection = TlsToLoopback(host, self.port, self.context(shown))
        method, body = ("GET", None) if form is None else ("POST", urlencode(form))
        sent = {"Host": host, "Content-Type": "application/x-www-form-urlencoded"} if form else {"Host": host}
        try:
            connection.timeout = 10
            connection.request(method, path, body, {**sent, **(headers or {})})
            answer = connection.getresponse()
            found = answer.read()
        finally:
            connection.close()
        is_json = answer.headers.get_content_type() == "application/json"
        return answer.status, json.loads(found) if is_json else found, answer.headers

    def context(self, shown: Shown | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.root))
        if shown:
            file = self.files / f"{shown.certificate.serial_number}.pem"
            file.write_bytes(shown.pem + shown.key_pem)
            context.load_cert_chain(file)
        return context

    def token(self, client_id: str, shown: Shown | None, host: str = MTLS, **headers: str) -> tuple[int, Any]:
        form = {"grant_type": "client_credentials", "scope": "figures", "client_id": client_id}
        return self.ask(host, "/token", form, shown=shown, headers=headers)[:2]


def configuration(directory: Path, port: int, node: int, tls: Path, ca: Path) -> Path:
    """The production files with this node, and what nginx thinks of certificates told to the test."""
    secret = directory / "secret.conf"
    secret.write_text(f'map "" $tongban_front_secret {{ default "{FRONT_SECRET}"; }}\n')
    places = {
        "/etc/tongban/tls/fullchain.pem": tls / "chain.pem",
        "/etc/tongban/tls/privkey.pem": tls / "key.pem",
        "/var/log/nginx": directory,
    }
    text = moved("tongban.conf", places) + moved(
        "tongban-mtls.conf", places | {"/etc/tongban/mtls-secret.conf": secret}
    )
    text = text.replace("127.0.0.1:20443", f"127.0.0.1:{port}").replace("127.0.0.1:8001", f"127.0.0.1:{node}")
    (plain,) = free_ports(1)
    text = text.replace("127.0.0.1:20080", f"127.0.0.1:{plain}")
    text = text.replace("  server 127.0.0.1:8002 max_fails=1 fail_timeout=2s;\n", "")
    verdict = f"  ssl_trusted_certificate {ca};\n  add_header X-Verdict $ssl_client_verify always;\n"
    text = text.replace(f"  server_name {MTLS};\n", f"  server_name {MTLS};\n{verdict}")
    return whole(text, directory)


@pytest.fixture
def front(behind: Behind, tmp_path: Path) -> Iterator[Front]:
    port, node = free_ports(2)
    names = [x509.DNSName(NORMAL), x509.DNSName(MTLS)]
    authority = Authority("Front")
    served = authority.issue("CN=front", names=names)
    (tmp_path / "chain.pem").write_bytes(served.pem)
    (tmp_path / "key.pem").write_bytes(served.key_pem)
    root, _ = authority.write(tmp_path)
    server = make_server("127.0.0.1", node, behind.site.app, threaded=True)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}).start()
    try:
        with processes_directory.private() as private:
            private.chmod(0o711)
            written = configuration(private, port, node, tmp_path, behind.directory / "client-ca.pem")
            written.write_text("daemon off;\n" + written.read_text())
            program = packages.find("nginx")
            argv = [str(program.path), "-e", "stderr", "-p", str(private), "-c", str(written)]
            child = processes.start("nginx", argv, log=tmp_path / "nginx.log", env=program.env)
            try:
                made = Front(behind, port, root, tmp_path)
                processes.wait_until(lambda: answers(made), child, seconds=10)
                yield made
            finally:
                processes.stop(child)
    finally:
        server.shutdown()
        server.server_close()


def answers(front: Front) -> bool:
    try:
        return front.ask(NORMAL, "/healthz")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def test_an_app_with_an_rsa_certificate_gets_its_token(front: Front) -> None:
    shown = front.behind.authority.issue(key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    status, answer = front.token("pki", shown)
    assert status == 200, answer
    assert front.token("pki", None)[0] == 401


def test_what_nginx_passes_is_judged_again(front: Front) -> None:
    authority = front.behind.authority
    revoked, encryption = authority.issue(), authority.issue(signing=False)
    authority.revoke(revoked)
    authority.write(front.behind.directory)
    form = {"grant_type": "client_credentials", "scope": "figures", "client_id": "pki"}
    for shown in (revoked, encryption):
        status, answer, headers = front.ask(MTLS, "/token", form, shown=shown)
        assert headers["X-Verdict"] == "SUCCESS"
        assert (status, answer["error"]) == (401, "invalid_client")
    assert front.token("pki", authority.issue())[0] == 200


def test_headers_of_a_visitor_do_nothing_on_either_name(front: Front) -> None:
    assert front.token("own", OWN)[0] == 200
    for host in (NORMAL, MTLS):
        for secret in (FRONT_SECRET, ""):
            assert front.token("own", None, host, **OWN.headers(secret))[0] == 401, host
            underscored = {name.replace("-", "_"): value for name, value in OWN.headers(secret).items()}
            assert front.token("own", None, host, **underscored)[0] == 401, host


def test_a_connection_to_the_normal_name_shows_no_certificate(front: Front) -> None:
    assert front.token("own", OWN, NORMAL)[0] == 401


def test_the_name_for_certificates_is_not_reached_through_the_other_names_handshake(front: Front) -> None:
    connection = TlsToLoopback(NORMAL, front.port, front.context(OWN))
    form = urlencode({"grant_type": "client_credentials", "client_id": "own"})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/token", form, {"Host": MTLS, **kind})
    assert connection.getresponse().status in (401, 421)
    connection.close()


def test_a_bound_token_is_refused_without_its_certificate(front: Front) -> None:
    behind = front.behind
    token = behind.exchange("own-bound", OWN).get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert front.ask(MTLS, "/userinfo", shown=OWN, headers=bearer)[0] == 200
    for host in (MTLS, NORMAL):
        status, answer, _ = front.ask(host, "/userinfo", headers=bearer)
        assert (status, answer["error"]) == (401, "invalid_token")


def test_pages_are_not_on_the_name_for_certificates(front: Front) -> None:
    for path in ("/signin", "/authorize", "/console", "/metrics", "/healthz", "/"):
        assert front.ask(MTLS, path)[0] == 404
    assert front.ask(NORMAL, "/signin")[0] == 200


def test_a_certificate_that_is_over_is_refused_in_the_words_of_the_provider(front: Front) -> None:
    for shown in (front.behind.authority.issue(days=(-9, -1)), pki.self_signed(days=(-9, -1))):
        status, answer = front.token("pki", shown)
        assert (status, answer["error"]) == (401, "invalid_client")
        begun = front.behind.site.browser().get("/signin/certificate/connect").headers["Location"]
        headers = front.ask(MTLS, begun.removeprefix(f"https://{HOST}"), shown=shown)[2]
        assert "ticket=" in headers["Location"]
        assert front.ask(MTLS, "/signin", shown=shown)[0] == 401


def test_a_persons_certificate_goes_back_as_a_ticket(front: Front) -> None:
    browser = front.behind.site.browser()
    begun = browser.get("/signin/certificate/connect").headers["Location"].removeprefix(f"https://{HOST}")
    headers = front.ask(MTLS, begun, shown=OWN)[2]
    assert headers["Location"].startswith(f"{ISSUER}/signin/certificate/ticket?ticket=")
    assert "Set-Cookie" not in headers
    spoofed = browser.get("/signin/certificate/connect").headers["Location"].removeprefix(f"https://{HOST}")
    for host in (NORMAL, MTLS):
        assert "ticket=" not in front.ask(host, spoofed, headers=OWN.headers())[2]["Location"]


def test_forwarded_headers_are_nginxs_own_there_too(front: Front) -> None:
    """Who replaces one `proxy_set_header` has to repeat them all."""
    there, here = ((packages.ROOT / "config" / "nginx" / name).read_text() for name in ("http.conf", "mtls.conf"))
    set_there = {line.split()[1] for line in there.splitlines() if line.startswith("proxy_set_header")}
    set_here = {line.split()[1] for line in here.splitlines() if line.startswith("proxy_set_header")}
    assert set_there == set_here


def test_no_connection_there_is_a_resumed_one(front: Front) -> None:
    context = front.context(OWN)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context.minimum_version = context.maximum_version = version
        session = handshake(front, context, None)
        assert session is None or not session.has_ticket
        with context.wrap_socket(socket.create_connection(("127.0.0.1", front.port)), server_hostname=MTLS,
                                 session=session) as again:  # fmt: skip
            assert not again.session_reused


def handshake(front: Front, context: ssl.SSLContext, session: ssl.SSLSession | None) -> ssl.SSLSession | None:
    """The session of a connection after its first answer, with which tickets have come."""
    raw = socket.create_connection(("127.0.0.1", front.port))
    with context.wrap_socket(raw, server_hostname=MTLS, session=session) as tls:
        tls.sendall(f"GET / HTTP/1.0\r\nHost: {MTLS}\r\n\r\n".encode())
        while tls.recv(4096):
            pass
        return tls.session
