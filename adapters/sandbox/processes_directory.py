"""Short-lived directories of this process, for sockets and server data.

Always true: one that a killed process left is removed by the next process that makes one. A lock its owner holds
tells them apart, which the kernel lets go of however the owner ends.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "tongban-"
_LOCK = ".lock"
_held: dict[Path, int] = {}


def make(user: str | None = None) -> Path:
    """A new directory only `user` (None: this one) can enter, with a path short enough for a socket (107 bytes)."""
    base = Path("/tmp")  # noqa: S108 - mkdtemp picks the name, mode 0700
    if not os.access(base, os.W_OK):
        base = Path(tempfile.gettempdir())
    _sweep(base)
    new = Path(tempfile.mkdtemp(prefix=f".{_PREFIX}", dir=base))
    lock = os.open(new / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    path = new.rename(base / new.name.removeprefix("."))  # only now does a sweep of another process look at it
    _held[path] = lock
    if user:
        os.chown(path, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
    return path


def remove(path: Path) -> None:
    """Remove a directory made by `make` with everything in it."""
    shutil.rmtree(path, ignore_errors=True)
    if path in _held:
        os.close(_held.pop(path))


@contextlib.contextmanager
def private(user: str | None = None) -> Iterator[Path]:
    """A directory as `make` makes it, removed at the end."""
    path = make(user)
    try:
        yield path
    finally:
        remove(path)


def _sweep(base: Path) -> None:
    for lock in base.glob(f"{_PREFIX}*/{_LOCK}"):
        with contextlib.suppress(OSError), lock.open() as held:  # OSError: another user's, still held, or just gone
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent, ignore_errors=True)
