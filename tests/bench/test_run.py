"""Whole runs in miniature: every provider starts, proves itself, and every answer is right."""

import subprocess
import sys

import pytest

from bench.questions import QUESTIONS
from bench.targets import ROOT

pytestmark = [pytest.mark.services, pytest.mark.alone]
SHORT = ["--rounds", "1", "--seconds", "0.1", "--warmup", "0.1", "--connections", "4", "--dry"]


def bench(*words: str) -> list[str]:
    """The first cells of the tables it prints."""
    command = [sys.executable, "-m", "bench", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return [line.split(" | ")[0] for line in done.stdout.splitlines() if line.startswith("| ")]


@pytest.mark.peer
@pytest.mark.parametrize("sides", [[], ["--against-itself"]], ids=["both providers", "the peer twice"])
def test_every_operation_is_answered_rightly_on_both_sides(sides: list[str]) -> None:
    rows = bench(*SHORT, *sides)
    assert {"| code flow", "| refresh", "| introspection", "| userinfo", "| discovery", "| JWKS"} <= set(rows)


def test_known_and_unknown_are_answered_alike_wherever_one_may_ask() -> None:
    assert {f"| {question.name}" for question in QUESTIONS} <= set(bench("timings", "--count", "4", "--dry"))


def test_a_flood_gets_answers_that_may_be_and_ends_well() -> None:
    rows = bench("flood", "--seconds", "2", "--dry")
    assert {"| sign-in", "| JWKS", "| token", "| token without the flood"} <= set(rows)


def test_signatures_of_certificates_are_verified_by_both() -> None:
    rows = bench("certificates", "--rounds", "1", "--seconds", "0.1", "--dry")
    assert {"| SM2 signature, pure", "| SM2 signature, gmssl"} <= set(rows)


def test_who_waits_for_a_vendor_that_holds_everybody_is_offered_another_way() -> None:
    rows = bench("faces", "--rounds", "1", "--seconds", "6", "--dry")
    assert {"| sign-in", "| token", "| text message", "| waiting page"} <= set(rows)
