"""Installs Debian packages: as root with apt-get, as an ordinary user by unpacking them under the cache.

Always true: no daemon is started or configured by it, and what it changes for that (policy-rc.d, a PostgreSQL
drop-in) is taken back however it ends.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from adapters.sandbox import processes

_QUIET = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
_POLICY = Path("/usr/sbin/policy-rc.d")
_NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/tongban.conf")
# The loader and its libraries have to be the machine's own; LLVM serves PostgreSQL's JIT, which stays off.
_NEVER_UNPACKED = ("libc6", "libc-bin", "libgcc-s1", "gcc-12-base", "libllvm", "libz3")
_LISTS_LAST = 24 * 3600  # seconds
_UNFINISHED = "unfinished"


def install(packages: Sequence[str]) -> None:
    """Install `packages` as root; ProcessFailed with apt's words when it cannot."""
    with _daemons_stay_down(), _no_database_cluster(packages):
        _get(["update"], what="reading the package lists")
        if any(name.startswith("postgresql") for name in packages):
            # First alone: its drop-in directory has to be read before a server package is configured.
            _get(["install", "postgresql-common"], what="installing postgresql-common")
        _get(["install", *packages], what=f"installing {' '.join(packages)}")


def _get(arguments: Sequence[str], *, what: str) -> None:
    print(f"  {what} ...", end="", flush=True)
    began = time.monotonic()
    options = ["-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
    _retried(["apt-get", *options, *arguments])
    print(f" {time.monotonic() - began:.0f} s", flush=True)


def _retried(command: Sequence[str]) -> None:
    """Run apt, up to a minute again while another apt holds the lists (the one lock apt does not wait for)."""
    for attempt in range(20):
        try:
            processes.run(command, env=_QUIET, seconds=1800)
        except processes.ProcessFailed as failure:
            if "Could not get lock" not in str(failure) or attempt == 19:
                raise
            time.sleep(3)
        else:
            return


@contextlib.contextmanager
def _daemons_stay_down() -> Iterator[None]:
    """Answer "action forbidden" to every start of a daemon by a package; a policy already there is respected."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text("#!/bin/sh\nexit 101\n")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)


@contextlib.contextmanager
def _no_database_cluster(packages: Sequence[str]) -> Iterator[None]:
    """Keep the PostgreSQL package from making a cluster of its own; ours are private ones."""
    if not any(name.startswith("postgresql") for name in packages) or _NO_CLUSTER.exists():
        yield
        return
    _NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    _NO_CLUSTER.write_text("create_main_cluster = false\n")
    try:
        yield
    finally:
        _NO_CLUSTER.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # the machine's own drop-ins keep their directory
            _NO_CLUSTER.parent.rmdir()


def unpack(packages: Sequence[str], cache: Path) -> None:
    """Unpack `packages` and what they need into `cache`/root, as any user; ProcessFailed when apt cannot.

    Works on apt directories of its own under `cache`, so no lock and no right of root is needed. Checksums and
    signatures are apt's as always. Nothing is configured: maintainer scripts do not run.
    """
    options = _own_apt(cache / "apt")
    _read_lists(options, cache / "apt" / "updated")
    wanted = _closure(packages, options)
    (cache / "apt" / "updated").touch()  # only now: `apt-get update` calls it a success when nothing was fetched
    archives = cache / "archives"
    shutil.rmtree(archives, ignore_errors=True)
    archives.mkdir()
    print(f"  downloading {len(wanted)} packages ...", end="", flush=True)
    began = time.monotonic()
    processes.run(["apt-get", "-qq", *options, "download", *wanted], env=_QUIET, cwd=archives, seconds=1800)
    print(f" {time.monotonic() - began:.0f} s", flush=True)
    print("  unpacking ", end="", flush=True)
    (cache / _UNFINISHED).touch()
    for archive in sorted(archives.glob("*.deb")):
        print(".", end="", flush=True)
        processes.run(["dpkg-deb", "-x", str(archive), str(cache / "root")], seconds=600)
        archive.unlink()
    (cache / _UNFINISHED).unlink()
    print(" done", flush=True)


def discard_unfinished(cache: Path) -> None:
    """Forget what an interrupted `unpack` left: programs would be found there without their libraries."""
    if (cache / _UNFINISHED).exists():
        shutil.rmtree(cache / "root", ignore_errors=True)
        (cache / _UNFINISHED).unlink()


def _own_apt(state: Path) -> list[str]:
    """Options that keep apt inside `state`."""
    for part in ("lists/partial", "cache/archives/partial"):
        (state / part).mkdir(parents=True, exist_ok=True)
    shutil.copy("/var/lib/dpkg/status", state / "status")
    values = {
        "Dir::State": state,
        "Dir::State::status": state / "status",
        "Dir::Cache": state / "cache",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "",
        "Debug::NoLocking": "1",
    }
    return [word for name, value in values.items() for word in ("-o", f"{name}={value}")]


def _read_lists(options: Sequence[str], updated: Path) -> None:
    """Fetch the package lists unless those of the last successful run are less than a day old."""
    if updated.exists() and time.time() - updated.stat().st_mtime < _LISTS_LAST:
        return
    print("  reading the package lists ...", end="", flush=True)
    processes.run(["apt-get", "-qq", *options, "update"], env=_QUIET, seconds=600)
    print(" done", flush=True)


def _closure(packages: Sequence[str], options: Sequence[str]) -> list[str]:
    """The packages with everything they need and the machine has not, as `name=version` for apt."""
    simulated = processes.run(
        ["apt-get", "-s", *options, "--no-install-recommends", "install", *packages], env=_QUIET, seconds=120
    )
    lines = [line.split() for line in simulated.splitlines() if line.startswith("Inst ")]
    chosen = [(words[1], next(word for word in words[2:] if word.startswith("("))) for words in lines]
    return [f"{name}={version.strip('(')}" for name, version in chosen if not name.startswith(_NEVER_UNPACKED)]


def library_directories(root: Path) -> list[str]:
    """Every directory under `root` that holds shared libraries a program there may ask the loader for."""
    tops = [path for top in ("usr/lib", "lib") for path in (root / top).glob("*-linux-gnu*")]
    nested = [path for top in tops for path in sorted(top.iterdir()) if path.is_dir()]
    return [str(path) for path in [*tops, *nested] if any(path.glob("lib*.so*"))]


def machine_has_apt() -> bool:
    """Whether this is a machine Debian packages can be unpacked on."""
    return all(shutil.which(name) for name in ("apt-get", "dpkg-deb")) and os.access("/var/lib/dpkg/status", os.R_OK)
