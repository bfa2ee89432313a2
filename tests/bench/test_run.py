"""A whole run in miniature: both providers start, prove themselves, and every answer under load is right."""

import subprocess
import sys

import pytest

from bench.targets import ROOT

pytestmark = [pytest.mark.services, pytest.mark.peer, pytest.mark.alone]
SHORT = ["--rounds", "1", "--seconds", "0.1", "--warmup", "0.1", "--connections", "4", "--dry"]


@pytest.mark.parametrize("sides", [[], ["--against-itself"]], ids=["both providers", "the peer twice"])
def test_every_operation_is_answered_rightly_on_both_sides(sides: list[str]) -> None:
    command = [sys.executable, "-m", "bench", *SHORT, *sides]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    rows = [line.split(" | ")[0] for line in done.stdout.splitlines() if line.startswith("| ")]
    assert {"| code flow", "| refresh", "| introspection", "| userinfo", "| discovery", "| JWKS"} <= set(rows)
