"""docs/specifications.md names only tests that exist, and a clause that is served names one."""

import re
from pathlib import Path

import pytest

from tests.conformance.plans import PLANS

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs/specifications.md"
UNPROVEN = ("Not served", "A matter of the department kit")
_ROW = re.compile(r"\| (?P<clause>.*?) \| (?P<done>.*) \| (?P<shown>.*?) ?\|")


def rows() -> list[tuple[str, str, list[str]]]:
    lines = [line for line in DOCUMENT.read_text("utf-8").splitlines() if line.startswith("| ")]
    found = [_ROW.fullmatch(line) for line in lines if not line.startswith("| clause")]
    assert all(found)
    return [(match["clause"], match["done"], re.findall(r"`([^`]+)`", match["shown"])) for match in found if match]


@pytest.fixture(scope="module")
def existing() -> set[str]:
    functions = {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text("utf-8"), re.M)
    }
    return functions | {module for plan in PLANS for module in plan.modules}


def test_every_test_that_is_named_exists(existing: set[str]) -> None:
    named = {name for _, _, names in rows() for name in names}
    assert len(named) > 100
    assert named - existing == set()


def test_a_clause_that_is_served_names_its_test() -> None:
    assert [clause for clause, done, names in rows() if not names and not done.startswith(UNPROVEN)] == []
