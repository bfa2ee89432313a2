"""Which tests stay on one worker when there are several (`pytest -n`), and in which order they are given out.

Always true: a module's tests run on one worker in their order, so that what it starts is started once; only modules
whose tests belong to one storage or the other are cut there, and the page states by language. Nothing that needs the
demonstration's fixed ports runs at the same time.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

_CUTS = {
    "tests/trust/": ("sqlite", "postgresql", "embedded", "production"),
    "tests/web/test_in_browser.py": ("zh", "en"),
}
"""How a module's name begins -> the words in a test's name that tell its parts apart."""
_LONGEST_FIRST = (
    "tests/trust/test_kills.py",
    "tests/journeys",
    "tests/trust/test_trail.py",
    "tests/web/test_in_browser.py",
    "tests/trust/test_activation_races.py",
    "tests/trust/test_once.py",
    "tests/trust/test_sessions.py",
    "tests/trust/test_outages.py",
    "tests/foreign/test_parties.py",
    "tests/trust/test_counting.py",
    "tests/trust/test_suspension.py",
    "tests/trust/test_signout.py",
    "tests/trust/test_canaries.py",
    "tests/departments/test_in_browser.py",
    "tests/services/test_cluster.py",
    "tests/credentials/test_password.py",
    "tests/sandbox/test_in_browser.py",
    "tests/sandbox/test_checks_in_browser.py",
    "tests/activation/test_in_browser.py",
    "tests/certificates/test_in_browser.py",
    "tests/certificates/test_signers.py",
    "tests/services/test_servers.py",
    "tests/credentials/test_sms_code.py",
    "tests/conformance/test_plans.py",
    "tests/state/test_store.py",
)
"""What takes longer than ten seconds or so; begun last, it would be waited for at the end."""


def unit_of(nodeid: str) -> str:
    """What a test is given out together with."""
    module, _, name = nodeid.partition("::")
    if module.startswith("tests/journeys/"):
        return "tests/journeys"  # the demonstration and the cluster have the same ports, always
    cut = next((words for beginning, words in _CUTS.items() if module.startswith(beginning)), ())
    words = name.partition("[")[2].rstrip("]").split("-")
    return " ".join([module, *(word for word in words if word in cut)])


def place_of(nodeid: str) -> int:
    """Small for what has to begin early."""
    module = unit_of(nodeid).partition(" ")[0]
    return _LONGEST_FIRST.index(module) if module in _LONGEST_FIRST else len(_LONGEST_FIRST)


class LongestFirst(LoadScopeScheduling):
    """Gives out the units in the order of collection, each worker's next one when the worker needs it."""

    def __init__(self, config: pytest.Config, log: Producer | None = None) -> None:
        super().__init__(config, log)
        config.option.loadscopereorder = False  # not by the number of tests

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def _reschedule(self, node: WorkerController) -> None:
        # A worker begins its last test only when it knows what comes then: that is the moment to choose it.
        if node.shutting_down or not self.workqueue or self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)
