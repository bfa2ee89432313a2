"""Private PostgreSQL and Redis servers for tests, the benchmark and `make cluster`, found or installed.

Always true: a server belongs to the process that asked for it and is gone with it; nothing of the machine's own
servers is touched.

    python -m adapters.sandbox.services install [--with browser,nginx,apache,node]
"""

import argparse
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from adapters.sandbox import packages, packages_node, processes
from adapters.sandbox.packages_browser import chromium_path
from adapters.sandbox.services_postgres import Postgres
from adapters.sandbox.services_redis import Redis

__all__ = ["Postgres", "Redis", "chromium_path", "main", "postgres", "redis"]

_EXTRA = ("browser", "nginx", "apache", "node")


@contextmanager
def postgres(
    directory: Path | None = None, *, durable: bool = False, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run a private PostgreSQL and yield its SQLAlchemy address; see `Postgres`."""
    with Postgres(directory, durable=durable, settings=settings) as server:
        yield server.url


@contextmanager
def redis(directory: Path | None = None, *, durable: bool = False) -> Iterator[str]:
    """Run a private Redis and yield its address for redis-py; see `Redis`."""
    with Redis(directory, durable=durable) as server:
        yield server.url


def main(arguments: list[str] | None = None) -> int:
    """Command line: install what is missing; the status is 1 when something still is, and root has to act."""
    parser = argparse.ArgumentParser(prog="python -m adapters.sandbox.services", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser("install", help="install what is missing; as an ordinary user under .cache")
    install.add_argument("--with", dest="extra", default="", help=f"any of {','.join(_EXTRA)}, separated by commas")
    extra = [name for name in parser.parse_args(arguments).extra.split(",") if name]
    if unknown := sorted(set(extra) - set(_EXTRA)):
        parser.error(f"unknown: {', '.join(unknown)}")
    return _install(["base", *extra])


def _install(groups: list[str]) -> int:
    print(f"Services: {', '.join(groups)}", flush=True)
    try:
        with packages.alone():
            packages.install([name for name in groups if name in packages.GROUPS])
            if "node" in groups:
                packages_node.install()
    except (packages.PackageMissing, processes.ProcessFailed) as failure:
        print(f"\n{failure}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what apt was given for the time is taken back
    sys.exit(main())
