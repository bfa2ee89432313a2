"""Targets of the conformance checks, started once for all tests that need them.

Always true: a target that does not start fails its tests at once with the reason, and is not tried again.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Literal

import pytest

from tests.conformance.installation import Installation
from tests.conformance.receiver import Receiver
from tests.conformance.targets import TARGETS

Installations = Callable[[str], Installation]


@pytest.fixture(scope="session")
def installations(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installations]:
    started: dict[str, Installation | Exception] = {}
    with ExitStack() as stack:

        def installation(name: str) -> Installation:
            if name not in started:
                try:
                    receiver = stack.enter_context(Receiver())
                    target = TARGETS[name].start(receiver, tmp_path_factory.mktemp(name))
                    started[name] = stack.enter_context(target)
                except (RuntimeError, OSError) as problem:
                    started[name] = problem
            found = started[name]
            if isinstance(found, Exception):
                pytest.fail(f"{name}: {found}", pytrace=False)
            return found

        yield installation


@pytest.fixture
def installation(installations: Installations, target: str) -> Installation:
    return installations(target)


@pytest.fixture(scope="session")
def waits() -> Literal["full", "short"]:
    """``CONFORMANCE_WAITS=full`` waits as long as the suite does."""
    return "full" if os.environ.get("CONFORMANCE_WAITS") == "full" else "short"
