"""`make cluster` around stand-ins of the provider's commands: starting, healing, stopping, failing."""

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from adapters.sandbox import packages
from adapters.sandbox.cluster_files import Ports
from tests.ports import free_ports
from tests.services.test_processes import gone

pytestmark = pytest.mark.services

_DRIVER = """
import sys
from adapters.sandbox import cluster, cluster_parts
from adapters.sandbox.cluster_files import Ports
stand_in = [sys.executable, "-m", "tests.services.stand_in"]
cluster_parts.IDP[:] = stand_in
cluster_parts.DEMO_APP[:] = [*stand_in, "app"]
sys.exit(cluster.main(["--directory", sys.argv[1]], ports=Ports(*map(int, sys.argv[2:]))))
"""


@contextmanager
def cluster(directory: Path, ports: Ports, **env: str) -> Iterator[subprocess.Popen[str]]:
    words = [sys.executable, "-c", _DRIVER, str(directory), *map(str, astuple(ports))]
    with subprocess.Popen(
        words,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=packages.ROOT,
        env={**os.environ, **env},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def ports() -> Ports:
    return Ports(*free_ports(6))


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What the cluster printed up to the line that holds `words`."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if words in line:
            return "".join(lines)
    raise AssertionError(f"the cluster ended without {words!r}:\n{''.join(lines)}")


def ask(port: int) -> Any:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("GET", "/")
        return json.loads(connection.getresponse().read())


def eventually(check: Callable[[], bool], *, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def descendants(pid: int) -> list[int]:
    """Every process below `pid`, whatever session it is in."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    found, below = [pid], []
    while found:
        found = [child for child, parent in parents.items() if parent in found]
        below += found
    return below


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_one_signal_ends_everything_the_cluster_started(tmp_path: Path, ports: Ports, number: signal.Signals) -> None:
    with cluster(tmp_path, ports) as process:
        told = read_until(process, "Ctrl-C stops everything")
        assert ports.origin("idp.localhost") in told
        below = descendants(process.pid)
        assert len(below) >= 9
        process.send_signal(number)
        assert process.wait(30) == (-9 if number == signal.SIGKILL else 0)
    assert gone(below)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["logs", "tls"]


def test_a_part_that_was_killed_is_started_again(tmp_path: Path, ports: Ports) -> None:
    with cluster(tmp_path, ports) as process:
        read_until(process, "Ctrl-C stops everything")
        killed = ask(ports.node1)["pid"]
        os.kill(killed, signal.SIGKILL)
        read_until(process, "node 1 ended with status -9; starting it again")
        assert gone([killed])
        assert eventually(lambda: process.poll() is None and _pid(ports.node1) not in (None, killed))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def _pid(port: int) -> int | None:
    try:
        return int(ask(port)["pid"])
    except OSError:
        return None


def test_the_nodes_read_the_production_example_and_share_database_and_state(tmp_path: Path, ports: Ports) -> None:
    with cluster(tmp_path, ports, TONGBAN_SMS__URL="http://localhost:9999/sms") as process:
        read_until(process, "Ctrl-C stops everything")
        first, second = ask(ports.node1)["settings"], ask(ports.node2)["settings"]
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    assert first["TONGBAN_CONFIG"] == str(packages.ROOT / "config" / "production.example.toml")
    assert first["TONGBAN_DATABASE__URL"].startswith("postgresql+psycopg://")
    assert first["TONGBAN_STATE__URL"].startswith("unix:///")
    assert first["TONGBAN_SMS__URL"] == "http://localhost:9999/sms"
    assert {name for name in first if first[name] != second[name]} == {"TONGBAN_SERVER__PORT"}


@pytest.mark.parametrize(("command", "shown"), [("db", "migrations"), ("serve", "node 1"), ("app", "tax app")])
def test_a_part_that_fails_ends_the_cluster_and_shows_why(
    tmp_path: Path, ports: Ports, command: str, shown: str
) -> None:
    with cluster(tmp_path, ports, STAND_IN_FAILS=command) as process:
        printed, complaint = process.communicate(timeout=60)
        assert process.returncode == 1
    assert any(line.split("  ")[1] == shown and line.endswith("failed") for line in printed.splitlines()[1:] if line)
    assert "no such table: party" in complaint


def test_what_answers_already_is_not_taken_for_a_part(tmp_path: Path, ports: Ports) -> None:
    words = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", str(ports.sandbox)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as other:
        assert eventually(lambda: _listens(ports.sandbox))
        with cluster(tmp_path, ports) as process:
            _, complaint = process.communicate(timeout=60)
        other.kill()
    assert process.returncode == 1
    assert f"something answers there already (http://localhost:{ports.sandbox})" in complaint


def _listens(port: int) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=1)) as connection:
        try:
            connection.connect()
        except OSError:
            return False
    return True
