"""nginx in front: three https names, two nodes in turn, headers nobody can forge, no query in a log."""

import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from adapters.sandbox import cluster_files, cluster_parts, packages, processes, processes_directory
from adapters.sandbox.cluster_files import HOSTS, Certificate, Ports
from tests.ports import free_ports
from tests.services.production import moved, whole

NOW = 1_790_000_000


class Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked, as JSON."""

    def do_GET(self) -> None:
        seen = {"port": self.server.server_address[1], "path": self.path, "headers": dict(self.headers)}
        body = json.dumps(seen).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    return cluster_files.certificate(tmp_path / "tls", now=int(time.time()))


@contextmanager
def nginx(ports: Ports, certificate: Certificate, logs: Path, *, ready: str = HOSTS[0]) -> Iterator[None]:
    with processes_directory.private() as directory:
        part = cluster_parts.front(ports, certificate, private=directory, logs=logs)
        child = processes.start(part.name, part.argv, log=logs / "nginx.log", env=part.env)
        try:
            processes.wait_until(lambda: cluster_parts.answers_tls(ready, ports, certificate, "/"), child, seconds=10)
            yield
        finally:
            processes.stop(child)


@pytest.fixture
def front(tmp_path: Path, certificate: Certificate) -> Iterator[Ports]:
    """nginx before two nodes and two apps that echo; yields where they listen."""
    ports = Ports(*free_ports(6))
    with ExitStack() as stack:
        for port in (ports.node1, ports.node2, ports.tax, ports.social):
            server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", port), Echo))
            threading.Thread(target=server.serve_forever, args=(0.05,)).start()
            stack.callback(server.shutdown)
        stack.enter_context(nginx(ports, certificate, tmp_path))
        yield ports


def ask(
    host: str, ports: Ports, certificate: Certificate, path: str = "/", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    context = ssl.create_default_context(cafile=str(certificate.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    connection = cluster_parts.TlsToLoopback(host, ports.https, context)
    try:
        connection.request("GET", path, headers={"Host": f"{host}:{ports.https}", **(headers or {})})
        answer = connection.getresponse()
        body = answer.read()
    finally:
        connection.close()
    return answer.status, json.loads(body) if answer.status == 200 else body


@pytest.mark.services
def test_each_host_name_leads_where_it_should_with_a_certificate_strict_clients_accept(
    front: Ports, certificate: Certificate
) -> None:
    assert {ask(HOSTS[0], front, certificate)[1]["port"] for _ in range(4)} == {front.node1, front.node2}
    assert ask(HOSTS[1], front, certificate)[1]["port"] == front.tax
    assert ask(HOSTS[2], front, certificate)[1]["port"] == front.social


@pytest.mark.services
def test_forwarded_headers_of_a_visitor_go_no_further(front: Ports, certificate: Certificate) -> None:
    forged = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http", "Forwarded": "for=203.0.113.9"}
    _, seen = ask(HOSTS[0], front, certificate, headers=forged)
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert headers["x-forwarded-for"] == "127.0.0.1"
    assert headers["x-forwarded-proto"] == "https"
    assert "forwarded" not in headers
    assert headers["host"] == f"idp.localhost:{front.https}"


@pytest.mark.services
@pytest.mark.parametrize("host", HOSTS)
def test_no_visitor_brings_a_certificate_by_a_header(front: Ports, certificate: Certificate, host: str) -> None:
    forged = {"X-Client-Cert": "x", "X-Client-Cert-Secret": "x", "X_Client_Cert": "x", "X_Client_Cert_Secret": "x"}
    _, seen = ask(host, front, certificate, headers=forged)
    assert not [name for name in seen["headers"] if "client" in name.lower()]


@pytest.mark.services
def test_a_name_that_is_not_served_gets_no_answer(front: Ports, certificate: Certificate) -> None:
    with pytest.raises(ssl.SSLError):
        ask("other.localhost", front, certificate)


@pytest.mark.services
def test_the_figures_stay_inside(front: Ports, certificate: Certificate) -> None:
    assert ask(HOSTS[0], front, certificate, "/metrics")[0] == 404


@pytest.mark.services
def test_no_query_reaches_a_log(front: Ports, certificate: Certificate, tmp_path: Path) -> None:
    ask(HOSTS[0], front, certificate, "/authorize?login_hint=13800001001", {"Referer": "https://x/?code=canary"})
    ask(HOSTS[1], front, certificate, "/oidc/callback?code=canary")
    deadline = time.monotonic() + 5
    log = tmp_path / "nginx-access.log"
    while '"/oidc/callback"' not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"/authorize", "/oidc/callback"} <= {line["path"] for line in lines}
    text = log.read_text() + (tmp_path / "nginx.log").read_text()
    assert "canary" not in text
    assert "13800001001" not in text


@pytest.mark.services
def test_a_node_that_is_away_is_passed_over(tmp_path: Path, certificate: Certificate, front: Ports) -> None:
    https, nobody = free_ports(2)
    gone = replace(front, https=https, node1=nobody)
    with nginx(gone, certificate, tmp_path):
        assert [ask(HOSTS[0], gone, certificate)[0] for _ in range(10)] == [200] * 10


@pytest.mark.services
def test_without_any_node_people_get_a_declared_503_with_a_reference(
    tmp_path: Path, certificate: Certificate, front: Ports
) -> None:
    https, first, second = free_ports(3)
    deserted = replace(front, https=https, node1=first, node2=second)
    with nginx(deserted, certificate, tmp_path, ready=HOSTS[1]):
        status, body = ask(HOSTS[0], deserted, certificate, "/authorize")
    assert status == 503
    reference = re.search(r"编号：([0-9a-f]{32})", body.decode())
    assert reference
    assert f'"reference":"{reference[1]}"' in (tmp_path / "nginx-access.log").read_text()


@pytest.mark.services
def test_the_production_configuration_is_one_nginx_accepts(tmp_path: Path, certificate: Certificate) -> None:
    """As installed, with the directories an operator has moved here, and ports an ordinary user may open."""
    tls = {"/etc/tongban/tls/fullchain.pem": certificate.chain, "/etc/tongban/tls/privkey.pem": certificate.key}
    logs = {"/var/log/nginx": tmp_path}
    (tmp_path / "secret").write_text('map "" $tongban_front_secret { default "x"; }\n')
    secret = {"/etc/tongban/mtls-secret.conf": tmp_path / "secret"}
    text = moved("tongban.conf", tls | logs) + moved("tongban-mtls.conf", tls | logs | secret)
    configuration = whole(text, tmp_path)
    program = packages.find("nginx")
    words = ["-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(configuration)]
    assert "test is successful" in processes.run([str(program.path), *words], env=program.env)


def test_a_certificate_serves_the_three_names_and_is_kept_until_its_last_day(tmp_path: Path) -> None:
    first = cluster_files.certificate(tmp_path, now=NOW).chain.read_bytes()
    leaf = x509.load_pem_x509_certificate(first)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == list(HOSTS)
    expiry = int(leaf.not_valid_after_utc.timestamp())
    assert cluster_files.certificate(tmp_path, now=expiry - 86_401).chain.read_bytes() == first
    assert cluster_files.certificate(tmp_path, now=expiry - 86_399).chain.read_bytes() != first


def test_the_key_is_its_owners_alone_and_that_of_the_authority_is_nowhere(tmp_path: Path) -> None:
    files = cluster_files.certificate(tmp_path, now=NOW)
    assert files.key.stat().st_mode & 0o077 == 0
    keys = [path for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert keys == [files.key]


def test_every_word_of_the_nginx_template_is_filled_in(tmp_path: Path) -> None:
    files = cluster_files.certificate(tmp_path, now=NOW)
    text = cluster_files.nginx_configuration(Ports(), files, run=tmp_path, logs=tmp_path)
    assert not re.search(r"@[A-Z]", text)


def test_a_port_that_answers_and_one_that_does_not_are_told_apart() -> None:
    port = free_ports(1)[0]
    assert not cluster_parts.answers(port, "/")
    with ThreadingHTTPServer(("127.0.0.1", port), Echo) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,)).start()
        assert cluster_parts.answers(port, "/")
        server.shutdown()


def test_an_unanswered_name_is_an_ordinary_no(certificate: Certificate) -> None:
    assert not cluster_parts.answers_tls(HOSTS[0], Ports(https=free_ports(1)[0]), certificate, "/")
