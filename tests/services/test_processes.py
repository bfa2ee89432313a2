"""Children of a script: waited for, stopped, and never left behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adapters.sandbox import processes, processes_directory

_PARENT = """
import sys, time
from pathlib import Path
from adapters.sandbox import processes
child = processes.start("sleeper", ["sleep", "600"], log=Path(sys.argv[1]))
print(child.process.pid, flush=True)
time.sleep(600)
"""


def alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its new parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def gone(pids: list[int], *, seconds: float = 10) -> bool:
    """Whether all of them are gone within so many seconds."""
    deadline = time.monotonic() + seconds
    while any(alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path, number: signal.Signals) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, str(tmp_path / "log")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
        parent.send_signal(number)
        parent.wait(10)
    assert gone([child])


def test_a_child_that_ends_early_is_reported_with_what_it_printed(tmp_path: Path) -> None:
    child = processes.start("speaker", ["sh", "-c", "echo no such table; exit 3"], log=tmp_path / "log")
    with pytest.raises(processes.ProcessFailed, match=r"speaker ended with status 3:\n +no such table"):
        processes.wait_until(lambda: False, child, seconds=10)


def test_a_child_that_is_never_ready_is_reported_with_what_it_printed(tmp_path: Path) -> None:
    child = processes.start("sleeper", ["sh", "-c", "echo waiting; exec sleep 600"], log=tmp_path / "log")
    with pytest.raises(processes.ProcessFailed, match=r"not ready after 0\.5 s:\n +waiting"):
        processes.wait_until(lambda: False, child, seconds=0.5)
    processes.stop(child)


def test_stopping_ends_a_child_that_ignores_the_signal_and_its_own_children(tmp_path: Path) -> None:
    script = "trap '' TERM; sleep 600 & echo $!; while :; do sleep 1; done"
    child = processes.start("stubborn", ["sh", "-c", script], log=tmp_path / "log")
    processes.wait_until(lambda: (tmp_path / "log").read_text().endswith("\n"), child, seconds=10)
    grandchild = int((tmp_path / "log").read_text())
    assert processes.stop(child, seconds=0.2) == ["stubborn"]
    assert gone([child.process.pid, grandchild])


def test_stopping_what_already_ended_does_nothing(tmp_path: Path) -> None:
    child = processes.start("short", ["true"], log=tmp_path / "log")
    child.process.wait(10)
    assert processes.stop(child) == []
    assert child.process.returncode == 0


def test_a_command_returns_what_it_printed_and_reads_what_it_is_given() -> None:
    assert processes.run(["tr", "a-z", "A-Z"], text="tongban\n") == "TONGBAN\n"


def test_a_failing_command_is_reported_with_its_words() -> None:
    with pytest.raises(processes.ProcessFailed, match=r"ended with status 7:\nbroken"):
        processes.run(["sh", "-c", "echo broken >&2; exit 7"])


def test_a_command_that_takes_too_long_is_ended() -> None:
    with pytest.raises(processes.ProcessFailed, match=r"did not end in 0\.2 s"):
        processes.run(["sleep", "600"], seconds=0.2)


_OWNER = """
import sys, time
from adapters.sandbox import processes_directory
print(processes_directory.make(), flush=True)
time.sleep(600)
"""


def test_a_directory_that_a_killed_process_left_is_removed_by_the_next_and_a_living_ones_is_not() -> None:
    with subprocess.Popen([sys.executable, "-c", _OWNER], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        directory = Path(owner.stdout.readline().strip())
        with processes_directory.private() as other:
            assert directory.is_dir()
            assert other.stat().st_mode & 0o777 == 0o700
        assert not other.exists()
        owner.kill()
    with processes_directory.private():
        assert not directory.exists()
