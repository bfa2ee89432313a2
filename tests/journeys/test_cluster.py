"""The promise again on `make cluster`: https, three host names, two nodes over PostgreSQL and Redis."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage

from adapters.sandbox.cluster_files import Ports
from tests.journeys.conftest import Site, cluster_in, walker
from tests.journeys.walks import ask_to_sign_in, register_and_walk, sign_in, signed_in_to

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.alone]

PORTS = Ports()


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(directory: Path) -> Iterator[Site]:
    """Afterwards one SIGTERM has ended every process of it, and nothing listens any more."""
    with cluster_in(directory) as site:
        yield site
    listening = [port for port in vars(PORTS).values() if _answers(port)]
    assert listening == []


def _answers(port: int) -> bool:
    with closing(socket.socket()) as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _nodes_by_path(directory: Path) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line in (directory / "logs" / "nginx-access.log").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry["host"].startswith("idp."):
            found.setdefault(entry["path"], set()).add(entry["node"])
    return found


@pytest.mark.parametrize(
    ("script", "phone"), [(True, "13811110011"), (False, "13811110012")], ids=["script", "no script"]
)
def test_register_sign_in_once_two_apps_sign_out_once_under_https(
    cluster: Site, chromium: Browser, directory: Path, script: bool, phone: str
) -> None:
    faults: list[str] = []
    with walker(chromium, script=script, https=True) as context:
        page = context.new_page()
        page.on("console", lambda said: faults.append(said.text) if _serious(said) else None)
        page.on("request", lambda asked: faults.append(asked.url) if asked.url.startswith("http:") else None)
        assert max(register_and_walk(page, cluster, phone)) < 2.0
    assert faults == []
    nodes = {f"127.0.0.1:{port}" for port in (PORTS.node1, PORTS.node2)}
    served = _nodes_by_path(directory)
    assert {node for path in ("/authorize", "/signin", "/token", "/logout") for node in served[path]} == nodes
    assert served["/token"] == nodes, "codes are redeemed on either node"


def _serious(said: ConsoleMessage) -> bool:
    return said.type in ("error", "warning")


def test_under_https_every_cookie_is_bound_to_its_host(cluster: Site, chromium: Browser) -> None:
    with walker(chromium, https=True) as context:
        page = context.new_page()
        ask_to_sign_in(page, cluster)
        sign_in(page, "13800001001", "Lantern7Bridge22")
        signed_in_to(page, cluster.tax)
        cookies = context.cookies()
    assert {"idp.localhost", "tax.localhost"} == {cookie["domain"] for cookie in cookies}
    for cookie in cookies:
        assert cookie["name"].startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
    assert "__Host-tb_session" in {cookie["name"] for cookie in cookies}
