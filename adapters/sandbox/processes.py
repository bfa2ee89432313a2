"""Child processes of a script: started with a log file, waited for with a deadline, stopped in order.

Always true: a child never outlives the thread that started it, however that one ends (the kernel sends
the child its stop signal, PR_SET_PDEATHSIG), so a killed test run leaves no server behind.
"""

import contextlib
import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SHOWN = 30  # lines of a failed program's output that people are shown


class ProcessFailed(RuntimeError):
    """A child ended too early, did not become ready in time, or returned an error; the text holds its output."""


@dataclass(frozen=True)
class Child:
    """One running child: its own session and process group, everything it prints in `log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals


def start(
    name: str,
    argv: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start `argv` in its own session, as `user` if given (root only), `env` added to this environment.

    Raises FileNotFoundError when the program or setpriv (util-linux) is missing.
    """
    command = [*_mortal(stop_signal, user), *argv]
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    return Child(name, process, log, stop_signal)


def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    text: str | None = None,
    seconds: float = 120,
) -> str:
    """Run `argv` to its end and return what it printed; ProcessFailed with that on an error or after `seconds`.

    Whatever interrupts the wait, the program is asked to stop and given 10 s, so that apt can leave things whole.
    """
    with subprocess.Popen(
        [*_mortal(signal.SIGTERM, user), *argv],
        stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(env or {})},
        cwd=cwd,
    ) as process:
        try:
            printed, _ = process.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired as failure:
            raise ProcessFailed(f"{' '.join(argv)} did not end in {seconds:g} s") from failure
        finally:
            _end(process)
    if process.returncode != 0:
        end = "\n".join(printed.splitlines()[-_SHOWN:])
        raise ProcessFailed(f"{' '.join(argv)} ended with status {process.returncode}:\n{end}")
    return printed


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _mortal(number: signal.Signals, user: str | None) -> list[str]:
    """The words before a command that has it signalled when this process ends, and run as `user` (None: this one).

    A parent that ended before the kernel was told is noticed by the shell, whose parent is then another one.
    """
    identity: list[str] = []
    if user:
        account = pwd.getpwnam(user)
        identity = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
    watch = ["sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid())]
    return ["setpriv", f"--pdeathsig={number.name.removeprefix('SIG')}", *identity, "--", *watch]


def wait_until(ready: Callable[[], bool], child: Child, *, seconds: float) -> None:
    """Poll `ready` every 10 ms; ProcessFailed with the end of the log when the child ends or time runs out."""
    deadline = time.monotonic() + seconds
    while not ready():
        status = child.process.poll()
        if status is not None:
            raise ProcessFailed(f"{child.name} ended with status {status}:\n{tail(child.log)}")
        if time.monotonic() > deadline:
            raise ProcessFailed(f"{child.name} was not ready after {seconds:g} s:\n{tail(child.log)}")
        time.sleep(0.01)


def stop(*children: Child, seconds: float = 10) -> list[str]:
    """Send each its stop signal, wait up to `seconds` for all, then kill and return the names of the rest."""
    deadline = time.monotonic() + seconds
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(child.stop_signal)
    late = []
    for child in children:
        try:
            child.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            late.append(child.name)
        kill(child)
    return late


def kill(child: Child) -> None:
    """End the child and everything in its process group at once (SIGKILL); nothing happens if it is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.process.pid, signal.SIGKILL)
    child.process.wait()


def tail(log: Path, lines: int = _SHOWN) -> str:
    """Return the last `lines` lines of a log file, indented, or a note that it is empty."""
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join("    " + line for line in text) or "    (it printed nothing)"
