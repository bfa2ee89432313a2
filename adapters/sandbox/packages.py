"""Finds the programs of the operating system that tests and the cluster need, and installs what is missing.

Always true: a missing program is an error that names the command that installs it, never a skip.
"""

import contextlib
import fcntl
import functools
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from adapters.sandbox import packages_apt, processes

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("TONGBAN_CACHE", ROOT / ".cache"))
UNPACKED = CACHE / "packages" / "root"

_DIRECTORIES = ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin")
_OLDEST_POSTGRES = 15
_OLDEST_REDIS = 7


class PackageMissing(RuntimeError):
    """Something is not installed; the text names the command that installs it."""


@dataclass(frozen=True)
class Program:
    """Where a program is and what its environment needs on top of this one."""

    path: Path
    env: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
    """Debian packages that belong together, and a look whether they are there (PackageMissing when not)."""

    packages: tuple[str, ...]
    look: Callable[[], object]


def find(name: str) -> Program:
    """Find a program on PATH, in the system directories often not on it, or among the unpacked packages."""
    on_path = shutil.which(name, path=":".join([os.environ.get("PATH", ""), *(f"/{part}" for part in _DIRECTORIES)]))
    if on_path:
        return Program(Path(on_path))
    unpacked = shutil.which(name, path=":".join(str(UNPACKED / part) for part in _DIRECTORIES))
    if unpacked:
        return Program(Path(unpacked), environment())
    raise _missing(name)


def postgres(name: str) -> Program:
    """Find a program of the newest installed PostgreSQL, 15 or later; each version has its own directory."""
    for root, env in ((Path("/"), {}), (UNPACKED, environment())):
        found = {int(path.parts[-3]): path for path in root.glob(f"usr/lib/postgresql/[0-9]*/bin/{name}")}
        if found and max(found) >= _OLDEST_POSTGRES:
            return Program(found[max(found)], env)
    raise _missing(f"PostgreSQL {_OLDEST_POSTGRES} or later ({name})")


@functools.cache
def redis() -> Program:
    """Find redis-server, 7 or later."""
    program = find("redis-server")
    version = re.search(r"v=(\d+)", processes.run([str(program.path), "--version"], env=program.env))
    if version is None or int(version[1]) < _OLDEST_REDIS:
        raise _missing(f"Redis {_OLDEST_REDIS} or later")
    return program


def apache() -> Program:
    """Find Apache, with the environment its modules need when they are unpacked ones."""
    return Program(find("apache2").path, environment())


def apache_module(name: str) -> Path:
    """Find an Apache module by its bare name (`auth_openidc`), for a LoadModule line with an absolute path."""
    for root in (Path("/"), UNPACKED):
        path = root / f"usr/lib/apache2/modules/mod_{name}.so"
        if path.exists():
            return path
    raise _missing(f"the Apache module {name}")


def font(name: str) -> Path:
    """Find a font file; without the Chinese ones pages show boxes on screenshots."""
    for root in (Path("/"), UNPACKED):
        for path in root.glob(f"usr/share/fonts/*/*/{name}"):
            return path
    raise _missing(f"the font {name}")


def environment() -> dict[str, str]:
    """What programs need in their environment to find unpacked libraries; empty when nothing was unpacked."""
    if not UNPACKED.exists():
        return {}
    inherited = os.environ.get("LD_LIBRARY_PATH")
    directories = _libraries(UNPACKED)
    return {"LD_LIBRARY_PATH": ":".join([*directories, inherited] if inherited else directories)}


@functools.cache
def _libraries(root: Path) -> list[str]:
    return packages_apt.library_directories(root)


def _missing(what: str) -> PackageMissing:
    command = f"{sys.executable} -m adapters.sandbox.services install --with {','.join(GROUPS)}"
    return PackageMissing(f"{what} is not installed; run: {command}")


def _all(*looks: Callable[[], object]) -> Callable[[], object]:
    return lambda: [look() for look in looks]


GROUPS: dict[str, Group] = {
    "base": Group(("postgresql", "redis-server"), _all(lambda: postgres("postgres"), redis)),
    "browser": Group(
        ("chromium", "fonts-noto-cjk", "fonts-hanazono"),  # the last for rare characters of names (CJK Extension B)
        _all(lambda: find("chromium"), lambda: font("NotoSansCJK-Regular.ttc"), lambda: font("HanaMinB.ttf")),
    ),
    "nginx": Group(("nginx",), lambda: find("nginx")),
    "apache": Group(("apache2", "libapache2-mod-auth-openidc"), _all(apache, lambda: apache_module("auth_openidc"))),
}


def absent(groups: Sequence[str]) -> list[str]:
    """Names of the Debian packages of those groups that are not complete on this machine."""
    packages: list[str] = []
    for name in groups:
        try:
            GROUPS[name].look()
        except PackageMissing:
            packages += GROUPS[name].packages
    return packages


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Hold the one right to install into this checkout; waits, and says so, while another process has it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "install.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("  waiting for another installation to end ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(groups: Sequence[str]) -> None:
    """Install what is missing of the groups, as root or by unpacking; PackageMissing when that did not help."""
    packages_apt.discard_unfinished(CACHE / "packages")
    packages = absent(groups)
    if not packages:
        return
    try:
        if not packages_apt.machine_has_apt():
            raise PackageMissing("this machine has no apt-get and dpkg-deb")
        if os.geteuid() == 0:
            packages_apt.install(packages)
        else:
            packages_apt.unpack(packages, CACHE / "packages")
    except (processes.ProcessFailed, PackageMissing) as failure:
        raise PackageMissing(f"{failure}\n\nRoot has to run this once:\n    {_by_root(packages)}") from failure
    _libraries.cache_clear()
    if still := absent(groups):
        raise PackageMissing(
            f"still missing: {' '.join(still)}\n\nRoot has to run this once:\n    {_by_root(packages)}"
        )


def _by_root(packages: Sequence[str]) -> str:
    return f"apt-get update && apt-get install --no-install-recommends {' '.join(packages)}"
