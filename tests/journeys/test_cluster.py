"""The promise again on `make cluster`: https, three host names, two nodes over PostgreSQL and Redis."""

import json
import socket
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage

from adapters.sandbox.cluster_files import Ports, registrations
from tests.journeys.conftest import Site, cluster_in, walker
from tests.journeys.mandate_walks import COMPANY, GONG, QINGLAN, Acting, pass_by
from tests.journeys.outside import Department
from tests.journeys.walks import ask_to_sign_in, register_and_walk, sessions_of, sign_in, signed_in_to
from tests.provider import claims_of

pytestmark = [pytest.mark.browser, pytest.mark.services, pytest.mark.alone]

PORTS = Ports()
NODES = {f"127.0.0.1:{port}": f"http://127.0.0.1:{port}" for port in (PORTS.node1, PORTS.node2)}
PROXY = {"Host": "idp.localhost:8443", "X-Forwarded-Proto": "https", "X-Forwarded-For": "127.0.0.1"}
FILING = "filing-demo"
SECRET = f"{FILING}-secret-for-this-machine-only-0123456789"
BACK = "http://filing.localhost:8009/cb"
"""Of an app that nobody runs: the sandbox answers in its place."""
CLIENT = f"""
[[client]]
client_id = "{FILING}"
name = {{ zh = "企业申报", en = "Company filing" }}
sector = "filing"
state = "live"
secret = "{SECRET}"
redirect_uris = ["{BACK}"]
scopes = {{ represented = "statutory", "authority.check" = "none" }}
id_token_alg = "ES256"
pkce = "optional"
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cluster")


@pytest.fixture(scope="module")
def cluster(directory: Path) -> Iterator[Site]:
    """Afterwards one SIGTERM has ended every process of it, and nothing listens any more."""
    clients = directory / "clients.toml"
    clients.write_text(registrations(PORTS) + CLIENT, "utf-8")
    with cluster_in(directory, {"TONGBAN_CLIENTS__FILE": str(clients)}) as site:
        yield site
    listening = [port for port in vars(PORTS).values() if _answers(port)]
    assert listening == []


def _answers(port: int) -> bool:
    with closing(socket.socket()) as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


def _nodes_by_path(directory: Path, *methods: str) -> dict[str, set[str]]:
    """Which nodes served an address, by whatever method or by these."""
    found: dict[str, set[str]] = {}
    for line in (directory / "logs" / "nginx-access.log").read_text("utf-8").splitlines():
        entry = json.loads(line)
        if entry["host"].startswith("idp.") and (not methods or entry["method"] in methods):
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


def test_what_an_enterprise_takes_back_on_one_node_stops_the_next_action_on_the_other_and_no_session(
    cluster: Site, chromium: Browser, directory: Path
) -> None:
    app = Department(next(iter(NODES.values())), FILING, SECRET, BACK, PROXY)
    with walker(chromium, https=True) as one, walker(chromium, https=True) as other:
        owner = Acting(cluster, one.new_page(), pass_by, who=QINGLAN).enter()
        owner.choose_for(COMPANY.name)
        mandate = owner.give("employee", GONG.person)
        employee = Acting(cluster, other.new_page(), pass_by, who=GONG).enter()
        employee.accept(mandate)
        employee.choose_for(COMPANY.name)
        tokens = employee.enter_app(app, scope="openid represented")
        told = claims_of(tokens["id_token"])
        assert told["represented"]["name"] == COMPANY.name

        about = {"represented": told["mandate"]["handle"]}
        question = {
            "subject": {"type": "person", "id": told["sub"]},
            "action": {"name": "submit"},
            "resource": {"type": "service", "id": "hn-tax-01", "properties": about},
        }

        def may_submit(node: str) -> bool:
            return bool(replace(app, url=NODES[node]).tell("/access/v1/evaluation", question).json()["decision"])

        def is_active(node: str) -> bool:
            answer = replace(app, url=NODES[node]).post("/introspect", {"token": tokens["access_token"]})
            return bool(answer.json()["active"])

        assert [may_submit(node) and is_active(node) for node in NODES] == [True, True]
        owner.take_back(mandate)
        (by,) = _nodes_by_path(directory, "POST")[f"/account/mandates/{mandate}/revoke"]
        elsewhere = next(node for node in NODES if node != by)
        assert (may_submit(elsewhere), is_active(elsewhere)) == (False, False)
        assert (may_submit(by), is_active(by)) == (False, False)

        assert sessions_of(employee.page, cluster) == 1, "still signed in"
        again = claims_of(employee.enter_app(app, scope="openid represented")["id_token"])
        assert (again["sub"], again["sid"]) == (told["sub"], told["sid"])
        assert "represented" not in again
